import assert from "node:assert/strict";
import { SignalRegistry } from "../../core/mod.ts";
import { MemoryLog } from "../../core/testing.ts";
import { systemClock } from "../../os/mod.ts";
import { SttpMetadata } from "./metadata.ts";
import { MetadataCache } from "./metadata_cache.ts";
import { digestPermitted } from "./metadata_digest.ts";
import { MetadataMaker } from "./metadata_maker.ts";
import { Subscriber } from "./subscriber.ts";
import { FakeAccess, GATEWAY_ID, makeRegistry, testingWorker } from "./testing.ts";

Deno.test("MetadataCache: keeps documents of one version, makes failures anew", async () => {
  const clock = { nowMs: 0, monotonicMs: () => clock.nowMs, nowMicros: () => 0 };
  const cache = new MetadataCache(clock);
  let made = 0;
  const make = (bytes = 1) => () => {
    made++;
    return Promise.resolve(new Uint8Array(bytes));
  };
  const key = { version: 1, variant: "a" };
  const first = cache.get(key, make());
  assert.equal(cache.get(key, make()), first, "while it is made");
  await first;
  assert.equal(cache.get(key, make()), first);
  assert.notEqual(cache.get({ ...key, variant: "b" }, make()), first);
  assert.notEqual(cache.get({ ...key, version: 2 }, make()), first);
  const bad = { version: 2, variant: "bad" };
  await assert.rejects(cache.get(bad, () => Promise.reject(new Error("no"))), /no/);
  assert.ok(await cache.get(bad, make()));
  assert.equal(made, 4);
  const short = { version: 2, variant: "short", lifeMs: 10 };
  const kept = cache.get(short, make());
  await kept;
  clock.nowMs = 9;
  assert.equal(cache.get(short, make()), kept);
  clock.nowMs = 10;
  assert.notEqual(cache.get(short, make()), kept, "its time is over");
});

Deno.test("MetadataCache: holds no more documents and bytes than it may", async () => {
  const cache = new MetadataCache({ monotonicMs: () => 0, nowMicros: () => 0 });
  const get = (variant: string, bytes: number) =>
    cache.get({ version: 1, variant }, () => Promise.resolve(new Uint8Array(bytes)));
  const first = get("first", 10);
  await first;
  for (let n = 0; n < 63; n++) await get(`${n}`, 10);
  assert.equal(get("first", 10), first);
  assert.equal(cache.bytes, 640);
  await get("one more", 10);
  assert.equal(cache.bytes, 640);
  assert.notEqual(get("first", 10), first, "what was made first went");
  for (const variant of ["x", "y", "z"]) await get(variant, 12 * 1024 * 1024);
  assert.equal(cache.bytes, 24 * 1024 * 1024);
  await get("too much alone", 40 * 1024 * 1024);
  assert.equal(cache.bytes, 0);
});

Deno.test("metadata digests: differ when and only when something visible changes", () => {
  const { registry, signals } = makeRegistry(4);
  const all = new Uint8Array(4).fill(1), some = Uint8Array.of(1, 1, 0, 0);
  const digest = digestPermitted;
  const before = digest(registry, some);
  assert.notEqual(before, digest(registry, all));
  const device = registry.device("SHELBY")!;
  const drafts = signals.map(({ type, label, phase, unit, index, description }) => ({
    type,
    label,
    phase,
    unit,
    index,
    description,
  }));
  registry.register(device, drafts);
  assert.equal(digest(registry, some), before, "registered again without a change");
  registry.register(device, drafts.with(3, { ...drafts[3]!, description: "new" }));
  assert.equal(digest(registry, some), before, "a change that is not visible");
  registry.register(device, drafts.with(0, { ...drafts[0]!, description: "new" }));
  assert.notEqual(digest(registry, some), before);
  registry.register({ ...device, name: "Shelby 2" }, drafts);
  assert.notEqual(digest(registry, some), before);
  assert.equal(
    digest(new SignalRegistry(GATEWAY_ID, "T"), all),
    digest(registry, new Uint8Array(0)),
  );
});

Deno.test("SttpMetadata: subscribers with the same rights and wishes share a document, others do not", async () => {
  const { registry } = makeRegistry(4);
  const access = new FakeAccess(registry);
  access.grant("a", [0, 1]);
  access.grant("b", [0, 1]);
  access.grant("c", [0]);
  const clock = systemClock(), log = new MemoryLog();
  const { options } = access;
  const maker = new MetadataMaker({ registry, options, clock, log, maxWaiting: 9 });
  const metadata = new SttpMetadata({ registry, access, maker, clock });
  const all = {
    filter: "",
    encoding: "utf-8",
    gzip: false,
    external: true,
    internal: true,
  } as const;
  const subscriber = (name: string) =>
    new Subscriber(name, { enabled: true, stream: "received" }, {
      gatewayId: GATEWAY_ID,
      access,
      clock,
      log,
    });
  const [a, b, c] = ["a", "b", "c"].map(subscriber) as [Subscriber, Subscriber, Subscriber];
  try {
    const [first, same] = await Promise.all([
      metadata.document(a, all),
      metadata.document(b, all),
    ]);
    assert.equal(first, same);
    assert.equal(await metadata.document(b, all), first);
    assert.equal(maker.status().made, 1);
    assert.notDeepEqual(await metadata.document(c, all), first);
    assert.notDeepEqual(await metadata.document(b, { ...all, internal: false }), first);
    assert.equal(maker.status().made, 3);
    const filtered = { ...all, filter: "FILTER TOP 1 MeasurementDetail WHERE TRUE" };
    const one = await metadata.document(a, filtered);
    assert.equal(await metadata.document(b, filtered), one);
    assert.equal(maker.status().made, 4);
    access.grant("b", [0, 1, 2]);
    assert.notDeepEqual(await metadata.document(b, all), await metadata.document(a, all));
    assert.equal(maker.status().made, 6);
  } finally {
    maker.stop();
  }
});

Deno.test("SttpMetadata: what is revoked while metadata are made is not told", async () => {
  const { registry } = makeRegistry(4);
  const access = new FakeAccess(registry);
  access.grant("a", [0, 1]);
  const clock = systemClock(), log = new MemoryLog();
  const { options } = access;
  const maker = new MetadataMaker({
    registry,
    options,
    clock,
    log,
    maxWaiting: 9,
    makeWorker: () => {
      access.grant("a", [0]); // the work has begun
      return testingWorker();
    },
  });
  const metadata = new SttpMetadata({ registry, access, maker, clock });
  const a = new Subscriber("a", { enabled: true, stream: "received" }, {
    gatewayId: GATEWAY_ID,
    access,
    clock,
    log,
  });
  const all = { filter: "", encoding: "utf-8", gzip: false, external: true, internal: true };
  try {
    const text = new TextDecoder().decode(
      await metadata.document(a, { ...all, encoding: "utf-8" }),
    );
    const tags = registry.signals().map(({ pointTag }) => text.includes(`>${pointTag}<`));
    assert.deepEqual(tags, [true, false, false, false]);
    assert.equal(maker.status().made, 2);
  } finally {
    maker.stop();
  }
});
