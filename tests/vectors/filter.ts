/**
 * Runs the filter expression vectors: lists of cases on the tables of `datasets.json` beside them.
 *
 * @module
 */
import { type Cell, type Column, type ColumnType, type DataSet } from "../../mod/core/mod.ts";
import type { DataTable } from "../../mod/core/mod.ts";
import {
  compileFilter,
  evaluate,
  evaluateOnRow,
  FilterError,
  type FilterOptions,
  type FilterValue,
  selectFromTable,
} from "../../mod/filter/mod.ts";
import type { Report, VectorFile } from "./report.ts";

/** Runs one file of `vectors/filter`: any JSON list of cases, or the data sets themselves. */
export function run(file: VectorFile, report: Report): void {
  if (file.name === "README.md") return report.pass("known");
  if (!file.name.endsWith(".json")) {
    return report.fail("file", "is of no category that the README names");
  }
  const json: unknown = JSON.parse(new TextDecoder().decode(file.bytes));
  if (file.name === "datasets.json") {
    readDataSets(json);
    return report.pass("data sets");
  }
  if (!Array.isArray(json)) return report.fail("file", "has no list of cases");
  const beside = file.sibling("datasets.json");
  const dataSets = beside
    ? readDataSets(JSON.parse(new TextDecoder().decode(beside)))
    : new Map<string, DataSet>();
  json.forEach((entry: Case, i) => {
    const title = typeof entry.id === "string" ? entry.id : `#${i}`;
    const difference = check(entry, dataSets);
    if (difference === undefined) report.pass(title);
    else report.fail(title, `${difference} for ${String(entry.expression).slice(0, 120)}`);
  });
}

/** One case as the README describes it. */
interface Case {
  readonly id?: string;
  readonly mode: string;
  readonly expression: string;
  readonly dataset?: string;
  readonly table?: string;
  readonly row?: number;
  readonly primaryTable?: string;
  readonly idFields?: { signalID?: string; measurementKey?: string; pointTag?: string };
  readonly sort?: string;
  readonly limit?: number;
  readonly ordered?: boolean;
  readonly expectedType?: string;
  readonly expectedValue?: unknown;
  readonly expectedCheck?: Readonly<Record<string, unknown>>;
  readonly expectedError?: unknown;
}

function check(test: Case, dataSets: ReadonlyMap<string, DataSet>): string | undefined {
  let outcome: Outcome;
  try {
    outcome = perform(test, dataSets);
  } catch (error) {
    if (!(error instanceof FilterError)) {
      return `expected a result or FilterError, found ${
        error instanceof Error ? error : "a throw"
      }`;
    }
    if (test.expectedError === undefined) return `expected a result, found error: ${error.message}`;
    const wanted = test.expectedError;
    return typeof wanted === "string" && wanted !== error.code && CODE.test(wanted)
      ? `expected error ${wanted}, found ${error.code}`
      : undefined;
  }
  if (test.expectedError !== undefined) return "expected an error, found a result";
  return compare(test, outcome);
}

const CODE = /^[a-z][A-Za-z]*$/;

/** What an operation gave. */
type Outcome =
  | { readonly value: FilterValue }
  | { readonly rows: readonly number[] }
  | { readonly ids: readonly string[] };

