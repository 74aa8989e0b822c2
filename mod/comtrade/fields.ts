/**
 * Fields of comma-separated lines, checked.
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";

/** The lines of a text file, up to the end mark (SUB) that some systems write. */
export function linesOf(bytes: Uint8Array): string[] {
  const text = new TextDecoder().decode(bytes);
  const end = text.indexOf(END_MARK);
  return (end < 0 ? text : text.slice(0, end)).split(/\r\n|\n|\r/);
}

const END_MARK = "\u001a";

/** The fields of a line, without the blanks around them. */
export function fieldsOf(line: string): string[] {
  return line.split(",").map((field) => field.trim());
}

/** A finite number. Throws a DecodeError for anything else. */
export function numberOf(text: string | undefined, field: string): number {
  const value = text !== undefined && NUMBER.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(value)) throw badField(field, "a number", text);
  return value;
}

/** A finite number, or `absent` for an empty field. Throws a DecodeError for anything else. */
export function numberOr(text: string | undefined, absent: number, field: string): number {
  return text === undefined || text === "" ? absent : numberOf(text, field);
}

/** A whole number from `least` to `most`. Throws a DecodeError for anything else. */
export function wholeOf(
  text: string | undefined,
  least: number,
  most: number,
  field: string,
): number {
  const value = text !== undefined && /^[+-]?\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (!(value >= least && value <= most)) {
    throw badField(field, `a whole number from ${least} to ${most}`, text);
  }
  return value;
}

/** The error for a field that is not what it should be. */
export function badField(field: string, expected: string, found: string | undefined): DecodeError {
  const shown = found === undefined ? "nothing" : `"${found.slice(0, 60)}"`;
  return new DecodeError(
    "comtrade",
    `Cannot read ${field}: expected ${expected}, found ${shown}`,
    { field, value: (found ?? "").slice(0, 60) },
  );
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
