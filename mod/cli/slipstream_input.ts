/**
 * Waveforms of CSV and COMTRADE files, as `tieline slipstream encode` takes them.
 *
 * @module
 */
import { type ComtradeRecord, MISSING } from "../comtrade/mod.ts";
import { DecodeError, type Instant, SampleMarks } from "../core/mod.ts";
import type { RecordedWaveform, WaveformChannel } from "../event/mod.ts";
import { sampleNumber } from "../event/mod.ts";
import { Quality } from "../sv/mod.ts";
import { csvRows } from "./csv.ts";

/** A waveform and what is known of it. */
export interface WaveformInput {
  /** Name of the station, or empty. */
  readonly station: string;
  /** Name of the stream. */
  readonly name: string;
  /** Samples per second. */
  readonly rate: number;
  /** Nominal frequency in Hz. */
  readonly nominalHz: number;
  /** Channels. */
  readonly channels: readonly WaveformChannel[];
  /** Samples. */
  readonly waveform: RecordedWaveform;
  /** Time of the trigger, if the file has one. */
  readonly trigger: Instant | undefined;
}

/** What a file does not say. */
export interface InputOptions {
  /** Samples per second; found from the times of the samples if absent. */
  readonly rate?: number;
  /** What a raw value is of its unit, for files in engineering units; found from their decimals if absent. */
  readonly scale?: number;
}

/**
 * The waveform of a COMTRADE record; status channels become channels of 0 and 1.
 *
 * Throws DecodeError for records with several rates, or one that is not whole, and as
 * {@linkcode rawOf} for reals.
 */
export function inputOfComtrade(record: ComtradeRecord, options: InputOptions): WaveformInput {
  const [first, ...others] = record.rates;
  const rate = options.rate ?? first?.hertz;
  if (rate === undefined || !Number.isInteger(rate) || others.length > 0) {
    throw unfit(
      "one sampling rate, of whole hertz",
      others.length > 0 ? `${others.length + 1} rates` : `${rate ?? "none"}`,
    );
  }
  const columns = record.analog.map(({ values, ...channel }) => {
    const isMissing = (x: number) => Number.isNaN(x) || x === MISSING;
    const quality = Uint32Array.from(values, (x) => isMissing(x) ? Quality.Invalid : Quality.Good);
    const present = values.map((x) => isMissing(x) ? 0 : x);
    const { name, phase, unit, a, b } = channel;
    if (present instanceof Int32Array) {
      return { channel: { name, phase, unit, scale: a, offset: b }, values: present, quality };
    }
    const { raw, scale } = rawOf(present, options.scale, name);
    return { channel: { name, phase, unit, scale: a * scale, offset: b }, values: raw, quality };
  });
  for (const { name, phase, values } of record.digital) {
    columns.push({
      channel: { name, phase, unit: "", scale: 1, offset: 0 },
      values: Int32Array.from(values),
      quality: new Uint32Array(values.length),
    });
  }
  return {
    station: record.station,
    name: record.device || record.station,
    rate,
    nominalHz: record.frequency > 0 ? record.frequency : DEFAULT_HERTZ,
    channels: columns.map(({ channel }) => channel),
    waveform: waveformOf(record.start ?? { seconds: 0, nanos: 0 }, rate, columns),
    trigger: record.trigger,
  };
}

/**
 * The waveform of a CSV file: a head, then a line per sample with its time first.
 *
 * Times are ISO 8601 or seconds. What `tieline slipstream decode` writes is understood as it was meant:
 * heads `NAME [0.001 UNIT]` of whole raw values, `NAME quality` and `marks`; other columns are in
 * engineering units. Throws DecodeError for what does not fit.
 */
export function inputOfCsv(text: string, name: string, options: InputOptions): WaveformInput {
  const [head, ...rows] = csvRows(text);
  if (!head || head.length < 2 || rows.length === 0) {
    throw unfit("a head with a column of times and at least one of values, and samples", "less");
  }
  rows.forEach((row, i) => {
    if (row.length !== head.length) {
      throw unfit(`${head.length} fields in line ${i + 2}`, `${row.length}`);
    }
  });
  const times = rows.map((row, i) => timeOf(row[0]!, i));
  const rate = options.rate ?? rateOf(times);
  checkTimes(times, rate);
  const columns = head.flatMap((title, c) => {
    if (c === 0 || title === MARKS || title.endsWith(QUALITY)) return [];
    const quality = wholeColumn(rows, head.indexOf(nameOf(title) + QUALITY), 0xffffffff);
    const values = Float64Array.from(rows, (row, i) => numberOf(row[c]!, i));
    return [{ ...scaledColumn(title, values, options.scale), quality: Uint32Array.from(quality) }];
  });
  const marks = Uint8Array.from(wholeColumn(rows, head.indexOf(MARKS), 0xff));
  return {
    station: "",
    name,
    rate,
    nominalHz: DEFAULT_HERTZ,
    channels: columns.map(({ channel }) => channel),
    waveform: { ...waveformOf(times[0]!, rate, columns), marks },
    trigger: undefined,
  };
}

