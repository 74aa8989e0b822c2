/**
 * Filter texts compiled once and run on tables (sections 1, 5 and 12).
 *
 * @module
 */
import { type DataSetView, finishSteps, type Steps, type TableView } from "../core/mod.ts";
import { type CompiledCondition, Condition } from "./condition.ts";
import { FilterError, quoted } from "./filter_error.ts";
import { type FilterOptions, type IdColumns, parseOptions } from "./filter_options.ts";
import { type FilterClock, type FilterLimits, Run } from "./limits.ts";
import { parseFilterSteps, type ParseOptions } from "./parser.ts";
import { SignalFinder } from "./signal_finder.ts";
import type { FilterStatement, IdentifierStatement, Statement } from "./tree.ts";
import { asString, cellReader } from "./values.ts";

/** A row of a result. */
export interface SelectedRow {
  /** The table as the data set spells it. */
  readonly table: string;
  /** Index of the row in the table. */
  readonly row: number;
}

/** A statement that names one signal of the primary table. */
export interface CompiledIdentifier {
  /** Tells it from a condition. */
  readonly kind: "identifier";
  /** What the text is. */
  readonly form: "guid" | "key" | "tag";
  /** GUID in lower case with hyphens, measurement key, or point tag without quotes. */
  readonly text: string;
  /** Offset in the text of the filter. */
  readonly at: number;
}

/** A statement of a compiled filter. */
export type CompiledStatement = CompiledIdentifier | CompiledCondition;

/**
 * Compiles a filter text for the tables of `dataSet`.
 *
 * Throws FilterError for anything that is wrong with the text: syntax, names, types, limits.
 */
export function compileFilter(
  text: string,
  dataSet: DataSetView,
  options: FilterOptions = {},
): CompiledFilter {
  return finishSteps(compileFilterSteps(text, dataSet, options));
}

/** Does what {@linkcode compileFilter} does, in steps. */
export function compileFilterSteps(
  text: string,
  dataSet: DataSetView,
  options: FilterOptions = {},
): Steps<CompiledFilter> {
  return CompiledFilter.compileSteps(text, dataSet, options);
}

/** Nodes of statements that are compiled between two pauses. */
const PAUSE_NODES = 2000;
/** Identifiers that are looked up, or rows that are taken, between two pauses. */
const PAUSE_ROWS = 4000;

/** A filter text compiled for the tables of a data set; may be run many times. */
export class CompiledFilter {
  readonly #dataSet: DataSetView;
  readonly #statements: CompiledStatement[] = [];
  readonly #schema: (readonly [TableView, Condition])[] = [];
  readonly #ids: Required<IdColumns>;
  readonly #primary: string;
  readonly #parse: ParseOptions;
  readonly #limits: FilterLimits;

