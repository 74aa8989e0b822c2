/**
 * The clock of a simulated PMU: what it stamps on a slot, with offset, drift and bunched stamps.
 *
 * @module
 */
import type { PmuSimulatorOptions } from "./options.ts";

/** A stamp as it stands in a frame. */
export interface Stamp {
  /** SOC. */
  soc: number;
  /** Fraction count. */
  fracSec: number;
}

/** Stamps slots; one object is reused for all stamps. */
export class StampClock {
  readonly #stamp: Stamp = { soc: 0, fracSec: 0 };
  readonly #rate: number;
  readonly #timeBase: number;
  readonly #errorNanos: number;
  readonly #driftPpm: number;
  readonly #bunch: number;
  #firstSecond = NaN;

  /** Takes rate, TIME_BASE and clock error from the options. */
  constructor(options: PmuSimulatorOptions) {
    const impairments = options.impairments ?? {};
    this.#rate = options.rate;
    this.#timeBase = options.timeBase ?? 1_000_000;
    this.#errorNanos = Math.round((impairments.clockErrorMs ?? 0) * 1e6);
    this.#driftPpm = impairments.clockDriftPpm ?? 0;
    this.#bunch = impairments.bunch ?? 1;
  }

  /** The stamp of a slot, valid until the next call. */
  stampOf(second: number, index: number): Stamp {
    const stamp = this.#stamp;
    if (this.#errorNanos === 0 && this.#driftPpm === 0 && this.#bunch <= 1) {
      stamp.soc = second;
      stamp.fracSec = Math.round(index * this.#timeBase / this.#rate);
    } else {
      if (Number.isNaN(this.#firstSecond)) this.#firstSecond = second;
      const within = this.#bunch > 1 ? index % this.#bunch : 0;
      const slotNanos = Math.round((index - within) * 1e9 / this.#rate) + within * 1e6;
      const drift = (second - this.#firstSecond) * 1000 * this.#driftPpm;
      const nanos = slotNanos + this.#errorNanos + Math.round(drift);
      const carry = Math.floor(nanos / 1e9);
      stamp.soc = second + carry;
      stamp.fracSec = Math.round((nanos - carry * 1e9) * this.#timeBase / 1e9);
    }
    if (stamp.fracSec >= this.#timeBase) {
      stamp.soc++;
      stamp.fracSec -= this.#timeBase;
    }
    return stamp;
  }
}
