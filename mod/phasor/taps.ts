/**
 * Weight tables: a window with the carrier in it, for one fraction of a sample.
 *
 * @module
 */
import type { NominalHz, Window } from "./window.ts";

/** Weights for the samples around an instant that lies `fraction` of a sample after a sample, `centre`. */
export interface Taps {
  /** Where the first weight stands, in samples from `centre`; not positive. */
  readonly first: number;
  /** Weights of the real part: `sqrt(2) w cos(2 pi f0 tau) / sum w`. */
  readonly cos: Float64Array;
  /** Weights of the imaginary part: `-sqrt(2) w sin(2 pi f0 tau) / sum w`. */
  readonly sin: Float64Array;
  /** Sum of `cos`: what a constant 1 adds to the real part. */
  readonly cosSum: number;
  /** Sum of `sin`. */
  readonly sinSum: number;
}

/** Makes the weights of a phasor whose angle is counted from the instant itself. */
export function phasorTaps(
  window: Window,
  nominalHz: NominalHz,
  sampleRate: number,
  fraction: number,
): Taps {
  const { first, weights } = sampled(window, sampleRate, fraction);
  const cos = new Float64Array(weights.length);
  const sin = new Float64Array(weights.length);
  weights.forEach((w, i) => {
    const angle = (2 * Math.PI * nominalHz * (first + i - fraction)) / sampleRate;
    cos[i] = Math.SQRT2 * w * Math.cos(angle);
    sin[i] = -Math.SQRT2 * w * Math.sin(angle);
  });
  const sum = (list: Float64Array) => list.reduce((a, b) => a + b, 0);
  return { first, cos, sin, cosSum: sum(cos), sinSum: sum(sin) };
}

/** A window at the instants of samples; the weights add up to 1. */
export interface SampledWindow {
  /** Where the first weight stands, in samples from the one before the instant. */
  readonly first: number;
  /** The weights. */
  readonly weights: Float64Array;
}

/**
 * Takes a window at the instants of samples: each weight is the mean of the window over the sample's own interval.
 *
 * The plain value at each sample would let the sharp edge of the window move the phase by where it falls between two
 * samples, and with it ROCOF by several tenths of Hz/s where windows half a cycle apart have other fractions. The mean
 * has its zeros where the spectrum folds, so that every fraction gives one and the same filter.
 */
export function sampled(window: Window, sampleRate: number, fraction: number): SampledWindow {
  const half = window.halfSeconds * sampleRate;
  const first = Math.ceil(fraction - half - 0.5 + EDGE);
  const last = Math.floor(fraction + half + 0.5 - EDGE);
  const weights = new Float64Array(last - first + 1);
  for (let i = 0; i < weights.length; i++) {
    const middle = first + i - fraction;
    const from = Math.max(-half, middle - 0.5), to = Math.min(half, middle + 0.5);
    weights[i] = from < 0 && to > 0
      ? integral(window, sampleRate, from, 0) + integral(window, sampleRate, 0, to)
      : integral(window, sampleRate, from, to);
  }
  const sum = weights.reduce((a, b) => a + b, 0);
  for (let i = 0; i < weights.length; i++) weights[i] = weights[i]! / sum;
  return { first, weights };
}

/** Part of a sample that is too little for a weight of its own. */
const EDGE = 1e-6;
const GAUSS_AT = Math.sqrt(0.6);

/** Integral from one place to another, in samples; Gauss's rule of three points, exact to rounding for windows this smooth. */
function integral(window: Window, sampleRate: number, from: number, to: number): number {
  const middle = (from + to) / 2, reach = ((to - from) / 2) * GAUSS_AT;
  const sides = window.weight((middle - reach) / sampleRate) +
    window.weight((middle + reach) / sampleRate);
  return ((to - from) * (5 * sides + 8 * window.weight(middle / sampleRate))) / 18;
}
