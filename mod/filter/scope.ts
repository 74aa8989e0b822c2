/**
 * The table that an expression is about: its columns, plain and computed (section 12).
 *
 * @module
 */
import type { TableView } from "../core/mod.ts";
import { type Compiled, dynamicOf, staticOf } from "./compiled.ts";
import { convert } from "./conversion.ts";
import { FilterError, quoted } from "./filter_error.ts";
import type { FilterLimits } from "./limits.ts";
import { parseCondition } from "./parser.ts";
import { Regex } from "./regex.ts";
import type { ColumnNode, ExpressionNode } from "./tree.ts";
import { cellReader, INT64_MAX, typeOfColumn } from "./values.ts";

/** The table that an expression is about, and what was found out about the expression. */
export class Scope {
  /** The table whose columns may be used; undefined where there is none. */
  readonly table: TableView | undefined;
  /** The limits that hold. */
  readonly limits: FilterLimits;
  /** How computed columns are read. */
  readonly flatPrecedence: boolean;
  /** Columns that are read, those of computed columns included: name in the table, offset of its first use. */
  readonly columnsUsed = new Map<string, number>();
  /** True if NOW or UTCNOW is used. */
  usesClock = false;
  /** Faults in branches that need not be evaluated; they count only where everything must be sound. */
  readonly deferred: FilterError[] = [];
  /** Nodes that cost nothing per row: the literals of a list that is looked up at once. */
  freeNodes = 0;
  readonly #index = new Map<string, number>();
  readonly #computed = new Map<number, { compiled: Compiled; nodes: number } | "busy">();
  readonly #regexes = new Map<string, Regex>();
  readonly #compile: (node: ExpressionNode, scope: Scope) => Compiled;
  #computing = 0;

  /** Makes a scope for expressions on the rows of `table`; `compile` compiles computed columns. */
  constructor(
    table: TableView | undefined,
    limits: FilterLimits,
    flatPrecedence: boolean,
    compile: (node: ExpressionNode, scope: Scope) => Compiled,
  ) {
    this.#compile = compile;
    this.table = table;
    this.limits = limits;
    this.flatPrecedence = flatPrecedence;
    table?.columns.forEach((column, i) => {
      const name = column.name.toUpperCase();
      if (!this.#index.has(name)) this.#index.set(name, i);
    });
  }

  /** Index of the column called `name`, or undefined. */
  indexOf(name: string): number | undefined {
    return this.#index.get(name.toUpperCase());
  }

  /** Compiles a reading of the column called `name`; throws FilterError for unknown names. */
  column({ name, at }: ColumnNode): Compiled {
    if (!this.table) {
      throw new FilterError(
        "noTable",
        `expected no columns where there is no table, found ${quoted(name)}`,
        at,
      );
    }
    const index = this.indexOf(name);
    const column = index === undefined ? undefined : this.table.columns[index];
    if (index === undefined || column === undefined) {
      throw new FilterError(
        "unknownColumn",
        `expected a column of table ${this.table.name}, found ${quoted(name)}`,
        at,
      );
    }
    if (!this.columnsUsed.has(column.name)) this.columnsUsed.set(column.name, at);
    if (column.expression !== undefined) {
      return this.#computedColumn(index, column.name, column.expression, at);
    }
    const type = typeOfColumn(column.type);
    switch (column.type) {
      case "string":
        return staticOf(type, (row) => {
          const cell = row[index];
          return typeof cell === "string" ? cell : null;
        }, at);
      case "int64": {
        // An unsigned number beyond Int64 reads as Double, so the type of the column is not certain.
        const read = cellReader("int64");
        return dynamicOf((row) => {
          const value = read(row[index]);
          return typeof value === "bigint" && value > INT64_MAX
            ? { type: "Double", value: Number(value) }
            : { type, value };
        }, at);
      }
    }
    const read = cellReader(column.type);
    return staticOf(type, (row) => read(row[index]), at);
  }

  /** A compiled regular expression; those of one filter are kept, a bounded number of them. */
  regex(pattern: string, at: number): Regex {
    let regex = this.#regexes.get(pattern);
    if (!regex) {
      regex = new Regex(pattern, at, this.limits.regexLength);
      if (this.#regexes.size >= 32) this.#regexes.clear();
      this.#regexes.set(pattern, regex);
    }
    return regex;
  }

  #computedColumn(index: number, name: string, expression: string, at: number): Compiled {
    let found = this.#computed.get(index);
    if (found === "busy" || this.#computing >= this.limits.depth) {
      throw new FilterError(
        "circular",
        `expected computed column ${quoted(name)} not to depend on itself`,
        at,
      );
    }
    if (!found) {
      this.#computed.set(index, "busy");
      this.#computing++;
      try {
        const parsed = parseCondition(expression, {
          flatPrecedence: this.flatPrecedence,
          bareTags: false,
          limits: this.limits,
        });
        found = { compiled: this.#compile(parsed.where, this), nodes: parsed.nodes };
        this.#computed.set(index, found);
      } catch (error) {
        throw inColumn(name, error, at);
      } finally {
        this.#computing--;
        if (this.#computed.get(index) === "busy") this.#computed.delete(index);
      }
    }
    const { compiled, nodes } = found;
    const type = typeOfColumn(this.table!.columns[index]!.type);
    return staticOf(type, (row, run) => {
      run.spend(nodes);
      try {
        const { type: from, value } = compiled.typed(row, run);
        return convert(value, from, type, at);
      } catch (error) {
        throw inColumn(name, error, at);
      }
    }, at);
  }
}

function inColumn(name: string, error: unknown, at: number): unknown {
  if (!(error instanceof FilterError)) return error;
  return new FilterError(error.code, `in computed column ${quoted(name)}: ${error.reason}`, at);
}
