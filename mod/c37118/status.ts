/**
 * STAT, the common status word and the time quality byte (clauses 6.2 and 6.3, table 7).
 *
 * @module
 */
import { LeapFlags, StateFlags } from "../core/mod.ts";

/** The fields of STAT as the 2011 edition names them. */
export interface StatFields {
  /** Bits 15 and 14: 0 good, 1 PMU error, 2 test mode or filler, 3 PMU error, do not use. */
  readonly dataError: number;
  /** Bit 13: not in sync with a UTC source. */
  readonly syncLost: boolean;
  /** Bit 12: sorted by arrival. */
  readonly sortByArrival: boolean;
  /** Bit 11: trigger detected. */
  readonly trigger: boolean;
  /** Bit 10: the configuration changes or has changed. */
  readonly configChange: boolean;
  /** Bit 9: modified by post-processing. */
  readonly modified: boolean;
  /** Bits 8 to 6: 0 not used, 1 below 100 ns, to 7 above 10 ms or unknown. */
  readonly timeQuality: number;
  /** Bits 5 and 4: 0 locked, to 3 unlocked for over 1000 s. */
  readonly unlocked: number;
  /** Bits 3 to 0: trigger reason. */
  readonly triggerReason: number;
}

/** STAT of an absent PMU from some PDCs; its bits mean nothing by themselves. */
export const STAT_FILLER = 0xffff;

/** STAT for a block that nothing is known of: data error 10, not in sync (concentrator section 6). */
export const STAT_ABSENT = 0xa000;

/** Takes STAT apart. */
export function statFields(stat: number): StatFields {
  return {
    dataError: (stat >>> 14) & 3,
    syncLost: (stat & 0x2000) !== 0,
    sortByArrival: (stat & 0x1000) !== 0,
    trigger: (stat & 0x0800) !== 0,
    configChange: (stat & 0x0400) !== 0,
    modified: (stat & 0x0200) !== 0,
    timeQuality: (stat >>> 6) & 7,
    unlocked: (stat >>> 4) & 3,
    triggerReason: stat & 15,
  };
}

/** Puts STAT together. */
export function statOf(fields: StatFields): number {
  return ((fields.dataError & 3) << 14) | (fields.syncLost ? 0x2000 : 0) |
    (fields.sortByArrival ? 0x1000 : 0) | (fields.trigger ? 0x0800 : 0) |
    (fields.configChange ? 0x0400 : 0) | (fields.modified ? 0x0200 : 0) |
    ((fields.timeQuality & 7) << 6) | ((fields.unlocked & 3) << 4) | (fields.triggerReason & 15);
}

/**
 * Measurement state flags of every value of a block: bit 13 to BadTime, 15 to BadData, 14 to
 * SystemError, nothing else.
 */
export function stateFlagsOf(stat: number): number {
  return (stat & 0x2000 ? StateFlags.BadTime : 0) | (stat & 0x8000 ? StateFlags.BadData : 0) |
    (stat & 0x4000 ? StateFlags.SystemError : 0);
}

/** What {@linkcode stateFlagsOf} leaves out: bit 12 and doubtful time quality to SuspectTime, clock failure to BadTime. */
export function extendedStateFlagsOf(stat: number, timeQuality: number): number {
  const suspect = (stat & 0x1000) !== 0 || ((stat >>> 6) & 7) >= 5;
  return (suspect ? StateFlags.SuspectTime : 0) |
    ((timeQuality & 15) === 15 ? StateFlags.BadTime : 0);
}

/**
 * The common status word, the value of the FLAG signal: STAT, then bits 16 device error, 17 sorted by
 * arrival, 18 sync lost, 19 data invalid, 21 modified. Below 2^24, so exact as binary32.
 */
export function commonStatusOf(stat: number): number {
  return stat | ((stat & 0x4000) << 2) | ((stat & 0x1000) << 5) | ((stat & 0x2000) << 5) |
    ((stat & 0x8000) << 4) | ((stat & 0x0200) << 12);
}

/**
 * STAT for an output stream, from a common status word: bits 15 to 12 and 9 from the upper half
 * where that says anything, the others from the lower.
 */
export function statOfCommonStatus(word: number): number {
  const upper = (word >>> 16) & 0x3f;
  const stat = word & 0xffff;
  if (upper === 0) return stat;
  return (stat & 0x0dff) | (upper & 1 ? 0x4000 : 0) | (upper & 2 ? 0x1000 : 0) |
    (upper & 4 ? 0x2000 : 0) | (upper & 8 ? 0x8000 : 0) | (upper & 32 ? 0x0200 : 0);
}

/** The time quality byte taken apart: FRACSEC bits 31 to 24. */
export interface TimeQuality {
  /** Bit 6: a second is deleted, not added. */
  readonly leapDirDelete: boolean;
  /** Bit 5: a leap second has occurred. */
  readonly leapOccurred: boolean;
  /** Bit 4: a leap second is pending. */
  readonly leapPending: boolean;
  /** Bits 3 to 0: 0 locked, 1 to 11 error within 10^(n-10) s, 15 clock failure. */
  readonly code: number;
}

/** Takes the time quality byte apart. */
export function timeQualityFields(byte: number): TimeQuality {
  return {
    leapDirDelete: (byte & 0x40) !== 0,
    leapOccurred: (byte & 0x20) !== 0,
    leapPending: (byte & 0x10) !== 0,
    code: byte & 15,
  };
}

/** Puts the time quality byte together; bit 7 is 0. */
export function timeQualityByte(fields: TimeQuality): number {
  return (fields.leapDirDelete ? 0x40 : 0) | (fields.leapOccurred ? 0x20 : 0) |
    (fields.leapPending ? 0x10 : 0) | (fields.code & 15);
}

/** `Frame.leap` of the time quality byte; the direction means something only with bit 5 or 4 set. */
export function leapOfTimeQuality(byte: number): number {
  // Bits 4, 5 and 6 stand in the order of LeapFlags.
  return (byte & 0x30) === 0 ? LeapFlags.None : (byte >>> 4) & 7;
}

/** Bits 6 to 4 of the time quality byte from `Frame.leap`. */
export function timeQualityOfLeap(leap: number): number {
  return (leap & 7) << 4;
}
