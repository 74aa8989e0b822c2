/**
 * The log of the process: LogTape behind the house's small interface.
 *
 * @module
 */
import {
  configure,
  getConsoleSink,
  getLogger,
  getTextFormatter,
  type LogLevel,
  type LogRecord,
} from "@logtape/logtape";
import type { Log } from "../core/mod.ts";
import { withoutTokens } from "../identity/mod.ts";

/** Levels by name, from talkative to quiet. */
export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;

/** Sends everything at or above `level` to standard error, one line each, with UTC time. */
export async function configureLog(level: LogLevel): Promise<void> {
  const format = getTextFormatter({ timestamp: "rfc3339", category: "." });
  const encoder = new TextEncoder();
  await configure({
    reset: true,
    sinks: {
      // Standard output belongs to commands that print data.
      stderr: (record) => void Deno.stderr.writeSync(encoder.encode(format(record))),
      kept: keepLogRecord,
      meta: getConsoleSink({ formatter: format }),
    },
    loggers: [
      { category: "tieline", lowestLevel: level, sinks: ["stderr", "kept"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["meta"] },
    ],
  });
}

/** One line of the log that is kept in memory. */
export interface KeptLine {
  /** Number, from 1 upwards. */
  readonly number: number;
  /** When: milliseconds since 1970. */
  readonly timeMs: number;
  /** `debug`, `info`, `warning` or `error`. */
  readonly level: string;
  /** Who wrote it, for example `input.shelby`. */
  readonly from: string;
  /** The sentence. */
  readonly text: string;
}

/** Lines that are kept. */
const KEPT_LINES = 2000;
const MAX_LINE = 4096;

class KeptLines {
  readonly #lines: KeptLine[] = [];
  #next = 1;

  add(level: string, category: readonly string[], timeMs: number, text: string): void {
    const from = category.slice(1).join(".");
    this.#lines.push({ number: this.#next++, timeMs, level, from, text: text.slice(0, MAX_LINE) });
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
  }

  after(number: number): KeptLine[] {
    // A number that was not given yet is one of an earlier run: whoever follows the log begins anew.
    if (number >= this.#next) return [...this.#lines];
    const first = this.#lines[0]?.number ?? 0;
    return this.#lines.slice(Math.max(0, number + 1 - first));
  }
}

const KEPT = new KeptLines();

/** Keeps a record among the lines that the API shows: a sink of LogTape. */
export function keepLogRecord(record: LogRecord): void {
  KEPT.add(record.level, record.category, record.timestamp, textOf(record));
}

/** The lines of this process's log with a number above `number`, oldest first; the last 2,000 are kept. */
export function keptLogLines(number: number): KeptLine[] {
  return KEPT.after(number);
}

function textOf({ properties, message }: LogRecord): string {
  const { text } = properties;
  return text instanceof Plain ? text.text : message.map(String).join("");
}

/** The log of one part. */
export function logFor(...category: string[]): Log {
  const logger = getLogger(["tieline", ...category]);
  // The text goes in as a property: braces from the wire must not be taken for placeholders.
  return {
    debug: (text, properties) => logger.debug("{text}", { ...properties, text: plain(text) }),
    info: (text, properties) => logger.info("{text}", { ...properties, text: plain(text) }),
    warn: (text, properties) => logger.warn("{text}", { ...properties, text: plain(text) }),
    error: (text, properties) => logger.error("{text}", { ...properties, text: plain(text) }),
  };
}

/** Tokens have no business in a log, wherever they came from. */
function plain(text: string): Plain {
  return new Plain(withoutTokens(text));
}

/** A text that the formatter prints without quotation marks. */
class Plain {
  constructor(readonly text: string) {}
  [Symbol.for("Deno.customInspect")](): string {
    return this.text;
  }
}
