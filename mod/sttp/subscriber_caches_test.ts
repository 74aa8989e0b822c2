import assert from "node:assert/strict";
import { Command, Response } from "./constants.ts";
import { responseFrame } from "./framing.ts";
import { clientModes } from "./operational_modes.ts";
import { encodeCachePayload, encodeSignalIndexCache } from "./signal_index_cache.ts";
import { Bench, compactPacket } from "./subscriber_testing.ts";

const MANY = 30_000;
const guid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
/** Signals of which the first is number `first`. */
const many = (first: number) => Array.from({ length: MANY }, (_, i) => guid(first + i));
const CONFIRM = Command.ConfirmUpdateSignalIndexCache;
const got = (b: Bench) => b.got.splice(0).map(([id, , , value]) => [id, value]);

Deno.test("a large cache is read in steps, confirmed when it is read, and data go on meanwhile", () => {
  const b = new Bench().subscribe();
  b.cache(1, many(100));
  assert.deepEqual([b.session.isWorking, b.commands(), b.tellings()], [true, [], []]);
  b.say(Response.DataPacket, Command.Subscribe, compactPacket(1));
  assert.deepEqual(got(b), [[guid(1), 1]]);
  let steps = 1;
  while (b.session.work()) steps++;
  assert.ok(steps >= 10, `${steps} steps`);
  assert.deepEqual([b.commands(), b.tellings()], [[CONFIRM], [`cache 1 ${MANY}`]]);
  assert.equal(b.session.work(), false, "there is nothing more to do");
  b.say(Response.DataPacket, Command.Subscribe, compactPacket(2, 0x12));
  assert.deepEqual(got(b), [[guid(100), 2]]);
});

Deno.test("data of a cache that is still read have it read at once", () => {
  const b = new Bench().subscribe();
  b.cache(1, many(100));
  b.say(Response.DataPacket, Command.Subscribe, compactPacket(2, 0x12));
  assert.deepEqual(got(b), [[guid(100), 2]]);
  assert.deepEqual([b.commands(), b.tellings()], [[CONFIRM], [`cache 1 ${MANY}`]]);
  assert.equal(b.session.isWorking, false);
});

Deno.test("version 1 has one slot: its data follow the cache at once", () => {
  const b = new Bench({ modes: clientModes(1) }).subscribe();
  b.cache(0, many(100));
  b.say(Response.DataPacket, Command.Subscribe, compactPacket(2));
  assert.deepEqual(got(b), [[guid(100), 2]]);
  assert.deepEqual([b.commands(), b.tellings()], [[], [`cache 0 ${MANY}`]]);
});

Deno.test("all data are read with the newest cache where that is wanted, also while it is read", () => {
  const b = new Bench({ useNewestCache: true }).subscribe();
  b.cache(1, many(100));
  b.say(Response.DataPacket, Command.Subscribe, compactPacket(2));
  assert.deepEqual(got(b), [[guid(100), 2]]);
});

for (
  const { name, act, told } of [
    {
      name: "another cache: both are confirmed, in order",
      act: (b: Bench) => b.cache(0, [guid(7)]),
      told: [`cache 1 ${MANY}`, "cache 0 1"],
    },
    {
      name: "another subscription: it is confirmed",
      act: (b: Bench) => b.session.subscribe(),
      told: [`cache 1 ${MANY}`],
    },
    { name: "the end of the subscription", act: (b: Bench) => b.session.unsubscribe(), told: [] },
    { name: "the end of the session", act: (b: Bench) => b.session.end(), told: [] },
  ]
) {
  Deno.test(`what comes while a cache is read: ${name}`, () => {
    const b = new Bench().subscribe();
    b.cache(1, many(100));
    act(b);
    assert.equal(b.session.isWorking, false);
    assert.equal(b.session.work(), false);
    assert.deepEqual(b.tellings(), told);
    assert.equal(b.commands().filter((code) => code === CONFIRM).length, told.length);
  });
}

Deno.test("damage far into a large cache ends the session when it is found", () => {
  const b = new Bench().subscribe();
  const body = encodeSignalIndexCache({
    subscriberId: guid(1),
    records: many(100).map((signalId, signalIndex) => ({
      signalIndex,
      signalId,
      source: "PPA",
      id: BigInt(signalIndex),
    })),
    unauthorized: [],
  }, "utf-8");
  // The index of the tenth record from the end becomes negative: a record has 35 bytes here.
  body[24 + 35 * (MANY - 10)] = 0xff;
  const payload = encodeCachePayload(body, 1, { version: 2, gzip: false, encoding: "utf-8" });
  b.session.receive(responseFrame(Response.UpdateSignalIndexCache, 0x02, payload), b.nowMs);
  assert.deepEqual([b.session.isWorking, b.tellings()], [true, []]);
  while (b.session.work());
  assert.deepEqual([b.session.state, b.tellings()], ["ended", ["close signalIndex"]]);
});

Deno.test("of a cache with more signals than are wanted the first are kept, the rest is read over", () => {
  const b = new Bench({ maxSignals: 20_000 }).subscribe();
  b.cache(1, many(100));
  while (b.session.work());
  assert.deepEqual([b.commands(), b.tellings()], [[CONFIRM], ["cache 1 20000"]]);
});
