/**
 * The response of a window to a frequency, for the removal of the negative-frequency image.
 *
 * @module
 */
import { sampled } from "./taps.ts";
import type { Window } from "./window.ts";

/**
 * `G(nu) = sum w cos(2 pi nu tau) / sum w` over an interval of frequencies, as a Chebyshev series: exact to rounding,
 * and without a cosine for each tap of the window.
 */
export class WindowResponse {
  readonly #middle: number;
  readonly #halfWidth: number;
  readonly #coefficients: Float64Array;

  /** Fits the response of `window`, sampled symmetrically, from `middle - halfWidth` to `middle + halfWidth` Hz. */
  constructor(window: Window, sampleRate: number, middle: number, halfWidth: number) {
    this.#middle = middle;
    this.#halfWidth = halfWidth;
    const { first, weights } = sampled(window, sampleRate, 0);
    const values = Array.from({ length: TERMS }, (_, i) => {
      const nu = middle + halfWidth * Math.cos((Math.PI * (i + 0.5)) / TERMS);
      return weights.reduce(
        (sum, w, n) => sum + w * Math.cos((2 * Math.PI * nu * (first + n)) / sampleRate),
        0,
      );
    });
    this.#coefficients = Float64Array.from({ length: TERMS }, (_, j) => {
      const sum = values.reduce(
        (total, v, i) => total + v * Math.cos((Math.PI * j * (i + 0.5)) / TERMS),
        0,
      );
      return (j === 0 ? 1 : 2) * sum / TERMS;
    });
  }

  /** The response at `nu` Hz; frequencies outside of the interval get the value at its end. */
  at(nu: number): number {
    const x = Math.min(1, Math.max(-1, (nu - this.#middle) / this.#halfWidth));
    const c = this.#coefficients;
    let b1 = 0, b2 = 0;
    for (let j = TERMS - 1; j > 0; j--) {
      const b = c[j]! + 2 * x * b1 - b2;
      b2 = b1;
      b1 = b;
    }
    return c[0]! + x * b1 - b2;
  }
}

/** Enough for ten Hz either side under the longest window, half a second each way: an argument of 10 pi. */
const TERMS = 64;
