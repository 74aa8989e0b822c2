/**
 * What the kernel says of its clock, as a source: whoever disciplines it (chrony, timesyncd, phc2sys) tells it.
 *
 * @module
 */
import { type KernelClock, kernelClockFault, type KernelClockRefusal } from "../os/mod.ts";
import { type LeapNotice, noReading, type TimeReading } from "./reading.ts";

/** What the kernel adds to the bound every second until somebody sets it. */
const GROWTH_NS = 500_000;

/** The reading of the kernel's account at `nowMs`; `besidePtp` where a ptp4l is a source too. */
export function readingOfKernel(
  kernel: KernelClock | KernelClockRefusal,
  nowMs: number,
  besidePtp: boolean,
): TimeReading {
  if ("why" in kernel || !kernel.synchronized) return noReading(kernelClockFault(kernel));
  // phc2sys and timesyncd set the bound to 0, which is no statement of theirs, and give no estimate.
  const { maxErrorNs, estErrorNs } = kernel;
  const isStated = maxErrorNs % GROWTH_NS !== 0 || (estErrorNs > 0 && estErrorNs <= maxErrorNs);
  if (!isStated && besidePtp) {
    return noReading("the kernel's clock is kept by phc2sys, which states no bound");
  }
  return {
    usable: true,
    reason: "the kernel says that its clock is synchronised",
    traceable: true,
    // What the kernel is still slewing is how far off it is.
    offsetNs: -kernel.offsetNs,
    delayNs: NaN,
    referenceErrorNs: isStated ? maxErrorNs : Math.max(GROWTH_NS, maxErrorNs),
    toleranceNs: 0,
    sampleMs: nowMs,
    growthNsPerSecond: 0, // it grows in the kernel
    taiUtc: kernel.taiOffset || 37,
    taiUtcValid: false,
    leap: leapNotice(kernel.leap),
  };
}

/** While a second is being inserted, midnight is still to come. */
function leapNotice(leap: KernelClock["leap"]): LeapNotice {
  if (leap === "in-progress") return "insert";
  return leap === "insert" || leap === "delete" ? leap : "none";
}
