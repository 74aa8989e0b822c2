import assert from "node:assert/strict";
import { commonStatusOf, stateFlagsOf } from "../../mod/c37118/mod.ts";
import { GridModel, makeSimDevice, signalSuffixes } from "../../mod/sim/mod.ts";
import { clientCertificate } from "./certificates.ts";
import { type Recorded, startGateway, startSimulator } from "./gateway.ts";
import { GO_CLIENT, LineProcess, PYTHON, pythonProgram, testWith } from "./peers.ts";
import { collect, floatOf, type Received, ticksOf } from "./received.ts";
import { freePort } from "../support/ports.ts";

const COUNT = 6, RATE = 60, SECONDS = 12, PHASORS = 10;
/** Measurements of eleven seconds, 26 of a frame and the time quality; a busy machine may need longer for them. */
const LEAST = 11 * RATE * COUNT * 27;
const FILTER = "FILTER ActiveMeasurements WHERE Device LIKE 'PMU%'";
// Simulator of six PMUs with bad STAT in some seconds and some missing values.
const SIMULATED = ["--rate", String(RATE), "--bad-quality", "--missing", "0.002", "--seed", "42"];

testWith(
  ["sttp"],
  "the Python client receives every value of six PMUs at 60 frames/s",
  async () => {
    await receiveAll((port) =>
      new LineProcess(PYTHON, [
        pythonProgram("sttp_client.py"),
        "127.0.0.1",
        String(port),
        FILTER,
        ...[SECONDS, LEAST].map(String),
      ])
    );
  },
);

testWith(["goapi"], "the Go client receives every value of six PMUs at 60 frames/s", async () => {
  await receiveAll((port) =>
    new LineProcess(GO_CLIENT, ["127.0.0.1", String(port), FILTER, String(SECONDS)])
  );
});

testWith(
  ["sttp", "openssl"],
  "the Python client behind a TLS tunnel receives every value of six PMUs",
  async () => {
    const certificates = await clientCertificate();
    const listen = freePort();
    let tunnel: LineProcess | undefined;
    try {
      await receiveAll(async (port) => {
        tunnel = new LineProcess(PYTHON, [
          pythonProgram("tls_tunnel.py"),
          String(listen),
          "127.0.0.1",
          String(port),
          certificates.gateway.certificate,
          certificates.client.certificate,
          certificates.client.key,
        ]);
        await tunnel.line("listening");
        return new LineProcess(PYTHON, [
          pythonProgram("sttp_client.py"),
          "127.0.0.1",
          String(listen),
          FILTER,
          ...[SECONDS, LEAST].map(String),
        ]);
      }, { ...certificates.gateway, pin: certificates.client.sha256 });
    } finally {
      await tunnel?.stop();
      await certificates.remove();
    }
  },
);

async function receiveAll(
  start: (port: number) => LineProcess | Promise<LineProcess>,
  tls?: { certificate: string; key: string; pin: string },
): Promise<void> {
  const simulator = await startSimulator(COUNT, SIMULATED);
  let records: Recorded[] = [], received: Received | undefined;
  try {
    const gateway = await startGateway({
      inputs: simulator.ports.map((port, i) => ({ name: `pmu${i + 1}`, port, idCode: i + 1 })),
      ...(tls ? { tls } : {}),
    });
    try {
      const client = await start(gateway.port);
      try {
        received = await collect(client, (SECONDS + 160) * 1000);
      } finally {
        await client.stop();
      }
    } finally {
      await gateway.stop();
    }
  } finally {
    records = await simulator.stop();
  }
  assert.ok(received);
  checkMetadata(received);
  checkValues(received, records);
}

function checkMetadata({ metadata, summary }: Received): void {
  assert.deepEqual(summary.errors, []);
  const devices = metadata.devices.map((d) => d.acronym).filter((a) => a.startsWith("PMU"));
  assert.deepEqual(devices.sort(), ["PMU1", "PMU2", "PMU3", "PMU4", "PMU5", "PMU6"]);
  for (let i = 0; i < COUNT; i++) {
    const acronym = `PMU${i + 1}`;
    const own = metadata.measurements.filter((m) => m.device === acronym);
    const wanted = signalSuffixes(makeSimDevice({ device: i })).map((s) => `${acronym}-${s}`);
    for (const reference of wanted) {
      assert.ok(own.some((m) => m.reference === reference), `${reference} is not in the metadata`);
    }
    const phasors = metadata.phasors.filter((p) => p.device === acronym);
    assert.equal(phasors.length, PHASORS);
    assert.equal(phasors.map((p) => p.type).join(""), "VVVIIIVIVV");
    assert.equal(phasors.map((p) => p.phase).join(""), "ABCABC++AB");
  }
}

/** Every value equal to what was sent, none missing, none extra, stamps exact. */
function checkValues(received: Received, records: readonly Recorded[]): void {
  assert.deepEqual(received.extra.slice(0, 5), []);
  const model = new GridModel({ seed: 42, badQuality: true, missing: 0.002 });
  let compared = 0;
  const known = new Set<string>();
  for (let i = 0; i < COUNT; i++) {
    const device = makeSimDevice({ device: i });
    known.add(`PMU${i + 1}-QF`);
    const sent = records.filter((r) => r.devices[0] === i && r.receivers > 0 && r.fate !== "lost");
    const slots = new Map(sent.map((r) => [
      ticksOf(r.second, Math.round(r.index * 1e6 / RATE)),
      r,
    ]));
    // The time quality of the stream: code 15 in the second where STAT says that the clock is lost.
    for (const [ticks, { bits }] of received.series.get(`PMU${i + 1}-QF`) ?? []) {
      const slot = slots.get(ticks);
      assert.ok(slot, `PMU${i + 1}-QF at ${ticks} was never sent`);
      assert.equal(floatOf(bits), model.timeQualityAt(i, slot.second) * 2 ** 24);
    }
    signalSuffixes(device).forEach((suffix, s) => {
      const reference = `PMU${i + 1}-${suffix}`;
      known.add(reference);
      const series = received.series.get(reference);
      assert.ok(series, `nothing of ${reference} was received`);
      for (const [ticks, { bits, flags }] of series) {
        const slot = slots.get(ticks);
        assert.ok(slot, `${reference} at ${ticks} was never sent`);
        const stat = model.statAt(i, slot.second);
        const expected = suffix === "SF"
          ? commonStatusOf(stat)
          : model.valueAt(device, s, slot.second, slot.index, RATE);
        assert.ok(
          Object.is(floatOf(bits), expected),
          `${reference} at ${ticks}: expected ${expected}, found ${floatOf(bits)}`,
        );
        assert.equal(flags, stateFlagsOf(stat), `flags of ${reference} at ${ticks}`);
        compared++;
      }
      // None missing between the first and the last that came.
      const stamps = [...series.keys()].map(BigInt).sort((a, b) => a < b ? -1 : 1);
      const first = stamps[0]!, last = stamps.at(-1)!;
      assert.ok(last - first >= 50_000_000n, `${reference}: less than 5 s of ${SECONDS}`);
      const within = [...slots.keys()].filter((t) => BigInt(t) >= first && BigInt(t) <= last);
      assert.equal(series.size, within.length, `${reference}: some are missing`);
    });
  }
  assert.deepEqual([...received.series.keys()].filter((r) => !known.has(r)), []);
  assert.ok(compared >= COUNT * 26 * RATE * 10, `only ${compared} values`);
}
