import assert from "node:assert/strict";
import * as v from "valibot";
import { AccessControl } from "../../access/mod.ts";
import type { DataSet } from "../../core/mod.ts";
import { HandClock, MemoryLog } from "../../core/testing.ts";
import { Identities } from "../../identity/mod.ts";
import { connectTls, type KeyPair, makeSelfSigned } from "../../os/mod.ts";
import { Command, type SubscriberCache, SubscriberSession } from "../../sttp/mod.ts";
import { sttpOutputSchema } from "./schema.ts";
import { createSttpOutput, type SttpOutput } from "./sttp_output.ts";
import { GATEWAY_ID, LISTENING, makeRegistry } from "./testing.ts";
import { until } from "../../../tests/support/waiting.ts";

const BLOCK_SIGNAL = 2;

/** A subscriber with our own session, over TLS. */
async function connect(output: SttpOutput, pair: KeyPair, confirms = true) {
  const { connection } = await connectTls({
    hostname: "127.0.0.1",
    port: output.port,
    ...pair,
    judge: () => ({ name: "gateway" }),
  });
  const blocks: { id: string | undefined; bytes: Uint8Array }[] = [];
  const caches: SubscriberCache[] = [];
  const metadata: DataSet[] = [];
  const session = new SubscriberSession({
    nowMs: 0,
    // Its time runs five times as fast as that of the output.
    answerTimeoutMs: 600_000,
    silenceTimeoutMs: 600_000,
    request: { filterExpression: "FILTER ActiveMeasurements WHERE True" },
    events: {
      transmit: (bytes) => {
        if (confirms || bytes[4] !== Command.ConfirmBufferBlock) connection.write(bytes);
      },
      close: () => connection.destroy(),
      measurements: () => {},
      cache: (cache) => void caches.push(cache),
      metadata: (dataSet) => void metadata.push(dataSet),
      bufferBlock: (index, bytes, cache) =>
        void blocks.push({ id: cache?.signalIdOf(index), bytes: new Uint8Array(bytes) }),
    },
  });
  let nowMs = 0;
  connection.onData = (bytes) => session.receive(bytes, nowMs);
  session.start(0);
  const timer = setInterval(() => session.tick(nowMs += 100), 20);
  const rows = () => {
    const table = metadata.at(-1)?.tables.find((t) => t.name === "MeasurementDetail");
    const at = table?.columns.findIndex((c) => c.name === "SignalID") ?? -1;
    return table?.rows.map((row) => row[at]) ?? [];
  };
  const signals = () => caches.at(-1)?.records.map((r) => r.signalId) ?? [];
  const close = () => {
    clearInterval(timer);
    connection.destroy();
  };
  return { blocks, rows, signals, close };
}

Deno.test("output/sttp: blocks go to subscribers configured for them, others do not see their signals", async () => {
  const { registry, signals } = makeRegistry(4);
  const ids = signals.map((s) => s.id);
  const access = new AccessControl(registry, { nodeId: GATEWAY_ID });
  const gateway = await makeSelfSigned({ commonName: "gateway" });
  const pairs = {
    historian: await makeSelfSigned({ commonName: "historian" }),
    viewer: await makeSelfSigned({ commonName: "viewer" }),
  };
  for (const name of Object.keys(pairs)) access.setSubscriber(name, { allow: ["True"], deny: [] });
  const identities = new Identities({
    subscribers: Object.entries(pairs).map(([name, { fingerprint256 }]) => ({
      name,
      enabled: true,
      pins: [fingerprint256],
    })),
  });
  const settings = { enabled: true, stream: "received" };
  const clock = new HandClock(Date.now() / 1000); // blocks that take long are not sent again
  const output = createSttpOutput(
    "output.test",
    v.parse(sttpOutputSchema, { ...LISTENING, blockBytes: 1 << 20 }),
    {
      gatewayId: GATEWAY_ID,
      registry,
      access,
      identities,
      identity: gateway,
      subscribers: { historian: { ...settings, bufferBlocks: true }, viewer: settings },
      clock,
      log: new MemoryLog(),
    },
  );
  await output.start();
  try {
    const historian = await connect(output, pairs.historian);
    const viewer = await connect(output, pairs.viewer);
    await until(
      () => viewer.signals().length === 4 && historian.signals().length === 4,
      "the first caches",
    );
    assert.equal(viewer.rows().length, 4);
    assert.throws(() => output.publishBlock(BLOCK_SIGNAL, new Uint8Array(1)), RangeError);
    output.carryBlocks([BLOCK_SIGNAL]);
    await until(() => {
      clock.ms += 50; // changes are followed a little later
      return viewer.signals().length === 3;
    }, "the cache without the signal");
    await until(() => viewer.rows().length === 3, "metadata without the signal");
    assert.equal(viewer.signals().includes(ids[BLOCK_SIGNAL]!), false);
    assert.equal(viewer.rows().includes(ids[BLOCK_SIGNAL]!), false);
    assert.deepEqual(historian.signals(), ids);

    const large = new Uint8Array(300_000).map((_, i) => i * 7);
    assert.equal(output.publishBlock(BLOCK_SIGNAL, large), 1);
    const lent = Uint8Array.of(1, 2, 3);
    assert.equal(output.publishBlock(BLOCK_SIGNAL, lent), 1);
    lent.fill(9);
    const counts = () => output.subscribers()["historian"]!.sessions[0]!.blocks!;
    await until(() => counts().confirmed === 2, "the confirmations");
    assert.deepEqual(historian.blocks, [
      { id: ids[BLOCK_SIGNAL], bytes: large },
      { id: ids[BLOCK_SIGNAL], bytes: Uint8Array.of(1, 2, 3) },
    ]);
    assert.deepEqual([counts().sent, counts().repeated, counts().waiting], [2, 0, 0]);
    assert.deepEqual(viewer.blocks, []);
    assert.equal(output.subscribers()["viewer"]!.sessions[0]!.blocks, undefined);

    // The viewer is configured for blocks, live.
    const both = { ...settings, bufferBlocks: true };
    output.updateSubscribers({ historian: both, viewer: both }, identities);
    await until(() => {
      clock.ms += 50;
      return viewer.signals().length === 4;
    }, "the cache with the signal");
    assert.equal(output.publishBlock(BLOCK_SIGNAL, Uint8Array.of(5)), 2);
    await until(() => viewer.blocks.length === 1 && historian.blocks.length === 3, "the blocks");
    historian.close();
    viewer.close();
    await until(() => !output.subscribers()["historian"]!.connected, "the end");
    const { taken, confirmed, dropped, waiting } = output.subscribers()["historian"]!.blocks;
    assert.deepEqual([taken, confirmed + dropped, waiting], [3, 3, 0]);
    assert.ok(
      output.metrics().some((m) =>
        m.name === "subscriber_blocks_sent_total" && m.labels?.["subscriber"] === "historian" &&
        m.value === 3
      ),
    );
  } finally {
    await output.stop();
    access.close();
  }
});

