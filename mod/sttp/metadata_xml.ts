/**
 * Reads metadata: an XML document that begins with its own schema (specs/sttp.md 12).
 *
 * @module
 */
import { SaxesParser } from "saxes";
import type { Cell, Column, ColumnType, DataSet, Steps } from "../core/mod.ts";
import { DecodeError, finishSteps } from "../core/mod.ts";
import { parseDateTime } from "./date_time.ts";
import { decompress, looksLikeGzip } from "./gzip.ts";
import type { MetadataFormat } from "./metadata_writer.ts";
import type { TextEncoding } from "./text.ts";

/** Bounds on a document that is read. */
export interface MetadataLimits {
  /** Bytes of the document after decompression. */
  readonly maxBytes: number;
  /** Tables. */
  readonly maxTables: number;
  /** Columns of a table. */
  readonly maxColumns: number;
  /** Rows of all tables together. */
  readonly maxRows: number;
  /** Cells of all rows, those that a row leaves out included: they take room too. */
  readonly maxCells: number;
  /** Characters of a cell. */
  readonly maxCellLength: number;
}

/** The bounds that hold unless others are given. */
export const METADATA_LIMITS: MetadataLimits = {
  maxBytes: 64 * 1024 * 1024,
  maxTables: 32,
  maxColumns: 128,
  maxRows: 250_000,
  maxCells: 4_000_000,
  maxCellLength: 32_768,
};

/** Bytes that are read in one step: about a millisecond. */
const STEP_BYTES = 64 * 1024;
const MAX_DEPTH = 16;
const MAX_NAME_LENGTH = 256;

const COLUMN_TYPE: ReadonlyMap<string, ColumnType> = new Map([
  ["string", "string"],
  ["boolean", "boolean"],
  ["dateTime", "dateTime"],
  ["float", "double"],
  ["double", "double"],
  ["decimal", "decimal"],
  ["byte", "int32"],
  ["short", "int32"],
  ["int", "int32"],
  ["unsignedByte", "int32"],
  ["unsignedShort", "int32"],
  ["long", "int64"],
  ["unsignedInt", "int64"],
  ["unsignedLong", "int64"],
]);

/** Reads the payload of an answer to MetadataRefresh; throws {@linkcode DecodeError}. */
export function decodeMetadata(
  payload: Uint8Array,
  format: MetadataFormat,
  limits: MetadataLimits = METADATA_LIMITS,
): DataSet {
  const bytes = format.gzip && looksLikeGzip(payload)
    ? decompress(payload, limits.maxBytes)
    : payload;
  return finishSteps(readMetadataSteps(bytes, format.encoding, limits));
}

/**
 * Reads an XML document, in steps; `bytes` must stay as they are meanwhile.
 *
 * Does what {@linkcode readMetadataXml} does; a byte order mark is no part of the text.
 */
export function* readMetadataSteps(
  bytes: Uint8Array,
  encoding: TextEncoding,
  limits: MetadataLimits = METADATA_LIMITS,
): Steps<DataSet> {
  if (bytes.length > limits.maxBytes) {
    throw bad("oversize", `expected at most ${limits.maxBytes} bytes, found ${bytes.length}`);
  }
  const document = new MetadataDocument(limits);
  const decoder = new TextDecoder(encoding);
  for (let at = 0; at < bytes.length; at += STEP_BYTES) {
    if (at > 0) yield;
    document.write(decoder.decode(bytes.subarray(at, at + STEP_BYTES), { stream: true }));
  }
  document.write(decoder.decode());
  return document.finish();
}

/**
 * Reads an XML document.
 *
 * Elements that the schema does not name are skipped, columns of unknown type too; a cell that does
 * not parse as its type is null. Throws {@linkcode DecodeError} for what is not well-formed, for a
 * document type declaration, for a missing schema and for anything beyond `limits`.
 */
export function readMetadataXml(
  text: string,
  limits: MetadataLimits = METADATA_LIMITS,
): DataSet {
  const document = new MetadataDocument(limits);
  document.write(text);
  return document.finish();
}

