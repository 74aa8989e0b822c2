import assert from "node:assert/strict";
import { threadMicros } from "../../bench/load/clock.ts";
import { Response } from "./constants.ts";
import { FrameLog } from "./publisher_log.ts";
import { PublisherSession } from "./publisher.ts";
import { TestBooks, testFrame, testSignal } from "./publisher_testing.ts";
import type { PublisherRights } from "./publisher_types.ts";
import { SubscriberSession } from "./subscriber.ts";
import { longestStepMs } from "../../tests/support/figures.ts";

const SIGNALS = 100_000;
/** Most that data may have to wait for work of one side. */
const MOST_MS = 20;
/** Where a response frame has its code. */
const RESPONSE_AT = 4;

Deno.test("a cache of 100,000 signals: built and read in steps, confirmed and used", () => {
  // Collections of garbage fall upon any call too.
  const longest = longestStepMs(MOST_MS, () => {
    const calls = converse();
    assert.ok(calls.length > 50, `${calls.length} calls`);
    return calls;
  });
  assert.ok(longest < MOST_MS, `${longest} ms in one call`);
});

/** Milliseconds that each call of either side took, in processor time of this thread. */
function converse(): number[] {
  const selection = {
    signals: Array.from({ length: SIGNALS }, (_, handle) => testSignal(handle)),
    unauthorized: [],
  };
  const permitted = new Uint8Array(SIGNALS).fill(1);
  const rights: PublisherRights = {
    version: 1,
    permitted: () => permitted,
    *select() {
      yield;
      return selection;
    },
  };
  const log = new FrameLog(1 << 20);
  const got: [id: string | undefined, value: number, index: number][] = [];
  let records = 0, cacheBytes = 0;
  // Each side's bytes wait, as on a wire: no call leads back into a session.
  const toPublisher: Uint8Array[] = [], toSubscriber: Uint8Array[] = [];
  const problems: string[] = [];
  const publisher = new PublisherSession({
    log,
    rights,
    books: new TestBooks(),
    subscriberId: "00000000-0000-4000-8000-00000000ffff",
    queueBytes: 1 << 20,
    nowMs: 0,
    events: {
      transmit: (bytes) => {
        if (bytes[RESPONSE_AT] === Response.UpdateSignalIndexCache) cacheBytes += bytes.length;
        toSubscriber.push(bytes.slice());
      },
      metadata: () => problems.push("metadata"),
      close: (_, message) => problems.push(message),
      complain: (_, message) => problems.push(message),
      note: () => {},
    },
  });
  const subscriber = new SubscriberSession({
    nowMs: 0,
    metadata: false,
    request: { filterExpression: "all" },
    events: {
      transmit: (frame) => toPublisher.push(frame.slice()),
      close: (kind) => problems.push(kind),
      complain: (kind) => problems.push(kind),
      cache: (cache) => records = cache.records.length,
      measurements: (batch, cache) => {
        for (let i = 0; i < batch.count; i++) {
          const index = batch.ids[i]!;
          got.push([cache.signalIdOf(index), batch.values[i]!, index]);
        }
      },
    },
  });
  const calls: number[] = [];
  const timed = (work: () => unknown) => {
    const before = threadMicros();
    work();
    calls.push((threadMicros() - before) / 1000);
  };
  const talk = () => {
    while (
      toPublisher.length + toSubscriber.length > 0 || publisher.isWorking || subscriber.isWorking
    ) {
      for (const bytes of toPublisher.splice(0)) timed(() => publisher.receive(bytes, 0));
      timed(() => publisher.work());
      for (const bytes of toSubscriber.splice(0)) timed(() => subscriber.receive(bytes, 0));
      timed(() => subscriber.work());
    }
  };
  subscriber.start(0);
  talk();
  assert.equal(records, SIGNALS);
  const last = SIGNALS - 1;
  log.accept(testFrame([0, 65_535, 65_536, last], 1_700_000_000, 0.5));
  timed(() => publisher.pump(1 << 20));
  talk();
  assert.deepEqual(
    got,
    [0, 65_535, 65_536, last].map((handle) => [
      `00000000-0000-4000-8000-${handle.toString(16).padStart(12, "0")}`,
      handle + 0.5,
      handle,
    ]),
  );
  assert.deepEqual(problems, []);
  publisher.end();
  assert.ok(cacheBytes < 700_000, `${cacheBytes} bytes`);
  return calls;
}
