/**
 * One operator with its right side, as closures on what stands on its left.
 *
 * @module
 */
import type { Compiled, Row } from "./compiled.ts";
import type { Run } from "./limits.ts";
import type { Operation } from "./operators.ts";
import { fold } from "./text.ts";
import type { Step } from "./tree.ts";
import { asString, type Raw, type Typed, type ValueType } from "./values.ts";

/** What a step must know of what stands on its left. */
export type Left = Pick<Compiled, "type" | "isNull">;

/** One operator with its right side, applied to what stands on its left. */
export interface CompiledStep {
  /** Type of what it gives; undefined while only the values tell. */
  readonly type: ValueType | undefined;
  /** What it gives; present where both sides have known types. */
  readonly value?: (left: Raw, row: Row, run: Run) => Raw;
  /** What it gives, with its type. */
  readonly typed: (left: Typed, row: Row, run: Run) => Typed;
}

/** Operators with two sides. */
export type BinaryName = (Step & { kind: "binary" })["op"];

/** The operators that compare. */
export const COMPARING: ReadonlySet<BinaryName> = new Set([
  "<",
  "<=",
  ">",
  ">=",
  "=",
  "===",
  "<>",
  "!==",
]);

/** A step that gives values of `type`. */
export function valueStep(
  type: ValueType,
  value: (left: Raw, row: Row, run: Run) => Raw,
): CompiledStep {
  return {
    type,
    value,
    typed: (left, row, run) => ({ type, value: value(left.value, row, run) }),
  };
}

/** The operation as a closure, with shortcuts for the forms that filters are mostly made of. */
export function specialised(
  op: BinaryName,
  left: Left,
  right: Compiled,
  operation: Operation,
  at: number,
): (left: Raw, row: Row, run: Run) => Raw {
  const { apply } = operation;
  const { value, constant } = right;
  if (op === "AND" || op === "OR") {
    const and = op === "AND";
    return (l, row, run) => {
      const r = value(row, run);
      if (l === null || r === null) return null;
      return and ? l === true && r === true : l === true || r === true;
    };
  }
  if (constant === undefined) return (l, row, run) => apply(l, value(row, run), at, run);
  if (typeof constant === "string" && left.type === right.type) {
    if (op === "=" || op === "<>" || op === "===" || op === "!==") {
      const equal = op === "=" || op === "===";
      const folded = (op === "=" || op === "<>") && left.type === "String";
      const wanted = folded ? fold(constant) : constant;
      return (l, _row, run) => {
        if (l === null) return null;
        const text = asString(l);
        if (text.length > 64) run.spend(text.length >> 6);
        return ((folded ? fold(text) : text) === wanted) === equal;
      };
    }
  }
  return (l, _row, run) => apply(l, constant, at, run);
}

/** The items of IN as a set, where all are literals of the type of the left side. */
export function constantSet(
  type: ValueType | undefined,
  items: readonly Compiled[],
  exact: boolean,
): Set<Raw> | undefined {
  if (type !== "String" && type !== "Guid" && type !== "Int32") return undefined;
  const set = new Set<Raw>();
  for (const { type: itemType, constant } of items) {
    if (itemType !== type || constant === undefined || constant === null) return undefined;
    set.add(type === "String" && !exact ? fold(asString(constant)) : constant);
  }
  return set;
}
