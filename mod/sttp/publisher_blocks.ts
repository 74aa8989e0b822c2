/**
 * Buffer blocks of one connection: sent in order, kept until confirmed, repeated (specs/sttp.md 11.1).
 *
 * @module
 */
import { encodeBufferBlock } from "./buffer_block.ts";
import { Command, Response } from "./constants.ts";
import { responseFrame } from "./framing.ts";

/** After this time a block that was not confirmed is sent again. */
export const BLOCK_REPEAT_MS = 5000;
/** A subscriber that confirms nothing for so long is not waited for. */
export const BLOCK_STALL_MS = 10_000;
/** Most blocks that wait, so that empty ones are bounded too. */
const MAX_BLOCKS = 4096;
/** Time of sending of a block that is to be repeated at once. */
const AT_ONCE = -Infinity;
/** A block that was sent so often and never confirmed is given up. */
const MAX_SENDS = 12;

/** What a connection counts of its blocks: taken = confirmed + withheld + dropped + waiting. */
export interface BlockCounts {
  /** Blocks that were handed in for a signal of the subscription. */
  readonly taken: number;
  /** Blocks that were sent, repeats not counted. */
  readonly sent: number;
  /** Blocks that were sent again. */
  readonly repeated: number;
  /** Blocks that the subscriber has confirmed. */
  readonly confirmed: number;
  /** Blocks that it had no right to when they were to be sent. */
  readonly withheld: number;
  /** Blocks that gave way, were too large, or were not confirmed until the end. */
  readonly dropped: number;
  /** Blocks that wait to be sent or confirmed. */
  readonly waiting: number;
  /** Bytes of them. */
  readonly waitingBytes: number;
}

/** Where a block goes at this moment. */
export interface BlockAddress {
  /** Cache that the index refers to. */
  readonly cacheIndex: 0 | 1;
  /** Index of the signal in it. */
  readonly signalIndex: number;
}

/** Tells where blocks of a signal go: not at all, or not before a cache is confirmed (`later`). */
export type BlockRouter = (handle: number) => BlockAddress | "never" | "later";

/** What a subscriber must have had before other blocks of a signal mean anything. */
export interface BlockOpening {
  /** Another number stands for another content. */
  readonly version: number;
  /** The bytes of the block. */
  readonly data: Uint8Array;
}

interface Block {
  readonly handle: number;
  readonly data: Uint8Array;
  readonly opening: number | undefined; // its version, if it is one
  sequence: number; // -1 before it is sent; without gaps in the order of sending
  sentMs: number;
  sends: number;
  hurried: boolean; // repeated because a later one was confirmed first
}

/** The blocks of one connection. */
export class BlockQueue {
  readonly #limitBytes: number;
  readonly #version: number;
  readonly #transmit: (bytes: Uint8Array) => void;
  #blocks: Block[] = []; // oldest first: those that were sent stand before those that were not
  readonly #opened = new Map<number, number>(); // versions of the openings that went before, by handle
  #bytes = 0;
  #fresh = 0; // blocks that were not sent, at the end of the list
  #dueMs = Infinity; // nothing is to be repeated before
  #aliveMs = -Infinity; // when there was nothing to confirm, or something was
  #sequence = 0;
  #taken = 0;
  #sent = 0;
  #repeated = 0;
  #confirmed = 0;
  #withheld = 0;
  #dropped = 0;

  /** Keeps at most `limitBytes` of blocks for a peer of protocol `version`. */
  constructor(limitBytes: number, version: number, transmit: (bytes: Uint8Array) => void) {
    this.#limitBytes = limitBytes;
    this.#version = version;
    this.#transmit = transmit;
  }

  /**
   * Takes a block, whose data are lent; the oldest give way when there are too many bytes.
   *
   * An `opening` that the subscription has not had goes before it; openings are the last to give way.
   */
  add(handle: number, data: Uint8Array, opening?: BlockOpening): void {
    if (opening && this.#opened.get(handle) !== opening.version) {
      this.#opened.set(handle, opening.version);
      this.#push(handle, opening.data, opening.version);
    }
    this.#push(handle, data, undefined);
  }

