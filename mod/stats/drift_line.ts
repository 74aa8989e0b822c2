/**
 * A straight line through the last few points: the drift of a clock.
 *
 * @module
 */

const MIN_POINTS = 10;
// Below this change over the whole line, in microseconds, no drift can be told from noise.
const MIN_CHANGE_MICROS = 1000;

/** Fits offset in microseconds over time in seconds, so that the slope is in parts per million. */
export class DriftLine {
  readonly #x: Float64Array;
  readonly #y: Float64Array;
  #count = 0;
  #next = 0;
  #slope = NaN;
  #noise = NaN;
  #change = 0;

  /** Keeps the last `points` points. */
  constructor(points: number) {
    this.#x = new Float64Array(points);
    this.#y = new Float64Array(points);
  }

  /** Adds a point; a jump of more than half a second begins a new line, for no drift does that. */
  add(seconds: number, micros: number): void {
    const last = (this.#next + this.#x.length - 1) % this.#x.length;
    if (this.#count > 0 && Math.abs(micros - this.#y[last]!) > 500_000) this.reset();
    this.#x[this.#next] = seconds;
    this.#y[this.#next] = micros;
    this.#next = (this.#next + 1) % this.#x.length;
    this.#count = Math.min(this.#count + 1, this.#x.length);
    this.#fit();
  }

  /** Slope in parts per million; NaN below ten points. */
  slope(): number {
    return this.#slope;
  }

  /** True if the change over the line stands out from the scatter around it: for a single step it is 6 times that. */
  isTrend(): boolean {
    return this.#change > MIN_CHANGE_MICROS && this.#change > 8 * this.#noise;
  }

  /** Forgets everything. */
  reset(): void {
    this.#count = 0;
    this.#next = 0;
    this.#slope = NaN;
    this.#noise = NaN;
    this.#change = 0;
  }

  #fit(): void {
    const n = this.#count;
    if (n < Math.min(MIN_POINTS, this.#x.length)) return;
    let mx = 0, my = 0;
    for (let i = 0; i < n; i++) {
      mx += this.#x[i]! / n;
      my += this.#y[i]! / n;
    }
    let sxx = 0, sxy = 0, syy = 0, first = Infinity, last = -Infinity;
    for (let i = 0; i < n; i++) {
      const dx = this.#x[i]! - mx, dy = this.#y[i]! - my;
      sxx += dx * dx;
      sxy += dx * dy;
      syy += dy * dy;
      first = Math.min(first, dx);
      last = Math.max(last, dx);
    }
    this.#slope = sxy / sxx;
    this.#noise = Math.sqrt(Math.max(0, syy - this.#slope * sxy) / n);
    this.#change = Math.abs(this.#slope) * (last - first);
  }
}
