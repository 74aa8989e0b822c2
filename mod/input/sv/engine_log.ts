/**
 * What capture tells of streams and of junk: texts for operators, each only now and then, whatever the wire does.
 *
 * @module
 */
import {
  macText,
  REJECT_COUNT,
  rejectError,
  rejectWord,
  StreamNotice,
  type SvPdu,
  visibleString,
} from "../../sv/mod.ts";
import type { Intake } from "./intake.ts";
import type { RecordRing } from "./record_ring.ts";
import { RecordType } from "./records.ts";

/** Least time between two texts on one thing. */
const TELL_EVERY_MS = 10_000;
/** Changes of one stream that are told in a second; a publisher may change with every frame. */
const CHANGES_PER_SECOND = 10;
const LONGEST_SVID = 129;
// What is told of, by number: reasons of rejection come first, streams last.
const UNKNOWN = REJECT_COUNT, FOREIGN = REJECT_COUNT + 1, STREAM = REJECT_COUNT + 2;

/** Writes events and complaints of one engine. */
export class EngineLog {
  /** Monotonic time in milliseconds. */
  nowMs = 0.5; // a fraction, so that the field is a double from the start
  readonly #out: RecordRing;
  readonly #told: Float64Array;
  readonly #changes: Uint8Array;
  #secondMs = 0;

  /** Writes to `out`; there are so many `streams`. */
  constructor(out: RecordRing, streams: number) {
    this.#out = out;
    this.#told = new Float64Array(STREAM + streams).fill(-Infinity);
    this.#changes = new Uint8Array(streams);
  }

  /** A frame from `start` on was not taken; `offset` is where in it. */
  frame(reason: number, bytes: Uint8Array, start: number, end: number, offset: number): void {
    if (!this.#may(reason)) return;
    const source = end - start >= 12 ? macText(bytes, start + 6) : "nobody";
    this.#complain(
      rejectWord(reason),
      `A frame from ${source} was dropped. ${rejectError(reason, offset).message}`,
    );
  }

  /** A datagram, or an APDU in one, was not taken. */
  datagram(reason: number, what: "datagram" | "APDU"): void {
    if (!this.#may(reason)) return;
    const which = what === "APDU" ? "An APDU" : "A datagram";
    this.#complain(
      rejectWord(reason),
      `${which} was dropped. ${rejectError(reason, 0).message}`,
    );
  }

  /** An svID came with another VLAN or destination. */
  foreign(bytes: Uint8Array, offset: number, length: number, vid: number, start: number): void {
    if (!this.#may(FOREIGN)) return;
    this.#complain(
      "foreign",
      `Frames of svID "${
        visibleString(bytes, offset, length)
      }" come with another VLAN or destination ` +
        `than configured (VLAN ${vid}, ${macText(bytes, start)}); they are dropped`,
    );
  }

  /** An svID is not configured, but its APPID is. */
  unknown(bytes: Uint8Array, offset: number, length: number, appid: number): void {
    if (!this.#may(UNKNOWN)) return;
    const svId = visibleString(bytes, offset, Math.min(LONGEST_SVID, length));
    this.#complain(
      "unknown",
      `APPID 0x${appid.toString(16)} of a configured stream is also used by svID "${svId}", ` +
        "which is not; its frames are dropped",
    );
  }

  /** Another publisher than the one that is heard sends a stream. */
  otherPublisher({ title, place, address }: Intake, bytes: Uint8Array, start: number): void {
    if (!this.#may(STREAM + place)) return;
    const source = start >= 0 ? macText(bytes, start + 6) : "another sender";
    this.#complain(
      `two publishers of ${title}`,
      `Two publishers send svID "${address.svId}" (${title}): the one that came first is heard, ` +
        `frames from ${source} are dropped`,
    );
  }

  /** A stream has changed: `lost`, `returned`, `publisher` and so on. */
  event(stream: Intake, change: string, detail: Readonly<Record<string, unknown>> = {}): void {
    if (this.nowMs - this.#secondMs >= 1000) {
      this.#secondMs = this.nowMs;
      this.#changes.fill(0);
    }
    if (this.#changes[stream.place]!++ >= CHANGES_PER_SECOND) {
      this.#changes[stream.place] = CHANGES_PER_SECOND; // it must not wrap; counters tell the rest
      return;
    }
    this.#out.write(RecordType.Event, { stream: stream.number, change, ...detail });
  }

  /** What a stream noticed, bits of `StreamNotice`, in what was decoded from `bytes` into `pdu`. */
  notice(stream: Intake, notice: number, bytes: Uint8Array, pdu: SvPdu): void {
    const { title, place } = stream;
    const isOther = (notice & (StreamNotice.Misconfigured | StreamNotice.WrongRate)) !== 0;
    if (isOther && this.#may(STREAM + place)) {
      const at = pdu.datSetOffset[0]!;
      const datSet = at < 0 ? "" : `${visibleString(bytes, at, pdu.datSetLength[0]!)} of `;
      this.#complain(
        `misconfigured ${title}`,
        `Samples of ${title} are dropped: expected ${stream.expectation}, ` +
          `found ${datSet}${pdu.seqDataLength[0]} octets and confRev ${pdu.confRev[0]}`,
      );
    }
    if ((notice & StreamNotice.ConfRev) !== 0) {
      this.event(stream, "confRev", { confRev: stream.confRev });
    }
    if ((notice & StreamNotice.SmpSynch) !== 0) {
      this.event(stream, "smpSynch", { smpSynch: stream.smpSynch });
    }
    if ((notice & StreamNotice.GmIdentity) !== 0) this.event(stream, "gmIdentity");
    if ((notice & StreamNotice.OddCount) !== 0) this.event(stream, "oddCount");
    if ((notice & StreamNotice.Conflict) !== 0 && this.#may(STREAM + place)) {
      this.#complain(
        `conflict ${title}`,
        `A sample of ${title} came twice with different content; the first one stays`,
      );
    }
  }

  #complain(kind: string, message: string): void {
    this.#out.write(RecordType.Complaint, { kind, message });
  }

  /** True if `what` was not told of for a while. */
  #may(what: number): boolean {
    if (this.nowMs - this.#told[what]! < TELL_EVERY_MS) return false;
    this.#told[what] = this.nowMs;
    return true;
  }
}
