/**
 * The frame log: one bounded ring of copied frames per published stream, read by any number of cursors.
 *
 * Queues hold frames, not encoded packets: what must be dropped for a slow subscriber is dropped here,
 * before any encoder has seen it, and costs that subscriber only. All storage is made at the start;
 * taking a frame allocates nothing.
 *
 * @module
 */
import type { Frame, FrameSink, Layout, Ticks } from "../core/mod.ts";
import { setTicks } from "../core/mod.ts";

/** Words before the values of a record: length, layout slot, ticks, arrival, count. */
const HEADER_WORDS = 7;
const WORD_BYTES = 4;
/** Length word of a record that only fills the end of the ring. */
const PADDING = 0;

/** Who reads a log through a cursor; called for frames that it has not taken itself. */
export interface FrameLogReader {
  /** A frame of `layout` that arrived in `second` (seconds since 1970) is there to be read. */
  offered(layout: Layout, second: number): void;
  /** A frame that was offered and not read is gone: the reader is too far behind. */
  lost(layout: Layout, second: number): void;
  /** A frame came that is too large for the log; it was not offered. */
  refused(layout: Layout, second: number): void;
}

/** One frame of the log as a cursor shows it; valid until the next call on cursor or log. */
export interface LoggedFrame {
  /** What the values mean. */
  layout: Layout;
  /** Upper half of the STTP tick count of the instant. */
  ticksHi: number;
  /** Lower half of the STTP tick count of the instant. */
  ticksLo: number;
  /** Second of arrival since 1970. */
  arrivalSecond: number;
  /** Microseconds within the second of arrival. */
  arrivalMicros: number;
  /** Index of the first value in `FrameLog.floats` and `FrameLog.words`. */
  valuesAt: number;
  /** Index of the first word of flags in `FrameLog.words`. */
  flagsAt: number;
  /** Number of values. */
  count: number;
}

/** A reader's place in a {@linkcode FrameLog}. */
export interface FrameCursor {
  /** Bytes of the log between the cursor and the newest frame. */
  readonly behindBytes: number;
  /** Frames between the cursor and the newest frame, that one included. */
  readonly behindFrames: number;
  /** Fills `out` with the oldest frame that was not taken; false if there is none. */
  peek(out: LoggedFrame): boolean;
  /** Steps over the frame that `peek` shows. */
  advance(): void;
  /** Calls `visit` for each frame that is queued, oldest first, without taking it. */
  forEach(visit: (layout: Layout, second: number) => void): void;
  /** Steps over all that is queued without a word to the reader. */
  skipAll(): void;
  /** Takes the cursor out of the log without a word to the reader. */
  detach(): void;
}

/** A bounded ring of copied frames with any number of readers. */
export class FrameLog implements FrameSink {
  /** Bytes of storage. */
  readonly capacityBytes: number;
  /** The storage as 32-bit words: flags, and values as bit patterns. */
  readonly words: Uint32Array;
  /** The same storage as signed words, which are read without a conversion. */
  readonly ints: Int32Array;
  /** The same storage as 32-bit floats. */
  readonly floats: Float32Array;
  /** Frames that were taken since the start. */
  framesAccepted = 0;
  /** Frames that were too large for the log and were not taken. */
  framesRefused = 0;
  /** Newest arrival, whole seconds since 1970; 0 before the first frame. */
  newestArrivalSecond = 0;

  readonly #capacity: number; // words
  // Positions count words since the start and never wrap: exact as doubles for 280,000 years at 1 GB/s.
  #head = 0;
  #tail = 0;
  #headFrames = 0;
  #cursors: Cursor[] = [];
  #slotOf = new Map<number, number>();
  #layouts: (Layout | undefined)[] = [];
  #uses: number[] = [];
  readonly #ticks: Ticks = { hi: 0, lo: 0 };

  /** Makes a log that keeps `bytes` bytes of frames (at least 4096; rounded down to whole words). */
  constructor(bytes: number) {
    this.#capacity = Math.floor(Math.max(4096, bytes) / WORD_BYTES);
    this.capacityBytes = this.#capacity * WORD_BYTES;
    const storage = new ArrayBuffer(this.capacityBytes);
    this.words = new Uint32Array(storage);
    this.ints = new Int32Array(storage);
    this.floats = new Float32Array(storage);
  }

  /** Bytes that a frame of `count` values takes. */
  static recordBytes(count: number): number {
    return (HEADER_WORDS + 2 * count) * WORD_BYTES;
  }

