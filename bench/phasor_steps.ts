/**
 * Steps of magnitude and phase: response times, delay and overshoot by equivalent time sampling.
 *
 * @module
 */
import { balanced, type Setting, type Sighting, sightings } from "./phasor_measure.ts";
import type { Row } from "./phasor_tests.ts";

/** Runs of one step, each shifted by a fraction of a report. */
const RUNS = 20;

/** Rows for steps of +-10 % and +-10 degrees. */
export function stepRows(setting: Setting, sampleRate: number): Row[] {
  const { nominalHz: f0, framesPerSecond: fs, performanceClass } = setting;
  const isP = performanceClass === "P";
  const slow = (reports: number) => Math.max(reports / fs, reports / f0);
  const limits = isP
    ? { tve: 2 / f0, fe: 4.5 / f0, rfe: 6 / f0, overshoot: 5 }
    : { tve: slow(7), fe: slow(14), rfe: slow(14), overshoot: 10 };
  return (["magnitude", "phase"] as const).flatMap((what): Row[] => {
    const figures = [-10, 10].map((size) => respond(setting, sampleRate, what, size));
    const worst = (of: (figures: StepFigures) => number) => Math.max(...figures.map(of));
    const row = (figure: string, limit: number, measured: number): Row => ({
      test: `step of ${what}`,
      figure,
      limit,
      measured,
    });
    return [
      row("response of the phasor, ms", 1000 * limits.tve, 1000 * worst((f) => f.tve)),
      row("response of frequency, ms", 1000 * limits.fe, 1000 * worst((f) => f.fe)),
      row("response of ROCOF, ms", 1000 * limits.rfe, 1000 * worst((f) => f.rfe)),
      row("delay, ms", 1000 / (4 * fs), 1000 * worst((f) => f.delay)),
      row("overshoot, % of step", limits.overshoot, worst((f) => f.overshoot)),
    ];
  });
}

interface StepFigures {
  readonly tve: number;
  readonly fe: number;
  readonly rfe: number;
  readonly delay: number;
  readonly overshoot: number;
}

function respond(
  setting: Setting,
  sampleRate: number,
  what: "magnitude" | "phase",
  size: number,
): StepFigures {
  const { framesPerSecond: fs, nominalHz, performanceClass } = setting;
  const seen: (Sighting & { since: number })[] = [];
  const beforeS = 1;
  for (let run = 0; run < RUNS; run++) {
    const atS = beforeS + run / (RUNS * fs);
    const step = {
      atS,
      magnitudePct: what === "magnitude" ? size : 0,
      phaseDeg: what === "phase" ? size : 0,
    };
    const signal = balanced(nominalHz, { steps: [step] });
    for (const sighting of sightings(setting, sampleRate, signal, 0, 2 * beforeS)) {
      seen.push({ ...sighting, since: sighting.t - atS });
    }
  }
  seen.sort((a, b) => a.since - b.since);
  // The three phases and the positive sequence.
  const curves = [0, 1, 2, 3].map((p) => progressOf(seen, p, what, size));
  return {
    tve: responseTime(seen, (s) => s.tve > 1),
    fe: responseTime(seen, (s) => s.fe > 0.005),
    rfe: responseTime(seen, (s) => s.rfe > (performanceClass === "P" ? 0.4 : 0.1)),
    delay: Math.max(...curves.map((curve) => Math.abs(delayOf(seen, curve)))),
    overshoot: 100 * Math.max(
      0,
      ...curves.map((curve) => Math.max(Math.max(...curve) - 1, -Math.min(...curve))),
    ),
  };
}

/** How much of the step each report shows: 0 before, 1 behind it. */
function progressOf(
  seen: readonly Sighting[],
  phasor: number,
  what: "magnitude" | "phase",
  size: number,
): number[] {
  const { magnitudes, angles } = seen[0]!;
  return seen.map((s) =>
    what === "magnitude"
      ? (s.magnitudes[phasor]! / magnitudes[phasor]! - 1) / (size / 100)
      : (s.angles[phasor]! - angles[phasor]!) / size
  );
}

/** When half of the step is shown, in seconds after it. */
function delayOf(seen: readonly { readonly since: number }[], curve: readonly number[]): number {
  const half = curve.findIndex((progress) => progress >= 0.5);
  const a = curve[half - 1]!, b = curve[half]!;
  const from = seen[half - 1]!.since, to = seen[half]!.since;
  return from + ((0.5 - a) / (b - a)) * (to - from);
}

/** From the first to the last report outside of a limit, in seconds, to where the next ones are inside. */
function responseTime<T extends { readonly since: number }>(
  seen: readonly T[],
  isOutside: (sighting: T) => boolean,
): number {
  const from = seen.findIndex(isOutside);
  if (from < 0) return 0;
  const to = seen.findLastIndex(isOutside);
  if (from === 0 || to === seen.length - 1) return NaN;
  return seen[to + 1]!.since - seen[from - 1]!.since;
}
