import assert from "node:assert/strict";
import fc from "fast-check";
import { StateFlags } from "../core/mod.ts";
import { PhasorEstimator } from "./estimator.ts";
import { Instants, weightBytes } from "./instants.ts";
import { NO_ESTIMATE_FLAGS } from "./report.ts";
import {
  frequencyAt,
  RingFeeder,
  TEST_LSB,
  TEST_RMS,
  testOptions,
  type TestSignal,
  totalVectorError,
} from "./testing.ts";
import { mRangeHz } from "./window.ts";

/** Rates that merging units have, and some that they have not. */
const sampleRate = fc.oneof(
  fc.constantFrom(4000, 4800, 5760, 12_800, 14_400, 15_360),
  fc.integer({ min: 3200, max: 16_000 }),
);

/** A setting of the estimator. */
const setting = fc.record({
  performanceClass: fc.constantFrom("P", "M"),
  nominalHz: fc.constantFrom(50, 60),
  framesPerSecond: fc.oneof(
    fc.constantFrom(10, 12, 15, 20, 25, 30, 50, 60, 100, 120),
    fc.integer({ min: 10, max: 120 }),
  ),
  sampleRate,
  difference: fc.constantFrom("half-cycle", "sample"),
});

/** Phases of any size and angle, above the floor together. */
const phases = fc.tuple(...[0, -120, 120].map((degrees, i) =>
  fc.record({
    name: fc.constant("ABC"[i]!),
    gain: fc.double({ min: 0.5, max: 1.5, noNaN: true }),
    shiftDeg: fc.double({ min: degrees - 20, max: degrees + 20, noNaN: true }),
  })
));

const share = fc.double({ min: -1, max: 1, noNaN: true });

Deno.test("property: any steady signal in range is far within its limits", () => {
  fc.assert(
    fc.property(
      setting,
      phases,
      share,
      fc.double({ min: -180, max: 180, noNaN: true }),
      fc.double({ min: 0.2, max: 2, noNaN: true }),
      fc.nat(10_000),
      (options, phases, share, phaseDeg, level, startAt) => {
        const { nominalHz, framesPerSecond, performanceClass } = options;
        const range = performanceClass === "P" ? 2 : mRangeHz(nominalHz, framesPerSecond);
        const frequencyHz = nominalHz + share * range;
        const signal: TestSignal = {
          fundamental: { rms: TEST_RMS * level, frequencyHz, phaseDeg },
          phases,
        };
        const estimator = new PhasorEstimator(testOptions(phases, options));
        const fromS = startAt / options.sampleRate;
        const feeder = new RingFeeder(signal, options.sampleRate, TEST_LSB, 1.3, fromS);
        let reports = 0;
        while (reports < 3) {
          feeder.feed();
          if (!estimator.advance(feeder.ring)) continue;
          const { report } = estimator;
          reports++;
          for (const [place, { gain, shiftDeg }] of phases.entries()) {
            const error = totalVectorError(
              signal,
              nominalHz,
              report,
              place,
              framesPerSecond,
              gain,
              shiftDeg,
            );
            assert.ok(error < 0.01, `TVE ${error} %`);
          }
          // Differences of one sample amplify rounding, and what is left of the image of phases that differ.
          const noise = options.difference === "sample" ? 20 : 1;
          const fe = Math.abs(report.frequency - frequencyHz);
          assert.ok(fe < 5e-5 * noise, `${report.frequency} Hz`);
          // The worst of 6,000 settings: 0.006 by half cycles, 0.11 by samples (M at 120/s from 4,000 Hz).
          const rocof = (performanceClass === "P" ? 0.02 : 0.01) * noise;
          assert.ok(Math.abs(report.rocof) < rocof, `${report.rocof}`);
          assert.equal(report.frequencyFlags | report.flags[0]!, 0);
        }
      },
    ),
    { numRuns: 80 },
  );
});

/** A gap: how many samples after the one before it ended, and how long. */
const gaps = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 400 }), fc.constantFrom(1, 1, 1, 2, 2, 3, 8, 40)),
  { minLength: 1, maxLength: 12 },
);

