/**
 * The aligner: frames of many sources in, one frame per slot out, in strict order of time.
 *
 * @module
 */
import type { Frame, FrameSink, Instant, Layout, SignalType } from "../core/mod.ts";
import { makeLayout, StateFlags, toMicros } from "../core/mod.ts";
import type { AlignerEvents, AlignerFigures } from "./figures.ts";
import type { AlignerOptions } from "./options.ts";
import { framesPerSlot } from "./options.ts";
import { RealTime } from "./real_time.ts";
import { SlotNumbers } from "./slot_numbers.ts";
import { SlotQueue } from "./slot_queue.ts";
import type { SourcePart } from "./slot_ring.ts";
import { Placing } from "./slot_ring.ts";
import type { SourceFigures, WaitAdvice } from "./source_book.ts";
import { SourceBook } from "./source_book.ts";

interface Source {
  part: SourcePart;
  index: number;
  readonly book: SourceBook;
}

/**
 * Aligns frames in time. It reads no clock: `nowMicros` is UTC in microseconds since 1970 as the host
 * sees it, `monotonicMs` never steps.
 *
 * Frames of the sources are lent to {@linkcode accept}; the aligned frame is lent to the sink. Its
 * values stand in the order in which the sources were first expected, what did not come is NaN with
 * `MISSING_FLAGS`, its `arrivalMicros` is the newest arrival among its parts (of an empty frame: when
 * it was made).
 */
export class Aligner {
  readonly #options: AlignerOptions;
  readonly #events: AlignerEvents;
  readonly #rate: number;
  readonly #waitMicros: number;
  readonly #leadMicros: number;
  readonly #isRelative: boolean;
  readonly #realTime: RealTime;
  readonly #sources = new Map<string, Source>();
  #byLayout = new Map<number, Source>();
  #layout: Layout;
  readonly #queue: SlotQueue;
  readonly #numbers: SlotNumbers;
  readonly #arrival: Instant = { seconds: 0, nanos: 0 };
  #good = new Int32Array(2);
  #bad = new Int32Array(2);
  #notExpected = 0;
  #steps = 0;
  // Of sources that are no longer expected.
  #receivedBefore = 0;
  #discardedBefore = 0;

  /** Makes an aligner without sources; `typeOf` tells the kind of a signal, for the filter and for status words. */
  constructor(
    options: AlignerOptions,
    sink: FrameSink,
    typeOf: (handle: number) => SignalType | undefined,
    events: AlignerEvents = {},
  ) {
    this.#options = options;
    this.#events = events;
    this.#rate = options.framesPerSecond;
    this.#waitMicros = options.waitMs * 1000;
    this.#leadMicros = options.leadMs * 1000;
    this.#isRelative = options.waitMode === "relative";
    const numbers = new SlotNumbers(options);
    const realTime = new RealTime(options.waitMode, options.waitMs, options.leadMs);
    this.#numbers = numbers;
    this.#realTime = realTime;
    this.#layout = makeLayout(options.name, [], [], options.framesPerSecond);
    this.#queue = new SlotQueue({ options, numbers, realTime, sink, events, typeOf }, this.#layout);
  }

  /** State flags that say how well the host's clock is known; values that are sorted by arrival get them. */
  set ownTimeFlags(flags: number) {
    this.#queue.ownTimeFlags = flags;
  }

  /** The layout of the frames that go out now. */
  get layout(): Layout {
    return this.#layout;
  }

