/**
 * Connections that an output does not serve: counted, told, and answered where the peer may know why.
 *
 * @module
 */
import type { Clock, Log } from "../../core/mod.ts";
import type { Connection } from "../../os/mod.ts";
import { Complaints } from "../../stats/mod.ts";
import { connectionRefusedFrame, REFUSAL_LINGER_MS } from "../../sttp/mod.ts";

/** The refusals of one output. */
export class Refusals {
  /** How many there were, by reason. */
  readonly counts: Record<string, number> = {};
  readonly #title: string;
  readonly #clock: Clock;
  readonly #complaints: Complaints;
  /** Connections that were given an answer, with the time until which they may read it. */
  readonly #lingering = new Map<Connection, number>();

  /** Those of the output `title`. */
  constructor(title: string, clock: Clock, log: Log) {
    this.#title = title;
    this.#clock = clock;
    this.#complaints = new Complaints(log);
  }

  /** Counts one, and says so once. */
  note(reason: string, message: string): void {
    this.counts[reason] = (this.counts[reason] ?? 0) + 1;
    this.#complaints.note(
      `refused ${reason}`,
      `${this.#title}: refused a connection: ${message}`,
      this.#clock.monotonicMs(),
    );
  }

  /** Counts one for which there is no room, tells the peer so, and leaves it a second to read that. */
  noRoom(connection: Connection, message: string): void {
    this.note("tooManyConnections", message);
    connection.onData = () => {};
    connection.onClose = () => this.#lingering.delete(connection);
    connection.write(connectionRefusedFrame("Connection refused: too many active connections."));
    this.#lingering.set(connection, this.#clock.monotonicMs() + REFUSAL_LINGER_MS);
  }

  /** Does what is due. */
  tick(nowMs: number): void {
    this.#complaints.flush(nowMs);
    for (const [connection, untilMs] of this.#lingering) {
      if (nowMs < untilMs) continue;
      this.#lingering.delete(connection);
      connection.close();
    }
  }

  /** Ends those that may still read their answer. */
  endAll(): void {
    for (const connection of this.#lingering.keys()) connection.destroy();
    this.#lingering.clear();
  }
}
