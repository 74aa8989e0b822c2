/**
 * Values of the eight types, and the cells of tables as such values (section 6).
 *
 * @module
 */
import { type Cell, type ColumnType, isUuid } from "../core/mod.ts";
import { dateTimeText, ticksFromMicros } from "./date_time.ts";
import { type Decimal, decimalOfDouble, decimalText, parseDecimal, truncated } from "./decimal.ts";
import { canonicalGuid } from "./lexer.ts";

/** Types of the language in the order of their rank. */
export const VALUE_TYPES = [
  "Boolean",
  "Int32",
  "Int64",
  "Decimal",
  "Double",
  "String",
  "Guid",
  "DateTime",
] as const;

/** A type of the language. */
export type ValueType = (typeof VALUE_TYPES)[number];

/**
 * A value by its type: boolean; number (Int32, Double); bigint (Int64, DateTime in ticks of 100 ns
 * since 1970); Decimal; string (String, Guid in canonical form); null for NULL of any type.
 */
export type Raw = boolean | number | bigint | string | Decimal | null;

/** A value with its type, where the type is known only when evaluated. */
export interface Typed {
  readonly type: ValueType;
  readonly value: Raw;
}

/** What an evaluation gives to the outside. */
export interface FilterValue {
  /** Its type. */
  readonly type: ValueType;
  /**
   * Boolean as boolean, Int32 and Double as number, Int64 as bigint, Decimal as plain decimal text,
   * String as it is, Guid as lower-case text, DateTime as `yyyy-MM-ddTHH:mm:ss[.fffffff]Z`; null for NULL.
   */
  readonly value: boolean | number | bigint | string | null;
}

/** Rank of a type: index in {@linkcode VALUE_TYPES}. */
export const RANK: Readonly<Record<ValueType, number>> = {
  Boolean: 0,
  Int32: 1,
  Int64: 2,
  Decimal: 3,
  Double: 4,
  String: 5,
  Guid: 6,
  DateTime: 7,
};

/** True for Boolean, Int32 and Int64. */
export function isInteger(type: ValueType): boolean {
  return RANK[type] <= 2;
}

/** True for integer types, Decimal and Double. */
export function isNumeric(type: ValueType): boolean {
  return RANK[type] <= 4;
}

/** The one of two types that has the higher rank. */
export function wider(left: ValueType, right: ValueType): ValueType {
  return RANK[left] >= RANK[right] ? left : right;
}

/** Type in the language of a column. */
export function typeOfColumn(type: ColumnType): ValueType {
  return COLUMN_TYPES[type];
}

/** A reader of cells of a column that makes values of its type. */
export function cellReader(type: ColumnType): (cell: Cell | undefined) => Raw {
  return CELL_READERS[type];
}

/** The value for the outside. */
export function toFilterValue({ type, value }: Typed): FilterValue {
  if (value === null) return { type, value };
  if (type === "DateTime") return { type, value: dateTimeText(asBigint(value)) };
  if (typeof value === "object") return { type, value: decimalText(value) };
  return { type, value };
}

/** A Guid of a String, braces and hyphens optional; null for anything else. */
export function parseGuid(text: string): string | null {
  return text.length <= 38 && GUID_TEXT.test(text) ? canonicalGuid(text) : null;
}

const DIGITS = "[0-9A-Fa-f]{8}(?:-?[0-9A-Fa-f]{4}){3}-?[0-9A-Fa-f]{12}";
const GUID_TEXT = new RegExp(`^(?:\\{${DIGITS}\\}|${DIGITS})$`);

/** A Double of a String: sign, digits, point, exponent, `NaN` or `Infinity`; undefined for anything else. */
export function parseDouble(text: string): number | undefined {
  return DOUBLE_TEXT.test(text) ? Number(text) : undefined;
}

const DOUBLE_TEXT = /^(?:[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|Infinity)|NaN)$/;

/** The shortest text that reads back as the double. */
export function doubleText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/** Least Int64. */
export const INT64_MIN = -(2n ** 63n);
/** Greatest Int64. */
export const INT64_MAX = 2n ** 63n - 1n;

// The functions below narrow a value whose type the caller has established: each JavaScript type
// stands for its own types of the language, so anything else is a fault of the compiler.

/** The value of an Int32 or Double. */
export function asNumber(value: Raw): number {
  if (typeof value !== "number") throw new TypeError("Expected a number");
  return value;
}

/** The value of an Int64 or DateTime. */
export function asBigint(value: Raw): bigint {
  if (typeof value !== "bigint") throw new TypeError("Expected a bigint");
  return value;
}

/** The value of a String or Guid. */
export function asString(value: Raw): string {
  if (typeof value !== "string") throw new TypeError("Expected a string");
  return value;
}

/** The value of a Decimal. */
export function asDecimal(value: Raw): Decimal {
  if (typeof value !== "object" || value === null) throw new TypeError("Expected a Decimal");
  return value;
}

/** Whole number of an integer value, or of a Decimal toward zero. */
export function wholeNumber(value: Exclude<Raw, null>): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value === "object") return truncated(value);
  return BigInt(Number(value));
}

const COLUMN_TYPES: Readonly<Record<ColumnType, ValueType>> = {
  boolean: "Boolean",
  int32: "Int32",
  int64: "Int64",
  decimal: "Decimal",
  double: "Double",
  string: "String",
  guid: "Guid",
  dateTime: "DateTime",
};

// A cell that does not have the form of its column (core/data_set.ts) is read as NULL: the filter
// must not crash on a table that came from elsewhere.
const CELL_READERS: Readonly<Record<ColumnType, (cell: Cell | undefined) => Raw>> = {
  boolean: (c) => typeof c === "boolean" ? c : null,
  int32: (c) => typeof c === "number" ? c | 0 : null,
  int64: (c) =>
    typeof c === "bigint" ? c : typeof c === "number" && Number.isInteger(c) ? BigInt(c) : null,
  decimal: (c) =>
    typeof c === "string"
      ? parseDecimal(c)
      : typeof c === "number" && Number.isFinite(c)
      ? decimalOfDouble(c)
      : null,
  double: (c) => typeof c === "number" ? c : null,
  string: (c) => typeof c === "string" ? c : null,
  guid: (c) => typeof c !== "string" ? null : isUuid(c) ? c : parseGuid(c),
  dateTime: (c) => typeof c === "number" && Number.isFinite(c) ? ticksFromMicros(c) : null,
};