Deno.test("output/sttp: a subscriber that never confirms blocks costs only itself", async () => {
  const { registry } = makeRegistry(4);
  const access = new AccessControl(registry, { nodeId: GATEWAY_ID });
  const gateway = await makeSelfSigned({ commonName: "gateway" });
  const names = ["prompt", "mute"];
  const pairs = await Promise.all(names.map((commonName) => makeSelfSigned({ commonName })));
  for (const name of names) access.setSubscriber(name, { allow: ["True"], deny: [] });
  const settings = { enabled: true, stream: "received", bufferBlocks: true };
  const clock = new HandClock(Date.now() / 1000); // blocks that take long are not sent again
  const output = createSttpOutput(
    "output.test",
    v.parse(sttpOutputSchema, { ...LISTENING, blockBytes: 256 * 1024 }),
    {
      gatewayId: GATEWAY_ID,
      registry,
      access,
      identities: new Identities({
        subscribers: names.map((name, i) => ({
          name,
          enabled: true,
          pins: [pairs[i]!.fingerprint256],
        })),
      }),
      identity: gateway,
      subscribers: { prompt: settings, mute: settings },
      clock,
      log: new MemoryLog(),
    },
  );
  await output.start();
  try {
    const prompt = await connect(output, pairs[0]!);
    const mute = await connect(output, pairs[1]!, false);
    output.carryBlocks([BLOCK_SIGNAL]);
    await until(() => prompt.signals().length === 4 && mute.signals().length === 4, "the caches");
    // Eighty blocks of 16 KB: five times what a connection may hold.
    const opening = { version: 1, data: Uint8Array.of(99) };
    const counts = (name: string) => output.subscribers()[name]!.sessions[0]!.blocks!;
    let published = 0;
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 8; i++, published++) {
        const block = new Uint8Array(16 * 1024).fill(published);
        assert.equal(output.publishBlock(BLOCK_SIGNAL, block, opening), 2);
      }
      await until(() => prompt.blocks.length === published + 1, "the blocks of the prompt one");
      await until(() => counts("prompt").waiting === 0, "their confirmations, which make room");
    }
    assert.deepEqual(
      prompt.blocks.map(({ bytes }) => bytes[0]),
      [99, ...Array.from({ length: published }, (_, i) => i)],
    );
    const { taken, confirmed, dropped, waiting, waitingBytes } = counts("mute");
    assert.deepEqual([taken, confirmed, dropped + waiting], [81, 0, 81]);
    assert.ok(dropped > 60 && waitingBytes <= 256 * 1024, `${dropped} dropped`);
    // Who has much for them sees the room of each, and the mute one has none.
    const takers = output.blockTakers(BLOCK_SIGNAL);
    assert.equal(takers.length, 2);
    const open = () => takers.filter((taker) => (taker.room(BLOCK_SIGNAL) ?? 0) > 128 * 1024);
    await until(() => open().length === 1, "room at the prompt one");
    open()[0]!.publish(BLOCK_SIGNAL, Uint8Array.of(7), opening);
    await until(() => prompt.blocks.at(-1)!.bytes[0] === 7, "a block for the prompt one alone");
    assert.equal(counts("mute").taken, 81);
    prompt.close();
    await until(() => output.blockTakers(BLOCK_SIGNAL).length === 1, "the end of the prompt one");
    assert.deepEqual(takers.filter((t) => t.room(BLOCK_SIGNAL) !== undefined).length, 1);
    mute.close();
  } finally {
    await output.stop();
    access.close();
  }
});
