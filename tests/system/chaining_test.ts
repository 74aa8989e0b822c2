import assert from "node:assert/strict";
import { signalKey } from "../../mod/core/mod.ts";
import { type Gateway, readConfig } from "../../mod/gateway/mod.ts";
import { pointsOf, samePoint, stampOfRecord } from "./expected.ts";
import {
  detailOf,
  inputsRun,
  inputToml,
  outputOf,
  PLAIN_OUTPUT,
  PLAIN_SUBSCRIBER,
  type RecordedPmu,
  Site,
  TLS_OUTPUT,
} from "./site.ts";
import { tableOf } from "./subscriber.ts";
import { until } from "../support/waiting.ts";
import { freePort } from "../support/ports.ts";

const UPPER_ID = "8c1f4b6e-2d37-4a90-b5e8-61c09d7a3f12";

interface Chain {
  readonly pmus: readonly RecordedPmu[];
  readonly lowerToml: string;
  readonly lower: Gateway;
  /** The input of the upper gateway. */
  readonly upperInput: string;
  readonly upper: Gateway;
}

/** Two PMUs, a substation's gateway, and one above it that takes its signals over TLS. */
async function makeChain(
  site: Site,
  { moreBelow = "", udp = false }: { moreBelow?: string; udp?: boolean } = {},
): Promise<Chain> {
  const pmus = [await site.pmu(1, { model: { badQuality: true } }), await site.pmu(2)];
  const port = freePort();
  // Each gateway pins the other: the upper one is started once to get its certificate.
  const early = await site.gateway("", { id: UPPER_ID, stateDir: `${site.folder}/upper` });
  const upperPin = early.identity!.fingerprint256;
  await early.stop();
  const lowerToml = pmus.map(({ pmu }, i) => inputToml(i + 1, pmu.port)).join("") +
    moreBelow + TLS_OUTPUT.replace("127.0.0.1:0", `127.0.0.1:${port}`) +
    (udp ? "udp = true\n" : "") +
    `[subscriber.upper]\npins = ["${upperPin}"]\nallow = ["True"]\ndeny = ["SignalType = 'DIGI'"]\n`;
  const lower = await site.gateway(lowerToml, { stateDir: `${site.folder}/lower`, name: "SUB_A" });
  await inputsRun(lower, 2);
  const upperInput = `
[input.sub_a]
type = "sttp"
host = "127.0.0.1"
port = ${port}
pins = ["${lower.identity!.fingerprint256}"]
reconnectMinMs = 50
reconnectMaxMs = 200
udp = ${udp}
`;
  const upper = await site.gateway(upperInput + PLAIN_OUTPUT + PLAIN_SUBSCRIBER, {
    id: UPPER_ID,
    stateDir: `${site.folder}/upper`,
    name: "CENTER",
  });
  await until(
    () => upper.status().parts["input.sub_a"]!.state === "running",
    () => JSON.stringify(upper.status().parts["input.sub_a"]),
  );
  return { pmus, lowerToml, lower, upperInput, upper };
}

