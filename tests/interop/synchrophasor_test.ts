import assert from "node:assert/strict";
import { type RawBlock, readRawBlocks } from "../../mod/c37118/mod.ts";
import type { Clock } from "../../mod/core/mod.ts";
import { GridModel, PmuFleet, type PmuSimulatorOptions } from "../../mod/sim/mod.ts";
import { startGateway } from "./gateway.ts";
import { LineProcess, PYTHON, pythonProgram, testWith } from "./peers.ts";
import { collect, floatOf, ticksOf } from "./received.ts";
import { freePort } from "../support/ports.ts";

/** A data frame as `python/pdc.py` prints it. */
interface PdcFrame {
  soc: number;
  count: number;
  stat: number[];
  phasors: [number, number][][];
  freq: number[];
  dfreq: number[];
  analogs: number[][];
  digitals: number[][];
}

/** A configuration as `python/pdc.py` prints it. */
interface PdcConfiguration {
  timeBase: number;
  rate: number;
  stations: string[];
  ids: number[];
  channels: string[][];
  phasorUnits: [number, string][][];
  nominal: number[];
}

const formats = (polar: boolean, phasorFloat: boolean, analogFloat: boolean) => ({
  polar,
  phasorFloat,
  analogFloat,
  frequencyFloat: false, // the package refuses absolute hertz
});

const CASES: { name: string; options: Partial<PmuSimulatorOptions> }[] = [
  ["rectangular integers", formats(false, false, false)],
  ["polar integers", formats(true, false, false)],
  ["rectangular floats", formats(false, true, true)],
  ["polar floats", formats(true, true, true)],
].flatMap(([name, f]) => {
  // Tuples lose their types in a mixed array.
  const format = f as ReturnType<typeof formats>;
  return [
    { name: `${name}, one PMU`, options: { devices: [{ device: 0, formats: format }] } },
    {
      name: `${name}, three PMUs at 50 Hz`,
      options: {
        devices: [0, 1, 2].map((device) => ({
          device,
          formats: format,
          phasors: 3 + device,
          analogs: device + 1,
          nominalHz: 50 as const,
        })),
      },
    },
  ];
});

/**
 * STAT as the package gives it back: it takes bit 15 for bit 14, turns bit 13 round, and reads bits 12 to 9 and 3 to 0
 * right. Time quality and unlocked time it can only read when they are 0.
 */
function asPackageReads(stat: number): number {
  return ((stat >>> 15) << 14) | (~stat & 0x2000) | (stat & 0x1e0f);
}

/** A clock that begins at a second from which the simulator sets no time quality for 20 s, since the package refuses it. */
function clockWithoutTimeQuality(): Clock {
  const model = new GridModel({ badQuality: true });
  let second = 1_700_000_000;
  for (let clear = 0; clear < 20; second++) {
    clear = [0, 1, 2].some((d) => (model.statAt(d, second) & 0x01f0) !== 0) ? 0 : clear + 1;
  }
  const start = (second - 20) * 1e6, begun = performance.now();
  return {
    nowMicros: () => start + (performance.now() - begun) * 1000,
    monotonicMs: () => performance.now(),
  };
}

for (const { name, options } of CASES) {
  testWith(["synchrophasor"], `the PDC of synchrophasor reads our frames: ${name}`, async () => {
    const fleet = new PmuFleet(clockWithoutTimeQuality());
    const pmu = await fleet.add({
      idCode: 7,
      rate: 50,
      transport: { kind: "tcp", port: 0 },
      model: { badQuality: true },
      devices: [],
      header: "Simulated",
      ...options,
    });
    const pdc = new LineProcess(PYTHON, [
      pythonProgram("pdc.py"),
      "127.0.0.1",
      ...[pmu.port, 7, 100].map(String),
    ]);
    try {
      assert.equal(await pdc.ended(), 0, JSON.stringify(pdc.lines.at(-1)) + pdc.stderr);
      assert.equal(await pdc.line("header"), "Simulated");
      for (const key of ["cfg1", "cfg2"]) {
        const c = await pdc.line<PdcConfiguration>(key);
        const { pmus } = pmu.configuration;
        assert.deepEqual([c.timeBase, c.rate], [1_000_000, 50]);
        assert.deepEqual(c.stations.map((s) => s.trimEnd()), pmus.map((p) => p.station));
        assert.deepEqual(c.ids, pmus.map((p) => p.idCode));
        assert.deepEqual(c.nominal, pmus.map((p) => p.fnom === 1 ? 50 : 60));
        assert.deepEqual(
          c.channels.map((list) => list.map((n) => n.trimEnd())),
          pmus.map((p) =>
            [...p.phasors, ...p.analogs].map((x) => x.name).concat(
              p.digitals.flatMap((d) => d.names),
            )
          ),
        );
        assert.deepEqual(
          c.phasorUnits,
          pmus.map((p) => p.phasors.map((x) => [x.factor, x.kind.toLowerCase()])),
        );
      }
      // As printed by pdc.py.
      const frames = pdc.lines.filter((l) => "data" in l).map((l) => l.data as PdcFrame);
      assert.equal(frames.length, 100);
      for (const frame of frames) {
        const index = Math.round(frame.count * 50 / 1_000_000);
        const blocks = readRawBlocks(pmu.dataFrame(frame.soc, index), pmu.configuration);
        blocks.forEach((block: RawBlock, b) => {
          assert.equal(frame.stat[b], asPackageReads(block.stat));
          assert.deepEqual(frame.phasors[b], block.phasors);
          assert.equal(frame.freq[b], block.freq);
          assert.equal(frame.dfreq[b], block.dfreq);
          assert.deepEqual(frame.analogs[b], block.analogs);
          assert.deepEqual(frame.digitals[b], block.digitals);
        });
      }
    } finally {
      await pdc.stop();
      await fleet.close();
    }
  });
}

