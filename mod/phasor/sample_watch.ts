/**
 * What is known of the quality of the samples in a window, kept up to date without looking at a window twice.
 *
 * Each sample is looked at once, when the first report needs it; what remains is where each condition was last seen.
 * A window has a condition if that place is not before its start, since nothing behind its end was looked at yet.
 *
 * @module
 */
import { SampleMarks, type WaveformRing } from "../core/mod.ts";
import type { SampleView } from "./sample_view.ts";

/** Conditions of a channel: an index of {@linkcode SampleWatch} each. */
export const Condition = {
  /** Validity invalid or reserved, or failure. */
  Invalid: 0,
  /** Validity questionable, or a detail that makes it so, substituted, or blocked by an operator. */
  Questionable: 1,
  /** Overflow or out of range. */
  OverRange: 2,
  /** Test. */
  Test: 3,
} as const;

/** Conditions of the whole stream: an index of {@linkcode SampleWatch.isMarked} each. */
export const StreamCondition = {
  /** The publisher's clock was not synchronised. */
  NotSynchronised: 0,
  /** The clock is a local one. */
  LocalClock: 1,
  /** The time of samples is doubtful. */
  TimeSuspect: 2,
  /** The samples are simulated. */
  Simulated: 3,
} as const;

/** Bits of the quality word (IEC 61850-7-3, clause 6.2), least significant first. */
const QualityBits = {
  validity: 0x3,
  questionable: 0x3,
  overRange: 0x4 | 0x8,
  failure: 0x40,
  /** Bad reference, oscillatory, old data, inconsistent, inaccurate, substituted, operator blocked. */
  doubtful: 0x10 | 0x20 | 0x80 | 0x100 | 0x200 | 0x400 | 0x1000,
  test: 0x800,
  /** All that means something here; "derived" only says that a neutral was computed. */
  any: 0x1fff,
};

const SYNCH_MARKS = SampleMarks.NotSynchronised | SampleMarks.LocalClock;
const CONDITIONS = 4;

/** Looks at the quality of each sample once. */
export class SampleWatch {
  readonly #ringIndex: Int32Array;
  readonly #last: Float64Array;
  readonly #marked = new Float64Array(CONDITIONS).fill(-Infinity);
  readonly #gaps: Float64Array;
  readonly #maxGap: number;
  #gapHead = 0;
  #gapCount = 0;
  #lastFilled = -Infinity;
  #run = 0;
  #lastLongGap = -Infinity;
  #synch = -1;
  #lastSynchChange = -Infinity;
  #scanned = 0;
  #start = 0;

  /** Watches the channels at `ringIndex`; `maxGaps` missing samples are remembered, runs over `maxGap` are too long. */
  constructor(ringIndex: Int32Array, maxGap: number, maxGaps: number) {
    this.#ringIndex = ringIndex;
    this.#maxGap = maxGap;
    this.#last = new Float64Array(ringIndex.length * CONDITIONS).fill(-Infinity);
    this.#gaps = new Float64Array(maxGaps + 1);
  }

  /** Forgets everything; sample `k` will be the first. */
  restart(k: number): void {
    this.#last.fill(-Infinity);
    this.#marked.fill(-Infinity);
    this.#gapCount = 0;
    this.#lastFilled = this.#lastLongGap = this.#lastSynchChange = -Infinity;
    this.#run = 0;
    this.#synch = -1;
    this.#scanned = k;
  }