Deno.test("chaining: values, flags and GUIDs are kept over two gateways; names are those of the upper one", async () => {
  await Site.with(async (site) => {
    const { pmus, lower, upper } = await makeChain(site);
    const subscriber = site.subscriber({ port: outputOf(upper).port });
    const came = (n: number) => subscriber.seriesOf(`SUB_A!PMU${n}-FQ`).size;
    await until(() => came(1) > 120 && came(2) > 120, "two seconds of data");

    const below = new Map(lower.registry.signals().map((s) => [s.id, s]));
    const above = upper.registry.signals();
    assert.equal(above.length, [...below.values()].filter((s) => s.type !== "DIGI").length);
    for (const signal of above) {
      const source = below.get(signal.id)!;
      assert.ok(source, `${signal.reference}: another GUID`);
      assert.equal(signal.device, `SUB_A!${source.device}`);
      assert.equal(signal.reference, `SUB_A!${source.reference}`);
      assert.deepEqual([signal.type, signal.phase], [source.type, source.phase]);
      // Metadata have labels for phasors only.
      assert.equal(signal.label, /PH[MA]$/.test(signal.type) ? source.label : "");
      assert.match(signalKey(signal), /^CENTER:\d+$/, "keys are made by the upper gateway");
    }
    assert.equal(new Set(above.map(signalKey)).size, above.length, "keys are different");
    assert.deepEqual(
      tableOf(subscriber.metadata[0], "DeviceDetail").map((r) => r["Acronym"]).sort(),
      ["SUB_A!PMU1", "SUB_A!PMU2"],
    );
    // Every frame from the first to before the last that came of a PMU, with values and flags as sent.
    let compared = 0;
    for (const [i, { pmu, records }] of pmus.entries()) {
      const stamps = [...subscriber.seriesOf(`SUB_A!PMU${i + 1}-FQ`).keys()];
      const first = Math.min(...stamps), last = Math.max(...stamps);
      for (const record of records) {
        const stamp = stampOfRecord(record);
        if (stamp < first || stamp >= last || record.receivers === 0) continue;
        for (const [suffix, point] of pointsOf(pmu, record)) {
          if (suffix.startsWith("DV")) continue;
          const reference = `SUB_A!PMU${i + 1}-${suffix}`;
          samePoint(subscriber.seriesOf(reference).get(stamp), point, `${reference} at ${stamp}`);
          compared++;
        }
      }
    }
    assert.ok(compared > 500, `${compared} compared`);
    assert.deepEqual(subscriber.extra, []);
    assert.equal(Number(detailOf(upper, "input.sub_a")["unplaced"]), 0);
  });
});

Deno.test("chaining: over encrypted datagrams values are those that were sent", async () => {
  await Site.with(async (site) => {
    const { pmus, lower, upper } = await makeChain(site, { udp: true });
    const subscriber = site.subscriber({ port: outputOf(upper).port });
    await until(() => subscriber.seriesOf("SUB_A!PMU2-FQ").size > 60, "data by datagrams");
    const [session] = outputOf(lower).subscribers()["upper"]!.sessions;
    assert.deepEqual([session!.dataChannel, session!.encrypted], ["UDP", true]);
    const records = new Map(pmus[1]!.records.map((r) => [stampOfRecord(r), r]));
    let compared = 0;
    for (const [stamp, found] of subscriber.seriesOf("SUB_A!PMU2-FQ")) {
      const record = records.get(stamp);
      assert.ok(record, `${stamp} was not sent`);
      // The compact format keeps groups of flags, not each of them.
      const sent = new Map(pointsOf(pmus[1]!.pmu, record)).get("FQ")!;
      assert.ok(Object.is(found.value, sent.value), `${stamp}: ${found.value}, not ${sent.value}`);
      compared++;
    }
    assert.ok(compared > 60, `${compared} compared`);
    assert.deepEqual(subscriber.extra, []);
  });
});

Deno.test("chaining: a restart of the lower gateway is survived; GUIDs and keys stay, data go on", async () => {
  await Site.with(async (site) => {
    const { lower, lowerToml, upper } = await makeChain(site);
    const subscriber = site.subscriber({ port: outputOf(upper).port });
    const fq = () => subscriber.seriesOf("SUB_A!PMU1-FQ").size;
    await until(() => fq() > 10, "data");
    const before = upper.registry.signals().map((s) => [s.id, signalKey(s), s.reference]).sort();
    await lower.stop();
    const state = () => upper.status().parts["input.sub_a"]!;
    await until(() => state().state === "waiting" && !!state().reason, "the loss to be seen");
    const had = fq();
    await site.gateway(lowerToml, { stateDir: `${site.folder}/lower`, name: "SUB_A" });
    await until(() => fq() > had + 30, () => `data again; ${JSON.stringify(state())}`);
    await until(
      () => upper.registry.signals().length === before.length,
      () => `all signals; ${upper.registry.signals().length}`,
    );
    assert.deepEqual(
      upper.registry.signals().map((s) => [s.id, signalKey(s), s.reference]).sort(),
      before,
    );
    assert.equal(subscriber.client.connects, 1);
    assert.ok(Number(detailOf(upper, "input.sub_a")["connects"]) >= 2);
    const told = site.log.complaints(/trying again/).filter((l) => l.from === "input.sub_a");
    assert.equal(told.length, 1, JSON.stringify(told));
  });
});

