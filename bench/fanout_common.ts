/**
 * What the processes of the fan-out benchmark say to each other.
 *
 * @module
 */
import type { KeyPair } from "../mod/os/mod.ts";

/** One subscriber: who it is and what it asks for. */
export interface SubscriberPlan extends KeyPair {
  /** Filter expression of its subscription. */
  readonly filter: string;
}

/** What the subscribers have measured. */
export interface SubscribersReport {
  /** Measurements received. */
  readonly measurements: number;
  /** Data packets received. */
  readonly packets: number;
  /** Packets out of sequence and connections lost. */
  readonly gaps: number;
  /** Median of the time from the stamp to the decoded measurement. */
  readonly p50Ms: number;
  /** 99th percentile. */
  readonly p99Ms: number;
  /** Largest. */
  readonly maxMs: number;
}

/** The numbers of a text, by blanks; words are NaN. */
export function numbersOf(text: string): number[] {
  return text.trim().split(/\s+/).map(Number);
}