  #push(handle: number, data: Uint8Array, opening: number | undefined): void {
    this.#taken++;
    if (data.length > this.#limitBytes) {
      this.#dropped++;
      return;
    }
    this.#blocks.push({
      handle,
      data: new Uint8Array(data), // a copy, also of a Buffer, whose `slice` is none
      opening,
      sequence: -1,
      sentMs: 0,
      sends: 0,
      hurried: false,
    });
    this.#bytes += data.length;
    this.#fresh++;
    if (this.#bytes <= this.#limitBytes && this.#blocks.length <= MAX_BLOCKS) return;
    // What has left on TCP arrives without its copy here: there is no gap in the sequence.
    this.#giveWay(false);
    this.#giveWay(true);
  }

  /** Drops the oldest blocks, openings or others, until the rest is within bounds. */
  #giveWay(openings: boolean): void {
    const blocks = this.#blocks;
    for (let at = 0; at < blocks.length;) {
      if (this.#bytes <= this.#limitBytes && blocks.length <= MAX_BLOCKS) return;
      const block = blocks[at]!;
      if ((block.opening !== undefined) !== openings) {
        at++;
        continue;
      }
      blocks.splice(at, 1);
      this.#leave(block);
      this.#dropped++;
    }
  }

  /** A block leaves without having arrived, as far as is known. */
  #leave(block: Block): void {
    this.#bytes -= block.data.length;
    if (block.sends === 0) this.#fresh--;
    const { handle, opening } = block;
    if (opening === undefined || this.#opened.get(handle) !== opening) return;
    this.#opened.delete(handle); // the next block brings it again
  }

  /** Sends what was not sent, and repeats what is overdue, until `roomBytes` are used. */
  pump(nowMs: number, roomBytes: number, route: BlockRouter): void {
    let room = roomBytes;
    if (this.#blocks.length === this.#fresh) this.#aliveMs = nowMs; // nothing is to be confirmed
    if (nowMs >= this.#dueMs) room = this.#repeat(nowMs, room, route);
    const blocks = this.#blocks;
    // The order is kept: nothing overtakes a block that waits for its cache.
    for (let at = blocks.length - this.#fresh; at < blocks.length && room > 0;) {
      const block = blocks[at]!;
      const to = route(block.handle);
      if (to === "later") return;
      if (to === "never") {
        blocks.splice(at, 1);
        this.#leave(block);
        this.#withheld++;
        continue;
      }
      room -= block.data.length;
      this.#send(block, nowMs, to);
      at++;
    }
  }

  /** Repeats what is overdue; returns the room that is left. */
  #repeat(nowMs: number, roomBytes: number, route: BlockRouter): number {
    let room = roomBytes;
    let dueMs = Infinity;
    this.#blocks = this.#blocks.filter((block) => {
      if (block.sends === 0) return true;
      const to = room > 0 && nowMs - block.sentMs >= BLOCK_REPEAT_MS
        ? route(block.handle)
        : "later";
      if (to === "never") {
        this.#withheld++;
      } else if (to !== "later" && block.sends >= MAX_SENDS) {
        this.#dropped++;
      } else {
        if (to !== "later") {
          room -= block.data.length;
          block.hurried = block.sentMs === AT_ONCE;
          this.#send(block, nowMs, to);
        }
        dueMs = Math.min(dueMs, block.sentMs + BLOCK_REPEAT_MS);
        return true;
      }
      this.#leave(block);
      return false;
    });
    this.#dueMs = dueMs;
    return room;
  }

  /** The subscriber has confirmed a sequence number; `pump` repeats earlier ones that it has not. */
  confirm(sequence: number, nowMs: number): void {
    this.#aliveMs = nowMs;
    const at = this.#blocks.findIndex((b) => b.sends > 0 && b.sequence === sequence);
    if (at < 0) return;
    this.#bytes -= this.#blocks[at]!.data.length;
    this.#confirmed++;
    this.#blocks.splice(at, 1);
    for (const block of this.#blocks.slice(0, at)) {
      if (block.hurried) continue;
      block.sentMs = AT_ONCE;
      this.#dueMs = AT_ONCE;
    }
  }

  /** The subscription has ended: what was not sent is dropped, what was sent may be confirmed. */
  endSubscription(): void {
    this.#opened.clear();
    this.#blocks = this.#blocks.filter((block) => {
      if (block.sends > 0) return true;
      this.#dropped++;
      this.#bytes -= block.data.length;
      return false;
    });
    this.#fresh = 0;
  }

  /** The connection has ended: everything that waits is dropped. */
  end(): void {
    this.#dropped += this.#blocks.length;
    this.#blocks = [];
    this.#bytes = 0;
    this.#fresh = 0;
  }

  /**
   * Bytes that there is room for before something gives way. A subscriber that has confirmed nothing
   * for a while has all of it: nobody should wait for it.
   */
  room(nowMs: number): number {
    if (this.#blocks.length > 0 && nowMs - this.#aliveMs > BLOCK_STALL_MS) return this.#limitBytes;
    return Math.max(0, this.#limitBytes - this.#bytes);
  }

  /** What was counted so far. */
  counts(): BlockCounts {
    return {
      taken: this.#taken,
      sent: this.#sent,
      repeated: this.#repeated,
      confirmed: this.#confirmed,
      withheld: this.#withheld,
      dropped: this.#dropped,
      waiting: this.#blocks.length,
      waitingBytes: this.#bytes,
    };
  }

  #send(block: Block, nowMs: number, to: BlockAddress): void {
    if (block.sends === 0) {
      block.sequence = this.#sequence;
      this.#sequence = (this.#sequence + 1) >>> 0;
      this.#fresh--;
      this.#sent++;
    } else this.#repeated++;
    block.sends++;
    block.sentMs = nowMs;
    this.#dueMs = Math.min(this.#dueMs, nowMs + BLOCK_REPEAT_MS);
    const { sequence, data } = block;
    const payload = encodeBufferBlock({ sequence, data, ...to }, this.#version);
    this.#transmit(responseFrame(Response.BufferBlock, Command.Subscribe, payload));
  }
}
