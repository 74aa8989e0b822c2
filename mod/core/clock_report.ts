/**
 * What is known of the gateway's own clock: the one record from which every protocol's time quality is made.
 *
 * @module
 */
import { StateFlags } from "./flags.ts";
import type { LeapSecond } from "./leap_second.ts";

/**
 * State of the gateway's clock: `locked` follows a reference that is traceable to UTC, within the limit; `local` follows
 * one that is not, or not as well; `holdover` has lost its reference and knows how wrong it may be; `free` does not;
 * `fault` is known to be wrong.
 */
export type ClockState = "locked" | "local" | "holdover" | "free" | "fault";

/** What is known of the gateway's clock. */
export interface ClockReport {
  /** State. */
  readonly state: ClockState;
  /** Upper bound of |own time - UTC| in nanoseconds; Infinity if unknown. */
  readonly errorNs: number;
  /** When the state began: microseconds since 1970. */
  readonly sinceMicros: number;
  /** When the clock was locked last: microseconds since 1970; NaN if it never was. */
  readonly lockedMicros: number;
  /** Name of the source that is followed; empty for none. */
  readonly source: string;
  /** Identity of the grandmaster, 16 hex digits; empty for none. */
  readonly grandmasterIdentity: string;
  /** grandmasterID of C37.238, 3 to 254; 0 if none is known. */
  readonly grandmasterId: number;
  /** The leap second that is announced, otherwise the last one that was seen; undefined if none is known. */
  readonly leapSecond: LeapSecond | undefined;
  /** TAI - UTC in seconds. */
  readonly taiUtc: number;
  /** Whether the source vouches for `taiUtc`. */
  readonly taiUtcValid: boolean;
}

/** The report of a clock that nobody watches: nothing is known. */
export const UNWATCHED_CLOCK: ClockReport = {
  state: "free",
  errorNs: Infinity,
  sinceMicros: 0,
  lockedMicros: NaN,
  source: "",
  grandmasterIdentity: "",
  grandmasterId: 0,
  leapSecond: undefined,
  taiUtc: 37,
  taiUtcValid: false,
};

/** Error of 1 % total vector error at 50 Hz, in nanoseconds: above it a time stamp is suspect. */
export const SUSPECT_ERROR_NS = 31_000;

/**
 * Measurement state flags of values whose second alone the gateway tells, such as samples that are numbered within it:
 * BadTime when the clock may be off by so much that it is another second.
 */
export function secondStateFlags(report: ClockReport): number {
  const sure = report.state !== "fault" && report.errorNs < MAX_SECOND_ERROR_NS;
  return sure ? StateFlags.Normal : StateFlags.BadTime;
}

/** Error up to which an arrival tells the second that a stamp belongs to, in nanoseconds. */
const MAX_SECOND_ERROR_NS = 400e6;

/**
 * Measurement state flags of values that the gateway stamps: BadTime when nothing bounds the error, SuspectTime when it
 * is not locked or the bound exceeds `limitNs`, none else.
 */
export function clockStateFlags(report: ClockReport, limitNs: number = SUSPECT_ERROR_NS): number {
  if (report.state === "fault" || !(report.errorNs < 10e9)) return StateFlags.BadTime;
  const good = report.state === "locked" && report.errorNs <= limitNs;
  return good ? StateFlags.Normal : StateFlags.SuspectTime;
}
