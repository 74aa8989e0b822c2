/**
 * The book of one source of an aligner: what became of its frames, and how long they took to come.
 *
 * @module
 */
import type { Instant } from "../core/mod.ts";
import { LatencyHistogram } from "../core/mod.ts";

/** What became of the frames of one source: `received` is the sum of all fates. */
export interface SourceFigures {
  /** Frames that came. */
  received: number;
  /** Fate: put into a slot. */
  placed: number;
  /** Fate: not used, since down-sampling preferred another frame of the slot. */
  downsampled: number;
  /** Fate: the same stamp had come before. */
  duplicates: number;
  /** Fate: came after its wait, or after its slot was published. */
  late: number;
  /** Fate: the stamp lies further ahead of real time than the lead. */
  future: number;
  /** Fate: all its times are marked bad (or are no time at all), and it was not to be kept. */
  badTime: number;
  /** Beside the fates: put into the slot of its arrival. */
  sortedByArrival: number;
  /** Beside the fates: parts of placed frames that were left out for the bad time of their device. */
  badTimeParts: number;
  /** Beside the fates: placed although a newer one had come before. */
  outOfOrder: number;
  /** Beside the fates: placed into a slot that had one of this source already. */
  shared: number;
  /** Delay of the last late frame behind its stamp, in milliseconds; NaN before the first. */
  lastLateMs: number;
}

/** What is known about the delay of one source, and the wait that it would need. */
export interface WaitAdvice {
  /** Name of the source. */
  readonly source: string;
  /** Frames that this rests on: those of the last minute or two. */
  readonly frames: number;
  /** Median of arrival minus stamp in milliseconds; NaN without frames. */
  readonly p50Ms: number;
  /** 95th percentile. */
  readonly p95Ms: number;
  /** 99th percentile. */
  readonly p99Ms: number;
  /** Greatest delay. */
  readonly maxMs: number;
  /** Share of frames, 0 to 1, that came late. */
  readonly lateShare: number;
  /** Wait that would have sufficed for 99 % with a margin, in milliseconds; NaN without frames. */
  readonly suggestedWaitMs: number;
  /** True if the configured wait is shorter than the measured 99th percentile needs. */
  readonly tooShort: boolean;
}

const REMEMBERED = 64;
const TURN_MS = 60_000;

/** Counts for one source; nothing in it allocates per frame. */
export class SourceBook {
  /** The counters. */
  readonly figures: SourceFigures = {
    received: 0,
    placed: 0,
    downsampled: 0,
    duplicates: 0,
    late: 0,
    future: 0,
    badTime: 0,
    sortedByArrival: 0,
    badTimeParts: 0,
    outOfOrder: 0,
    shared: 0,
    lastLateMs: NaN,
  };
  readonly #seconds = new Float64Array(REMEMBERED).fill(NaN);
  readonly #nanos = new Float64Array(REMEMBERED);
  #next = 0;
  #newestSeconds = -Infinity;
  #newestNanos = 0;
  #recent = new LatencyHistogram();
  #older = new LatencyHistogram();
  #recentLate = 0;
  #olderLate = 0;
  #turnedMs = NaN;

  /** Notes the delay of a frame, late or not. */
  delay(micros: number, isLate: boolean, monotonicMs: number): void {
    if (!(monotonicMs - this.#turnedMs < TURN_MS)) this.#turn(monotonicMs);
    this.#recent.add(micros);
    if (isLate) this.#recentLate++;
  }

  /** True if the source was seen to place this stamp lately. */
  isRepeat(stamp: Instant): boolean {
    if (this.#isNewer(stamp)) return false;
    for (let i = 0; i < REMEMBERED; i++) {
      if (this.#seconds[i] === stamp.seconds && this.#nanos[i] === stamp.nanos) return true;
    }
    return false;
  }

  /** Remembers the stamp of a placed frame. */
  remember(stamp: Instant): void {
    this.#seconds[this.#next] = stamp.seconds;
    this.#nanos[this.#next] = stamp.nanos;
    this.#next = (this.#next + 1) % REMEMBERED;
    if (this.#isNewer(stamp)) {
      this.#newestSeconds = stamp.seconds;
      this.#newestNanos = stamp.nanos;
    } else {
      this.figures.outOfOrder++;
    }
  }

  /** Delays and advice; `waitMs` is what is configured, `baseMs` what every wait has on top of the delay. */
  advice(source: string, waitMs: number, baseMs: number): WaitAdvice {
    const all = new LatencyHistogram();
    all.merge(this.#older);
    all.merge(this.#recent);
    const p99Ms = all.percentile(99) / 1000;
    const needed = p99Ms + baseMs;
    return {
      source,
      frames: all.count,
      p50Ms: all.percentile(50) / 1000,
      p95Ms: all.percentile(95) / 1000,
      p99Ms,
      maxMs: all.max / 1000,
      lateShare: all.count > 0 ? (this.#recentLate + this.#olderLate) / all.count : 0,
      suggestedWaitMs: Math.max(10, Math.ceil((needed * 1.2 + 5) / 10) * 10),
      tooShort: all.count >= 20 && needed > waitMs,
    };
  }

  #isNewer(stamp: Instant): boolean {
    return stamp.seconds > this.#newestSeconds ||
      (stamp.seconds === this.#newestSeconds && stamp.nanos > this.#newestNanos);
  }

  #turn(monotonicMs: number): void {
    const empty = this.#older;
    this.#older = this.#recent;
    this.#recent = empty;
    this.#recent.reset();
    this.#olderLate = this.#recentLate;
    this.#recentLate = 0;
    this.#turnedMs = monotonicMs;
  }
}
