/**
 * Time quality of frames that the gateway itself stamps (C37.118.2, table 3 and table 7).
 *
 * @module
 */
import { type ClockReport, leapFlagsAt, SUSPECT_ERROR_NS } from "../core/mod.ts";
import { timeQualityOfLeap } from "./status.ts";

/** FRACSEC bits 31 to 24 for a clock: MSG_TQ, and the leap bits of a frame with `soc` in its stamp. */
export function timeQualityOfClock(report: ClockReport, soc: number): number {
  return timeQualityOfLeap(leapFlagsAt(report.leapSecond, soc)) | messageTimeQuality(report);
}

/** MSG_TQ: 0 locked to UTC; 1 to 11 error below 10^(n-10) s; 15 not reliable. */
export function messageTimeQuality(report: ClockReport): number {
  if (report.state === "fault") return 15;
  if (report.state === "locked") return 0;
  for (let n = 1; n <= 11; n++) if (report.errorNs <= 10 ** (n - 1)) return n;
  return 15;
}

/** The bits of STAT that {@linkcode statBitsOfClock} makes. */
export const STAT_CLOCK_BITS = 0x21f0;

/** Bits 13, 8 to 6 and 5 to 4 of STAT for a PMU that this clock stamps, `nowMicros` since 1970. */
export function statBitsOfClock(report: ClockReport, nowMicros: number): number {
  const kept = report.state === "holdover" && report.errorNs <= SUSPECT_ERROR_NS;
  const lost = report.state === "locked" || kept ? 0 : 0x2000;
  return lost | (pmuTimeQuality(report) << 6) | (unlockedTime(report, nowMicros) << 4);
}

/** PMU_TQ: 1 error below 100 ns, one more for each power of ten, 7 above 10 ms or unknown. */
function pmuTimeQuality(report: ClockReport): number {
  if (report.state === "fault") return 7;
  for (let n = 1; n <= 6; n++) if (report.errorNs < 10 ** (n + 1)) return n;
  return 7;
}

/** Unlocked time: 0 locked or below 10 s, 1 below 100 s, 2 below 1000 s, 3 from there. */
function unlockedTime(report: ClockReport, nowMicros: number): number {
  if (report.state === "locked") return 0;
  const seconds = (nowMicros - report.lockedMicros) / 1e6;
  if (seconds < 10) return 0;
  return seconds < 100 ? 1 : seconds < 1000 ? 2 : 3; // never locked is NaN, and long
}
