/**
 * One connection as whoever has many blocks for it sees it.
 *
 * @module
 */
import type { BlockOpening } from "../../sttp/mod.ts";

/** A connection that buffer blocks are handed to as it has room. */
export interface BlockTaker {
  /**
   * Bytes of blocks of a signal that it has room for before older ones give way; undefined once it has
   * gone or is no longer subscribed to the signal.
   */
  room(handle: number): number | undefined;
  /** Takes a block, lent for the call; `opening` goes before the first of a subscription and after a change. */
  publish(handle: number, bytes: Uint8Array, opening?: BlockOpening): void;
}
