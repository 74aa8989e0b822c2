/**
 * UtcTime of IEC 61850-8-1: seconds, 24-bit fraction, quality octet.
 *
 * @module
 */

/** Bits of the quality octet of a UtcTime. */
export const UtcTimeQuality = {
  /** The seconds are true UTC: leap seconds are known. */
  LeapSecondsKnown: 0x80,
  /** The clock has failed. */
  ClockFailure: 0x40,
  /** The clock is not synchronised. */
  ClockNotSynchronized: 0x20,
  /** Number of significant bits of the fraction; 31 is unspecified. */
  AccuracyBits: 0x1f,
} as const;

/** Whole seconds since 1970 of the UtcTime at `offset`. */
export function utcTimeSeconds(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) |
    bytes[offset + 3]!) >>> 0;
}

/** The 24-bit fraction of the UtcTime at `offset`, in units of 2^-24 s. */
export function utcTimeFraction(bytes: Uint8Array, offset: number): number {
  return (bytes[offset + 4]! << 16) | (bytes[offset + 5]! << 8) | bytes[offset + 6]!;
}

/** The quality octet of the UtcTime at `offset`, bits of {@linkcode UtcTimeQuality}. */
export function utcTimeQuality(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 7]!;
}

/** Nanoseconds of a 24-bit fraction: floor(fraction * 10^9 / 2^24), exact. */
export function nanosOfFraction(fraction: number): number {
  return Math.floor(fraction * 1_953_125 / 32_768); // 10^9 / 2^24 = 5^9 / 2^15; the product is below 2^45
}

/** The 24-bit fraction of nanoseconds: the nearest one, at most 2^24 - 1. */
export function fractionOfNanos(nanos: number): number {
  return Math.min(0xffffff, Math.round(nanos * 32_768 / 1_953_125));
}

/** Writes a UtcTime of eight octets at `offset`. */
export function writeUtcTime(
  bytes: Uint8Array,
  offset: number,
  seconds: number,
  fraction: number,
  quality: number,
): void {
  bytes[offset] = seconds >>> 24;
  bytes[offset + 1] = seconds >>> 16;
  bytes[offset + 2] = seconds >>> 8;
  bytes[offset + 3] = seconds;
  bytes[offset + 4] = fraction >>> 16;
  bytes[offset + 5] = fraction >>> 8;
  bytes[offset + 6] = fraction;
  bytes[offset + 7] = quality;
}
