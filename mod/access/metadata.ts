/**
 * The metadata that whoever has certain rights may see, trimmed by the filter of a refresh command.
 *
 * @module
 */
import { type DataSetView, pickRows, type Steps } from "../core/mod.ts";
import { compileFilterSteps, type FilterClock } from "../filter/mod.ts";
import { metadataTablesSteps, visibleSignalsSteps } from "./tables.ts";
import type { AccessOptions, MetadataSource } from "./types.ts";

/** Steps of evaluation that one text of a subscriber may take unless options say otherwise. */
export const FILTER_STEPS = 10_000_000;

/** What metadata are asked for. */
export interface MetadataQuery {
  /** Rights, 1 by handle where permitted. */
  readonly permitted: Uint8Array;
  /** Statements of the refresh command; empty for everything. */
  readonly filter?: string | undefined;
  /** What NOW and UTCNOW give, in microseconds since 1970; without it they are errors. */
  readonly nowMicros?: number | undefined;
}

/**
 * The four metadata tables, trimmed to what is permitted and then by the filter, in steps of about a millisecond.
 *
 * Tables that no statement of the filter is about stay whole. All four are always there, and SchemaVersion keeps its
 * row. The signals are those of the first steps; rows are made when they are looked at, since a large site has a hundred
 * thousand of them. Throws FilterError from any step.
 */
export function* metadataSteps(
  source: MetadataSource,
  options: AccessOptions,
  { permitted, filter: text = "", nowMicros }: MetadataQuery,
): Steps<DataSetView> {
  const signals = yield* visibleSignalsSteps(source, permitted);
  const tables = yield* metadataTablesSteps(source, signals, options);
  const dataSet: DataSetView = { name: "DataSet", tables };
  if (text.trim() === "") return dataSet;
  const filter = yield* compileFilterSteps(text, dataSet, {
    primaryTable: "MeasurementDetail",
    limits: { steps: options.filterSteps ?? FILTER_STEPS },
  });
  const kept = new Map<string, number[]>();
  for (const statement of filter.statements) {
    kept.set(statement.kind === "identifier" ? "MeasurementDetail" : statement.table, []);
  }
  kept.delete("SchemaVersion");
  for (const { table, row } of yield* filter.selectRowsSteps(dataSet, filterClock(nowMicros))) {
    kept.get(table)?.push(row);
  }
  return {
    name: "DataSet",
    tables: tables.map((table) => {
      const rows = kept.get(table.name);
      return rows ? { ...table, rows: pickRows(table.rows, rows) } : table;
    }),
  };
}

/** The clock of a filter, if it has one. */
export function filterClock(nowMicros: number | undefined): FilterClock | undefined {
  return nowMicros === undefined ? undefined : { nowMicros };
}
