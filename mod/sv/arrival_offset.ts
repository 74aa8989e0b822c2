/**
 * How a free-running publisher's clock lies against ours, from arrivals alone.
 *
 * @module
 */

/** Seconds over which the least delay is looked for. */
const BUCKETS = 4;
/** How fast the estimate may move: 100 ppm, more than any oscillator in a merging unit is off. */
const MAX_SLOPE = 100e-6;

/**
 * Minimum-delay filter: the estimate follows the least distance between arrival and nominal sample time
 * of the last seconds, at no more than 100 ppm. In its first second it follows at once.
 */
export class ArrivalOffset {
  /** Estimate in nanoseconds: our time of a sample minus its nominal time. */
  nanos = 0;
  readonly #least: Float64Array = new Float64Array(BUCKETS);
  #second = -1;
  #firstSecond = -1;
  #seconds = 0;
  #arrivalNanos = 0;

  /** Forgets everything. */
  reset(): void {
    this.nanos = 0;
    this.#second = -1;
    this.#firstSecond = -1;
  }

  /** Takes the arrival at `seconds` and `nanos`, which was `distanceNanos` behind the nominal time. */
  add(distanceNanos: number, seconds: number, nanos: number): void {
    if (seconds !== this.#second) this.#turn(seconds);
    const bucket = seconds % BUCKETS;
    if (distanceNanos < this.#least[bucket]!) this.#least[bucket] = distanceNanos;
    let target = Infinity;
    for (let i = 0; i < BUCKETS; i++) if (this.#least[i]! < target) target = this.#least[i]!;
    if (seconds <= this.#firstSecond) {
      this.nanos = target;
    } else {
      const elapsed = (seconds - this.#seconds) * 1e9 + nanos - this.#arrivalNanos;
      const most = Math.max(0, elapsed) * MAX_SLOPE;
      this.nanos += Math.max(-most, Math.min(most, target - this.nanos));
    }
    this.#seconds = seconds;
    this.#arrivalNanos = nanos;
  }

  #turn(seconds: number): void {
    if (this.#second < 0) {
      this.#least.fill(Infinity);
      this.#firstSecond = seconds + 1;
    } else {
      const gone = seconds - this.#second;
      // Buckets of seconds without arrivals are empty; a step of our clock empties them all.
      for (let i = 0; i < BUCKETS && (gone < 0 || gone >= BUCKETS || i < gone); i++) {
        this.#least[(seconds + BUCKETS - i) % BUCKETS] = Infinity;
      }
    }
    this.#second = seconds;
  }
}
