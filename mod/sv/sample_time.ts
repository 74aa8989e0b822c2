/**
 * Exact arithmetic between sample numbers and instants.
 *
 * Sample `k` of a stream at `rate` samples per second was taken at `k / rate` seconds after 1970. All
 * products stay below 2^53 for rates up to 1 MHz.
 *
 * @module
 */
import type { Instant } from "../core/mod.ts";
import { nanosOfFraction, utcTimeFraction, utcTimeSeconds } from "./utc_time.ts";

/** Nanoseconds from the second to sample `smpCnt`: smpCnt * 10^9 / rate, rounded half up. */
export function sampleNanos(smpCnt: number, rate: number): number {
  return Math.floor((smpCnt * 2e9 + rate) / (2 * rate));
}

/** Sets `out` to the instant of sample `k`, rounded half up to whole nanoseconds. */
export function setFromSample(out: Instant, k: number, rate: number): void {
  const seconds = Math.floor(k / rate);
  out.seconds = seconds;
  out.nanos = sampleNanos(k - seconds * rate, rate);
}

/** Sets `out` from the UtcTime at `offset`. */
export function setFromUtcTime(out: Instant, bytes: Uint8Array, offset: number): void {
  out.seconds = utcTimeSeconds(bytes, offset);
  out.nanos = nanosOfFraction(utcTimeFraction(bytes, offset));
}

/**
 * The latest sample with count `smpCnt` that is not later than `allowanceNanos` after the instant given.
 *
 * Its time is at most one second before that; the number is `second * rate + smpCnt`.
 */
export function latestSample(
  smpCnt: number,
  rate: number,
  seconds: number,
  nanos: number,
  allowanceNanos: number,
): number {
  const second = seconds + Math.floor((nanos + allowanceNanos - sampleNanos(smpCnt, rate)) / 1e9);
  return second * rate + smpCnt;
}

/** The whole number that is `residue` modulo `modulus` and nearest to `expected`. */
export function nearestOf(expected: number, residue: number, modulus: number): number {
  return residue + modulus * Math.round((expected - residue) / modulus);
}
