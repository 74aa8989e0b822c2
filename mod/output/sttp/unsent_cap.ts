/**
 * One cap over what waits in all connections of an output together.
 *
 * @module
 */

/** A connection as the cap sees it. */
export interface CappedConnection {
  /** Encoded bytes that wait in it. */
  readonly waitingBytes: number;
  /** While true, it encodes nothing more. */
  held: boolean;
  /** Ends it at once. */
  destroy(reason: string): void;
}

/** How long the total may stay above the cap although connections are held back. */
const PATIENCE_MS = 1000;
/** Interval between two disconnections, in which the one before takes effect. */
const NEXT_MS = 100;

/** Holds back the connections in which most waits, then ends them, until all together fit. */
export class UnsentCap {
  /** Bytes that waited in all connections at the last check. */
  totalBytes = 0;
  /** Times that a connection was held back. */
  heldBack = 0;
  /** Connections that were ended. */
  disconnected = 0;
  readonly #maxBytes: number;
  #overMs = Infinity;

  /** Lets `maxBytes` bytes wait. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** True while the total should be looked at after every round, not just now and then. */
  get tight(): boolean {
    return this.totalBytes > this.#maxBytes / 2;
  }

  /**
   * Looks at all connections: above the cap, the one in which most waits is held back, one more in each call, and
   * ended if a second of that does not help. Below three quarters of the cap, all may go on. One in which less waits
   * than its even share of the cap is left alone.
   */
  check(connections: Iterable<CappedConnection>, nowMs: number): void {
    let total = 0, held = 0, count = 0;
    let largest: CappedConnection | undefined, largestFree: CappedConnection | undefined;
    let most = 0, mostFree = 0;
    for (const connection of connections) {
      const bytes = connection.waitingBytes;
      total += bytes;
      count++;
      if (bytes > most) [largest, most] = [connection, bytes];
      if (connection.held) held++;
      else if (bytes > mostFree) [largestFree, mostFree] = [connection, bytes];
    }
    this.totalBytes = total;
    if (total <= this.#maxBytes) {
      this.#overMs = Infinity;
      if (held > 0 && total <= 0.75 * this.#maxBytes) {
        for (const connection of connections) connection.held = false;
      }
      return;
    }
    if (this.#overMs === Infinity) this.#overMs = nowMs;
    if (largestFree && mostFree > this.#maxBytes / count) {
      largestFree.held = true;
      this.heldBack++;
    }
    if (largest && nowMs - this.#overMs >= PATIENCE_MS) {
      this.#overMs = nowMs - PATIENCE_MS + NEXT_MS;
      this.disconnected++;
      largest.destroy(
        `${total} bytes wait in all connections, more than ${this.#maxBytes}, most of them in its own: ${most}`,
      );
    }
  }
}
