/**
 * Literals: from what is written to a value with its type (section 6).
 *
 * @module
 */
import { type Compiled, constantOf } from "./compiled.ts";
import { parseDateTime } from "./date_time.ts";
import { decimalOf, parseDecimal } from "./decimal.ts";
import { FilterError, quoted } from "./filter_error.ts";
import type { LiteralNode } from "./tree.ts";
import { INT64_MAX } from "./values.ts";

/** The value of a literal; throws FilterError for what is out of range and for impossible dates. */
export function literal({ form, text, at }: LiteralNode): Compiled {
  switch (form) {
    case "null":
      return { ...constantOf("Boolean", null, at), isNull: true };
    case "boolean":
      return constantOf("Boolean", text === "TRUE", at);
    case "string":
      return constantOf("String", text, at);
    case "guid":
      return constantOf("Guid", text, at);
    case "dateTime": {
      const ticks = parseDateTime(text);
      if (ticks === null) {
        throw new FilterError("dateFormat", `expected a date, found ${quoted(text)}`, at);
      }
      return constantOf("DateTime", ticks, at);
    }
    case "integer":
      return integer(text, at);
    case "numeric":
      return numeric(text, at);
  }
}

function integer(text: string, at: number): Compiled {
  const hex = /^0[xX]/.test(text);
  const value = BigInt(text.replace(/^0+(?=[0-9])/, ""));
  if (hex && value >= 2n ** 64n) {
    throw new FilterError("range", "expected a hexadecimal number of at most 64 bits", at);
  }
  if (value <= 2_147_483_647n) return constantOf("Int32", Number(value), at);
  if (value <= INT64_MAX) return constantOf("Int64", value, at);
  return constantOf("Decimal", decimalOf(value), at);
}

function numeric(text: string, at: number): Compiled {
  if (/[eE]/.test(text)) {
    const value = Number(text);
    if (!Number.isFinite(value)) {
      throw new FilterError("range", "expected a number within the range of Double", at);
    }
    return constantOf("Double", value, at);
  }
  const value = parseDecimal(text);
  if (value === null) {
    throw new FilterError("range", "expected a number within the range of Decimal", at);
  }
  return constantOf("Decimal", value, at);
}