/** One document, which comes in pieces. */
class MetadataDocument {
  readonly #reader: MetadataReader;
  readonly #parser = new SaxesParser();

  constructor(limits: MetadataLimits) {
    const reader = this.#reader = new MetadataReader(limits);
    const parser = this.#parser;
    parser.on("error", (error) => {
      throw bad("xml", `expected well-formed XML, found ${error.message.slice(0, 200)}`);
    });
    parser.on("doctype", () => {
      throw bad("doctype", "expected no document type declaration, found one");
    });
    parser.on("opentag", (tag) => reader.open(tag.name, tag.attributes));
    parser.on("closetag", () => reader.close());
    parser.on("text", (part) => reader.text(part));
    parser.on("cdata", (part) => reader.text(part));
  }

  write(text: string): void {
    this.#parser.write(text);
  }

  finish(): DataSet {
    this.#parser.close();
    return this.#reader.finish();
  }
}

interface TableDraft {
  readonly name: string;
  readonly columns: Column[];
  readonly rows: Cell[][];
  /** Position of a column by lower-case name. */
  readonly places: Map<string, number>;
}

/** Builds tables from the events of the parser. */
class MetadataReader {
  readonly #limits: MetadataLimits;
  readonly #tables = new Map<string, TableDraft>();
  #root = "";
  #depth = 0;
  #sawSchema = false;
  /** Depth of the schema element while inside it, else 0. */
  #schemaDepth = 0;
  /** Nesting of `element` in the schema: 1 root, 2 table, 3 column. */
  #elementDepth = 0;
  readonly #elements: boolean[] = [];
  #schemaTable: TableDraft | undefined;
  #rowTable: TableDraft | undefined;
  #row: Cell[] = [];
  #column = -1;
  #text = "";
  #rows = 0;
  #cells = 0;

  constructor(limits: MetadataLimits) {
    this.#limits = limits;
  }

