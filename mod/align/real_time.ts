/**
 * Real time as an aligner sees it, by each way of waiting (specs/concentrator.md, sections 3 and 9).
 *
 * @module
 */
import type { WaitMode } from "./options.ts";

/** Holds what is known of real time; all results are microseconds since 1970. */
export class RealTime {
  readonly #mode: WaitMode;
  readonly #leadMicros: number;
  readonly #restMs: number;
  // Newest reasonable stamp; with relative wait together with the moment at which it came.
  #newest = NaN;
  #newestMs = NaN;
  #placedMs = NaN;
  #lastNow = NaN;
  #lastMs = NaN;

  /** Knows the way of waiting. */
  constructor(mode: WaitMode, waitMs: number, leadMs: number) {
    this.#mode = mode;
    this.#leadMicros = leadMs * 1000;
    this.#restMs = waitMs + leadMs;
  }

  /**
   * Real time.
   *
   * Absolute: the local clock. By data time: the newest reasonable stamp, or the local clock when that is
   * further away than the lead. Relative: the newest stamp, carried on by the monotonic clock; where
   * there is none, or nothing was placed for wait and lead together, `stampMicros`.
   */
  at(nowMicros: number, monotonicMs: number, stampMicros: number): number {
    if (this.#mode === "absolute") return nowMicros;
    if (this.#mode === "dataTime") {
      if (!(Math.abs(nowMicros - this.#newest) <= this.#leadMicros)) this.#newest = nowMicros;
      return this.#newest;
    }
    if (!(monotonicMs - this.#placedMs <= this.#restMs)) return stampMicros;
    return this.#newest + (monotonicMs - this.#newestMs) * 1000;
  }

  /** A frame with this stamp was placed: real time moves on, never back. */
  saw(stampMicros: number, nowMicros: number, monotonicMs: number): void {
    if (this.#mode === "dataTime") {
      const isReasonable = Math.abs(nowMicros - stampMicros) <= this.#leadMicros;
      if (stampMicros > this.#newest && isReasonable) this.#newest = stampMicros;
    } else if (this.#mode === "relative") {
      const rested = !(monotonicMs - this.#placedMs <= this.#restMs);
      const carried = this.#newest + (monotonicMs - this.#newestMs) * 1000;
      if (rested || stampMicros > carried) {
        this.#newest = stampMicros;
        this.#newestMs = monotonicMs;
      }
      this.#placedMs = monotonicMs;
    }
  }

  /** When the host's clock will show that `deadlineMicros` of real time is reached, if nothing comes until then. */
  hostTimeOf(deadlineMicros: number): number {
    if (this.#mode !== "dataTime" || this.#newest !== this.#newest) return deadlineMicros;
    return Math.max(deadlineMicros, this.#newest + this.#leadMicros + 1);
  }

  /** By how many milliseconds the host's clock stepped since the last call; 0 at the first. */
  stepMs(nowMicros: number, monotonicMs: number): number {
    const step = (nowMicros - this.#lastNow) / 1000 - (monotonicMs - this.#lastMs);
    this.#lastNow = nowMicros;
    this.#lastMs = monotonicMs;
    return step === step ? step : 0;
  }
}