/** A data frame as `python/pmu.py` prints it. */
interface PmuFrame {
  second: number;
  index: number;
  phasors: [number, number][];
  freq: number;
  dfreq: number;
  analogs: number[];
  digitals: number[];
  stat: number;
}

testWith(
  ["synchrophasor", "sttp"],
  "a PMU of synchrophasor is read through the whole gateway",
  async () => {
    const port = freePort(), rate = 10, SIGNALS = 14;
    const pmu = new LineProcess(PYTHON, [
      pythonProgram("pmu.py"),
      ...[port, 7, rate, 120].map(String),
    ]);
    await pmu.line("listening");
    const gateway = await startGateway({
      inputs: [{ name: "third", port, idCode: 7, extra: "dataLossMs = 60000" }],
    });
    const client = new LineProcess(PYTHON, [
      pythonProgram("sttp_client.py"),
      "127.0.0.1",
      String(gateway.port),
      "FILTER ActiveMeasurements WHERE Device = 'THIRD'",
      ...[10, 85 * SIGNALS].map(String),
    ]);
    try {
      const received = await collect(client, 180_000);
      await pmu.stop();
      assert.deepEqual(received.summary.errors, []);
      assert.deepEqual(received.extra, []);
      const sent = pmu.lines.filter((l) => "sent" in l).map((l) => l.sent as PmuFrame); // by pmu.py
      const factors = [915_527, 915_527, 915_527, 45_776];
      const values = (f: PmuFrame): [string, number][] => [
        ...f.phasors.flatMap(([re, im], i): [string, number][] => [
          [`PM${i + 1}`, Math.hypot(re, im) * factors[i]! * 1e-5],
          [`PA${i + 1}`, Math.atan2(im, re) * 180 / Math.PI],
        ]),
        ["FQ", 60 + f.freq / 1000],
        ["DF", f.dfreq / 100],
        ["AV1", f.analogs[0]!],
        ["DV1", f.digitals[0]!],
        // Bit 13 and its copy at bit 18.
        ["SF", f.stat === 0 ? 0 : 0x42000],
      ];
      let compared = 0;
      const first = new Map<string, bigint>(), last = new Map<string, bigint>();
      for (const frame of sent) {
        const ticks = ticksOf(frame.second, Math.round(frame.index * 1e6 / rate));
        for (const [suffix, expected] of values(frame)) {
          const found = received.series.get(`THIRD-${suffix}`)?.get(ticks);
          if (!found) continue;
          const value = floatOf(found.bits);
          const ulp = Math.max(Math.abs(expected), 1e-30) * 2 ** -23;
          assert.ok(
            Math.abs(value - expected) <= ulp,
            `${suffix}: expected ${expected}, found ${value}`,
          );
          assert.equal(found.flags, frame.stat === 0 ? 0 : 0x10000);
          if (!first.has(suffix)) first.set(suffix, BigInt(ticks));
          last.set(suffix, BigInt(ticks));
          compared++;
        }
      }
      const suffixes = values(sent[0]!).map(([suffix]) => suffix);
      assert.equal(suffixes.length + 1, SIGNALS); // time quality is none of them
      for (const suffix of suffixes) {
        const series = received.series.get(`THIRD-${suffix}`);
        assert.ok(series, `nothing of ${suffix}`);
        const within = sent.filter((f) => {
          const ticks = BigInt(ticksOf(f.second, Math.round(f.index * 1e6 / rate)));
          return ticks >= first.get(suffix)! && ticks <= last.get(suffix)!;
        });
        // None missing between the first and the last, and none that was never sent.
        assert.equal(series.size, within.length, suffix);
      }
      assert.ok(compared >= 80 * suffixes.length, `only ${compared} values`);
    } finally {
      await client.stop();
      await gateway.stop();
      await pmu.stop();
    }
  },
);
