/**
 * Measurements per second: least, most and mean over the whole seconds of an interval.
 *
 * @module
 */

/** Counts by whole seconds of the time that never steps. */
export class RateMeter {
  /** Least count of a whole second of the interval; NaN before one is over. */
  min = NaN;
  /** Greatest count of a whole second of the interval; NaN before one is over. */
  max = NaN;
  #startMs: number;
  #seconds = 0;
  #sum = 0;
  #count = 0;

  /** Starts the first second at `monotonicMs`. */
  constructor(monotonicMs: number) {
    this.#startMs = monotonicMs;
  }

  /** Mean count over the whole seconds of the interval; NaN before one is over. */
  get mean(): number {
    return this.#seconds > 0 ? this.#sum / this.#seconds : NaN;
  }

  /** Counts `count` measurements at `monotonicMs`. */
  add(count: number, monotonicMs: number): void {
    if (monotonicMs - this.#startMs >= 1000) this.advance(monotonicMs);
    this.#count += count;
  }

  /** Ends the seconds that are over. */
  advance(monotonicMs: number): void {
    const over = Math.floor((monotonicMs - this.#startMs) / 1000);
    if (over < 1) return;
    this.#take(this.#count);
    this.#count = 0;
    if (over > 1) this.#take(0);
    this.#seconds += over - Math.min(over, 2);
    this.#startMs += over * 1000;
  }

  /** Begins a new interval; the second that runs goes on. */
  reset(): void {
    this.min = NaN;
    this.max = NaN;
    this.#seconds = 0;
    this.#sum = 0;
  }

  #take(count: number): void {
    this.#seconds++;
    this.#sum += count;
    if (!(this.min <= count)) this.min = count;
    if (!(this.max >= count)) this.max = count;
  }
}
