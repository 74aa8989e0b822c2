/**
 * From quality and clock state of one sample to the house's flags; those of a report, made of a window of samples, are in
 * `mod/phasor`, which agrees in what simulated samples and local clocks mean.
 *
 * @module
 */
import { MISSING_FLAGS, SampleMarks, StateFlags } from "../core/mod.ts";

/** Bits of the 32-bit quality of a sample (IEC 61850-7-3 Quality, with the derived bit of 9-2LE). */
export const Quality = {
  /** Mask of the validity. */
  Validity: 0x3,
  /** Validity: good. */
  Good: 0,
  /** Validity: invalid. */
  Invalid: 1,
  /** Validity: reserved; some publishers send it where they mean invalid. */
  Reserved: 2,
  /** Validity: questionable. */
  Questionable: 3,
  /** The value cannot be represented. */
  Overflow: 0x4,
  /** The value is beyond its range. */
  OutOfRange: 0x8,
  /** The reference of the measurement is bad. */
  BadReference: 0x10,
  /** The value oscillates. */
  Oscillatory: 0x20,
  /** A failure was detected. */
  Failure: 0x40,
  /** The value was not refreshed in time. */
  OldData: 0x80,
  /** An evaluation found an inconsistency. */
  Inconsistent: 0x100,
  /** The value misses its accuracy. */
  Inaccurate: 0x200,
  /** Substituted by an operator. */
  Substituted: 0x400,
  /** In test. */
  Test: 0x800,
  /** Updates are blocked by an operator. */
  OperatorBlocked: 0x1000,
  /** Computed, not measured: the neutral as sum of the phases (9-2LE, IEC 61869-9). */
  Derived: 0x2000,
} as const;

/**
 * What each bit becomes; the validity is translated by {@linkcode VALIDITY_FLAGS}.
 *
 * Details that leave open how far off the value is make it suspect even where the validity says good:
 * whoever wants the publisher's own word reads the quality in the waveform.
 */
const BIT_FLAGS: readonly (readonly [bit: number, flags: number])[] = [
  [Quality.Overflow, StateFlags.OverRangeError],
  [Quality.OutOfRange, StateFlags.OverRangeError],
  [Quality.BadReference, StateFlags.SuspectData],
  [Quality.Oscillatory, StateFlags.SuspectData],
  [Quality.Failure, StateFlags.MeasurementError],
  [Quality.OldData, StateFlags.SuspectData],
  [Quality.Inconsistent, StateFlags.ComparisonAlarm],
  [Quality.Inaccurate, StateFlags.SuspectData],
  [Quality.Substituted, StateFlags.SuspectData],
  [Quality.Test, StateFlags.SuspectData],
  [Quality.OperatorBlocked, StateFlags.SuspectData],
  [Quality.Derived, StateFlags.CalculatedValue],
];

const VALIDITY_FLAGS: readonly number[] = [
  StateFlags.Normal,
  StateFlags.BadData | StateFlags.ReceivedAsBad,
  StateFlags.BadData | StateFlags.ReceivedAsBad,
  StateFlags.SuspectData,
];

const DEFINED_BITS = 0x3fff;

const FLAGS_OF_QUALITY = new Uint32Array(DEFINED_BITS + 1).map((_, quality) => {
  let flags = VALIDITY_FLAGS[quality & Quality.Validity]!;
  for (const [bit, meaning] of BIT_FLAGS) if ((quality & bit) !== 0) flags |= meaning;
  return flags;
});

/** The state flags of a sample's quality word; bits 31 to 14 mean nothing and are not looked at. */
export function flagsOfQuality(quality: number): number {
  return FLAGS_OF_QUALITY[quality & DEFINED_BITS]!;
}

/**
 * The state flags of what the gateway knows of a sample, bits of `SampleMarks`.
 *
 * A filled sample is missing; an unsynchronised and a local clock are bad time, a time that disagrees with arrival
 * is suspect time. A simulated sample is no good one.
 */
export function flagsOfMarks(marks: number): number {
  let flags: number = StateFlags.Normal;
  if ((marks & SampleMarks.Filled) !== 0) flags |= MISSING_FLAGS;
  if ((marks & (SampleMarks.NotSynchronised | SampleMarks.LocalClock)) !== 0) {
    flags |= StateFlags.BadTime;
  }
  if ((marks & SampleMarks.TimeSuspect) !== 0) flags |= StateFlags.SuspectTime;
  if ((marks & SampleMarks.Simulated) !== 0) flags |= StateFlags.BadData;
  return flags;
}
