/**
 * Arithmetic on values of one type, with the limits of that type (section 8.1).
 *
 * @module
 */
import { convert } from "./conversion.ts";
import { add, type Decimal, divide, multiply, negate, ZERO } from "./decimal.ts";
import { FilterError } from "./filter_error.ts";
import type { Run } from "./limits.ts";
import {
  asBigint,
  asDecimal,
  asNumber,
  INT64_MAX,
  INT64_MIN,
  isNumeric,
  type Raw,
  type ValueType,
  wider,
} from "./values.ts";

/** An operator on two values of given types, neither NULL; throws FilterError placed at `at`. */
export type Compute = (a: Exclude<Raw, null>, b: Exclude<Raw, null>, at: number, run: Run) => Raw;

/** The type of `*`, `/` and `-` on two numeric types (8.1), or undefined. */
export function arithmeticType(left: ValueType, right: ValueType): ValueType | undefined {
  return isNumeric(left) && isNumeric(right) ? wider(left, right) : undefined;
}

/** What `+`, `-`, `*` and `/` do, by the type of both sides. */
export const ARITHMETIC: Readonly<
  Partial<Record<ValueType, Partial<Record<"+" | "-" | "*" | "/", Compute>>>>
> = {
  Boolean: { "+": (a, b) => a === true || b === true, "-": (a, b) => a !== b },
  Int32: {
    "+": (a, b) => (asNumber(a) + asNumber(b)) | 0,
    "-": (a, b) => (asNumber(a) - asNumber(b)) | 0,
    "*": (a, b) => Math.imul(asNumber(a), asNumber(b)),
    "/": (a, b, at) => {
      if (b === 0) throw divideByZero(at);
      return (asNumber(a) / asNumber(b)) | 0;
    },
  },
  Int64: {
    "+": (a, b) => BigInt.asIntN(64, asBigint(a) + asBigint(b)),
    "-": (a, b) => BigInt.asIntN(64, asBigint(a) - asBigint(b)),
    "*": (a, b) => BigInt.asIntN(64, asBigint(a) * asBigint(b)),
    "/": (a, b, at) => {
      if (b === 0n) throw divideByZero(at);
      return BigInt.asIntN(64, asBigint(a) / asBigint(b));
    },
  },
  Decimal: {
    "+": (a, b, at, run) => {
      run.spend(DECIMAL_STEPS);
      return bounded(add(asDecimal(a), asDecimal(b)), at);
    },
    "-": (a, b, at, run) => {
      run.spend(DECIMAL_STEPS);
      return bounded(add(asDecimal(a), negate(asDecimal(b))), at);
    },
    "*": (a, b, at, run) => {
      run.spend(DECIMAL_STEPS);
      return bounded(multiply(asDecimal(a), asDecimal(b)), at);
    },
    "/": (a, b, at, run) => {
      run.spend(2 * DECIMAL_STEPS);
      if (asDecimal(b).digits === 0n) throw divideByZero(at);
      return bounded(divide(asDecimal(a), asDecimal(b)), at);
    },
  },
  Double: {
    "+": (a, b) => asNumber(a) + asNumber(b),
    "-": (a, b) => asNumber(a) - asNumber(b),
    "*": (a, b) => asNumber(a) * asNumber(b),
    "/": (a, b) => asNumber(a) / asNumber(b),
  },
};

/** What `&`, `|`, `^` and `%` do, by the type of both sides. */
export const INTEGER: Readonly<
  Partial<Record<ValueType, Partial<Record<"&" | "|" | "^" | "%", Compute>>>>
> = {
  Boolean: {
    "&": (a, b) => a === true && b === true,
    "|": (a, b) => a === true || b === true,
    "^": (a, b) => a !== b,
  },
  Int32: {
    "&": (a, b) => asNumber(a) & asNumber(b),
    "|": (a, b) => asNumber(a) | asNumber(b),
    "^": (a, b) => asNumber(a) ^ asNumber(b),
    "%": (a, b, at) => {
      if (b === 0) throw divideByZero(at);
      return (asNumber(a) % asNumber(b)) | 0;
    },
  },
  Int64: {
    "&": (a, b) => asBigint(a) & asBigint(b),
    "|": (a, b) => asBigint(a) | asBigint(b),
    "^": (a, b) => asBigint(a) ^ asBigint(b),
    "%": (a, b, at) => {
      if (b === 0n) throw divideByZero(at);
      return asBigint(a) % asBigint(b);
    },
  },
};

/** What an operation on Decimal costs: its numbers may have a hundred digits. */
export const DECIMAL_STEPS = 50;

/** `base` to the power of `exponent` in a numeric type; both are not NULL. */
export function power(
  base: Raw,
  left: ValueType,
  exponent: Raw,
  right: ValueType,
  type: ValueType,
  at: number,
  run: Run,
): Raw {
  if (type === "Boolean") return base === true || exponent === false;
  if (type === "Int32" || type === "Int64") {
    const b = asBigint(convert(base, left, "Int64", at));
    const result = integerPower(b, asBigint(convert(exponent, right, "Int64", at)), at);
    const fits = type === "Int32"
      ? BigInt.asIntN(32, result) === result
      : result >= INT64_MIN && result <= INT64_MAX;
    if (!fits) throw new FilterError("range", `expected a result within the range of ${type}`, at);
    return type === "Int32" ? Number(result) : result;
  }
  const b = asNumber(convert(base, left, "Double", at));
  const e = asNumber(convert(exponent, right, "Double", at));
  if (type === "Double") return Math.pow(b, e);
  if (Number.isInteger(e) && e >= 0 && e <= 64) {
    // Small whole powers stay exact.
    run.spend(e * DECIMAL_STEPS);
    const d = asDecimal(convert(base, left, "Decimal", at));
    let result: Decimal = { digits: 1n, scale: 0 };
    for (let i = 0; i < e; i++) result = bounded(multiply(result, d), at);
    return result;
  }
  const result = Math.pow(b, e);
  return convert(result, "Double", "Decimal", at) ?? ZERO;
}

function integerPower(base: bigint, exponent: bigint, at: number): bigint {
  if (exponent < 0n) {
    if (base === 0n) throw divideByZero(at);
    return base === 1n ? 1n : base === -1n ? (exponent % 2n === 0n ? 1n : -1n) : 0n;
  }
  if (base === 0n || base === 1n) return exponent === 0n ? 1n : base;
  if (base === -1n) return exponent % 2n === 0n ? 1n : -1n;
  return exponent > 64n ? INT64_MAX + 1n : base ** exponent;
}

/** A Decimal result, or an error where it is out of range. */
export function bounded(value: Decimal | null, at: number): Decimal {
  if (value === null) {
    throw new FilterError("range", "expected a result within the range of Decimal", at);
  }
  return value;
}

/** The error of a division by zero. */
export function divideByZero(at: number): FilterError {
  return new FilterError("divideByZero", "expected a divisor other than zero", at);
}
