/**
 * One value against one limit: hysteresis and delay.
 *
 * @module
 */

/**
 * The time that all watches of one source share, in its unit: sample numbers or microseconds.
 *
 * A field, since numbers of this size that are handed to a call take sixteen octets of heap each time.
 */
export class SharedTime {
  /** Time of the sample or frame that is looked at; grows. */
  now = 0.5; // a fraction, so that the field is a double from the start
}

/**
 * Watches one value. It picks up beyond the limit, fires when it has been picked up for the delay,
 * and lets go when the value is back by the hysteresis.
 *
 * Nothing is allocated.
 */
export class Comparator {
  readonly #time: SharedTime;
  readonly #sign: number;
  readonly #limit: number;
  readonly #release: number;
  readonly #delay: number;
  #isPicked = false;
  #isActive = false;
  #since = 0.5; // a fraction, so that the field is a double from the start

  /** `release` lies on the good side of `limit`, or is equal to it; `delay` in units of time. */
  constructor(
    time: SharedTime,
    direction: "over" | "under",
    limit: number,
    release: number,
    delay: number,
  ) {
    this.#time = time;
    this.#sign = direction === "over" ? 1 : -1;
    this.#limit = this.#sign * limit;
    this.#release = this.#sign * release;
    this.#delay = delay;
  }

  /** True from firing until the value is back. */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** When the value went beyond the limit; meaningful while it is picked up. */
  get since(): number {
    return this.#since;
  }

  /** Takes the value of now; true if the comparator fires. */
  take(value: number): boolean {
    const x = this.#sign * value;
    if (!this.#isPicked) {
      if (!(x > this.#limit)) return false;
      this.#isPicked = true;
      this.#since = this.#time.now;
    } else if (x <= this.#release) {
      this.#isPicked = false;
      this.#isActive = false;
      return false;
    }
    if (this.#isActive || this.#time.now - this.#since < this.#delay) return false;
    this.#isActive = true;
    return true;
  }

  /** There is no value to look at: what has not fired begins anew, what has fired stays. */
  interrupt(): void {
    if (!this.#isActive) this.#isPicked = false;
  }
}
