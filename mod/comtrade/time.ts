/**
 * Dates, times and offsets of the configuration file (IEEE C37.111-2013, 7.4.8 and 7.4.11).
 *
 * @module
 */
import { type Instant, instant } from "../core/mod.ts";
import { badField } from "./fields.ts";

/** A time as `dd/mm/yyyy,hh:mm:ss.ssssss`, with nine decimals if `hasNanos`; shifted by an offset to UTC. */
export function formatTime(at: Instant, offsetMinutes: number, hasNanos: boolean): string {
  const date = new Date((at.seconds + offsetMinutes * 60) * 1000);
  const [year, month, day] = date.toISOString().slice(0, 10).split("-");
  const decimals = String(at.nanos).padStart(9, "0").slice(0, hasNanos ? 9 : 6);
  return `${day}/${month}/${year},${date.toISOString().slice(11, 19)}.${decimals}`;
}

/** A time and whether it is given to the nanosecond; undefined for an empty one. Throws a DecodeError for a wrong one. */
export function parseTime(
  line: string,
  field: string,
): { readonly at: Instant; readonly hasNanos: boolean } | undefined {
  if (/^[\s,]*$/.test(line)) return undefined;
  const match = TIME.exec(line);
  if (!match) throw badField(field, "dd/mm/yyyy,hh:mm:ss.ssssss", line);
  const [day, month, year, hour, minute, second] = match.slice(1, 7).map(Number);
  const decimals = match[7] ?? "";
  const millis = Date.UTC(year!, month! - 1, day!);
  const date = new Date(millis);
  const isReal = date.getUTCMonth() === month! - 1 && date.getUTCDate() === day! &&
    date.getUTCFullYear() === year! && hour! < 24 && minute! < 60 && second! <= 60;
  if (!isReal) throw badField(field, "a day of the calendar and a time of the day", line);
  const seconds = millis / 1000 + hour! * 3600 + minute! * 60 + second!;
  const nanos = Number(decimals.slice(0, 9).padEnd(9, "0"));
  return { at: instant(seconds, nanos), hasNanos: decimals.length > 6 };
}

/** An offset to UTC as `0`, `+2` or `-5h30`; `x` if it is unknown. */
export function formatOffset(minutes: number | undefined): string {
  if (minutes === undefined) return "x";
  if (minutes === 0) return "0";
  const size = Math.abs(minutes);
  const rest = size % 60;
  return `${minutes < 0 ? "-" : "+"}${Math.floor(size / 60)}${
    rest === 0 ? "" : `h${String(rest).padStart(2, "0")}`
  }`;
}

/** Minutes of an offset to UTC; undefined for `x` and nothing. Throws a DecodeError for what is none. */
export function parseOffset(text: string, field: string): number | undefined {
  if (text === "" || text.toLowerCase() === "x") return undefined;
  const match = OFFSET.exec(text);
  const minutes = match ? Number(match[2]) * 60 + Number(match[3] ?? 0) : NaN;
  if (!(minutes <= 24 * 60)) throw badField(field, "an offset like -5h30, or x", text);
  return match?.[1] === "-" ? -minutes : minutes;
}

const TIME =
  /^\s*(\d{1,2})\/(\d{1,2})\/(\d{4})\s*,\s*(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,12}))?\s*$/;
const OFFSET = /^([+-]?)(\d{1,2})(?:h(\d{1,2}))?$/i;
