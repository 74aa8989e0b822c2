/**
 * Functions that test, choose and convert (section 10).
 *
 * @module
 */
import { type Compiled, dynamicOf, staticOf } from "./compiled.ts";
import { cannotConvert, convert, converter } from "./conversion.ts";
import { parseDateTime } from "./date_time.ts";
import { FilterError, quoted } from "./filter_error.ts";
import type { Call, FunctionForm } from "./call.ts";
import {
  asString,
  INT64_MAX,
  INT64_MIN,
  isInteger,
  isNumeric,
  parseDouble,
  parseGuid,
  type Raw,
  type Typed,
  type ValueType,
} from "./values.ts";

/** CONVERT to ISGUID by name. */
export const CHOICE_FUNCTIONS: Readonly<Record<string, FunctionForm>> = {
  ISNULL: { min: 2, max: 2, build: buildIsNull },
  COALESCE: { min: 1, max: Infinity, build: buildCoalesce },
  IIF: { min: 3, max: 3, build: buildIif },
  CONVERT: { min: 2, max: 2, build: buildConvert },
  ISDATE: test((type) => type === "DateTime", (text) => parseDateTime(text) !== null),
  ISINTEGER: test(isInteger, isInteger64),
  ISNUMERIC: test(isNumeric, (text) => parseDouble(text) !== undefined),
  ISGUID: test((type) => type === "Guid", (text) => parseGuid(text) !== null),
};

/** A test that is never NULL: true for a type, or for a String that reads as one. */
function test(
  holds: (type: ValueType) => boolean,
  reads: (text: string) => boolean,
): FunctionForm {
  return {
    min: 1,
    max: 1,
    build: (call) => {
      const arg = call.any(0);
      return call.result("Boolean", (row, run) => {
        const { type, value } = arg.typed(row, run);
        if (value === null) return false;
        if (type !== "String") return holds(type);
        const text = asString(value);
        run.spend(text.length >> 4);
        return reads(text);
      });
    },
  };
}

function isInteger64(text: string): boolean {
  if (text.length > 1_000 || !/^(?:[+-]?[0-9]+|0[xX][0-9A-Fa-f]+)$/.test(text)) return false;
  const value = text[0] === "-" ? -BigInt(text.slice(1)) : BigInt(text.replace(/^\+/, ""));
  return value >= INT64_MIN && value <= INT64_MAX;
}

function buildIsNull(call: Call): Compiled {
  const first = call.any(0);
  const second = call.any(1);
  if (second.isNull) return call.compiler.refuse(call.nullError(1), second.at);
  const typed = (a: Typed, b: Typed): Typed => {
    if (b.value === null) throw call.nullError(1);
    return a.value === null ? b : a;
  };
  const { type } = first;
  if (type !== undefined && type === second.type) {
    return call.result(type, (row, run) => {
      const a = first.value(row, run);
      const b = call.notNull(second.value(row, run), 1);
      return a === null ? b : a;
    });
  }
  return dynamicOf((row, run) => typed(first.typed(row, run), second.typed(row, run)), call.at);
}

function buildCoalesce(call: Call): Compiled {
  const args = [call.any(0)];
  for (let i = 1; i < call.count; i++) args.push(call.lazy(i));
  return sameOrDynamic(call, args, (row, run) => {
    const first = args[0]!.typed(row, run);
    let result = first;
    for (let i = 1; result.value === null && i < args.length; i++) {
      result = args[i]!.typed(row, run);
    }
    return result.value === null ? first : result;
  });
}

function buildIif(call: Call): Compiled {
  const condition = call.any(0);
  const branches = [call.lazy(1), call.lazy(2)];
  const { type } = condition;
  if (type !== undefined && type !== "Boolean") {
    return call.compiler.refuse(call.typeError(0, "Boolean", type), condition.at);
  }
  return sameOrDynamic(call, branches, (row, run) => {
    const choice = condition.typed(row, run);
    if (choice.type !== "Boolean") throw call.typeError(0, "Boolean", choice.type);
    return branches[choice.value === true ? 0 : 1]!.typed(row, run);
  });
}

/** The result of one of several expressions; its type is known if they all have the same. */
function sameOrDynamic(
  call: Call,
  args: readonly Compiled[],
  typed: Compiled["typed"],
): Compiled {
  const type = args[0]!.type;
  if (type !== undefined && args.every((arg) => arg.type === type)) {
    return { type, value: (row, run) => typed(row, run).value, typed, at: call.at };
  }
  return dynamicOf(typed, call.at);
}

function buildConvert(call: Call): Compiled {
  const source = call.any(0);
  const target = call.string(1);
  if (target.isNull) return call.compiler.refuse(call.nullError(1), target.at);
  if (typeof target.constant !== "string") {
    return dynamicOf((row, run) => {
      const from = source.typed(row, run);
      const name = call.text(target.value(row, run), 1);
      const type = targetType(name);
      if (!type) throw targetError("another name", target.at);
      return { type, value: converted(from, type, call.at) };
    }, call.at);
  }
  const type = targetType(target.constant);
  if (!type) return call.compiler.refuse(targetError(quoted(target.constant), target.at), call.at);
  if (source.type !== undefined && !source.isNull && !converter(source.type, type)) {
    call.compiler.defer(cannotConvert(source.type, type, source.at));
  }
  return staticOf(
    type,
    (row, run) => converted(source.typed(row, run), type, source.at),
    call.at,
  );
}

function converted({ type, value }: Typed, to: ValueType, at: number): Raw {
  return convert(value, type, to, at);
}

function targetError(found: string, at: number): FilterError {
  return new FilterError(
    "convert",
    `function CONVERT expected the name of a type as second argument, found ${found}`,
    at,
  );
}

const TARGETS: ReadonlyMap<string, ValueType> = new Map([
  ["BOOLEAN", "Boolean"],
  ["BOOL", "Boolean"],
  ["INT32", "Int32"],
  ["DECIMAL", "Decimal"],
  ["DOUBLE", "Double"],
  ["SINGLE", "Double"],
  ["STRING", "String"],
  ["GUID", "Guid"],
  ["UUID", "Guid"],
  ["DATETIME", "DateTime"],
  ["DATE", "DateTime"],
  ["TIME", "DateTime"],
]);

/** The type that a name means in CONVERT (section 7). */
function targetType(name: string): ValueType | undefined {
  if (name.length > 100) return undefined;
  const upper = name.toUpperCase().replace(/^SYSTEM\./, "");
  const known = TARGETS.get(upper);
  if (known) return known;
  if (upper.startsWith("INT") || upper.startsWith("UINT")) return "Int64";
  return upper.startsWith("FLOAT") ? "Double" : undefined;
}
