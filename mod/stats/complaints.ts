/**
 * Complaints: an error is logged when it first comes, then counted and summed up, not logged per packet.
 *
 * @module
 */
import type { Log } from "../core/mod.ts";

/** How a {@linkcode Complaints} limits itself. */
export interface ComplaintsOptions {
  /** Least time between two log lines on one kind, in milliseconds; default one minute. */
  readonly everyMs?: number;
  /** Most kinds that are told apart; further ones share the kind `other`. Default 64. */
  readonly maxKinds?: number;
}

/** How serious a complaint is. */
export type ComplaintLevel = "warn" | "error";

const OTHER = "other";

/** Logs the first complaint of each kind at once and the repeats as a number, at most once per `everyMs`. */
export class Complaints {
  readonly #log: Log;
  readonly #everyMs: number;
  readonly #maxKinds: number;
  readonly #kinds = new Map<string, Kind>();

  /** Writes to `log`. */
  constructor(log: Log, options: ComplaintsOptions = {}) {
    this.#log = log;
    this.#everyMs = options.everyMs ?? 60_000;
    this.#maxKinds = options.maxKinds ?? 64;
  }

  /**
   * Counts a complaint of `kind` (a short stable word) and logs it if it is the first for a while, with the number of
   * those in between.
   *
   * `monotonicMs` is the time that never steps.
   */
  note(kind: string, message: string, monotonicMs: number, level: ComplaintLevel = "warn"): void {
    const name = this.#kinds.has(kind) || this.#kinds.size < this.#maxKinds ? kind : OTHER;
    let entry = this.#kinds.get(name);
    if (!entry) {
      entry = { total: 0, repeats: 0, sinceMs: 0, told: false, message, level };
      this.#kinds.set(name, entry);
    }
    entry.total++;
    entry.message = message;
    entry.level = level;
    if (entry.told) {
      entry.repeats++;
      this.#sumUp(name, entry, monotonicMs);
      return;
    }
    entry.told = true;
    entry.sinceMs = monotonicMs;
    this.#log[level](message, { kind });
  }

  /**
   * Logs what was repeated since the last line on its kind, where that is `everyMs` ago; call it every few seconds,
   * so that the last repeats are told though none follows.
   *
   * A kind that was quiet for that long is told at once when it comes again.
   */
  flush(monotonicMs: number): void {
    for (const [kind, entry] of this.#kinds) this.#sumUp(kind, entry, monotonicMs);
  }

  #sumUp(kind: string, entry: Kind, monotonicMs: number): void {
    if (!entry.told || monotonicMs - entry.sinceMs < this.#everyMs) return;
    if (entry.repeats === 0) {
      entry.told = false;
      return;
    }
    const seconds = Math.round((monotonicMs - entry.sinceMs) / 1000);
    const times = entry.repeats === 1 ? "once" : `${entry.repeats.toLocaleString("en-US")} times`;
    this.#log[entry.level](`${entry.message} (again ${times} in ${seconds} s)`, {
      kind,
      repeats: entry.repeats,
    });
    entry.repeats = 0;
    entry.sinceMs = monotonicMs;
  }

  /** How often each kind was noted since the start. */
  totals(): Record<string, number> {
    const all: Record<string, number> = {};
    for (const [kind, entry] of this.#kinds) all[kind] = entry.total;
    return all;
  }
}

interface Kind {
  total: number;
  repeats: number;
  sinceMs: number;
  told: boolean;
  message: string;
  level: ComplaintLevel;
}
