/**
 * Runs the phasor vectors: makes the samples of each case, estimates, and judges every listed instant.
 *
 * @module
 */
import { PhasorEstimator, type PhasorReport } from "../../mod/phasor/mod.ts";
import { RingFeeder, TEST_SECOND, type TestSignal } from "../../mod/phasor/testing.ts";
import type { Report, VectorFile } from "./report.ts";

/** Runs one file of `vectors/phasor`. */
export function run(file: VectorFile, report: Report): void {
  if (file.name === "README.md") return report.pass("known");
  if (!file.name.endsWith(".json")) {
    return report.fail("file", "is of no category that the README names");
  }
  const json: { version?: unknown; cases?: readonly Case[] } = JSON.parse(
    new TextDecoder().decode(file.bytes),
  );
  if (json.version !== 1 || !Array.isArray(json.cases)) {
    return report.fail("file", `expected a list of cases of version 1, found ${json.version}`);
  }
  for (const entry of json.cases) judge(entry, report);
}

interface Polar {
  readonly magnitude: number;
  readonly angleDeg: number;
}

interface Expected {
  readonly t: number;
  readonly phases: Readonly<Record<string, Polar>>;
  readonly positiveSequence: Polar;
  readonly frequencyHz: number;
  readonly rocofHzPerS: number;
}

/** One case as the README describes it. */
interface Case {
  readonly id: string;
  readonly class: "P" | "M";
  readonly nominalHz: 50 | 60;
  readonly reportingRate: number;
  readonly sampleRateHz: number;
  readonly lsb: number;
  readonly signal: TestSignal;
  readonly limits: {
    readonly tvePct: number;
    readonly feHz: number | null;
    readonly rfeHzPerS: number | null;
  };
  readonly expected: readonly Expected[];
}

/** Passes or fails each listed instant of a case. */
function judge(test: Case, report: Report): void {
  const left = new Map(test.expected.map((e) => [Math.round(e.t * test.reportingRate), e]));
  if (left.size === 0) return report.fail(test.id, "lists no instant");
  for (const [k, { t }] of left) {
    if (Math.abs(k / test.reportingRate - t) > 1e-9) {
      return report.fail(test.id, `expected instants of reports, found ${t} s`);
    }
  }
  const names = test.signal.phases.map((p) => p.name);
  const set = names.length === 3
    ? [{ name: "", channels: [names[0]!, names[1]!, names[2]!] as const }]
    : [];
  const estimator = new PhasorEstimator({
    performanceClass: test.class,
    nominalHz: test.nominalHz,
    framesPerSecond: test.reportingRate,
    sampleRate: test.sampleRateHz,
    difference: "half-cycle",
    channels: names.map((name, index) => ({
      name,
      index,
      quantity: "voltage",
      scale: test.lsb,
      rating: test.signal.fundamental.rms,
    })),
    sets: set,
  });
  const lastS = Math.max(...test.expected.map((e) => e.t)) + LEAD_S;
  const feeder = new RingFeeder(test.signal, test.sampleRateHz, test.lsb, 2, -LEAD_S);
  while (left.size > 0 && feeder.nextS < lastS) {
    feeder.feed();
    while (estimator.advance(feeder.ring)) {
      const found = estimator.report;
      const k = (found.second - TEST_SECOND) * test.reportingRate + found.index;
      const expected = left.get(k);
      if (!expected) continue;
      left.delete(k);
      const title = `${test.id} at ${expected.t} s`;
      const difference = compare(test, expected, found, names);
      if (difference === undefined) report.pass(title);
      else report.fail(title, difference);
    }
  }
  for (const { t } of left.values()) {
    report.fail(`${test.id} at ${t} s`, "expected a report, found none");
  }
}

/** Longer than any window before the first and behind the last instant. */
const LEAD_S = 1.1;

function compare(
  { limits, signal }: Case,
  expected: Expected,
  found: PhasorReport,
  names: readonly string[],
): string | undefined {
  if (!found.estimated) return "expected an estimate, found none";
  const rms = signal.fundamental.rms;
  const wanted: (readonly [string, Polar | undefined])[] = [
    ...names.map((name) => [name, expected.phases[name]] as const),
    ["positive sequence", expected.positiveSequence],
  ];
  for (const [place, [what, polar]] of wanted.entries()) {
    if (polar === undefined) return `${what}: the case has no phasor`;
    const magnitude = found.magnitudes[place]!, angle = found.angles[place]!;
    const error = polar.magnitude === 0
      ? 100 * magnitude / rms
      : totalVectorError(polar, { magnitude, angleDeg: angle });
    if (!(error <= limits.tvePct)) {
      return `${what}: expected ${show(polar)} within ${limits.tvePct} %, found ${
        show({ magnitude, angleDeg: angle })
      }, TVE ${error.toPrecision(3)} %`;
    }
  }
  return differs("frequency", "Hz", expected.frequencyHz, found.frequency, limits.feHz) ??
    differs("ROCOF", "Hz/s", expected.rocofHzPerS, found.rocof, limits.rfeHzPerS);
}

/** Total vector error in percent. */
function totalVectorError(expected: Polar, found: Polar): number {
  const turn = ((found.angleDeg - expected.angleDeg) * Math.PI) / 180;
  const ratio = found.magnitude / expected.magnitude;
  return 100 * Math.hypot(ratio * Math.cos(turn) - 1, ratio * Math.sin(turn));
}

function differs(
  what: string,
  unit: string,
  expected: number,
  found: number,
  limit: number | null,
): string | undefined {
  if (limit === null || Math.abs(found - expected) <= limit) return undefined;
  return `${what}: expected ${expected} ${unit} within ${limit}, found ${found}`;
}

function show({ magnitude, angleDeg }: Polar): string {
  return `${magnitude.toFixed(3)} at ${angleDeg.toFixed(4)} degrees`;
}
