/**
 * From tokens to statements: the grammar of section 3, linear in the text.
 *
 * @module
 */
import { finishSteps, type Steps } from "../core/mod.ts";
import { ExpressionParser } from "./expression_parser.ts";
import { FilterError } from "./filter_error.ts";
import type { Token } from "./lexer.ts";
import type { FilterLimits } from "./limits.ts";
import { TokenCursor } from "./token_cursor.ts";
import type { FilterStatement, OrderTerm, Statement } from "./tree.ts";

/** How a text is read. */
export interface ParseOptions {
  /** All arithmetic operators at one level, and AND and OR at one level, as the references do. */
  readonly flatPrecedence: boolean;
  /** Also read point tags such as `GPA_SHELBY:FREQ` without quotes. */
  readonly bareTags: boolean;
  /** What the text may cost. */
  readonly limits: FilterLimits;
}

/** Reads a whole text; throws FilterError for any error in any statement. */
export function parseFilter(text: string, options: ParseOptions): Statement[] {
  return finishSteps(parseFilterSteps(text, options));
}

/** Does what {@linkcode parseFilter} does, in steps. */
export function parseFilterSteps(text: string, options: ParseOptions): Steps<Statement[]> {
  return new Parser(text, options).statements();
}

/** Reads a text that is one expression and nothing else. */
export function parseCondition(text: string, options: ParseOptions): FilterStatement {
  return new Parser(text, options).condition();
}

/** Reads a list of ORDER BY terms; an empty text is an empty list. */
export function parseSort(text: string, options: ParseOptions): OrderTerm[] {
  return new Parser(text, options).sort();
}

/** Characters of text between two pauses. */
const PAUSE_CHARACTERS = 8192;

class Parser {
  readonly #cursor: TokenCursor;
  readonly #expressions: ExpressionParser;
  readonly #options: ParseOptions;
  readonly #limits: FilterLimits;
  #filters = 0;
  #identifiers = 0;

  constructor(text: string, options: ParseOptions) {
    const { limits, flatPrecedence } = options;
    this.#options = options;
    this.#limits = limits;
    this.#cursor = new TokenCursor(text, limits);
    this.#expressions = new ExpressionParser(this.#cursor, limits, flatPrecedence);
  }

