/**
 * Finds the records of the link in the bytes of a socket.
 *
 * @module
 */
import { MAX_RECORD_BYTES, RECORD_HEADER, recordLength } from "./records.ts";

/** Joins pieces of bytes to whole records. */
export class LinkParser {
  #bytes = new Uint8Array(65_536);
  #view = new DataView(this.#bytes.buffer);
  #filled = 0;

  /**
   * Takes bytes and hands out the records that are whole, each lent for the call.
   *
   * Throws a DecodeError for a record that cannot be; nothing may be handed in afterwards.
   */
  push(piece: Uint8Array, take: (view: DataView, at: number, length: number) => void): void {
    for (let from = 0; from < piece.length;) {
      // Never more than one record beyond what is there has to fit.
      if (this.#filled === this.#bytes.length) this.#grow();
      const count = Math.min(piece.length - from, this.#bytes.length - this.#filled);
      this.#bytes.set(piece.subarray(from, from + count), this.#filled);
      this.#filled += count;
      from += count;
      this.#take(take);
    }
  }

  #take(take: (view: DataView, at: number, length: number) => void): void {
    let at = 0;
    while (this.#filled - at >= RECORD_HEADER) {
      const length = recordLength(this.#view, at);
      if (this.#filled - at < length) break;
      take(this.#view, at, length);
      at += length;
    }
    if (at > 0) {
      this.#bytes.copyWithin(0, at, this.#filled);
      this.#filled -= at;
    }
  }

  #grow(): void {
    // A record is at most this long, and one that was whole would have been taken out.
    const bytes = new Uint8Array(Math.min(2 * this.#bytes.length, 2 * MAX_RECORD_BYTES));
    bytes.set(this.#bytes.subarray(0, this.#filled));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}
