/**
 * The slots that an aligner fills: memory for all of them at once, and which frames they prefer.
 *
 * @module
 */
import type { Frame, Layout, SignalType } from "../core/mod.ts";
import { MISSING_FLAGS, StateFlags } from "../core/mod.ts";
import { filterKind, FilterPlanes, withBits } from "./filter_planes.ts";
import type { AlignerOptions } from "./options.ts";
import { ringSlots } from "./options.ts";

/** The place of one source in the output layout. */
export interface SourcePart {
  /** Layout of the source's frames. */
  readonly layout: Layout;
  /** Position of its first value. */
  readonly offset: number;
  /** Frames that one slot is to receive from it. */
  readonly framesPerSlot: number;
}

/** How a frame is placed: bits. */
export const Placing = {
  /** In the usual way. */
  Normal: 0,
  /** Its stamp was there before: it replaces where the later or the better counts, and completes nothing. */
  Repeat: 1,
  /** By its arrival, which status words are to say. */
  Sorted: 2,
  /** A part of a frame that belongs elsewhere: it completes nothing. */
  Stray: 4,
} as const;

// The common status word (specs/c37118.md, section 11.1): STAT bit 12 and bit 17 say sorted by arrival.
const SORTED_BITS = 0x1000 | 0x20000;
const TIME_BITS = StateFlags.BadTime;
const VALUE_BITS = StateFlags.BadData;

/** Slots by their number (second * rate + index), as many as the window of the options holds. */
export class SlotRing {
  /** State flags of the host's clock, for values that it stamps: those that are sorted by arrival. */
  ownTimeFlags = 0;
  /** Number of slots. */
  readonly capacity: number;
  readonly #options: AlignerOptions;
  readonly #parts: readonly SourcePart[];
  readonly #isStatus: Uint8Array;
  readonly #frames: Frame[];
  readonly #open: Uint8Array;
  readonly #openedMs: Float64Array;
  readonly #placed: Uint16Array; // frames by slot and source
  readonly #keptNanos: Float64Array; // distance of the kept stamp from its slot, by slot and source
  readonly #complete: Uint16Array; // sources that have placed all their frames, by slot
  readonly #planes: FilterPlanes | undefined;

