/**
 * The clock of this machine for simulated devices that are to say of it what its kernel does.
 *
 * @module
 */
import { Option } from "commander";
import { type ClockReport, UNWATCHED_CLOCK } from "../core/mod.ts";
import { openKernelClocks, reportOfKernel } from "../os/mod.ts";
import { CommandError } from "./options.ts";

/** How often the kernel is asked, in milliseconds. */
const READ_MS = 1000;

/** `--clock`: `ideal` as the other options say, `kernel` as adjtimex(2) does. */
export function clockOption(ideal: string): Option {
  return new Option(
    "--clock <source>",
    `what frames say of their clock: ideal, ${ideal}, or kernel, what adjtimex says of this machine's`,
  ).choices(["ideal", "kernel"]).default("ideal");
}

/** The kernel's account of its clock, asked once a second at the most. */
export class KernelStamps {
  readonly #kernel;
  #report: ClockReport = UNWATCHED_CLOCK;
  #readMs = -Infinity;

  /** Opens the kernel's clocks. Throws a CommandError where that cannot be had. */
  constructor() {
    const kernel = openKernelClocks();
    if ("why" in kernel) throw new CommandError(`Cannot use --clock kernel: ${kernel.why}`);
    this.#kernel = kernel;
  }

  /** What is known of the clock now. */
  report(): ClockReport {
    const nowMs = performance.now();
    if (nowMs - this.#readMs >= READ_MS) {
      this.#readMs = nowMs;
      this.#report = reportOfKernel(this.#kernel.read(), Date.now() * 1000, this.#report);
    }
    return this.#report;
  }

  /** Gives the library back. */
  close(): void {
    this.#kernel.close();
  }
}
