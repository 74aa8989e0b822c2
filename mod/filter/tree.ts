/**
 * What the parser makes of a text: statements and expressions, before names are resolved.
 *
 * @module
 */

/** Where a node stands in the text: offset of its first character or of its operator. */
interface Placed {
  readonly at: number;
}

/** A value as written; the text is kept until its type is known. */
export interface LiteralNode extends Placed {
  readonly kind: "literal";
  readonly form: "integer" | "numeric" | "string" | "dateTime" | "guid" | "boolean" | "null";
  readonly text: string;
}

/** A column by name. */
export interface ColumnNode extends Placed {
  readonly kind: "column";
  readonly name: string;
}

/** A function by its name in upper case. */
export interface CallNode extends Placed {
  readonly kind: "call";
  readonly name: string;
  readonly args: readonly ExpressionNode[];
  /** Offset behind the closing parenthesis. */
  readonly end: number;
}

/** A sign, `~` or NOT in front of its operand. */
export interface UnaryNode extends Placed {
  readonly kind: "unary";
  readonly op: "-" | "+" | "~";
  readonly operand: ExpressionNode;
}

/** One operator of a chain with what stands to its right. */
export type Step =
  | {
    readonly kind: "binary";
    readonly op: BinaryOperator;
    readonly at: number;
    readonly operand: ExpressionNode;
  }
  | { readonly kind: "isNull"; readonly negate: boolean; readonly at: number }
  | {
    readonly kind: "in";
    readonly negate: boolean;
    readonly exact: boolean;
    readonly at: number;
    readonly items: readonly ExpressionNode[];
  }
  | {
    readonly kind: "like";
    readonly negate: boolean;
    readonly exact: boolean;
    readonly at: number;
    readonly pattern: ExpressionNode;
  };

/** Operators of one level applied from left to right; a list, so that long texts make no deep tree. */
export interface ChainNode extends Placed {
  readonly kind: "chain";
  readonly first: ExpressionNode;
  readonly steps: readonly Step[];
}

/** An expression. */
export type ExpressionNode = LiteralNode | ColumnNode | CallNode | UnaryNode | ChainNode;

/** Binary operators, each spelt in one way. */
export type BinaryOperator =
  | "AND"
  | "OR"
  | "<"
  | "<="
  | ">"
  | ">="
  | "="
  | "==="
  | "<>"
  | "!=="
  | "<<"
  | ">>"
  | "&"
  | "|"
  | "^"
  | "+"
  | "-"
  | "*"
  | "/"
  | "%";

/** One term of ORDER BY. */
export interface OrderTerm extends Placed {
  readonly column: string;
  readonly exact: boolean;
  readonly descending: boolean;
}

/** A statement that names one signal. */
export interface IdentifierStatement extends Placed {
  readonly kind: "identifier";
  readonly form: "guid" | "key" | "tag";
  readonly text: string;
}

/** FILTER ... WHERE, or a bare expression on the primary table (then without `table`). */
export interface FilterStatement extends Placed {
  readonly kind: "filter" | "expression";
  readonly table?: string;
  readonly tableAt: number;
  /** Infinity for no limit. */
  readonly top: number;
  readonly where: ExpressionNode;
  readonly nodes: number;
  readonly orderBy: readonly OrderTerm[];
  /** The whole statement as a point tag without quotes, where it can be read so. */
  readonly bareTag?: string;
}

/** A statement. */
export type Statement = IdentifierStatement | FilterStatement;
