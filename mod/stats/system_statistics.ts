/**
 * Statistics of the process, made of what the run time tells of it.
 *
 * @module
 */
import type { StatisticRow } from "../core/mod.ts";
import { statisticRows, SYSTEM_STATISTICS } from "./statistics.ts";

/** What is known of the process at one moment. */
export interface ProcessSample {
  /** Processor time since the start of the process, in microseconds. */
  readonly cpuMicros: number;
  /** Resident memory in bytes. */
  readonly memoryBytes: number;
  /** Bytes read from and written to disks since the start of the process. */
  readonly ioBytes: number;
}

/** Turns samples into statistics, by reporting interval and on average since the first sample. */
export class SystemStatistics {
  readonly #startMs: number;
  readonly #start: ProcessSample;
  #openMs: number;
  #open: ProcessSample;
  #memorySum = 0;
  #samples = 0;

  /** Starts with a first sample at `monotonicMs`. */
  constructor(monotonicMs: number, sample: ProcessSample) {
    this.#startMs = this.#openMs = monotonicMs;
    this.#start = this.#open = sample;
  }

  /** Ends the interval with a sample. 100 % of CPU are one core; a megabyte is 10^6 bytes. */
  close(source: string, monotonicMs: number, sample: ProcessSample): StatisticRow[] {
    this.#memorySum += sample.memoryBytes;
    this.#samples++;
    const interval = monotonicMs - this.#openMs, life = monotonicMs - this.#startMs;
    const cpu = (from: ProcessSample, ms: number) =>
      ms > 0 ? (sample.cpuMicros - from.cpuMicros) / ms / 10 : 0;
    // Bytes per millisecond are kilobytes per second.
    const io = (from: ProcessSample, ms: number) =>
      ms > 0 ? (sample.ioBytes - from.ioBytes) / ms : 0;
    const rows = statisticRows(source, SYSTEM_STATISTICS, [
      cpu(this.#open, interval),
      cpu(this.#start, life),
      sample.memoryBytes / 1e6,
      this.#memorySum / this.#samples / 1e6,
      io(this.#open, interval),
      io(this.#start, life),
      life / 1000,
    ]);
    this.#openMs = monotonicMs;
    this.#open = sample;
    return rows;
  }
}
