/**
 * What comes out for one reporting instant.
 *
 * @module
 */
import { StateFlags } from "../core/mod.ts";

/** Bits of `PhasorReport.stat`, the STAT word of C37.118.2 (clause 6.3, table 7). */
export const StatBits = {
  /** Bits 15 and 14 = 01: some values are bad, see their flags. */
  SomeBad: 0x4000,
  /** Bits 15 and 14 = 10: test, simulation, or no estimate: do not use. */
  DoNotUse: 0x8000,
  /** Bit 13: the samples were not taken by a clock that is traceable to UTC. */
  NotSynchronised: 0x2000,
  /** Bit 9: samples were interpolated. */
  Modified: 0x0200,
  /** Bits 8 to 6 = 7: the error of time is above 10 ms or unknown. */
  TimeUnknown: 0x01c0,
  /** Bits 5 and 4 = 3: unlocked for the longest time that can be told. */
  UnlockedLongest: 0x0030,
} as const;

/** Flags of values that could not be computed; they are NaN. */
export const NO_ESTIMATE_FLAGS: number = StateFlags.BadData | StateFlags.CalculationError;

/**
 * The estimates of one reporting instant; there is one object for each estimator, overwritten by the next report.
 *
 * Phasors stand in the order of `PhasorEstimator.phasors`: the channels, then the positive, negative and zero sequence
 * of each set. Magnitudes are rms in physical units; angles are in degrees, in (-180, 180], against a cosine of the
 * nominal frequency whose maximum is at the UTC second.
 */
export class PhasorReport {
  /** Whole seconds of the instant, in the ring's time scale. */
  second = 0;
  /** Instant within the second: `index / framesPerSecond` seconds after it. */
  index = 0;
  /** False where nothing could be estimated: every value is NaN. */
  estimated = false;
  /** Samples of the window that were interpolated. */
  interpolated = 0;
  /** STAT word as C37.118.2 defines it; see {@linkcode StatBits}. */
  stat = 0;
  /** Time quality code of C37.118 (clause 6.2): 0 locked, 11 within 10 s, 15 not reliable. */
  timeQuality = 0;
  /** Frequency in Hz; NaN when there is none. */
  frequency: number = NaN;
  /** Rate of change of frequency in Hz/s; NaN when there is none. */
  rocof: number = NaN;
  /** `StateFlags` of frequency and ROCOF. */
  frequencyFlags = 0;
  /** Magnitudes, rms, of every phasor. */
  readonly magnitudes: Float64Array;
  /** Angles in degrees of every phasor. */
  readonly angles: Float64Array;
  /** `StateFlags` of every phasor's magnitude; for channels those of the RMS value too. */
  readonly flags: Uint32Array;
  /** `StateFlags` of every phasor's angle. */
  readonly angleFlags: Uint32Array;
  /** True RMS of every channel: fundamental, harmonics and DC, over two nominal cycles around the instant. */
  readonly rms: Float64Array;

  /** Makes a report that holds nothing yet. */
  constructor(phasors: number, channels: number) {
    this.magnitudes = new Float64Array(phasors).fill(NaN);
    this.angles = new Float64Array(phasors).fill(NaN);
    this.flags = new Uint32Array(phasors).fill(NO_ESTIMATE_FLAGS);
    this.angleFlags = new Uint32Array(phasors).fill(NO_ESTIMATE_FLAGS);
    this.rms = new Float64Array(channels).fill(NaN);
  }
}
