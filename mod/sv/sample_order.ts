/**
 * Samples by number into a waveform ring: early ones wait, missing ones are filled, all are counted.
 *
 * This is the hot path: no allocation, no closure and no object per sample.
 *
 * @module
 */
import { SampleMarks, type WaveformRing } from "../core/mod.ts";
import { Quality } from "./quality.ts";
import type { SequenceCounters } from "./sequence_counters.ts";
import { StreamNotice } from "./stream_notice.ts";

/** Puts the samples of one stream in order; whoever numbers them says what is to be believed. */
export class SampleOrder {
  /** Where the samples go. */
  readonly ring: WaveformRing;
  /** Samples that may be waited for. */
  readonly window: number;
  /** What became of the samples. */
  readonly counters: SequenceCounters;
  /** Number of the sample that is taken next; a fraction, so that it is a double from the start. */
  number = 0.5;
  /** `SampleMarks` of it. */
  marks = 0;
  /** The numbering has begun anew: a number far off is right. */
  isRebased = false;
  /** The time that has passed explains the number. */
  isExplained = false;
  /** Bits of {@linkcode StreamNotice} since they were cleared. */
  notice = 0;
  /** Jumps that a second frame has confirmed. */
  confirmed = 0;
  /** The ring has a first sample. */
  isStarted = false;
  readonly #channels: number;
  /** 1 for each sample that waits beyond `next`, by number modulo its length. */
  readonly #waiting: Uint8Array;
  readonly #mask: number;
  /** Index of `next` in `#waiting`. */
  #base = 0;
  /** Samples from `next` up to and including the last that waits; 0 when none does. */
  #span = 0;
  #frame = 0;
  /** Number that would confirm a jump, and the frame that suggested it. */
  #candidate = -0.5;
  #candidateFrame = 0;

  /** Makes the order of a ring; throws a RangeError where it is too small for four windows. */
  constructor(ring: WaveformRing, window: number, counters: SequenceCounters) {
    if (!(window >= 1) || ring.capacity < 4 * window) {
      throw new RangeError(
        `Cannot order samples: expected a ring of at least 4 windows of ${window} samples, ` +
          `found ${ring.capacity}`,
      );
    }
    this.ring = ring;
    this.window = window;
    this.counters = counters;
    this.#channels = ring.values.length;
    const size = 2 ** Math.ceil(Math.log2(2 * window + 2));
    this.#waiting = new Uint8Array(size);
    this.#mask = size - 1;
  }

  /** Says that the samples that follow are of the next frame. */
  beginFrame(): void {
    this.#frame++;
  }

  /** Says that samples of this frame were believed: a jump that an earlier one suggested was none. */
  endFrame(): void {
    if (this.#candidateFrame !== this.#frame) this.#candidate = -1;
  }

  /** True if `number` lies beyond all that has come. */
  get isNew(): boolean {
    return this.number >= this.ring.next + this.#span;
  }

  /** Gives out what waits, with what is missing between. */
  release(): void {
    while (this.#span > 0) this.#advance();
  }

  /** Fills up to but not including `end`. */
  fillTo(end: number): void {
    while (this.ring.next < end) this.#advance();
  }

  /** Forgets all samples, but not the counters. */
  reset(): void {
    this.isStarted = false;
    this.#candidate = -1;
  }

  /** Takes sample `number`, whose values stand at `at`. */
  take(view: DataView, at: number): void {
    const { ring } = this;
    let ahead = this.number - ring.next;
    if (ahead === 0 && this.#span === 0) {
      this.#write(ring.position, view, at);
      ring.commit();
      this.#base = (this.#base + 1) & this.#mask;
      this.counters.accepted++;
      return;
    }
    if (ahead < -2 * this.window || ahead > this.#span + this.window) {
      if (!this.#jump(ahead)) {
        this.counters.outlier++;
        return;
      }
      ahead = this.number - ring.next;
    }
    if (ahead < 0) this.#takeOld(ahead, view, at);
    else this.#takeAhead(ahead, view, at);
  }

  #takeAhead(ahead: number, view: DataView, at: number): void {
    const position = this.ring.reserve(ahead);
    const index = (this.#base + ahead) & this.#mask;
    if (ahead >= this.#span) {
      this.#span = ahead + 1;
    } else if (this.#waiting[index] !== 0) {
      this.#takeTwice(position, view, at);
      return;
    } else {
      this.counters.reordered++;
    }
    this.#waiting[index] = 1;
    this.#write(position, view, at);
    this.counters.accepted++;
    while (this.#span > 0 && (this.#waiting[this.#base] !== 0 || this.#span > this.window)) {
      this.#advance();
    }
  }

  #takeOld(ahead: number, view: DataView, at: number): void {
    const { ring } = this;
    const position = ring.position + ahead + (ring.position + ahead < 0 ? ring.capacity : 0);
    const isGone = this.number < ring.first;
    if (isGone || (ring.marks[position]! & SampleMarks.Filled) !== 0) this.counters.late++;
    else this.#takeTwice(position, view, at);
  }

  #takeTwice(position: number, view: DataView, at: number): void {
    if (this.#isSame(position, view, at)) {
      this.counters.duplicate++;
    } else {
      this.counters.conflict++;
      this.notice |= StreamNotice.Conflict;
    }
  }

  /** Whether a sample far from `next` is believed; then the ring is where it goes on. */
  #jump(ahead: number): boolean {
    const isConfirmed = this.number === this.#candidate && this.#candidateFrame !== this.#frame;
    if (this.isExplained && !this.isRebased && ahead > 0 && ahead <= this.ring.rate) {
      this.fillTo(this.number);
    } else if (this.isRebased || this.isExplained || isConfirmed) {
      if (isConfirmed) this.confirmed++;
      this.restart();
    } else {
      this.#candidate = this.number + 1;
      this.#candidateFrame = this.#frame;
      return false;
    }
    this.isRebased = false;
    return true;
  }

  /** Gives `next` to its readers, filled where it has not come. */
  #advance(): void {
    const { ring } = this;
    if (this.#span > 0 && this.#waiting[this.#base] !== 0) this.#waiting[this.#base] = 0;
    else this.#fill(ring.position);
    ring.commit();
    this.#base = (this.#base + 1) & this.#mask;
    if (this.#span > 0) this.#span--;
  }

  #fill(position: number): void {
    const { values, quality, marks } = this.ring;
    for (let c = 0; c < this.#channels; c++) {
      values[c]![position] = 0;
      quality[c]![position] = Quality.Invalid;
    }
    marks[position] = this.marks | SampleMarks.Filled;
    this.counters.missing++;
  }

  #write(position: number, view: DataView, at: number): void {
    const { values, quality, marks } = this.ring;
    for (let c = 0; c < this.#channels; c++, at += 8) {
      values[c]![position] = view.getInt32(at);
      quality[c]![position] = view.getInt32(at + 4); // the array makes it unsigned again
    }
    marks[position] = this.marks;
  }

  #isSame(position: number, view: DataView, at: number): boolean {
    const { values, quality } = this.ring;
    for (let c = 0; c < this.#channels; c++, at += 8) {
      if (values[c]![position] !== view.getInt32(at)) return false;
      if (quality[c]![position] !== view.getUint32(at + 4)) return false;
    }
    return true;
  }

  /** Begins the ring anew at `number`. */
  restart(): void {
    this.#waiting.fill(0);
    this.#span = 0;
    this.#candidate = -1;
    this.ring.restart(this.number);
    if (this.isStarted) {
      this.counters.resync++;
      this.notice |= StreamNotice.Resync;
    }
    this.isStarted = true;
  }
}
