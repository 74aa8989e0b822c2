/**
 * What was seen of one port of one clock on the wire.
 *
 * @module
 */
import {
  addIntervals,
  type AnnouncedClock,
  announcedClock,
  type AnnounceMessage,
  clockAccuracyNs,
  intervalNs,
  isUsable,
  masterToSlave,
  type PortIdentity,
  PtpFlags,
  type PtpTimestamp,
  type SyncMessage,
  type TimeInterval,
  UNKNOWN_INACCURACY,
} from "../ptp/mod.ts";
import type { ObservedFrame } from "./observer_types.ts";

/** Intervals that a rate is the mean of. */
const RATE_WINDOW = 16;
/** Offsets whose least is shown. */
const OFFSET_WINDOW = 16;
/** Senders of one identity that are told apart. */
const MAX_SENDERS = 4;
/** Milliseconds after which a sender that is not heard again sends no more. */
const SENDER_MS = 15_000;
/** Milliseconds after its last Sync that a port still counts as sending. */
const SENDING_MS = 3000;
/** What a boundary clock may add, in nanoseconds. */
const BOUNDARY_NS = 200;

/** Mean interval of what comes again and again. */
export class IntervalMeter {
  /** Monotonic milliseconds of the last one; NaN before the first. */
  lastMs: number = NaN;
  readonly #gaps: number[] = [];

  /** One came; gaps that are many times the mean (a pause) begin anew. */
  mark(ms: number): void {
    const gap = ms - this.lastMs;
    if (gap > 0) {
      const mean = this.seconds;
      if (mean !== undefined && gap > mean * 8000) this.#gaps.length = 0;
      else this.#gaps.push(gap);
      if (this.#gaps.length > RATE_WINDOW) this.#gaps.shift();
    }
    this.lastMs = ms;
  }

  /** Mean seconds between two; undefined before there are three. */
  get seconds(): number | undefined {
    const n = this.#gaps.length;
    return n < 2 ? undefined : this.#gaps.reduce((sum, gap) => sum + gap, 0) / n / 1000;
  }

  /** Gaps that the mean is made of. */
  get count(): number {
    return this.#gaps.length;
  }
}

/** One port of one clock. */
export class ObservedPort {
  /** The port. */
  readonly identity: PortIdentity;
  /** Domain. */
  readonly domainNumber: number;
  /** Its last Announce. */
  announce: AnnounceMessage | undefined;
  /** Whether two Announces came within four intervals, as a master must show before it counts. */
  qualified = false;
  /** Its Announces. */
  readonly announces: IntervalMeter = new IntervalMeter();
  /** Its Syncs. */
  readonly syncs: IntervalMeter = new IntervalMeter();
  /** Its requests for peer delay. */
  readonly peerRequests: IntervalMeter = new IntervalMeter();
  /** Monotonic milliseconds of its last message. */
  lastMs = NaN;
  /** Types of message that it has sent, a bit each. */
  sent = 0;
  /** Addresses under which its Syncs or their Follow_Ups came with a correction. */
  readonly correctedBy: Set<string> = new Set();
  /** Whether its Syncs are two-step. */
  twoStep: boolean | undefined;
  /** Largest correction of its Syncs. */
  correctionNs = 0;
  /** Syncs whose Follow_Up did not come before the next Sync. */
  followUpsMissing = 0;
  readonly #senders = new Map<string, number>();
  readonly #offsets: number[] = [];
  #pending: { sequenceId: number; correction: TimeInterval; t2: PtpTimestamp } | undefined;

  /** Makes a port of which nothing has been seen. */
  constructor(identity: PortIdentity, domainNumber: number) {
    this.identity = identity;
    this.domainNumber = domainNumber;
  }

  /** Notes that a message of a type came. */
  heard(messageType: number, frame: ObservedFrame): void {
    const { sender, ms } = frame;
    this.lastMs = ms;
    this.sent |= 1 << messageType;
    const senders = this.#senders;
    if (senders.has(sender) || senders.size < MAX_SENDERS) senders.set(sender, ms);
    for (const [other, lastMs] of senders) if (ms - lastMs > SENDER_MS) senders.delete(other);
  }

