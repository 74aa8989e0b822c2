/**
 * Where two values of one shape differ.
 *
 * @module
 */
import type { PathKey } from "./toml.ts";
import { isRecord } from "./walk.ts";

/**
 * The paths at which `before` and `after` differ, tables by key and everything else as a whole.
 *
 * A key that is `undefined` on one side counts as absent. An array that differs in anything is one
 * path: its entries have no names.
 */
export function differences(before: unknown, after: unknown): PathKey[][] {
  const found: PathKey[][] = [];
  compare(before, after, [], found);
  return found;
}

function compare(a: unknown, b: unknown, path: PathKey[], found: PathKey[][]): void {
  if (Object.is(a, b)) return;
  if (isTable(a) && isTable(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      compare(own(a, key), own(b, key), [...path, key], found);
    }
    return;
  }
  if (a instanceof Date && b instanceof Date && a.getTime() === b.getTime()) return;
  if (Array.isArray(a) && Array.isArray(b) && a.length === b.length) {
    const inside: PathKey[][] = [];
    a.forEach((value, i) => compare(value, b[i], [], inside));
    if (inside.length === 0) return;
  }
  found.push(path);
}

function own(table: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && !Array.isArray(value) && !(value instanceof Date);
}
