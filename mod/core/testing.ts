/**
 * A log and a clock for the tests of all modules.
 *
 * @module
 */
import type { Clock, Log } from "./part.ts";

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

/** A clock that goes when it is told to, so that what is slow is not taken for what is silent. */
export class HandClock implements Clock {
  /** Milliseconds since the test began. */
  ms = 0;
  /** UTC at its beginning, in seconds since 1970. */
  readonly utc: number;

  /** Begins at `utc`. */
  constructor(utc = 1_700_000_000) {
    this.utc = utc;
  }

  /** See {@linkcode Clock}. */
  nowMicros(): number {
    return this.utc * 1e6 + this.ms * 1000;
  }

  /** See {@linkcode Clock}. */
  monotonicMs(): number {
    return this.ms;
  }
}
