/**
 * Reads configuration files of 1999 and 2013 (IEEE C37.111-2013, 7.4).
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";
import { badField, fieldsOf, linesOf, numberOf, numberOr, wholeOf } from "./fields.ts";
import { parseOffset, parseTime } from "./time.ts";
import type { AnalogChannel, ComtradeRecord, DataFormat, DigitalChannel } from "./types.ts";

/** Most bytes of a configuration file. */
export const MAX_CFG_BYTES = 16 * 1024 * 1024;
/** Most channels of a kind. */
export const MAX_CHANNELS = 65_536;
/** Most sampling rates. */
const MAX_RATES = 10_000;
/** Most samples; the data file bounds them further. */
const MAX_SAMPLES = 0xfffffffe;

/** What a configuration says: a record whose channels have no samples yet, and how these are written. */
export interface Cfg {
  /** Everything but samples. */
  readonly record: Omit<ComtradeRecord, "analog" | "digital" | "stamps"> & {
    readonly analog: readonly Omit<AnalogChannel, "values">[];
    readonly digital: readonly Omit<DigitalChannel, "values">[];
  };
  /** How the data file is written. */
  readonly format: DataFormat;
  /** Nanoseconds of one step of the stamps. */
  readonly stampNanos: number;
}

/** Reads a configuration file. Throws a DecodeError for what it does not understand. */
export function decodeCfg(bytes: Uint8Array): Cfg {
  if (bytes.length > MAX_CFG_BYTES) {
    throw new DecodeError(
      "comtrade",
      `Cannot read a configuration: expected at most ${MAX_CFG_BYTES} bytes, found ${bytes.length}`,
    );
  }
  const lines = new Lines(linesOf(bytes));
  const [station = "", device = "", year] = lines.fields("the station");
  // 2001 is IEC 60255-24 of 1999.
  if (year !== "1999" && year !== "2001" && year !== "2013") {
    throw badField("rev_year", "1999 or 2013", year);
  }
  const revision = year === "2013" ? 2013 : 1999;
  const [total, analogs, digitals] = lines.fields("the numbers of channels");
  const analogCount = channelCount(analogs, "A");
  const digitalCount = channelCount(digitals, "D");
  if (wholeOf(total, 0, 2 * MAX_CHANNELS, "TT") !== analogCount + digitalCount) {
    throw badField("TT", `${analogCount + digitalCount}`, total);
  }
  const analog: Omit<AnalogChannel, "values">[] = [];
  for (let i = 0; i < analogCount; i++) analog.push(analogChannel(lines));
  const digital: Omit<DigitalChannel, "values">[] = [];
  for (let i = 0; i < digitalCount; i++) digital.push(digitalChannel(lines));
  const frequency = numberOr(lines.fields("lf")[0], 0, "lf");
  const { rates, samples } = readRates(lines);
  const start = parseTime(
    lines.line("the time of the first sample"),
    "the time of the first sample",
  );
  const trigger = parseTime(lines.line("the time of the trigger"), "the time of the trigger");
  const format = formatOf(lines.fields("ft")[0]);
  const factor = numberOr(lines.rest()[0], 1, "timemult");
  const codes = revision === 2013 ? lines.rest() : [];
  const timeOffset = parseOffset(codes[0] ?? "", "time_code");
  const localOffset = parseOffset(codes[1] ?? "", "local_code");
  const quality = revision === 2013 ? lines.rest() : [];
  const timeQuality = quality[0] === undefined || quality[0] === ""
    ? 0
    : /^[0-9a-f]$/i.test(quality[0])
    ? parseInt(quality[0], 16)
    : NaN;
  if (Number.isNaN(timeQuality)) throw badField("tmq_code", "one hexadecimal digit", quality[0]);
  const hasNanos = start?.hasNanos === true || trigger?.hasNanos === true;
  const toUtc = (time: typeof start) =>
    time && { seconds: time.at.seconds - 60 * (timeOffset ?? 0), nanos: time.at.nanos };
  return {
    record: {
      station,
      device,
      revision,
      analog,
      digital,
      frequency,
      rates,
      samples,
      start: toUtc(start),
      trigger: toUtc(trigger),
      timeOffsetMinutes: timeOffset,
      localOffsetMinutes: localOffset,
      timeQuality,
      leapSecond: quality[1] === undefined || quality[1] === ""
        ? 0
        : wholeOf(quality[1], 0, 3, "leapsec"),
    },
    format,
    stampNanos: factor * (hasNanos ? 1 : 1000),
  };
}