  /** Addresses that send in its name. */
  get senders(): string[] {
    return [...this.#senders.keys()];
  }

  /** Whether it sends Sync now. */
  isSending(ms: number): boolean {
    return ms - this.syncs.lastMs < SENDING_MS;
  }

  /** Notes the correction of a Sync or Follow_Up that came from an address. */
  corrected(correction: TimeInterval, sender: string): void {
    // Masters themselves put the fraction of a nanosecond there.
    if (!isUsable(correction) || Math.abs(intervalNs(correction)) < 1) return;
    if (this.correctedBy.size < MAX_SENDERS) this.correctedBy.add(sender);
  }

  /** Takes an Announce. */
  announced(message: AnnounceMessage, ms: number): void {
    const interval = 2 ** message.header.logMessageInterval * 1000;
    this.qualified = ms - this.announces.lastMs <= 4 * interval;
    this.announces.mark(ms);
    this.announce = message;
  }

  /** Takes a Sync; returns the change of the offset when that can be told already. */
  sync(message: SyncMessage, frame: ObservedFrame): number | undefined {
    const { header, originTimestamp } = message;
    this.syncs.mark(frame.ms);
    if (this.#pending) this.followUpsMissing++;
    this.#pending = undefined;
    this.twoStep = (header.flags & PtpFlags.TwoStep) !== 0;
    if (!isUsable(header.correction)) return undefined;
    if (!this.twoStep) return this.#measure(originTimestamp, frame.stamp, header.correction);
    this.#pending = {
      sequenceId: header.sequenceId,
      correction: header.correction,
      t2: frame.stamp,
    };
    return undefined;
  }

  /** Takes a Follow_Up; returns the change of the offset. */
  followUp(
    sequenceId: number,
    preciseOriginTimestamp: PtpTimestamp,
    correction: TimeInterval,
  ): number | undefined {
    const pending = this.#pending;
    if (pending?.sequenceId !== sequenceId || !isUsable(correction)) return undefined;
    this.#pending = undefined;
    return this.#measure(
      preciseOriginTimestamp,
      pending.t2,
      addIntervals(pending.correction, correction),
    );
  }

  /** Least offset of late; undefined if none was measured. */
  get offsetNs(): number | undefined {
    return this.#offsets.length === 0
      ? undefined
      : this.#offsets.reduce((least, x) => Math.abs(x) < Math.abs(least) ? x : least);
  }

  /** What it announces, for the comparison of clocks; `receiver` is us. */
  clock(receiver: PortIdentity): AnnouncedClock | undefined {
    return this.announce && announcedClock(this.announce, receiver);
  }

  /** Inaccuracy that it admits, in nanoseconds: of its C37.238 TLV, else of clockAccuracy and the steps; undefined if unknown. */
  get inaccuracyNs(): number | undefined {
    for (const tlv of this.announce?.tlvs ?? []) {
      if (tlv.kind === "power2017") return admitted(tlv.totalTimeInaccuracy);
      if (tlv.kind === "power2011") {
        return admitted(tlv.grandmasterTimeInaccuracy, tlv.networkTimeInaccuracy);
      }
    }
    const accuracy = clockAccuracyNs(this.announce?.grandmasterClockQuality.clockAccuracy ?? 0xfe);
    return accuracy === undefined
      ? undefined
      : accuracy + BOUNDARY_NS * (this.announce?.stepsRemoved ?? 0);
  }

  /** grandmasterID of its C37.238 TLV; 0 if none. */
  get grandmasterId(): number {
    for (const tlv of this.announce?.tlvs ?? []) {
      if (tlv.kind === "power2011" || tlv.kind === "power2017") return tlv.grandmasterId;
    }
    return 0;
  }

  #measure(
    t1: PtpTimestamp,
    t2: PtpTimestamp,
    correction: TimeInterval,
  ): number | undefined {
    this.correctionNs = Math.max(this.correctionNs, Math.abs(intervalNs(correction)));
    const isTai = ((this.announce?.header.flags ?? 0) & PtpFlags.PtpTimescale) !== 0;
    const utcOffset = isTai ? this.announce?.currentUtcOffset ?? 0 : 0;
    const utc = { seconds: t1.seconds - utcOffset, nanos: t1.nanos };
    const offset = intervalNs(masterToSlave({ t1: utc, t2, correction }));
    const before = this.#offsets.at(-1);
    this.#offsets.push(offset);
    if (this.#offsets.length > OFFSET_WINDOW) this.#offsets.shift();
    return before === undefined ? undefined : offset - before;
  }
}

function admitted(...parts: readonly number[]): number | undefined {
  if (parts.includes(UNKNOWN_INACCURACY)) return undefined;
  return parts.reduce((sum, part) => sum + part, 0);
}
