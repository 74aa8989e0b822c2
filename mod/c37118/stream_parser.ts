/**
 * Frames out of bytes: framing and resynchronisation on streams, and within datagrams.
 *
 * Loses at most the damaged frame, never trusts a length that it has not verified, and never throws
 * for wire content. Everything that it skips is counted.
 *
 * @module
 */
import { CandidateSearch, NONE, sizeAt } from "./candidate_search.ts";
import { MIN_SIZE_OF_TYPE } from "./common.ts";
import { crcMatches } from "./crc.ts";
import { FragmentRule, Verdict } from "./fragment_rule.ts";
import { KnownStreams, Look } from "./known_streams.ts";
import { FrameType } from "./types.ts";

/** What parsing met; `configError` grows where configurations are used, not in the parser. */
export interface ParserCounters {
  /** Frames with right CHK, and pieces of CFG-3 that may have none of their own. */
  frames: number;
  /** Damaged frames: plausible header in the expected place, wrong CHK. */
  crc: number;
  /** Times that the boundary of frames was lost and found again elsewhere. */
  resync: number;
  /** Bytes that belong to no accepted frame. */
  skippedBytes: number;
  /** FRAMESIZE below the minimum of its type in the expected place, or beyond its datagram. */
  badLength: number;
  /** Frame type 6 or 7, or the reserved bit, in the expected place. */
  badType: number;
  /** Data frames of a stream id whose size is not known. */
  noConfig: number;
  /** Data frames with right CHK that are shorter than the configuration says, or far longer. */
  sizeMismatch: number;
  /** Data frames with right CHK that are a few bytes longer than the configuration says. */
  padded: number;
  /** Configurations with right CHK that could not be accepted; counted by the user of the parser. */
  configError: number;
  /** Command frames that came to a client. */
  unexpectedCommand: number;
}

/** How a data frame compares to the configuration of its stream. */
export type Fit = "exact" | "padded" | "mismatch" | "unknown";

/** A frame that is lent for the length of the call; the parser uses one object for all frames. */
export interface LentFrame {
  /** The bytes around the frame; the frame begins at `offset`. */
  readonly bytes: Uint8Array;
  /** A view of the same bytes with the same offsets. */
  readonly view: DataView;
  /** Offset of SYNC. */
  readonly offset: number;
  /** FRAMESIZE. */
  readonly size: number;
  /** Frame type. */
  readonly type: number;
  /** Version nibble. */
  readonly version: number;
  /** IDCODE of the stream. */
  readonly idCode: number;
  /** For data frames: whether the size is that of the configuration; `exact` for others. */
  readonly fit: Fit;
  /** False only for a piece of CFG-3 with wrong CHK, which may be of a run with one CHK at its end. */
  readonly checked: boolean;
}

/** Choices of a {@linkcode StreamParser}. */
export interface ParserOptions {
  /** A client counts commands as unexpected. Default `client`. */
  readonly role?: "client" | "server";
  /** Bytes above the expected size that still pass as padding. Default 16. */
  readonly maxPadding?: number;
}

/** In order: each frame begins where the one before ended. Search: the boundary is to be found. */
type Mode = "order" | "search";

/** Bytes that are taken in at once, which bounds the buffer to twice this. */
const PIECE = 65536;

/** Finds frames in a stream of bytes, or in datagrams; one parser per connection or socket. */
export class StreamParser {
  /** What was met so far. */
  readonly counters: ParserCounters = {
    frames: 0,
    crc: 0,
    resync: 0,
    skippedBytes: 0,
    badLength: 0,
    badType: 0,
    noConfig: 0,
    sizeMismatch: 0,
    padded: 0,
    configError: 0,
    unexpectedCommand: 0,
  };
  readonly #accept: (frame: LentFrame) => void;
  readonly #client: boolean;
  readonly #maxPadding: number;
  readonly #known = new KnownStreams();
  readonly #fragments = new FragmentRule();
  readonly #search = new CandidateSearch(this.#fragments);
  readonly #slot = new Slot();
  #mode: Mode = "order";
  // True while the bytes at the head follow an accepted frame.
  #inSync = false;
  #lastMs = 0;
  // The bytes that wait for more: #pending[0..#length).
  #pending: Uint8Array<ArrayBuffer> = new Uint8Array(4096);
  #pendingView: DataView = new DataView(this.#pending.buffer);
  #length = 0;
  // Array and view over the whole buffer that the last bytes came in, kept while it stays the same.
  #outer: Uint8Array = new Uint8Array(0);
  #outerView: DataView = new DataView(this.#outer.buffer);

