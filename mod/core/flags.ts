/**
 * STTP's 32-bit measurement state flags, the one vocabulary of quality inside the program.
 *
 * Every input translates its own quality into these once; outputs translate back.
 * Source: IEEE 2664, measurement state flags; `BadData` and its like are single bits.
 *
 * @module
 */

/** Bits of the measurement state flags. */
export const StateFlags = {
  /** Nothing to report. */
  Normal: 0,
  /** The value is bad. */
  BadData: 0x1,
  /** The value is doubtful. */
  SuspectData: 0x2,
  /** Over range. */
  OverRangeError: 0x4,
  /** Under range. */
  UnderRangeError: 0x8,
  /** Alarm, high. */
  AlarmHigh: 0x10,
  /** Alarm, low. */
  AlarmLow: 0x20,
  /** Warning, high. */
  WarningHigh: 0x40,
  /** Warning, low. */
  WarningLow: 0x80,
  /** The value has not changed for too long. */
  FlatlineAlarm: 0x100,
  /** Comparison alarm. */
  ComparisonAlarm: 0x200,
  /** Rate-of-change alarm. */
  RocAlarm: 0x400,
  /** It was bad when it came in. */
  ReceivedAsBad: 0x800,
  /** The value was computed, not measured. */
  CalculatedValue: 0x1000,
  /** The computation failed. */
  CalculationError: 0x2000,
  /** The computation is doubtful. */
  CalculationWarning: 0x4000,
  /** The time stamp is bad. */
  BadTime: 0x10000,
  /** The time stamp is doubtful. */
  SuspectTime: 0x20000,
  /** It came late. */
  LateTimeAlarm: 0x40000,
  /** Its time stamp lies in the future. */
  FutureTimeAlarm: 0x80000,
  /** Up-sampled. */
  UpSampled: 0x100000,
  /** Down-sampled. */
  DownSampled: 0x200000,
  /** Thrown away on the way; the value is not to be used. */
  DiscardedValue: 0x400000,
  /** The device reports an error. */
  SystemError: 0x20000000,
  /** The device reports a warning. */
  SystemWarning: 0x40000000,
  /** The measurement has an error of its own. */
  MeasurementError: 0x80000000,
} as const;

/**
 * Flags of a value that did not come: bad, and not to be used. Its value is NaN.
 *
 * Both bits together tell it from a value that a device sent as bad.
 */
export const MISSING_FLAGS: number = StateFlags.BadData | StateFlags.DiscardedValue;

/** Bits of `Frame.leap`: what the source says about leap seconds. */
export const LeapFlags = {
  /** Nothing announced. */
  None: 0,
  /** A leap second is pending (C37.118 FRACSEC bit 28). */
  Pending: 1,
  /** A leap second has just occurred (C37.118 FRACSEC bit 29). */
  Occurred: 2,
  /** It is a deleted second, not an added one (C37.118 FRACSEC bit 30). */
  Delete: 4,
} as const;
