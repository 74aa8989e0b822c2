/**
 * Event records in the forms that others read.
 *
 * @module
 */
import { type ComtradeRecord, type DataFormat, encodeCff, encodePair } from "../comtrade/mod.ts";
import {
  comtradeOf,
  csvLines,
  decodeRecord,
  frameComtradeOf,
  frameCsvLines,
  frameParts,
  isFrameRecord,
  type RecordContent,
  recordedWaveforms,
} from "../event/mod.ts";

/** Forms of a record. */
export const EXPORT_FORMATS = ["cbor", "cff", "cfg", "dat", "csv", "json"] as const;
/** A form of a record. */
export type ExportFormat = typeof EXPORT_FORMATS[number];

/** What is exported. */
export interface ExportOptions {
  /** The form. */
  readonly format: ExportFormat;
  /** How COMTRADE writes samples; if undefined so that all are exact: BINARY32, or FLOAT32 for synchrophasors. */
  readonly data: DataFormat | undefined;
  /** CSV of samples in units in place of raw values. */
  readonly isScaled: boolean;
  /** Number of the waveform, or of the run of frames, where a step of the clock has made several of one record. */
  readonly part: number;
}

/** A record in another form. */
export interface Exported {
  /** The bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Media type. */
  readonly type: string;
  /** End of a file name. */
  readonly extension: string;
  /** Waveforms, or runs of frames, of the record; more than one after a step of the clock. */
  readonly parts: number;
}

/**
 * A record in another form.
 *
 * Throws DecodeError for a record that cannot be read, and RangeError for a part that it does not have
 * and for samples that the format of COMTRADE does not hold.
 */
export function exportRecord(bytes: Uint8Array<ArrayBuffer>, options: ExportOptions): Exported {
  const { format } = options;
  if (format === "cbor") {
    return { bytes, type: "application/cbor", extension: "cbor", parts: 1 };
  }
  const content = decodeRecord(bytes);
  if (format === "json") {
    return { bytes: jsonOf(content), type: "application/json", extension: "json", parts: 1 };
  }
  const forms = formsOf(content);
  const form = forms[options.part];
  if (!form) {
    throw new RangeError(
      `Cannot export: expected a part from 0 to ${forms.length - 1}, found ${options.part}`,
    );
  }
  const parts = forms.length;
  if (format === "csv") {
    const csv = csvOf(form.csv(options.isScaled));
    return { bytes: csv, type: "text/csv; charset=utf-8", extension: "csv", parts };
  }
  const data = options.data ?? (isFrameRecord(content) ? "FLOAT32" : "BINARY32");
  const record = form.comtrade(data);
  if (format === "cff") {
    const cff = encodeCff(record, data);
    return { bytes: owned(cff), type: "application/octet-stream", extension: "cff", parts };
  }
  const { cfg, dat } = encodePair(record, data);
  return format === "cfg"
    ? { bytes: owned(cfg), type: "text/plain; charset=utf-8", extension: "cfg", parts }
    : { bytes: owned(dat), type: "application/octet-stream", extension: "dat", parts };
}

/** A part of a record, as others read it. */
interface Form {
  readonly csv: (isScaled: boolean) => Iterable<string>;
  readonly comtrade: (data: DataFormat) => ComtradeRecord;
}

function formsOf(content: RecordContent): Form[] {
  if (isFrameRecord(content)) {
    return frameParts(content).map((part) => ({
      csv: () => frameCsvLines(content, part),
      comtrade: (data) => frameComtradeOf(content, part, data),
    }));
  }
  return recordedWaveforms(content).map((waveform) => ({
    csv: (isScaled) => csvLines(content, waveform, isScaled),
    comtrade: () => comtradeOf(content, waveform),
  }));
}

/** All that a record says but for its samples. */
function jsonOf(content: RecordContent): Uint8Array<ArrayBuffer> {
  const told = {
    ...content,
    continues: content.continues ?? null,
    ...(isFrameRecord(content) ? { frames: { count: content.frames.count } } : {
      pieces: content.pieces.map(({ first, count, message }) => ({
        first,
        count,
        bytes: message.length,
      })),
    }),
  };
  return new TextEncoder().encode(`${JSON.stringify(told, null, 2)}\n`); // NaN becomes null
}

function csvOf(csv: Iterable<string>): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const chunks: Uint8Array[] = [];
  let lines: string[] = [], size = 0;
  const flush = () => {
    const chunk = encoder.encode(lines.map((line) => `${line}\r\n`).join(""));
    chunks.push(chunk);
    size += chunk.length;
    lines = [];
  };
  for (const line of csv) {
    lines.push(line);
    if (lines.length === 4096) flush();
  }
  flush();
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Bytes over a buffer of their own, so that they can be handed to another thread. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  // A view of the whole of an ArrayBuffer can be handed over as it is.
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength
    ? new Uint8Array(buffer)
    : new Uint8Array(bytes);
}