  /** Makes a parser that hands each frame to `accept`, which must not throw, `push` or `reset`. */
  constructor(accept: (frame: LentFrame) => void, options: ParserOptions = {}) {
    this.#accept = accept;
    this.#client = (options.role ?? "client") === "client";
    this.#maxPadding = options.maxPadding ?? 16;
  }

  /** Makes the data frame size of a stream id known; `accept` may call this. Rate 0 is unknown. */
  expect(idCode: number, size: number, framesPerSecond = 0): void {
    this.#known.set(idCode, size, framesPerSecond);
  }

  /** Forgets the data frame size of a stream id, or all of them. */
  forget(idCode?: number): void {
    this.#known.forget(idCode);
  }

  /** Bytes that wait for the rest of a frame; below 65536. */
  get pendingBytes(): number {
    return this.#length;
  }

  /** Drops what is waiting, as for a new connection; counters and known sizes stay. */
  reset(): void {
    this.#restart();
    this.#fragments.reset();
  }

  /** Takes bytes of a stream in any cut, at monotonic time `nowMs`; does not keep `chunk`. */
  push(chunk: Uint8Array, nowMs: number): void {
    if (chunk.length === 0) return;
    this.poll(nowMs);
    this.#lastMs = nowMs;
    if (this.#length > 0 || (this.#mode === "search" && this.#search.expectedAt !== 0)) {
      this.#append(chunk);
      return;
    }
    this.#mode = "order";
    this.#adopt(chunk);
    const end = chunk.byteOffset + chunk.length;
    const rest = this.#inOrder(this.#outer, this.#outerView, chunk.byteOffset, end);
    if (rest < end) this.#append(this.#outer.subarray(rest, end));
  }