  /** Looks at the samples up to the end of the windows; what is asked next is about those windows. */
  scan(ring: WaveformRing, view: SampleView): void {
    const to = Math.min(view.base + view.end + 1, ring.next);
    let k = Math.max(this.#scanned, ring.first);
    this.#scanned = Math.max(this.#scanned, to);
    this.#start = view.base + view.start;
    while (k < to) {
      const from = k % ring.capacity;
      const count = Math.min(to - k, ring.capacity - from);
      this.#scanMarks(ring.marks, from, count, k);
      for (let c = 0; c < this.#ringIndex.length; c++) {
        const quality = ring.quality[this.#ringIndex[c]!]!;
        let any = 0;
        for (let i = from; i < from + count; i++) any |= quality[i]!;
        if ((any & QualityBits.any) !== 0) {
          this.#scanQuality(c, quality, ring.marks, from, count, k);
        }
      }
      k += count;
    }
    this.#dropGaps();
  }

  /** True if a sample of the channel has the condition. */
  has(channel: number, condition: number): boolean {
    return this.#last[channel * CONDITIONS + condition]! >= this.#start;
  }

  /** True if a sample of the stream has the condition. */
  isMarked(condition: number): boolean {
    return this.#marked[condition]! >= this.#start;
  }

  /** True if `smpSynch` changed from one sample to the next. */
  get synchChanged(): boolean {
    return this.#lastSynchChange > this.#start;
  }

  /** True if a run of missing samples that is too long reaches into the windows. */
  get hasLongGap(): boolean {
    return this.#lastLongGap >= this.#start;
  }

  /** How many samples are missing at the end of what was looked at, in one run up to its end. */
  get openGap(): number {
    return this.#lastFilled === this.#scanned - 1 ? this.#run : 0;
  }

  /** Number of missing samples; at most one more than may be interpolated. */
  get gapCount(): number {
    return this.#gapCount;
  }

  /** Missing sample `i`, counted as the view does. */
  gapAt(i: number, view: SampleView): number {
    return this.#gaps[(this.#gapHead + i) % this.#gaps.length]! - view.base;
  }

  #dropGaps(): void {
    const gaps = this.#gaps;
    while (this.#gapCount > 0 && gaps[this.#gapHead]! < this.#start) {
      if (++this.#gapHead === gaps.length) this.#gapHead = 0;
      this.#gapCount--;
    }
  }

  #scanMarks(marks: Uint8Array, from: number, count: number, first: number): void {
    const synch = this.#synch;
    let differs = 0;
    // Equal marks without anything but the synchronisation need no second look.
    if (synch >= 0) { for (let i = from; i < from + count; i++) differs |= marks[i]! ^ synch; }
    if (synch === 0 && differs === 0) return;
    for (let i = 0; i < count; i++) {
      const mark = marks[from + i]!, k = first + i;
      if ((mark & SampleMarks.Filled) !== 0) {
        this.#fill(k);
        continue;
      }
      const now = mark & SYNCH_MARKS;
      if (now !== this.#synch) {
        if (this.#synch >= 0) this.#lastSynchChange = k;
        this.#synch = now;
      }
      if (mark === 0) continue;
      const marked = this.#marked;
      if ((mark & SampleMarks.NotSynchronised) !== 0) marked[StreamCondition.NotSynchronised] = k;
      if ((mark & SampleMarks.LocalClock) !== 0) marked[StreamCondition.LocalClock] = k;
      if ((mark & SampleMarks.TimeSuspect) !== 0) marked[StreamCondition.TimeSuspect] = k;
      if ((mark & SampleMarks.Simulated) !== 0) marked[StreamCondition.Simulated] = k;
    }
  }

  #fill(k: number): void {
    this.#run = this.#lastFilled === k - 1 ? this.#run + 1 : 1;
    this.#lastFilled = k;
    if (this.#run > this.#maxGap) this.#lastLongGap = k;
    const gaps = this.#gaps;
    gaps[(this.#gapHead + this.#gapCount) % gaps.length] = k;
    if (this.#gapCount < gaps.length) this.#gapCount++;
    else if (++this.#gapHead === gaps.length) this.#gapHead = 0;
  }

  #scanQuality(
    channel: number,
    quality: Uint32Array,
    marks: Uint8Array,
    from: number,
    count: number,
    first: number,
  ): void {
    const last = this.#last, base = channel * CONDITIONS;
    for (let i = 0; i < count; i++) {
      const word = quality[from + i]! & QualityBits.any;
      // The quality of a sample that never came is the gateway's own.
      if (word === 0 || (marks[from + i]! & SampleMarks.Filled) !== 0) continue;
      const validity = word & QualityBits.validity, k = first + i;
      // "Reserved" is what some peers send where they mean invalid.
      if (validity === 1 || validity === 2 || (word & QualityBits.failure) !== 0) {
        last[base + Condition.Invalid] = k;
      }
      if (validity === QualityBits.questionable || (word & QualityBits.doubtful) !== 0) {
        last[base + Condition.Questionable] = k;
      }
      if ((word & QualityBits.overRange) !== 0) last[base + Condition.OverRange] = k;
      if ((word & QualityBits.test) !== 0) last[base + Condition.Test] = k;
    }
  }
}
