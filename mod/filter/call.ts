/**
 * A call of a function while it is compiled: its arguments by the kind that the function expects.
 *
 * @module
 */
import {
  type Compiled,
  constantOf,
  dynamicOf,
  type Evaluate,
  type ExpressionCompiler,
  staticOf,
} from "./compiled.ts";
import { cannotConvert, convert, converter } from "./conversion.ts";
import { FilterError } from "./filter_error.ts";
import type { CallNode, ExpressionNode } from "./tree.ts";
import { asString, isInteger, type Raw, type ValueType } from "./values.ts";

/** How many arguments a function takes, and how a call of it is compiled. */
export interface FunctionForm {
  /** Least number of arguments. */
  readonly min: number;
  /** Greatest number of arguments. */
  readonly max: number;
  /** Compiles a call. */
  readonly build: (call: Call) => Compiled;
}

/** A call that is being compiled: hands out its arguments by the kind that the function expects. */
export class Call {
  /** Where the call stands in the text. */
  readonly at: number;
  /** Number of arguments. */
  readonly count: number;
  /** The compiler of the expression. */
  readonly compiler: ExpressionCompiler;
  readonly #node: CallNode;

  /** Begins to compile a call. */
  constructor(node: CallNode, compiler: ExpressionCompiler) {
    this.#node = node;
    this.at = node.at;
    this.count = node.args.length;
    this.compiler = compiler;
  }

  /** Argument `i` of any type. */
  any(i: number): Compiled {
    return this.compiler.compile(this.#arg(i));
  }

  /** Argument `i` of any type, which may not be evaluated. */
  lazy(i: number): Compiled {
    return this.compiler.compileLazy(this.#arg(i));
  }

  /** Argument `i`, which must be a String. */
  string(i: number): Compiled {
    return this.#checked(i, "String", (type) => type === "String", "String");
  }

  /** Argument `i`, which must be an integer; its value is a number, a bigint or a boolean. */
  integer(i: number): Compiled {
    return this.#checked(i, "Int32", isInteger, "an integer");
  }

  /** Argument `i` converted to DateTime. */
  dateTime(i: number): Compiled {
    const arg = this.any(i);
    return this.#converted(
      arg,
      i,
      "DateTime",
      (type) => type === "DateTime" || type === "String",
      "a DateTime or a String",
    );
  }

  /** Argument `i` converted to Boolean; FALSE where it is left out. */
  flag(i: number): Evaluate {
    if (i >= this.count) return () => false;
    return this.#converted(
      this.any(i),
      i,
      "Boolean",
      (type) => converter(type, "Boolean") !== undefined,
      "a value that converts to Boolean",
    ).value;
  }

  /** A result of a known type. */
  result(type: ValueType, value: Evaluate): Compiled {
    return staticOf(type, value, this.at);
  }

  /** The error of an argument of a wrong type. */
  typeError(i: number, expected: string, found: ValueType): FilterError {
    return new FilterError(
      "type",
      `function ${this.#node.name} expected ${expected} as ${ordinal(i)} argument, found ${found}`,
      this.#arg(i).at,
    );
  }

  /** The error of a NULL that is not allowed as argument `i`. */
  nullError(i: number): FilterError {
    return new FilterError(
      "nullArgument",
      `function ${this.#node.name} expected no NULL as ${ordinal(i)} argument`,
      this.#arg(i).at,
    );
  }

  /** The value of argument `i`, which may not be NULL. */
  notNull(value: Raw, i: number): Exclude<Raw, null> {
    if (value === null) throw this.nullError(i);
    return value;
  }

  /** The text of argument `i`, which may not be NULL. */
  text(value: Raw, i: number): string {
    return asString(this.notNull(value, i));
  }

  #arg(i: number): ExpressionNode {
    const arg = this.#node.args[i];
    if (!arg) throw new RangeError(`Expected argument ${i} of ${this.#node.name}`);
    return arg;
  }

  #checked(
    i: number,
    nullType: ValueType,
    accepts: (type: ValueType) => boolean,
    expected: string,
  ): Compiled {
    const arg = this.any(i);
    if (arg.isNull) return { ...constantOf(nullType, null, arg.at), isNull: true };
    if (arg.type === undefined) {
      return dynamicOf((row, run) => {
        const typed = arg.typed(row, run);
        if (!accepts(typed.type)) throw this.typeError(i, expected, typed.type);
        return typed;
      }, arg.at);
    }
    if (accepts(arg.type)) return arg;
    return this.compiler.refuse(this.typeError(i, expected, arg.type), arg.at);
  }

  #converted(
    arg: Compiled,
    i: number,
    to: ValueType,
    accepts: (type: ValueType) => boolean,
    expected: string,
  ): Compiled {
    if (arg.isNull) return { ...constantOf(to, null, arg.at), isNull: true };
    const { type, at } = arg;
    if (type === to) return arg;
    if (type !== undefined && !accepts(type)) {
      return this.compiler.refuse(this.typeError(i, expected, type), at);
    }
    if (type !== undefined && arg.constant !== undefined) {
      try {
        return constantOf(to, convert(arg.constant, type, to, at), at);
      } catch (error) {
        if (!(error instanceof FilterError)) throw error;
        return this.compiler.refuse(error, at);
      }
    }
    return staticOf(to, (row, run) => {
      const typed = arg.typed(row, run);
      if (!accepts(typed.type)) throw this.typeError(i, expected, typed.type);
      if (typed.value !== null && !converter(typed.type, to)) {
        throw cannotConvert(typed.type, to, at);
      }
      return convert(typed.value, typed.type, to, at);
    }, at);
  }
}

const ORDINALS = ["first", "second", "third", "fourth", "fifth"];

/** `first`, `second` and so on for an index from 0. */
export function ordinal(i: number): string {
  return ORDINALS[i] ?? `${i + 1}th`;
}
