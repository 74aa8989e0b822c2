/**
 * Several simulated merging units, whose frames leave in the order of time.
 *
 * @module
 */
import { type FrameSink, MergingUnit } from "./merging_unit.ts";
import type { MergingUnitAccount } from "./merging_unit_account.ts";
import type { MergingUnitOptions } from "./merging_unit_options.ts";

/** Merging units on one wire. */
export class MergingUnitFleet {
  /** The units in the order in which they were given. */
  readonly units: readonly MergingUnit[];
  /** Whole seconds at which the next frame of all leaves. */
  nextSeconds = 0;
  /** Nanoseconds within that second. */
  nextNanos = 0;
  #next: MergingUnit;

  /** Makes the units. Throws a RangeError without any, or for options that no frame can carry. */
  constructor(options: readonly MergingUnitOptions[]) {
    this.units = options.map((unit) => new MergingUnit(unit));
    const first = this.units[0];
    if (!first) throw new RangeError("Cannot simulate merging units: expected at least one");
    this.#next = first;
  }

  /** What every unit did so far. */
  get accounts(): readonly MergingUnitAccount[] {
    return this.units.map(({ account }) => account);
  }

  /** Begins all units with the first frame that leaves after `seconds` and `nanos`. */
  start(seconds: number, nanos: number): void {
    for (const unit of this.units) unit.start(seconds, nanos);
    this.#find();
  }

  /** Sets `smpSynch` of all units from their next frames on, where they are synchronised. */
  synchronise(smpSynch: number): void {
    for (const unit of this.units) unit.synchronise(smpSynch);
  }

  /** Sends what is due up to and including `seconds` and `nanos`; returns how many frames were due. */
  sendDue(sink: FrameSink, seconds: number, nanos: number): number {
    let frames = 0;
    while (
      this.nextSeconds < seconds || (this.nextSeconds === seconds && this.nextNanos <= nanos)
    ) {
      this.#next.send(sink);
      this.#find();
      frames++;
    }
    return frames;
  }

  /** Passes over what was due before `seconds` and `nanos`; it is counted as missed. */
  skip(seconds: number, nanos: number): void {
    for (const unit of this.units) unit.skip(seconds, nanos);
    this.#find();
  }

  #find(): void {
    let next = this.#next;
    for (const unit of this.units) {
      if (
        unit.dueSeconds < next.dueSeconds ||
        (unit.dueSeconds === next.dueSeconds && unit.dueNanos < next.dueNanos)
      ) next = unit;
    }
    this.#next = next;
    this.nextSeconds = next.dueSeconds;
    this.nextNanos = next.dueNanos;
  }
}
