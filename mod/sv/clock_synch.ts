/**
 * smpSynch of streams that the gateway itself stamps (IEC 61850-9-2, 8.6; IEC 61869-9, 6.903).
 *
 * @module
 */
import type { ClockReport } from "../core/mod.ts";

/** Error above which a stream in holdover is no longer synchronised, in nanoseconds. */
const HOLDOVER_LIMIT_NS = 4000;

/**
 * smpSynch for a clock: 2 locked to UTC, or in holdover from there within `limitNs`; 5 to 254 the grandmasterID of a
 * local clock, 1 a local clock without one; 0 not synchronised.
 */
export function smpSynchOfClock(report: ClockReport, limitNs: number = HOLDOVER_LIMIT_NS): number {
  switch (report.state) {
    case "locked":
      return 2;
    case "holdover":
      return report.errorNs <= limitNs && !Number.isNaN(report.lockedMicros) ? 2 : 0;
    case "local": {
      const id = report.grandmasterId;
      return id >= 5 && id <= 254 ? id : 1;
    }
    case "free":
    case "fault":
      return 0;
  }
}
