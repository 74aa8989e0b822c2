/**
 * Conditions on the values of a frame.
 *
 * @module
 */
import { StateFlags } from "../core/mod.ts";
import { wrapped } from "./angle_watches.ts";
import type { BitChange } from "./bit_watches.ts";
import type { Comparator } from "./comparator.ts";
import { type Gate, NumberWatch, type Watch } from "./watch.ts";

/** Values that are of no use whatever the trigger asks for. */
export const BAD_FLAGS: number = StateFlags.BadData | StateFlags.DiscardedValue |
  StateFlags.CalculationError |
  StateFlags.SystemError | StateFlags.MeasurementError;
/** Values that are doubtful. */
export const DOUBTFUL_FLAGS: number = StateFlags.SuspectData | StateFlags.OverRangeError |
  StateFlags.UnderRangeError | StateFlags.CalculationWarning;

/** The arrays of the frame that is lent. */
export interface FrameView {
  /** Values. */
  values: Float32Array;
  /** State flags. */
  flags: Uint32Array;
}

/** Reads values of the lent frame; NaN where one may not be used. */
export class Reader {
  readonly #view: FrameView;
  readonly #bad: number;

  /** Reads the frame that `view` holds. */
  constructor(view: FrameView, questionable: boolean) {
    this.#view = view;
    this.#bad = questionable ? BAD_FLAGS : BAD_FLAGS | DOUBTFUL_FLAGS;
  }

  /** The value at a place; NaN where it may not be used. */
  at(place: number): number {
    const { values, flags } = this.#view;
    return (flags[place]! & this.#bad) !== 0 ? NaN : values[place]!;
  }
}

/** A value, or its absolute value, against limits. */
export class ValueWatch implements Watch {
  /** Watches what `reader` reads. */
  constructor(
    readonly reader: Reader,
    readonly place: number,
    readonly channel: number,
    readonly isAbsolute: boolean,
    readonly comparators: readonly Comparator[],
    readonly gate: Gate,
  ) {}

  get isActive(): boolean {
    return this.comparators.some((c) => c.isActive);
  }

  reset(): void {
    for (const comparator of this.comparators) comparator.interrupt();
  }

  step(): void {
    const value = this.reader.at(this.place);
    for (const comparator of this.comparators) {
      if (Number.isNaN(value)) comparator.interrupt();
      else if (comparator.take(this.isAbsolute ? Math.abs(value) : value)) {
        this.gate.fire(comparator.since, this.channel, value);
      }
    }
  }
}

/** A value against the one before. */
export class StepWatch extends NumberWatch {
  #last = NaN;

  /** Watches what `reader` reads. */
  constructor(
    readonly reader: Reader,
    readonly place: number,
    channel: number,
    comparator: Comparator,
    gate: Gate,
  ) {
    super(channel, comparator, gate);
  }

  override reset(): void {
    this.#last = NaN;
    super.reset();
  }

  step(): void {
    const value = this.reader.at(this.place);
    const step = value - this.#last;
    this.#last = value;
    if (Number.isNaN(step)) this.comparator.interrupt();
    else if (this.comparator.take(Math.abs(step))) this.fire(step);
  }
}

/** An angle against what the last two foretell. */
export class AngleWatch extends NumberWatch {
  #last = NaN;
  #turn = NaN;

  /** Watches what `reader` reads. */
  constructor(
    readonly reader: Reader,
    readonly place: number,
    readonly magnitude: number,
    readonly minimum: number,
    channel: number,
    comparator: Comparator,
    gate: Gate,
  ) {
    super(channel, comparator, gate);
  }

  override reset(): void {
    this.#last = NaN;
    this.#turn = NaN;
    super.reset();
  }

  step(): void {
    const angle = this.reader.at(this.place);
    const isMeasured = this.magnitude < 0 || this.reader.at(this.magnitude) >= this.minimum;
    if (Number.isNaN(angle) || !isMeasured) {
      this.reset();
      return;
    }
    const turn = wrapped(angle - this.#last);
    const step = wrapped(turn - this.#turn);
    this.#last = angle;
    this.#turn = turn;
    if (Number.isNaN(step)) this.comparator.interrupt();
    else if (this.comparator.take(Math.abs(step))) this.fire(step);
  }
}

/** Negative or zero sequence over positive sequence, in percent. */
export class RatioWatch extends NumberWatch {
  /** Watches what `reader` reads. */
  constructor(
    readonly reader: Reader,
    readonly magnitudes: readonly number[],
    readonly angles: readonly number[],
    channel: number,
    readonly isZero: boolean,
    readonly minimum: number,
    comparator: Comparator,
    gate: Gate,
  ) {
    super(channel, comparator, gate);
  }

  step(): void {
    const positive = this.#component(120);
    const percent = 100 * this.#component(this.isZero ? 0 : -120) / positive;
    if (!(positive >= this.minimum) || !Number.isFinite(percent)) this.comparator.interrupt();
    else if (this.comparator.take(percent)) this.fire(percent);
  }

  /** Magnitude of (A + B turned by `turn` degrees + C turned back) / 3. */
  #component(turn: number): number {
    let re = 0, im = 0;
    for (let i = 0; i < 3; i++) {
      const magnitude = this.reader.at(this.magnitudes[i]!);
      const degrees = this.reader.at(this.angles[i]!) + (i === 0 ? 0 : i === 1 ? turn : -turn);
      re += magnitude * Math.cos(degrees * (Math.PI / 180));
      im += magnitude * Math.sin(degrees * (Math.PI / 180));
    }
    return Math.sqrt(re * re + im * im) / 3;
  }
}

/** Bits of a digital word that change. */
export class BitsWatch implements Watch {
  /** Watches what `reader` reads. */
  constructor(
    readonly reader: Reader,
    readonly place: number,
    readonly channel: number,
    readonly change: BitChange,
    readonly gate: Gate,
  ) {}

  /** A change does not last. */
  get isActive(): boolean {
    return false;
  }

  reset(): void {
    this.change.interrupt();
  }

  step(): void {
    const value = this.reader.at(this.place);
    if (Number.isNaN(value)) this.change.interrupt();
    else if (this.change.take(value)) {
      this.gate.fire(this.change.since, this.channel, value);
    }
  }
}
