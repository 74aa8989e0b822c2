/**
 * Dates of metadata: the one form that all published clients read, and all forms that they write
 * (specs/sttp.md 12.2).
 *
 * @module
 */

const DATE_TIME =
  /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{0,9}))?(Z|[+-]\d{2}:?\d{2})?$/i;

/** `yyyy-MM-ddTHH:mm:ss.fff+00:00` of microseconds since 1970; empty beyond year 9999. */
export function formatDateTime(micros: number): string {
  const date = new Date(Math.floor(micros / 1000));
  const year = date.getUTCFullYear();
  return year >= 1 && year <= 9999 ? date.toISOString().replace("Z", "+00:00") : "";
}

/** Microseconds since 1970 of an XML dateTime, taken as UTC without zone; undefined for other text. */
export function parseDateTime(text: string): number | undefined {
  const match = DATE_TIME.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction = "", zone = "Z"] = match;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const valid = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day) &&
    Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60;
  if (!valid) return undefined;
  let zoneMinutes = 0;
  if (zone.toUpperCase() !== "Z") {
    const digits = zone.replace(":", "");
    const sign = digits[0] === "-" ? -1 : 1;
    zoneMinutes = sign * (Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5)));
  }
  const seconds = date.getTime() / 1000 + Number(hour) * 3600 +
    (Number(minute) - zoneMinutes) * 60 + Number(second);
  return seconds * 1e6 + Number(fraction.padEnd(9, "0").slice(0, 6));
}
