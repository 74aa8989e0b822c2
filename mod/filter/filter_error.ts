/**
 * What can be wrong with a filter text.
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";

/** What a {@linkcode FilterError} is about (section 13). */
export type FilterErrorCode =
  | "empty"
  | "syntax"
  | "unknownTable"
  | "unknownColumn"
  | "noTable"
  | "range"
  | "dateFormat"
  | "convert"
  | "type"
  | "arguments"
  | "nullArgument"
  | "interval"
  | "likePattern"
  | "regex"
  | "regexTooCostly"
  | "divideByZero"
  | "notBoolean"
  | "circular"
  | "clock"
  | "limit";

/**
 * Thrown for a filter text that cannot be read or evaluated.
 *
 * Its message is fit for the peer that sent the text: it holds no values of rows, at most 100
 * characters of the text and no control characters.
 */
export class FilterError extends DecodeError {
  /** The class, for logs and JSON. */
  override readonly name: string = "FilterError";
  /** What it is about. */
  readonly code: FilterErrorCode;
  /** What was expected and what was found, without the place. */
  readonly reason: string;
  /** Offset in the text in UTF-16 units from 0; -1 when it has no place. */
  readonly offset: number;
  /** Column in the text from 1; 0 when it has no place. */
  readonly column: number;

  /** Makes an error at `offset` of the text; `path` says in what it lies, from the outside. */
  constructor(code: FilterErrorCode, reason: string, offset = -1, path = "") {
    const where = offset >= 0 ? ` at column ${offset + 1}` : "";
    super(code, `Cannot use filter${where}: ${path}${reason}`, offset >= 0 ? { offset } : {});
    this.code = code;
    this.reason = reason;
    this.offset = offset;
    this.column = offset + 1;
  }
}

/** `text` in double quotes for a message: at most `limit` characters, control characters as blanks. */
export function quoted(text: string, limit = 60): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  // deno-lint-ignore no-control-regex -- control characters are what must go
  return `"${cut.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]/g, " ")}"`;
}