  /** Copies a lent frame and offers it to every reader; the oldest frames make room. */
  accept(frame: Frame): void {
    const layout = frame.layout;
    const count = layout.handles.length;
    const size = HEADER_WORDS + 2 * count;
    const second = Math.floor(frame.arrivalMicros / 1e6);
    if (2 * size > this.#capacity) { // half the ring: padding may need as much again
      this.framesRefused++;
      for (const cursor of this.#cursors) cursor.reader.refused(layout, second);
      return;
    }
    const { words } = this;
    let at = this.#head % this.#capacity;
    const padding = at + size > this.#capacity ? this.#capacity - at : 0;
    this.#makeRoom(size + padding);
    if (padding > 0) {
      words[at] = PADDING;
      this.#head += padding;
      at = 0;
    }
    setTicks(this.#ticks, frame.instant.seconds, frame.instant.nanos);
    words[at] = size;
    words[at + 1] = this.#use(layout);
    words[at + 2] = this.#ticks.hi;
    words[at + 3] = this.#ticks.lo;
    words[at + 4] = second;
    words[at + 5] = frame.arrivalMicros - second * 1e6;
    words[at + 6] = count;
    this.floats.set(frame.values, at + HEADER_WORDS);
    words.set(frame.flags, at + HEADER_WORDS + count);
    this.#head += size;
    this.#headFrames++;
    this.framesAccepted++;
    this.newestArrivalSecond = second;
    const cursors = this.#cursors;
    for (let i = 0; i < cursors.length; i++) { // an iterator would be allocated for each frame
      const cursor = cursors[i]!;
      cursor.reader.offered(layout, second);
      while (this.#head - cursor.position > cursor.limit) this.#lose(cursor);
    }
  }

  /**
   * Adds a reader that starts behind the newest frame.
   *
   * @param limitBytes how far it may fall behind before it loses its oldest frames; never more than the log keeps.
   */
  attach(reader: FrameLogReader, limitBytes: number): FrameCursor {
    const limit = Math.floor(Math.min(limitBytes, this.capacityBytes) / WORD_BYTES);
    const cursor = new Cursor(this, reader, limit, this.#head, this.#headFrames);
    this.#cursors.push(cursor);
    return cursor;
  }

  /** Readers at this moment. */
  get readers(): number {
    return this.#cursors.length;
  }

  /** Position behind the newest frame, in words since the start. */
  get head(): number {
    return this.#head;
  }

  /** Frames since the start. */
  get headFrames(): number {
    return this.#headFrames;
  }

  /** Takes a cursor out; for the cursor's own use. */
  remove(cursor: FrameCursor): void {
    this.#cursors = this.#cursors.filter((c) => c !== cursor);
  }

  /** Storage index of the record at `position`, or of the one behind the padding there. */
  indexOf(position: number): number {
    const at = position % this.#capacity;
    return this.words[at] === PADDING ? 0 : at;
  }

  /** Position behind the record at `position` (and behind padding that stands before it). */
  next(position: number): number {
    const at = position % this.#capacity;
    const length = this.words[at]!;
    if (length !== PADDING) return position + length;
    return position + (this.#capacity - at) + this.words[0]!;
  }

  /** The layout of the record at storage index `at`. */
  layoutAt(at: number): Layout {
    return this.#layouts[this.words[at + 1]!]!;
  }

  #makeRoom(size: number): void {
    const cursors = this.#cursors;
    while (this.#head + size - this.#tail > this.#capacity) {
      for (let i = 0; i < cursors.length; i++) {
        const cursor = cursors[i]!;
        if (cursor.position <= this.#tail) this.#lose(cursor);
      }
      this.#unuse(this.words[this.indexOf(this.#tail) + 1]!);
      this.#tail = this.next(this.#tail);
    }
  }

  #lose(cursor: Cursor): void {
    const at = this.indexOf(cursor.position);
    cursor.advance();
    cursor.reader.lost(this.layoutAt(at), this.words[at + 4]!);
  }

  #use(layout: Layout): number {
    let slot = this.#slotOf.get(layout.id);
    if (slot === undefined) {
      slot = this.#layouts.indexOf(undefined);
      if (slot < 0) slot = this.#layouts.length;
      this.#layouts[slot] = layout;
      this.#uses[slot] = 0;
      this.#slotOf.set(layout.id, slot);
    }
    this.#uses[slot]!++;
    return slot;
  }

  #unuse(slot: number): void {
    if (--this.#uses[slot]! > 0) return;
    this.#slotOf.delete(this.#layouts[slot]!.id);
    this.#layouts[slot] = undefined;
  }
}

/** An empty place for {@linkcode FrameCursor.peek} to fill. */
export function makeLoggedFrame(): LoggedFrame {
  return {
    layout: NO_LAYOUT,
    ticksHi: 0,
    ticksLo: 0,
    arrivalSecond: 0,
    arrivalMicros: 0,
    valuesAt: 0,
    flagsAt: 0,
    count: 0,
  };
}

const NO_LAYOUT: Layout = {
  id: 0,
  source: "",
  handles: new Int32Array(0),
  devices: [],
  framesPerSecond: 0,
};

class Cursor implements FrameCursor {
  readonly log: FrameLog;
  readonly reader: FrameLogReader;
  readonly limit: number; // words
  position: number; // words since the start of the log
  frames: number; // frames since the start of the log

  constructor(
    log: FrameLog,
    reader: FrameLogReader,
    limit: number,
    position: number,
    frames: number,
  ) {
    this.log = log;
    this.reader = reader;
    this.limit = limit;
    this.position = position;
    this.frames = frames;
  }

  get behindBytes(): number {
    return (this.log.head - this.position) * WORD_BYTES;
  }

  get behindFrames(): number {
    return this.log.headFrames - this.frames;
  }

  peek(out: LoggedFrame): boolean {
    const { log } = this;
    if (this.position === log.head) return false;
    const at = log.indexOf(this.position);
    const { words } = log;
    const count = words[at + 6]!;
    out.layout = log.layoutAt(at);
    out.ticksHi = words[at + 2]!;
    out.ticksLo = words[at + 3]!;
    out.arrivalSecond = words[at + 4]!;
    out.arrivalMicros = words[at + 5]!;
    out.valuesAt = at + HEADER_WORDS;
    out.flagsAt = at + HEADER_WORDS + count;
    out.count = count;
    return true;
  }

  advance(): void {
    this.position = this.log.next(this.position);
    this.frames++;
  }

  forEach(visit: (layout: Layout, second: number) => void): void {
    const { log } = this;
    for (let p = this.position; p < log.head; p = log.next(p)) {
      const at = log.indexOf(p);
      visit(log.layoutAt(at), log.words[at + 4]!);
    }
  }

  skipAll(): void {
    this.position = this.log.head;
    this.frames = this.log.headFrames;
  }

  detach(): void {
    this.skipAll();
    this.log.remove(this);
  }
}
