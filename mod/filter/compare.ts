/**
 * Comparing values: by the types of both sides, and in one type (section 8.3).
 *
 * @module
 */
import { compareDecimals } from "./decimal.ts";
import { compareText } from "./text.ts";
import {
  asBigint,
  asDecimal,
  asNumber,
  asString,
  isNumeric,
  type Raw,
  type ValueType,
  wider,
} from "./values.ts";

/** The type in which values of two types are compared, or undefined if they cannot be (8.3). */
export function comparisonType(left: ValueType, right: ValueType): ValueType | undefined {
  if (left === right) return left;
  switch (left) {
    case "String":
      return "String";
    case "Guid":
    case "DateTime":
      return right === "String" ? left : undefined;
  }
  if (right === "String") {
    return left === "Boolean" || left === "Double" ? left : "Decimal";
  }
  return isNumeric(right) ? wider(left, right) : undefined;
}

/** Compares two values of one type: negative, 0 or positive; NaN if one is NaN. */
export function compareValues(a: Raw, b: Raw, type: ValueType, exact: boolean): number {
  switch (type) {
    case "Boolean":
      return Number(a) - Number(b);
    case "Int32":
    case "Double": {
      const x = asNumber(a);
      const y = asNumber(b);
      return x < y ? -1 : x > y ? 1 : x === y ? 0 : NaN;
    }
    case "Int64":
    case "DateTime": {
      const x = asBigint(a);
      const y = asBigint(b);
      return x < y ? -1 : x > y ? 1 : 0;
    }
    case "Decimal":
      return compareDecimals(asDecimal(a), asDecimal(b));
    case "Guid": {
      const x = asString(a);
      const y = asString(b);
      return x < y ? -1 : x > y ? 1 : 0;
    }
    case "String":
      return compareText(asString(a), asString(b), exact);
  }
}