  /**
   * Gives up on a frame that was trusted and whose rest has not come for max(1 s, 3 frame periods).
   *
   * To be called now and then while no bytes arrive; `push` looks by itself.
   */
  poll(nowMs: number): void {
    if (this.#length === 0 || nowMs - this.#lastMs <= this.#known.waitLimitMs) return;
    if (this.#mode === "search" && !this.#search.strict) return;
    this.#distrust();
  }

  /** Takes one datagram: frames are found within it and nothing is carried over. */
  datagram(bytes: Uint8Array): void {
    this.#restart();
    this.#fragments.final = true;
    this.push(bytes, this.#lastMs);
    if (this.#length > 0 && (this.#mode === "order" || this.#search.strict)) this.#distrust();
    if (this.#length > 0) {
      this.counters.skippedBytes += this.#length;
      this.counters.badLength++;
    }
    this.#fragments.final = false;
    this.#restart();
  }

  #restart(): void {
    this.#length = 0;
    this.#search.reset();
    this.#mode = "order";
    this.#inSync = false;
  }

  #adopt(chunk: Uint8Array): void {
    const end = chunk.byteOffset + chunk.length;
    if (this.#outer.buffer === chunk.buffer && this.#outer.length >= end) return;
    this.#outer = new Uint8Array(chunk.buffer);
    this.#outerView = new DataView(chunk.buffer);
  }

  /** Adds bytes to those that wait, a piece at a time so that the buffer stays bounded. */
  #append(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; at += PIECE) {
      const piece = chunk.subarray(at, at + PIECE);
      const needed = this.#length + piece.length;
      if (needed > this.#pending.length) {
        const grown = new Uint8Array(Math.max(needed, 2 * this.#pending.length));
        grown.set(this.#pending.subarray(0, this.#length));
        this.#pending = grown;
        this.#pendingView = new DataView(grown.buffer);
      }
      this.#pending.set(piece, this.#length);
      this.#length = needed;
      this.#drain();
    }
  }

  /** Parses the waiting bytes as far as possible. */
  #drain(): void {
    // What lies before has been taken or skipped. It is dropped at the end: frames may be many, with garbage between them.
    let at = 0;
    for (;;) {
      if (this.#mode === "order") {
        at = this.#inOrder(this.#pending, this.#pendingView, at, this.#length);
        if (this.#mode === "order") break;
      }
      const found = this.#search.next(
        this.#pending.subarray(0, this.#length),
        this.#length,
        this.#known,
      );
      this.counters.crc += this.#search.damaged;
      this.#search.damaged = 0;
      const next = found === NONE ? this.#search.settled : found;
      this.counters.skippedBytes += next - at;
      at = next;
      if (found === NONE) break;
      if (found !== this.#search.expectedAt) this.counters.resync++;
      const size = sizeAt(this.#pending, found);
      this.#deliver(this.#pending, this.#pendingView, found, size, this.#search.checked);
      this.#mode = "order";
      this.#inSync = true;
      at += size;
    }
    this.#drop(at);
  }

  /**
   * Takes frames of `bytes[at..end)` one after the other; returns where the part begins that waits.
   *
   * Changes to search mode when the head of that part is no trustworthy frame.
   */
  #inOrder(bytes: Uint8Array, view: DataView, at: number, end: number): number {
    while (at < end) {
      const look = this.#known.look(bytes, at, end);
      if (look === Look.NeedsMore) return at;
      if (look === Look.Implausible) {
        this.#countImplausible(bytes, at);
        this.#beginSearch(bytes, at, 1, -1, false);
        return at;
      }
      const size = sizeAt(bytes, at);
      if (at + size > end) {
        if (this.#inSync && look === Look.Strong) return at;
        const data = (bytes[at + 1]! & 0x70) === 0;
        this.#beginSearch(bytes, at, 0, 0, this.#inSync && look === Look.Ordinary && !data);
        return at;
      }
      if (crcMatches(bytes, at, size)) {
        this.#deliver(bytes, view, at, size, true);
      } else {
        const verdict = this.#fragments.judge(bytes, at, size, end, this.#known);
        if (verdict === Verdict.Undecided) return at;
        if (verdict === Verdict.Piece) this.#deliver(bytes, view, at, size, false);
        else if (!this.#passOver(bytes, at, size, end)) return at;
      }
      at += size;
      this.#inSync = true;
    }
    return at;
  }

  /** Passes over a damaged frame if the next one stands in its place; else begins a search behind it. */
  #passOver(bytes: Uint8Array, at: number, size: number, end: number): boolean {
    this.counters.crc++;
    if (!this.#inSync || this.#known.look(bytes, at + size, end) <= Look.NeedsMore) {
      this.#beginSearch(bytes, at, 1, size, false);
      return false;
    }
    this.counters.skippedBytes += size;
    return true;
  }

  /** Begins a search at `bytes[at]`, which waits there or, if they are others, will wait at the head. */
  #beginSearch(
    bytes: Uint8Array,
    at: number,
    from: number,
    expectedAt: number,
    strict: boolean,
  ): void {
    this.#mode = "search";
    this.#inSync = false;
    this.#search.begin(bytes === this.#pending ? at : 0, from, expectedAt, strict);
  }

  #distrust(): void {
    this.#beginSearch(this.#pending, 0, 0, 0, false);
    this.#drain();
  }

  #drop(count: number): void {
    if (count === 0) return;
    this.#pending.copyWithin(0, count, this.#length);
    this.#length -= count;
    this.#search.shift(count);
  }

  #countImplausible(bytes: Uint8Array, at: number): void {
    if (bytes[at] !== 0xaa) return;
    if ((MIN_SIZE_OF_TYPE[bytes[at + 1]! >>> 4] ?? 0) === 0) this.counters.badType++;
    else this.counters.badLength++;
  }

  #deliver(bytes: Uint8Array, view: DataView, at: number, size: number, checked: boolean): void {
    const slot = this.#slot;
    const second = bytes[at + 1]!;
    slot.bytes = bytes;
    slot.view = view;
    slot.offset = at;
    slot.size = size;
    slot.type = second >>> 4;
    slot.version = second & 15;
    slot.idCode = (bytes[at + 4]! << 8) | bytes[at + 5]!;
    slot.checked = checked;
    slot.fit = slot.type === FrameType.Data ? this.#fit(slot.idCode, size) : "exact";
    this.counters.frames++;
    if (slot.type === FrameType.Config3) this.#fragments.taken(bytes, at, checked);
    if (slot.type === FrameType.Command && this.#client) this.counters.unexpectedCommand++;
    this.#accept(slot);
  }

  #fit(idCode: number, size: number): Fit {
    const expected = this.#known.sizeOf(idCode);
    if (size === expected) return "exact";
    if (expected === 0) {
      this.counters.noConfig++;
      return "unknown";
    }
    if (size > expected && size <= expected + this.#maxPadding) {
      this.counters.padded++;
      return "padded";
    }
    this.counters.sizeMismatch++;
    return "mismatch";
  }
}

class Slot implements LentFrame {
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  offset = 0;
  size = 0;
  type = 0;
  version = 0;
  idCode = 0;
  fit: Fit = "exact";
  checked = true;
}
