/**
 * Regular expressions, the portable subset: from pattern to program (section 10, REGEXMATCH).
 *
 * @module
 */
import { FilterError } from "./filter_error.ts";
import {
  type CharacterClass,
  makeProgram,
  Op,
  type Pattern,
  type PatternNode,
  type Program,
} from "./regex_program.ts";

const MAX_DEPTH = 100;
const MAX_REPEAT = 1_000;

/** Compiles a pattern; throws FilterError `regex` or `regexTooCostly` placed at `at`. */
export function compilePattern(pattern: string, at: number): Program {
  return makeProgram(new PatternParser(pattern, at).pattern(), at);
}

const DIGIT = [48, 57];
const WORD = [48, 57, 65, 90, 95, 95, 97, 122];
const SPACE = [9, 13, 32, 32];
const LAST = 0x10ffff;

class PatternParser {
  readonly #chars: readonly string[];
  readonly #at: number;
  readonly #classes: CharacterClass[] = [];
  readonly #literals = new Map<number, number>();
  #pos = 0;
  #depth = 0;

  constructor(pattern: string, at: number) {
    this.#chars = Array.from(pattern);
    this.#at = at;
  }

  pattern(): Pattern {
    const ignoreCase = this.#takes("(?i)");
    const root = this.#choice();
    if (this.#pos < this.#chars.length) throw this.#error('unmatched ")"');
    return { root, classes: this.#classes, ignoreCase };
  }

  #choice(): PatternNode {
    if (++this.#depth > MAX_DEPTH) {
      throw new FilterError("regexTooCostly", "regular expression is nested too deeply", this.#at);
    }
    const parts = [this.#sequence()];
    while (this.#takes("|")) parts.push(this.#sequence());
    this.#depth--;
    return parts.length === 1 ? parts[0]! : { kind: "choice", parts };
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = [];
    for (;;) {
      const c = this.#chars[this.#pos];
      if (c === undefined || c === "|" || c === ")") break;
      parts.push(this.#repeated());
    }
    return parts.length === 1 ? parts[0]! : { kind: "sequence", parts };
  }

  #repeated(): PatternNode {
    const part = this.#atom();
    const range = this.#quantifier();
    if (!range) return part;
    const greedy = !this.#takes("?");
    if (this.#chars[this.#pos] === "+") throw this.#error("possessive quantifiers are refused");
    if (this.#quantifier()) throw this.#error("a quantifier has nothing to repeat");
    if (part.kind === "assert") throw this.#error("an anchor cannot be repeated");
    return { kind: "repeat", part, min: range[0], max: range[1], greedy };
  }

  #quantifier(): [number, number] | undefined {
    if (this.#takes("*")) return [0, Infinity];
    if (this.#takes("+")) return [1, Infinity];
    if (this.#takes("?")) return [0, 1];
    if (this.#chars[this.#pos] !== "{") return undefined;
    // A brace that begins no quantifier is an ordinary character.
    const text = this.#chars.slice(this.#pos, this.#pos + 12).join("");
    const m = /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(text);
    if (!m) return undefined;
    this.#pos += m[0].length;
    const min = Number(m[1]);
    const max = m[2] === undefined ? min : m[3] === "" ? Infinity : Number(m[3]);
    if (max < min) throw this.#error("a repetition has its bounds in the wrong order");
    if (min > MAX_REPEAT || (max !== Infinity && max > MAX_REPEAT)) {
      throw new FilterError(
        "regexTooCostly",
        `expected at most ${MAX_REPEAT} repetitions in a regular expression, found more`,
        this.#at,
      );
    }
    return [min, max];
  }

  #atom(): PatternNode {
    const c = this.#chars[this.#pos++]!;
    switch (c) {
      case "(":
        return this.#group();
      case "[":
        return this.#set();
      case ".":
        return this.#class({ ranges: [10, 10], negated: true });
      case "^":
        return { kind: "assert", op: Op.Start };
      case "$":
        return { kind: "assert", op: Op.End };
      case "\\":
        return this.#escape();
      case "*":
      case "+":
      case "?":
        throw this.#error("a quantifier has nothing to repeat");
    }
    if (c === "{") {
      this.#pos--;
      if (this.#quantifier()) throw this.#error("a quantifier has nothing to repeat");
      this.#pos++;
    }
    return this.#literal(c.codePointAt(0)!);
  }

  #group(): PatternNode {
    if (this.#takes("?")) {
      if (!this.#takes(":")) {
        throw this.#error(
          "only (...), (?:...) and a leading (?i) are accepted; look-around is refused",
        );
      }
    }
    const inner = this.#choice();
    if (!this.#takes(")")) throw this.#error('missing ")"');
    return inner;
  }

  #escape(): PatternNode {
    const c = this.#chars[this.#pos];
    if (c === "b" || c === "B") {
      this.#pos++;
      return { kind: "assert", op: c === "b" ? Op.Boundary : Op.NotBoundary };
    }
    const set = this.#shorthand();
    if (set) return this.#class(set);
    return this.#literal(this.#escaped());
  }

  /** `d`, `w`, `s` and their opposites behind a backslash. */
  #shorthand(): CharacterClass | undefined {
    const c = this.#chars[this.#pos];
    const lower = c?.toLowerCase();
    const ranges = lower === "d" ? DIGIT : lower === "w" ? WORD : lower === "s" ? SPACE : undefined;
    if (!ranges) return undefined;
    this.#pos++;
    return { ranges, negated: c !== lower };
  }

  /** The code point of an escape behind its backslash. */
  #escaped(): number {
    const c = this.#chars[this.#pos++];
    if (c === undefined) throw this.#error("a backslash stands at the end");
    switch (c) {
      case "t":
        return 9;
      case "n":
        return 10;
      case "v":
        return 11;
      case "f":
        return 12;
      case "r":
        return 13;
      case "x":
        return this.#hex(2);
      case "u":
        return this.#hex(4);
    }
    if (/[0-9]/.test(c)) throw this.#error("back-references are refused");
    if (/[A-Za-z]/.test(c)) throw this.#error(`the escape \\${c} is not known`);
    return c.codePointAt(0)!;
  }

  #hex(digits: number): number {
    const text = this.#chars.slice(this.#pos, this.#pos + digits).join("");
    if (text.length !== digits || !/^[0-9A-Fa-f]+$/.test(text)) {
      throw this.#error(`expected ${digits} hex digits in an escape`);
    }
    this.#pos += digits;
    return parseInt(text, 16);
  }

  #set(): PatternNode {
    const negated = this.#takes("^");
    const ranges: number[] = [];
    for (let first = true;; first = false) {
      const c = this.#chars[this.#pos];
      if (c === undefined) throw this.#error('missing "]"');
      if (c === "]" && !first) break;
      if (c === "[" && /[:.=]/.test(this.#chars[this.#pos + 1] ?? "")) {
        throw this.#error("named classes are refused");
      }
      const low = this.#member(ranges);
      if (low === undefined) continue;
      let high = low;
      const next = this.#chars[this.#pos + 1];
      if (this.#chars[this.#pos] === "-" && next !== undefined && next !== "]") {
        this.#pos++;
        const end = this.#member(ranges);
        if (end === undefined || end < low) {
          throw this.#error("a range has its ends in the wrong order");
        }
        high = end;
      }
      ranges.push(low, high);
    }
    this.#pos++;
    return this.#class({ ranges, negated });
  }

  /** One code point of a class, or undefined when a shorthand was added to `ranges`. */
  #member(ranges: number[]): number | undefined {
    const c = this.#chars[this.#pos++]!;
    if (c !== "\\") return c.codePointAt(0)!;
    const set = this.#shorthand();
    if (set) {
      ranges.push(...(set.negated ? complement(set.ranges) : set.ranges));
      return undefined;
    }
    if (this.#chars[this.#pos] === "b") throw this.#error("\\b has no meaning in a class");
    return this.#escaped();
  }

  #literal(code: number): PatternNode {
    let index = this.#literals.get(code);
    if (index === undefined) {
      index = this.#classes.push({ ranges: [code, code], negated: false }) - 1;
      this.#literals.set(code, index);
    }
    return { kind: "class", index };
  }

  #class(set: CharacterClass): PatternNode {
    return { kind: "class", index: this.#classes.push(set) - 1 };
  }

  #takes(text: string): boolean {
    for (let i = 0; i < text.length; i++) {
      if (this.#chars[this.#pos + i] !== text[i]) return false;
    }
    this.#pos += text.length;
    return true;
  }

  #error(reason: string): FilterError {
    return new FilterError(
      "regex",
      `expected a regular expression, found a fault at its character ${this.#pos + 1}: ${reason}`,
      this.#at,
    );
  }
}

function complement(ranges: readonly number[]): number[] {
  const result: number[] = [];
  let from = 0;
  for (let i = 0; i < ranges.length; i += 2) {
    result.push(from, ranges[i]! - 1);
    from = ranges[i + 1]! + 1;
  }
  result.push(from, LAST);
  return result;
}
