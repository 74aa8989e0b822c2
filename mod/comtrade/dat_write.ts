/**
 * The data file (IEEE C37.111-2013, 8).
 *
 * @module
 */
import { type ComtradeRecord, type DataFormat, MISSING } from "./types.ts";

/** A stamp that is not there, in binary files. */
const NO_STAMP = 0xffffffff;
/** What stands for a missing sample in text. */
const MISSING_TEXT = "99999";
const MISSING_16 = -0x8000;
/** The standard's lowest float, for a missing sample. */
const MISSING_FLOAT = -3.4028234663852886e38;

/** Bytes of the data file. Throws a RangeError for values that the format cannot hold. */
export function encodeDat(record: ComtradeRecord, format: DataFormat): Uint8Array<ArrayBuffer> {
  return format === "ASCII" ? encodeText(record) : encodeBinary(record, format);
}

/** Bytes of a sample in a binary file. */
export function sampleBytes(analog: number, digital: number, format: DataFormat): number {
  return 8 + analog * (format === "BINARY" ? 2 : 4) + 2 * Math.ceil(digital / 16);
}

function encodeText({ analog, digital, samples, ...record }: ComtradeRecord) {
  const lines: string[] = [];
  const stampOf = stamps({ ...record, samples });
  for (let k = 0; k < samples; k++) {
    const stamp = stampOf(k);
    let line = `${k + 1},${stamp === NO_STAMP ? "" : stamp}`;
    for (const { values } of analog) line += `,${textOf(values[k]!, values)}`;
    for (const { values } of digital) line += `,${values[k] === 0 ? 0 : 1}`;
    lines.push(line);
  }
  return new TextEncoder().encode(lines.map((line) => `${line}\r\n`).join(""));
}

function textOf(value: number, values: ArrayLike<number>): string {
  if (Number.isNaN(value) || (value === MISSING && values instanceof Int32Array)) {
    return MISSING_TEXT;
  }
  const text = String(value);
  // Written as a real, so that it is not taken for a missing sample.
  return text === MISSING_TEXT ? `${text}.0` : text;
}

function encodeBinary(record: ComtradeRecord, format: Exclude<DataFormat, "ASCII">) {
  const { analog, digital, samples } = record;
  const size = sampleBytes(analog.length, digital.length, format);
  const bytes = new Uint8Array(size * samples);
  const view = new DataView(bytes.buffer);
  const stampOf = stamps(record);
  for (let k = 0; k < samples; k++) {
    view.setUint32(k * size, k + 1, true);
    view.setUint32(k * size + 4, stampOf(k), true);
  }
  let at = 8;
  for (const { name, values } of analog) {
    writeColumn(view, at, size, values, samples, format, name);
    at += format === "BINARY" ? 2 : 4;
  }
  digital.forEach(({ values }, i) => {
    const word = at + 2 * (i >> 4), bit = 1 << (i & 15);
    for (let k = 0; k < samples; k++) {
      const place = k * size + word;
      if (values[k] !== 0) view.setUint16(place, view.getUint16(place, true) | bit, true);
    }
  });
  return bytes;
}

function writeColumn(
  view: DataView,
  at: number,
  size: number,
  values: ArrayLike<number>,
  samples: number,
  format: Exclude<DataFormat, "ASCII">,
  name: string,
): void {
  const isInteger = values instanceof Int32Array;
  for (let k = 0; k < samples; k++) {
    const value = values[k]!;
    const isMissing = Number.isNaN(value) || (isInteger && value === MISSING);
    const place = at + k * size;
    if (format === "FLOAT32") {
      view.setFloat32(place, isMissing ? MISSING_FLOAT : value, true);
      continue;
    }
    const most = format === "BINARY" ? 0x7fff : 0x7fffffff;
    if (!isMissing && !(Number.isInteger(value) && Math.abs(value) <= most)) {
      throw new RangeError(
        `Cannot write channel ${name} as ${format}: expected whole numbers up to ${most}, ` +
          `found ${value} in sample ${k + 1}`,
      );
    }
    if (format === "BINARY") view.setInt16(place, isMissing ? MISSING_16 : value, true);
    else view.setInt32(place, isMissing ? MISSING : value, true);
  }
}

/** The stamp of a sample, in microseconds after the first; {@linkcode NO_STAMP} where 32 bits do not hold it. */
function stamps(
  { rates, stamps }: Pick<ComtradeRecord, "rates" | "stamps" | "samples">,
): (k: number) => number {
  const fits = (micros: number) => micros >= 0 && micros < NO_STAMP ? micros : NO_STAMP;
  if (stamps) return (k) => fits(Math.round(stamps[k]! / 1000));
  let index = 0, from = 0, fromMicros = 0;
  return (k) => {
    while (index < rates.length - 1 && k >= rates[index]!.lastSample) {
      const { hertz, lastSample } = rates[index]!;
      fromMicros += ((lastSample - from) * 1e6) / hertz;
      from = lastSample;
      index++;
    }
    const rate = rates[index];
    return rate ? fits(Math.round(fromMicros + ((k - from) * 1e6) / rate.hertz)) : NO_STAMP;
  };
}
