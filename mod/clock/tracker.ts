/**
 * Follows the readings of one source: filtered offset, scatter, bound of the error, steps.
 *
 * @module
 */
import { noReading, type TimeReading } from "./reading.ts";

/** What a source is worth now. */
export interface SourceJudgement {
  /** Name of the source. */
  readonly name: string;
  /** The reading that it rests on. */
  readonly reading: TimeReading;
  /** Offset over the last readings, in nanoseconds; NaN if unknown, or if the source cannot be followed. */
  readonly offsetNs: number;
  /** Standard deviation of the offset over a minute, in nanoseconds; 0 for fewer than two; NaN as the offset is. */
  readonly deviationNs: number;
  /** Upper bound of |own time - UTC|, in nanoseconds; Infinity if unknown. */
  readonly errorNs: number;
  /** Change of the offset that the last reading brought when it was a step, in nanoseconds; else 0. */
  readonly stepNs: number;
}

const WINDOW_MS = 60_000;
const MOST = 256;
/** Offsets that are averaged. */
const FILTER = 8;

/** The readings of one source over the last minute; of one that is asked less often, the newest. */
export class SourceTracker {
  /** Name of the source. */
  readonly name: string;
  readonly #stepLimitNs: number;
  #samples: { readonly ms: number; readonly offsetNs: number }[] = [];
  #reading: TimeReading = noReading("not asked yet");

  /** Makes a tracker; a step is an offset that leaves the filtered one by more than `stepLimitNs` and what its source tolerates. */
  constructor(name: string, stepLimitNs: number) {
    this.name = name;
    this.#stepLimitNs = stepLimitNs;
  }

  /** Takes a reading and judges the source at `nowMs`. */
  take(reading: TimeReading, nowMs: number): SourceJudgement {
    let stepNs = 0;
    if (this.#isNew(reading)) {
      const before = this.#filtered();
      const change = reading.offsetNs - before;
      const limit = Math.max(this.#stepLimitNs, reading.toleranceNs, 10 * this.#deviation());
      if (Math.abs(change) > limit) {
        stepNs = change;
        this.#samples = [];
      }
      this.#samples.push({ ms: reading.sampleMs, offsetNs: reading.offsetNs });
    }
    this.#reading = reading;
    // What is older still is judged by its age; an answer of NTP that was quick stands for minutes.
    const least = reading.usable ? 1 : 0;
    while (this.#samples.length > least && this.#samples[0]!.ms < nowMs - WINDOW_MS) {
      this.#samples.shift();
    }
    if (this.#samples.length > MOST) this.#samples.shift();
    const offsetNs = reading.usable ? this.#filtered() : NaN;
    const deviationNs = reading.usable ? this.#deviation() : NaN;
    return {
      name: this.name,
      reading,
      offsetNs,
      deviationNs,
      errorNs: this.#error(offsetNs, deviationNs, nowMs),
      stepNs,
    };
  }

  #isNew(reading: TimeReading): boolean {
    const newest = this.#samples.at(-1);
    return reading.usable && Number.isFinite(reading.offsetNs) &&
      (!newest || reading.sampleMs > newest.ms);
  }

  #error(offsetNs: number, deviationNs: number, nowMs: number): number {
    const { usable, referenceErrorNs, growthNsPerSecond, sampleMs } = this.#reading;
    if (!usable || Number.isNaN(offsetNs)) return Infinity;
    const age = Math.max(0, nowMs - sampleMs) / 1000;
    return referenceErrorNs + Math.abs(offsetNs) + 3 * deviationNs + growthNsPerSecond * age;
  }

  #filtered(): number {
    const last = this.#samples.slice(-FILTER);
    return last.length === 0 ? NaN : last.reduce((sum, s) => sum + s.offsetNs, 0) / last.length;
  }

  #deviation(): number {
    const n = this.#samples.length;
    if (n < 2) return 0;
    const mean = this.#samples.reduce((sum, s) => sum + s.offsetNs, 0) / n;
    const squares = this.#samples.reduce((sum, s) => sum + (s.offsetNs - mean) ** 2, 0);
    return Math.sqrt(squares / (n - 1));
  }
}
