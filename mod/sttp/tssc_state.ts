/**
 * State that a TSSC encoder and its decoder keep alike (specs/sttp.md 9.3 and 9.7).
 *
 * Everything lives in flat typed arrays; 64-bit times are two 32-bit halves with wrapping arithmetic.
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";

/** Codes with a meaning of their own (9.4); the others are counted from these. */
export const TsscCode = {
  /** End of stream. */
  End: 0,
  /** Time is T1 + D1; 9 to 11 are D2 to D4. */
  TimeForward: 8,
  /** Time is T1 - D1; 13 to 15 are D2 to D4. */
  TimeBackward: 12,
  /** Time is T2. */
  TimeBefore: 16,
  /** Time is T1 XOR a varint. */
  TimeXor: 17,
  /** Flags are the ones before. */
  FlagsBefore: 18,
  /** New flags. */
  FlagsNew: 19,
  /** Value is V1. */
  Value1: 20,
  /** Value is V2. */
  Value2: 21,
  /** Value is V3. */
  Value3: 22,
  /** Value is zero. */
  ValueZero: 23,
} as const;

/** Version byte in front of every block (9.1). */
export const TSSC_VERSION = 85;
/** Bytes before the block: version and sequence number. */
export const TSSC_HEADER_SIZE = 3;

/** Words per point in {@linkcode TsscPoints.words}. */
export const POINT_WORDS = 8;
/** Word: id that followed last time. */
export const NEXT_ID = 0;
/** Word: last flags. */
export const FLAGS_1 = 1;
/** Word: flags before the last. */
export const FLAGS_2 = 2;
/** Word: last distinct value. */
export const VALUE_1 = 3;
/** Word: distinct value before. */
export const VALUE_2 = 4;
/** Word: distinct value before that. */
export const VALUE_3 = 5;
/**
 * Word: how codes are written. Short codes A, B, C in 6 bits each from bit 0 (63 is none), mode in 3
 * bits from 18, stage in 2 bits from 21, and the codes left until the next adaptation from bit 23.
 */
export const CONTROL = 6;
/** Word: its own id. */
export const POINT_ID = 7;

/** One code left until adaptation, in the place where the control word counts them. */
export const ONE_LEFT = 1 << 23;
/** Number of codes. */
export const CODES = 32;

const NONE = 63;
const LEFT_BY_STAGE: readonly number[] = [6, 21, 101];
const INITIAL_CONTROL = control(4, 20, 21, 22, 0);
/** Ids below this are found through an array, others through a map. */
const DENSE_IDS = 1 << 18;

/** The states of all points, found by id. Point 0 is the anonymous first `last`. */
export class TsscPoints {
  /** {@linkcode POINT_WORDS} words per point. */
  words: Int32Array = new Int32Array(64 * POINT_WORDS);
  /** {@linkcode CODES} counters per point. */
  counts: Uint8Array = new Uint8Array(64 * CODES);
  /** Point by id for ids below its length; 0 where there is none yet. */
  dense: Int32Array = new Int32Array(256);
  readonly #limit: number;
  #size = 1;
  readonly #sparse = new Map<number, number>();

  /** Holds at most `limit` points. */
  constructor(limit = Infinity) {
    this.#limit = limit;
    this.words[CONTROL] = INITIAL_CONTROL;
  }

  /** Forgets all points. */
  clear(): void {
    const { words } = this;
    for (let point = 1; point < this.#size; point++) {
      const id = words[point * POINT_WORDS + POINT_ID]!;
      if (id >= 0 && id < this.dense.length) this.dense[id] = 0;
    }
    this.#sparse.clear();
    words.fill(0, 0, this.#size * POINT_WORDS);
    this.counts.fill(0, 0, this.#size * CODES);
    words[CONTROL] = INITIAL_CONTROL;
    this.#size = 1;
  }

  /** The point of `id`, made if there is none; may replace `words`, `counts` and `dense`. */
  of(id: number): number {
    if (id >= 0 && id < this.dense.length) {
      const point = this.dense[id]!;
      if (point !== 0) return point;
    }
    return this.#find(id);
  }

  #find(id: number): number {
    if (id >= 0 && id < DENSE_IDS) {
      if (id >= this.dense.length) {
        const grown = new Int32Array(Math.min(DENSE_IDS, Math.max(id + 1, this.dense.length * 2)));
        grown.set(this.dense);
        this.dense = grown;
      }
      return this.dense[id] = this.#make(id);
    }
    let point = this.#sparse.get(id);
    if (point === undefined) {
      point = this.#make(id);
      this.#sparse.set(id, point);
    }
    return point;
  }

  #make(id: number): number {
    const point = this.#size;
    if (point > this.#limit) {
      throw new DecodeError(
        "points",
        `Cannot take more signals in a TSSC stream: expected at most ${this.#limit}, found ID ${id}`,
        { field: "id", value: id },
      );
    }
    this.#size++;
    if (point * POINT_WORDS >= this.words.length) {
      const words = new Int32Array(this.words.length * 2);
      words.set(this.words);
      this.words = words;
      const counts = new Uint8Array(this.counts.length * 2);
      counts.set(this.counts);
      this.counts = counts;
    }
    const at = point * POINT_WORDS;
    this.words[at + NEXT_ID] = id + 1;
    this.words[at + CONTROL] = INITIAL_CONTROL;
    this.words[at + POINT_ID] = id;
    return point;
  }
}

