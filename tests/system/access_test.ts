import assert from "node:assert/strict";
import { cloneFrame, type Frame, type Signal } from "../../mod/core/mod.ts";
import type { Gateway } from "../../mod/gateway/mod.ts";
import { RECEIVED } from "../../mod/gateway/mod.ts";
import type { KeyPair } from "../../mod/os/mod.ts";
import { RawSubscriber } from "./raw_subscriber.ts";
import { inputsRun, inputToml, keyPair, outputOf, Site, TLS_OUTPUT } from "./site.ts";
import { type Subscriber, tableOf } from "./subscriber.ts";
import { sleep, until } from "../support/waiting.ts";

interface Bench {
  readonly site: Site;
  readonly gateway: Gateway;
  readonly center: KeyPair;
  readonly neighbour: KeyPair;
  /** GUIDs of signals by reference. */
  readonly ids: ReadonlyMap<string, string>;
}

/** Three PMUs, a control center with the first two but no digitals, a neighbour with one frequency. */
async function withBench(test: (bench: Bench) => Promise<void>): Promise<void> {
  await Site.with(async (site) => {
    const pmus = [];
    for (let n = 1; n <= 3; n++) pmus.push(await site.pmu(n, { rate: 30 }));
    const [center, neighbour] = [await keyPair("center"), await keyPair("neighbour")];
    const gateway = await site.gateway(
      pmus.map(({ pmu }, i) => inputToml(i + 1, pmu.port)).join("") + TLS_OUTPUT + `
[subscriber.center]
pins = ["${center.fingerprint256}"]
allow = ["Device IN ('PMU1', 'PMU2')"]
deny = ["SignalType = 'DIGI'"]
[subscriber.neighbour]
pins = ["${neighbour.fingerprint256}"]
allow = ["FILTER ActiveMeasurements WHERE Device = 'PMU2' AND SignalType = 'FREQ'"]
`,
    );
    await inputsRun(gateway, 3);
    const ids = new Map(gateway.registry.signals().map((s) => [s.reference, s.id]));
    await test({ site, gateway, center, neighbour, ids });
  });
}

function subscribe({ site, gateway }: Bench, own: KeyPair, filter?: string): Subscriber {
  return site.subscriber({
    port: outputOf(gateway).port,
    tls: { own, gatewayPin: gateway.identity!.fingerprint256 },
    ...(filter !== undefined && { filter }),
  });
}

function idsOf(gateway: Gateway, is: (signal: Signal) => boolean): string[] {
  return gateway.registry.signals().filter(is).map((s) => s.id).sort();
}

Deno.test("access: each subscriber gets data and metadata of what it was granted, and nothing else", async () => {
  await withBench(async (bench) => {
    const { gateway, ids } = bench;
    const center = subscribe(bench, bench.center);
    const neighbour = subscribe(bench, bench.neighbour);
    const granted = idsOf(gateway, (s) => /^PMU[12]$/.test(s.device) && s.type !== "DIGI");
    // Of both PMUs: after a pause the frames of one of them come all at once.
    const isFull = () => granted.every((id) => (center.series.get(id)?.size ?? 0) > 20);
    await until(() => isFull() && neighbour.measurements > 20, "data");
    assert.deepEqual(center.signals().sort(), granted);
    assert.deepEqual([...center.series.keys()].sort(), granted);
    assert.deepEqual(center.caches[0]!.unauthorized, [], "FILTER asks for nothing by name");
    assert.deepEqual([...center.references().values()].sort(), granted);
    assert.deepEqual(
      tableOf(center.metadata[0], "DeviceDetail").map((r) => r["Acronym"]).sort(),
      ["PMU1", "PMU2"],
    );
    assert.ok(
      tableOf(center.metadata[0], "PhasorDetail").every((r) => r["DeviceAcronym"] !== "PMU3"),
    );
    assert.deepEqual([...neighbour.series.keys()], [ids.get("PMU2-FQ")]);
    assert.deepEqual([...neighbour.references().keys()], ["PMU2-FQ"]);
    assert.deepEqual(tableOf(neighbour.metadata[0], "PhasorDetail"), []);
    assert.deepEqual(
      tableOf(neighbour.metadata[0], "DeviceDetail").map((r) => r["Acronym"]),
      ["PMU2"],
    );
  });
});

Deno.test("access: what is asked for by name and not granted is unauthorized; FILTER runs on what is granted", async () => {
  await withBench(async (bench) => {
    const { gateway, ids } = bench;
    const tag = gateway.registry.signals().find((s) => s.reference === "PMU3-FQ")!.pointTag;
    const filter = [
      ids.get("PMU2-FQ"),
      ids.get("PMU1-FQ"), // by GUID, not granted
      `"${tag}"`, // by tag, not granted
      "FILTER TOP 2 ActiveMeasurements WHERE SignalType IN ('FREQ', 'DFDT') ORDER BY SignalReference",
    ].join(";");
    const neighbour = subscribe(bench, bench.neighbour, filter);
    await until(() => neighbour.measurements > 10, "data");
    const cache = neighbour.caches[0]!;
    assert.deepEqual(cache.records.map((r) => r.signalId), [ids.get("PMU2-FQ")]);
    assert.deepEqual(
      [...cache.unauthorized].sort(),
      [ids.get("PMU1-FQ")!, ids.get("PMU3-FQ")!].sort(),
    );
    assert.deepEqual([...neighbour.series.keys()], [ids.get("PMU2-FQ")]);
  });
});

