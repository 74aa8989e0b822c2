/**
 * Conversion between the eight types (section 7).
 *
 * @module
 */
import { dateTimeText, parseDateTime, TICKS_PER_SECOND } from "./date_time.ts";
import {
  type Decimal,
  decimalOf,
  decimalOfDouble,
  decimalText,
  decimalToDouble,
  parseDecimal,
  truncated,
} from "./decimal.ts";
import { FilterError } from "./filter_error.ts";
import {
  asBigint,
  asDecimal,
  asNumber,
  asString,
  doubleText,
  INT64_MAX,
  INT64_MIN,
  parseDouble,
  parseGuid,
  type Raw,
  type ValueType,
} from "./values.ts";

/** Converts a value that is not NULL; throws FilterError placed at `at`. */
export type Converter = (value: Exclude<Raw, null>, at: number) => Exclude<Raw, null>;

/** The conversion of section 7 from one type to another; undefined where there is none. */
export function converter(from: ValueType, to: ValueType): Converter | undefined {
  return from === to ? same : CONVERTERS[to][from];
}

/** Converts for an operation whose types are known to fit; NULL stays NULL. */
export function convert(value: Raw, from: ValueType, to: ValueType, at: number): Raw {
  if (value === null || from === to) return value;
  const f = CONVERTERS[to][from];
  if (!f) throw cannotConvert(from, to, at);
  return f(value, at);
}

/** The error of a conversion that does not exist. */
export function cannotConvert(from: ValueType, to: ValueType, at: number): FilterError {
  return new FilterError("convert", `expected a value that converts to ${to}, found ${from}`, at);
}

const INT32_MIN = -2_147_483_648;
const INT32_MAX = 2_147_483_647;

const same: Converter = (value) => value;

const fromBoolean = (one: Exclude<Raw, null>, zero: Exclude<Raw, null>): Converter => (value) =>
  value === true ? one : zero;

function toInt32(value: bigint, at: number): number {
  if (value < BigInt(INT32_MIN) || value > BigInt(INT32_MAX)) throw outOfRange("Int32", at);
  return Number(value);
}

function toInt64(value: bigint, at: number): bigint {
  if (value < INT64_MIN || value > INT64_MAX) throw outOfRange("Int64", at);
  return value;
}

function outOfRange(type: string, at: number): FilterError {
  return new FilterError("range", `expected a number within the range of ${type}`, at);
}

function doubleToInteger(value: number, at: number): bigint {
  if (!Number.isFinite(value)) throw outOfRange("integers", at);
  return BigInt(Math.trunc(value));
}

function doubleToDecimal(value: number, at: number): Decimal {
  if (!Number.isFinite(value)) throw outOfRange("Decimal", at);
  return decimalOfDouble(value);
}

function textToDecimal(text: string, at: number): Decimal {
  const d = parseDecimal(text);
  if (d === null) {
    throw new FilterError("convert", "expected a String that is a number", at);
  }
  return d;
}

function textToBoolean(text: string, at: number): boolean {
  switch (text.length <= 5 ? text.toLowerCase() : "") {
    case "true":
    case "t":
    case "1":
      return true;
    case "false":
    case "f":
    case "0":
      return false;
  }
  throw new FilterError("convert", "expected a String that is true or false", at);
}

function wholeSeconds(ticks: bigint): bigint {
  const seconds = ticks / TICKS_PER_SECOND;
  return ticks % TICKS_PER_SECOND < 0n ? seconds - 1n : seconds;
}

const CONVERTERS: Readonly<Record<ValueType, Readonly<Partial<Record<ValueType, Converter>>>>> = {
  Boolean: {
    Int32: (v) => v !== 0,
    Int64: (v) => v !== 0n,
    Decimal: (v) => asDecimal(v).digits !== 0n,
    Double: (v) => v !== 0,
    String: (v, at) => textToBoolean(asString(v), at),
    DateTime: (v) => v !== 0n,
  },
  Int32: {
    Boolean: fromBoolean(1, 0),
    Int64: (v, at) => toInt32(asBigint(v), at),
    Decimal: (v, at) => toInt32(truncated(asDecimal(v)), at),
    Double: (v, at) => toInt32(doubleToInteger(asNumber(v), at), at),
    String: (v, at) => toInt32(truncated(textToDecimal(asString(v), at)), at),
    DateTime: (v, at) => toInt32(wholeSeconds(asBigint(v)), at),
  },
  Int64: {
    Boolean: fromBoolean(1n, 0n),
    Int32: (v) => BigInt(asNumber(v)),
    Decimal: (v, at) => toInt64(truncated(asDecimal(v)), at),
    Double: (v, at) => toInt64(doubleToInteger(asNumber(v), at), at),
    String: (v, at) => toInt64(truncated(textToDecimal(asString(v), at)), at),
    DateTime: (v) => wholeSeconds(asBigint(v)),
  },
  Decimal: {
    Boolean: fromBoolean(decimalOf(1), decimalOf(0)),
    Int32: (v) => decimalOf(asNumber(v)),
    Int64: (v) => decimalOf(asBigint(v)),
    Double: (v, at) => doubleToDecimal(asNumber(v), at),
    String: (v, at) => textToDecimal(asString(v), at),
    DateTime: (v) => ({ digits: asBigint(v), scale: 7 }),
  },
  Double: {
    Boolean: fromBoolean(1, 0),
    Int32: same,
    Int64: (v) => Number(asBigint(v)),
    Decimal: (v) => decimalToDouble(asDecimal(v)),
    String: (v, at) => {
      const n = parseDouble(asString(v));
      if (n === undefined) {
        throw new FilterError("convert", "expected a String that is a number", at);
      }
      return n;
    },
    DateTime: (v) => decimalToDouble({ digits: asBigint(v), scale: 7 }),
  },
  String: {
    Boolean: fromBoolean("true", "false"),
    Int32: (v) => String(asNumber(v)),
    Int64: (v) => String(asBigint(v)),
    Decimal: (v) => decimalText(asDecimal(v)),
    Double: (v) => doubleText(asNumber(v)),
    Guid: same,
    DateTime: (v) => dateTimeText(asBigint(v)),
  },
  Guid: {
    String: (v, at) => {
      const guid = parseGuid(asString(v));
      if (guid === null) throw new FilterError("convert", "expected a String that is a Guid", at);
      return guid;
    },
  },
  DateTime: {
    String: (v, at) => {
      const ticks = parseDateTime(asString(v));
      if (ticks === null) {
        throw new FilterError("dateFormat", "expected a String that is a date", at);
      }
      return ticks;
    },
  },
};
