/**
 * The frames that the filter of an aligner keeps until a slot is over, and what it makes of them.
 *
 * @module
 */
import type { Frame, SignalType } from "../core/mod.ts";
import { MISSING_FLAGS, StateFlags } from "../core/mod.ts";
import { average, averageDegrees, majority } from "./filters.ts";
import { MAX_FILTER_DEPTH } from "./options.ts";

/** How values of a signal are filtered. */
export const FilterKind = {
  /** Arithmetic average. */
  Average: 0,
  /** Average that knows where degrees wrap. */
  Angle: 1,
  /** The most frequent. */
  Majority: 2,
  /** The most frequent, marked as modified. */
  Status: 3,
} as const;

/** How values of a type of signal are filtered: one of {@linkcode FilterKind}. */
export function filterKind(type: SignalType | undefined): number {
  switch (type) {
    case "VPHA":
    case "IPHA":
      return FilterKind.Angle;
    case "DIGI":
    case "QUAL":
      return FilterKind.Majority;
    case "FLAG":
      return FilterKind.Status;
    default:
      return FilterKind.Average;
  }
}

// The common status word (specs/c37118.md, section 11.1): STAT bit 9 and bit 21 say modified.
const MODIFIED_BITS = 0x200 | 0x200000;

/** Values and flags by slot of the ring, frame within the slot and position in the layout. */
export class FilterPlanes {
  /** Frames of one source that a slot keeps. */
  readonly depth: number;
  /** Values; NaN where none came. */
  readonly values: Float32Array;
  /** Flags of the values. */
  readonly flags: Uint32Array;
  readonly #kinds: Uint8Array;
  readonly #scratch = new Float64Array(MAX_FILTER_DEPTH);

  /** Makes room for `slots` slots of `depth` frames, at most `MAX_FILTER_DEPTH`; `kinds` are those of the positions. */
  constructor(slots: number, depth: number, kinds: Uint8Array) {
    this.depth = Math.min(MAX_FILTER_DEPTH, depth);
    this.#kinds = kinds;
    this.values = new Float32Array(slots * this.depth * kinds.length).fill(NaN);
    this.flags = new Uint32Array(slots * this.depth * kinds.length).fill(MISSING_FLAGS);
  }

  /** Index of a position of frame number `frame` of the slot at `at`. */
  indexOf(at: number, frame: number, position: number): number {
    return (at * this.depth + frame) * this.#kinds.length + position;
  }

  /** Makes one value of the first `frames` frames of a slot: bad values are left out while there are good ones. */
  filter(at: number, frames: number, position: number, target: Frame): void {
    const values = this.values, allFlags = this.flags;
    const first = this.indexOf(at, 0, position);
    const end = first + frames * this.#kinds.length;
    let came = 0, good = 0, anyFlags = 0;
    for (let i = first; i < end; i += this.#kinds.length) {
      const flags = allFlags[i]!, isNumber = values[i] === values[i];
      if (flags === MISSING_FLAGS && !isNumber) continue;
      came++;
      anyFlags |= flags;
      if (isNumber && (flags & StateFlags.BadData) === 0) good++;
    }
    if (came === 0) return;
    let used = 0, commonFlags = -1;
    for (let i = first; i < end; i += this.#kinds.length) {
      const flags = allFlags[i]!, value = values[i]!;
      if (value !== value || (good > 0 && (flags & StateFlags.BadData) !== 0)) continue;
      this.#scratch[used++] = value;
      commonFlags &= flags;
    }
    const kind = this.#kinds[position]!;
    let value = this.#filtered(kind, used);
    if (kind === FilterKind.Status && used > 1) value = withBits(value, MODIFIED_BITS);
    target.values[position] = value;
    const flags = good > 0 ? commonFlags : anyFlags;
    target.flags[position] = used > 1 ? flags | StateFlags.DownSampled : flags;
  }

  #filtered(kind: number, count: number): number {
    if (count === 1) return this.#scratch[0]!;
    if (kind === FilterKind.Average) return average(this.#scratch, count);
    if (kind === FilterKind.Angle) return averageDegrees(this.#scratch, count);
    return majority(this.#scratch, count);
  }

  /** Empties the slot at `at`. */
  clear(at: number): void {
    const start = this.indexOf(at, 0, 0), end = this.indexOf(at + 1, 0, 0);
    this.values.fill(NaN, start, end);
    this.flags.fill(MISSING_FLAGS, start, end);
  }

  /** Takes over a position of the slot at `at` from planes of another layout. */
  adopt(at: number, position: number, old: FilterPlanes, oldPosition: number): void {
    for (let k = 0; k < Math.min(this.depth, old.depth); k++) {
      const here = this.indexOf(at, k, position), there = old.indexOf(at, k, oldPosition);
      this.values[here] = old.values[there]!;
      this.flags[here] = old.flags[there]!;
    }
  }
}

/** A status word with bits set; NaN stays NaN. */
export function withBits(value: number, bits: number): number {
  return value === value ? ((value >>> 0) | bits) >>> 0 : value;
}
