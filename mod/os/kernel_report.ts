/**
 * The host's clock as its kernel accounts for it, in the terms that every protocol's time quality is made of.
 *
 * @module
 */
import {
  type ClockReport,
  type LeapSecond,
  SUSPECT_ERROR_NS,
  UNWATCHED_CLOCK,
} from "../core/mod.ts";
import type { KernelClock, KernelClockRefusal } from "./kernel_clock.ts";

const DAY = 86_400;

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
    leapSecond: isKnown ? leapSecond(kernel, before.leapSecond) : undefined,
    taiUtc: isKnown && kernel.taiOffset > 0 ? kernel.taiOffset : UNWATCHED_CLOCK.taiUtc,
  };
}

function leapSecond(
  { leap, nowMicros }: KernelClock,
  before: LeapSecond | undefined,
): LeapSecond | undefined {
  if (leap === "none") return undefined;
  const days = nowMicros / 1e6 / DAY;
  // The kernel does not tell which one is done, and says so until a daemon takes it back.
  if (leap === "done") return before ?? { atSeconds: Math.floor(days) * DAY, isDeleted: false };
  // While one is inserted, the last second before midnight is repeated.
  return { atSeconds: Math.ceil(days) * DAY, isDeleted: leap === "delete" };
}
