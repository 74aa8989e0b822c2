/**
 * How long a peer has taken nothing.
 *
 * @module
 */
import type { Connection } from "./connection.ts";

/** Watches one connection, as often as it is asked. */
export class StallWatch {
  readonly #connection: Connection;
  #taken = 0;
  #progressMs: number;

  /** Begins at `nowMs`, of a clock that never steps. */
  constructor(connection: Connection, nowMs: number) {
    this.#connection = connection;
    this.#progressMs = nowMs;
  }

  /** Milliseconds since the peer last took anything while something waited. */
  stalledMs(nowMs: number): number {
    const { bytesWritten, writableLength } = this.#connection;
    const taken = bytesWritten - writableLength;
    if (taken !== this.#taken || writableLength === 0) {
      this.#taken = taken;
      this.#progressMs = nowMs;
    }
    return nowMs - this.#progressMs;
  }
}
