/**
 * Programs of regular expressions: what an instruction does, and how the parts of a pattern become instructions.
 *
 * @module
 */
import { FilterError } from "./filter_error.ts";

/** Most instructions that a pattern may make; counted repetitions multiply them. */
export const MAX_PROGRAM = 5_000;

/** What one instruction of a program does. */
export const Op = {
  /** Matches a code point of a class. */
  Class: 0,
  /** Goes on at `x` first, then at `y`. */
  Split: 1,
  /** Goes on at `x`. */
  Jump: 2,
  /** Holds at the start of the text. */
  Start: 3,
  /** Holds at the end of the text. */
  End: 4,
  /** Holds between a word character and another. */
  Boundary: 5,
  /** Holds where Boundary does not. */
  NotBoundary: 6,
  /** The whole pattern has matched. */
  Match: 7,
} as const;

/** A set of code points: sorted pairs of first and last. */
export interface CharacterClass {
  readonly ranges: readonly number[];
  readonly negated: boolean;
}

/** A compiled pattern: parallel arrays, one entry per instruction. */
export interface Program {
  readonly ops: Uint8Array;
  readonly x: Int32Array;
  readonly y: Int32Array;
  /** Classes by `x` of Class instructions. */
  readonly classes: readonly CharacterClass[];
  /** True where letters match without regard to case. */
  readonly ignoreCase: boolean;
}

/** A part of a pattern. */
export type PatternNode =
  | { readonly kind: "class"; readonly index: number }
  | { readonly kind: "assert"; readonly op: number }
  | { readonly kind: "sequence"; readonly parts: readonly PatternNode[] }
  | { readonly kind: "choice"; readonly parts: readonly PatternNode[] }
  | {
    readonly kind: "repeat";
    readonly part: PatternNode;
    readonly min: number;
    readonly max: number;
    readonly greedy: boolean;
  };

/** A pattern, read. */
export interface Pattern {
  /** The whole of it. */
  readonly root: PatternNode;
  /** Classes by `index` of class nodes. */
  readonly classes: readonly CharacterClass[];
  /** True where letters match without regard to case. */
  readonly ignoreCase: boolean;
}

/** Makes the program of a pattern; throws FilterError `regexTooCostly` placed at `at`. */
export function makeProgram({ root, classes, ignoreCase }: Pattern, at: number): Program {
  return { ...new Emitter(at).program(root), classes, ignoreCase };
}

class Emitter {
  readonly #at: number;
  #emitted = 0;
  #ops: number[] = [];
  #x: number[] = [];
  #y: number[] = [];

  constructor(at: number) {
    this.#at = at;
  }

  program(root: PatternNode): Pick<Program, "ops" | "x" | "y"> {
    this.#emit(root);
    this.#push(Op.Match, 0, 0);
    return {
      ops: Uint8Array.from(this.#ops),
      x: Int32Array.from(this.#x),
      y: Int32Array.from(this.#y),
    };
  }

  #emit(node: PatternNode): void {
    // Copies of what makes no instructions cost time, too.
    if (++this.#emitted > 10 * MAX_PROGRAM) throw this.#tooLong();
    switch (node.kind) {
      case "class":
        this.#push(Op.Class, node.index, 0);
        return;
      case "assert":
        this.#push(node.op, 0, 0);
        return;
      case "sequence":
        for (const part of node.parts) this.#emit(part);
        return;
      case "choice":
        this.#emitChoice(node.parts);
        return;
      case "repeat":
        this.#emitRepeat(node.part, node.min, node.max, node.greedy);
    }
  }

  #emitChoice(parts: readonly PatternNode[]): void {
    const ends: number[] = [];
    parts.forEach((part, i) => {
      if (i === parts.length - 1) {
        this.#emit(part);
        return;
      }
      const split = this.#push(Op.Split, 0, 0);
      this.#x[split] = this.#ops.length;
      this.#emit(part);
      ends.push(this.#push(Op.Jump, 0, 0));
      this.#y[split] = this.#ops.length;
    });
    for (const end of ends) this.#x[end] = this.#ops.length;
  }

  #emitRepeat(part: PatternNode, min: number, max: number, greedy: boolean): void {
    for (let i = 0; i < min; i++) this.#emit(part);
    if (max === Infinity) {
      const split = this.#push(Op.Split, 0, 0);
      this.#emit(part);
      this.#push(Op.Jump, split, 0);
      this.#branch(split, split + 1, this.#ops.length, greedy);
      return;
    }
    const splits: number[] = [];
    for (let i = min; i < max; i++) {
      splits.push(this.#push(Op.Split, 0, 0));
      this.#emit(part);
    }
    for (const split of splits) this.#branch(split, split + 1, this.#ops.length, greedy);
  }

  #branch(split: number, into: number, past: number, greedy: boolean): void {
    this.#x[split] = greedy ? into : past;
    this.#y[split] = greedy ? past : into;
  }

  #push(op: number, x: number, y: number): number {
    if (this.#ops.length >= MAX_PROGRAM) throw this.#tooLong();
    this.#x.push(x);
    this.#y.push(y);
    return this.#ops.push(op) - 1;
  }

  #tooLong(): FilterError {
    return new FilterError(
      "regexTooCostly",
      `expected a regular expression of at most ${MAX_PROGRAM} steps, found more`,
      this.#at,
    );
  }
}
