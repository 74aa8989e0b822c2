/**
 * Compiles expressions: resolves columns, checks types as far as they are known, makes closures.
 *
 * @module
 */
import type { TableView } from "../core/mod.ts";
import { comparisonType } from "./compare.ts";
import {
  type Compiled,
  constantOf,
  dynamicOf,
  type Evaluate,
  type ExpressionCompiler,
  failing,
  type Row,
  staticOf,
} from "./compiled.ts";
import {
  COMPARING,
  type CompiledStep,
  constantSet,
  type Left,
  specialised,
  valueStep,
} from "./compiled_step.ts";
import { convert } from "./conversion.ts";
import { FilterError } from "./filter_error.ts";
import { compileCall } from "./functions.ts";
import { likeMatcher } from "./like.ts";
import type { FilterLimits, Run } from "./limits.ts";
import { literal } from "./literals.ts";
import { binaryOperation, operatorError, unaryError, unaryOperation } from "./operators.ts";
import type { Regex } from "./regex.ts";
import { Scope } from "./scope.ts";
import { fold } from "./text.ts";
import type { ExpressionNode, Step, UnaryNode } from "./tree.ts";
import { asString, type Raw, type Typed, type ValueType } from "./values.ts";

/** A scope for expressions on the rows of `table`. */
export function makeScope(table: TableView | undefined, options: ScopeOptions): Scope {
  return new Scope(table, options.limits, options.flatPrecedence, compileExpression);
}

/** How the expressions of computed columns are read, and what all of them may cost. */
export interface ScopeOptions {
  /** The limits that hold. */
  readonly limits: FilterLimits;
  /** One level of arithmetic, and one of AND and OR. */
  readonly flatPrecedence: boolean;
}

/**
 * Compiles an expression; throws FilterError for what is wrong in what must be evaluated.
 *
 * Of an `idle` one, which never is, only names, syntax and counts have to be right.
 */
export function compileExpression(node: ExpressionNode, scope: Scope, idle = false): Compiled {
  const compiler = new Compiler(scope);
  return idle ? compiler.compileLazy(node) : compiler.compile(node);
}

/** Compiles nodes; counts the branches around them that may not be evaluated. */
class Compiler implements ExpressionCompiler {
  readonly #scope: Scope;
  #lazy = 0;

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  compile(node: ExpressionNode): Compiled {
    switch (node.kind) {
      case "literal":
        return literal(node);
      case "column":
        return this.#scope.column(node);
      case "unary":
        return this.#unary(node);
      case "call":
        return compileCall(node, this);
      case "chain":
        return this.#chain(this.compile(node.first), node.steps, node.at);
    }
  }

  compileLazy(node: ExpressionNode): Compiled {
    this.#lazy++;
    try {
      return this.compile(node);
    } finally {
      this.#lazy--;
    }
  }

  refuse(error: FilterError, at: number): Compiled {
    if (this.#lazy === 0) throw error;
    this.#scope.deferred.push(error);
    return failing(error, at);
  }

  defer(error: FilterError): void {
    this.#scope.deferred.push(error);
  }

  noteClock(): void {
    this.#scope.usesClock = true;
  }

  regex(pattern: string, at: number): Regex {
    return this.#scope.regex(pattern, at);
  }

  #unary({ op, operand, at }: UnaryNode): Compiled {
    const inner = this.compile(operand);
    if (inner.isNull) return inner;
    if (inner.type === undefined) {
      return dynamicOf((row, run) => {
        const { type, value } = inner.typed(row, run);
        const apply = unaryOperation(op, type);
        if (!apply) throw unaryError(op, type, at);
        return { type, value: value === null ? null : apply(value) };
      }, at);
    }
    const apply = unaryOperation(op, inner.type);
    if (!apply) return this.refuse(unaryError(op, inner.type, at), at);
    const { value } = inner;
    if (inner.constant !== undefined && inner.constant !== null) {
      return constantOf(inner.type, apply(inner.constant), at);
    }
    return staticOf(inner.type, (row, run) => {
      const v = value(row, run);
      return v === null ? null : apply(v);
    }, at);
  }

  #chain(first: Compiled, steps: readonly Step[], at: number): Compiled {
    const compiled: CompiledStep[] = [];
    let left: Left = first;
    for (const step of steps) {
      const next = this.#step(left, step);
      compiled.push(next);
      left = { type: next.type };
    }
    const last = compiled.at(-1)!;
    const values = compiled.map((step) => step.value).filter((v) => v !== undefined);
    if (last.type !== undefined && first.type !== undefined && values.length === steps.length) {
      return staticOf(last.type, this.#values(first.value, values, steps), at);
    }
    const typed = (row: Row, run: Run): Typed => {
      let result = first.typed(row, run);
      for (const step of compiled) result = step.typed(result, row, run);
      return result;
    };
    if (last.type === undefined) return dynamicOf(typed, at);
    return { type: last.type, value: (row, run) => typed(row, run).value, typed, at };
  }

