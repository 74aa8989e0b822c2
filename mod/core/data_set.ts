/**
 * Tables of metadata: what STTP sends as XML and what filter expressions are evaluated on.
 *
 * @module
 */

/** Type of a column. */
export type ColumnType =
  | "boolean"
  | "int32"
  | "int64"
  | "decimal"
  | "double"
  | "string"
  | "guid"
  | "dateTime";

/**
 * One cell: by column type a boolean, a number (int32, double, int64 within 2^53), a bigint (larger
 * int64), a decimal as text, a GUID as lower-case text, or a dateTime as microseconds since 1970.
 */
export type Cell = string | number | bigint | boolean | null;

/** A column by name; names are compared without regard to case. */
export interface Column {
  /** Name as written in XML. */
  readonly name: string;
  /** Type of its cells. */
  readonly type: ColumnType;
  /** Filter expression from which the cells are computed when read; its cells are null. */
  readonly expression?: string;
}

/** A table: rows of cells in the order of the columns. */
export interface DataTable {
  /** Name, compared without regard to case. */
  readonly name: string;
  /** Columns in order. */
  readonly columns: readonly Column[];
  /** Rows in order; each as long as `columns`. */
  readonly rows: readonly (readonly Cell[])[];
}

/** Rows that may be made when they are asked for; an array is one. */
export interface RowView {
  /** Number of rows. */
  readonly length: number;
  /** The row of a number below `length`; lent until the next call. */
  at(index: number): readonly Cell[] | undefined;
}

/** A table that is only looked at. */
export interface TableView extends Omit<DataTable, "rows"> {
  /** Rows in order; each as long as `columns`. */
  readonly rows: RowView;
}

/** Several tables that are only looked at. */
export interface DataSetView {
  /** Name of the root element. */
  readonly name: string;
  /** Tables in order. */
  readonly tables: readonly TableView[];
}

/** Several tables under one name. */
export interface DataSet {
  /** Name of the root element, customarily `DataSet`. */
  readonly name: string;
  /** Tables in the order in which they are written. */
  readonly tables: readonly DataTable[];
}

/** Some rows of others, in the order of their numbers. */
export function pickRows(rows: RowView, numbers: readonly number[]): RowView {
  return {
    length: numbers.length,
    at(index) {
      const number = numbers[index];
      return number === undefined ? undefined : rows.at(number);
    },
  };
}

/** Tables with all their rows made. */
export function dataSetOf({ name, tables }: DataSetView): DataSet {
  return {
    name,
    tables: tables.map(({ rows, ...table }) => ({
      ...table,
      rows: Array.from({ length: rows.length }, (_, i) => [...rows.at(i)!]), // below its length
    })),
  };
}
