/**
 * Sliding windows of one nominal cycle over the samples of a ring, moved on with each sample.
 *
 * @module
 */
import { SampleMarks, type WaveformRing } from "../core/mod.ts";
import type { WaveformChannel, WaveformStream } from "./waveform_stream.ts";

const FILLED = SampleMarks.Filled;

/** The window of one nominal cycle: whole samples and what is left of the next older one. */
export interface CycleWindow {
  /** Whole samples. */
  readonly samples: number;
  /** Weight of the sample before them, 0 to below 1 (4,000 Hz at 60 Hz has 66 samples and 2/3). */
  readonly fraction: number;
}

/** The window of one nominal cycle of a stream. */
export function cycleWindow(stream: WaveformStream): CycleWindow {
  const length = stream.rate / stream.nominalHz;
  const samples = Math.floor(length + 1e-9);
  return { samples, fraction: Math.max(0, length - samples) };
}

/** What all meters of a channel share: its samples, scaled, and whether the window is usable. */
export class ChannelSamples {
  /** Scaled value of the newest sample. */
  value = 0.5;
  /** Scaled value of the sample that has just left the window of whole samples. */
  left = 0.5;
  /** True if the newest sample may be used. */
  isGood = false;
  /** True if all samples of the window and the one before may be used. */
  isWindowGood = false;
  /** Where the newest sample stands in the ring. */
  position = 0;
  readonly #values: Int32Array;
  readonly #quality: Uint32Array;
  readonly #marks: Uint8Array;
  readonly #capacity: number;
  readonly #scale: number;
  readonly #offset: number;
  readonly #window: number;
  readonly #takesQuestionable: boolean;
  #good = 0;
  #filled = 0;

  /** Reads channel `index` of `ring`. */
  constructor(
    ring: WaveformRing,
    index: number,
    channel: WaveformChannel,
    window: CycleWindow,
    takesQuestionable: boolean,
  ) {
    this.#values = ring.values[index]!;
    this.#quality = ring.quality[index]!;
    this.#marks = ring.marks;
    this.#capacity = ring.capacity;
    this.#scale = channel.scale;
    this.#offset = channel.offset;
    this.#window = window.samples;
    this.#takesQuestionable = takesQuestionable;
  }

  /** Raw value of the newest sample. */
  get raw(): number {
    return this.#values[this.position]!;
  }

  /** Quality word of the newest sample. */
  get quality(): number {
    return this.#quality[this.position]!;
  }

  /** Marks of the newest sample. */
  get marks(): number {
    return this.#marks[this.position]!;
  }

  /** Samples since the last reset, at most one more than the window. */
  get filled(): number {
    return this.#filled;
  }

  /** Forgets all samples: the ring was restarted. */
  reset(): void {
    this.#good = 0;
    this.#filled = 0;
    this.isGood = false;
    this.isWindowGood = false;
  }

