/**
 * A log for the tests of all modules.
 *
 * @module
 */
import type { Log } from "./part.ts";

/** A log that remembers its lines, each with its level in front. */
export class MemoryLog implements Log {
  /** The lines. */
  readonly lines: string[] = [];
  /** See {@linkcode Log}. */
  debug = (message: string): void => void this.lines.push(`debug ${message}`);
  /** See {@linkcode Log}. */
  info = (message: string): void => void this.lines.push(`info ${message}`);
  /** See {@linkcode Log}. */
  warn = (message: string): void => void this.lines.push(`warn ${message}`);
  /** See {@linkcode Log}. */
  error = (message: string): void => void this.lines.push(`error ${message}`);

  /** Lines that contain `text`. */
  with(text: string): string[] {
    return this.lines.filter((line) => line.includes(text));
  }
}
