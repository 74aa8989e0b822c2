/**
 * Least, greatest and mean of latencies.
 *
 * @module
 */

/** Least, greatest and mean of what was added, in microseconds; NaN of nothing. */
export class Spread {
  #min = Infinity;
  #max = -Infinity;
  #sum = 0;
  #count = 0;

  /** Adds one latency in microseconds. */
  add(micros: number): void {
    if (micros < this.#min) this.#min = micros;
    if (micros > this.#max) this.#max = micros;
    this.#sum += micros;
    this.#count++;
  }
  /** Least, in milliseconds. */
  get minMs(): number {
    return this.#count > 0 ? this.#min / 1000 : NaN;
  }
  /** Greatest, in milliseconds. */
  get maxMs(): number {
    return this.#count > 0 ? this.#max / 1000 : NaN;
  }
  /** Mean, in milliseconds. */
  get meanMs(): number {
    return this.#count > 0 ? this.#sum / this.#count / 1000 : NaN;
  }
  /** Forgets everything. */
  reset(): void {
    this.#min = Infinity;
    this.#max = -Infinity;
    this.#sum = 0;
    this.#count = 0;
  }
}
