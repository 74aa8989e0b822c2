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
/**
 * What a step is charged at most, in milliseconds: it is made to take about one on a slow board, and in what it takes
 * beyond that the host did something else.
 */
const MOST_MS_PER_STEP = 5;

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

  /** Charges what was done elsewhere, in milliseconds. */
  charge(ms: number): void {
    this.#earn();
    this.#leftMs -= ms;
  }

  /** Does `steps` and charges the time that each takes. */
  measureSteps<T>(steps: Steps<T>): Steps<T> {
    return chargedSteps(steps, () => this.#clock.monotonicMs(), (ms) => this.charge(ms));
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

/** Does `steps` and tells `charge` what each is to be charged; `nowMs` gives the time. */
export function* chargedSteps<T>(
  steps: Steps<T>,
  nowMs: () => number,
  charge: (ms: number) => void,
): Steps<T> {
  for (;;) {
    const began = nowMs();
    let result: IteratorResult<void, T>;
    try {
      result = steps.next();
    } finally {
      charge(Math.min(nowMs() - began, MOST_MS_PER_STEP));
    }
    if (result.done) return result.value;
    yield;
  }
}
