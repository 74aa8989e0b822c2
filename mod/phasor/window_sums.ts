/**
 * The inner loops: weighted sums over samples of a ring.
 *
 * @module
 */
import type { SampleView } from "./sample_view.ts";
import type { SampledWindow, Taps } from "./taps.ts";

/**
 * Adds up a channel of the ring under a window: real part into `out[at]`, imaginary part into `out[at + 1]`, in counts.
 *
 * `centre` is the sample that the taps count from; samples that have not come are left out.
 */
export function sumPhasor(
  view: SampleView,
  channel: number,
  taps: Taps,
  centre: number,
  out: Float64Array,
  at: number,
): void {
  const { cos, sin } = taps;
  const values = view.values[channel]!;
  const first = centre + taps.first;
  const count = Math.min(cos.length, view.to - first);
  let position = view.position(first);
  let re = 0, im = 0, tap = 0;
  while (tap < count) {
    const stop = Math.min(count, tap + values.length - position);
    // Two pairs of sums, so that an addition need not wait for the one before.
    let re2 = 0, im2 = 0;
    for (; tap + 1 < stop; tap += 2, position += 2) {
      const x = values[position]!, y = values[position + 1]!;
      re += x * cos[tap]!;
      im += x * sin[tap]!;
      re2 += y * cos[tap + 1]!;
      im2 += y * sin[tap + 1]!;
    }
    if (tap < stop) {
      re += values[position]! * cos[tap]!;
      im += values[position]! * sin[tap]!;
      tap++;
    }
    re += re2;
    im += im2;
    position = 0;
  }
  out[at] = re;
  out[at + 1] = im;
}

/**
 * Adds up the squares of `value + offset` of a channel under a window, in counts squared, into `out[0]`.
 *
 * The sum is not returned, since a number that leaves a function is allocated.
 */
export function sumSquares(
  view: SampleView,
  channel: number,
  window: SampledWindow,
  centre: number,
  offset: number,
  out: Float64Array,
): void {
  const { weights } = window;
  const values = view.values[channel]!;
  const first = centre + window.first;
  const count = Math.min(weights.length, view.to - first);
  let position = view.position(first);
  let sum = 0, tap = 0;
  while (tap < count) {
    const stop = Math.min(count, tap + values.length - position);
    let sum2 = 0;
    for (; tap + 1 < stop; tap += 2, position += 2) {
      const x = values[position]! + offset, y = values[position + 1]! + offset;
      sum += x * x * weights[tap]!;
      sum2 += y * y * weights[tap + 1]!;
    }
    if (tap < stop) {
      const x = values[position]! + offset;
      sum += x * x * weights[tap]!;
      tap++;
    }
    sum += sum2;
    position = 0;
  }
  out[0] = sum;
}
