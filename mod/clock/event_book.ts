/**
 * What happened to the clock: the last events, how many of each kind, and lines of the log, all of it bounded.
 *
 * @module
 */
import type { Log } from "../core/mod.ts";
import type { ClockEvent } from "./state_machine.ts";

/** Events that are kept. */
const MAX_EVENTS = 200;
/** Those of the network among them, which anybody on it can bring forth. */
const MAX_NETWORK_EVENTS = 100;
/** Lines of the log for one kind of events in a minute. */
const MAX_LINES = 20;
const MINUTE_MS = 60_000;

/** Keeps events, and logs them. */
export class EventBook {
  /** Events by kind. */
  readonly counts: Record<string, number> = {};
  readonly #log: Log;
  readonly #events: ClockEvent[] = [];
  readonly #lines = new Map<ClockEvent["kind"], { sinceMs: number; count: number }>();

  /** Writes to `log`. */
  constructor(log: Log) {
    this.#log = log;
  }

  /** The last events, the newest last. */
  all(): ClockEvent[] {
    return [...this.#events];
  }

  /** Takes an event at monotonic milliseconds `ms`; `isBad` if an operator is to be warned. */
  note(event: ClockEvent, isBad: boolean, ms: number): void {
    const { kind } = event;
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    this.#events.push(event);
    const isFull = kind === "network" &&
      this.#events.filter((e) => e.kind === kind).length > MAX_NETWORK_EVENTS;
    if (isFull) this.#events.splice(this.#events.findIndex((e) => e.kind === kind), 1);
    if (this.#events.length > MAX_EVENTS) this.#events.shift();
    this.#tell(event, isBad, ms);
  }

  #tell({ kind, text }: ClockEvent, isBad: boolean, ms: number): void {
    let lines = this.#lines.get(kind);
    if (!lines || ms - lines.sinceMs >= MINUTE_MS) {
      const untold = (lines?.count ?? 0) - MAX_LINES;
      if (untold > 0) this.#log.warn(`${untold} more events of the kind ${kind} were not logged`);
      this.#lines.set(kind, lines = { sinceMs: ms, count: 0 });
    }
    if (++lines.count > MAX_LINES) return;
    if (isBad) this.#log.warn(text);
    else this.#log.info(text);
  }
}
