/**
 * Simple8b: columns of numbers below 2^32 in 64-bit words, big-endian (specs/slipstream.md 5.2).
 *
 * A word has a selector in its upper four bits and a payload of 60 bits, first number lowest. Words
 * are handled as two 32-bit halves.
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";

/** Numbers in a word, by selector. */
const COUNT = Int32Array.of(240, 120, 60, 30, 20, 15, 12, 10, 8, 7, 6, 5, 4, 3, 2, 1);
/** Bits of each of them. */
const BITS = Int32Array.of(0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 30, 60);
/** Largest number that has a place, up to 32 bits. */
const LIMIT = Uint32Array.from(BITS, (bits) => bits < 32 ? 2 ** bits - 1 : 0xffffffff);
/** Numbers that lie in the lower half alone. */
const IN_LOWER = BITS.map((bits) => bits === 0 ? 0 : Math.floor(32 / bits));
/** Bits of a number that is spread over both halves which lie in the lower one; 0 if there is none. */
const SPREAD_LOWER = BITS.map((bits) => bits === 0 ? 0 : 32 % bits);
const RUN_240 = 0;
const RUN_120 = 1;
const FIRST_PACKED = 2;
const SINGLE = 15;
/** Selector of four numbers a word. */
const FOUR = 12;
/** Lowest selector whose numbers are wide enough, by bits of a number. */
const SELECTOR_FOR = Int32Array.from({ length: 33 }, (_, width) => {
  let selector = FIRST_PACKED;
  while (BITS[selector]! < width) selector++;
  return selector;
});
/** Lowest selector that takes no more numbers than there are, by numbers up to 60. */
const SELECTOR_LEFT = Int32Array.from({ length: 61 }, (_, left) => {
  let selector = FIRST_PACKED;
  while (selector < SINGLE && COUNT[selector]! > left) selector++;
  return selector;
});

/**
 * Writes the first `n` numbers of a column at `at` of `out` and returns where it ends; there must be room for 8 n bytes.
 *
 * Each word takes the lowest selector that its numbers fit, so the bytes are those of the reference.
 */
export function packColumn(
  column: Uint32Array,
  n: number,
  out: DataView,
  at: number,
): number {
  const onesFrom = startOfOnes(column, n);
  let k = 0;
  while (k < n) {
    const left = n - k;
    let lo = 0, hi = 0;
    if (k >= onesFrom && left >= 120) {
      // The reference takes runs only where everything to the end of the column is 1.
      const selector = left >= 240 ? RUN_240 : RUN_120;
      hi = selector << 28;
      k += COUNT[selector]!;
    } else {
      const selector = selectorAt(column, k, left);
      hi = selector << 28;
      if (selector === SINGLE) {
        lo = column[k++]!;
      } else {
        const bits = BITS[selector]!, spread = SPREAD_LOWER[selector]!;
        const end = k + COUNT[selector]!, lowerEnd = k + IN_LOWER[selector]!;
        let shift = 0;
        for (; k < lowerEnd; k++, shift += bits) lo |= column[k]! << shift;
        shift = 0;
        if (spread !== 0) {
          const value = column[k++]!;
          lo |= value << (32 - spread);
          hi |= value >>> spread;
          shift = bits - spread;
        }
        for (; k < end; k++, shift += bits) hi |= column[k]! << shift;
      }
    }
    out.setInt32(at, hi);
    out.setInt32(at + 4, lo);
    at += 8;
  }
  return at;
}

/**
 * Reads a column of `n` numbers from `at` of `bytes` into `column` (their 32 bits) and returns where it ends.
 *
 * Throws a DecodeError for a word past `end`, one with more numbers than are left, or a number of 2^32 and more.
 */
export function unpackColumn(
  bytes: Uint8Array,
  at: number,
  end: number,
  column: Int32Array,
  n: number,
): number {
  let k = 0;
  while (k < n) {
    if (at + 8 > end) throw truncated(at, end);
    const hi = bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!;
    const lo = bytes[at + 4]! << 24 | bytes[at + 5]! << 16 | bytes[at + 6]! << 8 | bytes[at + 7]!;
    const selector = hi >>> 28;
    const wordEnd = k + COUNT[selector]!;
    if (wordEnd > n) throw overshoot(at, wordEnd, n);
    if (selector === SINGLE) {
      if ((hi & 0x0fffffff) !== 0) throw tooLarge(at);
      column[k++] = lo;
    } else if (selector < FIRST_PACKED) {
      column.fill(1, k, wordEnd);
      k = wordEnd;
    } else {
      const bits = BITS[selector]!, spread = SPREAD_LOWER[selector]!;
      const mask = (1 << bits) - 1;
      const lowerEnd = k + IN_LOWER[selector]!;
      let rest = lo;
      for (; k < lowerEnd; k++, rest >>>= bits) column[k] = rest & mask;
      rest = hi & 0x0fffffff;
      if (spread !== 0) {
        // What is left of the lower half has been shifted down already.
        column[k++] = (lo >>> (32 - spread) | rest << spread) & mask;
        rest >>>= bits - spread;
      }
      for (; k < wordEnd; k++, rest >>>= bits) column[k] = rest & mask;
    }
    at += 8;
  }
  return at;
}

/** Where the ones begin that go to the end of the column; they matter only from 120 on. */
function startOfOnes(column: Uint32Array, n: number): number {
  let k = n;
  while (k > 0 && column[k - 1] === 1) k--;
  return k;
}

/** The lowest packed selector that the numbers from `k` on fit, of which there are `left`. */
function selectorAt(column: Uint32Array, k: number, left: number): number {
  let selector = SELECTOR_LEFT[left < 60 ? left : 60]!;
  let i = k;
  if (selector < FOUR) {
    // Four numbers at once find the place to begin: a lower selector takes all of them, and is too narrow for one.
    const four = column[k]! | column[k + 1]! | column[k + 2]! | column[k + 3]!;
    const byWidth = SELECTOR_FOR[32 - Math.clz32(four)]!;
    if (byWidth >= FOUR) selector = FOUR;
    else {
      if (byWidth > selector) selector = byWidth;
      i += 4;
    }
  }
  let end = k + COUNT[selector]!, limit = LIMIT[selector]!;
  // A wider selector takes fewer numbers, so one that fits is followed by ones that fit: step up only when needed.
  for (; i < end; i++) {
    const value = column[i]!;
    while (value > limit && i < end) {
      selector++;
      end = k + COUNT[selector]!;
      limit = LIMIT[selector]!;
    }
  }
  return selector;
}

function truncated(at: number, end: number): DecodeError {
  return new DecodeError(
    "truncated",
    `Cannot read values: expected a word of 8 bytes at offset ${at}, found ${end - at}`,
    { offset: at, field: "values" },
  );
}

function overshoot(at: number, found: number, expected: number): DecodeError {
  return new DecodeError(
    "values",
    `Cannot read values: expected ${expected} numbers in a column, found ${found} with the word at offset ${at}`,
    { offset: at, field: "values", value: found },
  );
}

function tooLarge(at: number): DecodeError {
  return new DecodeError(
    "values",
    `Cannot read values: expected numbers of at most 32 bits, found more in the word at offset ${at}`,
    { offset: at, field: "values" },
  );
}
