/**
 * Stand-ins for single missing samples.
 *
 * The sinusoid of the window itself is taken off both neighbours, what remains is interpolated along a line, and the
 * sinusoid is added again. The first pass knows no sinusoid; each next one uses the estimate of the one before.
 *
 * @module
 */
import type { PlacedTaps } from "./instants.ts";
import type { SampleView } from "./sample_view.ts";
import type { SampleWatch } from "./sample_watch.ts";
import type { SampledWindow } from "./taps.ts";

/** Holds the missing samples of one report and what stands in for them, for each channel. */
export class GapFiller {
  /** How many samples are missing. */
  count = 0;
  readonly #samples: Int32Array;
  readonly #values: Float64Array;
  readonly #model: Model = { re: 0, im: 0, middle: 0, step: 0 };

  /** Makes room for `maxGaps` samples of `channels` channels. */
  constructor(channels: number, maxGaps: number) {
    this.#samples = new Int32Array(maxGaps);
    this.#values = new Float64Array(channels * maxGaps);
  }

  /** Notes the missing samples of the windows: those that the watch knows, and what has not come yet. */
  collect(watch: SampleWatch, view: SampleView): void {
    this.count = 0;
    for (let i = 0; i < watch.gapCount; i++) this.#samples[this.count++] = watch.gapAt(i, view);
    for (let k = view.to; k <= view.end; k++) this.#samples[this.count++] = k;
  }

  /**
   * Finds the stand-ins for channel `c`, which is `channel` of the ring, given its sum without them in `sums[at]` and
   * `sums[at + 1]`, and corrects that sum. `step` is the turn of the expected frequency from one sample to the next.
   */
  fill(
    view: SampleView,
    channel: number,
    c: number,
    placed: PlacedTaps,
    step: number,
    sums: Float64Array,
    at: number,
  ): void {
    const re = sums[at]!, im = sums[at + 1]!;
    const model = this.#model;
    model.re = model.im = 0;
    model.middle = placed.centre + placed.fraction;
    model.step = step;
    for (let pass = 0; pass < PASSES; pass++) {
      for (let i = 0; i < this.count; i++) {
        const value = interpolate(view, view.values[channel]!, this.#samples[i]!, model);
        this.#values[c * this.#samples.length + i] = value;
      }
      sums[at] = re;
      sums[at + 1] = im;
      this.correctPhasor(view, channel, c, placed, sums, at);
      model.re = sums[at]!;
      model.im = sums[at + 1]!;
    }
  }

  /** Puts the stand-ins into a sum that was made without them. */
  correctPhasor(
    view: SampleView,
    channel: number,
    c: number,
    { taps, centre }: PlacedTaps,
    sums: Float64Array,
    at: number,
  ): void {
    for (let i = 0; i < this.count; i++) {
      const k = this.#samples[i]!;
      const tap = k - centre - taps.first;
      if (tap < 0 || tap >= taps.cos.length) continue;
      const missing = this.#values[c * this.#samples.length + i]! - summed(view, channel, k);
      sums[at] = sums[at]! + missing * taps.cos[tap]!;
      sums[at + 1] = sums[at + 1]! + missing * taps.sin[tap]!;
    }
  }

  /** Puts the stand-ins into a sum of squares, `out[0]`, that was made without them. */
  correctSquares(
    view: SampleView,
    channel: number,
    c: number,
    window: SampledWindow,
    centre: number,
    offset: number,
    out: Float64Array,
  ): void {
    for (let i = 0; i < this.count; i++) {
      const k = this.#samples[i]!;
      const weight = window.weights[k - centre - window.first];
      if (weight === undefined) continue;
      const value = this.#values[c * this.#samples.length + i]! + offset;
      const before = k < view.to ? summed(view, channel, k) + offset : 0;
      out[0] = out[0]! + (value * value - before * before) * weight;
    }
  }
}

/** The sum moves by at most some percent of itself in a pass, and by that of the change in the next one. */
const PASSES = 3;
/** Runs that are interpolated are shorter. */
const FARTHEST = 16;

/** A sinusoid: `sqrt(2) (re cos - im sin)` of `step` for each sample from `middle` on. */
interface Model {
  re: number;
  im: number;
  middle: number;
  step: number;
}

/** What a sample that is missing added to a sum: what stands in the ring, nothing if it has not come. */
function summed(view: SampleView, channel: number, k: number): number {
  return k < view.to ? view.values[channel]![view.position(k)]! : 0;
}

function interpolate(view: SampleView, values: Int32Array, k: number, model: Model): number {
  let left = k - 1, right = k + 1;
  while (left > k - FARTHEST && left >= view.from && view.isMissing(left)) left--;
  while (right < k + FARTHEST && view.isMissing(right)) right++;
  const hasLeft = left >= view.from && !view.isMissing(left), hasRight = !view.isMissing(right);
  const a = hasLeft ? values[view.position(left)]! - sinusoid(left, model) : 0;
  const b = hasRight ? values[view.position(right)]! - sinusoid(right, model) : a;
  const rest = hasLeft ? a + ((b - a) * (k - left)) / (right - left) : b;
  return sinusoid(k, model) + rest;
}

function sinusoid(k: number, { re, im, middle, step }: Model): number {
  const angle = step * (k - middle);
  return Math.SQRT2 * (re * Math.cos(angle) - im * Math.sin(angle));
}