  /** Makes closed slots for frames of `layout`, which `parts` fill. */
  constructor(
    options: AlignerOptions,
    layout: Layout,
    parts: readonly SourcePart[],
    typeOf: (handle: number) => SignalType | undefined,
  ) {
    this.#options = options;
    this.#parts = parts;
    this.capacity = ringSlots(options);
    const width = layout.handles.length;
    this.#isStatus = Uint8Array.from(layout.handles, (handle) => typeOf(handle) === "FLAG" ? 1 : 0);
    const values = new Float32Array(this.capacity * width).fill(NaN);
    const flags = new Uint32Array(this.capacity * width).fill(MISSING_FLAGS);
    this.#frames = Array.from({ length: this.capacity }, (_, i) => ({
      layout,
      instant: { seconds: 0, nanos: 0 },
      leap: 0,
      values: values.subarray(i * width, (i + 1) * width),
      flags: flags.subarray(i * width, (i + 1) * width),
      arrivalMicros: 0.5, // a fraction, so that the field is a double from the start
    }));
    this.#open = new Uint8Array(this.capacity);
    this.#openedMs = new Float64Array(this.capacity);
    this.#placed = new Uint16Array(this.capacity * parts.length);
    this.#keptNanos = new Float64Array(this.capacity * parts.length);
    this.#complete = new Uint16Array(this.capacity);
    const most = Math.max(1, ...parts.map((p) => p.framesPerSlot));
    if (options.downsampling === "filtered") {
      const kinds = Uint8Array.from(layout.handles, (handle) => filterKind(typeOf(handle)));
      this.#planes = new FilterPlanes(this.capacity, most + 1, kinds);
    }
  }

  /** True if something was placed in the slot. */
  isOpen(slot: number): boolean {
    return this.#open[slot % this.capacity] === 1;
  }
  /** When the first data came for an open slot, in monotonic milliseconds. */
  openedMs(slot: number): number {
    return this.#openedMs[slot % this.capacity]!;
  }
  /** True if every source has placed what is expected of it. */
  isComplete(slot: number): boolean {
    return this.#complete[slot % this.capacity] === this.#parts.length;
  }
  /** True if the source has placed a frame in the slot. */
  hasPlaced(slot: number, source: number): boolean {
    return this.#placed[(slot % this.capacity) * this.#parts.length + source]! > 0;
  }
  /** Opens a slot at `monotonicMs`. */
  open(slot: number, monotonicMs: number): void {
    const at = slot % this.capacity;
    this.#open[at] = 1;
    this.#openedMs[at] = monotonicMs;
  }

  /**
   * Places parts of a frame of source number `source` into an open slot.
   *
   * `ranges` holds `count` pairs of position and length; `nanos` is the distance of the stamp from the
   * slot; `how` is made of the bits of {@linkcode Placing}. False if the values were not used, since
   * those that are there are preferred.
   */
  place(
    slot: number,
    source: number,
    frame: Frame,
    ranges: Int32Array,
    count: number,
    nanos: number,
    how: number,
  ): boolean {
    const at = slot % this.capacity;
    const part = this.#parts[source]!;
    const cell = at * this.#parts.length + source;
    const before = this.#placed[cell]!;
    if ((how & (Placing.Repeat | Placing.Stray)) === 0) {
      this.#placed[cell] = before + 1;
      if (before + 1 === part.framesPerSlot) this.#complete[at]!++;
    }
    const method = this.#options.downsampling;
    const planes = this.#planes;
    const closer = before === 0 || this.#isCloser(nanos, this.#keptNanos[cell]!);
    if (method === "closest" && !closer) return false;
    if (planes && ((how & Placing.Repeat) !== 0 || before >= planes.depth)) return false;
    if (method === "last" || closer) this.#keptNanos[cell] = nanos;
    const target = this.#frames[at]!;
    let used = false;
    for (let i = 0; i < count; i++) {
      const from = ranges[2 * i]!, length = ranges[2 * i + 1]!, to = part.offset + from;
      if (planes) {
        const start = planes.indexOf(at, before, to);
        copy(frame, from, length, planes.values, planes.flags, start);
        if ((how & Placing.Sorted) !== 0) {
          this.#markSorted(planes.values, planes.flags, start, to, length);
        }
        used = true;
      } else if (method === "bestQuality" && before > 0) {
        used = placeBetter(frame, from, length, target, to, closer) || used;
      } else {
        copy(frame, from, length, target.values, target.flags, to);
        if ((how & Placing.Sorted) !== 0) {
          this.#markSorted(target.values, target.flags, to, to, length);
        }
        used = true;
      }
    }
    if (!used) return false;
    target.leap |= frame.leap;
    if (frame.arrivalMicros > target.arrivalMicros) target.arrivalMicros = frame.arrivalMicros;
    return true;
  }

  /** The frame of an open slot, ready but for its instant; lent until {@linkcode close}. */
  finish(slot: number): Frame {
    const at = slot % this.capacity;
    const frame = this.#frames[at]!;
    const planes = this.#planes;
    if (planes) {
      for (let source = 0; source < this.#parts.length; source++) {
        const { offset, layout } = this.#parts[source]!;
        const frames = Math.max(
          1, // a stray part leaves the count at 0
          Math.min(planes.depth, this.#placed[at * this.#parts.length + source]!),
        );
        for (let i = offset; i < offset + layout.handles.length; i++) {
          planes.filter(at, frames, i, frame);
        }
      }
    }
    return frame;
  }

  /** Empties a slot. */
  close(slot: number): void {
    const at = slot % this.capacity;
    const frame = this.#frames[at]!;
    frame.values.fill(NaN);
    frame.flags.fill(MISSING_FLAGS);
    frame.leap = 0;
    frame.arrivalMicros = 0.5;
    this.#open[at] = 0;
    this.#complete[at] = 0;
    this.#placed.fill(0, at * this.#parts.length, (at + 1) * this.#parts.length);
    this.#planes?.clear(at);
  }

  /** Takes over the open slots of a ring of another layout: values go with their handles. */
  adopt(old: SlotRing): void {
    const positions = new Map<number, number>();
    this.#frames[0]!.layout.handles.forEach((handle, i) => positions.set(handle, i));
    const from: number[] = [], to: number[] = [];
    old.#frames[0]!.layout.handles.forEach((handle, i) => {
      const position = positions.get(handle);
      if (position === undefined) return;
      from.push(i);
      to.push(position);
    });
    for (let at = 0; at < this.capacity; at++) {
      if (old.#open[at] !== 1) continue;
      this.#open[at] = 1;
      this.#openedMs[at] = old.#openedMs[at]!;
      const a = old.#frames[at]!, b = this.#frames[at]!;
      b.leap = a.leap;
      b.arrivalMicros = a.arrivalMicros;
      for (let i = 0; i < from.length; i++) {
        b.values[to[i]!] = a.values[from[i]!]!;
        b.flags[to[i]!] = a.flags[from[i]!]!;
        if (old.#planes) this.#planes?.adopt(at, to[i]!, old.#planes, from[i]!);
      }
      this.#parts.forEach((part, source) => {
        const was = old.#parts.findIndex((p) => p.layout.source === part.layout.source);
        if (was < 0) return;
        const cell = at * this.#parts.length + source;
        const oldCell = at * old.#parts.length + was;
        this.#placed[cell] = old.#placed[oldCell]!;
        this.#keptNanos[cell] = old.#keptNanos[oldCell]!;
        if (this.#placed[cell]! >= part.framesPerSlot) this.#complete[at]!++;
      });
    }
  }

  #isCloser(nanos: number, kept: number): boolean {
    if (this.#options.slotRule === "nearest") return Math.abs(nanos) < Math.abs(kept);
    return nanos < kept && nanos >= 0;
  }

  #markSorted(
    values: Float32Array,
    flags: Uint32Array,
    start: number,
    position: number,
    count: number,
  ): void {
    for (let i = 0; i < count; i++) {
      flags[start + i]! |= this.ownTimeFlags;
      if (this.#isStatus[position + i] === 0) continue;
      values[start + i] = withBits(values[start + i]!, SORTED_BITS);
    }
  }
}

