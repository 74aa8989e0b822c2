/**
 * Conditions on the magnitude of one channel of a waveform.
 *
 * @module
 */
import type { Comparator } from "./comparator.ts";
import type { ChannelSamples, PeakMeter, SquareMeter } from "./meters.ts";
import { type Gate, History, NumberWatch } from "./watch.ts";

/** Single samples above a limit. */
export class InstantWatch extends NumberWatch {
  readonly #samples: ChannelSamples;

  /** Watches the samples of channel `channel`. */
  constructor(channel: number, samples: ChannelSamples, comparator: Comparator, gate: Gate) {
    super(channel, comparator, gate);
    this.#samples = samples;
  }

  step(): void {
    const { isGood, value } = this.#samples;
    if (!isGood) this.comparator.interrupt();
    else if (this.comparator.take(Math.abs(value))) this.fire(value);
  }
}

/** The peak of half a cycle below a limit. */
export class PeakWatch extends NumberWatch {
  readonly #samples: ChannelSamples;
  readonly #meter: PeakMeter;

  /** Watches the peak of channel `channel`. */
  constructor(
    channel: number,
    samples: ChannelSamples,
    meter: PeakMeter,
    comparator: Comparator,
    gate: Gate,
  ) {
    super(channel, comparator, gate);
    this.#samples = samples;
    this.#meter = meter;
  }

  step(): void {
    if (!this.#samples.isWindowGood) this.comparator.interrupt();
    else if (this.comparator.take(this.#meter.peak)) this.fire(this.#meter.peak);
  }
}

/** RMS of one cycle beyond a limit; the comparator is given squares. */
export class RmsWatch extends NumberWatch {
  readonly #samples: ChannelSamples;
  readonly #meter: SquareMeter;

  /** Watches the RMS of channel `channel`; the limits of `comparator` are squared. */
  constructor(
    channel: number,
    samples: ChannelSamples,
    meter: SquareMeter,
    comparator: Comparator,
    gate: Gate,
  ) {
    super(channel, comparator, gate);
    this.#samples = samples;
    this.#meter = meter;
  }

  step(): void {
    if (!this.#samples.isWindowGood) this.comparator.interrupt();
    else if (this.comparator.take(this.#meter.meanSquare)) {
      this.fire(Math.sqrt(this.#meter.meanSquare));
    }
  }
}

/** RMS of one cycle against that of the cycle before. */
export class MagnitudeStepWatch extends NumberWatch {
  readonly #samples: ChannelSamples;
  readonly #meter: SquareMeter;
  readonly #strides: number;
  readonly #history: History;

  /** Watches channel `channel`; a cycle has `strides` steps. */
  constructor(
    channel: number,
    samples: ChannelSamples,
    meter: SquareMeter,
    strides: number,
    comparator: Comparator,
    gate: Gate,
  ) {
    super(channel, comparator, gate);
    this.#samples = samples;
    this.#meter = meter;
    this.#strides = strides;
    this.#history = new History(strides + 1);
  }

  override reset(): void {
    this.#history.clear();
    super.reset();
  }

  step(): void {
    if (!this.#samples.isWindowGood) {
      this.reset();
      return;
    }
    const rms = Math.sqrt(this.#meter.meanSquare);
    const history = this.#history;
    history.push(rms);
    if (history.size <= this.#strides) return;
    const step = rms - history.ago(this.#strides);
    if (this.comparator.take(Math.abs(step))) this.fire(step);
  }
}
