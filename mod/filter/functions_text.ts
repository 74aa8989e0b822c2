/**
 * Functions of text; indices and lengths count code points (section 10).
 *
 * @module
 */
import type { Call, FunctionForm } from "./call.ts";
import type { Compiled } from "./compiled.ts";
import { FilterError } from "./filter_error.ts";
import type { Run } from "./limits.ts";
import type { Regex } from "./regex.ts";
import { codePoints, compareText, Finder, fold, offsetOf, reversed, trimmed } from "./text.ts";
import { asString, type Raw, type ValueType, wholeNumber } from "./values.ts";

/** LEN to REGEXVAL by name. */
export const TEXT_FUNCTIONS: Readonly<Record<string, FunctionForm>> = {
  LEN: ofText("Int32", (text) => codePoints(text)),
  LOWER: ofText("String", (text) => text.toLowerCase()),
  UPPER: ofText("String", fold),
  REVERSE: ofText("String", reversed),
  TRIM: ofText("String", (text) => trimmed(text, true, true)),
  TRIMLEFT: ofText("String", (text) => trimmed(text, true, false)),
  TRIMRIGHT: ofText("String", (text) => trimmed(text, false, true)),
  CONTAINS: tested((source, text) => source.includes(text)),
  STARTSWITH: tested((source, text) => source.startsWith(text)),
  ENDSWITH: tested((source, text) => source.endsWith(text)),
  INDEXOF: indexed((finder) => {
    let found = -1;
    finder.each(true, (start) => {
      found = start;
      return false;
    });
    return found;
  }, () => 0),
  LASTINDEXOF: indexed((finder) => {
    let found = -1;
    finder.each(true, (start) => {
      found = start;
      return true;
    });
    return found;
  }, (source) => source.length),
  NTHINDEXOF: { min: 3, max: 4, build: buildNthIndexOf },
  STRCOUNT: { min: 2, max: 3, build: buildStrCount },
  STRCMP: { min: 2, max: 3, build: buildStrCmp },
  SUBSTR: { min: 2, max: 3, build: buildSubStr },
  REPLACE: { min: 3, max: 4, build: buildReplace },
  SPLIT: { min: 3, max: 4, build: buildSplit },
  REGEXMATCH: ofRegex("Boolean", (regex, text, at, run) => regex.test(text, at, run)),
  REGEXVAL: ofRegex("String", (regex, text, at, run) => regex.find(text, at, run)),
};

/** Accounts for reading a text a few times. */
function charge(run: Run, text: string): void {
  if (text.length > 32) run.spend(text.length >> 2);
}

function ofText(type: ValueType, compute: (text: string) => Raw): FunctionForm {
  return {
    min: 1,
    max: 1,
    build: (call) => {
      const { value } = call.string(0);
      return call.result(type, (row, run) => {
        const text = value(row, run);
        if (text === null) return null;
        const source = asString(text);
        charge(run, source);
        const result = compute(source);
        return typeof result === "string" ? run.made(result, call.at) : result;
      });
    },
  };
}

function tested(compute: (source: string, text: string) => boolean): FunctionForm {
  return {
    min: 2,
    max: 3,
    build: (call) => {
      const source = call.string(0);
      const text = call.string(1);
      const ignoreCase = call.flag(2);
      return call.result("Boolean", (row, run) => {
        const s = source.value(row, run);
        const t = text.value(row, run);
        const folded = ignoreCase(row, run) === true;
        if (s === null) return null;
        if (t === null) return false;
        const whole = asString(s);
        const part = asString(t);
        charge(run, whole);
        charge(run, part);
        return folded ? compute(fold(whole), fold(part)) : compute(whole, part);
      });
    },
  };
}

function indexed(
  find: (finder: Finder) => number,
  ofEmpty: (source: string) => number,
): FunctionForm {
  return {
    min: 2,
    max: 3,
    build: (call) => {
      const source = call.string(0);
      const text = call.string(1);
      const ignoreCase = call.flag(2);
      return call.result("Int32", (row, run) => {
        const s = source.value(row, run);
        const t = text.value(row, run);
        const folded = ignoreCase(row, run) === true;
        if (s === null) return null;
        const whole = asString(s);
        const part = call.text(t, 1);
        chargeSearch(run, whole, part);
        const unit = part === "" ? ofEmpty(whole) : find(new Finder(whole, part, folded));
        return unit < 0 ? -1 : codePoints(whole, unit);
      });
    },
  };
}

/** Accounts for finding all occurrences of a text in another, overlapping ones included. */
function chargeSearch(run: Run, source: string, text: string): void {
  const work = source.length * Math.min(text.length, 64);
  if (work > 64) run.spend(work >> 5);
}

function buildNthIndexOf(call: Call): Compiled {
  const source = call.string(0);
  const text = call.string(1);
  const index = call.integer(2);
  const ignoreCase = call.flag(3);
  return call.result("Int32", (row, run) => {
    const s = source.value(row, run);
    const t = text.value(row, run);
    const i = index.value(row, run);
    const folded = ignoreCase(row, run) === true;
    if (s === null) return null;
    const whole = asString(s);
    const part = call.text(t, 1);
    let left = wholeNumber(call.notNull(i, 2));
    if (left < 0n) return -1;
    if (part === "") return left <= BigInt(codePoints(whole)) ? Number(left) : -1;
    chargeSearch(run, whole, part);
    let found = -1;
    new Finder(whole, part, folded).each(true, (start) => {
      if (left-- > 0n) return true;
      found = start;
      return false;
    });
    return found < 0 ? -1 : codePoints(whole, found);
  });
}

