/**
 * Where the windows of each reporting instant of a second lie in the stream of samples.
 *
 * @module
 */
import { phasorTaps, sampled, type SampledWindow, type Taps } from "./taps.ts";
import {
  type NominalHz,
  type PerformanceClass,
  triangle,
  type Window,
  windowOf,
} from "./window.ts";

/** Spacing of the three phasors from which frequency and ROCOF come: half a nominal cycle, or one sample. */
export type Difference = "half-cycle" | "sample";

/** What the places and weights of windows depend on. */
export interface InstantOptions {
  /** Performance class. */
  readonly performanceClass: PerformanceClass;
  /** Nominal frequency in Hz. */
  readonly nominalHz: NominalHz;
  /** Reports per second. */
  readonly framesPerSecond: number;
  /** Samples per second. */
  readonly sampleRate: number;
  /** Spacing of the differences. */
  readonly difference: Difference;
}

/** A window in its place: weights, and the sample that their numbers count from. */
export interface PlacedTaps {
  /** Sample at or before the middle, counted from the start of the second. */
  readonly centre: number;
  /** Part of a sample by which the middle lies after it. */
  readonly fraction: number;
  /** Weights. */
  readonly taps: Taps;
}

/** One reporting instant `k / framesPerSecond` of a second; samples are counted from the start of that second. */
export interface ReportingInstant {
  /** First sample that any window needs; negative before the second. */
  readonly start: number;
  /** Last sample that any window needs. */
  readonly end: number;
  /** Cosine of `2 pi f0 T`. */
  readonly cos: number;
  /** Sine of `2 pi f0 T`. */
  readonly sin: number;
  /** The window at T. */
  readonly at: PlacedTaps;
  /** The window at T - d. */
  readonly before: PlacedTaps;
  /** The window at T + d. */
  readonly after: PlacedTaps;
  /** Weights of the mean square at T, for {@linkcode PlacedTaps.centre} of `at`. */
  readonly rms: SampledWindow;
}

/** All reporting instants of a second, with the windows of one class at one rate; may be shared by estimators. */
export class Instants {
  /** What it was made for. */
  readonly options: InstantOptions;
  /** The instants in order; `framesPerSecond` of them. */
  readonly list: readonly ReportingInstant[];
  /** Spacing of the differences in seconds. */
  readonly spacing: number;
  /** Most samples that any instant's windows span. */
  readonly span: number;
  /** Bytes of all weights. */
  readonly bytes: number;

  /** Computes all weights. Throws a RangeError for rates that are not whole or out of range. */
  constructor(options: InstantOptions) {
    requireRates(options);
    this.options = options;
    const { performanceClass, nominalHz, framesPerSecond, sampleRate } = options;
    const window = windowOf(performanceClass, nominalHz, framesPerSecond);
    const { unit, perReport, apart } = gridOf(options);
    this.spacing = apart / unit / sampleRate;
    const tables = new Map<number, Taps>();
    const squares = new Map<number, SampledWindow>();
    const place = (units: number): PlacedTaps => {
      const centre = Math.floor(units / unit);
      const part = units - centre * unit;
      return {
        centre,
        fraction: part / unit,
        taps: held(tables, part, () => phasorTaps(window, nominalHz, sampleRate, part / unit)),
      };
    };
    this.list = Array.from({ length: framesPerSecond }, (_, k): ReportingInstant => {
      const units = k * perReport;
      const at = place(units), before = place(units - apart), after = place(units + apart);
      const part = units - at.centre * unit;
      const rms = held(
        squares,
        part,
        () => sampled(triangle(nominalHz), sampleRate, part / unit),
      );
      const turns = (nominalHz * k % framesPerSecond) / framesPerSecond;
      return {
        start: Math.min(before.centre + before.taps.first, at.centre + rms.first),
        end: Math.max(lastOf(after), at.centre + rms.first + rms.weights.length - 1),
        cos: Math.cos(2 * Math.PI * turns),
        sin: Math.sin(2 * Math.PI * turns),
        at,
        before,
        after,
        rms,
      };
    });
    this.span = Math.max(...this.list.map(({ start, end }) => end - start + 1));
    let bytes = 0;
    for (const { cos, sin } of tables.values()) bytes += cos.byteLength + sin.byteLength;
    for (const { weights } of squares.values()) bytes += weights.byteLength;
    this.bytes = bytes;
  }
}

