/**
 * From text to tokens: the longest match at each place (section 2).
 *
 * @module
 */
import { FilterError, quoted } from "./filter_error.ts";
import type { FilterLimits } from "./limits.ts";

/** Kind of a token. */
export type TokenKind =
  | "keyword"
  | "identifier"
  | "integer"
  | "numeric"
  | "guid"
  | "key"
  | "tag"
  | "string"
  | "dateTime"
  | "operator"
  | "end";

/** A piece of the text. */
export interface Token {
  /** What it is. */
  readonly kind: TokenKind;
  /** Keyword in upper case, operator, name or text without marks, GUID in canonical form, digits. */
  readonly text: string;
  /** Offset of its first character. */
  readonly start: number;
  /** Offset behind its last character. */
  readonly end: number;
}

/** Names of all functions. */
export const FUNCTION_NAMES = [
  ..."ABS CEILING COALESCE CONTAINS CONVERT DATEADD DATEDIFF DATEPART ENDSWITH FLOOR IIF".split(
    " ",
  ),
  ..."INDEXOF ISDATE ISGUID ISINTEGER ISNULL ISNUMERIC LASTINDEXOF LEN LOWER MAXOF MINOF".split(
    " ",
  ),
  ..."NOW NTHINDEXOF POWER REGEXMATCH REGEXVAL REPLACE REVERSE ROUND SPLIT SQRT".split(" "),
  ..."STARTSWITH STRCMP STRCOUNT SUBSTR TRIM TRIMLEFT TRIMRIGHT UPPER UTCNOW".split(" "),
] as const;

const FUNCTIONS = new Set<string>(FUNCTION_NAMES);
const KEYWORDS = new Set<string>([
  ...FUNCTION_NAMES,
  ..."AND ASC BINARY BY DESC FALSE FILTER IN IS LIKE NOT NULL OR ORDER TOP TRUE WHERE XOR".split(
    " ",
  ),
]);

