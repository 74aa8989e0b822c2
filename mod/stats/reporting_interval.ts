/**
 * When reporting intervals end: at whole multiples of their length since 1970, by a clock that may step.
 *
 * @module
 */

/** The ends of intervals of one length. */
export class ReportingInterval {
  readonly #lengthMicros: number;
  #nextMicros: number;

  /** Intervals of `lengthSeconds`; the first ends at the next multiple after `nowMicros`. */
  constructor(lengthSeconds: number, nowMicros: number) {
    this.#lengthMicros = lengthSeconds * 1e6;
    this.#nextMicros = this.#after(nowMicros);
  }

  /** The next end, in microseconds since 1970. */
  get nextMicros(): number {
    return this.#nextMicros;
  }

  /**
   * The end that has come, in seconds since 1970, once; undefined while the interval runs.
   *
   * A clock that jumps forwards over several ends reaches the last of them only; one that is set
   * back by more than an interval lets the interval run on to the next multiple of its new time.
   */
  due(nowMicros: number): number | undefined {
    if (nowMicros < this.#nextMicros) {
      if (this.#nextMicros - nowMicros > 2 * this.#lengthMicros) {
        this.#nextMicros = this.#after(nowMicros);
      }
      return undefined;
    }
    this.#nextMicros = this.#after(nowMicros);
    return (this.#nextMicros - this.#lengthMicros) / 1e6;
  }

  #after(micros: number): number {
    return (Math.floor(micros / this.#lengthMicros) + 1) * this.#lengthMicros;
  }
}
