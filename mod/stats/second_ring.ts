/**
 * A ring of counters by second of arrival, on which both ledgers are built.
 *
 * @module
 */

/** Counts in columns, in total and for each of the last `seconds` seconds; adding allocates nothing. */
export class SecondRing {
  /** Totals by column since the start. */
  readonly totals: Float64Array;
  readonly #columns: number;
  readonly #size: number;
  readonly #seconds: Float64Array;
  readonly #counts: Float64Array;

  /** Keeps `columns` counters for each of `seconds` seconds. */
  constructor(columns: number, seconds: number) {
    this.totals = new Float64Array(columns);
    this.#columns = columns;
    this.#size = seconds;
    this.#seconds = new Float64Array(seconds).fill(-Infinity);
    this.#counts = new Float64Array(columns * seconds);
  }

  /** Adds `count` to a column in the second of `arrivalMicros`; a second that has left the ring is only in the totals. */
  add(column: number, arrivalMicros: number, count: number): void {
    this.totals[column]! += count;
    const second = Math.floor(arrivalMicros / 1e6);
    const at = ((second % this.#size) + this.#size) % this.#size;
    const held = this.#seconds[at]!;
    if (held !== second) {
      if (!(second > held)) return;
      this.#seconds[at] = second;
      this.#counts.fill(0, at * this.#columns, (at + 1) * this.#columns);
    }
    this.#counts[at * this.#columns + column]! += count;
  }

  /** The seconds that are held, or the `last` of them, oldest first. */
  seconds(last: number = Infinity): number[] {
    const sorted = this.#seconds.slice().sort();
    let from = Math.max(0, sorted.length - last);
    while (sorted[from] === -Infinity) from++;
    return [...sorted.subarray(from)];
  }

  /** The counters of a second that is held, lent until the next call of `add`; undefined if it is not held. */
  row(second: number): Float64Array | undefined {
    const at = ((second % this.#size) + this.#size) % this.#size;
    if (this.#seconds[at] !== second) return undefined;
    return this.#counts.subarray(at * this.#columns, (at + 1) * this.#columns);
  }
}
