/**
 * The samples of one stream in order: from the octets of frames into a waveform ring.
 *
 * This is the hot path: no allocation, no closure and no object per frame or sample.
 *
 * @module
 */
import { SampleMarks, type WaveformRing } from "../core/mod.ts";
import { sameBytes, visibleBytes } from "./bytes.ts";
import { effectiveRate } from "./constants.ts";
import type { SvPdu } from "./pdu.ts";
import { SampleClock, type SampleClockOptions } from "./sample_clock.ts";
import { SampleOrder } from "./sample_order.ts";
import { SequenceCounters } from "./sequence_counters.ts";
import { ClockKind, clockKindOf } from "./smp_synch.ts";
import { StreamNotice } from "./stream_notice.ts";
import {
  nanosOfFraction,
  utcTimeFraction,
  UtcTimeQuality,
  utcTimeQuality,
  utcTimeSeconds,
} from "./utc_time.ts";

/** Choices of a {@linkcode SampleStream}. */
export interface SampleStreamOptions extends SampleClockOptions {
  /** Samples that may be waited for when others came first; 10 ms worth unless it is said, at least 16. */
  readonly window?: number;
  /** Expected `confRev`; samples with another are dropped. Without it the first is taken, and changes are told. */
  readonly confRev?: number;
  /** Expected `datSet`; samples with another are dropped, those without one are not. */
  readonly datSet?: string;
  /** Nominal frequency in hertz, to check `smpRate` per period; 0, the default, leaves that unchecked. */
  readonly nominalHz?: number;
  /** The second is taken from `refrTm` where it is present and good, as for routable streams. Default false. */
  readonly useRefrTm?: boolean;
  /** Fill while no frames come, for up to a second. Default true. */
  readonly fillGaps?: boolean;
}

/**
 * Puts the samples of one stream in order and writes them into its ring.
 *
 * What arrives early waits in the ring beyond `next` for up to `window` samples; what never came is zero
 * with invalid quality and marked as filled. Every sample ends in one of the {@linkcode SequenceCounters}.
 * A sample far off is believed when the next frame goes on from it, or when the time that passed explains
 * it.
 */
export class SampleStream {
  /** Where the samples go. */
  readonly ring: WaveformRing;
  /** Numbers and instants. */
  readonly clock: SampleClock;
  /** What became of the samples. */
  readonly counters: SequenceCounters = new SequenceCounters();
  /** Samples that may be waited for. */
  readonly window: number;
  /** `smpSynch` of the last frame, -1 before the first. */
  smpSynch: number = -1;
  /** `confRev` of the last frame, -1 before the first. */
  confRev: number = -1;
  /** `gmIdentity` of the last frame that had one. */
  readonly gmIdentity: Uint8Array = new Uint8Array(8);
  /** True while no frame has come for a second. */
  isLost = false;
  /** Octets of `seqData`. */
  readonly #dataLength: number;
  readonly #expectedConfRev: number;
  readonly #expectedDatSet: Uint8Array | undefined;
  readonly #nominalHz: number;
  readonly #useRefrTm: boolean;
  readonly #fillGaps: boolean;
  readonly #order: SampleOrder;
  #lastNumber = 0.5;
  #lastSeconds = 0;
  #lastNanos = 0;
  #hasIdentity = false;

  /**
   * Makes the sequence of a ring.
   *
   * Throws a RangeError where the ring is too small for four windows.
   */
  constructor(ring: WaveformRing, options: SampleStreamOptions = {}) {
    this.ring = ring;
    this.window = options.window ?? Math.max(16, Math.ceil(ring.rate / 100));
    this.#order = new SampleOrder(ring, this.window, this.counters);
    this.clock = new SampleClock(ring.rate, options);
    this.#dataLength = 8 * ring.values.length;
    this.#expectedConfRev = options.confRev ?? -1;
    this.#expectedDatSet = options.datSet === undefined ? undefined : visibleBytes(options.datSet);
    this.#nominalHz = options.nominalHz ?? 0;
    this.#useRefrTm = options.useRefrTm ?? false;
    this.#fillGaps = options.fillGaps ?? true;
  }

