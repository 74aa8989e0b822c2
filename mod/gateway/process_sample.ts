/**
 * What the run time tells of this process.
 *
 * @module
 */
import process from "node:process";
import type { ProcessSample } from "../stats/mod.ts";

/** Size of the blocks in which the kernel counts disk traffic (getrusage). */
const BLOCK_BYTES = 512;

/** Processor time, memory and disk traffic of this process until now. */
export function sampleProcess(): ProcessSample {
  const usage = process.resourceUsage();
  return {
    cpuMicros: usage.userCPUTime + usage.systemCPUTime,
    memoryBytes: Deno.memoryUsage().rss,
    ioBytes: (usage.fsRead + usage.fsWrite) * BLOCK_BYTES,
  };
}
