/**
 * The tests of IEC/IEEE 60255-118-1 for a phasor estimator: steady state, dynamic, steps, latency.
 *
 * @module
 */
import { Instants } from "../mod/phasor/mod.ts";
import type { TestSignal } from "../mod/phasor/testing.ts";
import { stepRows } from "./phasor_steps.ts";
import {
  balanced,
  type Errors,
  noErrors,
  RATED,
  type Setting,
  takeWorst,
  worstErrors,
} from "./phasor_measure.ts";

/** One line of the report. */
export interface Row {
  /** Influence that was tested, for example `signal frequency`. */
  readonly test: string;
  /** What was judged, with its unit, for example `TVE, %`. */
  readonly figure: string;
  /** The standard's limit, or ours where it says so. */
  readonly limit: number;
  /** The worst that was seen. */
  readonly measured: number;
}

/** True if a figure is within its limit; NaN is not. */
export function isMet({ limit, measured }: Row): boolean {
  return measured <= limit;
}

/** Sampling rate of the tests: the protection stream of 9-2LE. */
export function ordinaryRate({ nominalHz }: Setting): number {
  return 80 * nominalHz;
}

/** Sampling rate that carries the 50th harmonic. */
const FAST_RATE = 14_400;

/** All rows of one class at one rate. */
export function allRows(setting: Setting): Row[] {
  return [
    ...steadyRows(setting),
    ...(setting.performanceClass === "M" ? outOfBandRows(setting) : []),
    ...modulationRows(setting),
    ...rampRows(setting),
    ...stepRows(setting, ordinaryRate(setting)),
    // Above 60/s the limit is unclear, and no window of two cycles could keep it.
    ...(setting.framesPerSecond <= 60 ? [latencyRow(setting)] : []),
  ];
}

/** Deviation from nominal in Hz that the class has to cover. */
export function rangeHz({ performanceClass, framesPerSecond }: Setting): number {
  if (performanceClass === "P" || framesPerSecond < 10) return 2;
  return framesPerSecond < 25 ? framesPerSecond / 5 : 5;
}

function steadyRows(setting: Setting): Row[] {
  const { nominalHz: f0, performanceClass } = setting;
  const isP = performanceClass === "P", rate = ordinaryRate(setting);
  const steady = (signal: TestSignal, seconds = 1) =>
    worstErrors(setting, rate, signal, 0, seconds);
  const nominal = worstOf(
    [0, 30, 77, 180, -90].map((phaseDeg) => steady(balanced(f0, { phaseDeg }))),
  );
  const range = rangeHz(setting);
  const frequency = worstOf(
    list(-range, range, range / 20).map((df) => steady(balanced(f0 + df, { phaseDeg: 20 }))),
  );
  const magnitudes = (from: number, to: number) =>
    worstOf(
      list(from, to, 10).map((percent) =>
        steady(balanced(f0, { rms: RATED * percent / 100 }), 0.5)
      ),
    );
  const angle = worstOf([-0.2, 0.2].map((df) => steady(balanced(f0 + df), 5)));
  const pct = isP ? 1 : 10;
  const harmonics = worstOf(
    list(2, 50, 1).flatMap((order) =>
      [false, true].map((isPositive) => {
        const harmonic = { order, pct, phaseDeg: 40, isPositive };
        const signal = balanced(f0, {}, { harmonics: [harmonic] });
        return worstErrors(setting, FAST_RATE, signal, 0, 0.4);
      })
    ),
  );
  const harmonicFe = isP || setting.framesPerSecond <= 20 ? 0.005 : 0.025;
  return [
    tve("nominal, our own limit", 0.01, nominal),
    ...all("signal frequency", { tve: 1, fe: 0.005, rfe: isP ? 0.4 : 0.1 }, frequency),
    tve(`voltage ${isP ? 80 : 10} to 120 %`, 1, magnitudes(isP ? 80 : 10, 120)),
    tve("current 10 to 200 %", 1, magnitudes(10, 200)),
    tve("phase angle", 1, angle),
    ...all(`each harmonic, 2 to 50, ${pct} %`, {
      tve: 1,
      fe: harmonicFe,
      rfe: isP ? 0.4 : null,
    }, harmonics),
  ];
}

