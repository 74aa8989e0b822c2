/**
 * Waits between attempts: growing, with jitter and a ceiling.
 *
 * @module
 */

/** Doubles the wait with each failure; a connection that held starts again at the first wait. */
export class Backoff {
  readonly #firstMs: number;
  readonly #longestMs: number;
  readonly #random: () => number;
  #failures = 0;

  /** Waits from `firstMs` to `longestMs`, give or take a quarter; `random` is from 0 to 1. */
  constructor(firstMs: number, longestMs: number, random: () => number) {
    this.#firstMs = firstMs;
    this.#longestMs = longestMs;
    this.#random = random;
  }

  /** The next wait in milliseconds, never above the longest. */
  next(): number {
    const wait = this.#firstMs * 2 ** this.#failures;
    if (wait < this.#longestMs) this.#failures++;
    return Math.min(this.#longestMs, wait * (0.75 + this.#random() / 2));
  }

  /** The connection held: the next failure waits for the shortest time. */
  reset(): void {
    this.#failures = 0;
  }
}