/** Octets of all weights for `options` at most, for a budget: nothing is computed. */
export function weightBytes(options: InstantOptions): number {
  const { performanceClass, nominalHz, framesPerSecond, sampleRate } = options;
  const { unit, perReport, apart } = gridOf(options);
  const phasors = new Set<number>(), squares = new Set<number>();
  for (let k = 0; k < framesPerSecond; k++) {
    for (const shift of [-apart, 0, apart]) {
      phasors.add(((k * perReport + shift) % unit + unit) % unit);
    }
    squares.add(k * perReport % unit);
  }
  // A window may reach into the intervals of two samples more.
  const samplesOf = ({ halfSeconds }: Window) => 2 * halfSeconds * sampleRate + 2;
  const taps = samplesOf(windowOf(performanceClass, nominalHz, framesPerSecond));
  return 8 * (2 * phasors.size * taps + squares.size * samplesOf(triangle(nominalHz)));
}

/** Keeps the weights of equal options once, for many streams of one kind. */
export class SharedInstants {
  readonly #made: Instants[] = [];

  /** The instants for `options`, made at the first call. */
  get(options: InstantOptions): Instants {
    const found = this.#made.find(({ options: o }) =>
      o.performanceClass === options.performanceClass && o.nominalHz === options.nominalHz &&
      o.framesPerSecond === options.framesPerSecond && o.sampleRate === options.sampleRate &&
      o.difference === options.difference
    );
    if (found) return found;
    const made = new Instants(options);
    this.#made.push(made);
    return made;
  }
}

/** All places are whole multiples of 1/unit of a sample, so that equal fractions share one table. */
function gridOf({ nominalHz, framesPerSecond, sampleRate, difference }: InstantOptions): {
  unit: number;
  perReport: number;
  apart: number;
} {
  const unit = leastCommonMultiple(framesPerSecond, 2 * nominalHz);
  return {
    unit,
    perReport: sampleRate * (unit / framesPerSecond),
    apart: difference === "sample" ? unit : sampleRate * (unit / (2 * nominalHz)),
  };
}

function lastOf({ centre, taps }: PlacedTaps): number {
  return centre + taps.first + taps.cos.length - 1;
}

function requireRates({ nominalHz, framesPerSecond, sampleRate }: InstantOptions): void {
  if (nominalHz !== 50 && nominalHz !== 60) {
    throw new RangeError(`Cannot estimate phasors: expected 50 or 60 Hz, found ${nominalHz}`);
  }
  if (!Number.isInteger(framesPerSecond) || framesPerSecond < 1 || framesPerSecond > 120) {
    throw new RangeError(
      `Cannot estimate phasors: expected 1 to 120 whole reports per second, found ${framesPerSecond}`,
    );
  }
  if (!Number.isInteger(sampleRate) || sampleRate < 16 * nominalHz || sampleRate > 96_000) {
    throw new RangeError(
      `Cannot estimate phasors: expected ${
        16 * nominalHz
      } to 96000 whole samples per second, found ${sampleRate}`,
    );
  }
}

function held<T>(map: Map<number, T>, key: number, make: () => T): T {
  let value = map.get(key);
  if (value === undefined) map.set(key, value = make());
  return value;
}

function leastCommonMultiple(a: number, b: number): number {
  let x = a, y = b;
  while (y !== 0) [x, y] = [y, x % y];
  return (a / x) * b;
}