/** Interharmonics of 10 % outside of the band that the reporting rate can carry. */
function outOfBandRows(setting: Setting): Row[] {
  const { nominalHz: f0, framesPerSecond: fs } = setting;
  const places: number[] = [];
  for (const sign of [-1, 1]) {
    const [lowest, highest] = sign < 0 ? [10, f0 - fs / 2] : [f0 + fs / 2, 2 * f0];
    if (lowest > highest) continue;
    for (let n = 0; n < 12; n++) {
      const hz = f0 + sign * (fs / 2 + 0.1 * 2 ** n);
      if (hz > lowest && hz < highest) places.push(hz);
    }
    places.push(lowest, highest);
  }
  if (places.length === 0) return [];
  const shift = Math.min(5, 0.05 * fs);
  const errors = worstOf(
    [-shift, 0, shift].flatMap((df) =>
      places.map((hz) =>
        worstErrors(
          setting,
          ordinaryRate(setting),
          balanced(f0 + df, {}, { interharmonics: [{ hz, pct: 10, phaseDeg: 0 }] }),
          0,
          // Near the edge of the band the interferer folds to a slow beat.
          3,
        )
      )
    ),
  );
  return all("out of band, 10 %", { tve: 1.3, fe: 0.01, rfe: null }, errors);
}

function modulationRows(setting: Setting): Row[] {
  const { nominalHz: f0, framesPerSecond: fs, performanceClass } = setting;
  const isP = performanceClass === "P";
  const highest = isP ? Math.min(fs / 10, 2) : Math.min(fs / 5, 5);
  const limits = {
    tve: 3,
    fe: (isP ? 0.03 : 0.06) * highest,
    rfe: 0.18 * Math.PI * highest ** 2,
  };
  const run = (of: (hz: number) => Partial<TestSignal["fundamental"]>) =>
    worstOf(
      [...list(0.1, highest, 0.2), highest].map((hz) =>
        worstErrors(setting, ordinaryRate(setting), balanced(f0, of(hz)), 0, Math.max(2, 2 / hz))
      ),
    );
  return [
    ...all("amplitude modulation", limits, run((hz) => ({ am: { depth: 0.1, hz, phaseDeg: 0 } }))),
    ...all(
      "phase modulation",
      limits,
      run((hz) => ({ pm: { depthRad: 0.1, hz, phaseDeg: 180 } })),
    ),
  ];
}

function rampRows(setting: Setting): Row[] {
  const { nominalHz: f0, framesPerSecond: fs, performanceClass } = setting;
  const isP = performanceClass === "P";
  const range = isP ? 2 : Math.min(fs / 5, 5);
  const aside = (isP ? 2 : 7) / fs;
  const errors = worstOf([-1, 1].map((rateHzPerS) => {
    const ramp = { rateHzPerS, startS: 1, endS: 1 + 2 * range };
    return worstErrors(
      setting,
      ordinaryRate(setting),
      balanced(f0 - rateHzPerS * range, { ramp }),
      0,
      ramp.endS + 1,
      [ramp.startS, ramp.endS].map((t) => [t - aside, t + aside]),
    );
  }));
  return all("ramp of 1 Hz/s", { tve: 1, fe: 0.01, rfe: isP ? 0.4 : 0.2 }, errors);
}

/** From an instant to the sample that its report waits for, that sample's own time included. */
function latencyRow(setting: Setting): Row {
  const sampleRate = ordinaryRate(setting);
  const { list: instants } = new Instants({ ...setting, sampleRate, difference: "half-cycle" });
  const waits = instants.map(({ end }, k) => (end + 1) / sampleRate - k / setting.framesPerSecond);
  return {
    test: "latency of the method",
    figure: "ms",
    limit: (setting.performanceClass === "P" ? 2000 : 7000) / setting.framesPerSecond,
    measured: 1000 * Math.max(...waits),
  };
}

function worstOf(errors: readonly Errors[]): Errors {
  const worst = noErrors();
  for (const e of errors) takeWorst(worst, e);
  return worst;
}

/** From, to and all steps between them. */
function list(from: number, to: number, step: number): number[] {
  return Array.from(
    { length: Math.floor((to - from) / step + 1e-9) + 1 },
    (_, i) => from + i * step,
  );
}

function tve(test: string, limit: number, errors: Errors): Row {
  return { test, figure: "TVE, %", limit, measured: errors.tve };
}

function all(
  test: string,
  limits: { readonly tve: number; readonly fe: number; readonly rfe: number | null },
  errors: Errors,
): Row[] {
  return [
    tve(test, limits.tve, errors),
    { test, figure: "FE, Hz", limit: limits.fe, measured: errors.fe },
    ...(limits.rfe === null
      ? []
      : [{ test, figure: "RFE, Hz/s", limit: limits.rfe, measured: errors.rfe }]),
  ];
}
