/**
 * A condition on the rows of one table, compiled and run (sections 5 and 12).
 *
 * @module
 */
import { finishSteps, type Steps, type TableView } from "../core/mod.ts";
import type { Compiled, Row } from "./compiled.ts";
import { compileExpression, makeScope } from "./expressions.ts";
import { FilterError } from "./filter_error.ts";
import type { Run } from "./limits.ts";
import { sortRowsSteps, type SortTerm } from "./order.ts";
import type { ParseOptions } from "./parser.ts";
import { withPath } from "./path.ts";
import type { Scope } from "./scope.ts";
import type { FilterStatement, OrderTerm } from "./tree.ts";

/** A statement that selects rows of one table. */
export interface CompiledCondition {
  /** Tells it from an identifier. */
  readonly kind: "condition";
  /** Name of its table as the data set spells it. */
  readonly table: string;
  /** Most rows it selects; Infinity for no limit. */
  readonly top: number;
  /** True if it has an ORDER BY. */
  readonly ordered: boolean;
  /** Columns in its condition, those behind computed columns included: name, offset of its first use. */
  readonly columns: ReadonlyMap<string, number>;
  /** True if its condition uses NOW or UTCNOW. */
  readonly usesClock: boolean;
  /** Faults in branches that need not be evaluated, such as the arguments of IIF. */
  readonly deferred: readonly FilterError[];
  /** Nodes of its condition: steps that one row costs. */
  readonly nodes: number;
  /** Offset in the text of the filter. */
  readonly at: number;
  /** The condition on one row: true, false or NULL; throws FilterError. */
  readonly test: (row: Row, run: Run) => boolean | null;
}

/** A compiled FILTER statement or bare expression. */
export class Condition implements CompiledCondition {
  readonly kind = "condition";
  readonly table: string;
  readonly top: number;
  readonly ordered: boolean;
  readonly columns: ReadonlyMap<string, number>;
  readonly usesClock: boolean;
  readonly deferred: readonly FilterError[];
  readonly nodes: number;
  readonly at: number;
  readonly #where: Compiled;
  readonly #statement: FilterStatement;
  readonly #order: readonly SortTerm[];

  constructor(statement: FilterStatement, table: TableView, options: ParseOptions) {
    const scope = makeScope(table, options);
    this.#statement = statement;
    this.table = table.name;
    this.top = statement.top;
    this.ordered = statement.orderBy.length > 0;
    this.at = statement.at;
    try {
      this.#where = compileExpression(statement.where, scope);
    } catch (error) {
      throw withPath(error, statement.where);
    }
    const { type } = this.#where;
    if (type !== undefined && type !== "Boolean") throw notBoolean(type, this.#where.at);
    this.columns = scope.columnsUsed;
    this.usesClock = scope.usesClock;
    this.nodes = statement.nodes - scope.freeNodes;
    this.deferred = scope.deferred;
    const sortScope = makeScope(table, options);
    this.#order = statement.orderBy.map((term) => sortTerm(term, sortScope));
  }

  test(row: Row, run: Run): boolean | null {
    run.spend(this.nodes);
    if (this.#where.type === "Boolean") return this.#where.value(row, run) as boolean | null; // by type
    const { type, value } = this.#where.typed(row, run);
    if (type !== "Boolean") throw notBoolean(type, this.#where.at);
    return value === null ? null : value === true;
  }

  select(table: TableView, run: Run): number[] {
    return finishSteps(this.selectSteps(table, run));
  }

  *selectSteps(table: TableView, run: Run): Steps<number[]> {
    const selected: number[] = [];
    const { rows } = table;
    try {
      // All rows, whatever TOP says: an error on any of them is one of the whole.
      for (let at = 0; at < rows.length;) {
        at = this.#selectSome(rows, at, selected, run);
        yield;
      }
      const sorted = this.ordered
        ? yield* sortRowsSteps(selected, rows, this.#order, run)
        : selected;
      return this.top < sorted.length ? sorted.slice(0, this.top) : sorted;
    } catch (error) {
      throw withPath(error, this.#statement.where);
    }
  }

  /** Adds the rows from `from` on that meet the condition, until a pause is due; returns where it stopped. */
  #selectSome(rows: TableView["rows"], from: number, selected: number[], run: Run): number {
    const end = Math.min(rows.length, from + PAUSE_ROWS);
    let i = from;
    do {
      if (this.test(rows.at(i)!, run) === true) selected.push(i);
      i++;
    } while (i < end && !run.isPauseDue);
    return i;
  }
}

/** Rows between two pauses, at most. */
const PAUSE_ROWS = 1000;

function sortTerm({ column, at, exact, descending }: OrderTerm, scope: Scope): SortTerm {
  return { column: scope.column({ kind: "column", name: column, at }), exact, descending };
}

function notBoolean(type: string, at: number): FilterError {
  return new FilterError("notBoolean", `expected a Boolean condition, found ${type}`, at);
}
