/**
 * What a COMTRADE record holds (IEEE C37.111-2013, clauses 7 and 8).
 *
 * @module
 */
import type { Instant } from "../core/mod.ts";

/** How the samples of a data file are written (`ft`, 7.4.9). */
export type DataFormat = "ASCII" | "BINARY" | "BINARY32" | "FLOAT32";

/** Raw value of a sample that is missing: the standard's marker of BINARY32, and ours for the other integers. */
export const MISSING: number = -0x80000000;

/** An analog channel and its samples: value = `a` x raw + `b`, in `unit` (7.4.4). */
export interface AnalogChannel {
  /** Name (`ch_id`). */
  readonly name: string;
  /** Phase (`ph`), or empty. */
  readonly phase: string;
  /** Circuit component (`ccbm`), or empty. */
  readonly component: string;
  /** Unit (`uu`). */
  readonly unit: string;
  /** Multiplier. */
  readonly a: number;
  /** Offset. */
  readonly b: number;
  /** Time by which this channel is sampled later, in microseconds (`skew`). */
  readonly skew: number;
  /** Primary side of the transformer's ratio. */
  readonly primary: number;
  /** Secondary side of the transformer's ratio. */
  readonly secondary: number;
  /** Whether the values are those of the primary or of the secondary side (`PS`). */
  readonly side: "P" | "S";
  /** Raw values; {@linkcode MISSING}, or NaN in floats, where there is none. */
  readonly values: Int32Array | Float32Array | Float64Array;
}

/** A status channel and its samples (7.4.5). */
export interface DigitalChannel {
  /** Name (`ch_id`). */
  readonly name: string;
  /** Phase (`ph`), or empty. */
  readonly phase: string;
  /** Circuit component (`ccbm`), or empty. */
  readonly component: string;
  /** State while nothing happens (`y`). */
  readonly normalState: 0 | 1;
  /** 0 or 1. */
  readonly values: Uint8Array;
}

/** A sampling rate and how far it goes (7.4.7). */
export interface SampleRate {
  /** Samples per second, not necessarily whole. */
  readonly hertz: number;
  /** Number, from 1, of the last sample at this rate. */
  readonly lastSample: number;
}

/** A COMTRADE record: what the configuration and the data file say. */
export interface ComtradeRecord {
  /** Name of the station. */
  readonly station: string;
  /** Identity of the recording device (`rec_dev_id`). */
  readonly device: string;
  /** Year of the standard that the files follow (`rev_year`); 2013 is written. */
  readonly revision: 1999 | 2013;
  /** Analog channels. */
  readonly analog: readonly AnalogChannel[];
  /** Status channels. */
  readonly digital: readonly DigitalChannel[];
  /** Nominal frequency in Hz. */
  readonly frequency: number;
  /** Sampling rates in order; none where only the stamps of the samples tell their times. */
  readonly rates: readonly SampleRate[];
  /** Samples of each channel. */
  readonly samples: number;
  /** Time of the first sample, UTC if `timeOffsetMinutes` is known; undefined if the file has none. */
  readonly start: Instant | undefined;
  /** Time of the trigger, likewise. */
  readonly trigger: Instant | undefined;
  /** What the clock of the files' times is ahead of UTC, in minutes (`time_code`); undefined before 2013. */
  readonly timeOffsetMinutes: number | undefined;
  /** What local time is ahead of UTC, in minutes (`local_code`); undefined if unknown or of no meaning. */
  readonly localOffsetMinutes: number | undefined;
  /** Quality of the clock as in C37.118 (`tmq_code`): 0 locked, 1 to 11 within 10^(n-10) s, 15 failed; 0 before 2013. */
  readonly timeQuality: number;
  /** Leap second in the record (`leapsec`): 0 none, 1 added, 2 deleted, 3 unknown to the clock. */
  readonly leapSecond: number;
  /** Times of the samples in nanoseconds after the first, as the data file has them; NaN where it has none. */
  readonly stamps?: Float64Array;
}
