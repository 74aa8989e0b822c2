/**
 * Conditions on bits of a waveform: of a digital channel, of quality words and of marks.
 *
 * @module
 */
import { SampleMarks } from "../core/mod.ts";
import type { Comparator, SharedTime } from "./comparator.ts";
import type { ChannelSamples } from "./meters.ts";
import type { DigitalTrigger, QualityCondition } from "./options.ts";
import { type Gate, NumberWatch, type Watch } from "./watch.ts";

/** A change of bits that lasts for the delay. */
export class BitChange {
  readonly #time: SharedTime;
  readonly #mask: number;
  readonly #edge: DigitalTrigger["edge"];
  readonly #delay: number;
  #stable = -1; // bits are unsigned: none is known
  #new = -1;
  #since = 0.5;

  /** Looks at the bits of `mask`; `delay` in units of time. */
  constructor(time: SharedTime, mask: number, edge: DigitalTrigger["edge"], delay: number) {
    this.#time = time;
    this.#mask = mask;
    this.#edge = edge;
    this.#delay = delay;
  }

  /** When the bits became what they are. */
  get since(): number {
    return this.#since;
  }

  /** Takes the bits of now; true if they have changed as asked, and for long enough. */
  take(bits: number): boolean {
    const current = (bits & this.#mask) >>> 0;
    if (this.#stable < 0 || current === this.#stable) {
      this.#stable = current;
      this.#new = -1;
      return false;
    }
    if (current !== this.#new) {
      this.#new = current;
      this.#since = this.#time.now;
    }
    if (this.#time.now - this.#since < this.#delay) return false;
    const changed = current ^ this.#stable;
    const rises = (changed & current) !== 0;
    const falls = (changed & ~current) !== 0;
    this.#stable = current;
    this.#new = -1;
    return this.#edge === "any" || (this.#edge === "rise" ? rises : falls);
  }

  /** There is nothing to look at: a change that has not lasted begins anew. */
  interrupt(): void {
    this.#new = -1;
  }
}

/** Bits of a channel that change. */
export class DigitalWatch implements Watch {
  readonly #channel: number;
  readonly #samples: ChannelSamples;
  readonly #change: BitChange;
  readonly #gate: Gate;

  /** Watches the raw values of channel `channel`. */
  constructor(channel: number, samples: ChannelSamples, change: BitChange, gate: Gate) {
    this.#channel = channel;
    this.#samples = samples;
    this.#change = change;
    this.#gate = gate;
  }

  /** A change does not last. */
  get isActive(): boolean {
    return false;
  }

  reset(): void {
    this.#change.interrupt();
  }

  step(): void {
    const { isGood, raw } = this.#samples;
    if (!isGood) this.#change.interrupt();
    else if (this.#change.take(raw)) {
      this.#gate.fire(this.#change.since, this.#channel, raw);
    }
  }
}

/** Bits of quality words and of marks by the names of conditions (IEC 61850-7-3, 6.2). */
const QUALITY_BITS: Readonly<Record<QualityCondition, { quality?: number; marks?: number }>> = {
  invalid: {},
  questionable: {},
  overflow: { quality: 0x4 },
  outOfRange: { quality: 0x8 },
  failure: { quality: 0x40 },
  oldData: { quality: 0x80 },
  inconsistent: { quality: 0x100 },
  test: { quality: 0x800 },
  missing: { marks: SampleMarks.Filled },
  notSynchronised: { marks: SampleMarks.NotSynchronised },
  localClock: { marks: SampleMarks.LocalClock },
  timeSuspect: { marks: SampleMarks.TimeSuspect },
};

/** Quality that is bad in one of the ways that were asked for. */
export class QualityWatch extends NumberWatch {
  readonly #samples: ChannelSamples;
  readonly #quality: number;
  readonly #marks: number;
  readonly #invalid: boolean;
  readonly #questionable: boolean;

  /** Watches the quality of channel `channel`; the comparator is given 1 for bad and 0 for good. */
  constructor(
    channel: number,
    samples: ChannelSamples,
    conditions: readonly QualityCondition[],
    comparator: Comparator,
    gate: Gate,
  ) {
    super(channel, comparator, gate);
    this.#samples = samples;
    this.#quality = conditions.reduce((bits, c) => bits | (QUALITY_BITS[c].quality ?? 0), 0);
    this.#marks = conditions.reduce((bits, c) => bits | (QUALITY_BITS[c].marks ?? 0), 0);
    this.#invalid = conditions.includes("invalid");
    this.#questionable = conditions.includes("questionable");
  }

  step(): void {
    const { quality, marks } = this.#samples;
    const validity = quality & 3;
    const isFilled = (marks & SampleMarks.Filled) !== 0;
    // The zeros that stand for a missing sample are invalid, but not by word of the publisher.
    const isBad = (marks & this.#marks) !== 0 ||
      (!isFilled && ((quality & this.#quality) !== 0 ||
        (this.#invalid && (validity === 1 || validity === 2)) ||
        (this.#questionable && validity === 3)));
    if (this.comparator.take(isBad ? 1 : 0)) this.fire(quality);
  }
}
