/**
 * The clock of a simulated merging unit: what it counts and stamps, and when its samples are really taken.
 *
 * @module
 */
import { sampleNanos } from "../sv/mod.ts";
import type { MergingUnitOptions } from "./merging_unit_options.ts";
import { isWithin } from "./waveform_model.ts";

/**
 * Sample `number` stands for `number / rate` seconds since 1970 by the unit's own clock and is taken `offset` later in
 * truth. A step of the clock changes the number, and drift the offset; when synchronisation comes back, the number
 * jumps to where it belongs.
 */
export class MergingUnitClock {
  /** Whole seconds at which the next frame leaves. */
  dueSeconds = 0;
  /** Nanoseconds within that second. */
  dueNanos = 0;
  /** `smpSynch` of the next frame. */
  smpSynch = 0;
  /** Whether the clock is synchronised. */
  isSynchronised = true;
  /** Number of the sample that was looked at. */
  number = 0;
  /** Its count. */
  smpCnt = 0;
  /** Second of its stamp. */
  stampSeconds = 0;
  /** Nanoseconds of its stamp. */
  stampNanos = 0;
  /** Second at which it was taken in truth. */
  trueSecond = 0;
  /** Fraction of that second; may be below 0 or above 1. */
  trueFraction = 0;
  readonly #options: MergingUnitOptions;
  readonly #rate: number;
  readonly #latency: number;
  readonly #error: number;
  #synchronisedAs: number;
  #next = 0;
  /** Nanoseconds from the nominal to the true instant, without the step. */
  #offset = 0;
  /** Samples by which the clock has been stepped. */
  #stepped = 0;

  /** Takes rate, latency and clock from the options. */
  constructor(options: MergingUnitOptions) {
    this.#options = options;
    this.#rate = options.rate;
    this.#latency = options.latencyNanos ?? 0;
    this.#error = options.clock?.errorNanos ?? 0;
    this.#synchronisedAs = options.clock?.smpSynch ?? 2;
  }

  /** Sets `smpSynch` of the frames from the next but one on, where the unit is synchronised. */
  synchronise(smpSynch: number): void {
    this.#synchronisedAs = smpSynch;
  }

  /** Begins with the first frame of `asdus` samples that leaves after `seconds` and `nanos`. */
  start(seconds: number, nanos: number, asdus: number): void {
    const nominal = nanos + this.#error - this.#latency;
    const sample = seconds * this.#rate + Math.ceil(nominal * this.#rate / 1e9);
    this.#next = Math.ceil(sample / asdus) * asdus;
    this.#offset = -this.#error;
    this.#stepped = 0;
    this.#plan(asdus);
  }

  /** Goes on by a frame. */
  advance(asdus: number): void {
    const { driftPpm = 0 } = this.#options.clock ?? {};
    this.#next += asdus;
    if (!this.isSynchronised) this.#offset += asdus * driftPpm * 1000 / this.#rate;
    this.#plan(asdus);
  }

  /** Looks at sample `asdu` of the next frame. */
  look(asdu: number): void {
    const rate = this.#rate;
    this.number = this.#next + asdu;
    this.stampSeconds = Math.floor(this.number / rate);
    this.smpCnt = this.number - this.stampSeconds * rate;
    this.stampNanos = sampleNanos(this.smpCnt, rate);
    const unstepped = this.number - this.#stepped;
    this.trueSecond = Math.floor(unstepped / rate);
    this.trueFraction = (unstepped - this.trueSecond * rate) / rate + this.#offset / 1e9;
  }

  /** Sets when the next frame leaves and what it says of the clock, and steps the clock where that is due. */
  #plan(asdus: number): void {
    const { clock } = this.#options;
    this.look(0);
    const wasSynchronised = this.isSynchronised;
    this.isSynchronised = !clock?.unsynchronised ||
      isWithin(clock.unsynchronised, this.trueSecond, this.trueFraction) < 0;
    this.smpSynch = this.isSynchronised ? this.#synchronisedAs : 0;
    if (this.isSynchronised && !wasSynchronised) {
      const samples = Math.round((this.#offset + this.#error) * this.#rate / 1e9);
      this.#next += samples;
      this.#offset = -this.#error;
    }
    if (clock?.step) {
      this.#step(clock.step.nanos, isWithin(clock.step, this.trueSecond, this.trueFraction) >= 0);
    }
    this.look(asdus - 1);
    const nanos = Math.round(this.trueFraction * 1e9) + this.#latency;
    const carry = Math.floor(nanos / 1e9);
    this.dueSeconds = this.trueSecond + carry;
    this.dueNanos = nanos - carry * 1e9;
  }

  #step(nanos: number, isOn: boolean): void {
    const wanted = isOn ? Math.round(nanos * this.#rate / 1e9) : 0;
    this.#next += wanted - this.#stepped;
    this.#stepped = wanted;
  }
}
