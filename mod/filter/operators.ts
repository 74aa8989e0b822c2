/**
 * Operators by the types of their operands (section 8).
 *
 * @module
 */
import { ARITHMETIC, arithmeticType, type Compute, DECIMAL_STEPS, INTEGER } from "./arithmetic.ts";
import { compareValues, comparisonType } from "./compare.ts";
import { type Converter, converter } from "./conversion.ts";
import { negate } from "./decimal.ts";
import { FilterError } from "./filter_error.ts";
import type { Run } from "./limits.ts";
import type { BinaryOperator, UnaryNode } from "./tree.ts";
import {
  asBigint,
  asDecimal,
  asNumber,
  asString,
  isInteger,
  isNumeric,
  RANK,
  type Raw,
  type ValueType,
  wider,
} from "./values.ts";

/** An operator for operands of given types; both may be NULL. */
export interface Operation {
  /** Type of its result. */
  readonly type: ValueType;
  /** Computes; throws FilterError placed at `at`. */
  readonly apply: (left: Raw, right: Raw, at: number, run: Run) => Raw;
}

/** The operation for two types, or undefined if the operator does not accept them. */
export function binaryOperation(
  op: BinaryOperator,
  left: ValueType,
  right: ValueType,
): Operation | undefined {
  const key = (OPERATOR_INDEX[op] * 8 + RANK[left]) * 8 + RANK[right];
  let found = CACHE[key];
  if (found === undefined) CACHE[key] = found = make(op, left, right) ?? null;
  return found ?? undefined;
}

/** The operation of a prefix, on values that are not NULL, or undefined if it does not accept the type. */
export function unaryOperation(
  op: UnaryNode["op"],
  type: ValueType,
): ((value: Exclude<Raw, null>) => Raw) | undefined {
  switch (type) {
    case "Boolean":
      return op === "~" ? (v) => v !== true : undefined;
    case "Int32":
      if (op === "~") return (v) => ~asNumber(v);
      return op === "-" ? (v) => -asNumber(v) | 0 : (v) => v;
    case "Int64":
      if (op === "~") return (v) => ~asBigint(v);
      return op === "-" ? (v) => BigInt.asIntN(64, -asBigint(v)) : (v) => v;
    case "Decimal":
      if (op === "~") return undefined;
      return op === "-" ? (v) => negate(asDecimal(v)) : (v) => v;
    case "Double":
      if (op === "~") return undefined;
      return op === "-" ? (v) => -asNumber(v) : (v) => v;
    default:
      return undefined;
  }
}

const OPERATOR_INDEX: Readonly<Record<BinaryOperator, number>> = {
  AND: 0,
  OR: 1,
  "<": 2,
  "<=": 3,
  ">": 4,
  ">=": 5,
  "=": 6,
  "===": 7,
  "<>": 8,
  "!==": 9,
  "<<": 10,
  ">>": 11,
  "&": 12,
  "|": 13,
  "^": 14,
  "+": 15,
  "-": 16,
  "*": 17,
  "/": 18,
  "%": 19,
};

const CACHE: (Operation | null | undefined)[] = [];

function make(op: BinaryOperator, left: ValueType, right: ValueType): Operation | undefined {
  switch (op) {
    case "AND":
      return left === "Boolean" && right === "Boolean"
        ? strict("Boolean", (a, b) => a === true && b === true)
        : undefined;
    case "OR":
      return left === "Boolean" && right === "Boolean"
        ? strict("Boolean", (a, b) => a === true || b === true)
        : undefined;
    case "<<":
    case ">>":
      return isInteger(left) && isInteger(right) ? shift(op, left) : undefined;
    case "&":
    case "|":
    case "^":
    case "%":
      return integerOperation(op, left, right);
    case "+":
    case "-":
    case "*":
    case "/":
      return arithmetic(op, left, right);
    default:
      return comparison(op, left, right);
  }
}

function strict(type: ValueType, compute: Compute): Operation {
  return {
    type,
    apply: (a, b, at, run) => a === null || b === null ? null : compute(a, b, at, run),
  };
}