/** True if `keyword` (upper case) names a function. */
export function isFunctionName(keyword: string): boolean {
  return FUNCTIONS.has(keyword);
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/y;
const HEX = /0[xX][0-9A-Fa-f]+/y;
const GUID = /[0-9A-Fa-f]{8}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{12}/y;
const KEY_RUN = /[A-Za-z0-9\-!_.@#$]+/y;
const KEY_TAIL = /:[0-9]+/y;
const BARE_TAG = /[A-Za-z0-9\-!_.@#$:+]+/y;
const LINE = /[^\r\n]*/y;
const BLANK = /[ \t\r\n\v]+/y;
const DECIMAL_DIGITS = /^[0-9]+$/;

const OPERATORS: readonly ReadonlySet<string>[] = [
  new Set(["===", "!=="]),
  new Set(["<=", ">=", "==", "!=", "<>", "<<", ">>", "&&", "||"]),
  new Set("<>=!+-*/%&|^~(),;"),
];

/** Splits a text into tokens, one at a time, so that no list of them grows with the text. */
export class Lexer {
  readonly #text: string;
  readonly #limits: FilterLimits;
  #at = 0;
  #keyRunEnd = 0;
  #keyEnd = -1;

  /** Begins at the start of `text`. */
  constructor(text: string, limits: FilterLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  /** Goes back to where a token started. */
  rewind(offset: number): void {
    this.#at = offset;
    this.#keyRunEnd = 0;
  }

  /** Text from `start` that is a point tag without its quotes, if it stands alone up to `;` or the end. */
  bareTag(start: number): Token | undefined {
    const end = this.#match(BARE_TAG, start);
    if (end === start) return undefined;
    const text = this.#text.slice(start, end);
    if (!/[^A-Za-z0-9_]/.test(text) || !/[A-Za-z]/.test(text)) return undefined;
    this.rewind(end);
    const next = this.next();
    if (next.kind !== "end" && !(next.kind === "operator" && next.text === ";")) return undefined;
    return { kind: "tag", text, start, end };
  }

  /** The next token; `end` from the end of the text on. */
  next(): Token {
    this.#skip();
    const start = this.#at;
    if (start >= this.#text.length) return { kind: "end", text: "", start, end: start };
    const token = this.#longest(start);
    this.#at = token.end;
    return token;
  }

  #longest(start: number): Token {
    const c = this.#text[start]!;
    switch (c) {
      case "'":
        return this.#string(start);
      case '"':
        return this.#tag(start);
      case "{":
        return this.#braced(start);
      case "[":
        return this.#quotedName(start, "]");
      case "`":
        return this.#quotedName(start, "`");
      case ";":
      case ",":
      case "(":
      case ")":
        return { kind: "operator", text: c, start, end: start + 1 };
    }
    // Earlier candidates win where lengths are equal.
    let best = this.#word(start) ?? this.#number(start);
    const guidEnd = this.#match(GUID, start);
    // 32 hex digits that begin with a letter would be a name, too; the specification calls them a GUID.
    const hex32 = guidEnd === start + 32 && best?.kind === "identifier" && best.end === guidEnd &&
      !DECIMAL_DIGITS.test(best.text);
    if (guidEnd > start && (hex32 || guidEnd > (best?.end ?? start))) {
      best = this.#guid(this.#text.slice(start, guidEnd), start, guidEnd);
    }
    const keyEnd = this.#key(start);
    if (keyEnd > (best?.end ?? start)) {
      best = { kind: "key", text: this.#text.slice(start, keyEnd), start, end: keyEnd };
    }
    if (c === "#") {
      const close = this.#text.indexOf("#", start + 1);
      if (close > start + 1 && close + 1 > (best?.end ?? start)) {
        return {
          kind: "dateTime",
          text: this.#text.slice(start + 1, close),
          start,
          end: close + 1,
        };
      }
      if (best === undefined) throw syntax(start, 'expected "#" behind a date', this.#near(start));
    }
    if (best !== undefined) return best;
    for (const [i, operators] of OPERATORS.entries()) {
      const text = this.#text.slice(start, start + OPERATORS.length - i);
      if (operators.has(text)) {
        return { kind: "operator", text, start, end: start + text.length };
      }
    }
    throw syntax(start, "expected a token", this.#near(start));
  }

  #word(start: number): Token | undefined {
    const end = this.#match(NAME, start);
    if (end === start) return undefined;
    const text = this.#text.slice(start, end);
    const upper = text.length <= 12 ? text.toUpperCase() : text;
    return KEYWORDS.has(upper)
      ? { kind: "keyword", text: upper, start, end }
      : { kind: "identifier", text, start, end };
  }

  #number(start: number): Token | undefined {
    const hexEnd = this.#match(HEX, start);
    const end = Math.max(hexEnd, this.#match(NUMBER, start));
    if (end === start) return undefined;
    const text = this.#text.slice(start, end);
    if (text.length > this.#limits.digits) {
      throw new FilterError(
        "limit",
        `expected a number of at most ${this.#limits.digits} digits, found ${text.length}`,
        start,
      );
    }
    const whole = end === hexEnd || DECIMAL_DIGITS.test(text);
    return { kind: whole ? "integer" : "numeric", text, start, end };
  }

  #string(start: number): Token {
    let end = start;
    do {
      end = this.#text.indexOf("'", end + 1);
      if (end < 0) throw syntax(start, 'expected "\'" at the end of a String', this.#near(start));
      if (this.#text[end + 1] !== "'") break;
      end++;
    } while (true);
    const inner = this.#text.slice(start + 1, end);
    if (inner.length >= 32 && inner.length <= 36 && this.#match(GUID, start + 1) === end) {
      return this.#guid(inner, start, end + 1);
    }
    return { kind: "string", text: inner.replaceAll("''", "'"), start, end: end + 1 };
  }

  #tag(start: number): Token {
    const end = this.#text.indexOf('"', start + 1);
    const inner = end < 0 ? "" : this.#text.slice(start + 1, end);
    if (inner === "" || /[\r\n]/.test(inner)) {
      throw syntax(start, "expected a point tag in double quotes on one line", this.#near(start));
    }
    return { kind: "tag", text: inner, start, end: end + 1 };
  }

  #braced(start: number): Token {
    const end = this.#match(GUID, start + 1);
    if (end === start + 1 || this.#text[end] !== "}") {
      throw syntax(start, "expected a Guid in braces", this.#near(start));
    }
    return this.#guid(this.#text.slice(start + 1, end), start, end + 1);
  }

  #quotedName(start: number, mark: string): Token {
    const end = this.#text.indexOf(mark, start + 1);
    if (end <= start + 1) {
      throw syntax(start, `expected a name and "${mark}"`, this.#near(start));
    }
    return { kind: "identifier", text: this.#text.slice(start + 1, end), start, end: end + 1 };
  }

  #guid(text: string, start: number, end: number): Token {
    return { kind: "guid", text: canonicalGuid(text), start, end };
  }

  /** End of a measurement key at `start`, or `start`. */
  #key(start: number): number {
    // All places in one run of characters share its end; looking for it anew from each would be quadratic.
    if (start >= this.#keyRunEnd) {
      this.#keyRunEnd = this.#match(KEY_RUN, start);
      const tail = this.#match(KEY_TAIL, this.#keyRunEnd);
      this.#keyEnd = tail > this.#keyRunEnd ? tail : -1;
      if (this.#keyRunEnd === start) return start;
    }
    return this.#keyEnd < 0 ? start : this.#keyEnd;
  }

  #skip(): void {
    const text = this.#text;
    for (;;) {
      const at = this.#at;
      this.#at = this.#match(BLANK, at);
      if (text.startsWith("--", this.#at)) {
        const lineEnd = this.#match(LINE, this.#at);
        // Only a measurement key that fills the line is as long as the comment, and its rule is earlier.
        if (this.#key(this.#at) === lineEnd) return;
        this.#at = lineEnd;
      } else if (text.startsWith("/*", this.#at)) {
        const close = text.indexOf("*/", this.#at + 2);
        this.#at = close < 0 ? text.length : close + 2;
      }
      if (this.#at === at) return;
    }
  }

  #match(pattern: RegExp, start: number): number {
    return matchAt(pattern, this.#text, start);
  }

  #near(start: number): string {
    const code = this.#text.codePointAt(start)!;
    return this.#text.length - start > 1 && code > 32
      ? quoted(this.#text.slice(start, start + 20))
      : `character U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  }
}

/** 32 hex digits with or without hyphens and braces, as lower-case text with hyphens. */
export function canonicalGuid(text: string): string {
  const hex = text.replace(/[{}-]/g, "").toLowerCase();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${
    hex.slice(20)
  }`;
}

/** An error of syntax: what was expected and what was found. */
export function syntax(offset: number, expected: string, found: string): FilterError {
  return new FilterError("syntax", `${expected}, found ${found}`, offset);
}

function matchAt(pattern: RegExp, text: string, start: number): number {
  pattern.lastIndex = start;
  return pattern.test(text) ? pattern.lastIndex : start;
}
