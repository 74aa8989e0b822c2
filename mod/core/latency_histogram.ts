/**
 * A histogram of delays with fixed logarithmic buckets: adding allocates nothing, percentiles are read at leisure.
 *
 * @module
 */

// Values below 32 us have a bucket each; above, each doubling has 32 buckets: within 1/32 of the value.
const SUB = 32;
const SUB_BITS = 5;
const PER_SIGN = (32 - SUB_BITS) * SUB + SUB;
const LARGEST = 0xffff_ffff;

/**
 * Delays in whole microseconds, signed, from -71 to +71 minutes; what lies beyond counts as the limit.
 *
 * A percentile is within 3.2 % of the true one, and within half a microsecond below 32 us; the
 * minimum, the maximum and the mean are exact.
 */
export class LatencyHistogram {
  readonly #counts = new Float64Array(2 * PER_SIGN);
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = -Infinity;

  /** Number of values. */
  get count(): number {
    return this.#count;
  }
  /** Smallest value in microseconds; NaN when empty. */
  get min(): number {
    return this.#count > 0 ? this.#min : NaN;
  }
  /** Largest value in microseconds; NaN when empty. */
  get max(): number {
    return this.#count > 0 ? this.#max : NaN;
  }
  /** Arithmetic mean in microseconds; NaN when empty. */
  get mean(): number {
    return this.#count > 0 ? this.#sum / this.#count : NaN;
  }

  /** Adds one delay in microseconds; NaN is left out. */
  add(micros: number): void {
    if (micros !== micros) return;
    this.#count++;
    this.#sum += micros;
    if (micros < this.#min) this.#min = micros;
    if (micros > this.#max) this.#max = micros;
    const index = micros < 0 ? PER_SIGN - 1 - bucketOf(-micros) : PER_SIGN + bucketOf(micros);
    this.#counts[index]!++;
  }

  /** The value below which `percent` (0 to 100) of the values lie, in microseconds; NaN when empty. */
  percentile(percent: number): number {
    if (this.#count === 0) return NaN;
    const wanted = Math.max(1, Math.ceil((percent / 100) * this.#count));
    let seen = 0;
    for (let i = 0; i < this.#counts.length; i++) {
      seen += this.#counts[i]!;
      if (seen >= wanted) {
        const middle = i < PER_SIGN ? -middleOf(PER_SIGN - 1 - i) : middleOf(i - PER_SIGN);
        return Math.min(this.#max, Math.max(this.#min, middle));
      }
    }
    return this.#max;
  }

  /** Number of values above `micros`, to the width of a bucket. */
  countAbove(micros: number): number {
    const index = micros < 0 ? PER_SIGN - 1 - bucketOf(-micros) : PER_SIGN + bucketOf(micros);
    let above = 0;
    for (let i = index + 1; i < this.#counts.length; i++) above += this.#counts[i]!;
    return above;
  }

  /** Adds everything that `other` holds. */
  merge(other: LatencyHistogram): void {
    for (let i = 0; i < this.#counts.length; i++) this.#counts[i]! += other.#counts[i]!;
    this.#count += other.#count;
    this.#sum += other.#sum;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  /** Forgets everything. */
  reset(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#sum = 0;
    this.#min = Infinity;
    this.#max = -Infinity;
  }
}

function bucketOf(micros: number): number {
  const v = (micros >= LARGEST ? LARGEST : Math.floor(micros)) >>> 0;
  if (v < SUB) return v;
  const shift = 31 - Math.clz32(v) - SUB_BITS;
  return (shift + 1) * SUB + (v >>> shift) - SUB;
}

function middleOf(bucket: number): number {
  if (bucket < SUB) return bucket;
  const shift = Math.floor(bucket / SUB) - 1;
  const low = (bucket % SUB + SUB) * 2 ** shift;
  return low + (2 ** shift - 1) / 2;
}
