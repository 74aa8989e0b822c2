/**
 * Dates and times as bigint ticks of 100 ns since 1970-01-01 UTC (section 11).
 *
 * @module
 */

/** Ticks per second. */
export const TICKS_PER_SECOND = 10_000_000n;
const TICKS_PER_MILLISECOND = 10_000n;
const TICKS_PER_DAY = 864_000_000_000n;
const MIN_TICKS = -719_162n * TICKS_PER_DAY;
const MAX_TICKS = 2_932_897n * TICKS_PER_DAY - 1n;

/** Names of intervals, as written in messages. */
export const INTERVALS = [
  "Year",
  "Month",
  "DayOfYear",
  "Day",
  "Week",
  "WeekDay",
  "Hour",
  "Minute",
  "Second",
  "Millisecond",
] as const;

/** An interval or part of a date. */
export type Interval = (typeof INTERVALS)[number];

const INTERVAL_BY_NAME = new Map<string, Interval>(INTERVALS.map((i) => [i.toUpperCase(), i]));

/** The interval called `name` in any case, white space around it ignored. */
export function parseInterval(name: string): Interval | undefined {
  return INTERVAL_BY_NAME.get(name.trim().toUpperCase());
}

const DATE =
  /^(?:(\d{4})-(\d{1,2})-(\d{1,2})|(\d{4})\/(\d{1,2})\/(\d{1,2})|(\d{1,2})\/(\d{1,2})\/(\d{4})|(\d{4})(\d{2})(\d{2}))(?:(?:T| +)(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?(?: *([AaPp][Mm]))?)?(?: *(?:([Zz])|([+-])(\d{2}):?(\d{2})))?$/;

/** Reads a date with an optional time and offset; null for anything else and for impossible dates. */
export function parseDateTime(text: string): bigint | null {
  if (text.length > 200) return null;
  const m = DATE.exec(text);
  if (!m) return null;
  const year = Number(m[1] ?? m[4] ?? m[9] ?? m[10]);
  const month = Number(m[2] ?? m[5] ?? m[7] ?? m[11]);
  const day = Number(m[3] ?? m[6] ?? m[8] ?? m[12]);
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null;
  let hour = Number(m[13] ?? 0);
  const minute = Number(m[14] ?? 0);
  const second = Number(m[15] ?? 0);
  const half = m[17]?.toUpperCase();
  if (half !== undefined) {
    if (hour < 1 || hour > 12) return null;
    hour = (hour % 12) + (half === "PM" ? 12 : 0);
  }
  if (hour > 23 || minute > 59 || second > 59) return null;
  const fraction = BigInt((m[16] ?? "").slice(0, 7).padEnd(7, "0"));
  let offset = 0;
  if (m[19] !== undefined) {
    const hours = Number(m[20]);
    const minutes = Number(m[21]);
    if (hours > 23 || minutes > 59) return null;
    offset = (hours * 60 + minutes) * (m[19] === "-" ? -1 : 1);
  }
  const seconds = hour * 3600 + minute * 60 + second - offset * 60;
  const ticks = BigInt(daysFromCivil(year, month, day)) * TICKS_PER_DAY +
    BigInt(seconds) * TICKS_PER_SECOND + fraction;
  return inRange(ticks) ? ticks : null;
}

/** `yyyy-MM-ddTHH:mm:ss`, up to seven fraction digits as needed, `Z`. */
export function dateTimeText(ticks: bigint): string {
  const days = floorDiv(ticks, TICKS_PER_DAY);
  const rest = ticks - days * TICKS_PER_DAY;
  const [year, month, day] = civilFromDays(Number(days));
  const seconds = Number(rest / TICKS_PER_SECOND);
  const fraction = rest % TICKS_PER_SECOND;
  const tail = fraction === 0n ? "" : `.${String(fraction).padStart(7, "0").replace(/0+$/, "")}`;
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}T${
    two(Math.floor(seconds / 3600))
  }:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}${tail}Z`;
}

/**
 * Ticks of a cell of core: microseconds since 1970 as a double.
 *
 * Beyond 2^53 a double no longer holds every microsecond, but still the nearest millisecond.
 */
export function ticksFromMicros(micros: number): bigint {
  if (Math.abs(micros) > Number.MAX_SAFE_INTEGER) {
    return BigInt(Math.round(micros / 1000)) * TICKS_PER_MILLISECOND;
  }
  const whole = Math.floor(micros);
  return BigInt(whole) * 10n + BigInt(Math.floor((micros - whole) * 10));
}

/** `amount` intervals later; null outside the years 1 to 9999. */
export function dateAdd(ticks: bigint, amount: bigint, interval: Interval): bigint | null {
  let result: bigint;
  if (interval === "Year" || interval === "Month") {
    const days = floorDiv(ticks, TICKS_PER_DAY);
    const [year, month, day] = civilFromDays(Number(days));
    const months = BigInt(year) * 12n + BigInt(month - 1) +
      (interval === "Year" ? amount * 12n : amount);
    if (months < 12n || months >= 120_000n) return null;
    const newYear = Math.floor(Number(months) / 12);
    const newMonth = Number(months) % 12 + 1;
    const newDay = Math.min(day, daysInMonth(newYear, newMonth));
    result = ticks + BigInt(daysFromCivil(newYear, newMonth, newDay) - Number(days)) *
        TICKS_PER_DAY;
  } else {
    result = ticks + amount * UNIT[interval];
  }
  return inRange(result) ? result : null;
}

/** `right` minus `left` in whole intervals, toward zero; years and months by the calendar. */
export function dateDiff(left: bigint, right: bigint, interval: Interval): bigint {
  if (interval === "Year" || interval === "Month") {
    const [y1, m1] = civilFromDays(Number(floorDiv(left, TICKS_PER_DAY)));
    const [y2, m2] = civilFromDays(Number(floorDiv(right, TICKS_PER_DAY)));
    return BigInt(interval === "Year" ? y2 - y1 : (y2 - y1) * 12 + m2 - m1);
  }
  return (right - left) / UNIT[interval];
}

/** One part of a date; weeks by ISO 8601, Sunday is week day 1. */
export function datePart(ticks: bigint, interval: Interval): number {
  const days = Number(floorDiv(ticks, TICKS_PER_DAY));
  const milliseconds = Number((ticks - BigInt(days) * TICKS_PER_DAY) / TICKS_PER_MILLISECOND);
  const [year, month, day] = civilFromDays(days);
  switch (interval) {
    case "Year":
      return year;
    case "Month":
      return month;
    case "Day":
      return day;
    case "DayOfYear":
      return days - daysFromCivil(year, 1, 1) + 1;
    case "Week":
      return isoWeek(days);
    case "WeekDay":
      return weekDay(days) + 1;
    case "Hour":
      return Math.floor(milliseconds / 3_600_000);
    case "Minute":
      return Math.floor(milliseconds / 60_000) % 60;
    case "Second":
      return Math.floor(milliseconds / 1000) % 60;
    case "Millisecond":
      return milliseconds % 1000;
  }
}

const UNIT: Readonly<Record<Exclude<Interval, "Year" | "Month">, bigint>> = {
  DayOfYear: TICKS_PER_DAY,
  Day: TICKS_PER_DAY,
  WeekDay: TICKS_PER_DAY,
  Week: 7n * TICKS_PER_DAY,
  Hour: 3600n * TICKS_PER_SECOND,
  Minute: 60n * TICKS_PER_SECOND,
  Second: TICKS_PER_SECOND,
  Millisecond: TICKS_PER_MILLISECOND,
};

function inRange(ticks: bigint): boolean {
  return ticks >= MIN_TICKS && ticks <= MAX_TICKS;
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}

function floorDiv(a: bigint, b: bigint): bigint {
  const q = a / b;
  return a % b < 0n ? q - 1n : q;
}

/** 0 = Sunday. */
function weekDay(days: number): number {
  return (((days + 4) % 7) + 7) % 7;
}

function isoWeek(days: number): number {
  // The week belongs to the year that its Thursday is in.
  const thursday = days - ((weekDay(days) + 6) % 7) + 3;
  const [year] = civilFromDays(thursday);
  return Math.floor((thursday - daysFromCivil(year, 1, 1)) / 7) + 1;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days since 1970-01-01 of a date in the proleptic Gregorian calendar. */
function daysFromCivil(year: number, month: number, day: number): number {
  // Years are counted from 1 March, so that the leap day is the last of its year.
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) +
    dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function civilFromDays(days: number): [year: number, month: number, day: number] {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra -
    (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const mp = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * mp + 2) / 5) + 1;
  const month = mp < 10 ? mp + 3 : mp - 9;
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day];
}
