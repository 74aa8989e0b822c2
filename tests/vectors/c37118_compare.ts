/**
 * The tolerances of the C37.118 vectors.
 *
 * @module
 */
import { firstByteDifference, special } from "./report.ts";

/** Compares engineering values to 1e-9 relative; returns the difference or undefined. */
export function compareValue(found: unknown, expected: unknown, path: string): string | undefined {
  const a = special(found), e = special(expected);
  if (Object.is(a, e)) return undefined;
  if (typeof a === "number" && typeof e === "number") {
    if (a === e || Math.abs(a - e) <= 1e-9 * Math.max(Math.abs(a), Math.abs(e))) return undefined;
  }
  return `${path}: expected ${e}, found ${a}`;
}

/** Compares degrees modulo 360 to 1e-9; returns the difference or undefined. */
export function compareAngle(found: unknown, expected: unknown, path: string): string | undefined {
  const a = special(found), e = special(expected);
  if (Object.is(a, e)) return undefined;
  if (typeof a === "number" && typeof e === "number") {
    const turn = Math.abs(a - e) % 360;
    if (Math.min(turn, 360 - turn) <= 1e-9) return undefined;
  }
  return `${path}: expected ${e} degrees, found ${a}`;
}

/** Compares encoded bytes; with a note that allows it, only their number. */
export function encodesTo(made: Uint8Array, hex: Uint8Array, note?: string): string | undefined {
  const difference = firstByteDifference(made, hex);
  if (difference === undefined) return undefined;
  if (note === undefined) return `encoded: ${difference}`;
  return made.length === hex.length ? undefined : `encoded: ${difference}`;
}