  /**
   * Expects frames of `layout` from now on, in place of what its source had before.
   *
   * Open slots keep the values of all handles that are still there.
   */
  expect(layout: Layout): void {
    const known = this.#sources.get(layout.source);
    if (known?.part.layout === layout) return;
    const part = {
      layout,
      offset: 0,
      framesPerSlot: framesPerSlot(layout.framesPerSecond, this.#rate),
    };
    if (known) known.part = part;
    else this.#sources.set(layout.source, { part, index: 0, book: new SourceBook() });
    this.#rebuild();
  }

  /** Expects nothing more from `source`; what it has sent stays in the sums. */
  forget(source: string): void {
    const known = this.#sources.get(source);
    if (!known) return;
    this.#receivedBefore += known.book.figures.received;
    this.#discardedBefore += discardedOf(known);
    this.#sources.delete(source);
    this.#rebuild();
  }

  /** Takes one lent frame at the time of the call, and publishes what is complete or due. */
  accept(frame: Frame, nowMicros: number, monotonicMs: number): void {
    this.#watchClock(nowMicros, monotonicMs);
    const source = this.#byLayout.get(frame.layout.id);
    if (!source) {
      this.#notExpected++;
      return;
    }
    const figures = source.book.figures;
    figures.received++;
    const badDevices = this.#sortDevices(frame);
    const devices = frame.layout.devices.length;
    const sorting = this.#options.badTimestamps === "sortByArrival";
    if (!Number.isFinite(frame.instant.seconds) || !(frame.instant.nanos >= 0)) {
      figures.badTime++;
    } else if (badDevices < devices) {
      const isPlaced = this.#sort(source, frame, devices - badDevices, nowMicros, monotonicMs);
      if (isPlaced && badDevices > 0) {
        if (sorting) {
          this.#sortByArrival(source, frame, badDevices, nowMicros, monotonicMs, true);
        } else {
          figures.badTimeParts++;
        }
      }
    } else if (sorting) {
      figures.sortedByArrival++;
      this.#sortByArrival(source, frame, badDevices, nowMicros, monotonicMs, false);
    } else {
      figures.badTime++;
    }
    this.#queue.publish(nowMicros, monotonicMs);
  }

  /** Publishes what is due; returns the number of frames that went out. */
  advance(nowMicros: number, monotonicMs: number): number {
    this.#watchClock(nowMicros, monotonicMs);
    const before = this.#queue.counts.publishedFrames;
    this.#queue.publish(nowMicros, monotonicMs);
    return this.#queue.counts.publishedFrames - before;
  }

  /** When to call {@linkcode advance} next, as UTC of the host; Infinity while there is nothing to wait for. */
  nextDueMicros(nowMicros: number, monotonicMs: number): number {
    return this.#queue.nextDueMicros(nowMicros, monotonicMs);
  }

  /** What it did since its start. */
  figures(): AlignerFigures {
    const { publishDelay } = this.#queue;
    const sources: Record<string, SourceFigures> = {};
    let received = this.#receivedBefore;
    for (const [name, { book }] of this.#sources) {
      sources[name] = { ...book.figures };
      received += book.figures.received;
    }
    return {
      received,
      notExpected: this.#notExpected,
      ...this.#queue.counts,
      clockSteps: this.#steps,
      openSlots: this.#queue.openSlots,
      publishDelayP50Ms: publishDelay.percentile(50) / 1000,
      publishDelayP99Ms: publishDelay.percentile(99) / 1000,
      publishDelayMaxMs: publishDelay.max / 1000,
      sources,
    };
  }

  /** Measurements of frames that came too late, too early or without usable time, since the start. */
  get discardedMeasurements(): number {
    let discarded = this.#discardedBefore;
    for (const source of this.#sources.values()) discarded += discardedOf(source);
    return discarded;
  }

  /** Frames that were complete before their wait was over, since the start. */
  get framesAhead(): number {
    return this.#queue.counts.framesAheadOfSchedule;
  }

  /**
   * The measured delay of every source, and the wait that it would need.
   *
   * With relative wait only the difference to the fastest source counts, for the clocks need not agree.
   */
  advice(): WaitAdvice[] {
    // A stamp inside a slot lies up to one slot after its beginning, when there are several.
    const baseOf = (source: Source) =>
      source.part.framesPerSlot > 1 || this.#options.slotRule === "nearest" ? 1000 / this.#rate : 0;
    const list = [...this.#sources].map(([name, source]) =>
      source.book.advice(name, this.#options.waitMs, baseOf(source))
    );
    if (!this.#isRelative) return list;
    const fastest = Math.min(...list.map((a) => a.p50Ms).filter((ms) => ms === ms));
    return [...this.#sources].map(([name, source]) =>
      source.book.advice(name, this.#options.waitMs, baseOf(source) - fastest)
    );
  }

  /** Splits the devices of a frame into those of good and bad time; returns the number of the bad. */
  #sortDevices(frame: Frame): number {
    const devices = frame.layout.devices;
    const keep = this.#options.badTimestamps === "keep";
    let good = 0, bad = 0;
    for (let i = 0; i < devices.length; i++) {
      const { offset, count } = devices[i]!;
      if (!keep && (frame.flags[offset]! & StateFlags.BadTime) !== 0) {
        this.#bad[2 * bad] = offset;
        this.#bad[2 * bad++ + 1] = count;
      } else {
        this.#good[2 * good] = offset;
        this.#good[2 * good++ + 1] = count;
      }
    }
    return bad;
  }

  /** Sorts the good devices of a frame by its stamp; true if they were placed. */
  #sort(
    source: Source,
    frame: Frame,
    devices: number,
    nowMicros: number,
    monotonicMs: number,
  ): boolean {
    const { book } = source;
    const stamp = frame.instant;
    const stampMicros = toMicros(stamp);
    const repeat = book.isRepeat(stamp);
    const real = this.#realTime.at(nowMicros, monotonicMs, stampMicros);
    const distance = real - stampMicros;
    if (distance < -this.#leadMicros) {
      book.figures.future++;
      return false;
    }
    const slot = this.#numbers.of(stamp);
    const isOver = !this.#isRelative && distance > this.#waitMicros;
    const isLate = isOver || !this.#queue.reach(slot, nowMicros, monotonicMs);
    if (!repeat) book.delay(frame.arrivalMicros - stampMicros, isLate, monotonicMs);
    if (isLate) {
      // A repeat within the wait finds its slot published early: that is no delay of the source.
      if (repeat && !isOver) {
        book.figures.duplicates++;
      } else {
        book.figures.late++;
        book.figures.lastLateMs = (nowMicros - stampMicros) / 1000;
      }
      return false;
    }
    const used = this.#place(
      source,
      frame,
      slot,
      this.#good,
      devices,
      stamp,
      repeat ? Placing.Repeat : Placing.Normal,
      monotonicMs,
    );
    if (repeat) {
      book.figures.duplicates++;
      return false;
    }
    book.remember(stamp);
    if (used) book.figures.placed++;
    else book.figures.downsampled++;
    this.#realTime.saw(stampMicros, nowMicros, monotonicMs);
    return true;
  }

  /** Puts the bad devices of a frame into the slot of real time. */
  #sortByArrival(
    source: Source,
    frame: Frame,
    devices: number,
    nowMicros: number,
    monotonicMs: number,
    isStray: boolean,
  ): void {
    const figures = source.book.figures;
    const real = this.#realTime.at(nowMicros, monotonicMs, nowMicros);
    const seconds = Math.floor(real / 1e6);
    this.#arrival.seconds = seconds;
    this.#arrival.nanos = Math.floor((real - seconds * 1e6) * 1000);
    const slot = this.#numbers.of(this.#arrival);
    if (!this.#queue.reach(slot, nowMicros, monotonicMs)) {
      if (isStray) figures.badTimeParts++;
      else figures.late++;
      return;
    }
    const how = Placing.Sorted | (isStray ? Placing.Stray : 0);
    const used = this.#place(
      source,
      frame,
      slot,
      this.#bad,
      devices,
      this.#arrival,
      how,
      monotonicMs,
    );
    if (isStray) return;
    if (used) figures.placed++;
    else figures.downsampled++;
  }