  *statements(): Steps<Statement[]> {
    const all: Statement[] = [];
    let pauseAt = PAUSE_CHARACTERS;
    for (;;) {
      while (this.#cursor.is(";")) this.#cursor.advance();
      if (this.#cursor.atEnd()) break;
      if (this.#cursor.token.start >= pauseAt) {
        pauseAt = this.#cursor.token.start + PAUSE_CHARACTERS;
        yield;
      }
      all.push(this.#statement());
      if (!this.#cursor.atEnd()) this.#cursor.expect(";", 'an operator, ";" or the end');
    }
    if (all.length === 0) {
      throw new FilterError("empty", "expected a statement, found an empty text", 0);
    }
    return all;
  }

  condition(): FilterStatement {
    const statement = this.#bareExpression();
    if (!this.#cursor.atEnd()) throw this.#cursor.unexpected("an operator or the end");
    return statement;
  }

  sort(): OrderTerm[] {
    if (this.#cursor.atEnd()) return [];
    const terms = this.#orderTerms();
    if (!this.#cursor.atEnd()) throw this.#cursor.unexpected('"," or the end');
    return terms;
  }

  #statement(): Statement {
    const first = this.#cursor.token;
    this.#cursor.begin();
    if (first.kind === "guid" || first.kind === "key" || first.kind === "tag") {
      const next = this.#cursor.peek();
      if (next.kind === "end" || (next.kind === "operator" && next.text === ";")) {
        this.#cursor.advance();
        return this.#identifier(first);
      }
    }
    this.#expressions.begin();
    const bare = this.#options.bareTags ? this.#cursor.bareTag() : undefined;
    // Outside of dates no expression holds a colon, so there is nothing else to try.
    if (bare && /^[^#]*:[^#]*$/.test(bare.text)) return this.#endAs(bare);
    let statement: FilterStatement;
    try {
      statement = first.kind === "keyword" && first.text === "FILTER"
        ? this.#filter()
        : this.#bareExpression();
      if (bare && this.#cursor.token.start < bare.end) throw this.#cursor.unexpected("an operator");
    } catch (error) {
      if (!bare || !(error instanceof FilterError)) throw error;
      return this.#endAs(bare);
    }
    if (++this.#filters > this.#limits.statements) {
      throw this.#cursor.limit("statements that are expressions", this.#limits.statements);
    }
    return bare ? { ...statement, bareTag: bare.text } : statement;
  }

  /** Reads the statement as the point tag `bare` and goes on behind it. */
  #endAs(bare: Token): Statement {
    this.#cursor.rewind(bare.end);
    return this.#identifier(bare);
  }

  #identifier(token: Token): Statement {
    if (++this.#identifiers > this.#limits.identifiers) {
      throw this.#cursor.limit("identifiers", this.#limits.identifiers);
    }
    const form = token.kind === "guid" || token.kind === "key" ? token.kind : "tag";
    return { kind: "identifier", form, text: token.text, at: token.start };
  }

  #bareExpression(): FilterStatement {
    const at = this.#cursor.token.start;
    const where = this.#expressions.expression();
    return {
      kind: "expression",
      at,
      tableAt: at,
      top: Infinity,
      where,
      nodes: this.#expressions.nodes,
      orderBy: [],
    };
  }

  #filter(): FilterStatement {
    const at = this.#cursor.token.start;
    this.#cursor.advance();
    let top = this.#cursor.isKeyword("TOP") ? this.#top() : undefined;
    if (this.#cursor.token.kind !== "identifier") {
      throw this.#cursor.unexpected(
        top === undefined ? "TOP or the name of a table" : "name of a table",
      );
    }
    const tableAt = this.#cursor.token.start;
    const table = this.#cursor.token.text;
    this.#cursor.advance();
    if (this.#cursor.isKeyword("TOP")) {
      if (top !== undefined) throw this.#cursor.unexpected("only one TOP");
      top = this.#top();
    }
    if (!this.#cursor.isKeyword("WHERE")) throw this.#cursor.unexpected("WHERE and a condition");
    this.#cursor.advance();
    const where = this.#expressions.expression();
    let orderBy: OrderTerm[] = [];
    if (this.#cursor.isKeyword("ORDER")) {
      this.#cursor.advance();
      if (!this.#cursor.isKeyword("BY")) throw this.#cursor.unexpected("BY");
      this.#cursor.advance();
      orderBy = this.#orderTerms();
    }
    return {
      kind: "filter",
      at,
      table,
      tableAt,
      top: top ?? Infinity,
      where,
      nodes: this.#expressions.nodes,
      orderBy,
    };
  }

  #top(): number {
    this.#cursor.advance();
    const negative = this.#cursor.is("-");
    if (negative || this.#cursor.is("+")) this.#cursor.advance();
    if (this.#cursor.token.kind !== "integer" || !/^[0-9]+$/.test(this.#cursor.token.text)) {
      throw this.#cursor.unexpected("a decimal integer behind TOP");
    }
    const n = Number(this.#cursor.token.text);
    this.#cursor.advance();
    return n > 2_147_483_647 || (negative && n > 0) ? Infinity : n;
  }

  #orderTerms(): OrderTerm[] {
    const terms: OrderTerm[] = [];
    do {
      if (terms.length > 0) this.#cursor.advance();
      if (terms.length >= this.#limits.orderTerms) {
        throw this.#cursor.limit("terms of ORDER BY", this.#limits.orderTerms);
      }
      const exact = this.#expressions.exact();
      if (this.#cursor.token.kind !== "identifier") {
        throw this.#cursor.unexpected("name of a column");
      }
      const { text: column, start: at } = this.#cursor.token;
      this.#cursor.advance();
      const descending = this.#cursor.isKeyword("DESC");
      if (descending || this.#cursor.isKeyword("ASC")) this.#cursor.advance();
      terms.push({ column, at, exact, descending });
    } while (this.#cursor.is(","));
    return terms;
  }
}
