/**
 * The kernel's account of its clock, read here or by `tieline capture`, and steps of the host's clock by it.
 *
 * @module
 */
import type { Clock } from "../core/mod.ts";
import {
  type KernelClock,
  type KernelClockRefusal,
  type KernelClocks,
  openKernelClocks,
} from "../os/mod.ts";
import type { ClockCapture } from "./capture.ts";

/** How far two readings of both clocks may be apart and still tell a step, in milliseconds. */
const SANDWICH_MS = 0.5;

/** Reads the kernel's clock until it is closed. */
export class KernelWatch {
  /** The clocks of the kernel, or why this process cannot ask for them. */
  readonly kernel: KernelClocks | KernelClockRefusal;
  /** What was read last, or why it could not be. */
  last: KernelClock | KernelClockRefusal;
  readonly #clock: Clock;
  readonly #capture: ClockCapture | undefined;
  /** Link that `#offsetMs` is of. */
  #link = 0;
  /** Host's clock minus a monotonic one. */
  #offsetMs = NaN;

  /** Opens the kernel's clocks, or leaves that to `capture`. */
  constructor(clock: Clock, capture: ClockCapture | undefined) {
    this.#clock = clock;
    this.#capture = capture;
    this.kernel = capture ? { why: "`tieline capture` reads it" } : openKernelClocks();
    this.last = "why" in this.kernel ? this.kernel : { why: "not read yet" };
  }

  /** Reads; answers by how many nanoseconds the host's clock was set since the reading before, NaN if that is not known. */
  read(): number {
    const before = this.#offsetMs;
    const offsetMs = this.#capture ? this.#readCapture(this.#capture) : this.#readKernel();
    if (!Number.isNaN(offsetMs)) this.#offsetMs = offsetMs;
    return (offsetMs - before) * 1e6;
  }

  /** Gives the kernel's clocks back. */
  close(): void {
    if (!("why" in this.kernel)) this.kernel.close();
  }

  #readKernel(): number {
    if ("why" in this.kernel) return NaN;
    const before = this.#clock.monotonicMs();
    this.last = this.kernel.read();
    const after = this.#clock.monotonicMs();
    // Where something came between, the reading tells nothing of a step.
    if ("why" in this.last || after - before > SANDWICH_MS) return NaN;
    return this.last.nowMicros / 1000 - (before + after) / 2;
  }

  #readCapture({ kernel, hostOffsetMs, links }: ClockCapture): number {
    this.last = kernel;
    if (links === this.#link) return hostOffsetMs;
    this.#link = links;
    this.#offsetMs = hostOffsetMs; // of another process, whose monotonic clock is another one
    return NaN;
  }
}
