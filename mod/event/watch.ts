/**
 * What the watches of one stream have in common: hold-off, history, phasors of one or three channels.
 *
 * @module
 */
import type { Comparator, SharedTime } from "./comparator.ts";
import type { PhasorMeter } from "./meters.ts";
import type { TriggerSink } from "./options.ts";

/** Watches one condition of one trigger. */
export interface Watch {
  /** Looks at the newest sample or frame. */
  step(): void;
  /** Samples before the next one are lost or numbered otherwise: begins anew. */
  reset(): void;
  /** True while the condition of a trigger that has fired lasts. */
  readonly isActive: boolean;
}

/** Lets a trigger fire once per hold-off. */
export class Gate {
  readonly #time: SharedTime;
  readonly #trigger: number;
  readonly #holdOff: number;
  readonly #sink: TriggerSink;
  #restsUntil = -Infinity;
  #fired = 0;
  #held = 0;

  /** A gate of trigger number `trigger`; `holdOff` in units of time. */
  constructor(time: SharedTime, trigger: number, holdOff: number, sink: TriggerSink) {
    this.#time = time;
    this.#trigger = trigger;
    this.#holdOff = holdOff;
    this.#sink = sink;
  }

  /** Times that the trigger has fired. */
  get fired(): number {
    return this.#fired;
  }

  /** Times that it rested instead. */
  get heldOff(): number {
    return this.#held;
  }

  /** The condition has come true. */
  fire(since: number, channel: number, value: number): void {
    const at = this.#time.now;
    if (at < this.#restsUntil) {
      this.#held++;
      return;
    }
    this.#restsUntil = at + this.#holdOff;
    this.#fired++;
    this.#sink.triggered(this.#trigger, at, since, channel, value);
  }

  /** Time has jumped. */
  reset(): void {
    this.#restsUntil = -Infinity;
  }
}

/** A condition on one number: what all watches with a comparator have in common. */
export abstract class NumberWatch implements Watch {
  /** Holds the number against the limit. */
  protected readonly comparator: Comparator;
  readonly #channel: number;
  readonly #gate: Gate;

  /** Watches channel `channel`, or several of which it is the first. */
  constructor(channel: number, comparator: Comparator, gate: Gate) {
    this.#channel = channel;
    this.comparator = comparator;
    this.#gate = gate;
  }

  get isActive(): boolean {
    return this.comparator.isActive;
  }

  reset(): void {
    this.comparator.interrupt();
  }

  abstract step(): void;

  /** The comparator has fired; `value` is what a record tells. */
  protected fire(value: number): void {
    this.#gate.fire(this.comparator.since, this.#channel, value);
  }
}

/** The newest values of a series, by their age. */
export class History {
  readonly #values: Float64Array;
  #at = 0;
  #size = 0;

  /** Keeps `length` values. */
  constructor(length: number) {
    this.#values = new Float64Array(length);
  }

  /** Values that are there. */
  get size(): number {
    return this.#size;
  }

  /** Adds a value. */
  push(value: number): void {
    this.#at = this.#at + 1 === this.#values.length ? 0 : this.#at + 1;
    this.#values[this.#at] = value;
    if (this.#size < this.#values.length) this.#size++;
  }

  /** The value that was added `age` values before the newest; `age` is below `size`. */
  ago(age: number): number {
    const at = this.#at - age;
    return this.#values[at < 0 ? at + this.#values.length : at]!;
  }

  /** Forgets all values. */
  clear(): void {
    this.#size = 0;
  }
}

const COS120 = -0.5;
const SIN120 = Math.sqrt(3) / 2;

/** Symmetrical components of three phasors, or the phasor of one channel in place of the positive sequence. */
export class Sequence {
  /** Real part of the positive sequence. */
  re = 0.5;
  /** Imaginary part of the positive sequence. */
  im = 0.5;
  readonly #meters: readonly PhasorMeter[];

  /** Of one or three meters. */
  constructor(meters: readonly PhasorMeter[]) {
    this.#meters = meters;
  }

  /** Sets the positive sequence; false if a phasor cannot be used. */
  update(): boolean {
    const [a, b, c] = this.#meters;
    if (!a!.isGood) return false;
    if (!b || !c) {
      this.re = a!.re;
      this.im = a!.im;
      return true;
    }
    if (!b.isGood || !c.isGood) return false;
    this.re = (a!.re + COS120 * (b.re + c.re) + SIN120 * (c.im - b.im)) / 3;
    this.im = (a!.im + COS120 * (b.im + c.im) + SIN120 * (b.re - c.re)) / 3;
    return true;
  }

  /** Magnitude of the negative sequence; three phasors only. */
  negative(): number {
    const [a, b, c] = this.#meters;
    const re = a!.re + COS120 * (b!.re + c!.re) + SIN120 * (b!.im - c!.im);
    const im = a!.im + COS120 * (b!.im + c!.im) + SIN120 * (c!.re - b!.re);
    return Math.sqrt(re * re + im * im) / 3;
  }

  /** Magnitude of the zero sequence; three phasors only. */
  zero(): number {
    const [a, b, c] = this.#meters;
    const re = a!.re + b!.re + c!.re;
    const im = a!.im + b!.im + c!.im;
    return Math.sqrt(re * re + im * im) / 3;
  }
}
