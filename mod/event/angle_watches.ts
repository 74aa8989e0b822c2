/**
 * Conditions on angles, frequency and symmetrical components of a waveform.
 *
 * @module
 */
import type { Comparator } from "./comparator.ts";
import type { PhasorMeter } from "./meters.ts";
import { type Gate, History, NumberWatch, Sequence, type Watch } from "./watch.ts";

/** The angle of a channel against what its last two cycles foretell. */
export class AngleStepWatch extends NumberWatch {
  readonly #meter: PhasorMeter;
  readonly #strides: number;
  readonly #minimum: number;
  readonly #re: History;
  readonly #im: History;

  /** Watches channel `channel` above `minimum`; a cycle has `strides` steps. */
  constructor(
    channel: number,
    meter: PhasorMeter,
    strides: number,
    minimum: number,
    comparator: Comparator,
    gate: Gate,
  ) {
    super(channel, comparator, gate);
    this.#meter = meter;
    this.#strides = strides;
    this.#minimum = minimum * minimum;
    this.#re = new History(2 * strides + 1);
    this.#im = new History(2 * strides + 1);
  }

  override reset(): void {
    this.#re.clear();
    this.#im.clear();
    super.reset();
  }

  step(): void {
    const { isGood, re, im } = this.#meter;
    const square = re * re + im * im;
    if (!isGood || square === 0 || square < this.#minimum) {
      this.reset();
      return;
    }
    const d = this.#strides;
    this.#re.push(re);
    this.#im.push(im);
    if (this.#re.size <= 2 * d) return;
    const re1 = this.#re.ago(d), im1 = this.#im.ago(d);
    const re2 = this.#re.ago(2 * d), im2 = this.#im.ago(2 * d);
    // A steady frequency turns both cycles by the same angle; a jump turns one of them.
    const turn = Math.atan2(im * re1 - re * im1, re * re1 + im * im1);
    const before = Math.atan2(im1 * re2 - re1 * im2, re1 * re2 + im1 * im2);
    const step = wrapped((turn - before) * (180 / Math.PI));
    if (this.comparator.take(Math.abs(step))) this.fire(step);
  }
}

/** Degrees as (-180, 180]. */
export function wrapped(degrees: number): number {
  const turns = degrees - 360 * Math.round(degrees / 360);
  return turns === -180 ? 180 : turns;
}

/** The angle of a positive sequence, unwrapped, by steps. */
export class AngleTrack {
  readonly #sequence: Sequence;
  readonly #minimum: number;
  readonly #angles: History;
  #angle = 0.5;
  #re = 0.5;
  #im = 0.5;

  /** Keeps `length` angles of what lies above `minimum`. */
  constructor(meters: readonly PhasorMeter[], minimum: number, length: number) {
    this.#sequence = new Sequence(meters);
    this.#minimum = minimum * minimum;
    this.#angles = new History(length);
  }

  /** Moves on by one step; the number of angles that are there, 0 where nothing can be measured. */
  step(): number {
    const sequence = this.#sequence;
    const isGood = sequence.update();
    const { re, im } = sequence;
    const square = re * re + im * im;
    if (!isGood || square === 0 || square < this.#minimum) {
      this.#angles.clear();
      return 0;
    }
    this.#angle = this.#angles.size === 0
      ? 0
      : this.#angle + Math.atan2(im * this.#re - re * this.#im, re * this.#re + im * this.#im);
    this.#re = re;
    this.#im = im;
    this.#angles.push(this.#angle);
    return this.#angles.size;
  }

  /** Angle in radians, `age` steps ago. */
  ago(age: number): number {
    return this.#angles.ago(age);
  }

  /** Forgets all angles. */
  clear(): void {
    this.#angles.clear();
  }
}

/** Frequency, or its rate of change, against limits. */
export class FrequencyWatch implements Watch {
  readonly #channel: number;
  readonly #track: AngleTrack;
  readonly #strides: number;
  readonly #isRate: boolean;
  readonly #nominal: number;
  readonly #factor: number;
  readonly #comparators: readonly Comparator[];
  readonly #gate: Gate;

  /**
   * Watches the turning of `track` over `strides` steps of `stepSeconds` each; with `isRate` the
   * difference of two such windows, as an absolute value.
   */
  constructor(
    channel: number,
    track: AngleTrack,
    strides: number,
    stepSeconds: number,
    nominal: number,
    isRate: boolean,
    comparators: readonly Comparator[],
    gate: Gate,
  ) {
    this.#channel = channel;
    this.#track = track;
    this.#strides = strides;
    this.#isRate = isRate;
    this.#nominal = nominal;
    const seconds = strides * stepSeconds;
    this.#factor = 1 / (2 * Math.PI * seconds * (isRate ? seconds : 1));
    this.#comparators = comparators;
    this.#gate = gate;
  }

  get isActive(): boolean {
    return this.#comparators.some((c) => c.isActive);
  }

  reset(): void {
    this.#track.clear();
    for (const comparator of this.#comparators) comparator.interrupt();
  }

  step(): void {
    const d = this.#strides;
    const size = this.#track.step();
    if (size === 0) {
      for (const comparator of this.#comparators) comparator.interrupt();
      return;
    }
    if (size <= (this.#isRate ? 2 * d : d)) return;
    const track = this.#track;
    const turn = track.ago(0) - track.ago(d);
    const value = this.#isRate
      ? (turn - (track.ago(d) - track.ago(2 * d))) * this.#factor
      : this.#nominal + turn * this.#factor;
    for (const comparator of this.#comparators) {
      if (comparator.take(this.#isRate ? Math.abs(value) : value)) {
        this.#gate.fire(comparator.since, this.#channel, value);
      }
    }
  }
}

/** Negative or zero sequence over positive sequence, in percent. */
export class UnbalanceWatch extends NumberWatch {
  readonly #sequence: Sequence;
  readonly #isZero: boolean;
  readonly #minimum: number;

  /** Watches three channels, the first of which is `channel`. */
  constructor(
    channel: number,
    meters: readonly PhasorMeter[],
    isZero: boolean,
    minimum: number,
    comparator: Comparator,
    gate: Gate,
  ) {
    super(channel, comparator, gate);
    this.#sequence = new Sequence(meters);
    this.#isZero = isZero;
    this.#minimum = minimum;
  }

  step(): void {
    const sequence = this.#sequence;
    const isGood = sequence.update();
    const { re, im } = sequence;
    const positive = Math.sqrt(re * re + im * im); // Math.hypot allocates
    if (!isGood || positive === 0 || positive < this.#minimum) {
      this.comparator.interrupt();
      return;
    }
    const percent = (100 * (this.#isZero ? sequence.zero() : sequence.negative())) / positive;
    if (this.comparator.take(percent)) this.fire(percent);
  }
}
