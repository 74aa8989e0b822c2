/**
 * Quality of samples as flags of estimates; the table is in the module's README.
 *
 * @module
 */
import { StateFlags } from "../core/mod.ts";
import { type PhasorReport, StatBits } from "./report.ts";
import { Condition, type SampleWatch, StreamCondition } from "./sample_watch.ts";

/** Flags of a channel's own quality in the windows. */
export function channelFlags(watch: SampleWatch, channel: number): number {
  let flags = 0;
  if (watch.has(channel, Condition.Invalid)) {
    flags |= StateFlags.BadData | StateFlags.ReceivedAsBad;
  }
  if (watch.has(channel, Condition.Questionable)) flags |= StateFlags.SuspectData;
  if (watch.has(channel, Condition.OverRange)) flags |= StateFlags.OverRangeError;
  if (watch.has(channel, Condition.Test)) flags |= StateFlags.BadData;
  return flags;
}

/** Flags that the whole stream has in the windows; sets STAT and time quality of the report to the same. */
export function streamFlags(watch: SampleWatch, report: PhasorReport): number {
  let flags = 0, stat = 0, quality = 0;
  if (watch.isMarked(StreamCondition.Simulated)) {
    flags |= StateFlags.BadData;
    stat |= StatBits.DoNotUse;
  }
  if (watch.isMarked(StreamCondition.TimeSuspect)) {
    flags |= StateFlags.SuspectTime;
    stat |= StatBits.TimeUnknown;
    quality = WITHIN_TEN_SECONDS;
  }
  if (watch.isMarked(StreamCondition.LocalClock)) {
    flags |= StateFlags.BadTime;
    stat |= StatBits.NotSynchronised | StatBits.TimeUnknown | StatBits.UnlockedLongest;
    quality = WITHIN_TEN_SECONDS;
  }
  if (watch.isMarked(StreamCondition.NotSynchronised)) {
    flags |= StateFlags.BadTime;
    stat |= StatBits.NotSynchronised | StatBits.TimeUnknown | StatBits.UnlockedLongest;
    quality = NOT_RELIABLE;
  }
  report.stat = stat;
  report.timeQuality = quality;
  return flags;
}

const WITHIN_TEN_SECONDS = 11;
const NOT_RELIABLE = 15;