function buildStrCount(call: Call): Compiled {
  const source = call.string(0);
  const text = call.string(1);
  const ignoreCase = call.flag(2);
  return call.result("Int32", (row, run) => {
    const s = source.value(row, run);
    const t = text.value(row, run);
    const folded = ignoreCase(row, run) === true;
    if (s === null || t === null || s === "" || t === "") return 0;
    const whole = asString(s);
    const part = asString(t);
    chargeSearch(run, whole, part);
    let count = 0;
    new Finder(whole, part, folded).each(false, () => {
      count++;
      return true;
    });
    return count;
  });
}

function buildStrCmp(call: Call): Compiled {
  const left = call.string(0);
  const right = call.string(1);
  const ignoreCase = call.flag(2);
  return call.result("Int32", (row, run) => {
    const a = left.value(row, run);
    const b = right.value(row, run);
    const folded = ignoreCase(row, run) === true;
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    charge(run, asString(a));
    return Math.sign(compareText(asString(a), asString(b), !folded));
  });
}

function buildSubStr(call: Call): Compiled {
  const source = call.string(0);
  const start = call.integer(1);
  const length = call.count > 2 ? call.integer(2) : undefined;
  return call.result("String", (row, run) => {
    const s = source.value(row, run);
    const from = start.value(row, run);
    const size = length ? length.value(row, run) : null;
    if (s === null) return null;
    const text = asString(s);
    charge(run, text);
    const first = wholeNumber(call.notNull(from, 1));
    if (first < 0n || first >= BigInt(text.length)) return "";
    const begin = offsetOf(text, Number(first));
    if (size === null) return text.slice(begin);
    const count = wholeNumber(size);
    if (count <= 0n) return "";
    const units = count > BigInt(text.length) ? text.length : Number(count);
    return text.slice(begin, offsetOf(text, units, begin));
  });
}

function buildReplace(call: Call): Compiled {
  const source = call.string(0);
  const text = call.string(1);
  const replacement = call.string(2);
  const ignoreCase = call.flag(3);
  return call.result("String", (row, run) => {
    const s = source.value(row, run);
    const t = text.value(row, run);
    const r = replacement.value(row, run);
    const folded = ignoreCase(row, run) === true;
    if (s === null) return null;
    const whole = asString(s);
    const part = call.text(t, 1);
    const by = call.text(r, 2);
    const pieces: string[] = [];
    let length = 0;
    const add = (piece: string): void => {
      length += piece.length;
      // Before the text is joined, so that it cannot grow beyond measure first.
      if (length > run.limits.stringLength) {
        run.made(" ".repeat(run.limits.stringLength + 1), call.at);
      }
      pieces.push(piece);
    };
    chargeSearch(run, whole, part);
    if (part === "") {
      for (const c of whole) {
        add(by);
        add(c);
      }
      add(by);
    } else {
      let last = 0;
      new Finder(whole, part, folded).each(false, (start, end) => {
        add(whole.slice(last, start));
        add(by);
        last = end;
        return true;
      });
      add(whole.slice(last));
    }
    run.spend(pieces.length >> 2);
    return run.made(pieces.join(""), call.at);
  });
}

function buildSplit(call: Call): Compiled {
  const source = call.string(0);
  const delimiter = call.string(1);
  const index = call.integer(2);
  const ignoreCase = call.flag(3);
  return call.result("String", (row, run) => {
    const s = source.value(row, run);
    const d = delimiter.value(row, run);
    const i = index.value(row, run);
    const folded = ignoreCase(row, run) === true;
    if (s === null) return null;
    const whole = asString(s);
    const mark = call.text(d, 1);
    let left = wholeNumber(call.notNull(i, 2));
    if (mark === "") {
      throw new FilterError(
        "arguments",
        "function SPLIT expected a delimiter that is not empty as second argument",
        call.at,
      );
    }
    if (left < 0n) return null;
    chargeSearch(run, whole, mark);
    let from = 0;
    let piece: string | null = null;
    new Finder(whole, mark, folded).each(false, (start, end) => {
      if (left === 0n) piece = whole.slice(from, start);
      from = end;
      return left-- > 0n;
    });
    return left === 0n ? whole.slice(from) : piece;
  });
}

function ofRegex(
  type: ValueType,
  compute: (regex: Regex, text: string, at: number, run: Run) => Raw,
): FunctionForm {
  return {
    min: 2,
    max: 2,
    build: (call) => {
      const pattern = call.string(0);
      const text = call.string(1);
      const { compiler } = call;
      if (typeof pattern.constant === "string") {
        try {
          compiler.regex(pattern.constant, pattern.at);
        } catch (error) {
          if (!(error instanceof FilterError)) throw error;
          return call.compiler.refuse(error, pattern.at);
        }
      }
      return call.result(type, (row, run) => {
        const p = pattern.value(row, run);
        const t = text.value(row, run);
        if (p === null || t === null) return null;
        const source = asString(p);
        // A pattern that comes from a row is compiled anew for each.
        if (pattern.constant === undefined) run.spend(source.length + 1_000);
        return compute(compiler.regex(source, pattern.at), asString(t), pattern.at, run);
      });
    },
  };
}