function analogChannel(lines: Lines): Omit<AnalogChannel, "values"> {
  const fields = lines.fields("an analog channel");
  // Without the sides of the transformer, as some devices write it.
  if (fields.length < 10) throw badField("an analog channel", "13 fields", fields.join(","));
  const [number, name, phase, component, unit, a, b, skew, min, max, primary, secondary, side] =
    fields;
  wholeOf(number, 0, 999_999, "An");
  numberOr(min, 0, "min");
  numberOr(max, 0, "max");
  if (side !== undefined && !/^[ps]?$/i.test(side)) throw badField("PS", "P or S", side);
  return {
    name: name!,
    phase: phase!,
    component: component!,
    unit: unit!,
    a: numberOf(a, "a"),
    b: numberOr(b, 0, "b"),
    skew: numberOr(skew, 0, "skew"),
    primary: numberOr(primary, 1, "primary"),
    secondary: numberOr(secondary, 1, "secondary"),
    side: side?.toUpperCase() === "S" ? "S" : "P",
  };
}

function digitalChannel(lines: Lines): Omit<DigitalChannel, "values"> {
  const fields = lines.fields("a status channel");
  if (fields.length < 4) throw badField("a status channel", "5 fields", fields.join(","));
  const [number, name, phase, component, state] = fields;
  wholeOf(number, 0, 999_999, "Dn");
  const normalState = state === undefined || state === "" ? 0 : wholeOf(state, 0, 1, "y");
  return {
    name: name!,
    phase: phase!,
    component: component!,
    normalState: normalState === 1 ? 1 : 0,
  };
}

function readRates(lines: Lines): Pick<ComtradeRecord, "rates" | "samples"> {
  const count = wholeOf(lines.fields("nrates")[0], 0, MAX_RATES, "nrates");
  const rates: { hertz: number; lastSample: number }[] = [];
  let samples = 0;
  for (let i = 0; i < Math.max(1, count); i++) {
    const [rate, last] = lines.fields("a sampling rate");
    const hertz = numberOr(rate, 0, "samp");
    const lastSample = wholeOf(last, samples, MAX_SAMPLES, "endsamp");
    samples = lastSample;
    if (count === 0) break;
    if (!(hertz > 0)) throw badField("samp", "a rate above 0", rate);
    rates.push({ hertz, lastSample });
  }
  return { rates, samples };
}

function channelCount(text: string | undefined, letter: string): number {
  const match = /^(\d{1,6})([AD])$/i.exec(text ?? "");
  if (!match || match[2]!.toUpperCase() !== letter) {
    throw badField(`##${letter}`, `a number and ${letter}`, text);
  }
  return wholeOf(match[1], 0, MAX_CHANNELS, `##${letter}`);
}

function formatOf(text: string | undefined): DataFormat {
  const format = text?.toUpperCase();
  if (format === "ASCII" || format === "BINARY" || format === "BINARY32" || format === "FLOAT32") {
    return format;
  }
  throw badField("ft", "ASCII, BINARY, BINARY32 or FLOAT32", text);
}

/** The lines of a file, one after the other. */
class Lines {
  readonly #lines: readonly string[];
  #at = 0;

  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  /** The next line; throws a DecodeError when there is none. */
  line(what: string): string {
    const line = this.#lines[this.#at];
    if (line === undefined) {
      throw new DecodeError(
        "truncated",
        `Cannot read ${what}: expected a line ${this.#at + 1}, found the end of the configuration`,
        { field: what },
      );
    }
    this.#at++;
    return line;
  }

  /** Fields of the next line; throws a DecodeError when there is none. */
  fields(what: string): string[] {
    return fieldsOf(this.line(what));
  }

  /** Fields of the next line, none after the end: the last lines may be left out. */
  rest(): string[] {
    const line = this.#lines[this.#at++];
    return line === undefined ? [] : fieldsOf(line);
  }
}
