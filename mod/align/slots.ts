/**
 * Which slot a stamp belongs to (specs/concentrator.md, section 2).
 *
 * Slot k of a second begins `floor(k * 10^7 / rate)` ticks of 100 ns after it.
 *
 * @module
 */

/** A slot of aligned time. */
export interface Slot {
  /** Whole seconds since 1970. */
  second: number;
  /** Index within the second, from 0 to rate - 1. */
  index: number;
}

/** Ticks of 100 ns in a second. */
export const TICKS_PER_SECOND = 10_000_000;

/** Ticks past the second at which slot `index` begins at `rate` slots per second. */
export function slotTicks(index: number, rate: number): number {
  return Math.floor((index * TICKS_PER_SECOND) / rate);
}

/**
 * Sets `out` to the slot of a stamp by the floor rule with slack.
 *
 * `ticks` counts 100 ns past `second`; `timeResolution` is the slack in ticks: a stamp that was cut to
 * that resolution still reaches the slot it was meant for.
 */
export function floorSlot(
  out: Slot,
  second: number,
  ticks: number,
  rate: number,
  timeResolution: number,
): void {
  const k = Math.floor((ticks * rate) / TICKS_PER_SECOND);
  const next = slotTicks(k + 1, rate);
  const reached = timeResolution <= 1 ? next : Math.floor(next / timeResolution) * timeResolution;
  setSlot(out, second, reached <= ticks ? k + 1 : k, rate);
}

/** Sets `out` to the slot nearest to a stamp, halves to the even index; `ticks` counts 100 ns past `second`. */
export function nearestSlot(out: Slot, second: number, ticks: number, rate: number): void {
  const scaled = ticks * rate;
  const k = Math.floor(scaled / TICKS_PER_SECOND);
  const twice = 2 * (scaled - k * TICKS_PER_SECOND);
  const up = twice > TICKS_PER_SECOND || (twice === TICKS_PER_SECOND && k % 2 === 1);
  setSlot(out, second, up ? k + 1 : k, rate);
}

function setSlot(out: Slot, second: number, index: number, rate: number): void {
  const over = index >= rate;
  out.second = over ? second + 1 : second;
  out.index = over ? index - rate : index;
}
