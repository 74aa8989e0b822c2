/**
 * Slots as one number each, counted from 1970: second * rate + index.
 *
 * @module
 */
import { type Instant, setFromSlot } from "../core/mod.ts";
import type { AlignerOptions } from "./options.ts";
import { floorSlot, nearestSlot, type Slot } from "./slots.ts";

/** Numbers of the slots of one aligner. */
export class SlotNumbers {
  readonly #rate: number;
  readonly #isNearest: boolean;
  readonly #resolutionTicks: number;
  readonly #slot: Slot = { second: 0, index: 0 };

  /** Counts at the rate of the options, by their rule. */
  constructor(options: AlignerOptions) {
    this.#rate = options.framesPerSecond;
    this.#isNearest = options.slotRule === "nearest";
    this.#resolutionTicks = options.timeResolutionMs * 10_000;
  }

  /** The slot that a stamp belongs to. */
  of(stamp: Instant): number {
    // Rounded: a count of TIME_BASE 16777215 may lie 30 ns before the slot that it stands for.
    const ticks = Math.floor((stamp.nanos + 50) / 100);
    const slot = this.#slot;
    if (this.#isNearest) nearestSlot(slot, stamp.seconds, ticks, this.#rate);
    else floorSlot(slot, stamp.seconds, ticks, this.#rate, this.#resolutionTicks);
    return slot.second * this.#rate + slot.index;
  }

  /** When a slot begins, in microseconds since 1970. */
  startMicros(slot: number): number {
    const second = Math.floor(slot / this.#rate);
    return second * 1e6 + Math.floor(((slot - second * this.#rate) * 1e6) / this.#rate);
  }

  /** The first slot that begins after `micros` since 1970. */
  firstAfter(micros: number): number {
    let slot = Math.floor((micros / 1e6) * this.#rate);
    while (this.startMicros(slot) > micros) slot--;
    while (this.startMicros(slot) <= micros) slot++;
    return slot;
  }

  /** How far a stamp lies behind the beginning of a slot, in nanoseconds. */
  distanceNanos(slot: number, stamp: Instant): number {
    const second = Math.floor(slot / this.#rate);
    const start = ((slot - second * this.#rate) * 1e9) / this.#rate;
    return (stamp.seconds - second) * 1e9 + stamp.nanos - start;
  }

  /** Sets `out` to the stamp of a slot. */
  setInstant(out: Instant, slot: number): void {
    const second = Math.floor(slot / this.#rate);
    setFromSlot(out, second, slot - second * this.#rate, this.#rate);
  }
}