Deno.test("access: rights that change while a subscription runs hold at once, without a reconnect", async () => {
  await withBench(async (bench) => {
    const { gateway, ids } = bench;
    const neighbour = subscribe(bench, bench.neighbour);
    const center = subscribe(bench, bench.center);
    await until(() => neighbour.measurements > 10 && center.measurements > 100, "data");
    const centerBefore = center.caches.length;

    gateway.setRights("neighbour", { allow: ["Device = 'PMU3'"], deny: ["SignalType = 'DIGI'"] });
    const changed = performance.now();
    const revoked = ids.get("PMU2-FQ")!;
    const now = idsOf(gateway, (s) => s.device === "PMU3" && s.type !== "DIGI");
    await until(
      () =>
        now.every((id) => neighbour.series.has(id)) && neighbour.signals().length === now.length,
      "the signals that were granted",
    );
    const joined = performance.now() - changed;
    console.log(`access: signals that were granted joined after ${joined.toFixed(0)} ms`);
    await until(() => neighbour.references().has("PMU3-FQ"), "metadata that follow");
    const seen = neighbour.series.get(revoked)!.size;
    await sleep(500);
    assert.equal(neighbour.series.get(revoked)!.size, seen, "revoked data came");
    assert.deepEqual(neighbour.signals().sort(), now);
    assert.ok(!neighbour.references().has("PMU2-FQ"));
    assert.equal(neighbour.client.connects, 1);
    assert.equal(neighbour.client.counters?.outOfSequence, 0);
    assert.deepEqual(neighbour.troubles, []);
    // The other subscriber has noticed nothing.
    assert.equal(center.caches.length, centerBefore);
    assert.deepEqual(center.extra, []);

    gateway.setRights("neighbour", { allow: [], deny: [] });
    // What was sent before the change is before the empty cache on the wire.
    await until(() => neighbour.signals().length === 0, "a cache without signals");
    const all = neighbour.measurements;
    await sleep(500);
    assert.equal(neighbour.measurements, all, "data came without any rights");
    assert.equal(neighbour.client.connects, 1);
  });
});

Deno.test("access: a revocation holds for queued frames, and for a client that confirms no second cache", async () => {
  await withBench(async (bench) => {
    const { gateway, ids } = bench;
    // A whole frame of PMU1, to be queued at will.
    let sample: Frame | undefined;
    const stream = gateway.stream(RECEIVED)!;
    const leave = stream.listen({
      accept: (frame) => {
        if (frame.layout.source === "pmu1") sample ??= cloneFrame(frame);
      },
    });
    await until(() => sample !== undefined, "a frame");
    leave();
    const raw = await RawSubscriber.dial(outputOf(gateway).port, {
      own: bench.center,
      gatewayPin: gateway.identity!.fingerprint256,
    });
    try {
      raw.hello().subscribe();
      await until(() => raw.received.length > 100, "data");
      raw.confirms = false;
      const ledger = () => outputOf(gateway).subscribers()["center"]!.ledger;
      // In one turn of the event loop: 200 frames are queued and nothing of them is encoded yet. What was encoded
      // before may still be on its way, and comes first.
      const before = ledger().sent;
      for (let i = 0; i < 200; i++) {
        sample!.instant.seconds++;
        sample!.arrivalMicros = Date.now() * 1000;
        stream.accept(sample!);
      }
      gateway.setRights("center", { allow: ["Device = 'PMU1'"], deny: ["SignalType <> 'FREQ'"] });
      const frequency = ids.get("PMU1-FQ")!;
      const count = () => raw.received.slice(before).filter((id) => id === frequency).length;
      await until(() => count() > 220, () => `frequencies; ${count()} came`);
      assert.deepEqual(
        [...new Set(raw.received.slice(before))],
        [frequency],
        "queued frames were encoded with the old rights",
      );
      await until(() => raw.caches.length >= 2, "a second cache");
      // What is granted waits for a cache that holds it; what is revoked does not come back.
      gateway.setRights("center", { allow: ["Device = 'PMU3'"], deny: [] });
      const then = ledger().sent, withheld = ledger().filtered["rights"]!;
      await until(() => ledger().filtered["rights"]! > withheld + 100, "frames that are withheld");
      assert.equal(ledger().sent, then);
      await until(() => raw.received.length >= then, "what was sent before");
      assert.deepEqual(raw.received.slice(then), []);
      assert.equal(raw.gaps, 0);
      assert.equal(ledger().balance, 0);
      assert.ok(ledger().filtered["rights"]! > 200 * 5);
    } finally {
      raw.connection.destroy();
    }
  });
});

Deno.test("access: rights that are wrong, or of nobody, change nothing", async () => {
  await withBench(async (bench) => {
    const { gateway } = bench;
    const neighbour = subscribe(bench, bench.neighbour);
    await until(() => neighbour.measurements > 5, "data");
    const rules = { allow: ["NoSuchColumn = 1"], deny: [] };
    assert.throws(() => gateway.setRights("neighbour", rules), /allow\[0\]/);
    assert.throws(() => gateway.setRights("nobody", { allow: [], deny: [] }), /"nobody"/);
    assert.throws(() => gateway.setRights("toString", { allow: [], deny: [] }), /"toString"/);
    const before = neighbour.measurements;
    await until(() => neighbour.measurements > before + 10, "data that go on");
    assert.equal(neighbour.caches.length, 1);
  });
});
