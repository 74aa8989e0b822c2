/**
 * Numbers that JSON cannot hold.
 *
 * @module
 */

/** A number as JSON can hold it: special ones are the texts "NaN", "Infinity" and "-Infinity". */
export type JsonNumber = number | "NaN" | "Infinity" | "-Infinity";

/** A number as JSON can hold it. */
export function toJsonNumber(value: number): JsonNumber {
  if (Number.isNaN(value)) return "NaN";
  if (value === Infinity) return "Infinity";
  return value === -Infinity ? "-Infinity" : value;
}