/** The adaptation of 9.7: clears the counters at `at` and returns the new control word. */
export function adapt(counts: Uint8Array, at: number, before: number): number {
  let c1 = 0, n1 = 0, c2 = 1, n2 = 0, c3 = 2, n3 = 0, total = 0;
  for (let i = 0; i < CODES; i++) {
    const k = counts[at + i]!;
    if (k === 0) continue;
    counts[at + i] = 0;
    total += k;
    if (k <= n3) continue;
    if (k > n1) {
      c3 = c2;
      n3 = n2;
      c2 = c1;
      n2 = n1;
      c1 = i;
      n1 = k;
    } else if (k > n2) {
      c3 = c2;
      n3 = n2;
      c2 = i;
      n2 = k;
    } else {
      c3 = i;
      n3 = k;
    }
  }
  const s1 = 5 * total;
  const s2 = n1 + 6 * (total - n1);
  const s3 = n1 + 2 * n2 + 7 * (total - n1 - n2);
  const s4 = n1 + 2 * n2 + 3 * n3 + 8 * (total - n1 - n2 - n3);
  const least = Math.min(s1, s2, s3, s4);
  const stage = Math.min(((before >>> 21) & 3) + 1, 2);
  if (s1 === least) return control(1, NONE, NONE, NONE, stage);
  if (s2 === least) return control(2, c1, NONE, NONE, stage);
  if (s3 === least) return control(3, c1, c2, NONE, stage);
  return control(4, c1, c2, c3, stage);
}

function control(mode: number, a: number, b: number, c: number, stage: number): number {
  return a | (b << 6) | (c << 12) | (mode << 18) | (stage << 21) | (LEFT_BY_STAGE[stage]! << 23);
}

/** T1, T2 and D1 to D4 of a stream (9.3). */
export class TsscTime {
  /** Upper half of T1, signed. */
  hi = 0;
  /** Lower half of T1, signed. */
  lo = 0;
  // T2, D1, D2, D3, D4: upper halves and lower halves.
  readonly #hi = new Int32Array(5);
  readonly #lo = new Int32Array(5);

  /** Starts fresh. */
  constructor() {
    this.clear();
  }

  /** Starts fresh. */
  clear(): void {
    this.hi = 0;
    this.lo = 0;
    this.#hi.fill(0x7fffffff);
    this.#lo.fill(-1);
    this.#hi[0] = 0;
    this.#lo[0] = 0;
  }

  /** The code of a time other than T1 (9.8 step 4); halves are signed. */
  codeOf(hi: number, lo: number): number {
    const his = this.#hi, los = this.#lo;
    if (hi === his[0] && lo === los[0]) return TsscCode.TimeBefore;
    const forward = hi > this.hi || (hi === this.hi && (lo >>> 0) > (this.lo >>> 0));
    // T1 + D = t just if t - T1 = D, and T1 - D = t just if T1 - t = D, wrapping.
    const dLo = forward ? (lo - this.lo) | 0 : (this.lo - lo) | 0;
    const borrow = forward
      ? ((lo >>> 0) < (this.lo >>> 0) ? 1 : 0)
      : ((this.lo >>> 0) < (lo >>> 0) ? 1 : 0);
    const dHi = forward ? (hi - this.hi - borrow) | 0 : (this.hi - hi - borrow) | 0;
    const first = forward ? TsscCode.TimeForward : TsscCode.TimeBackward;
    for (let i = 1; i <= 4; i++) {
      if (dLo === los[i] && dHi === his[i]) return first + i - 1;
    }
    return TsscCode.TimeXor;
  }

  /** Makes the time of a code 8 to 16 the current one. */
  take(code: number): void {
    let hi = this.#hi[0]!, lo = this.#lo[0]!;
    if (code < TsscCode.TimeBackward) {
      const i = code - TsscCode.TimeForward + 1;
      const sum = (this.lo >>> 0) + (this.#lo[i]! >>> 0);
      lo = sum | 0;
      hi = (this.hi + this.#hi[i]! + (sum > 0xffffffff ? 1 : 0)) | 0;
    } else if (code < TsscCode.TimeBefore) {
      const i = code - TsscCode.TimeBackward + 1;
      const difference = (this.lo >>> 0) - (this.#lo[i]! >>> 0);
      lo = difference | 0;
      hi = (this.hi - this.#hi[i]! - (difference < 0 ? 1 : 0)) | 0;
    }
    this.advance(hi, lo);
  }

  /** Makes a time other than T1 the current one, and learns the step; halves are signed. */
  advance(hi: number, lo: number): void {
    const his = this.#hi, los = this.#lo;
    const difference = (this.lo >>> 0) - (lo >>> 0);
    let dLo = difference | 0;
    let dHi = (this.hi - hi - (difference < 0 ? 1 : 0)) | 0;
    if (dHi < 0) {
      dHi = dLo === 0 ? (-dHi) | 0 : ~dHi;
      dLo = (-dLo) | 0;
    }
    this.#learn(dHi, dLo);
    his[0] = this.hi;
    los[0] = this.lo;
    this.hi = hi;
    this.lo = lo;
  }

  #learn(hi: number, lo: number): void {
    const his = this.#hi, los = this.#lo;
    let place = 5;
    for (let i = 4; i >= 1; i--) {
      const h = his[i]!, l = los[i]!;
      if (hi === h && lo === l && i < 4) return;
      if (hi < h || (hi === h && (lo >>> 0) < (l >>> 0))) place = i;
    }
    if (place > 4) return;
    for (let i = 4; i > place; i--) {
      his[i] = his[i - 1]!;
      los[i] = los[i - 1]!;
    }
    his[place] = hi;
    los[place] = lo;
  }
}
