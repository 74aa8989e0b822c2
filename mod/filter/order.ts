/**
 * ORDER BY (section 5).
 *
 * @module
 */
import type { RowView, Steps } from "../core/mod.ts";
import type { Compiled } from "./compiled.ts";
import type { Run } from "./limits.ts";
import { compareValues } from "./compare.ts";
import { compareCodePoints, fold } from "./text.ts";
import { asString, RANK, type Raw, type Typed } from "./values.ts";

/** One term of ORDER BY, compiled. */
export interface SortTerm {
  /** The column. */
  readonly column: Compiled;
  /** Compare Strings as they are. */
  readonly exact: boolean;
  /** From the greatest to the least. */
  readonly descending: boolean;
}

/** Entries that are sorted, or whose keys are made, between two pauses. */
const RUN_LENGTH = 512;
/** Entries that are merged between two pauses. */
const MERGE_LENGTH = 4096;

type Comparer = (a: number, b: number) => number;

/** The indexes `selected` of `rows`, sorted; rows that are equal keep their order. */
export function* sortRowsSteps(
  selected: readonly number[],
  rows: RowView,
  terms: readonly SortTerm[],
  run: Run,
): Steps<number[]> {
  run.spend(selected.length * terms.length * 4);
  const compares: Comparer[] = [];
  for (const term of terms) compares.push(yield* comparerSteps(selected, rows, term, run));
  const [first, second] = compares;
  const order = yield* mergeSortSteps(
    selected.length,
    first && !second ? first : (a, b) => {
      for (const compare of compares) {
        const c = compare(a, b);
        if (c !== 0) return c;
      }
      return 0;
    },
  );
  return Array.from(order, (i) => selected[i]!);
}

/** The numbers from 0 to below `count` in order, a stable sort by merging. */
function* mergeSortSteps(count: number, compare: Comparer): Steps<Int32Array> {
  let from = Int32Array.from({ length: count }, (_, i) => i);
  for (let at = 0; at < count; at += RUN_LENGTH) {
    from.subarray(at, at + RUN_LENGTH).sort(compare);
    if (at + RUN_LENGTH < count) yield;
  }
  let to = new Int32Array(count > RUN_LENGTH ? count : 0);
  let merged = 0;
  for (let width = RUN_LENGTH; width < count; width *= 2) {
    for (let at = 0; at < count; at += 2 * width) {
      const middle = Math.min(at + width, count), end = Math.min(at + 2 * width, count);
      let left = at, right = middle;
      for (let k = at; k < end; k++) {
        const takeLeft = right >= end ||
          (left < middle && compare(from[left]!, from[right]!) <= 0);
        to[k] = takeLeft ? from[left++]! : from[right++]!;
        if (++merged % MERGE_LENGTH === 0) yield;
      }
    }
    [from, to] = [to, from];
  }
  return from;
}

/** Compares two entries of `selected` by one term; the keys are made once. */
function* comparerSteps(
  selected: readonly number[],
  rows: RowView,
  { column, exact, descending }: SortTerm,
  run: Run,
): Steps<Comparer> {
  const sign = descending ? -1 : 1;
  if (column.type === "String") {
    const keys: (string | null)[] = [];
    // Only where surrogates occur does the order of UTF-16 units differ from that of code points.
    let plain = true;
    for (const row of selected) {
      const value = column.value(rows.at(row)!, run);
      const key = value === null ? null : exact ? asString(value) : fold(asString(value));
      if (key !== null && /[\ud800-\udfff]/.test(key)) plain = false;
      if (keys.push(key) % RUN_LENGTH === 0) yield;
    }
    return (a, b) => {
      const x = keys[a]!;
      const y = keys[b]!;
      if (x === null || y === null) return x === y ? 0 : x === null ? -sign : sign;
      return sign * (plain ? (x < y ? -1 : x > y ? 1 : 0) : compareCodePoints(x, y));
    };
  }
  const keys: Typed[] = [];
  for (const row of selected) {
    if (keys.push(column.typed(rows.at(row)!, run)) % RUN_LENGTH === 0) yield;
  }
  return (a, b) => sign * compareTyped(keys[a]!, keys[b]!);
}

function compareTyped(x: Typed, y: Typed): number {
  if (x.value === null || y.value === null) {
    return x.value === y.value ? 0 : x.value === null ? -1 : 1;
  }
  // Only the cells of one Int64 column differ in type: what exceeds Int64 is a Double.
  if (x.type !== y.type) return RANK[x.type] - RANK[y.type];
  const nan = Number(isNaNValue(y.value)) - Number(isNaNValue(x.value));
  return nan !== 0 ? nan : compareValues(x.value, y.value, x.type, true) || 0;
}

function isNaNValue(value: Raw): boolean {
  return typeof value === "number" && Number.isNaN(value);
}
