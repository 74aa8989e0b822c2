/**
 * Slots of aligned time: (second, index, rate). The stamp is derived from the index, never accumulated.
 *
 * @module
 */
import type { Instant } from "./instant.ts";

/**
 * Sets `out` to the time of slot `index` of `second` at `rate` slots per second, cut to whole 100 ns:
 * `floor(index * 10^7 / rate)` ticks, which is how concentrators in the field stamp their frames.
 */
export function setFromSlot(out: Instant, second: number, index: number, rate: number): void {
  const carry = Math.floor(index / rate);
  const k = index - carry * rate;
  out.seconds = second + carry;
  out.nanos = Math.floor((k * 1e7) / rate) * 100;
}
