/**
 * Instants: UTC as whole seconds since 1970 and nanoseconds within the second, two numbers.
 *
 * Conversions are exact and allocate nothing; each wire format has one named function. A tick is
 * 100 ns; STTP counts ticks from 0001-01-01 and writes them as two 32-bit halves.
 *
 * @module
 */

/** A moment of UTC. Frames own one and change it in place. */
export interface Instant {
  /** Whole seconds since 1970-01-01T00:00:00 UTC, leap seconds not counted. */
  seconds: number;
  /** Nanoseconds within the second, 0 to 999,999,999. */
  nanos: number;
}

/** Seconds from 0001-01-01 to 1970-01-01. */
export const SECONDS_YEAR_1_TO_1970 = 62_135_596_800;

const TWO_32 = 4_294_967_296;
const TICKS_PER_SECOND = 10_000_000;

/** Makes an instant; `nanos` may be any whole number and is carried into the seconds. */
export function instant(seconds: number, nanos = 0): Instant {
  const carry = Math.floor(nanos / 1e9);
  return { seconds: seconds + carry, nanos: nanos - carry * 1e9 };
}

/**
 * Sets `out` from C37.118 SOC and the 24-bit fraction count (clause 6.2, FRACSEC).
 *
 * Nanoseconds are `count * 1e9 / timeBase`, rounded half up; a count at or above `timeBase` carries
 * into the next second. `timeBase` is in counts per second and must be above 0.
 */
export function setFromSocFracSec(
  out: Instant,
  soc: number,
  count: number,
  timeBase: number,
): void {
  if (count >= timeBase) {
    soc += Math.floor(count / timeBase);
    count %= timeBase;
  }
  // count * 1e9 needs up to 54 bits; split it so that each step is exact. The remainder is below
  // timeBase < 2^24, so r * 1e6 stays below 2^44.
  const scaled = count * 1000;
  const high = Math.floor(scaled / timeBase);
  const r = scaled - high * timeBase;
  let nanos = high * 1_000_000 + Math.floor((r * 1_000_000 + timeBase / 2) / timeBase);
  if (nanos >= 1e9) {
    nanos -= 1e9;
    soc++;
  }
  out.seconds = soc;
  out.nanos = nanos;
}

/** Microseconds since 1970 as one double, rounded down; exact to the microsecond until 2255. */
export function toMicros(i: Instant): number {
  return i.seconds * 1e6 + Math.floor(i.nanos / 1000);
}

/** Sets `out` from microseconds since 1970. */
export function setFromMicros(out: Instant, micros: number): void {
  const seconds = Math.floor(micros / 1e6);
  out.seconds = seconds;
  out.nanos = Math.round(micros - seconds * 1e6) * 1000;
  if (out.nanos >= 1e9) {
    out.nanos -= 1e9;
    out.seconds++;
  }
}

/** A 64-bit count of 100 ns ticks since 0001-01-01 as two unsigned 32-bit halves. */
export interface Ticks {
  /** The upper 32 bits. */
  hi: number;
  /** The lower 32 bits. */
  lo: number;
}

/**
 * Sets `out` to the STTP tick count of an instant, rounded half up to the next 100 ns.
 *
 * Valid for all instants from year 1 to 9999. Leap bits (62 and 63) are left 0.
 */
export function setTicks(out: Ticks, seconds: number, nanos: number): void {
  // seconds * 1e7 = sHi * 2^32 + sLo with 48-bit-safe partial products.
  const s = seconds + SECONDS_YEAR_1_TO_1970;
  const a = Math.floor(s / 65536); // below 2^23 for any year up to 9999
  const b = s - a * 65536; // below 2^16
  const low = b * TICKS_PER_SECOND + Math.floor((nanos + 50) / 100); // below 2^40
  const high = a * TICKS_PER_SECOND; // below 2^47, weight 2^16
  const highTop = Math.floor(high / 65536);
  const lowSum = low + (high - highTop * 65536) * 65536; // below 2^41
  const carry = Math.floor(lowSum / TWO_32);
  out.hi = (highTop + carry) >>> 0;
  out.lo = lowSum - carry * TWO_32;
}

