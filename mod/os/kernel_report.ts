/**
 * The host's clock as its kernel accounts for it, in the terms that every protocol's time quality is made of.
 *
 * @module
 */
import { type ClockReport, LeapFlags, SUSPECT_ERROR_NS, UNWATCHED_CLOCK } from "../core/mod.ts";
import type { KernelClock, KernelClockRefusal } from "./kernel_clock.ts";

const DAY_MICROS = 86_400e6;
/** Time before the end of the day from which a leap second counts as pending (C37.118.2, table 4). */
const PENDING_MICROS = 60e6;

/** Why nothing can be followed by the kernel's account, in words; empty if it can. */
export function kernelClockFault(kernel: KernelClock | KernelClockRefusal): string {
  if ("why" in kernel) return kernel.why;
  if (!kernel.synchronized) return "the kernel says that its clock is not synchronised";
  if (kernel.maxErrorNs === 0) {
    return "the kernel's bound is 0: phc2sys keeps the clock and knows no bound";
  }
  return "";
}

/**
 * What is known of the host's clock by its kernel alone, after `before` (`UNWATCHED_CLOCK` at first).
 *
 * Locked when synchronised within 31 us, local when synchronised worse, free otherwise. For senders that have no
 * watch of their own; the gateway's clock weighs the kernel against other sources.
 */
export function reportOfKernel(
  kernel: KernelClock | KernelClockRefusal,
  nowMicros: number,
  before: ClockReport = UNWATCHED_CLOCK,
): ClockReport {
  const isKnown = !("why" in kernel) && kernelClockFault(kernel) === "";
  const errorNs = isKnown ? kernel.maxErrorNs + Math.abs(kernel.offsetNs) : Infinity;
  const state = !isKnown ? "free" : errorNs <= SUSPECT_ERROR_NS ? "locked" : "local";
  return {
    ...UNWATCHED_CLOCK,
    state,
    errorNs,
    sinceMicros: state === before.state ? before.sinceMicros : nowMicros,
    lockedMicros: state === "locked" ? nowMicros : before.lockedMicros,
    source: isKnown ? "kernel" : "",
    leap: isKnown ? leapFlags(kernel.leap, nowMicros) : LeapFlags.None,
    taiUtc: isKnown && kernel.taiOffset > 0 ? kernel.taiOffset : UNWATCHED_CLOCK.taiUtc,
  };
}

function leapFlags(leap: KernelClock["leap"], nowMicros: number): number {
  if (leap === "done") return LeapFlags.Occurred;
  if (leap === "in-progress") return LeapFlags.Pending;
  const leftMicros = DAY_MICROS - nowMicros % DAY_MICROS;
  if (leap === "none" || leftMicros > PENDING_MICROS) return LeapFlags.None;
  return LeapFlags.Pending | (leap === "delete" ? LeapFlags.Delete : 0);
}
