/**
 * From tokens to expressions: recursive descent over the grammar of section 3, linear in the text.
 *
 * @module
 */
import { FilterError, quoted } from "./filter_error.ts";
import { isFunctionName, syntax } from "./lexer.ts";
import type { FilterLimits } from "./limits.ts";
import type { TokenCursor } from "./token_cursor.ts";
import type { BinaryOperator, ExpressionNode, Step } from "./tree.ts";

/** Reads expressions from where a cursor stands. */
export class ExpressionParser {
  readonly #cursor: TokenCursor;
  readonly #limits: FilterLimits;
  readonly #flatPrecedence: boolean;
  #depth = 0;
  #nodes = 0;

  /** With `flatPrecedence` all arithmetic operators stand at one level, and AND and OR at one level. */
  constructor(cursor: TokenCursor, limits: FilterLimits, flatPrecedence: boolean) {
    this.#cursor = cursor;
    this.#limits = limits;
    this.#flatPrecedence = flatPrecedence;
  }

  /** Begins a statement: depth and nodes count from 0. */
  begin(): void {
    this.#depth = 0;
    this.#nodes = 0;
  }

  /** Nodes read since the statement began. */
  get nodes(): number {
    return this.#nodes;
  }

  /** An expression: the loosest operators first. */
  expression(): ExpressionNode {
    if (this.#flatPrecedence) return this.#chain(() => this.#not(), LOGICAL);
    return this.#chain(() => this.#and(), ORS);
  }

  #and(): ExpressionNode {
    return this.#chain(() => this.#not(), ANDS);
  }

  #not(): ExpressionNode {
    if (!this.#cursor.isKeyword("NOT") && !this.#cursor.is("!")) return this.#predicate();
    const at = this.#cursor.token.start;
    this.#enter(at);
    this.#cursor.advance();
    const operand = this.#not();
    this.#depth--;
    return this.#node({ kind: "unary", op: "~", operand, at });
  }

  #predicate(): ExpressionNode {
    const first = this.#compare();
    const steps: Step[] = [];
    for (;;) {
      const at = this.#cursor.token.start;
      const negate = this.#negated("LIKE");
      if (!this.#cursor.isKeyword("LIKE")) break;
      this.#cursor.advance();
      const exact = this.exact();
      steps.push(this.#step({ kind: "like", negate, exact, at, pattern: this.#compare() }));
    }
    return this.#chained(first, steps);
  }

  #compare(): ExpressionNode {
    return this.#chain(() => this.#tested(), COMPARISONS);
  }

