/**
 * Event records of synchrophasors as CSV (RFC 4180).
 *
 * @module
 */
import { formatInstant, SampleMarks, StateFlags } from "../core/mod.ts";
import type { FrameRecordContent } from "./frame_record.ts";

/**
 * The lines of the frames with these numbers without their ends: a head, then one line per frame.
 *
 * Columns are the time (ISO 8601, UTC, nine decimals), the values in their units (`NaN` is missing),
 * their state flags, the leap flags, and what these say of the clock as marks of a sample.
 */
export function* frameCsvLines(
  { stream, frames }: FrameRecordContent,
  part: readonly number[],
): Generator<string> {
  const { channels } = stream;
  yield [
    "time",
    ...channels.map(({ name, unit }) => quoted(unit === "" ? name : `${name} [${unit}]`)),
    ...channels.map(({ name }) => quoted(`${name} flags`)),
    "leap",
    "marks",
  ].join(",");
  const { seconds, nanos, values, flags, leap } = frames;
  for (const k of part) {
    let line = formatInstant({ seconds: seconds[k]!, nanos: nanos[k]! });
    for (const column of values) line += `,${shortest(column[k]!)}`;
    for (const column of flags) line += `,${column[k]!}`;
    const all = flags.reduce((words, column) => words | column[k]!, 0);
    yield `${line},${leap[k]!},${marksOf(all)}`;
  }
}

/** Marks that say of a sample what flags say of a value's time. */
function marksOf(flags: number): number {
  return ((flags & StateFlags.BadTime) !== 0 ? SampleMarks.NotSynchronised : 0) |
    ((flags & StateFlags.SuspectTime) !== 0 ? SampleMarks.TimeSuspect : 0);
}

/** The number with the fewest digits that is this float of 32 bits. */
export function shortest(float: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const number = Number(float.toPrecision(digits));
    if (Math.fround(number) === float) return number;
  }
  return Number(float.toPrecision(9));
}

/** A cell as CSV has it. */
export function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