/** `compute` on operands of type `type`, to which both sides are converted first. */
function converted(
  result: ValueType,
  type: ValueType,
  left: ValueType,
  right: ValueType,
  compute: Compute,
): Operation | undefined {
  const l: Converter | undefined = converter(left, type);
  const r: Converter | undefined = converter(right, type);
  if (!l || !r) return undefined;
  if (left === type && right === type) return strict(result, compute);
  return strict(result, (a, b, at, run) => compute(l(a, at), r(b, at), at, run));
}

function comparison(
  op: BinaryOperator,
  left: ValueType,
  right: ValueType,
): Operation | undefined {
  const type = comparisonType(left, right);
  if (type === undefined) return undefined;
  const exact = op === "===" || op === "!==";
  const test = COMPARISONS[op];
  if (test === undefined) return undefined;
  return converted("Boolean", type, left, right, (a, b, _at, run) => {
    if (typeof a === "string" && a.length > 64) run.spend(a.length >> 6);
    if (typeof b === "string" && b.length > 64) run.spend(b.length >> 6);
    if (type === "Decimal") run.spend(DECIMAL_STEPS);
    return test(compareValues(a, b, type, exact));
  });
}

const COMPARISONS: Readonly<Partial<Record<BinaryOperator, (order: number) => boolean>>> = {
  "<": (o) => o < 0,
  "<=": (o) => o <= 0,
  ">": (o) => o > 0,
  ">=": (o) => o >= 0,
  "=": (o) => o === 0,
  "===": (o) => o === 0,
  "<>": (o) => o !== 0,
  "!==": (o) => o !== 0,
};

function arithmetic(
  op: "+" | "-" | "*" | "/",
  left: ValueType,
  right: ValueType,
): Operation | undefined {
  if (left === "String" || right === "String") {
    const accepted = op === "+" && (left === "String" || isNumeric(left));
    return accepted
      ? converted(
        "String",
        "String",
        left,
        right,
        (a, b, at, run) => run.made(asString(a) + asString(b), at),
      )
      : undefined;
  }
  const type = arithmeticType(left, right);
  if (type === undefined) return undefined;
  const compute = ARITHMETIC[type]?.[op];
  return compute && converted(type, type, left, right, compute);
}

function integerOperation(
  op: "&" | "|" | "^" | "%",
  left: ValueType,
  right: ValueType,
): Operation | undefined {
  if (!isInteger(left) || !isInteger(right)) return undefined;
  const type = wider(left, right);
  const compute = INTEGER[type]?.[op];
  return compute && converted(type, type, left, right, compute);
}

function shift(op: "<<" | ">>", type: ValueType): Operation {
  const width = type === "Int32" ? 32 : 64;
  return {
    type,
    apply: (a, b, at) => {
      if (b === null) {
        throw new FilterError("nullArgument", `expected an amount to shift by, found NULL`, at);
      }
      if (a === null) return null;
      let amount = typeof b === "bigint" ? b : BigInt(Number(b));
      const w = BigInt(width);
      if (amount < 0n) amount = w - (-amount % w);
      const value = typeof a === "bigint" ? a : BigInt(Number(a));
      // An amount beyond the width shifts everything out, and so does the width.
      if (amount > w) amount = w;
      const shifted = BigInt.asIntN(width, op === "<<" ? value << amount : value >> amount);
      return type === "Boolean" ? shifted !== 0n : type === "Int32" ? Number(shifted) : shifted;
    },
  };
}

/** The error of a prefix before what it does not accept. */
export function unaryError(op: string, type: ValueType, at: number): FilterError {
  const expected = op === "~" ? "a Boolean or an integer" : "a number";
  const name = op === "~" ? "NOT" : `"${op}"`;
  return new FilterError("type", `operator ${name} expected ${expected}, found ${type}`, at);
}

/** The error of an operator between what it does not accept. */
export function operatorError(
  op: string,
  left: ValueType,
  right: ValueType,
  at: number,
): FilterError {
  const expected = op === "AND" || op === "OR" ? "two Booleans" : "operands that fit each other";
  return new FilterError(
    "type",
    `operator "${op}" expected ${expected}, found ${left} and ${right}`,
    at,
  );
}
