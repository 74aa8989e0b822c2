/**
 * What an input counts besides the common statistics: the ledger's reasons, and oddities of the wire.
 *
 * @module
 */

/**
 * Why a frame did not go on, by its number in the ingest ledger.
 *
 * The ledger counts data frames and frames whose CHK is wrong; configurations, headers and commands are not data and
 * are counted in the statistics.
 */
export const Drop = {
  /** CHK is wrong; what kind of frame it was cannot be known. */
  Crc: 0,
  /** Data before a configuration is known, or while it has to be confirmed. */
  NoConfig: 1,
  /** The stream IDCODE is another one. */
  WrongId: 2,
  /** The size is not that of the configuration. */
  SizeMismatch: 3,
  /** An exact copy of a frame that came before. */
  Duplicate: 4,
  /** The next part of the gateway failed on it. */
  Refused: 5,
} as const;

/** Words for {@linkcode Drop}, in the order of the numbers. */
export const DROP_REASONS: readonly string[] = [
  "crc",
  "noConfig",
  "wrongId",
  "sizeMismatch",
  "duplicate",
  "refused",
];

/** Counts of what is odd or noteworthy on the wire, since the start. */
export interface WireCounters {
  /** Bytes that belong to no accepted frame. */
  skippedBytes: number;
  /** Times that the boundary of frames was lost and found again. */
  resync: number;
  /** Impossible FRAMESIZE where a frame was expected. */
  badLength: number;
  /** Unknown frame type where a frame was expected. */
  badType: number;
  /** Data frames that were a few bytes longer than the configuration says; they were decoded. */
  padded: number;
  /** Data frames that were decoded by a configuration from the cache. */
  byCachedConfiguration: number;
  /** Blocks of absent PMUs (STAT 0xFFFF), in frames. */
  fillerFrames: number;
  /** Frames whose fraction count was at or above TIME_BASE. */
  timeOverflow: number;
  /** Data frames with a stamp before that of an earlier one; they were delivered. */
  outOfOrder: number;
  /** Configurations that were accepted and said something new. */
  newConfigurations: number;
  /** Configurations that said what was known. */
  sameConfigurations: number;
  /** Configurations of other streams, and CFG-1 or CFG-2 beside a better one. */
  ignoredConfigurations: number;
  /** Configurations that could not be accepted. */
  configError: number;
  /** Rising edges of STAT bit 10: a change of configuration is announced. */
  announcedChanges: number;
  /** Sets of CFG-3 fragments that were thrown away. */
  discardedFragments: number;
  /** Command frames that the device sent. */
  unexpectedCommand: number;
}

/** Counters that are all 0. */
export function emptyWireCounters(): WireCounters {
  return {
    skippedBytes: 0,
    resync: 0,
    badLength: 0,
    badType: 0,
    padded: 0,
    byCachedConfiguration: 0,
    fillerFrames: 0,
    timeOverflow: 0,
    outOfOrder: 0,
    newConfigurations: 0,
    sameConfigurations: 0,
    ignoredConfigurations: 0,
    configError: 0,
    announcedChanges: 0,
    discardedFragments: 0,
    unexpectedCommand: 0,
  };
}