  private constructor(dataSet: DataSetView, options: FilterOptions, parse: ParseOptions) {
    this.#dataSet = dataSet;
    this.#parse = parse;
    this.#limits = parse.limits;
    this.#primary = options.primaryTable ?? "ActiveMeasurements";
    this.#ids = {
      signalId: options.idColumns?.signalId ?? "SignalID",
      measurementKey: options.idColumns?.measurementKey ?? "ID",
      pointTag: options.idColumns?.pointTag ?? "PointTag",
    };
  }

  /** Statements in the order of the text. */
  get statements(): readonly CompiledStatement[] {
    return this.#statements;
  }

  /** Compiles; see {@linkcode compileFilterSteps}. */
  static *compileSteps(
    text: string,
    dataSet: DataSetView,
    options: FilterOptions,
  ): Steps<CompiledFilter> {
    const parse = parseOptions(options);
    const statements = yield* parseFilterSteps(text, parse);
    const filter = new CompiledFilter(dataSet, options, parse);
    let nodes = 0;
    for (const statement of statements) {
      filter.#statements.push(filter.#compile(statement));
      nodes += statement.kind === "identifier" ? 1 : 10 + statement.nodes;
      if (nodes < PAUSE_NODES) continue;
      nodes = 0;
      yield;
    }
    return filter;
  }

  /**
   * Rows over all statements, identifiers first, without duplicates from several statements.
   *
   * `dataSet` may be another one with the same tables and columns. Throws FilterError.
   */
  selectRows(dataSet: DataSetView = this.#dataSet, clock?: FilterClock): SelectedRow[] {
    return finishSteps(this.selectRowsSteps(dataSet, clock));
  }

  /** Does what {@linkcode selectRows} does, in steps; the data set must stay as it is meanwhile. */
  *selectRowsSteps(
    dataSet: DataSetView = this.#dataSet,
    clock?: FilterClock,
  ): Steps<SelectedRow[]> {
    const result: SelectedRow[] = [];
    yield* this.#each(dataSet, clock, (table, row) => result.push({ table: table.name, row }));
    return result;
  }

  /**
   * Numbers of the rows that {@linkcode selectRows} gives, where all statements are about one table, in steps.
   *
   * The data set must stay as it is meanwhile.
   */
  *selectIndexesSteps(
    dataSet: DataSetView = this.#dataSet,
    clock?: FilterClock,
  ): Steps<number[]> {
    const result: number[] = [];
    yield* this.#each(dataSet, clock, (_table, row) => result.push(row));
    return result;
  }

  /** GUIDs of the signals over all statements, identifiers first, without duplicates. */
  selectSignalIds(dataSet: DataSetView = this.#dataSet, clock?: FilterClock): string[] {
    const ids = new Set<string>();
    const indexes = new Map<TableView, number>();
    const read = cellReader("guid");
    finishSteps(this.#each(dataSet, clock, (table, row) => {
      let index = indexes.get(table);
      if (index === undefined) {
        index = columnIndex(table, this.#ids.signalId);
        indexes.set(table, index);
      }
      const id = read(table.rows.at(row)![index]);
      if (id !== null && id !== NO_GUID) ids.add(asString(id));
    }));
    return [...ids];
  }

  #compile(statement: Statement): CompiledStatement {
    if (statement.kind === "identifier") return this.#identifier(statement);
    try {
      const table = this.#tableOf(statement);
      const condition = new Condition(statement, table, this.#parse);
      this.#schema.push([table, condition]);
      return condition;
    } catch (error) {
      const { bareTag, at } = statement;
      const unknown = error instanceof FilterError && error.code === "unknownColumn";
      if (!unknown || bareTag === undefined) throw error;
      return this.#identifier({ kind: "identifier", form: "tag", text: bareTag, at });
    }
  }

  *#each(
    dataSet: DataSetView,
    clock: FilterClock | undefined,
    found: (table: TableView, row: number) => void,
  ): Steps<void> {
    const run = new Run(this.#limits, clock);
    const single = this.statements.length === 1;
    const seen = new Map<TableView, Set<number>>();
    let count = 0;
    const take = (table: TableView, row: number): void => {
      if (!single) {
        let rows = seen.get(table);
        if (!rows) seen.set(table, rows = new Set());
        if (rows.has(row)) return;
        rows.add(row);
      }
      if (++count > this.#limits.rows) {
        throw new FilterError("limit", `expected at most ${this.#limits.rows} rows, found more`);
      }
      found(table, row);
    };
    let finder: SignalFinder | undefined;
    let sincePause = 0;
    for (const statement of this.#statements) {
      if (statement.kind !== "identifier") continue;
      if (++sincePause % PAUSE_ROWS === 0) yield;
      if (!finder) {
        const table = findTable(dataSet, this.#primary);
        if (!table) throw noTable(this.#primary, statement.at);
        finder = new SignalFinder(table, this.#ids);
        run.spend(table.rows.length);
      }
      run.spend(1);
      if (!finder.has(statement.form)) yield* finder.prepareSteps(statement.form);
      const row = finder.find(statement.form, statement.text);
      if (row !== undefined) take(finder.table, row);
    }
    for (const [compiledFor, condition] of this.#schema) {
      const table = dataSet === this.#dataSet ? compiledFor : sameTable(dataSet, compiledFor);
      for (const row of yield* condition.selectSteps(table, run)) {
        take(table, row);
        if (++sincePause % PAUSE_ROWS === 0) yield;
      }
    }
  }

  #identifier({ form, text, at }: IdentifierStatement): CompiledIdentifier {
    if (!findTable(this.#dataSet, this.#primary)) throw noTable(this.#primary, at);
    return { kind: "identifier", form, text, at };
  }

  #tableOf(statement: FilterStatement): TableView {
    const name = statement.table ?? this.#primary;
    const table = findTable(this.#dataSet, name);
    if (table) return table;
    if (statement.table === undefined) throw noTable(name, statement.at);
    throw new FilterError(
      "unknownTable",
      `expected one of the tables ${
        this.#dataSet.tables.map((t) => t.name).slice(0, 10).join(", ")
      }, found ${quoted(name)}`,
      statement.tableAt,
    );
  }
}

const NO_GUID = "00000000-0000-0000-0000-000000000000";

function findTable(dataSet: DataSetView, name: string): TableView | undefined {
  const upper = name.toUpperCase();
  return dataSet.tables.find((t) => t.name.toUpperCase() === upper);
}

/** The table of another data set that takes the place of `compiledFor`; its columns must be the same. */
function sameTable(dataSet: DataSetView, compiledFor: TableView): TableView {
  const table = findTable(dataSet, compiledFor.name);
  const same = table?.columns.length === compiledFor.columns.length &&
    compiledFor.columns.every((c, i) => {
      const other = table.columns[i]!;
      return other.name === c.name && other.type === c.type && other.expression === c.expression;
    });
  if (!table || !same) {
    throw new FilterError(
      "unknownTable",
      `expected table ${compiledFor.name} with the columns that the filter was compiled for`,
    );
  }
  return table;
}

function columnIndex(table: TableView, name: string): number {
  const upper = name.toUpperCase();
  return table.columns.findIndex((c) => c.name.toUpperCase() === upper);
}

function noTable(name: string, at: number): FilterError {
  return new FilterError(
    "noTable",
    name === "" ? "expected FILTER and a table" : `expected the table ${quoted(name)} to exist`,
    at,
  );
}
