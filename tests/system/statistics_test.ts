import assert from "node:assert/strict";
import { Gateway, readConfig } from "../../mod/gateway/mod.ts";
import { systemClock } from "../../mod/os/mod.ts";
import { inputsRun, inputToml, keyPair, outputOf, Site, TLS_OUTPUT } from "./site.ts";
import { type Subscriber, tableOf } from "./subscriber.ts";
import { until } from "../support/waiting.ts";

const RATE = 50;
/** Lower 53 bits of the ticks of a whole second, as the subscriber keeps stamps. */
const ticksOf = (seconds: number) =>
  Number(((BigInt(seconds) + 62_135_596_800n) * 10_000_000n) & ((1n << 53n) - 1n));

async function startGateway(site: Site, toml: string, stateDir: string): Promise<Gateway> {
  const text =
    `[gateway]\nid = "0d9ac3b4-5e0f-4c7e-9f1a-77a8c8a3f2d1"\nname = "EDGE1"\nmemoryMB = 500\n` +
    `stateDir = ${JSON.stringify(stateDir)}\n[statistics]\nintervalSeconds = 1\n${toml}`;
  const gateway = new Gateway(readConfig(text, "test"), systemClock());
  site.atEnd(() => gateway.stop());
  await gateway.start();
  return gateway;
}

/** The values of a statistic in the order of their stamps. */
function valuesOf(subscriber: Subscriber, reference: string): number[] {
  return [...subscriber.seriesOf(reference)].sort(([a], [b]) => a - b).map(([, p]) => p.value);
}

Deno.test("statistics: over STTP they are what simulators and subscribers counted themselves", async () => {
  await Site.with(async (site) => {
    const { pmu } = await site.pmu(1, { rate: RATE });
    const own = await keyPair("control-center");
    const stateDir = `${site.folder}/statistics`;
    const toml = inputToml(1, pmu.port) + TLS_OUTPUT +
      `[align.even]\nframesPerSecond = 25\nwaitMs = 100\n` +
      `[subscriber.center]\npins = ["${own.fingerprint256}"]\nallow = ["SignalType = 'STAT'"]\n`;
    const gateway = await startGateway(site, toml, stateDir);
    await inputsRun(gateway, 1);
    const subscriber = site.subscriber({
      port: outputOf(gateway).port,
      tls: { own, gatewayPin: gateway.identity!.fingerprint256 },
    });
    const frames = () => valuesOf(subscriber, "PMU1!IS-ST11");
    const received = () => subscriber.seriesOf("PMU1!PMU-ST4");
    // A steady stream: the rate in a whole interval, once no busy host has moved frames over its ends.
    const isSteady = () => frames().slice(1).some((n) => Math.abs(n - RATE) <= RATE / 10);
    await until(
      () => frames().length >= 4 && received().size >= 3 && isSteady(),
      () => ["four reports, one of an interval that was not disturbed", frames()],
    );
    const references = [...subscriber.references().keys()];
    const tables = new Set(references.map((r) => /!([A-Z]+)-ST\d+$/.exec(r)?.[1]));
    assert.deepEqual([...tables].sort(), ["IS", "PMU", "PUB", "SYSTEM"]);
    assert.equal(references.length, 28 + 7 + 13 + 7);

    // Stamps are whole multiples of the interval, of about now.
    const stamps = [...subscriber.seriesOf("PMU1!IS-ST11").keys()].sort((a, b) => a - b);
    const second = Math.round(Date.now() / 1000);
    assert.ok(stamps.every((stamp) => (stamp - stamps[0]!) % 1e7 === 0), `${stamps}`);
    assert.ok(stamps.some((stamp) => Math.abs(stamp - ticksOf(second)) <= 10e7), `${stamps}`);

    await site.fleet.close();
    // What the simulator says it sent, against what was published: in total, and interval by interval.
    const perFrame = valuesOf(subscriber, "PMU1!PMU-ST7").at(-1)!;
    const lifetime = () => valuesOf(subscriber, "PMU1!IS-ST20");
    await until(
      () => frames().at(-1) === 0 && lifetime().at(-1) === pmu.account.framesSent * perFrame,
      () => ["an interval without frames", frames(), lifetime(), pmu.account.framesSent, perFrame],
    );
    assert.ok(pmu.account.framesSent > RATE);
    const totals = lifetime(), counted = frames();
    const times = [...subscriber.seriesOf("PMU1!IS-ST11").keys()].sort((a, b) => a - b);
    let compared = 0;
    for (let i = 1; i < times.length; i++) {
      if (times[i]! - times[i - 1]! > 1e7) continue; // one was lost as the subscriber subscribed anew
      assert.equal(counted[i]! * perFrame, totals[i]! - totals[i - 1]!, `interval ${i}`);
      compared++;
    }
    assert.ok(compared >= 2, `${compared} intervals`);
    for (const [stamp, { value }] of received()) {
      const { value: n } = subscriber.seriesOf("PMU1!IS-ST11").get(stamp)!;
      assert.equal(value, n * perFrame);
    }

    // What the subscriber got of one report is what the publisher says that it sent in between.
    const sent = () => valuesOf(subscriber, "MAIN!PUB-ST5").slice(-2);
    const ofOne = () => valuesOf(subscriber, "MAIN!PUB-ST3").at(-1);
    await until(
      () => sent()[1]! - sent()[0]! === references.length && ofOne() === references.length,
      () => ["one report between two", sent(), ofOne()],
    );
    assert.equal(valuesOf(subscriber, "MAIN!PUB-ST2").at(-1), 1);
    assert.ok(valuesOf(subscriber, "MAIN!PUB-ST1").slice(1).every((v) => v === 1));

    // Metadata: statistics are the gateway's own; an aligner does not wait for them.
    for (const row of tableOf(subscriber.metadata.at(-1), "MeasurementDetail")) {
      assert.deepEqual([row["SignalAcronym"], row["Internal"]], ["STAT", true]);
    }
    const aligned = gateway.status().parts["align.even"]!.detail!;
    assert.equal(aligned["values"], perFrame);
    assert.deepEqual(subscriber.troubles, []);

    // A restart keeps the GUIDs.
    const ids = subscriber.references();
    await gateway.stop();
    const again = await startGateway(site, toml, stateDir);
    for (const { reference, id } of again.registry.signals().filter((s) => s.type === "STAT")) {
      assert.equal(ids.get(reference), id, reference);
    }
    assert.ok(again.registry.signals().some((s) => s.reference === "EDGE1!SYSTEM-ST1"));
  });
});

