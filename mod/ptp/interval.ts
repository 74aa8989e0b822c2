/**
 * TimeInterval: a signed duration in units of 2^-16 ns, exact and without BigInt (IEEE 1588, 5.3.2).
 *
 * @module
 */

/** A duration of `ns + sub / 65536` nanoseconds; the whole part is rounded down, so `sub` is never negative. */
export interface TimeInterval {
  /** Whole nanoseconds, rounded down; on the wire -2^47 to 2^47 - 1. */
  readonly ns: number;
  /** The rest in 2^-16 ns, 0 to 65535. */
  readonly sub: number;
}

/** No time at all. */
export const ZERO_INTERVAL: TimeInterval = { ns: 0, sub: 0 };

/** What a correctionField says when the correction is too large for it: not to be used for timing. */
export const UNUSABLE_INTERVAL: TimeInterval = { ns: 2 ** 47 - 1, sub: 65535 };

/** Makes an interval; `sub` may be any whole number and is carried into the nanoseconds. */
export function interval(ns: number, sub = 0): TimeInterval {
  const carry = Math.floor(sub / 65536);
  return { ns: ns + carry, sub: sub - carry * 65536 };
}

/** The interval of a 64-bit field, from its upper (signed) and lower (unsigned) 32 bits. */
export function intervalFromHalves(hi: number, lo: number): TimeInterval {
  return { ns: (hi | 0) * 65536 + (lo >>> 16), sub: lo & 0xffff };
}

/** The upper 32 bits of an interval's field, signed; beyond 2^47 ns it wraps. */
export function intervalHigh(i: TimeInterval): number {
  return Math.floor(i.ns / 65536) | 0;
}

/** The lower 32 bits of an interval's field, unsigned. */
export function intervalLow(i: TimeInterval): number {
  return ((i.ns - Math.floor(i.ns / 65536) * 65536) * 65536 + i.sub) >>> 0;
}

/** Nanoseconds as one double; exact below 2^37 ns, else rounded. */
export function intervalNs(i: TimeInterval): number {
  return i.ns + i.sub / 65536;
}

/** Makes an interval of nanoseconds with a fraction, rounded down to 2^-16 ns. */
export function intervalFromNs(ns: number): TimeInterval {
  const whole = Math.floor(ns);
  return { ns: whole, sub: Math.floor((ns - whole) * 65536) };
}

/** `a + b`, exact while the sum is below 2^53 ns. */
export function addIntervals(a: TimeInterval, b: TimeInterval): TimeInterval {
  return interval(a.ns + b.ns, a.sub + b.sub);
}

/** `a - b`, exact while the difference is below 2^53 ns. */
export function subtractIntervals(a: TimeInterval, b: TimeInterval): TimeInterval {
  return interval(a.ns - b.ns, a.sub - b.sub);
}

/** Half of `i`, rounded towards minus infinity. */
export function halfInterval(i: TimeInterval): TimeInterval {
  const ns = Math.floor(i.ns / 2);
  return { ns, sub: ((i.ns - 2 * ns) * 65536 + i.sub) >> 1 };
}

/** Whether a correctionField can be used: it is not the value for "does not fit" (13.3.2.9). */
export function isUsable(correction: TimeInterval): boolean {
  return correction.ns !== UNUSABLE_INTERVAL.ns || correction.sub !== UNUSABLE_INTERVAL.sub;
}

/** The count of 2^-16 ns as decimal text, for JSON; off the hot path only. */
export function intervalScaledText(i: TimeInterval): string {
  return String(BigInt(i.ns) * 65536n + BigInt(i.sub));
}