Deno.test("chaining: a signal whose GUID another device has is refused, and said once", async () => {
  await Site.with(async (site) => {
    // The upper gateway takes the same substation a second time, and finds every GUID taken.
    const { lower, upper, upperInput } = await makeChain(site);
    const taken = lower.registry.signals().find((s) => s.reference === "PMU1-FQ")!;
    const deviceOfTaken = () => upper.registry.get(upper.registry.handleOf(taken.id)!)!.device;
    assert.equal(deviceOfTaken(), "SUB_A!PMU1");
    const before = upper.registry.signals().map((s) => [s.id, s.device]);
    const { plan } = await upper.apply(readConfig(
      `[gateway]\nid = "${UPPER_ID}"\nname = "CENTER"\nmemoryMB = 500\n` +
        `stateDir = "${site.folder}/upper"\n[statistics]\nenabled = false\n` +
        upperInput + upperInput.replace("sub_a", "sub_b") + PLAIN_OUTPUT + PLAIN_SUBSCRIBER,
      "next",
    ));
    assert.deepEqual(plan.changes.map(({ part, change }) => `${part} ${change}`), [
      "input.sub_b added",
    ]);
    const second = () => detailOf(upper, "input.sub_b");
    const refused = () => (second()["complaints"] as Record<string, number>)["guidTaken"] ?? 0;
    await until(
      () => upper.status().parts["input.sub_b"]!.state === "running" && refused() > 0,
      () => JSON.stringify(upper.status().parts),
    );
    assert.equal(second()["signals"], 0);
    assert.deepEqual(upper.registry.signals().map((s) => [s.id, s.device]), before);
    const lines = site.log.complaints(/has its GUID/).filter((l) => l.from === "input.sub_b");
    assert.equal(lines.length, 1);
  });
});

Deno.test("chaining: a device that is new below appears above, under its own name, and may be subscribed to", async () => {
  await Site.with(async (site) => {
    // The third PMU is configured below and does not answer at first.
    const port = freePort();
    const { lower, upper } = await makeChain(site, { moreBelow: inputToml(3, port) });
    const subscriber = site.subscriber({ port: outputOf(upper).port });
    await until(() => subscriber.seriesOf("SUB_A!PMU1-FQ").size > 10, "data");
    await site.pmu(3, { transport: { kind: "tcp", port } });
    await until(
      () => subscriber.seriesOf("SUB_A!PMU3-FQ").size > 10,
      () => `data of the new device; ${[...subscriber.references().keys()]}`,
    );
    // What came before its metadata moves to its device; nothing is left of the stand-in.
    const below = () => lower.registry.signals().filter((s) => s.type !== "DIGI").length;
    const told = () => [upper.registry.signals(), subscriber.signals(), below()];
    await until(() => {
      const ids = upper.registry.signals().map((s) => s.id).sort();
      const isWhole = ids.length === below() &&
        upper.registry.signals().every(({ device }) => /^SUB_A!PMU[123]$/.test(device));
      return isWhole && subscriber.signals().sort().join() === ids.join();
    }, told);
    const signals = upper.registry.signals();
    assert.deepEqual([...new Set(signals.map((s) => s.device))].sort(), [
      "SUB_A!PMU1",
      "SUB_A!PMU2",
      "SUB_A!PMU3",
    ]);
    assert.equal(new Set(signals.map((s) => s.id)).size, signals.length);
    for (const { id, reference } of signals) {
      assert.notEqual(upper.registry.handleOf(id), undefined, reference);
    }
    assert.equal(signals.length, lower.registry.signals().filter((s) => s.type !== "DIGI").length);
    assert.deepEqual([...subscriber.signals()].sort(), signals.map((s) => s.id).sort());
    assert.equal(subscriber.client.connects, 1);
  });
});
