/**
 * How many events a stream may begin.
 *
 * @module
 */

/** Lets a number of events per minute begin, at once or spread; time is counted in samples. */
export class EventRate {
  readonly #perMinute: number;
  readonly #perSample: number;
  #tokens: number;

  /** Full at the start. */
  constructor(perMinute: number, rate: number) {
    this.#perMinute = perMinute;
    this.#perSample = perMinute / (60 * rate);
    this.#tokens = perMinute;
  }

  /** Samples have come. */
  pass(samples: number): void {
    this.#tokens = Math.min(this.#perMinute, this.#tokens + samples * this.#perSample);
  }

  /** True, and one fewer left, if another event may begin. */
  take(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
