/**
 * Buffer blocks on the side of the subscriber: put into order, duplicates left out (specs/sttp.md 11.1).
 *
 * @module
 */
import type { BufferBlock } from "./buffer_block.ts";

/** Early blocks that are kept, at most. */
const MAX_BLOCKS = 256;
/** Bytes of early blocks that are kept, at most. */
const MAX_BYTES = 8 * 1024 * 1024;

/** Puts the buffer blocks of one connection into order. */
export class BlockOrder {
  readonly #deliver: (block: BufferBlock) => void;
  readonly #early = new Map<number, BufferBlock>();
  #earlyBytes = 0;
  #expected = 0;

  /** Hands blocks in order to `deliver`. */
  constructor(deliver: (block: BufferBlock) => void) {
    this.#deliver = deliver;
  }

  /**
   * Takes a block, whose data are lent; true if it is to be confirmed.
   *
   * Duplicates are confirmed again. Only an early block that there is no room for is not: the
   * publisher will repeat it.
   */
  take(block: BufferBlock): boolean {
    const ahead = (block.sequence - this.#expected) | 0;
    if (ahead < 0 || this.#early.has(block.sequence)) return true;
    if (ahead > 0) return this.#keep(block);
    this.#next(block);
    for (;;) {
      const early = this.#early.get(this.#expected);
      if (!early) return true;
      this.#early.delete(early.sequence);
      this.#earlyBytes -= early.data.length;
      this.#next(early);
    }
  }

  #next(block: BufferBlock): void {
    this.#expected = (block.sequence + 1) >>> 0;
    this.#deliver(block);
  }

  #keep(block: BufferBlock): boolean {
    const bytes = this.#earlyBytes + block.data.length;
    if (this.#early.size >= MAX_BLOCKS || bytes > MAX_BYTES) return false;
    this.#early.set(block.sequence, { ...block, data: new Uint8Array(block.data) });
    this.#earlyBytes = bytes;
    return true;
  }
}
