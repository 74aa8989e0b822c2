/**
 * Time constraints of temporal subscriptions: absolute, or relative to now (specs/sttp.md 5.7).
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";

const RELATIVE = /^\*\s*(?:([+-])\s*(\d{1,9})\s*([smhd]))?$/i;
const DATE = String.raw`(?:(\d{4})[-/](\d{1,2})[-/](\d{1,2})|(\d{1,2})[-/](\d{1,2})[-/](\d{4}))`;
const ABSOLUTE = new RegExp(
  String.raw`^${DATE}[T ]\s*(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?\s*(Z|[+-]\d{2}:?\d{2})?$`,
  "i",
);
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400 };

/**
 * The moment that a time constraint names, in microseconds since 1970; `nowMicros` is `*`.
 *
 * Throws {@linkcode DecodeError} for any other text and for dates that do not exist.
 */
export function parseTimeConstraint(text: string, nowMicros: number): number {
  const trimmed = text.trim();
  const relative = RELATIVE.exec(trimmed);
  if (relative) {
    const [, sign, amount, unit] = relative;
    if (!sign || !amount || !unit) return nowMicros;
    const micros = Number(amount) * UNIT_SECONDS[unit.toLowerCase()]! * 1e6;
    return sign === "-" ? nowMicros - micros : nowMicros + micros;
  }
  const absolute = ABSOLUTE.exec(trimmed);
  const micros = absolute ? absoluteMicros(absolute) : NaN;
  if (Number.isNaN(micros)) {
    throw new DecodeError(
      "timeConstraint",
      `Cannot read a time constraint: expected "yyyy-MM-dd HH:mm:ss" or "*-20s", found "${
        trimmed.slice(0, 64)
      }"`,
      { field: "time constraint", value: trimmed.slice(0, 64) },
    );
  }
  return micros;
}

/** NaN for dates that do not exist. */
function absoluteMicros(match: RegExpExecArray): number {
  const year = Number(match[1] ?? match[6]);
  const month = Number(match[2] ?? match[4]);
  const day = Number(match[3] ?? match[5]);
  const hour = Number(match[7]), minute = Number(match[8]), second = Number(match[9]);
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) return NaN;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCDate() !== day || date.getUTCMonth() !== month - 1) return NaN;
  const fraction = Number((match[10] ?? "").padEnd(9, "0").slice(0, 6));
  const zone = match[11] ?? "Z";
  let zoneMinutes = 0;
  if (zone.toUpperCase() !== "Z") {
    const digits = zone.replace(":", "");
    zoneMinutes = (Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5))) *
      (digits[0] === "-" ? -1 : 1);
  }
  const seconds = date.getTime() / 1000 + hour * 3600 + (minute - zoneMinutes) * 60 + second;
  return seconds * 1e6 + fraction;
}
