/**
 * The slots that wait: each is opened by its first frame, and published in strict order of time once it is
 * complete or its wait is over.
 *
 * @module
 */
import type { Frame, FrameSink, Layout, SignalType } from "../core/mod.ts";
import { LatencyHistogram, makeFrame, MISSING_FLAGS } from "../core/mod.ts";
import type { AlignerEvents } from "./figures.ts";
import type { AlignerOptions } from "./options.ts";
import type { RealTime } from "./real_time.ts";
import type { SlotNumbers } from "./slot_numbers.ts";
import type { SourcePart } from "./slot_ring.ts";
import { SlotRing } from "./slot_ring.ts";

/** What a {@linkcode SlotQueue} works with. */
export interface SlotQueueContext {
  /** Options of the aligner. */
  readonly options: AlignerOptions;
  /** Number of a slot by its time, and back. */
  readonly numbers: SlotNumbers;
  /** What the sources and the host say of the time. */
  readonly realTime: RealTime;
  /** Who gets the aligned frames. */
  readonly sink: FrameSink;
  /** Who is told. */
  readonly events: AlignerEvents;
  /** The kind of a signal. */
  readonly typeOf: (handle: number) => SignalType | undefined;
}

/** What a queue did since its start. */
export interface SlotQueueCounts {
  /** Frames that went out. */
  publishedFrames: number;
  /** Of those, complete before their wait was over. */
  framesAheadOfSchedule: number;
  /** Of those, for slots in which nothing came. */
  emptyFrames: number;
  /** Empty slots that were passed over, being more than may be made up at once. */
  skippedSlots: number;
  /** Frames that went out early since room was needed. */
  forcedFrames: number;
  /** Times that the sink threw. */
  sinkErrors: number;
}

/** The open slots between the newest frame and the last that was published. */
export class SlotQueue {
  /** What it did since its start. */
  readonly counts: SlotQueueCounts = {
    publishedFrames: 0,
    framesAheadOfSchedule: 0,
    emptyFrames: 0,
    skippedSlots: 0,
    forcedFrames: 0,
    sinkErrors: 0,
  };
  /** Time from the end of the wait to the frame that went out, in microseconds. */
  readonly publishDelay = new LatencyHistogram();
  readonly #context: SlotQueueContext;
  readonly #waitMicros: number;
  readonly #maxFill: number;
  readonly #isRelative: boolean;
  #ring: SlotRing;
  #emptyFrame: Frame;
  // Slots by their number; `oldest` and `newest` enclose the open ones.
  #oldest = 0;
  #newest = -1;
  #openSlots = 0;
  #last = -Infinity;
  // Empty slots are filled from the first published slot on, and not across a step of the clock.
  #fills = false;

  /** Makes a queue without slots for frames of `layout`. */
  constructor(context: SlotQueueContext, layout: Layout) {
    const { options, typeOf } = context;
    this.#context = context;
    this.#waitMicros = options.waitMs * 1000;
    this.#maxFill = Math.floor((options.maxFillMs * options.framesPerSecond) / 1000);
    this.#isRelative = options.waitMode === "relative";
    this.#ring = new SlotRing(options, layout, [], typeOf);
    this.#emptyFrame = makeFrame(layout);
  }

  /** Number of slots that wait. */
  get openSlots(): number {
    return this.#openSlots;
  }

  /** State flags that values get which are sorted by arrival. */
  set ownTimeFlags(flags: number) {
    this.#ring.ownTimeFlags = flags;
  }

