/**
 * What one source of time says at one moment, in the terms in which sources can be compared.
 *
 * @module
 */

/** Leap second that a source announces for the end of the UTC day. */
export type LeapNotice = "none" | "insert" | "delete";

/** Who is at the root of a source's time. */
export interface GrandmasterReading {
  /** clockIdentity, 16 hex digits. */
  readonly identity: string;
  /** clockClass. */
  readonly clockClass: number;
  /** clockAccuracy. */
  readonly clockAccuracy: number;
  /** grandmasterID of C37.238; 0 if none is known. */
  readonly grandmasterId: number;
  /** Boundary clocks between it and us. */
  readonly stepsRemoved: number;
}

/** What a source says now. */
export interface TimeReading {
  /** Whether it can be followed now. */
  readonly usable: boolean;
  /** Why it cannot, or what it follows, in words. */
  readonly reason: string;
  /** Whether its reference is traceable to UTC. */
  readonly traceable: boolean;
  /** Own clock minus the reference, in nanoseconds; NaN if it was not measured. */
  readonly offsetNs: number;
  /** Way to the reference, in nanoseconds; NaN if unknown. */
  readonly delayNs: number;
  /** Bound of the error of the reference as it arrives here, without the own offset; Infinity if unknown. */
  readonly referenceErrorNs: number;
  /** Offset that the source itself takes for none, in nanoseconds; 0 leaves that to the limits of the clock. */
  readonly toleranceNs: number;
  /** Monotonic milliseconds of the measurement that `offsetNs` comes from; NaN for none. */
  readonly sampleMs: number;
  /** How fast the bound grows from one measurement to the next, in nanoseconds per second. */
  readonly growthNsPerSecond: number;
  /** TAI - UTC in seconds. */
  readonly taiUtc: number;
  /** Whether the source vouches for `taiUtc`; false for sources that speak UTC. */
  readonly taiUtcValid: boolean;
  /** Leap second. */
  readonly leap: LeapNotice;
  /** Who is at the root, of PTP sources. */
  readonly grandmaster?: GrandmasterReading | undefined;
}

/** A reading of nothing, with the reason. */
export function noReading(reason: string): TimeReading {
  return {
    usable: false,
    reason,
    traceable: false,
    offsetNs: NaN,
    delayNs: NaN,
    referenceErrorNs: Infinity,
    toleranceNs: 0,
    sampleMs: NaN,
    growthNsPerSecond: 0,
    taiUtc: 37,
    taiUtcValid: false,
    leap: "none",
  };
}
