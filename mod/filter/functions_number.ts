/**
 * Functions of numbers (section 10).
 *
 * @module
 */
import { arithmeticType, power } from "./arithmetic.ts";
import type { Call, FunctionForm } from "./call.ts";
import { compareValues, comparisonType } from "./compare.ts";
import { type Compiled, dynamicOf, type Row } from "./compiled.ts";
import { convert } from "./conversion.ts";
import { roundTo } from "./decimal.ts";
import { FilterError } from "./filter_error.ts";
import type { Run } from "./limits.ts";
import {
  asBigint,
  asDecimal,
  asNumber,
  isNumeric,
  type Raw,
  type Typed,
  type ValueType,
} from "./values.ts";

/** ABS to MINOF by name. */
export const NUMBER_FUNCTIONS: Readonly<Record<string, FunctionForm>> = {
  ABS: rounding((value, type) => {
    switch (type) {
      case "Int32":
        return Math.abs(asNumber(value)) | 0;
      case "Double":
        return Math.abs(asNumber(value));
      case "Int64": {
        const n = asBigint(value);
        return BigInt.asIntN(64, n < 0n ? -n : n);
      }
      case "Decimal": {
        const d = asDecimal(value);
        return d.digits < 0n ? { digits: -d.digits, scale: d.scale } : d;
      }
      default:
        return value;
    }
  }),
  CEILING: rounding((v, type) =>
    type === "Double"
      ? Math.ceil(asNumber(v))
      : type === "Decimal"
      ? roundTo(asDecimal(v), "ceiling")
      : v
  ),
  FLOOR: rounding((v, type) =>
    type === "Double"
      ? Math.floor(asNumber(v))
      : type === "Decimal"
      ? roundTo(asDecimal(v), "floor")
      : v
  ),
  ROUND: rounding((v, type) =>
    type === "Double"
      ? roundDouble(asNumber(v))
      : type === "Decimal"
      ? roundTo(asDecimal(v), "round")
      : v
  ),
  SQRT: {
    min: 1,
    max: 1,
    build: (call) => {
      const arg = call.any(0);
      const check = numericCheck(call, 0);
      const refused = arg.type !== undefined && !isNumeric(arg.type)
        ? call.compiler.refuse(call.typeError(0, "a number", arg.type), arg.at)
        : undefined;
      return refused ?? call.result("Double", (row, run) => {
        const { type, value } = check(arg, row, run);
        return value === null ? null : Math.sqrt(asNumber(convert(value, type, "Double", arg.at)));
      });
    },
  },
  POWER: { min: 2, max: 2, build: buildPower },
  MAXOF: { min: 2, max: Infinity, build: (call) => extreme(call, (order) => order > 0) },
  MINOF: { min: 2, max: Infinity, build: (call) => extreme(call, (order) => order < 0) },
};

/** A function of one number that keeps its type. */
function rounding(compute: (value: Raw, type: ValueType) => Raw): FunctionForm {
  return {
    min: 1,
    max: 1,
    build: (call) => {
      const arg = call.any(0);
      const { type, value, at } = arg;
      if (type === undefined) {
        const check = numericCheck(call, 0);
        return dynamicOf((row, run) => {
          const typed = check(arg, row, run);
          if (typed.value === null) return typed;
          return { type: typed.type, value: compute(typed.value, typed.type) };
        }, call.at);
      }
      if (!isNumeric(type)) {
        return call.compiler.refuse(call.typeError(0, "a number", type), at);
      }
      return call.result(type, (row, run) => {
        const v = value(row, run);
        return v === null ? null : compute(v, type);
      });
    },
  };
}

function numericCheck(
  call: Call,
  i: number,
): (arg: Compiled, row: Row, run: Run) => Typed {
  return (arg, row, run) => {
    const typed = arg.typed(row, run);
    if (!isNumeric(typed.type)) throw call.typeError(i, "a number", typed.type);
    return typed;
  };
}

function roundDouble(value: number): number {
  const whole = Math.trunc(value);
  return Math.abs(value - whole) >= 0.5 ? whole + Math.sign(value) : whole;
}

function buildPower(call: Call): Compiled {
  const base = call.any(0);
  const exponent = call.any(1);
  for (const [i, arg] of [base, exponent].entries()) {
    if (arg.type !== undefined && !isNumeric(arg.type)) {
      return call.compiler.refuse(call.typeError(i, "a number", arg.type), arg.at);
    }
  }
  const baseCheck = numericCheck(call, 0);
  const exponentCheck = numericCheck(call, 1);
  return dynamicOf((row, run) => {
    const b = baseCheck(base, row, run);
    const e = exponentCheck(exponent, row, run);
    if (b.value === null || e.value === null) return { type: b.type, value: null };
    const type = arithmeticType(b.type, e.type) ?? "Double";
    run.spend(64);
    return { type, value: power(b.value, b.type, e.value, e.type, type, call.at, run) };
  }, call.at);
}

/** Folds from the left in the comparison type of each pair. */
function extreme(call: Call, replaces: (order: number) => boolean): Compiled {
  const args: Compiled[] = [];
  for (let i = 0; i < call.count; i++) args.push(call.any(i));
  const types = new Set(args.map((arg) => arg.type));
  if (!types.has(undefined)) {
    const known = [...types].filter((t) => t !== undefined);
    // Which pairs meet depends on the values, but two types that never fit are a fault of the text.
    for (const a of known) {
      for (const b of known) {
        if (!comparisonType(a, b) && !comparisonType(b, a)) {
          return call.compiler.refuse(pairError(a, b, call.at), call.at);
        }
      }
    }
  }
  const fold = (row: Row, run: Run): Typed => {
    let current = args[0]!.typed(row, run);
    for (let i = 1; i < args.length; i++) {
      const next = args[i]!.typed(row, run);
      const type = comparisonType(current.type, next.type);
      if (!type) throw pairError(current.type, next.type, args[i]!.at);
      if (next.value === null) continue;
      if (current.value === null) {
        current = next;
        continue;
      }
      const at = args[i]!.at;
      const order = compareValues(
        convert(next.value, next.type, type, at),
        convert(current.value, current.type, type, at),
        type,
        false,
      );
      if (replaces(order)) current = next;
    }
    return current;
  };
  const [only] = types;
  if (types.size === 1 && only !== undefined) {
    return call.result(only, (row, run) => fold(row, run).value);
  }
  return dynamicOf(fold, call.at);
}

function pairError(a: ValueType, b: ValueType, at: number): FilterError {
  return new FilterError("type", `expected values that can be compared, found ${a} and ${b}`, at);
}
