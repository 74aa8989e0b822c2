/**
 * What an operator is told at the start of a gateway without `[clock]`.
 *
 * @module
 */
import type { Log } from "../core/mod.ts";
import { type KernelClock, kernelClockFault, openKernelClocks } from "../os/mod.ts";

/**
 * Says that nobody watches the clock; a warning where the kernel, asked once, says that its clock is not synchronised.
 *
 * Values are not flagged by that: many a clock is kept by somebody who does not tell the kernel. `[clock]` decides.
 */
export function tellUnwatched(
  log: Log,
  kernel: KernelClock | undefined = askKernel(),
): void {
  const text = "Nobody watches the clock, so that what the gateway stamps is not flagged by it; " +
    "[clock], without any key, watches it by the kernel's account";
  const fault = kernel && kernelClockFault(kernel);
  if (fault) log.warn(`${text}. Now ${fault}`);
  else log.info(text);
}

/** The kernel's account; undefined where it cannot be asked. */
function askKernel(): KernelClock | undefined {
  const clocks = openKernelClocks();
  if ("why" in clocks) return undefined;
  const kernel = clocks.read();
  clocks.close();
  return "why" in kernel ? undefined : kernel;
}