  /**
   * Takes the ASDUs `first` up to but not including `end` of a frame that arrived at `seconds` and `nanos`.
   *
   * `bytes` and `view` are those that `pdu` was decoded from, with the same offsets. Returns bits of
   * {@linkcode StreamNotice}; never throws for wire content.
   */
  accept(
    bytes: Uint8Array,
    view: DataView,
    pdu: SvPdu,
    first: number,
    end: number,
    seconds: number,
    nanos: number,
    isSimulated = false,
  ): number {
    const { clock, counters } = this;
    const order = this.#order;
    const last = end - 1;
    order.notice = StreamNotice.None;
    order.beginFrame();
    counters.received += end - first;
    if (!this.#isConfigured(bytes, pdu, last, end - first)) return order.notice;
    this.#watch(bytes, pdu, last);
    const wasOdd = clock.isOddCount;
    if (!this.#find(bytes, pdu, last, seconds, nanos)) {
      counters.outlier += end - first;
      return order.notice;
    }
    const number = clock.number;
    if (clock.isOddCount !== wasOdd) order.notice |= StreamNotice.OddCount;
    order.isRebased = clock.isRebased;
    if (order.isStarted && !this.isLost && this.#passed(seconds, nanos) > this.ring.rate) {
      this.#lose();
    }
    if (this.isLost) {
      this.isLost = false;
      order.isRebased = true;
      order.notice |= StreamNotice.Returned;
    }
    order.isExplained = Math.abs(number - clock.expected) <= this.window;
    order.marks = clock.marks | (isSimulated ? SampleMarks.Simulated : SampleMarks.None);
    order.number = number;
    if (!order.isStarted || this.#isNewConfRev(pdu, last)) {
      this.confRev = pdu.confRev[last]!;
      order.number = Math.max(0, number - (last - first));
      order.restart();
    }
    const { accepted } = counters;
    const { confirmed } = order;
    let isRegular = last === first || pdu.smpCnt[first]! % (end - first) === 0;
    for (let i = first; i < end; i++) {
      const steps = last - i;
      const difference = pdu.smpCnt[last]! - pdu.smpCnt[i]!;
      let isFound = true;
      if (difference === steps || difference + clock.period === steps) {
        order.number = number - steps;
      } else {
        isRegular = false;
        isFound = this.#find(bytes, pdu, i, seconds, nanos);
        order.number = clock.number;
      }
      if (!isFound) counters.outlier++;
      else if (pdu.seqDataLength[i] !== this.#dataLength) this.#misconfigured(1);
      else order.take(view, pdu.seqDataOffset[i]!);
    }
    if (!isRegular) counters.irregular++;
    // Whoever counts otherwise now may have been set to count by its rate.
    if (order.confirmed > confirmed && clock.isOddCount) clock.reset();
    if (counters.accepted > accepted) {
      clock.number = number;
      clock.follow(pdu.smpCnt[last]!, seconds, nanos);
      this.#lastNumber = number;
      this.#lastSeconds = seconds;
      this.#lastNanos = nanos;
      order.endFrame();
    }
    return order.notice;
  }

  /**
   * Lets time pass to `seconds` and `nanos`, by which all that had arrived was handed over: holes that have
   * waited for a window are filled, and so is what should have come since. Returns bits of
   * {@linkcode StreamNotice}.
   */
  poll(seconds: number, nanos: number): number {
    const order = this.#order;
    order.notice = StreamNotice.None;
    if (!order.isStarted || this.isLost) return StreamNotice.None;
    const passed = this.#passed(seconds, nanos);
    if (passed <= this.window) return StreamNotice.None;
    order.release();
    if (passed > this.ring.rate) {
      this.#lose();
    } else if (this.#fillGaps && !this.clock.isOddCount) {
      order.fillTo(Math.floor(this.#lastNumber + passed - this.window));
    }
    return order.notice;
  }

  /** Forgets the stream, but for its counters. */
  reset(): void {
    this.clock.reset();
    this.#order.reset();
    this.isLost = false;
    this.smpSynch = -1;
    this.confRev = -1;
    this.#hasIdentity = false;
  }

  /** Samples that should have come since the last frame that was believed. */
  #passed(seconds: number, nanos: number): number {
    const passed = (seconds - this.#lastSeconds) * 1e9 + nanos - this.#lastNanos;
    return passed * this.ring.rate / 1e9;
  }

  #lose(): void {
    this.isLost = true;
    this.counters.lost++;
    this.#order.notice |= StreamNotice.Lost;
  }

  #misconfigured(samples: number): void {
    this.counters.misconfigured += samples;
    this.#order.notice |= StreamNotice.Misconfigured;
  }

  /** False for frames of another configuration; their `samples` are counted. */
  #isConfigured(bytes: Uint8Array, pdu: SvPdu, asdu: number, samples: number): boolean {
    const datSet = this.#expectedDatSet, at = pdu.datSetOffset[asdu]!;
    if (
      (this.#expectedConfRev >= 0 && pdu.confRev[asdu] !== this.#expectedConfRev) ||
      (datSet && at >= 0 && !sameBytes(bytes, at, pdu.datSetLength[asdu]!, datSet))
    ) {
      this.#misconfigured(samples);
      return false;
    }
    const smpRate = pdu.smpRate[asdu]!, { rate } = this.ring;
    // Some publishers write samples per second and no smpMod.
    if (smpRate <= 0 || smpRate === rate) return true;
    const announced = effectiveRate(smpRate, pdu.smpMod[asdu]!, this.#nominalHz);
    if (announced === rate || announced === 0) return true; // 0: per period, of a frequency that nobody has said
    this.counters.wrongRate += samples;
    this.#order.notice |= StreamNotice.WrongRate;
    return false;
  }

  /** Notices changes of the publisher's clock. */
  #watch(bytes: Uint8Array, pdu: SvPdu, asdu: number): void {
    const smpSynch = pdu.smpSynch[asdu]!;
    if (smpSynch !== this.smpSynch) {
      if (this.#order.isStarted) this.#order.notice |= StreamNotice.SmpSynch;
      this.smpSynch = smpSynch;
    }
    const at = pdu.gmIdentityOffset[asdu]!;
    if (at < 0 || (this.#hasIdentity && sameBytes(bytes, at, 8, this.gmIdentity))) return;
    for (let i = 0; i < 8; i++) this.gmIdentity[i] = bytes[at + i]!;
    if (this.#hasIdentity) this.#order.notice |= StreamNotice.GmIdentity;
    this.#hasIdentity = true;
  }

  #isNewConfRev(pdu: SvPdu, asdu: number): boolean {
    if (pdu.confRev[asdu] === this.confRev) return false;
    // An old frame that comes late may have the old one.
    if (!this.#order.isNew) return false;
    this.#order.notice |= StreamNotice.ConfRev;
    return true;
  }

  /** Sets the clock's number of an ASDU; false where it has none. */
  #find(bytes: Uint8Array, pdu: SvPdu, asdu: number, seconds: number, nanos: number): boolean {
    const smpCnt = pdu.smpCnt[asdu]!, smpSynch = pdu.smpSynch[asdu]!;
    const at = this.#useRefrTm ? pdu.refrTmOffset[asdu]! : -1;
    if (at >= 0 && clockKindOf(smpSynch) !== ClockKind.Free) {
      const bad = UtcTimeQuality.ClockFailure | UtcTimeQuality.ClockNotSynchronized;
      if ((utcTimeQuality(bytes, at) & bad) === 0) {
        const utcNanos = nanosOfFraction(utcTimeFraction(bytes, at));
        this.clock.findAt(smpCnt, smpSynch, utcTimeSeconds(bytes, at), utcNanos);
        return this.clock.number >= 0;
      }
    }
    // Before 1970 there are no numbers: a clock that has never been set.
    return this.clock.find(smpCnt, pdu.smpCntLength[asdu]!, smpSynch, seconds, nanos) &&
      this.clock.number >= 0;
  }
}