  open(name: string, attributes: Readonly<Record<string, string>>): void {
    const depth = ++this.#depth;
    if (depth > MAX_DEPTH) throw bad("depth", `expected at most ${MAX_DEPTH} levels, found more`);
    if (name.length > MAX_NAME_LENGTH) {
      throw bad("name", "expected shorter names, found a long one");
    }
    if (depth === 1) {
      this.#root = name;
    } else if (this.#schemaDepth > 0) {
      this.#openInSchema(localName(name), attributes);
    } else if (depth === 2 && localName(name) === "schema") {
      this.#schemaDepth = depth;
      this.#sawSchema = true;
    } else if (depth === 2) {
      this.#rowTable = this.#tables.get(name.toLowerCase());
      if (!this.#rowTable) return;
      if (++this.#rows > this.#limits.maxRows) {
        throw bad("rows", `expected at most ${this.#limits.maxRows} rows, found more`);
      }
      const { length } = this.#rowTable.columns;
      if ((this.#cells += length) > this.#limits.maxCells) {
        throw bad("cells", `expected at most ${this.#limits.maxCells} cells, found more`);
      }
      this.#row = new Array<Cell>(length).fill(null);
    } else if (depth === 3 && this.#rowTable) {
      this.#column = this.#rowTable.places.get(name.toLowerCase()) ?? -1;
      this.#text = "";
    }
  }

  close(): void {
    const depth = this.#depth--;
    if (this.#schemaDepth > 0) {
      if (depth === this.#schemaDepth) this.#schemaDepth = 0;
      else if (this.#elements.pop()) this.#elementDepth--;
    } else if (depth === 3 && this.#column >= 0 && this.#rowTable) {
      const type = this.#rowTable.columns[this.#column]!.type;
      this.#row[this.#column] = parseCell(this.#text, type);
      this.#column = -1;
    } else if (depth === 2 && this.#rowTable) {
      this.#rowTable.rows.push(this.#row);
      this.#rowTable = undefined;
    }
  }

  text(part: string): void {
    if (this.#column < 0 || this.#depth !== 3) return;
    if (this.#text.length + part.length > this.#limits.maxCellLength) {
      throw bad("cell", `expected cells of at most ${this.#limits.maxCellLength} characters`);
    }
    this.#text += part;
  }

  finish(): DataSet {
    if (!this.#sawSchema) throw bad("schema", "expected a schema as first child, found none");
    return {
      name: this.#root,
      tables: [...this.#tables.values()].map(({ name, columns, rows }) => ({
        name,
        columns,
        rows,
      })),
    };
  }

  #openInSchema(local: string, attributes: Readonly<Record<string, string>>): void {
    const isElement = local === "element";
    this.#elements.push(isElement);
    if (!isElement) return;
    const name = attributes["name"] ?? "";
    const level = ++this.#elementDepth;
    if (level === 2) this.#schemaTable = this.#addTable(name);
    else if (level === 3 && this.#schemaTable) this.#addColumn(this.#schemaTable, name, attributes);
  }

  #addTable(name: string): TableDraft {
    if (this.#tables.size >= this.#limits.maxTables) {
      throw bad("tables", `expected at most ${this.#limits.maxTables} tables, found more`);
    }
    const table: TableDraft = { name, columns: [], rows: [], places: new Map() };
    this.#tables.set(name.toLowerCase(), table);
    return table;
  }

  #addColumn(
    table: TableDraft,
    name: string,
    attributes: Readonly<Record<string, string>>,
  ): void {
    if (table.columns.length >= this.#limits.maxColumns) {
      throw bad("columns", `expected at most ${this.#limits.maxColumns} columns, found more`);
    }
    const type = COLUMN_TYPE.get(localName(attributes["type"] ?? ""));
    const key = name.toLowerCase();
    if (!type || table.places.has(key)) return;
    const isGuid = Object.entries(attributes).some(([attribute, value]) =>
      localName(attribute) === "DataType" && value.startsWith("System.Guid")
    );
    table.places.set(key, table.columns.length);
    table.columns.push({ name, type: type === "string" && isGuid ? "guid" : type });
  }
}

function parseCell(text: string, type: ColumnType): Cell {
  if (type === "string") return ownText(text);
  const trimmed = text.trim();
  switch (type) {
    case "boolean":
      return /^(true|1)$/i.test(trimmed) ? true : /^(false|0)$/i.test(trimmed) ? false : null;
    case "int32":
    case "int64":
      return parseInteger(trimmed, type);
    case "decimal":
      return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(trimmed) ? ownText(trimmed) : null;
    case "double":
      return parseDouble(trimmed);
    case "guid": {
      const guid = trimmed.toLowerCase().replace(/^\{(.*)\}$/, "$1");
      return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(guid) ? ownText(guid) : null;
    }
    case "dateTime":
      return parseDateTime(trimmed) ?? null;
  }
}

/** `text` in memory of its own: V8 keeps the whole document for a text that was cut out of it. */
function ownText(text: string): string {
  return text.length < SHORTEST_CUT ? text : ` ${text}`.slice(1);
}

/** Shorter texts are copied when they are cut out. */
const SHORTEST_CUT = 13;

function parseInteger(text: string, type: "int32" | "int64"): number | bigint | null {
  if (!/^[+-]?\d{1,20}$/.test(text)) return null;
  const value = Number(text);
  if (type === "int32") return (value | 0) === value ? value : null;
  if (Number.isSafeInteger(value)) return value;
  return BigInt(text.replace("+", ""));
}

function parseDouble(text: string): number | null {
  if (text === "INF") return Infinity;
  if (text === "-INF") return -Infinity;
  if (text === "NaN") return NaN;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,4})?$/i.test(text) ? Number(text) : null;
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

function bad(kind: string, what: string): DecodeError {
  return new DecodeError(kind, `Cannot read metadata: ${what}`, { field: "metadata" });
}