Deno.test("statistics: a subscriber without a rule for them sees none; switched off there are none", async () => {
  await Site.with(async (site) => {
    const { pmu } = await site.pmu(1, { rate: RATE });
    const toml = inputToml(1, pmu.port) +
      `[output.main]\ntype = "sttp"\nlisten = "127.0.0.1:0"\ninsecure = true\n` +
      `[subscriber.client]\nplainAddress = ["127.0.0.1"]\nallow = ["Device = 'PMU1'"]\n`;
    const gateway = await startGateway(site, toml, `${site.folder}/rights`);
    await inputsRun(gateway, 1);
    const subscriber = site.subscriber({ port: outputOf(gateway).port });
    await until(() => subscriber.measurements > 0, "data");
    const report = () => gateway.status().parts["statistics"]!.detail!["intervalEndMicros"];
    const before = report();
    await until(() => report() !== null && report() !== before, "a report");
    assert.ok(gateway.registry.signals().some((s) => s.type === "STAT"));
    // What is sent after it comes behind it.
    const seen = subscriber.measurements;
    await until(() => subscriber.measurements > seen + 10 * RATE, "data after the report");
    assert.ok([...subscriber.references().keys()].every((r) => !r.includes("!")));
    const statistics = new Set(
      gateway.registry.signals().filter((s) => s.type === "STAT").map((s) => s.id),
    );
    assert.ok([...subscriber.series.keys()].every((id) => !statistics.has(id)));
    await subscriber.stop();
    await gateway.stop();

    const off = await site.gateway(toml);
    await inputsRun(off, 1);
    assert.equal(off.status().parts["statistics"], undefined);
    assert.ok(off.registry.signals().every((s) => s.type !== "STAT"));
  });
});
