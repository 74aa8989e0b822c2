/**
 * The typed errors of the house: what was expected, what was found, and where.
 *
 * @module
 */

/** Where in the input a {@linkcode DecodeError} arose and what stood there. */
export interface DecodeErrorDetail {
  /** Offset in bytes from the start of the frame or message. */
  readonly offset?: number;
  /** The standard's name of the field, for example `FRAMESIZE`. */
  readonly field?: string;
  /** What was found there. */
  readonly value?: number | string;
}

/** Thrown by a codec for input that it cannot accept; counted by inputs, never the end of the process. */
export class DecodeError extends Error {
  /** The class, for logs and JSON. */
  override readonly name: string = "DecodeError";
  /** A short stable word for counters, for example `crc` or `truncated`. */
  readonly kind: string;
  /** Where it happened. */
  readonly detail: DecodeErrorDetail;

  /** Makes an error of `kind`, with a sentence for people and the place for machines. */
  constructor(kind: string, message: string, detail: DecodeErrorDetail = {}) {
    super(message);
    this.kind = kind;
    this.detail = detail;
  }
}

/** Thrown when a peer breaks the rules of a session; ends that session only. */
export class ProtocolError extends Error {
  /** The class, for logs and JSON. */
  override readonly name = "ProtocolError";
  /** A short stable word for counters, for example `oversize`. */
  readonly kind: string;

  /** Makes an error of `kind`, with a sentence for people. */
  constructor(kind: string, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** One thing that is wrong in a configuration text. */
export interface ConfigProblem {
  /** Line, from 1; 0 when the problem has no place in the text. */
  readonly line: number;
  /** Column, from 1; 0 when the problem has no place in the text. */
  readonly column: number;
  /** Dotted key, for example `output.main.listen`. */
  readonly key: string;
  /** What was expected and what was found. */
  readonly message: string;
}

/** Thrown when a configuration cannot be accepted; carries every problem that was found. */
export class ConfigError extends Error {
  /** The class, for logs and JSON. */
  override readonly name = "ConfigError";
  /** Every problem, in the order of the text. */
  readonly problems: readonly ConfigProblem[];

  /** Makes an error for the configuration called `source`. */
  constructor(source: string, problems: readonly ConfigProblem[]) {
    super(
      problems.map((p) =>
        `${source}${p.line > 0 ? `:${p.line}:${p.column}` : ""}: ${
          p.key ? `${p.key}: ` : ""
        }${p.message}`
      ).join("\n"),
    );
    this.problems = problems;
  }
}

/**
 * What went wrong, for a log or a peer: JavaScript throws anything, mostly an `Error`.
 *
 * ```ts
 * import assert from "node:assert/strict";
 * import { messageOf } from "./mod.ts";
 *
 * assert.equal(messageOf(new RangeError("No port 70000")), "No port 70000");
 * assert.equal(messageOf("closed"), "closed");
 * ```
 */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
