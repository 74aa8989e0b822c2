/**
 * Writes metadata: tables as an XML document that begins with its own schema (specs/sttp.md 12).
 *
 * @module
 */
import {
  type Cell,
  type ColumnType,
  type DataSetView,
  finishSteps,
  pickRows,
  type Steps,
  type TableView,
} from "../core/mod.ts";
import { formatDateTime } from "./date_time.ts";
import { GzipWriter, joinBytes } from "./gzip.ts";
import type { MetadataRequest } from "./publisher_types.ts";
import { encodeText, type TextEncoding } from "./text.ts";

/** How metadata travels in a session. */
export interface MetadataFormat {
  /** Encoding of the document. */
  readonly encoding: TextEncoding;
  /** The document is gzip. */
  readonly gzip: boolean;
}

/** Rows that are written in one step: about 60 KB. */
const STEP_ROWS = 100;

/** The XML document of a data set, in the form that all published clients read (12.2). */
export function writeMetadataXml(dataSet: DataSetView, encoding: TextEncoding = "utf-8"): string {
  return [...textPieces(dataSet, encoding)].join("");
}

/** The payload of an answer to MetadataRefresh. */
export function encodeMetadata(
  dataSet: DataSetView,
  format: MetadataFormat,
): Uint8Array<ArrayBuffer> {
  return finishSteps(encodeMetadataSteps(dataSet, format));
}

/** Does what {@linkcode encodeMetadata} does, in steps of about a millisecond; what is gzip is never there as a whole. */
export function* encodeMetadataSteps(
  dataSet: DataSetView,
  { encoding, gzip }: MetadataFormat,
): Steps<Uint8Array<ArrayBuffer>> {
  const writer = gzip ? new GzipWriter() : new PlainWriter();
  for (const text of textPieces(dataSet, encoding)) {
    writer.push(encodeText(text, encoding));
    yield;
  }
  return writer.finish();
}

/** The payload that answers `request` with these tables, in steps of about a millisecond. */
export function metadataDocumentSteps(
  all: DataSetView,
  request: MetadataRequest,
): Steps<Uint8Array<ArrayBuffer>> {
  return encodeMetadataSteps(trim(all, request), request);
}

/** Keeps the measurements of one kind when a client asked for that kind alone (4.1). */
function trim(all: DataSetView, { external, internal }: MetadataRequest): DataSetView {
  if (external && internal) return all;
  return {
    name: all.name,
    tables: all.tables.map((table) => {
      const at = table.columns.findIndex((c) => c.name === "Internal");
      if (at < 0) return table;
      const kept: number[] = [];
      for (let i = 0; i < table.rows.length; i++) {
        if (table.rows.at(i)![at] === internal) kept.push(i); // below its length
      }
      return { ...table, rows: pickRows(table.rows, kept) };
    }),
  };
}

/** The text of a document, piece by piece. */
function* textPieces({ name: root, tables }: DataSetView, encoding: TextEncoding) {
  yield headOf(root, tables, encoding);
  for (const { name, columns, rows } of tables) {
    let parts: string[] = [];
    for (let i = 0; i < rows.length; i++) {
      const row = rows.at(i)!; // below its length
      parts.push(`<${name}>`);
      columns.forEach((column, i) => {
        const cell = row[i] ?? null;
        const text = cell === null ? undefined : formatCell(cell, column.type);
        if (text !== undefined) parts.push(`<${column.name}>${text}</${column.name}>`);
      });
      parts.push(`</${name}>`);
      if (i % STEP_ROWS < STEP_ROWS - 1 && i < rows.length - 1) continue;
      yield parts.join("");
      parts = [];
    }
  }
  yield `</${root}>`;
}

function headOf(root: string, tables: readonly TableView[], encoding: TextEncoding): string {
  const parts = [
    `<?xml version="1.0" encoding="${encoding === "utf-8" ? "utf-8" : "utf-16"}"?>\n`,
    `<${root}><xs:schema id="${root}" xmlns:xs="http://www.w3.org/2001/XMLSchema" `,
    `xmlns:ext="urn:schemas-microsoft-com:xml-msdata"><xs:element name="${root}">`,
    `<xs:complexType><xs:choice minOccurs="0" maxOccurs="unbounded">`,
  ];
  for (const table of tables) {
    parts.push(`<xs:element name="${table.name}"><xs:complexType><xs:sequence>`);
    for (const { name, type } of table.columns) {
      const guid = type === "guid" ? ` ext:DataType="System.Guid"` : "";
      parts.push(`<xs:element name="${name}" type="${XML_TYPE[type]}" minOccurs="0"${guid} />`);
    }
    parts.push(`</xs:sequence></xs:complexType></xs:element>`);
  }
  parts.push(`</xs:choice></xs:complexType></xs:element></xs:schema>`);
  return parts.join("");
}

/** Bytes that are put together at the end. */
class PlainWriter {
  readonly #pieces: Uint8Array[] = [];

  push(piece: Uint8Array): void {
    this.#pieces.push(piece);
  }

  finish(): Uint8Array<ArrayBuffer> {
    return joinBytes(this.#pieces);
  }
}

const XML_TYPE: Readonly<Record<ColumnType, string>> = {
  boolean: "xs:boolean",
  int32: "xs:int",
  int64: "xs:long",
  decimal: "xs:decimal",
  double: "xs:double",
  string: "xs:string",
  guid: "xs:string",
  dateTime: "xs:dateTime",
};

/** Undefined for a date that the clients could not read: one of those ends their handling of metadata. */
function formatCell(cell: Exclude<Cell, null>, type: ColumnType): string | undefined {
  if (typeof cell === "string") return escapeText(type === "guid" ? cell.toLowerCase() : cell);
  if (typeof cell === "number") {
    if (type === "dateTime") return formatDateTime(cell) || undefined;
    if (cell === Infinity) return "INF";
    if (cell === -Infinity) return "-INF";
  }
  return String(cell);
}

// What XML 1.0 cannot carry, not even escaped: control characters, lone surrogates, two noncharacters.
// deno-lint-ignore no-control-regex
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;
const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "\r": "&#13;",
};

function escapeText(text: string): string {
  return text.replace(FORBIDDEN, " ").replace(/[&<>\r]/g, (c) => ESCAPES[c]!);
}
