/**
 * Text as the language sees it: code points, folding by upper-casing, searching (sections 8.3 and 10).
 *
 * @module
 */

/** Text folded for comparison without regard to case. */
export function fold(text: string): string {
  return text.toUpperCase();
}

/** Compares by code point, after folding unless `exact`. */
export function compareText(a: string, b: string, exact: boolean): number {
  if (a === b) return 0;
  return exact ? compareCodePoints(a, b) : compareCodePoints(fold(a), fold(b));
}

/** Compares by code point; UTF-16 order differs where surrogates meet U+E000 to U+FFFF. */
export function compareCodePoints(a: string, b: string): number {
  if (a === b) return 0;
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) {
      const xs = x >= 0xd800 && x <= 0xdfff;
      const ys = y >= 0xd800 && y <= 0xdfff;
      if (xs !== ys) return xs ? (y >= 0xe000 ? 1 : x - y) : (x >= 0xe000 ? -1 : x - y);
      return x - y;
    }
  }
  return a.length - b.length;
}

/** Number of code points in the first `end` UTF-16 units. */
export function codePoints(text: string, end = text.length): number {
  let n = end;
  for (let i = 0; i + 1 < end; i++) {
    if (isPair(text, i)) {
      n--;
      i++;
    }
  }
  return n;
}

/** UTF-16 offset of the code point with index `index`; the length of the text when it is past the end. */
export function offsetOf(text: string, index: number, from = 0): number {
  let at = from;
  for (let i = 0; i < index && at < text.length; i++) at += isPair(text, at) ? 2 : 1;
  return at;
}

/** Code points in reverse order. */
export function reversed(text: string): string {
  return Array.from(text).reverse().join("");
}

/** Unicode white space at the start, at the end or both taken away. */
export function trimmed(text: string, start: boolean, end: boolean): string {
  // U+FEFF is trimmed by JavaScript and is not White_Space; U+0085 is, and is not trimmed.
  let from = 0;
  let to = text.length;
  if (start) { while (from < to && isSpace(text.charCodeAt(from))) from++; }
  if (end) { while (to > from && isSpace(text.charCodeAt(to - 1))) to--; }
  return text.slice(from, to);
}

/** Finds a text in another, with or without regard to case; offsets are those of the source. */
export class Finder {
  /** The text that is searched. */
  readonly source: string;
  readonly #haystack: string;
  readonly #needle: string;
  // Offset in the source of each unit of the folded text; -1 within a code point. Only when folding
  // changed lengths.
  readonly #offsets: Int32Array | undefined;

  /** Prepares to find `test` in `source`. */
  constructor(source: string, test: string, ignoreCase: boolean) {
    this.source = source;
    this.#haystack = ignoreCase ? fold(source) : source;
    this.#needle = ignoreCase ? fold(test) : test;
    if (this.#haystack.length !== source.length) {
      const offsets = new Int32Array(this.#haystack.length + 1).fill(-1);
      let folded = "";
      let at = 0;
      let unit = 0;
      const pieces: string[] = [];
      for (const c of source) {
        folded = fold(c);
        pieces.push(folded);
        offsets[unit] = at;
        unit += folded.length;
        at += c.length;
      }
      if (unit <= this.#haystack.length) offsets[unit] = at;
      this.#haystack = pieces.join("");
      this.#offsets = offsets;
    }
  }

  /** Calls `found` with start and end of each occurrence in order until it returns false. */
  each(overlap: boolean, found: (start: number, end: number) => boolean): void {
    const size = this.#needle.length;
    // An empty text is everywhere; callers have their own answers for it.
    if (size === 0) return;
    let from = 0;
    for (;;) {
      const at = this.#haystack.indexOf(this.#needle, from);
      if (at < 0) return;
      const start = this.#offsets ? this.#offsets[at]! : at;
      const end = this.#offsets ? this.#offsets[at + size]! : at + size;
      if (start < 0 || end < 0 || splitsPair(this.source, start) || splitsPair(this.source, end)) {
        from = at + 1;
        continue;
      }
      if (!found(start, end)) return;
      from = overlap ? at + 1 : at + size;
    }
  }
}

function isPair(text: string, i: number): boolean {
  const high = text.charCodeAt(i);
  if (high < 0xd800 || high > 0xdbff) return false;
  const low = text.charCodeAt(i + 1);
  return low >= 0xdc00 && low <= 0xdfff;
}

function splitsPair(text: string, at: number): boolean {
  return at > 0 && isPair(text, at - 1);
}

function isSpace(unit: number): boolean {
  return unit === 32 || (unit >= 9 && unit <= 13) || unit === 0x85 || unit === 0xa0 ||
    unit === 0x1680 || (unit >= 0x2000 && unit <= 0x200a) || unit === 0x2028 || unit === 0x2029 ||
    unit === 0x202f || unit === 0x205f || unit === 0x3000;
}