function perform(test: Case, dataSets: ReadonlyMap<string, DataSet>): Outcome {
  const clock = { nowMicros: Date.now() * 1000 };
  const options: FilterOptions = {
    ...(test.primaryTable === undefined ? {} : { primaryTable: test.primaryTable }),
    ...(test.idFields === undefined ? {} : {
      idColumns: {
        signalId: test.idFields.signalID ?? "SignalID",
        measurementKey: test.idFields.measurementKey ?? "ID",
        pointTag: test.idFields.pointTag ?? "PointTag",
      },
    }),
  };
  const dataSet = dataSets.get(test.dataset ?? "");
  const table = dataSet?.tables.find((t) => t.name === test.table);
  switch (test.mode) {
    case "evaluate":
      return { value: evaluate(test.expression, options, clock) };
    case "evaluateRow":
      if (!table) throw new Error(`no table ${test.table} in data set ${test.dataset}`);
      return { value: evaluateOnRow(test.expression, table, test.row ?? 0, options, clock) };
    case "tableSelect":
      if (!table) throw new Error(`no table ${test.table} in data set ${test.dataset}`);
      return {
        rows: selectFromTable(
          table,
          test.expression,
          test.sort ?? "",
          test.limit ?? -1,
          options,
          clock,
        ),
      };
    case "selectRows":
    case "selectSignalIDs": {
      if (!dataSet) throw new Error(`no data set ${test.dataset}`);
      const filter = compileFilter(test.expression, dataSet, options);
      return test.mode === "selectRows"
        ? { rows: filter.selectRows(dataSet, clock).map((r) => r.row) }
        : { ids: filter.selectSignalIds(dataSet, clock) };
    }
  }
  throw new Error(`unknown mode ${test.mode}`);
}

function compare(test: Case, outcome: Outcome): string | undefined {
  const { expectedType, expectedValue } = test;
  if ("value" in outcome) {
    const { type, value } = outcome.value;
    if (expectedType !== type) return `expected ${expectedType}, found ${type} ${value}`;
    if (test.expectedCheck) return checkWeakly(test.expectedCheck, value);
    return sameValue(type, value, expectedValue)
      ? undefined
      : `expected ${JSON.stringify(expectedValue)}, found ${value}`;
  }
  const list: readonly (string | number)[] = "rows" in outcome ? outcome.rows : outcome.ids;
  switch (expectedType) {
    case "rowCount":
    case "idCount": {
      const right = expectedValue === "nonEmpty" ? list.length > 0 : list.length === expectedValue;
      return right ? undefined : `expected ${expectedValue} entries, found ${list.length}`;
    }
    case "rows":
    case "signalIDs": {
      if (!Array.isArray(expectedValue)) return "has no list of expected entries";
      const unordered = expectedType === "signalIDs" && test.ordered !== true;
      const [a, b] = [[...list], [...expectedValue]].map((l) => unordered ? l.sort() : l);
      return JSON.stringify(a) === JSON.stringify(b)
        ? undefined
        : `expected [${b!.slice(0, 10)}], found [${a!.slice(0, 10)}]`;
    }
  }
  return `has the unknown expectedType ${expectedType}`;
}

function sameValue(type: string, value: FilterValue["value"], expected: unknown): boolean {
  if (value === null || expected === null) return value === expected;
  switch (type) {
    case "Int64":
      return String(value) === String(expected);
    case "Decimal":
      return canonical(String(value)) === canonical(String(expected));
    case "Double": {
      const e = Number(expected);
      const v = Number(value);
      return Object.is(v, e) || Math.abs(v - e) <= 1e-12 * Math.abs(e);
    }
    case "DateTime":
      return canonicalDate(String(value)) === canonicalDate(String(expected));
  }
  return value === expected;
}

/** A decimal without exponent, trailing zeros, leading zeros or a sign of zero. */
function canonical(text: string): string {
  const [mantissa = "", exponent = "0"] = text.toLowerCase().split("e");
  const negative = mantissa.startsWith("-");
  const [whole = "", fraction = ""] = mantissa.replace(/^[+-]/, "").split(".");
  let digits = whole + fraction;
  let scale = fraction.length - Number(exponent);
  while (digits.endsWith("0")) {
    digits = digits.slice(0, -1);
    scale--;
  }
  digits = digits.replace(/^0+/, "");
  return digits === "" ? "0" : `${negative ? "-" : ""}${digits}e${-scale}`;
}

function canonicalDate(text: string): string {
  return text.replace(/\.(\d*?)0*(?=Z|$)/, (_all, digits: string) => digits ? `.${digits}` : "");
}

