/**
 * How long a thread's own work holds its event loop.
 *
 * @module
 */
import { threadMicros } from "./clock.ts";

/**
 * Looks at the thread's processor time about once a millisecond.
 *
 * What was used between two looks is at least one turn of the event loop, so that the longest turn is not longer than
 * the longest of these. Time that other threads and processes take away is not in it; the collector's pauses are.
 */
export class TurnMeter {
  readonly #turns: number[] = [];
  #last = threadMicros();
  #timer: ReturnType<typeof setTimeout>;

  /** Begins. */
  constructor() {
    this.#timer = setTimeout(() => this.#look(), 0);
  }

  /** What was used between two looks since the last call, in milliseconds, the most first. */
  take(): number[] {
    return this.#turns.splice(0).sort((a, b) => b - a);
  }

  /** Ends. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #look(): void {
    const now = threadMicros();
    this.#turns.push((now - this.#last) / 1000);
    this.#last = now;
    this.#timer = setTimeout(() => this.#look(), 0);
  }
}
