/**
 * What the runners of STTP vectors share.
 *
 * @module
 */
import { messageOf } from "../../mod/core/mod.ts";
import { firstDifference, type Report } from "./report.ts";

/** One line of `measurements`: id, ticks, state flags, bits of the value as hex. */
export type MeasurementRow = readonly [number, string, number, string];

/** Halves of a 64-bit number given as decimal text, signed or unsigned. */
export function halves(text: string): { hi: number; lo: number } {
  const value = BigInt.asUintN(64, BigInt(text));
  return { hi: Number(value >> 32n), lo: Number(value & 0xffffffffn) };
}

/** The unsigned 64-bit number of two halves. */
export function joined(hi: number, lo: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}

/** Runs one case: it fails with the text that `test` returns or throws. */
export function check(name: string, report: Report, test: () => string | undefined): void {
  let message: string | undefined;
  try {
    message = test();
  } catch (error) {
    message = messageOf(error);
  }
  if (message === undefined) report.pass(name);
  else report.fail(name, message);
}

/** The first difference of two values, both ways. */
export function difference(actual: unknown, expected: unknown): string | undefined {
  return firstDifference(actual, expected) ?? firstDifference(expected, actual);
}

/** A list member of a vector file. */
export function listOf<T>(content: Record<string, unknown>, key: string): readonly T[] {
  const list = content[key];
  if (!Array.isArray(list)) throw new Error(`expected a list "${key}"`);
  // The shapes are those of the README; a wrong one shows as a failed comparison.
  return list as T[];
}
