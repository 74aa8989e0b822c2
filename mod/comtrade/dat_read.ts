/**
 * Reads data files (IEEE C37.111-2013, 8).
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";
import type { Cfg } from "./cfg_read.ts";
import { sampleBytes } from "./dat_write.ts";
import { linesOf, numberOf, wholeOf } from "./fields.ts";
import { type AnalogChannel, type DataFormat, MISSING } from "./types.ts";

/** Samples of the channels of a data file. */
export interface Dat {
  /** Raw values of each analog channel. */
  readonly analog: readonly AnalogChannel["values"][];
  /** States of each status channel. */
  readonly digital: readonly Uint8Array[];
  /** Nanoseconds after the first sample; NaN where there is no stamp. */
  readonly stamps: Float64Array;
}

/** Most bytes of a data file. */
export const MAX_DAT_BYTES = 256 * 1024 * 1024;
/** Most values of all channels; states take sixteen to the word of the file. */
const MAX_VALUES = 2 ** 27;

/**
 * Reads a data file as its configuration says.
 *
 * Throws a DecodeError for a file that is too short or too long, and for samples that are not
 * numbered in order.
 */
export function decodeDat(cfg: Cfg, bytes: Uint8Array): Dat {
  if (bytes.length > MAX_DAT_BYTES) {
    throw wrongSize(`at most ${MAX_DAT_BYTES} bytes`, `${bytes.length}`);
  }
  const { analog, digital, samples } = cfg.record;
  const values = (analog.length + digital.length) * samples;
  if (values > MAX_VALUES) throw wrongSize(`at most ${MAX_VALUES} values`, `${values}`);
  return cfg.format === "ASCII" ? decodeText(cfg, bytes) : decodeBinary(cfg, cfg.format, bytes);
}

function decodeBinary(
  { record, stampNanos }: Cfg,
  format: Exclude<DataFormat, "ASCII">,
  bytes: Uint8Array,
): Dat {
  const { analog, digital, samples } = record;
  const size = sampleBytes(analog.length, digital.length, format);
  if (Math.floor(bytes.length / size) !== samples) {
    throw wrongSize(`${samples} samples of ${size} bytes`, `${bytes.length} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stamps = new Float64Array(samples);
  const firstNumber = samples > 0 ? view.getUint32(0, true) : 0;
  for (let k = 0; k < samples; k++) {
    const number = view.getUint32(k * size, true);
    if (number !== firstNumber + k) throw outOfOrder(k, firstNumber + k, number);
    const stamp = view.getUint32(k * size + 4, true);
    stamps[k] = stamp === 0xffffffff ? NaN : stamp * stampNanos;
  }
  const width = format === "BINARY" ? 2 : 4;
  return {
    analog: analog.map((_, i) => readColumn(view, 8 + i * width, size, samples, format)),
    digital: digital.map((_, i) => {
      const at = 8 + analog.length * width + 2 * (i >> 4);
      const values = new Uint8Array(samples);
      for (let k = 0; k < samples; k++) {
        values[k] = view.getUint16(k * size + at, true) >> (i & 15) & 1;
      }
      return values;
    }),
    stamps,
  };
}

function readColumn(
  view: DataView,
  at: number,
  size: number,
  samples: number,
  format: Exclude<DataFormat, "ASCII">,
): Int32Array | Float32Array {
  if (format === "FLOAT32") {
    const values = new Float32Array(samples);
    for (let k = 0; k < samples; k++) {
      const value = view.getFloat32(k * size + at, true);
      values[k] = value === MISSING_FLOAT ? NaN : value;
    }
    return values;
  }
  const values = new Int32Array(samples);
  for (let k = 0; k < samples; k++) {
    if (format === "BINARY32") values[k] = view.getInt32(k * size + at, true);
    else {
      const value = view.getInt16(k * size + at, true);
      values[k] = value === -0x8000 ? MISSING : value;
    }
  }
  return values;
}

function decodeText({ record, stampNanos }: Cfg, bytes: Uint8Array): Dat {
  const { analog, digital, samples } = record;
  const lines = linesOf(bytes).filter((line) => line.trim() !== "");
  if (lines.length !== samples) throw wrongSize(`${samples} lines`, `${lines.length}`);
  const columns = analog.map(() => new Float64Array(samples));
  const states = digital.map(() => new Uint8Array(samples));
  const stamps = new Float64Array(samples);
  const width = 2 + analog.length + digital.length;
  let firstNumber = 0;
  lines.forEach((line, k) => {
    const fields = line.split(",");
    if (fields.length !== width) {
      throw wrongSize(`${width} fields in line ${k + 1}`, `${fields.length}`);
    }
    const number = wholeOf(fields[0]!.trim(), 0, 9_999_999_999, "n");
    if (k === 0) firstNumber = number;
    if (number !== firstNumber + k) throw outOfOrder(k, firstNumber + k, number);
    const stamp = fields[1]!.trim();
    stamps[k] = stamp === "" ? NaN : numberOf(stamp, "timestamp") * stampNanos;
    columns.forEach((column, i) => column[k] = rawOf(fields[2 + i]!.trim()));
    states.forEach((column, i) => {
      column[k] = wholeOf(fields[2 + analog.length + i]!.trim(), 0, 1, "a state");
    });
  });
  return { analog: columns.map(narrow), digital: states, stamps };
}

/** NaN for a sample that is missing. */
function rawOf(text: string): number {
  return text === "" || text === "99999" ? NaN : numberOf(text, "a value");
}

/** As 32-bit integers, if all values are. */
function narrow(column: Float64Array): Int32Array | Float64Array {
  if (!column.every((value) => Number.isNaN(value) || value === (value | 0))) return column;
  return Int32Array.from(column, (value) => Number.isNaN(value) ? MISSING : value);
}

const MISSING_FLOAT = -3.4028234663852886e38;

function wrongSize(expected: string, found: string): DecodeError {
  return new DecodeError(
    "size",
    `Cannot read the data file: expected ${expected}, found ${found}`,
    { field: "dat" },
  );
}

function outOfOrder(k: number, expected: number, found: number): DecodeError {
  return new DecodeError(
    "order",
    `Cannot read the data file: expected sample number ${expected} in place ${
      k + 1
    }, found ${found}`,
    { field: "n", value: found },
  );
}
