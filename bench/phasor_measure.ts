/**
 * Runs the estimator over a test signal and tells how far it is off.
 *
 * @module
 */
import { type NominalHz, type PerformanceClass, PhasorEstimator } from "../mod/phasor/mod.ts";
import {
  angleAt,
  frequencyAt,
  levelAt,
  RingFeeder,
  rocofAt,
  TEST_SECOND,
  type TestSignal,
  THREE_PHASES,
} from "../mod/phasor/testing.ts";

/** One class at one rate. */
export interface Setting {
  /** Performance class. */
  readonly performanceClass: PerformanceClass;
  /** Nominal frequency. */
  readonly nominalHz: NominalHz;
  /** Reports per second. */
  readonly framesPerSecond: number;
}

/** Worst errors over a run. */
export interface Errors {
  /** Total vector error in percent, over the phases and the positive sequence. */
  tve: number;
  /** Frequency error in Hz. */
  fe: number;
  /** ROCOF error in Hz/s. */
  rfe: number;
}

/** What one report was off. */
export interface Sighting extends Errors {
  /** Instant of the report in seconds. */
  readonly t: number;
  /** Magnitudes of the phases and the positive sequence. */
  readonly magnitudes: readonly number[];
  /** Their angles in degrees. */
  readonly angles: readonly number[];
}

/** Voltage of the test signals: a 110 kV line. */
export const RATED = 63_508.53;

/** A balanced test signal of rated voltage around `frequencyHz`. */
export function balanced(
  frequencyHz: number,
  more: Partial<TestSignal["fundamental"]> = {},
  rest: Partial<TestSignal> = {},
): TestSignal {
  return {
    fundamental: { rms: RATED, frequencyHz, phaseDeg: 0, ...more },
    phases: THREE_PHASES,
    ...rest,
  };
}

/** Longer than half of any window and the spacing. */
const LEAD_S = 0.6;

/** Every report from `fromS` to `toS`, in order. */
export function* sightings(
  setting: Setting,
  sampleRate: number,
  signal: TestSignal,
  fromS: number,
  toS: number,
): Generator<Sighting> {
  const lsb = 0.01;
  const estimator = new PhasorEstimator({
    ...setting,
    sampleRate,
    difference: "half-cycle",
    channels: signal.phases.map(({ name }, index) => ({
      name,
      index,
      quantity: "voltage",
      scale: lsb,
      rating: RATED,
    })),
    sets: [{ name: "U", channels: ["A", "B", "C"] }],
  });
  const feeder = new RingFeeder(signal, sampleRate, lsb, 1.5, fromS - LEAD_S);
  const { framesPerSecond, nominalHz } = setting;
  while (feeder.nextS <= toS + LEAD_S) {
    feeder.feed();
    while (estimator.advance(feeder.ring)) {
      const report = estimator.report;
      const second = report.second - TEST_SECOND;
      const t = second + report.index / framesPerSecond;
      if (t < fromS - 1e-9 || t > toS + 1e-9) continue;
      const level = levelAt(signal, t) * signal.fundamental.rms;
      const angle = angleAt(signal, t) - 2 * Math.PI * nominalHz * t;
      let tve = 0;
      for (let p = 0; p < 4; p++) {
        const shift = p < 3 ? signal.phases[p]!.shiftDeg * Math.PI / 180 : 0;
        const turn = report.angles[p]! * Math.PI / 180 - angle - shift;
        const ratio = report.magnitudes[p]! / level;
        tve = worse(tve, 100 * Math.hypot(ratio * Math.cos(turn) - 1, ratio * Math.sin(turn)));
      }
      yield {
        t,
        tve,
        fe: Math.abs(report.frequency - frequencyAt(signal, t)),
        rfe: Math.abs(report.rocof - rocofAt(signal, t)),
        magnitudes: [...report.magnitudes.subarray(0, 4)],
        angles: [...report.angles.subarray(0, 4)],
      };
    }
  }
}

/** The larger error; NaN is worse than any. */
function worse(a: number, b: number): number {
  return a >= b ? a : b;
}

/** Takes the worst of each error of `b` into `a`. */
export function takeWorst(a: Errors, b: Errors): void {
  a.tve = worse(a.tve, b.tve);
  a.fe = worse(a.fe, b.fe);
  a.rfe = worse(a.rfe, b.rfe);
}

/** No error yet. */
export function noErrors(): Errors {
  return { tve: 0, fe: 0, rfe: 0 };
}

/** The worst errors from `fromS` to `toS`, instants in `exceptS` (from, to) left out. */
export function worstErrors(
  setting: Setting,
  sampleRate: number,
  signal: TestSignal,
  fromS: number,
  toS: number,
  exceptS: readonly (readonly [number, number])[] = [],
): Errors {
  const worst = noErrors();
  let judged = 0;
  for (const sighting of sightings(setting, sampleRate, signal, fromS, toS)) {
    if (exceptS.some(([from, to]) => sighting.t > from && sighting.t < to)) continue;
    judged++;
    takeWorst(worst, sighting);
  }
  if (judged === 0) throw new Error("Cannot judge: no report fell into the time of the test");
  return worst;
}