/** `{ notAfter: "now" }`, or `{ part, equals }` for one part of a date. */
function checkWeakly(
  wanted: Readonly<Record<string, unknown>>,
  value: FilterValue["value"],
): string | undefined {
  const date = new Date(String(value));
  if (wanted.notAfter === "now") {
    return date.getTime() > Date.now() ? `found ${value}, in the future` : undefined;
  }
  const part = PARTS[String(wanted.part).toLowerCase()];
  if (!part) return `has the unknown check ${JSON.stringify(wanted)}`;
  return part(date) === wanted.equals
    ? undefined
    : `expected ${wanted.part} ${wanted.equals}, found ${value}`;
}

const PARTS: Readonly<Record<string, (date: Date) => number>> = {
  year: (d) => d.getUTCFullYear(),
  month: (d) => d.getUTCMonth() + 1,
  day: (d) => d.getUTCDate(),
  weekday: (d) => d.getUTCDay() + 1,
  hour: (d) => d.getUTCHours(),
  minute: (d) => d.getUTCMinutes(),
  second: (d) => d.getUTCSeconds(),
  millisecond: (d) => d.getUTCMilliseconds(),
};

const COLUMN_TYPES: Readonly<Record<string, ColumnType>> = {
  String: "string",
  Boolean: "boolean",
  DateTime: "dateTime",
  Single: "double",
  Double: "double",
  Decimal: "decimal",
  Guid: "guid",
  Int8: "int32",
  Int16: "int32",
  Int32: "int32",
  Int64: "int64",
  UInt8: "int32",
  UInt16: "int32",
  UInt32: "int64",
  UInt64: "int64",
};

/** The part of datasets.json that is read. */
interface DataSetsJson {
  readonly derived?: Readonly<
    Record<string, { from: string; removeColumns?: Readonly<Record<string, readonly string[]>> }>
  >;
  readonly datasets: Readonly<Record<string, { tables: Readonly<Record<string, TableJson>> }>>;
}

interface TableJson {
  readonly columns: readonly { name: string; type: string; expression?: string }[];
  readonly rows: readonly (readonly unknown[])[];
}

function readDataSets(json: unknown): Map<string, DataSet> {
  // The file is trusted test data of a documented form; what does not fit it throws below.
  const { datasets, derived = {} } = json as DataSetsJson;
  const found = new Map<string, DataSet>();
  for (const [name, { tables }] of Object.entries(datasets)) {
    found.set(name, {
      name,
      tables: Object.entries(tables).map(([table, content]) => readTable(table, content)),
    });
  }
  for (const [name, { from, removeColumns = {} }] of Object.entries(derived)) {
    const base = found.get(from);
    if (!base) throw new Error(`data set ${name} is derived from the unknown ${from}`);
    found.set(name, {
      name,
      tables: base.tables.map((table) => without(table, removeColumns[table.name] ?? [])),
    });
  }
  return found;
}

function without(table: DataTable, names: readonly string[]): DataTable {
  const keep = table.columns.map((column) => !names.includes(column.name));
  return {
    ...table,
    columns: table.columns.filter((_column, i) => keep[i]),
    rows: table.rows.map((row) => row.filter((_cell, i) => keep[i])),
  };
}

function readTable(name: string, { columns, rows }: TableJson): DataTable {
  const read: Column[] = columns.map(({ name, type, expression }) => {
    const known = COLUMN_TYPES[type];
    if (!known) throw new Error(`column ${name} has the unknown type ${type}`);
    return expression === undefined ? { name, type: known } : { name, type: known, expression };
  });
  return {
    name,
    columns: read,
    rows: rows.map((row) => row.map((cell, i) => readCell(cell, read[i]?.type))),
  };
}

function readCell(cell: unknown, type: ColumnType | undefined): Cell {
  if (cell === null || cell === undefined) return null;
  if (type === "dateTime") {
    const [, whole = "", fraction = ""] = /^(.*?)(?:\.(\d+))?Z?$/.exec(String(cell)) ?? [];
    return Date.parse(`${whole}Z`) * 1000 + Number(fraction.padEnd(6, "0").slice(0, 6));
  }
  if (type === "int64") {
    const value = BigInt(String(cell));
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
  if (typeof cell === "string" || typeof cell === "number" || typeof cell === "boolean") {
    return cell;
  }
  throw new Error(`expected a cell, found ${JSON.stringify(cell)}`);
}