  /** Moves on to the sample at `position`. */
  take(position: number): void {
    this.position = position;
    const validity = this.#quality[position]! & 3;
    // 10 is reserved, and what some senders mean by invalid; 11 is questionable.
    this.isGood = (validity === 0 || (validity === 3 && this.#takesQuestionable)) &&
      (this.#marks[position]! & FILLED) === 0;
    this.#good = this.isGood ? Math.min(this.#good + 1, this.#window + 1) : 0;
    this.isWindowGood = this.#good > this.#window;
    this.value = this.#values[position]! * this.#scale + this.#offset;
    if (this.#filled >= this.#window) {
      let before = position - this.#window;
      if (before < 0) before += this.#capacity;
      this.left = this.#values[before]! * this.#scale + this.#offset;
    } else this.left = 0;
    if (this.#filled <= this.#window) this.#filled++;
  }
}

/** Mean square over one nominal cycle, moved on with each sample. */
export class SquareMeter {
  readonly #samples: ChannelSamples;
  readonly #window: CycleWindow;
  readonly #length: number;
  #sum = 0.5;
  #fresh = 0.5;
  #count = 0;

  /** A meter over the samples of one channel. */
  constructor(samples: ChannelSamples, window: CycleWindow) {
    this.#samples = samples;
    this.#window = window;
    this.#length = window.samples + window.fraction;
    this.reset();
  }

  /** Square of the RMS value; meaningful while the window is good. */
  get meanSquare(): number {
    const { left } = this.#samples;
    return Math.max(0, this.#sum + this.#window.fraction * left * left) / this.#length;
  }

  /** Forgets all samples. */
  reset(): void {
    this.#sum = 0;
    this.#fresh = 0;
    this.#count = 0;
  }

  /** Moves on to the newest sample. */
  take(): void {
    const { value, left } = this.#samples;
    const square = value * value;
    this.#sum += square - left * left;
    // A second sum begins at zero each window and replaces the first, so that no rounding adds up.
    this.#fresh += square;
    if (++this.#count === this.#window.samples) {
      this.#sum = this.#fresh;
      this.#fresh = 0;
      this.#count = 0;
    }
  }
}

/** Cosines and sines of the nominal frequency, by sample number modulo their length. */
export class Carrier {
  /** Samples after which the carrier repeats on the sample grid. */
  readonly period: number;
  /** Cosines. */
  readonly cos: Float64Array;
  /** Sines. */
  readonly sin: Float64Array;

  /** The carrier of a stream, with phase 0 at the whole second. */
  constructor(stream: WaveformStream) {
    this.period = stream.rate / gcd(stream.rate, stream.nominalHz);
    const turn = (2 * Math.PI * stream.nominalHz) / stream.rate;
    this.cos = Float64Array.from({ length: this.period }, (_, i) => Math.cos(turn * i));
    this.sin = Float64Array.from({ length: this.period }, (_, i) => Math.sin(turn * i));
  }
}

/** Phasor of the nominal frequency over one nominal cycle, moved on with each sample; RMS, cosine reference. */
export class PhasorMeter {
  readonly #samples: ChannelSamples;
  readonly #window: CycleWindow;
  readonly #carrier: Carrier;
  readonly #factor: number;
  #re = 0.5;
  #im = 0.5;
  #freshRe = 0.5;
  #freshIm = 0.5;
  #count = 0;
  #leftRe = 0.5;
  #leftIm = 0.5;

  /** A meter over the samples of one channel. */
  constructor(samples: ChannelSamples, window: CycleWindow, carrier: Carrier) {
    this.#samples = samples;
    this.#window = window;
    this.#carrier = carrier;
    this.#factor = Math.SQRT2 / (window.samples + window.fraction);
    this.reset();
  }

  /** True if the phasor may be used. */
  get isGood(): boolean {
    return this.#samples.isWindowGood;
  }

  /** Real part. */
  get re(): number {
    return this.#factor * (this.#re + this.#window.fraction * this.#leftRe);
  }

  /** Imaginary part. */
  get im(): number {
    return this.#factor * (this.#im + this.#window.fraction * this.#leftIm);
  }

  /** Forgets all samples. */
  reset(): void {
    this.#re = 0;
    this.#im = 0;
    this.#freshRe = 0;
    this.#freshIm = 0;
    this.#leftRe = 0;
    this.#leftIm = 0;
    this.#count = 0;
  }

  /** Moves on to the newest sample, which stands at `phase` of the carrier. */
  take(phase: number): void {
    const { value, left } = this.#samples;
    const { cos, sin, period } = this.#carrier;
    let before = (phase - this.#window.samples) % period;
    if (before < 0) before += period;
    const re = value * cos[phase]!;
    const im = -value * sin[phase]!;
    this.#leftRe = left * cos[before]!;
    this.#leftIm = -left * sin[before]!;
    this.#re += re - this.#leftRe;
    this.#im += im - this.#leftIm;
    this.#freshRe += re;
    this.#freshIm += im;
    if (++this.#count === this.#window.samples) {
      this.#re = this.#freshRe;
      this.#im = this.#freshIm;
      this.#freshRe = 0;
      this.#freshIm = 0;
      this.#count = 0;
    }
  }
}

/** Largest absolute value of the last half nominal cycle, moved on with each sample. */
export class PeakMeter {
  readonly #samples: ChannelSamples;
  readonly #length: number;
  readonly #values: Float64Array;
  readonly #numbers: Float64Array;
  #head = 0;
  #size = 0;
  #number = 0;

  /** A meter over the samples of one channel. */
  constructor(samples: ChannelSamples, window: CycleWindow) {
    this.#samples = samples;
    this.#length = Math.ceil((window.samples + window.fraction) / 2);
    this.#values = new Float64Array(this.#length);
    this.#numbers = new Float64Array(this.#length);
  }

  /** The peak; meaningful while the window is good. */
  get peak(): number {
    return this.#values[this.#head]!;
  }

  /** Forgets all samples. */
  reset(): void {
    this.#size = 0;
  }

  /** Moves on to the newest sample. */
  take(): void {
    const x = Math.abs(this.#samples.value);
    const n = this.#number++;
    const length = this.#length;
    // Values that a newer one is not below can never be the peak again: what is kept falls from head to tail.
    if (this.#size > 0 && this.#numbers[this.#head]! <= n - length) {
      this.#head = this.#head + 1 === length ? 0 : this.#head + 1;
      this.#size--;
    }
    let tail = (this.#head + this.#size) % length;
    while (this.#size > 0) {
      const last = tail === 0 ? length - 1 : tail - 1;
      if (this.#values[last]! > x) break;
      tail = last;
      this.#size--;
    }
    this.#values[tail] = x;
    this.#numbers[tail] = n;
    this.#size++;
  }
}

function gcd(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
