/**
 * STAT of a PMU in a frame of the stream (C37.118.2-2011 table 7, specs/concentrator.md section 6).
 *
 * @module
 */
import { StateFlags } from "../../core/mod.ts";
import { STAT_ABSENT, STAT_FILLER, statOfCommonStatus } from "../../c37118/mod.ts";

const INVALID = 0x8000, ERROR = 0x4000, NO_SYNC = 0x2000, MODIFIED = 0x0200;
const TIME_QUALITY = 0x01c0, UNLOCKED = 0x0030;
/** STAT bit 10: the configuration changes. */
export const CONFIGURATION_CHANGE = 0x0400;
/** Bits that edition 2005 reserves. */
const NEW_IN_2011 = MODIFIED | TIME_QUALITY;
/** STAT bit 12. */
export const SORTED_BY_ARRIVAL = 0x1000;

/** What was found in the values of a block. */
export interface BlockFindings {
  /** The common status word; NaN if it did not come. */
  word: number;
  /** True if the stream has a status word of the device at all. */
  hasWord: boolean;
  /** Values that came. */
  present: number;
  /** Values that should have come and did not. */
  missing: number;
  /** State flags of all values that came, together. */
  flags: number;
}

/**
 * STAT of a block: what the source said, and nothing of it cleared.
 *
 * The flags of the values can only add to it: bit 13 for bad time, 14 for a device in error, 9 for values that were
 * down- or up-sampled. Values that did not come set bit 15; nothing at all is 0xA000.
 */
export function statOfBlock(found: BlockFindings): number {
  const { word, flags } = found;
  const isKnown = word === word;
  if (found.present === 0 && !isKnown) return STAT_ABSENT;
  let stat = isKnown ? statOfCommonStatus(word) : found.hasWord ? INVALID : 0;
  if (stat === STAT_FILLER) return stat;
  if (flags & StateFlags.BadTime) stat |= NO_SYNC;
  if (flags & StateFlags.SystemError) stat |= ERROR;
  if (flags & (StateFlags.DownSampled | StateFlags.UpSampled)) stat |= MODIFIED;
  return found.missing > 0 ? stat | INVALID : stat;
}

/**
 * STAT of a PMU that the gateway itself is: the worse of what its samples and the gateway's clock say of time;
 * `clockBits` are those of `statBitsOfClock`.
 */
export function withClock(stat: number, clockBits: number): number {
  const quality = Math.max(stat & TIME_QUALITY, clockBits & TIME_QUALITY);
  const unlocked = Math.max(stat & UNLOCKED, clockBits & UNLOCKED);
  return (stat & ~(TIME_QUALITY | UNLOCKED)) | (clockBits & NO_SYNC) | quality | unlocked;
}

/** STAT as edition 2005 has it: what it reserves is 0. */
export function asOf2005(stat: number): number {
  return stat === STAT_FILLER ? stat : stat & ~NEW_IN_2011;
}
