/**
 * A matcher that takes time in proportion to pattern and text: all threads at once, one per
 * instruction, in order of priority.
 *
 * @module
 */
import { FilterError } from "./filter_error.ts";
import type { Run } from "./limits.ts";
import { compilePattern } from "./regex_parser.ts";
import { type CharacterClass, Op, type Program } from "./regex_program.ts";

/** A compiled regular expression of the portable subset. */
export class Regex {
  readonly #program: Program;
  readonly #ascii: Uint8Array;
  // Answers of the classes for the code point beyond ASCII that is being read.
  readonly #wide: Uint8Array;
  readonly #wideMarks: Int32Array;
  readonly #ranges: number;
  #work = 0;
  #current: Int32Array;
  #next: Int32Array;
  readonly #starts: [Int32Array, Int32Array];
  readonly #marks: Int32Array;
  readonly #stack: Int32Array;
  #mark = 0;

  /** Compiles `pattern`; throws FilterError `regex`, `regexTooCostly` or `limit` placed at `at`. */
  constructor(pattern: string, at: number, maximum: number) {
    if (pattern.length > maximum) {
      throw new FilterError(
        "regexTooCostly",
        `expected a regular expression of at most ${maximum} characters, found ${pattern.length}`,
        at,
      );
    }
    const program = compilePattern(pattern, at);
    this.#program = program;
    this.#ascii = asciiTable(program);
    const n = program.ops.length;
    this.#wide = new Uint8Array(program.classes.length);
    this.#wideMarks = new Int32Array(program.classes.length);
    this.#ranges = program.classes.reduce((sum, c) => sum + c.ranges.length, 0);
    this.#current = new Int32Array(n);
    this.#next = new Int32Array(n);
    this.#starts = [new Int32Array(n), new Int32Array(n)];
    this.#marks = new Int32Array(n);
    this.#stack = new Int32Array(2 * n + 2);
  }

  /** True if the pattern matches anywhere in `text`. */
  test(text: string, at: number, run: Run): boolean {
    return this.#search(text, at, run, true) !== undefined;
  }

  /** The leftmost match of the whole pattern, empty if there is none. */
  find(text: string, at: number, run: Run): string {
    const found = this.#search(text, at, run, false);
    return found ? text.slice(found[0], found[1]) : "";
  }

  #search(text: string, at: number, run: Run, any: boolean): [number, number] | undefined {
    if (text.length > run.limits.regexTextLength) {
      throw new FilterError(
        "regexTooCostly",
        `expected a text of at most ${run.limits.regexTextLength} characters for a regular expression, found ${text.length}`,
        at,
      );
    }
    const { ops, x, ignoreCase } = this.#program;
    let found: [number, number] | undefined;
    let count = 0;
    let which = 0;
    this.#work = 0;
    this.#mark++;
    for (let i = 0;;) {
      // A new thread begins at each place as long as nothing has matched further left.
      const starts = this.#starts[which]!;
      if (!found) count = this.#add(0, i, i, text, this.#current, count, starts);
      const code = i < text.length ? text.codePointAt(i)! : -1;
      const width = code > 0xffff ? 2 : 1;
      const next = this.#starts[1 - which]!;
      const mark = ++this.#mark;
      if (mark > 0x7ffffff0) this.#resetMarks();
      let nextCount = 0;
      this.#work += code < 128 ? count + 1 : count + this.#ranges;
      if (this.#work > 4096) this.#account(run);
      for (let t = 0; t < count; t++) {
        const pc = this.#current[t]!;
        if (ops[pc] === Op.Match) {
          found = [starts[pc]!, i];
          if (any) return found;
          // Threads behind this one have lower priority.
          break;
        }
        if (code >= 0 && this.#accepts(x[pc]!, code, ignoreCase)) {
          nextCount = this.#add(pc + 1, starts[pc]!, i + width, text, this.#next, nextCount, next);
        }
      }
      if (code < 0) break;
      i += width;
      const swap = this.#current;
      this.#current = this.#next;
      this.#next = swap;
      count = nextCount;
      which = 1 - which;
      if (found && count === 0) break;
    }
    this.#account(run);
    return found;
  }

  /** Adds the thread at `pc` and all it reaches without reading, in order of priority. */
  #add(
    pc: number,
    start: number,
    at: number,
    text: string,
    list: Int32Array,
    count: number,
    starts: Int32Array,
  ): number {
    const { ops, x, y } = this.#program;
    const marks = this.#marks;
    const mark = this.#mark;
    const stack = this.#stack;
    let depth = 0;
    stack[depth++] = pc;
    while (depth > 0) {
      const p = stack[--depth]!;
      if (marks[p] === mark) continue;
      marks[p] = mark;
      this.#work++;
      switch (ops[p]) {
        case Op.Jump:
          stack[depth++] = x[p]!;
          break;
        case Op.Split:
          stack[depth++] = y[p]!;
          stack[depth++] = x[p]!;
          break;
        case Op.Start:
          if (at === 0) stack[depth++] = p + 1;
          break;
        case Op.End:
          if (at === text.length) stack[depth++] = p + 1;
          break;
        case Op.Boundary:
          if (isBoundary(text, at)) stack[depth++] = p + 1;
          break;
        case Op.NotBoundary:
          if (!isBoundary(text, at)) stack[depth++] = p + 1;
          break;
        default:
          list[count++] = p;
          starts[p] = start;
      }
    }
    return count;
  }

  #accepts(index: number, code: number, ignoreCase: boolean): boolean {
    if (code < 128) return this.#ascii[index * 128 + code] === 1;
    if (this.#wideMarks[index] !== this.#mark) {
      this.#wideMarks[index] = this.#mark;
      this.#wide[index] = accepts(this.#program.classes[index]!, code, ignoreCase) ? 1 : 0;
    }
    return this.#wide[index] === 1;
  }

  #account(run: Run): void {
    const work = this.#work;
    this.#work = 0;
    run.spend((work >> 2) + 1);
  }

  #resetMarks(): void {
    this.#marks.fill(0);
    this.#wideMarks.fill(0);
    this.#mark = 1;
  }
}

/** One byte per class and ASCII character: 1 where it belongs. */
function asciiTable({ classes, ignoreCase }: Program): Uint8Array {
  const table = new Uint8Array(classes.length * 128);
  classes.forEach((set, i) => {
    for (let code = 0; code < 128; code++) {
      if (accepts(set, code, ignoreCase)) table[i * 128 + code] = 1;
    }
  });
  return table;
}

function accepts(set: CharacterClass, code: number, ignoreCase: boolean): boolean {
  let inside = holds(set.ranges, code);
  if (!inside && ignoreCase) {
    const c = String.fromCodePoint(code);
    const upper = c.toUpperCase();
    const lower = c.toLowerCase();
    inside = (upper !== c && holds(set.ranges, upper.codePointAt(0)!)) ||
      (lower !== c && holds(set.ranges, lower.codePointAt(0)!));
  }
  return inside !== set.negated;
}

function holds(ranges: readonly number[], code: number): boolean {
  for (let i = 0; i < ranges.length; i += 2) {
    if (code >= ranges[i]! && code <= ranges[i + 1]!) return true;
  }
  return false;
}

function isBoundary(text: string, at: number): boolean {
  return isWord(text.charCodeAt(at - 1)) !== isWord(text.charCodeAt(at));
}

function isWord(unit: number): boolean {
  return (unit >= 48 && unit <= 57) || (unit >= 65 && unit <= 90) || unit === 95 ||
    (unit >= 97 && unit <= 122);
}
