/**
 * How much of the gateway's time a subscriber's filters may take, so that none can hurt another.
 *
 * @module
 */
import { type Clock, DecodeError, type Steps } from "../../core/mod.ts";

/** What may be used at once, in milliseconds. */
const BURST_MS = 500;
/** What may be used in the long run: milliseconds per second. */
const MS_PER_SECOND = 50;

/** Measures work and refuses more when too much was done. */
export class WorkBudget {
  readonly #clock: Clock;
  #leftMs = BURST_MS;
  #atMs: number;

  /** Starts full. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#atMs = clock.monotonicMs();
  }

  /** Throws DecodeError if nothing is left. */
  check(): void {
    this.#earn();
    if (this.#leftMs > 0) return;
    throw new DecodeError(
      "busy",
      "Filters have taken too much time: wait before the next request.",
    );
  }

  /** Does `work` and charges the time that it takes. */
  measure<T>(work: () => T): T {
    const began = this.#clock.monotonicMs();
    try {
      return work();
    } finally {
      this.charge(this.#clock.monotonicMs() - began);
    }
  }

  /** Charges what was done elsewhere, in milliseconds. */
  charge(ms: number): void {
    this.#earn();
    this.#leftMs -= ms;
  }

  /** Does `steps` and charges the time that each takes. */
  *measureSteps<T>(steps: Steps<T>): Steps<T> {
    for (;;) {
      const { done, value } = this.measure(() => steps.next());
      if (done) return value;
      yield;
    }
  }

  #earn(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#leftMs = Math.min(
      BURST_MS,
      this.#leftMs + (nowMs - this.#atMs) / 1000 * MS_PER_SECOND,
    );
    this.#atMs = nowMs;
  }
}