  #tested(): ExpressionNode {
    const first = this.#chain(() => this.#sum(), BITS);
    const steps: Step[] = [];
    for (;;) {
      const at = this.#cursor.token.start;
      if (this.#cursor.isKeyword("IS")) {
        this.#cursor.advance();
        const negate = this.#cursor.isKeyword("NOT") || this.#cursor.is("!");
        if (negate) this.#cursor.advance();
        if (!this.#cursor.isKeyword("NULL")) throw this.#cursor.unexpected("NULL behind IS");
        this.#cursor.advance();
        steps.push(this.#step({ kind: "isNull", negate, at }));
        continue;
      }
      const negate = this.#negated("IN");
      if (!this.#cursor.isKeyword("IN")) break;
      this.#cursor.advance();
      const exact = this.exact();
      this.#cursor.expect("(", '"(" and a list');
      this.#enter(at);
      const items = this.#list();
      this.#cursor.expect(")", 'an operator, "," or ")"');
      this.#depth--;
      steps.push(this.#step({ kind: "in", negate, exact, at, items }));
    }
    return this.#chained(first, steps);
  }

  #sum(): ExpressionNode {
    if (this.#flatPrecedence) return this.#chain(() => this.#unary(), ARITHMETIC);
    return this.#chain(() => this.#product(), SUMS);
  }

  #product(): ExpressionNode {
    return this.#chain(() => this.#unary(), PRODUCTS);
  }

  #unary(): ExpressionNode {
    const { kind, text, start: at } = this.#cursor.token;
    const not = this.#cursor.isKeyword("NOT") || this.#cursor.is("!");
    const sign = kind === "operator" && (text === "-" || text === "+" || text === "~");
    if (!not && !sign) return this.#primary();
    this.#enter(at);
    this.#cursor.advance();
    const operand = this.#unary();
    this.#depth--;
    return this.#node({
      kind: "unary",
      op: !not && (text === "-" || text === "+") ? text : "~",
      operand,
      at,
    });
  }

  #primary(): ExpressionNode {
    const { kind, text, start: at } = this.#cursor.token;
    switch (kind) {
      case "integer":
      case "numeric":
      case "string":
      case "dateTime":
      case "guid":
        this.#cursor.advance();
        return this.#node({ kind: "literal", form: kind, text, at });
      case "identifier":
        this.#cursor.advance();
        return this.#node({ kind: "column", name: text, at });
      case "keyword":
        if (text === "TRUE" || text === "FALSE" || text === "NULL") {
          this.#cursor.advance();
          return this.#node({
            kind: "literal",
            form: text === "NULL" ? "null" : "boolean",
            text,
            at,
          });
        }
        if (isFunctionName(text)) return this.#call();
        break;
      case "operator":
        if (text === "(") {
          this.#enter(at);
          this.#cursor.advance();
          const inner = this.expression();
          this.#cursor.expect(")", 'an operator or ")"');
          this.#depth--;
          return inner;
        }
        break;
      case "key":
      case "tag":
        throw syntax(
          at,
          "expected a value",
          `the ${kind === "key" ? "measurement key" : "point tag"} ${
            quoted(text)
          }, which must stand alone`,
        );
    }
    throw this.#cursor.unexpected('a value, a column, a function or "("');
  }

  #call(): ExpressionNode {
    const { text: name, start: at } = this.#cursor.token;
    this.#enter(at);
    this.#cursor.advance();
    this.#cursor.expect("(", `"(" behind ${name}`);
    const args = this.#cursor.is(")") ? [] : this.#list();
    const end = this.#cursor.token.end;
    this.#cursor.expect(")", 'an operator, "," or ")"');
    this.#depth--;
    return this.#node({ kind: "call", name, args, at, end });
  }

  #list(): ExpressionNode[] {
    const items = [this.expression()];
    while (this.#cursor.is(",")) {
      this.#cursor.advance();
      if (items.length >= this.#limits.items) throw this.#cursor.limit("items", this.#limits.items);
      items.push(this.expression());
    }
    return items;
  }

  #chain(
    operand: () => ExpressionNode,
    operators: ReadonlyMap<string, BinaryOperator>,
  ): ExpressionNode {
    const first = operand();
    let steps: Step[] | undefined;
    for (;;) {
      const { kind, text, start: at } = this.#cursor.token;
      const op = kind === "operator" || kind === "keyword" ? operators.get(text) : undefined;
      if (op === undefined) break;
      this.#cursor.advance();
      (steps ??= []).push(this.#step({ kind: "binary", op, at, operand: operand() }));
    }
    return this.#chained(first, steps ?? []);
  }

  #chained(first: ExpressionNode, steps: readonly Step[]): ExpressionNode {
    return steps.length === 0 ? first : { kind: "chain", first, steps, at: first.at };
  }

  /** Steps over BINARY or `===`; true if one of them stands here. */
  exact(): boolean {
    const exact = this.#cursor.isKeyword("BINARY") || this.#cursor.is("===");
    if (exact) this.#cursor.advance();
    return exact;
  }

  /** Steps over NOT or `!` if `keyword` follows. */
  #negated(keyword: string): boolean {
    if (!this.#cursor.isKeyword("NOT") && !this.#cursor.is("!")) return false;
    const next = this.#cursor.peek();
    if (next.kind !== "keyword" || next.text !== keyword) return false;
    this.#cursor.advance();
    return true;
  }

  #node<T extends ExpressionNode>(node: T): T {
    this.#count();
    return node;
  }

  #step(step: Step): Step {
    this.#count();
    return step;
  }

  #count(): void {
    if (++this.#nodes > this.#limits.nodes) {
      throw this.#cursor.limit("nodes in one expression", this.#limits.nodes);
    }
  }

  #enter(at: number): void {
    if (++this.#depth > this.#limits.depth) {
      throw new FilterError(
        "limit",
        `expected at most ${this.#limits.depth} nested parentheses, functions and prefixes, found more`,
        at,
      );
    }
  }
}

const COMPARISONS: ReadonlyMap<string, BinaryOperator> = new Map([
  ["<", "<"],
  ["<=", "<="],
  [">", ">"],
  [">=", ">="],
  ["=", "="],
  ["==", "="],
  ["===", "==="],
  ["!=", "<>"],
  ["<>", "<>"],
  ["!==", "!=="],
]);
const BITS: ReadonlyMap<string, BinaryOperator> = new Map([
  ["<<", "<<"],
  [">>", ">>"],
  ["&", "&"],
  ["|", "|"],
  ["^", "^"],
  ["XOR", "^"],
]);
const SUMS: ReadonlyMap<string, BinaryOperator> = new Map([["+", "+"], ["-", "-"]]);
const PRODUCTS: ReadonlyMap<string, BinaryOperator> = new Map([["*", "*"], ["/", "/"], ["%", "%"]]);
const ARITHMETIC: ReadonlyMap<string, BinaryOperator> = new Map([...SUMS, ...PRODUCTS]);
const ANDS: ReadonlyMap<string, BinaryOperator> = new Map([["AND", "AND"], ["&&", "AND"]]);
const ORS: ReadonlyMap<string, BinaryOperator> = new Map([["OR", "OR"], ["||", "OR"]]);
const LOGICAL: ReadonlyMap<string, BinaryOperator> = new Map([...ANDS, ...ORS]);
