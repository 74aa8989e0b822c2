/**
 * Files of a record, in pairs and as one (IEEE C37.111-2013, 9).
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";
import { type Cfg, decodeCfg } from "./cfg_read.ts";
import { encodeCfg } from "./cfg_write.ts";
import { decodeDat } from "./dat_read.ts";
import { encodeDat } from "./dat_write.ts";
import type { ComtradeRecord, DataFormat } from "./types.ts";

/** Configuration and data of a record as two files. */
export interface FilePair {
  /** Content of the `.cfg` file. */
  readonly cfg: Uint8Array<ArrayBuffer>;
  /** Content of the `.dat` file. */
  readonly dat: Uint8Array<ArrayBuffer>;
}

/**
 * Writes a record as configuration and data, revision 2013.
 *
 * Throws a RangeError for values that the format cannot hold: whole numbers of 16 bits in BINARY, of
 * 32 bits in BINARY32. FLOAT32 rounds to 24 bits.
 */
export function encodePair(record: ComtradeRecord, format: DataFormat): FilePair {
  const cfg = new TextEncoder().encode(encodeCfg(record, format));
  return { cfg, dat: encodeDat(record, format) };
}

/** Writes a record as one `.cff` file; throws as {@linkcode encodePair}. */
export function encodeCff(record: ComtradeRecord, format: DataFormat): Uint8Array<ArrayBuffer> {
  const { cfg, dat } = encodePair(record, format);
  const size = format === "ASCII" ? "" : `: ${dat.length}`;
  const parts = [
    text("--- file type: CFG ---\r\n"),
    cfg,
    text("--- file type: INF ---\r\n\r\n--- file type: HDR ---\r\n\r\n"),
    text(`--- file type: DAT ${format}${size} ---\r\n`),
    dat,
  ];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Reads a record of two files, of 1999 or 2013. Throws a DecodeError for what it does not understand. */
export function decodePair(cfg: Uint8Array, dat: Uint8Array): ComtradeRecord {
  return join(decodeCfg(cfg), dat);
}

/** Reads a record of one `.cff` file. Throws a DecodeError for what it does not understand. */
export function decodeCff(bytes: Uint8Array): ComtradeRecord {
  let cfg: Uint8Array | undefined;
  let section = sectionAt(bytes, 0);
  if (!section) throw badCff("a line --- file type: CFG ---", "another first line");
  for (;;) {
    if (section.type === "DAT") {
      const end = section.size === undefined ? bytes.length : section.from + section.size;
      if (!cfg) throw badCff("a configuration before the data", "none");
      if (end > bytes.length) {
        throw badCff(`${section.size} bytes of data`, `${bytes.length - section.from}`);
      }
      const decoded = decodeCfg(cfg);
      if (section.format !== undefined && section.format !== decoded.format) {
        throw badCff(`data as ${decoded.format}`, section.format);
      }
      return join(decoded, bytes.subarray(section.from, end));
    }
    const next = nextSection(bytes, section.from);
    if (!next) throw badCff("a section of data", "the end of the file");
    if (section.type === "CFG") cfg = bytes.subarray(section.from, next.start);
    section = next;
  }
}

function join({ record, format, stampNanos }: Cfg, bytes: Uint8Array): ComtradeRecord {
  const { analog, digital, stamps } = decodeDat({ record, format, stampNanos }, bytes);
  return {
    ...record,
    analog: record.analog.map((channel, i) => ({ ...channel, values: analog[i]! })),
    digital: record.digital.map((channel, i) => ({ ...channel, values: digital[i]! })),
    stamps,
  };
}

/** A section of a file: where its head begins and where its content. */
interface Section {
  readonly start: number;
  readonly from: number;
  readonly type: string;
  readonly format: string | undefined;
  readonly size: number | undefined;
}

const HEAD =
  /^--- *file type: *(CFG|INF|HDR|DAT)(?: +(ASCII|BINARY|BINARY32|FLOAT32))?(?: *: *(\d{1,12}))? *---\s*$/i;
/** Longest line that may be the head of a section. */
const MAX_HEAD = 100;
const LINE_FEED = 10;

/** The first section whose head begins at a line after `from`. */
function nextSection(bytes: Uint8Array, from: number): Section | undefined {
  for (let at = from; at < bytes.length;) {
    const section = sectionAt(bytes, at);
    if (section) return section;
    const end = bytes.indexOf(LINE_FEED, at);
    if (end < 0) return undefined;
    at = end + 1;
  }
  return undefined;
}

function sectionAt(bytes: Uint8Array, at: number): Section | undefined {
  const bom = at === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  const start = at + bom;
  if (bytes[start] !== 0x2d) return undefined; // "-"
  const end = bytes.subarray(start, start + MAX_HEAD).indexOf(LINE_FEED);
  if (end < 0) return undefined;
  const match = HEAD.exec(new TextDecoder().decode(bytes.subarray(start, start + end)));
  if (!match) return undefined;
  return {
    start,
    from: start + end + 1,
    type: match[1]!.toUpperCase(),
    format: match[2]?.toUpperCase(),
    size: match[3] === undefined ? undefined : Number(match[3]),
  };
}

function badCff(expected: string, found: string): DecodeError {
  return new DecodeError("cff", `Cannot read a .cff file: expected ${expected}, found ${found}`);
}

function text(value: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(value);
}
