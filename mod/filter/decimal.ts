/**
 * Decimal numbers on bigint: exact up to 100 digits, quotients to 28 (sections 6 and 14).
 *
 * @module
 */

/** The number `digits` × 10^-`scale`. */
export interface Decimal {
  /** All digits, with the sign. */
  readonly digits: bigint;
  /** How many of them stand behind the point; negative for trailing zeros that are not stored. */
  readonly scale: number;
}

/** Significant digits beyond which results are rounded. */
export const MAX_DIGITS = 100;
/** Largest magnitude of an exponent; what is larger is out of range, what is smaller is rounded. */
export const MAX_EXPONENT = 1_100;
const QUOTIENT_DIGITS = 28;

/** Zero. */
export const ZERO: Decimal = { digits: 0n, scale: 0 };

/** Reads `[+-]digits[.digits][e[+-]digits]`; null for anything else or beyond the range. */
export function parseDecimal(text: string): Decimal | null {
  const m = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (!m) return null;
  const whole = m[2]!;
  const fraction = m[3] ?? "";
  if (whole === "" && fraction === "") return null;
  // Text of a row may be long; BigInt of a long text is slower than linear.
  if (text.length > 2 * MAX_EXPONENT) return null;
  const digits = BigInt(whole + fraction);
  const scale = fraction.length - Number(m[4] ?? 0);
  return limited(m[1] === "-" ? -digits : digits, scale, 2 * MAX_EXPONENT);
}

/** A whole number as Decimal. */
export function decimalOf(value: number | bigint): Decimal {
  return { digits: BigInt(value), scale: 0 };
}

/** The shortest Decimal that reads back as the finite double `value`. */
export function decimalOfDouble(value: number): Decimal {
  return parseDecimal(String(value)) ?? ZERO;
}

/** The double nearest to `d`. */
export function decimalToDouble(d: Decimal): number {
  return Number(`${d.digits}e${-d.scale}`);
}

/** Plain decimal text: no exponent, no trailing zeros, no `-0`. */
export function decimalText(d: Decimal): string {
  const { digits, scale } = trimmed(d);
  if (digits === 0n) return "0";
  const sign = digits < 0n ? "-" : "";
  const text = (digits < 0n ? -digits : digits).toString();
  if (scale <= 0) return sign + text + "0".repeat(-scale);
  if (text.length > scale) return `${sign}${text.slice(0, -scale)}.${text.slice(-scale)}`;
  return `${sign}0.${"0".repeat(scale - text.length)}${text}`;
}

/** The part before the point, toward zero. */
export function truncated(d: Decimal): bigint {
  return d.scale <= 0 ? d.digits * 10n ** BigInt(-d.scale) : d.digits / 10n ** BigInt(d.scale);
}

/** -1, 0 or 1 as `a` is less than, equal to or greater than `b`. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.scale === b.scale) return a.digits < b.digits ? -1 : a.digits > b.digits ? 1 : 0;
  const scale = Math.max(a.scale, b.scale);
  const x = a.digits * 10n ** BigInt(scale - a.scale);
  const y = b.digits * 10n ** BigInt(scale - b.scale);
  return x < y ? -1 : x > y ? 1 : 0;
}

/** a + b; null out of range. */
export function add(a: Decimal, b: Decimal): Decimal | null {
  const scale = Math.max(a.scale, b.scale);
  return limited(
    a.digits * 10n ** BigInt(scale - a.scale) + b.digits * 10n ** BigInt(scale - b.scale),
    scale,
  );
}

/** -a. */
export function negate(a: Decimal): Decimal {
  return { digits: -a.digits, scale: a.scale };
}

/** a × b; null out of range. */
export function multiply(a: Decimal, b: Decimal): Decimal | null {
  return limited(a.digits * b.digits, a.scale + b.scale);
}

/** a ÷ b to 28 significant digits, ties to even; null out of range. `b` must not be zero. */
export function divide(a: Decimal, b: Decimal): Decimal | null {
  if (a.digits === 0n) return ZERO;
  const shift = Math.max(0, QUOTIENT_DIGITS + 2 + length(b.digits) - length(a.digits));
  const numerator = a.digits * 10n ** BigInt(shift);
  const quotient = numerator / b.digits;
  const scale = a.scale - b.scale + shift;
  if (numerator % b.digits === 0n) return limited(quotient, scale, MAX_DIGITS);
  // A digit that is not zero behind the last one keeps a tie from being seen where there is none.
  const sticky = quotient * 10n + (numerator < 0n === b.digits < 0n ? 1n : -1n);
  return limited(sticky, scale + 1, QUOTIENT_DIGITS);
}

/** The whole numbers below, above or nearest (ties away from zero). */
export function roundTo(d: Decimal, mode: "floor" | "ceiling" | "round"): Decimal {
  if (d.scale <= 0) return d;
  const unit = 10n ** BigInt(d.scale);
  const whole = d.digits / unit;
  const rest = d.digits % unit;
  if (rest === 0n) return { digits: whole, scale: 0 };
  const negative = d.digits < 0n;
  let away: boolean;
  if (mode === "floor") away = negative;
  else if (mode === "ceiling") away = !negative;
  else away = (negative ? -rest : rest) * 2n >= unit;
  return { digits: away ? whole + (negative ? -1n : 1n) : whole, scale: 0 };
}

/** Rounds to `maximum` significant digits and checks the exponent. */
function limited(digits: bigint, scale: number, maximum = MAX_DIGITS): Decimal | null {
  if (digits === 0n) return ZERO;
  let count = length(digits);
  if (count - scale > MAX_EXPONENT) return null;
  const excess = Math.max(count - maximum, scale - 2 * MAX_EXPONENT);
  if (excess > 0) {
    if (excess > count) return ZERO;
    digits = roundedShift(digits, excess);
    scale -= excess;
    count -= excess;
  }
  return count > MAX_DIGITS || scale > MAX_EXPONENT
    ? trimmed({ digits, scale })
    : { digits, scale };
}

function roundedShift(digits: bigint, places: number): bigint {
  const unit = 10n ** BigInt(places);
  const quotient = digits / unit;
  const rest = digits % unit;
  const twice = (rest < 0n ? -rest : rest) * 2n;
  const up = twice > unit || (twice === unit && quotient % 2n !== 0n);
  return up ? quotient + (digits < 0n ? -1n : 1n) : quotient;
}

function trimmed({ digits, scale }: Decimal): Decimal {
  if (digits === 0n) return ZERO;
  while (scale > 0 && digits % 10n === 0n) {
    digits /= 10n;
    scale--;
  }
  return { digits, scale };
}

function length(digits: bigint): number {
  return digits.toString().length - (digits < 0n ? 1 : 0);
}
