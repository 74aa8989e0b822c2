/**
 * What a vector runner is given and where it tells what came out; see main.ts.
 *
 * @module
 */
import { messageOf } from "../../mod/core/mod.ts";

/** One file of a vectors folder. */
export interface VectorFile {
  /** Name without folder. */
  readonly name: string;
  /** Content. */
  readonly bytes: Uint8Array;
  /** Content of a companion file in the same folder, or undefined when there is none. */
  sibling(name: string): Uint8Array | undefined;
}

/** Takes the outcome of every case. */
export interface Report {
  /** The case came out as the file says. */
  pass(testCase: string): void;
  /** It did not; `message` names the first difference. */
  fail(testCase: string, message: string): void;
}

/** What a runner module `tests/vectors/KIND.ts` exports as `run`. */
export type Run = (file: VectorFile, report: Report) => Promise<void> | void;

/** Collects outcomes, and prints each failure as `file: case: message`. */
export class Tally implements Report {
  /** Cases that came out as the files say. */
  passed = 0;
  /** Cases that did not. */
  failed = 0;
  /** Name of the file that is running, set by whoever runs it. */
  file = "";
  readonly #print: (line: string) => void;

  /** Prints failures with `print`. */
  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  /** Counts a case. */
  pass(_testCase: string): void {
    this.passed++;
  }

  /** Counts and prints a case. */
  fail(testCase: string, message: string): void {
    this.failed++;
    this.#print(`${this.file}: ${testCase}: ${message}`);
  }
}

/** Runs one file, and counts whatever the runner throws as a failure of the file. */
export async function runFile(run: Run, file: VectorFile, tally: Tally): Promise<void> {
  tally.file = file.name;
  const before = tally.passed + tally.failed;
  try {
    await run(file, tally);
    if (tally.passed + tally.failed === before) tally.fail("file", "holds no case");
  } catch (error) {
    tally.fail("file", messageOf(error));
  }
}

/**
 * The place and nature of the first difference between two JSON-like values, or undefined.
 *
 * `expected` rules: keys of `actual` that it lacks are not looked at. Numbers are compared with
 * `Object.is` after special numbers ("NaN", "Infinity", "-Infinity") have been read.
 */
export function firstDifference(
  actual: unknown,
  expected: unknown,
  path = "",
): string | undefined {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return `${path || "value"}: expected a list, found ${show(actual)}`;
    if (actual.length !== expected.length) {
      return `${path || "list"}: expected ${expected.length} entries, found ${actual.length}`;
    }
    for (let i = 0; i < expected.length; i++) {
      const found = firstDifference(actual[i], expected[i], `${path}[${i}]`);
      if (found) return found;
    }
    return undefined;
  }
  if (typeof expected === "object" && expected !== null) {
    if (typeof actual !== "object" || actual === null) {
      return `${path || "value"}: expected an object, found ${show(actual)}`;
    }
    for (const [key, value] of Object.entries(expected)) {
      // A plain object read by name: the value found is compared as unknown.
      const found = firstDifference(
        (actual as Record<string, unknown>)[key],
        value,
        path ? `${path}.${key}` : key,
      );
      if (found) return found;
    }
    return undefined;
  }
  const a = special(actual), e = special(expected);
  if (Object.is(a, e) || (a === 0 && e === 0)) return undefined;
  return `${path || "value"}: expected ${show(expected)}, found ${show(actual)}`;
}

/** A number that JSON cannot hold, from its text; anything else as it is. */
export function special(value: unknown): unknown {
  if (value === "NaN") return NaN;
  if (value === "Infinity") return Infinity;
  if (value === "-Infinity") return -Infinity;
  return value;
}

/** Bytes from lower- or upper-case hex. */
export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  if (hex.length % 2 !== 0 || /[^0-9a-f]/i.test(hex)) {
    throw new Error(`Cannot read hex: found ${hex.length} characters "${hex.slice(0, 20)}"`);
  }
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** Lower-case hex of bytes. */
export function toHex(bytes: Uint8Array): string {
  let hex = "";
  for (const b of bytes) hex += (b + 0x100).toString(16).slice(1);
  return hex;
}

/** Where two byte strings first differ, or undefined when they are equal. */
export function firstByteDifference(
  actual: Uint8Array,
  expected: Uint8Array,
): string | undefined {
  const n = Math.min(actual.length, expected.length);
  for (let i = 0; i < n; i++) {
    if (actual[i] !== expected[i]) {
      return `byte ${i}: expected ${toHex(expected.subarray(i, i + 8))}..., found ${
        toHex(actual.subarray(i, i + 8))
      }...`;
    }
  }
  if (actual.length === expected.length) return undefined;
  return `expected ${expected.length} bytes, found ${actual.length}`;
}

function show(value: unknown): string {
  if (typeof value === "number" || value === undefined) return String(value);
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 120)}...` : text;
}
