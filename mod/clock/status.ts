/**
 * What the clock part tells of itself, for `/api/clock`, status and `tieline clock`.
 *
 * @module
 */
import { statBitsOfClock, timeQualityOfClock } from "../c37118/mod.ts";
import { type ClockReport, type ClockState, clockStateFlags } from "../core/mod.ts";
import { smpSynchOfClock } from "../sv/mod.ts";
import type { LeapNotice } from "./reading.ts";
import type { ObserverReport } from "./observer_types.ts";
import type { ClockEvent } from "./state_machine.ts";
import type { SourceJudgement } from "./tracker.ts";

/** A number that may be unknown, as JSON has it. */
export type Known = number | null;

/** One source of time. */
export interface ClockSourceStatus {
  /** Name: `ptp4l`, `ntp HOST`, `kernel`. */
  readonly name: string;
  /** Whether it is the one that is followed. */
  readonly followed: boolean;
  /** Whether it can be followed. */
  readonly usable: boolean;
  /** What it follows, or why it cannot be followed. */
  readonly reason: string;
  /** Whether its reference is traceable to UTC. */
  readonly traceable: boolean;
  /** Own clock minus the source, filtered, in nanoseconds. */
  readonly offsetNs: Known;
  /** Standard deviation of it over a minute, in nanoseconds. */
  readonly deviationNs: Known;
  /** Way to the source, in nanoseconds. */
  readonly delayNs: Known;
  /** Bound of the own error by this source, in nanoseconds. */
  readonly errorNs: Known;
  /** Identity of its grandmaster, 16 hex digits; empty for none. */
  readonly grandmaster: string;
  /** clockClass of its grandmaster. */
  readonly clockClass: Known;
  /** Boundary clocks on the way. */
  readonly stepsRemoved: Known;
  /** What belongs to the kind of source: link, ports, counters. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/** The clock as `/api/clock` shows it. */
export interface ClockStatus {
  /** State. */
  readonly state: ClockState;
  /** Since when: microseconds since 1970. */
  readonly sinceMicros: number;
  /** Upper bound of |own time - UTC| in nanoseconds. */
  readonly errorNs: Known;
  /** Name of the source that is followed; empty for none. */
  readonly source: string;
  /** Identity of the grandmaster; empty for none. */
  readonly grandmaster: string;
  /** Seconds since the clock was locked last; 0 while it is. */
  readonly unlockedSeconds: Known;
  /** TAI - UTC in seconds. */
  readonly taiUtc: number;
  /** Whether a source vouches for it. */
  readonly taiUtcValid: boolean;
  /** What frames that this clock stamps would say. */
  readonly told: {
    /** STTP's measurement state flags. */
    readonly stateFlags: number;
    /** C37.118: FRACSEC bits 31 to 24. */
    readonly messageTimeQuality: number;
    /** C37.118: bits 13, 8 to 6 and 5 to 4 of STAT. */
    readonly stat: number;
    /** smpSynch of sampled values. */
    readonly smpSynch: number;
  };
  /** Leap second that is announced. */
  readonly leap: LeapNotice;
  /** When it falls: seconds since 1970. */
  readonly leapAtSeconds: Known;
  /** No time before this can be right: microseconds since 1970. */
  readonly floorMicros: number;
  /** Sources in the order of preference. */
  readonly sources: readonly ClockSourceStatus[];
  /** Pairs of sources that differ by more than both admit. */
  readonly disagreements: readonly string[];
  /** What is heard on the network; undefined without `[clock.observer]`. */
  readonly network?: ObserverReport & {
    /** What cannot be listened to, in sentences. */
    readonly problems: readonly string[];
    /** Frames that were lost before they were read. */
    readonly lost: number;
  };
  /** What happened last, the newest last. */
  readonly events: readonly ClockEvent[];
}

/** A number, or null where there is none. */
export function known(value: number | undefined): Known {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

/** Seconds since the clock was locked last; 0 while it is, NaN if it never was. */
export function unlockedSeconds(report: ClockReport, nowMicros: number): number {
  return report.state === "locked" ? 0 : (nowMicros - report.lockedMicros) / 1e6;
}

/** The part of the status that is the report, and what frames say by it. */
export function reportStatus(
  report: ClockReport,
  nowMicros: number,
): Pick<
  ClockStatus,
  | "state"
  | "sinceMicros"
  | "errorNs"
  | "source"
  | "grandmaster"
  | "unlockedSeconds"
  | "taiUtc"
  | "taiUtcValid"
  | "told"
> {
  return {
    state: report.state,
    sinceMicros: report.sinceMicros,
    errorNs: known(report.errorNs),
    source: report.source,
    grandmaster: report.grandmasterIdentity,
    unlockedSeconds: known(unlockedSeconds(report, nowMicros)),
    taiUtc: report.taiUtc,
    taiUtcValid: report.taiUtcValid,
    told: {
      stateFlags: clockStateFlags(report),
      messageTimeQuality: timeQualityOfClock(report, Math.floor(nowMicros / 1e6)),
      stat: statBitsOfClock(report, nowMicros),
      smpSynch: smpSynchOfClock(report),
    },
  };
}

/** The status of one source, where the one named `followed` is. */
export function sourceStatus(
  judged: SourceJudgement,
  followed: string,
  detail: Readonly<Record<string, unknown>>,
): ClockSourceStatus {
  const { name, reading } = judged;
  return {
    name,
    followed: name === followed && reading.usable,
    usable: reading.usable,
    reason: reading.reason,
    traceable: reading.traceable,
    offsetNs: known(judged.offsetNs),
    deviationNs: known(judged.deviationNs),
    delayNs: known(reading.delayNs),
    errorNs: known(judged.errorNs),
    grandmaster: reading.grandmaster?.identity ?? "",
    clockClass: known(reading.grandmaster?.clockClass),
    stepsRemoved: known(reading.grandmaster?.stepsRemoved),
    detail,
  };
}