function copy(
  frame: Frame,
  from: number,
  count: number,
  values: Float32Array,
  flags: Uint32Array,
  to: number,
): void {
  // A loop is faster than set(subarray()) for a few dozen values, and makes no views.
  for (let i = 0; i < count; i++) {
    values[to + i] = frame.values[from + i]!;
    flags[to + i] = frame.flags[from + i]!;
  }
}

function placeBetter(
  frame: Frame,
  from: number,
  count: number,
  target: Frame,
  to: number,
  closer: boolean,
): boolean {
  let used = false;
  for (let i = 0; i < count; i++) {
    const mine = goodness(frame.values[from + i]!, frame.flags[from + i]!);
    const kept = goodness(target.values[to + i]!, target.flags[to + i]!);
    if (mine < kept || (mine === kept && !closer)) continue;
    target.values[to + i] = frame.values[from + i]!;
    target.flags[to + i] = frame.flags[from + i]!;
    used = true;
  }
  return used;
}

/** 2 for a good value with good time, 1 for one of the two, 0 for neither. */
function goodness(value: number, flags: number): number {
  return (value === value && (flags & VALUE_BITS) === 0 ? 1 : 0) +
    ((flags & (TIME_BITS | StateFlags.DiscardedValue)) === 0 ? 1 : 0);
}