const QUALITY = " quality";
const MARKS = "marks";
const DEFAULT_HERTZ = 50;
const HEAD = /^(.*?)\s*\[(?:([0-9.eE+-]+) )?(\S*)(?: ([+-][0-9.eE+-]+))?\]$/;

function nameOf(title: string): string {
  return HEAD.exec(title)?.[1] ?? title;
}

function scaledColumn(title: string, values: Float64Array, scale: number | undefined) {
  const [, name = title, factor, unit = "", offset] = HEAD.exec(title) ?? [];
  const channel = { name, phase: phaseOf(name), unit };
  if (factor === undefined) {
    const found = rawOf(values, scale, name);
    return { channel: { ...channel, scale: found.scale, offset: 0 }, values: found.raw };
  }
  const { raw } = rawOf(values, 1, name);
  return {
    channel: { ...channel, scale: Number(factor), offset: Number(offset ?? 0) },
    values: raw,
  };
}

/** The phase that the last letter of a short name tells. */
function phaseOf(name: string): string {
  return /^[A-Za-z]{1,2}([ABCNabcn])$/.exec(name)?.[1]?.toUpperCase() ?? "";
}

/**
 * Values as whole multiples of a scale; without one, of the largest power of ten down to 10^-9 that leaves
 * no rest. Throws DecodeError where there is none, or where 32 bits are not enough.
 */
export function rawOf(
  values: Float64Array | Float32Array,
  scale: number | undefined,
  name: string,
): { readonly raw: Int32Array; readonly scale: number } {
  const decimals = scale === undefined ? decimalsOf(values) : 0;
  if (decimals === undefined) {
    throw unfit(`values with at most 9 decimals in ${name}, or --scale`, "values with more");
  }
  const factor = scale === undefined ? 10 ** decimals : 1 / scale;
  const raw = Int32Array.from(values, (x) => {
    const rounded = Math.round(x * factor);
    if (Math.abs(rounded) > 0x7fffffff) {
      throw unfit(`values of ${name} within 32 bits of ${scale ?? 1 / factor}`, `${x}`);
    }
    return rounded;
  });
  return { raw, scale: scale ?? Number(`1e-${decimals}`) };
}

function decimalsOf(values: Float64Array | Float32Array): number | undefined {
  let decimals = 0;
  for (const value of values) {
    while (Math.round(value * 10 ** decimals) / 10 ** decimals !== value) {
      if (++decimals > 9) return undefined;
    }
  }
  return decimals;
}

function waveformOf(
  time: Instant,
  rate: number,
  columns: readonly { readonly values: Int32Array; readonly quality: Uint32Array }[],
): RecordedWaveform {
  const count = columns[0]?.values.length ?? 0;
  if (count === 0) throw unfit("samples", "none");
  return {
    time,
    first: sampleNumber(time.seconds, time.nanos, rate),
    count,
    values: columns.map(({ values }) => values),
    quality: columns.map(({ quality }) => quality),
    marks: new Uint8Array(count).fill(SampleMarks.None),
  };
}

function timeOf(text: string, row: number): Instant {
  const iso = /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z?$/.exec(text);
  if (iso) {
    const seconds = Date.parse(`${iso[1]!.replace(" ", "T")}Z`) / 1000;
    if (Number.isFinite(seconds)) {
      return { seconds, nanos: Number((iso[2] ?? "").padEnd(9, "0")) };
    }
  }
  const value = numberOf(text, row);
  const seconds = Math.floor(value);
  return { seconds, nanos: Math.min(999_999_999, Math.round((value - seconds) * 1e9)) };
}

/** Whole samples per second that the first and the last time tell. */
function rateOf(times: readonly Instant[]): number {
  const rate = Math.round((times.length - 1) / since(times[0]!, times.at(-1)!));
  if (!(rate >= 1 && rate <= 9_000_000)) {
    throw unfit("times that rise by one sample a line, or --rate", `${rate} samples/s`);
  }
  return rate;
}

function checkTimes(times: readonly Instant[], rate: number): void {
  times.forEach((time, k) => {
    const error = since(times[0]!, time) - k / rate;
    if (Math.abs(error) <= 0.5 / rate) return;
    throw unfit(
      `a sample every 1/${rate} s, or --rate`,
      `one that is ${error} s off in line ${k + 2}`,
    );
  });
}

function since(from: Instant, to: Instant): number {
  return to.seconds - from.seconds + (to.nanos - from.nanos) / 1e9;
}

/** A column of whole numbers; zeros if there is no such column. */
function wholeColumn(rows: readonly string[][], at: number, most: number): number[] {
  return rows.map((row, i) => {
    const value = at < 0 ? 0 : numberOf(row[at]!, i);
    if (Number.isInteger(value) && value >= 0 && value <= most) return value;
    throw unfit(`whole numbers up to ${most} in line ${i + 2}`, row[at]!);
  });
}

function numberOf(text: string, row: number): number {
  const value = /\d/.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(value)) throw unfit(`numbers in line ${row + 2}`, `"${text.slice(0, 40)}"`);
  return value;
}

function unfit(expected: string, found: string): DecodeError {
  return new DecodeError("waveform", `Cannot use the file: expected ${expected}, found ${found}`);
}
