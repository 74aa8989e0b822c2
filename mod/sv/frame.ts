/**
 * A sampled-values frame on Ethernet, read in place (IEC 61850-9-2 annex C; IEEE 802.1Q; IEC 62439-3).
 *
 * @module
 */
import { EtherType, PRP_SUFFIX, SIMULATION_BIT } from "./constants.ts";
import { SvPdu } from "./pdu.ts";
import { rejectError, SvReject } from "./reject.ts";

/** VLAN tags that one frame may have, the stripped one included. */
const MAX_TAGS = 4;

/**
 * One frame: numbers, and offsets into the bytes that {@linkcode SvFrame.decode} was given.
 *
 * One object is used again for every frame, and nothing is allocated while decoding.
 */
export class SvFrame {
  /** The `savPdu` and its ASDUs. */
  readonly pdu: SvPdu = new SvPdu();
  /** Offset of the destination address; the source address follows it. */
  start = 0;
  /** Number of VLAN tags, outermost first. */
  tagCount = 0;
  /** TPID of each tag. */
  readonly tpid: Uint16Array = new Uint16Array(MAX_TAGS);
  /** TCI of each tag: PCP (3 bits), DEI (1), VID (12). */
  readonly tci: Uint16Array = new Uint16Array(MAX_TAGS);
  /** VID of the innermost tag, or -1 where there is none. */
  vid: number = -1;
  /** Path identifier of an HSR tag, or -1 where there is none. */
  hsrPath: number = -1;
  /** Sequence number of an HSR tag, or -1. */
  hsrSequence: number = -1;
  /** APPID. */
  appid = 0;
  /** Length: octets from APPID through the end of the APDU. */
  length = 0;
  /** Reserved 1, as received. */
  reserved1 = 0;
  /** Reserved 2, as received. */
  reserved2 = 0;
  /** Bit 15 of reserved 1. */
  simulation = false;
  /** Offset of what follows the APDU: padding, PRP trailer, security extension, captured FCS. */
  trailerOffset = 0;
  /** Octets that follow the APDU. */
  trailerLength = 0;
  /** LAN of a PRP trailer at the very end, 10 (A) or 11 (B), or -1 where there is none. */
  prpLan: number = -1;
  /** Sequence number of a PRP trailer, or -1. */
  prpSequence: number = -1;

  /**
   * Reads the frame in `bytes` from `start` up to `end`; returns a {@linkcode SvReject}, 0 when it was taken.
   *
   * `strippedTci` is the outer tag that the kernel took out before the frame was seen, -1 for none,
   * and `strippedTpid` its TPID. Reserved 1 and 2 are never a reason to reject.
   */
  decode(
    bytes: Uint8Array,
    start: number,
    end: number,
    strippedTci = -1,
    strippedTpid: number = EtherType.Vlan,
  ): number {
    this.start = start;
    this.pdu.noASDU = 0;
    this.tagCount = 0;
    this.vid = -1;
    this.hsrPath = -1;
    this.hsrSequence = -1;
    if (strippedTci >= 0) this.#tag(strippedTpid, strippedTci);
    let at = start + 12;
    for (;; at += 4) {
      this.pdu.faultOffset = at;
      if (at + 2 > end) return SvReject.Header;
      const type = u16(bytes, at);
      if (type === EtherType.SampledValues) break;
      if (type === EtherType.Vlan || type === EtherType.ServiceVlan) {
        if (at + 4 > end) return SvReject.Header;
        if (this.tagCount === MAX_TAGS) return SvReject.Tags;
        this.#tag(type, u16(bytes, at + 2));
      } else if (type === EtherType.Hsr && this.hsrPath < 0) {
        if (at + 6 > end) return SvReject.Header;
        this.hsrPath = bytes[at + 2]! >>> 4;
        this.hsrSequence = u16(bytes, at + 4);
        at += 2;
      } else {
        return SvReject.EtherType;
      }
    }
    at += 2;
    this.pdu.faultOffset = at;
    if (at + 8 > end) return SvReject.Header;
    this.appid = u16(bytes, at);
    this.length = u16(bytes, at + 2);
    this.reserved1 = u16(bytes, at + 4);
    this.reserved2 = u16(bytes, at + 6);
    this.simulation = (this.reserved1 & SIMULATION_BIT) !== 0;
    if (this.length < 8) return SvReject.LengthSmall;
    const behind = at + this.length;
    if (behind > end) return SvReject.LengthBeyond;
    this.trailerOffset = behind;
    this.trailerLength = end - behind;
    this.#trailer(bytes, end);
    return this.pdu.decode(bytes, at + 8, behind);
  }

  #tag(tpid: number, tci: number): void {
    this.tpid[this.tagCount] = tpid;
    this.tci[this.tagCount++] = tci;
    this.vid = tci & 0xfff;
  }

  #trailer(bytes: Uint8Array, end: number): void {
    this.prpLan = -1;
    this.prpSequence = -1;
    if (this.trailerLength < 6 || u16(bytes, end - 2) !== PRP_SUFFIX) return;
    const lan = bytes[end - 4]! >>> 4;
    if (lan !== 10 && lan !== 11) return;
    this.prpLan = lan;
    this.prpSequence = u16(bytes, end - 6);
  }
}

/**
 * Reads one frame into a new {@linkcode SvFrame}, for tools and tests.
 *
 * Throws a `DecodeError` whose kind is the word of the {@linkcode SvReject}.
 */
export function parseFrame(bytes: Uint8Array, strippedTci = -1, strippedTpid?: number): SvFrame {
  const frame = new SvFrame();
  const reason = frame.decode(bytes, 0, bytes.length, strippedTci, strippedTpid);
  if (reason !== SvReject.None) throw rejectError(reason, frame.pdu.faultOffset);
  return frame;
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
