/**
 * Tokens one after the other, with one ahead.
 *
 * @module
 */
import { FilterError, quoted } from "./filter_error.ts";
import { Lexer, syntax, type Token } from "./lexer.ts";
import type { FilterLimits } from "./limits.ts";

/** Stands on one token of a text. */
export class TokenCursor {
  /** The token on which it stands. */
  token: Token;
  readonly #lexer: Lexer;
  readonly #limits: FilterLimits;
  #ahead: Token | undefined;
  #statementStart = 0;

  /** Stands on the first token of `text`; throws FilterError for one that is too long. */
  constructor(text: string, limits: FilterLimits) {
    checkLength(text, limits);
    this.#limits = limits;
    this.#lexer = new Lexer(text, limits);
    this.token = this.#lexer.next();
  }

  /** Begins a statement with this token: its length counts from here. */
  begin(): void {
    this.#statementStart = this.token.start;
  }

  /** The point tag without quotes that begins with this token, if one does. */
  bareTag(): Token | undefined {
    const { start } = this.token;
    const tag = this.#lexer.bareTag(start);
    this.rewind(start);
    return tag;
  }

  /** Goes to the token that begins at or behind `offset`. */
  rewind(offset: number): void {
    this.#lexer.rewind(offset);
    this.#ahead = undefined;
    this.token = this.#lexer.next();
  }

  /** True behind the last token. */
  atEnd(): boolean {
    return this.token.kind === "end";
  }

  /** True if the token is `operator`. */
  is(operator: string): boolean {
    return this.token.kind === "operator" && this.token.text === operator;
  }

  /** True if the token is `keyword`. */
  isKeyword(keyword: string): boolean {
    return this.token.kind === "keyword" && this.token.text === keyword;
  }

  /** The token behind this one. */
  peek(): Token {
    return this.#ahead ??= this.#lexer.next();
  }

  /** Goes to the next token; throws FilterError if the statement gets too long. */
  advance(): void {
    this.token = this.#ahead ?? this.#lexer.next();
    this.#ahead = undefined;
    if (this.token.end - this.#statementStart > this.#limits.statementLength) {
      if (this.is(";") || this.atEnd()) return;
      throw new FilterError(
        "limit",
        `expected a statement of at most ${this.#limits.statementLength} characters, found more`,
        this.token.start,
      );
    }
  }

  /** Steps over `operator`, or throws an error that expected `what`. */
  expect(operator: string, what: string): void {
    if (!this.is(operator)) throw this.unexpected(what);
    if (operator === ";") this.#statementStart = this.token.end;
    this.advance();
  }

  /** The error of this token where something else is expected. */
  unexpected(expected: string): FilterError {
    const { kind, text, start } = this.token;
    return syntax(start, `expected ${expected}`, kind === "end" ? "the end" : quoted(text));
  }

  /** The error of more than `limit` of `what`. */
  limit(what: string, limit: number): FilterError {
    return new FilterError(
      "limit",
      `expected at most ${limit} ${what}, found more`,
      this.token.start,
    );
  }
}

function checkLength(text: string, limits: FilterLimits): void {
  // A UTF-16 unit makes at most three bytes, so most texts need not be counted.
  let bytes = text.length;
  if (bytes <= limits.textBytes && bytes * 3 > limits.textBytes) {
    bytes = new TextEncoder().encode(text).length;
  }
  if (bytes > limits.textBytes) {
    throw new FilterError(
      "limit",
      `expected a text of at most ${limits.textBytes} bytes, found ${bytes}`,
    );
  }
}