  /** Makes frames of `layout` from now on; open slots keep the values of all handles that are still there. */
  change(layout: Layout, parts: SourcePart[]): void {
    const ring = new SlotRing(this.#context.options, layout, parts, this.#context.typeOf);
    ring.adopt(this.#ring);
    ring.ownTimeFlags = this.#ring.ownTimeFlags;
    this.#ring = ring;
    this.#emptyFrame = makeFrame(layout);
  }

  /** Makes up no empty slots until the next frame: the clock jumped, and data say where to go on. */
  jump(): void {
    this.#fills = false;
  }

  /** Makes room for a slot; false if it is too late for it. */
  reach(slot: number, nowMicros: number, monotonicMs: number): boolean {
    if (!(slot > this.#last)) return false;
    if (this.#openSlots === 0) return true;
    const { capacity } = this.#ring;
    this.#head();
    if (this.#newest - slot >= capacity) return false;
    if (slot - this.#oldest >= capacity) this.publish(nowMicros, monotonicMs);
    while (this.#openSlots > 0 && slot - this.#head() >= capacity) {
      this.counts.forcedFrames++;
      this.#emit(this.#oldest, nowMicros);
    }
    return slot > this.#last;
  }

  /** Whether `slot` is open and has got a frame of the source with this index. */
  hasPlaced(slot: number, index: number): boolean {
    return this.#ring.isOpen(slot) && this.#ring.hasPlaced(slot, index);
  }

  /** Puts devices of a frame into a slot that was reached, opening it; see {@linkcode SlotRing.place}. */
  place(
    slot: number,
    index: number,
    frame: Frame,
    ranges: Int32Array,
    count: number,
    nanos: number,
    how: number,
    monotonicMs: number,
  ): boolean {
    if (!this.#ring.isOpen(slot)) {
      this.#ring.open(slot, monotonicMs);
      if (this.#openSlots++ === 0) this.#oldest = this.#newest = slot;
      else if (slot < this.#oldest) this.#oldest = slot;
      else if (slot > this.#newest) this.#newest = slot;
    }
    return this.#ring.place(slot, index, frame, ranges, count, nanos, how);
  }

  /** When to call {@linkcode publish} next, as UTC of the host; Infinity while there is nothing to wait for. */
  nextDueMicros(nowMicros: number, monotonicMs: number): number {
    const head = this.#head();
    if (this.#isRelative) {
      if (head !== head) return Infinity;
      return nowMicros + Math.max(0, this.#remainingMs(head, monotonicMs)) * 1000;
    }
    const next = this.#fills ? this.#last + 1 : head;
    if (next !== next) return Infinity;
    const { realTime, numbers } = this.#context;
    return realTime.hostTimeOf(numbers.startMicros(next) + this.#waitMicros);
  }

  /** Publishes what is complete or due, and empty slots before it. */
  publish(nowMicros: number, monotonicMs: number): void {
    for (;;) {
      const head = this.#head();
      const isHeadDue = head === head && this.#isDue(head, nowMicros, monotonicMs);
      const isHeadReady = isHeadDue ||
        (head === head && this.#context.options.publishEarly && this.#ring.isComplete(head));
      if (this.#fills && head !== this.#last + 1) {
        // The slots before the head, or without a head those that are over, are empty.
        let end = isHeadReady ? head : -Infinity;
        if (!isHeadReady && !this.#isRelative) {
          const real = this.#context.realTime.at(nowMicros, monotonicMs, nowMicros);
          end = this.#context.numbers.firstAfter(real - this.#waitMicros);
          if (head === head) end = Math.min(end, head);
        }
        let next = this.#last + 1;
        if (next < end) {
          if (end - next > this.#maxFill) {
            this.counts.skippedSlots += end - next - this.#maxFill;
            next = end - this.#maxFill;
            this.#last = next - 1;
          }
          if (next < end) this.#emitEmpty(next, nowMicros, monotonicMs);
          continue;
        }
      }
      if (!isHeadReady) return;
      if (isHeadDue) this.publishDelay.add(this.#overdueMicros(head, nowMicros, monotonicMs));
      else this.counts.framesAheadOfSchedule++;
      this.#emit(head, nowMicros);
    }
  }

  #emit(slot: number, nowMicros: number): void {
    const ring = this.#ring;
    const frame = ring.finish(slot);
    if (frame.arrivalMicros < 1) frame.arrivalMicros = nowMicros;
    this.#last = slot;
    this.#fills = this.#context.options.emptySlots === "frame";
    this.#openSlots--;
    this.#oldest = slot + 1;
    this.#hand(frame, slot);
    ring.close(slot);
  }

  #emitEmpty(slot: number, nowMicros: number, monotonicMs: number): void {
    const frame = this.#emptyFrame;
    frame.values.fill(NaN);
    frame.flags.fill(MISSING_FLAGS);
    frame.arrivalMicros = nowMicros;
    if (this.#isDue(slot, nowMicros, monotonicMs)) {
      this.publishDelay.add(this.#overdueMicros(slot, nowMicros, monotonicMs));
    }
    this.#last = slot;
    this.counts.emptyFrames++;
    this.#hand(frame, slot);
  }

  #hand(frame: Frame, slot: number): void {
    this.#context.numbers.setInstant(frame.instant, slot);
    this.counts.publishedFrames++;
    try {
      this.#context.sink.accept(frame);
    } catch (error) {
      this.counts.sinkErrors++;
      this.#context.events.sinkFailed?.(error);
    }
  }

  /** The oldest open slot, or NaN. */
  #head(): number {
    if (this.#openSlots === 0) return NaN;
    while (!this.#ring.isOpen(this.#oldest)) this.#oldest++;
    return this.#oldest;
  }

  #isDue(slot: number, nowMicros: number, monotonicMs: number): boolean {
    return this.#overdueMicros(slot, nowMicros, monotonicMs) >= 0;
  }

  #overdueMicros(slot: number, nowMicros: number, monotonicMs: number): number {
    if (this.#isRelative) {
      return this.#ring.isOpen(slot) ? -this.#remainingMs(slot, monotonicMs) * 1000 : -Infinity;
    }
    const real = this.#context.realTime.at(nowMicros, monotonicMs, nowMicros);
    return real - this.#context.numbers.startMicros(slot) - this.#waitMicros;
  }

  #remainingMs(slot: number, monotonicMs: number): number {
    return this.#ring.openedMs(slot) + this.#context.options.waitMs - monotonicMs;
  }
}