Deno.test("property: with gaps a report is right and says so, or there is none and it says so", () => {
  fc.assert(
    fc.property(setting, gaps, share, (options, gaps, share) => {
      const { nominalHz, framesPerSecond, performanceClass } = options;
      const range = performanceClass === "P" ? 2 : mRangeHz(nominalHz, framesPerSecond);
      const signal: TestSignal = {
        fundamental: { rms: TEST_RMS, frequencyHz: nominalHz + share * range, phaseDeg: 77 },
        phases: [
          { name: "A", gain: 1, shiftDeg: 0 },
          { name: "B", gain: 1, shiftDeg: -120 },
          { name: "C", gain: 1, shiftDeg: 120 },
        ],
        harmonics: [{ order: 5, pct: 1, phaseDeg: 20 }, { order: 7, pct: 1, phaseDeg: 80 }],
      };
      const estimator = new PhasorEstimator(testOptions(signal.phases, options));
      const feeder = new RingFeeder(signal, options.sampleRate, TEST_LSB, 1.6, 0);
      const { ring } = feeder;
      const lost = new Set<number>();
      let at = ring.first;
      for (const [pause, length] of gaps) {
        at += pause;
        for (let i = 0; i < length; i++) lost.add(at++);
      }
      const until = at + estimator.instants.span + (2 * options.sampleRate) / framesPerSecond;
      let judged = 0, whole = 0;
      while (ring.next < until) {
        if (lost.has(ring.next)) feeder.skip();
        else feeder.feed();
        while (estimator.advance(ring)) {
          const { report, instants } = estimator;
          const { start, end } = instants.list[report.index]!;
          const base = report.second * options.sampleRate;
          let inside = 0;
          for (let k = base + start; k <= base + end; k++) if (lost.has(k)) inside++;
          judged++;
          if (inside === 0) whole++;
          if (!report.estimated) {
            assert.ok(inside > 0, "a whole window has an estimate");
            assert.equal(report.flags[3], NO_ESTIMATE_FLAGS);
            assert.equal(report.frequencyFlags, NO_ESTIMATE_FLAGS);
            assert.ok([...report.magnitudes, ...report.angles].every(Number.isNaN));
            assert.ok(Number.isNaN(report.frequency) && Number.isNaN(report.rocof));
            continue;
          }
          assert.equal(report.interpolated, inside);
          assert.ok(inside * 100 <= end - start + 1);
          const flags = inside > 0 ? StateFlags.CalculatedValue : 0;
          assert.equal(report.flags[0]! & ~StateFlags.CalculationWarning, flags);
          for (const [place, shift] of [0, -120, 120, 0].entries()) {
            const error = totalVectorError(
              signal,
              nominalHz,
              report,
              place,
              framesPerSecond,
              1,
              shift,
            );
            assert.ok(error < 0.5, `TVE ${error} % with ${inside} samples interpolated`);
          }
          const t = report.second - 1_700_000_000 + report.index / framesPerSecond;
          const fe = Math.abs(report.frequency - frequencyAt(signal, t));
          if (inside === 0) assert.ok(fe < 0.005, `FE ${fe}`);
          else if (report.frequencyFlags === flags) {
            const limit = options.difference === "sample" ? 1 : 0.05;
            assert.ok(fe < limit, `FE ${fe} with ${inside} samples interpolated`);
          }
        }
      }
      assert.ok(judged > 0 && whole > 0);
    }),
    { numRuns: 60 },
  );
});

Deno.test("property: the weights take no more than was said before they were made", () => {
  const rates = fc.constantFrom(4000, 4800, 5760, 12_800, 14_400, 15_360, 4801);
  fc.assert(
    fc.property(
      fc.constantFrom("P" as const, "M" as const),
      fc.constantFrom(50 as const, 60 as const),
      fc.integer({ min: 1, max: 120 }),
      rates,
      fc.constantFrom("half-cycle" as const, "sample" as const),
      (performanceClass, nominalHz, framesPerSecond, sampleRate, difference) => {
        const of = { performanceClass, nominalHz, framesPerSecond, sampleRate, difference };
        const said = weightBytes(of);
        fc.pre(said < 1e6); // making more takes long
        const { bytes } = new Instants(of);
        assert.ok(bytes <= said && bytes > 0.95 * said, `${bytes} of ${said}`);
      },
    ),
    { numRuns: 40 },
  );
});
