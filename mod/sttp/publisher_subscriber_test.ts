import assert from "node:assert/strict";
import type { DataSet } from "../core/mod.ts";
import { encodeMetadata } from "./metadata_writer.ts";
import { clientModes, type OperationalModes } from "./operational_modes.ts";
import { PublisherSession } from "./publisher.ts";
import { FrameLog } from "./publisher_log.ts";
import { TestBooks, testFrame, TestRights, testSignal } from "./publisher_testing.ts";
import { SubscriberSession } from "./subscriber.ts";

const METADATA: DataSet = {
  name: "DataSet",
  tables: [{
    name: "MeasurementDetail",
    columns: [{ name: "PointTag", type: "string" }],
    rows: [["A"], ["B"]],
  }],
};

/** Our two sessions back to back; bytes travel in pieces when `deliver` is called. */
function pair(modes: OperationalModes, useMillisecondResolution: boolean) {
  const log = new FrameLog(1 << 20);
  const rights = new TestRights();
  const books = new TestBooks();
  const down: Uint8Array[] = [], up: Uint8Array[] = [];
  const values: [string, number, number, number][] = [];
  const ended: string[] = [];
  const metadata: DataSet[] = [];
  const completed: [text: string, values: number][] = [];
  let nowMs = 0;
  const publisher = new PublisherSession({
    log,
    rights,
    books,
    subscriberId: testSignal(99).id,
    queueBytes: 1 << 20,
    nowMs,
    events: {
      transmit: (bytes) => void down.push(bytes.slice()),
      metadata: (request) => {
        queueMicrotask(() => publisher.answerMetadata(encodeMetadata(METADATA, request)));
      },
      close: (_, message) => ended.push(message),
      complain: (kind, message) => ended.push(`${kind}: ${message}`),
      note: () => {},
    },
  });
  const subscriber = new SubscriberSession({
    nowMs,
    modes,
    request: { filterExpression: "all", useMillisecondResolution },
    events: {
      transmit: (bytes) => void up.push(bytes.slice()),
      close: (_, message) => ended.push(message),
      complain: (kind, message) => ended.push(`${kind}: ${message}`),
      metadata: (dataSet) => metadata.push(dataSet),
      processingComplete: (text) => completed.push([text, values.length]),
      measurements: (batch, cache) => {
        for (let i = 0; i < batch.count; i++) {
          values.push([
            cache.signalIdOf(batch.ids[i]!)!,
            batch.values[i]!,
            batch.ticksHi[i]!,
            batch.ticksLo[i]!,
          ]);
        }
      },
    },
  });
  const deliver = async () => {
    for (let quiet = 0; quiet < 3;) {
      const toPublisher = up.splice(0), toSubscriber = down.splice(0);
      quiet = toPublisher.length + toSubscriber.length === 0 ? quiet + 1 : 0;
      for (const bytes of toPublisher) publisher.receive(bytes, nowMs);
      for (const bytes of toSubscriber) {
        subscriber.receive(bytes.subarray(0, 3), nowMs);
        subscriber.receive(bytes.subarray(3), nowMs);
      }
      await Promise.resolve();
    }
  };
  const advance = (ms: number) => {
    nowMs += ms;
    publisher.tick(nowMs, nowMs * 1000, 1 << 20);
    subscriber.tick(nowMs);
  };
  return {
    log,
    rights,
    books,
    publisher,
    subscriber,
    values,
    ended,
    metadata,
    completed,
    deliver,
    advance,
  };
}

for (const version of [1, 2, 3]) {
  for (const compress of [true, false]) {
    for (const milliseconds of [false, true]) {
      const how = `${compress ? "TSSC" : "compact"}, ${milliseconds ? "milliseconds" : "ticks"}`;
      Deno.test(`sessions back to back: version ${version}, ${how}`, async () => {
        const t = pair(clientModes(version, compress), milliseconds);
        t.rights.grant([0, 1], [0, 1, 2, 3]);
        t.subscriber.start(0);
        await t.deliver();
        assert.equal(t.subscriber.state, "subscribed");
        assert.deepEqual(t.metadata[0]!.tables[0]!.rows, METADATA.tables[0]!.rows);
        const expected: [string, number][] = [];
        for (let n = 0; n < 200; n++) {
          if (n === 100) {
            t.rights.grant([1, 3]);
            t.publisher.refresh();
            await t.deliver();
          }
          t.log.accept(testFrame([0, 1, 3], 1_700_000_000 + 5 * n, n));
          t.publisher.pump(1 << 20);
          t.advance(5000);
          await t.deliver();
          for (const handle of n < 100 ? [0, 1] : [1, 3]) {
            expected.push([testSignal(handle).id, n + handle]);
          }
        }
        assert.deepEqual(t.values.map(([id, value]) => [id, value]), expected);
        const first = t.values[0]!, last = t.values.at(-1)!;
        const ticks = (v: typeof first) => (BigInt(v[2]) << 32n) | BigInt(v[3]);
        assert.equal(ticks(last) - ticks(first), 199n * 50_000_000n);
        assert.deepEqual(t.ended, []);
        assert.equal(t.subscriber.counters.outOfSequence, 0);
        t.subscriber.unsubscribe();
        await t.deliver();
        assert.equal(t.publisher.status().state, "validated");
        t.subscriber.subscribe();
        await t.deliver();
        t.log.accept(testFrame([1], 1_700_001_000, 7));
        t.publisher.pump(1 << 20);
        await t.deliver();
        assert.equal(t.values.at(-1)![1], 8);
        assert.deepEqual(t.books.unbalanced(), []);
      });
    }
  }
}

for (const encoding of ["utf-8", "utf-16le"] as const) {
  Deno.test(`processing is complete behind all data, once per subscription: ${encoding}`, async () => {
    const t = pair({ ...clientModes(2), encoding }, false);
    t.rights.grant([0], [0]);
    const node = "6d1b5f2e-6f0b-4c7e-9d57-2f6f3a6f1a11";
    assert.equal(t.publisher.completeProcessing(node), false, "before the handshake");
    t.subscriber.start(0);
    await t.deliver();
    for (const [round, text] of [[1, node], [2, ""]] as const) {
      t.log.accept(testFrame([0], 1_700_000_000 + round, 1));
      t.publisher.pump(1 << 20);
      assert.equal(t.publisher.completeProcessing(text), true);
      assert.equal(t.publisher.completeProcessing(text), false, "said before");
      await t.deliver();
      assert.deepEqual(t.completed.splice(0), [[text, round]]);
      t.subscriber.unsubscribe();
      await t.deliver();
      assert.equal(t.publisher.completeProcessing(text), false, "nothing is subscribed");
      t.subscriber.subscribe();
      await t.deliver();
    }
    t.publisher.end();
    assert.equal(t.publisher.completeProcessing(node), false, "the session is over");
    await t.deliver();
    assert.deepEqual([t.completed, t.ended], [[], []]);
  });
}