  #values(
    first: Evaluate,
    values: readonly ((left: Raw, row: Row, run: Run) => Raw)[],
    steps: readonly Step[],
  ): Evaluate {
    const only = values[0]!;
    if (steps.length === 1) return (row, run) => only(first(row, run), row, run);
    // A loop, not closures in closures: a chain may have thousands of steps.
    return (row, run) => {
      let result = first(row, run);
      for (let i = 0; i < values.length; i++) result = values[i]!(result, row, run);
      return result;
    };
  }

  #step(left: Left, step: Step): CompiledStep {
    switch (step.kind) {
      case "binary":
        return this.#binary(left, step);
      case "isNull": {
        const { negate } = step;
        return {
          type: "Boolean",
          value: (value) => (value === null) !== negate,
          typed: ({ value }) => ({ type: "Boolean", value: (value === null) !== negate }),
        };
      }
      case "in":
        return this.#in(left, step);
      case "like":
        return this.#like(left, step);
    }
  }

  #binary(left: Left, { op, operand, at }: Step & { kind: "binary" }): CompiledStep {
    const right = this.compile(operand);
    if (left.type !== undefined && right.type !== undefined) {
      const operation = binaryOperation(op, left.type, right.type);
      if (!operation) return this.#refusedStep(operatorError(op, left.type, right.type, at), at);
      if (COMPARING.has(op)) this.#checkConstant(left.type, right);
      return valueStep(operation.type, specialised(op, left, right, operation, at));
    }
    const logical = op === "AND" || op === "OR" || COMPARING.has(op);
    return {
      type: logical ? "Boolean" : undefined,
      typed: (l, row, run) => {
        const r = right.typed(row, run);
        const operation = binaryOperation(op, l.type, r.type);
        if (!operation) throw operatorError(op, l.type, r.type, at);
        return { type: operation.type, value: operation.apply(l.value, r.value, at, run) };
      },
    };
  }

  #in(left: Left, { negate, exact, items, at }: Step & { kind: "in" }): CompiledStep {
    const op = exact ? "===" : "=";
    // Items behind a match are not evaluated, so only the first is certain to be.
    const compiled = items.map((item, i) => i === 0 ? this.compile(item) : this.compileLazy(item));
    const set = constantSet(left.type, compiled, exact);
    if (set) {
      this.#scope.freeNodes += items.length;
      const folded = left.type === "String" && !exact;
      return valueStep("Boolean", (value) => {
        if (value === null) return null;
        return set.has(folded ? fold(asString(value)) : value) !== negate;
      });
    }
    const operations = compiled.map((item, i) => {
      if (left.type === undefined || item.type === undefined) return undefined;
      const operation = binaryOperation(op, left.type, item.type);
      if (operation) {
        this.#checkConstant(left.type, item);
        return operation;
      }
      const error = operatorError("IN", left.type, item.type, item.at);
      if (i === 0) this.refuse(error, at);
      else this.defer(error);
      return undefined;
    });
    const typed = (l: Typed, row: Row, run: Run): Typed => {
      let found = false;
      for (let i = 0; i < compiled.length && !found; i++) {
        const item = compiled[i]!;
        const r = item.typed(row, run);
        const operation = operations[i] ?? binaryOperation(op, l.type, r.type);
        if (!operation) throw operatorError("IN", l.type, r.type, item.at);
        found = operation.apply(l.value, r.value, item.at, run) === true;
      }
      return { type: "Boolean", value: l.value === null ? null : found !== negate };
    };
    const { type } = left;
    if (type === undefined) return { type: "Boolean", typed };
    return {
      type: "Boolean",
      value: (value, row, run) => typed({ type, value }, row, run).value,
      typed,
    };
  }

  #like(left: Left, { negate, exact, pattern, at }: Step & { kind: "like" }): CompiledStep {
    const right = this.compile(pattern);
    if (left.type !== undefined && left.type !== "String" && !left.isNull) {
      return this.#refusedStep(likeError(left.type, "left", at), at);
    }
    if (right.isNull) {
      return this.#refusedStep(
        new FilterError("nullArgument", "expected a pattern behind LIKE, found NULL", right.at),
        at,
      );
    }
    if (right.type !== undefined && right.type !== "String") {
      return this.#refusedStep(likeError(right.type, "right", at), at);
    }
    if (left.isNull) return valueStep("Boolean", () => null);
    if (typeof right.constant === "string" && left.type === "String") {
      try {
        const matches = likeMatcher(right.constant, exact, right.at);
        return valueStep(
          "Boolean",
          (value) => value === null ? null : matches(asString(value)) !== negate,
        );
      } catch (error) {
        if (!(error instanceof FilterError)) throw error;
        return this.#refusedStep(error, at);
      }
    }
    return {
      type: "Boolean",
      typed: (l, row, run) => {
        const r = right.typed(row, run);
        if (l.type !== "String") throw likeError(l.type, "left", at);
        if (r.type !== "String") throw likeError(r.type, "right", at);
        if (r.value === null) {
          throw new FilterError("nullArgument", "expected a pattern behind LIKE, found NULL", at);
        }
        const text = asString(r.value);
        run.spend(text.length >> 4);
        const matches = likeMatcher(text, exact, right.at);
        const value = l.value === null ? null : matches(asString(l.value)) !== negate;
        return { type: "Boolean", value };
      },
    };
  }

  /** Keeps the error of a literal that cannot be compared with anything of type `left`. */
  #checkConstant(left: ValueType, { type, constant, at }: Compiled): void {
    const common = type && comparisonType(left, type);
    if (!type || !common || constant === undefined) return;
    try {
      convert(constant, type, common, at);
    } catch (error) {
      if (!(error instanceof FilterError)) throw error;
      this.defer(error);
    }
  }

  #refusedStep(error: FilterError, at: number): CompiledStep {
    const { typed } = this.refuse(error, at);
    return { type: undefined, typed: (_left, row, run) => typed(row, run) };
  }
}

function likeError(type: ValueType, side: string, at: number): FilterError {
  return new FilterError(
    "type",
    `operator LIKE expected a String on its ${side}, found ${type}`,
    at,
  );
}