  #place(
    source: Source,
    frame: Frame,
    slot: number,
    ranges: Int32Array,
    count: number,
    stamp: Instant,
    how: number,
    monotonicMs: number,
  ): boolean {
    if ((how & (Placing.Repeat | Placing.Stray)) === 0) {
      if (this.#queue.hasPlaced(slot, source.index)) source.book.figures.shared++;
    }
    const nanos = this.#numbers.distanceNanos(slot, stamp);
    return this.#queue.place(slot, source.index, frame, ranges, count, nanos, how, monotonicMs);
  }

  #watchClock(nowMicros: number, monotonicMs: number): void {
    const stepMs = this.#realTime.stepMs(nowMicros, monotonicMs);
    if (Math.abs(stepMs) <= this.#options.leadMs) return;
    this.#steps++;
    this.#queue.jump();
    this.#events.clockStepped?.(stepMs);
  }

  #rebuild(): void {
    const handles: number[] = [];
    const devices: { device: string; offset: number; count: number }[] = [];
    const parts: SourcePart[] = [];
    this.#byLayout = new Map();
    let most = 1;
    for (const source of this.#sources.values()) {
      const { layout } = source.part;
      const offset = handles.length;
      source.part = { ...source.part, offset };
      source.index = parts.length;
      parts.push(source.part);
      this.#byLayout.set(layout.id, source);
      for (const handle of layout.handles) handles.push(handle); // may be too many for arguments
      for (const d of layout.devices) devices.push({ ...d, offset: d.offset + offset });
      most = Math.max(most, layout.devices.length);
    }
    this.#good = new Int32Array(2 * most);
    this.#bad = new Int32Array(2 * most);
    this.#layout = makeLayout(this.#options.name, handles, devices, this.#rate);
    this.#queue.change(this.#layout, parts);
    this.#events.layoutChanged?.(this.#layout);
  }
}

/** Measurements of a source that came too late, too early or without usable time. */
function discardedOf({ part, book }: Source): number {
  const { late, future, badTime } = book.figures;
  return (late + future + badTime) * part.layout.handles.length;
}