/** Sets `out` from an STTP tick count; the leap bits 62 and 63 must have been masked off by the caller. */
export function setFromTicks(out: Instant, hi: number, lo: number): void {
  // Long division of the 64-bit number by 1e7, 16 bits at a time: each step stays below 2^40.
  const h = hi >>> 0, l = lo >>> 0;
  let r = h % TICKS_PER_SECOND;
  const q1 = (h - r) / TICKS_PER_SECOND;
  const mid = r * 65536 + (l >>> 16);
  r = mid % TICKS_PER_SECOND;
  const q2 = (mid - r) / TICKS_PER_SECOND;
  const low = r * 65536 + (l & 0xffff);
  r = low % TICKS_PER_SECOND;
  const q3 = (low - r) / TICKS_PER_SECOND;
  out.seconds = q1 * TWO_32 + q2 * 65536 + q3 - SECONDS_YEAR_1_TO_1970;
  out.nanos = r * 100;
}

/** The tick count as a bigint, for tests, logs and other places off the hot path. */
export function ticksToBigInt(t: Ticks): bigint {
  return (BigInt(t.hi >>> 0) << 32n) | BigInt(t.lo >>> 0);
}

/** ISO 8601 text of an instant with nine decimals, for logs and JSON; never on the hot path. */
export function formatInstant(i: Instant): string {
  const base = new Date(i.seconds * 1000);
  const head = Number.isNaN(base.getTime())
    ? `${i.seconds}s`
    : base.toISOString().replace(/\.\d+Z$/, "");
  return `${head}.${String(i.nanos).padStart(9, "0")}Z`;
}

/**
 * Sets `out` to an instant as a count of nanoseconds since 1970: Slipstream's 64-bit timestamp, in two halves.
 *
 * Exact from 1970 to 2554, where 64 bits end.
 */
export function setNanoseconds(out: Ticks, seconds: number, nanos: number): void {
  const a = Math.floor(seconds / 65536); // below 2^19
  const b = seconds - a * 65536; // below 2^16
  const low = b * 1e9 + nanos; // below 2^46
  const high = a * 1e9; // below 2^49, weight 2^16
  const highTop = Math.floor(high / 65536);
  const lowSum = low + (high - highTop * 65536) * 65536; // below 2^47
  const carry = Math.floor(lowSum / TWO_32);
  out.hi = (highTop + carry) >>> 0;
  out.lo = lowSum - carry * TWO_32;
}

/** Sets `out` from an unsigned 64-bit count of nanoseconds since 1970; see {@linkcode setNanoseconds}. */
export function setFromNanoseconds(out: Instant, hi: number, lo: number): void {
  // Long division of the 64-bit number by 1e9, 16 bits at a time: each step stays below 2^46, where the
  // quotient of doubles, rounded down, is exact. The remainder operator is slow for doubles.
  const h = hi >>> 0, l = lo >>> 0;
  const q1 = Math.floor(h / 1e9);
  const mid = (h - q1 * 1e9) * 65536 + (l >>> 16);
  const q2 = Math.floor(mid / 1e9);
  const low = (mid - q2 * 1e9) * 65536 + (l & 0xffff);
  const q3 = Math.floor(low / 1e9);
  out.seconds = q1 * TWO_32 + q2 * 65536 + q3;
  out.nanos = low - q3 * 1e9;
}

/**
 * Sets `out` to the time of a sample: `index` samples after (`seconds`, `nanos`) at `rate` samples
 * per second, rounded half up to the nanosecond.
 *
 * `index` may be any whole number, also a sample number of a waveform ring, counted from 1970; rates
 * are whole, up to 9 MHz. Always derived from the index, so that no rounded period adds up.
 */
export function setFromSample(
  out: Instant,
  seconds: number,
  nanos: number,
  index: number,
  rate: number,
): void {
  const whole = Math.floor(index / rate);
  const rest = index - whole * rate;
  // 2 * rest * 1e9 + rate would pass 2^53 for the highest rates; the quotient is split instead.
  const scaled = rest * 1e9;
  const floor = Math.floor(scaled / rate);
  const up = 2 * (scaled - floor * rate) >= rate ? 1 : 0;
  const sum = nanos + floor + up; // below 2e9 + 1
  const carry = sum >= 1e9 ? 1 : 0;
  out.seconds = seconds + whole + carry;
  out.nanos = sum - carry * 1e9;
}
