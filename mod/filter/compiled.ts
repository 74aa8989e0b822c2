/**
 * What an expression is compiled to: closures over a row.
 *
 * @module
 */
import type { Cell } from "../core/mod.ts";
import type { FilterError } from "./filter_error.ts";
import type { Run } from "./limits.ts";
import type { Regex } from "./regex.ts";
import type { ExpressionNode } from "./tree.ts";
import type { Raw, Typed, ValueType } from "./values.ts";

/** A row of a table. */
export type Row = readonly Cell[];

/** Computes the value of an expression on a row. */
export type Evaluate = (row: Row, run: Run) => Raw;

/** A compiled expression. */
export interface Compiled {
  /** Its type; undefined where only the evaluation tells. */
  readonly type: ValueType | undefined;
  /** Its value. */
  readonly value: Evaluate;
  /** Its value with its type. */
  readonly typed: (row: Row, run: Run) => Typed;
  /** Its value where it is a literal. */
  readonly constant?: Raw;
  /** True for the literal NULL, which takes the type that its place expects. */
  readonly isNull?: boolean;
  /** Where it stands in the text. */
  readonly at: number;
}

/** A compiled expression whose type is known. */
export interface Static extends Compiled {
  readonly type: ValueType;
}

/** What functions need of the compiler of the expression that they stand in. */
export interface ExpressionCompiler {
  /** Compiles one node and what is under it. */
  compile(node: ExpressionNode): Compiled;
  /** Compiles what may never be evaluated: its faults of type are kept for later. */
  compileLazy(node: ExpressionNode): Compiled;
  /** Throws, or in a branch that may not be evaluated keeps the error and fails when it is. */
  refuse(error: FilterError, at: number): Compiled;
  /** Keeps an error that arises only for some values. */
  defer(error: FilterError): void;
  /** Takes note that the expression depends on the time. */
  noteClock(): void;
  /** A compiled regular expression; a bounded number of them are kept. */
  regex(pattern: string, at: number): Regex;
}

/** An expression of a known type. */
export function staticOf(type: ValueType, value: Evaluate, at: number): Static {
  return { type, value, typed: (row, run) => ({ type, value: value(row, run) }), at };
}

/** A literal. */
export function constantOf(type: ValueType, constant: Raw, at: number): Static {
  const typed: Typed = { type, value: constant };
  return { type, value: () => constant, typed: () => typed, constant, at };
}

/** An expression whose type is known only when evaluated. */
export function dynamicOf(typed: (row: Row, run: Run) => Typed, at: number): Compiled {
  return { type: undefined, value: (row, run) => typed(row, run).value, typed, at };
}

/** An expression that fails when it is reached. */
export function failing(error: FilterError, at: number): Compiled {
  return dynamicOf(() => {
    throw error;
  }, at);
}
