/**
 * What the kernel says of its clock, as a source: whoever disciplines it (chrony, timesyncd, phc2sys) tells it.
 *
 * @module
 */
import { type KernelClock, kernelClockFault, type KernelClockRefusal } from "../os/mod.ts";
import { noReading, type TimeReading } from "./reading.ts";

/** The reading of the kernel's account at `nowMs`. */
export function readingOfKernel(
  kernel: KernelClock | KernelClockRefusal,
  nowMs: number,
): TimeReading {
  const fault = kernelClockFault(kernel);
  if ("why" in kernel || fault !== "") return noReading(fault);
  return {
    usable: true,
    reason: "the kernel says that its clock is synchronised",
    traceable: true,
    // What the kernel is still slewing is how far off it is.
    offsetNs: -kernel.offsetNs,
    delayNs: NaN,
    referenceErrorNs: kernel.maxErrorNs,
    sampleMs: nowMs,
    growthNsPerSecond: 0, // it grows in the kernel
    taiUtc: kernel.taiOffset || 37,
    taiUtcValid: false,
    leap: kernel.leap === "insert" || kernel.leap === "delete" ? kernel.leap : "none",
  };
}
