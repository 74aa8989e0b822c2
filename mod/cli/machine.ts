/**
 * What machine this is, for reports of measurements.
 *
 * @module
 */

/** Processor, number of its cores that may be used, system and runtime, in one line. */
export function machine(): string {
  const cores = navigator.hardwareConcurrency;
  return `${processor()}${cores} ${cores === 1 ? "core" : "cores"}, ` +
    `${Deno.build.os} ${Deno.build.arch}, Deno ${Deno.version.deno}`;
}

/** Name of the processor, as the kernel tells it to a process with all permissions, and a comma; otherwise nothing. */
function processor(): string {
  try {
    const text = Deno.readTextFileSync("/proc/cpuinfo");
    // Arm kernels name the board in place of the processor.
    const name = /^(?:model name|Model)\s*:\s*(.+)$/m.exec(text)?.[1];
    if (name) return `${name.trim()}, `;
  } catch {
    // Not Linux, or the gateway's permissions, which keep /proc closed: the architecture must do.
  }
  return "";
}
