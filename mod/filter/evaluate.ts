/**
 * Texts that are used once: the value of an expression, the rows of one table.
 *
 * @module
 */
import type { TableView } from "../core/mod.ts";
import type { Row } from "./compiled.ts";
import { Condition } from "./condition.ts";
import { compileExpression, makeScope } from "./expressions.ts";
import { FilterError, quoted } from "./filter_error.ts";
import { type FilterOptions, parseOptions } from "./filter_options.ts";
import { type FilterClock, Run } from "./limits.ts";
import { parseCondition, parseFilter, parseSort } from "./parser.ts";
import { withPath } from "./path.ts";
import type { FilterStatement } from "./tree.ts";
import { type FilterValue, toFilterValue } from "./values.ts";

/** The value of the first statement of a text that reads no columns; throws FilterError. */
export function evaluate(
  text: string,
  options: FilterOptions = {},
  clock?: FilterClock,
): FilterValue {
  return evaluateFirst(text, undefined, [], options, clock);
}

/** The value of the first statement of a text on row `row` of `table`; throws FilterError. */
export function evaluateOnRow(
  text: string,
  table: TableView,
  row: number,
  options: FilterOptions = {},
  clock?: FilterClock,
): FilterValue {
  return evaluateFirst(text, table, table.rows.at(row) ?? [], options, clock);
}

/**
 * Indexes of the rows of `table` that meet `where`, sorted by `sort`, at most `limit` of them.
 *
 * An empty `where` means all rows, an empty `sort` the order of the table, a limit of 0 or less none.
 */
export function selectFromTable(
  table: TableView,
  where: string,
  sort: string,
  limit: number,
  options: FilterOptions = {},
  clock?: FilterClock,
): number[] {
  const parse = parseOptions(options);
  const blank = /^[ \t\r\n\v]*$/.test(where);
  const statement: FilterStatement = {
    ...parseCondition(blank ? "TRUE" : where, parse),
    top: limit > 0 ? limit : Infinity,
    orderBy: parseSort(sort, parse),
  };
  return new Condition(statement, table, parse).select(table, new Run(parse.limits, clock));
}

function evaluateFirst(
  text: string,
  table: TableView | undefined,
  row: Row,
  options: FilterOptions,
  clock: FilterClock | undefined,
): FilterValue {
  const parse = parseOptions(options);
  const statements = parseFilter(text, parse);
  const first = statements[0]!;
  if (first.kind === "identifier") {
    if (first.form === "guid") return { type: "Guid", value: first.text };
    throw new FilterError(
      "syntax",
      `expected an expression, found the ${
        first.form === "key" ? "measurement key" : "point tag"
      } ${quoted(first.text)}`,
      first.at,
    );
  }
  if (first.kind === "filter") {
    throw new FilterError("syntax", "expected an expression, found FILTER", first.at);
  }
  try {
    let result: FilterValue | undefined;
    for (const statement of statements) {
      if (statement.kind !== "expression") continue;
      const scope = makeScope(table, parse);
      const compiled = compileExpression(statement.where, scope, result !== undefined);
      if (result) continue;
      const run = new Run(parse.limits, clock);
      run.spend(statement.nodes);
      result = toFilterValue(compiled.typed(row, run));
    }
    return result!;
  } catch (error) {
    throw withPath(error, first.where);
  }
}
