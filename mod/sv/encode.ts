/**
 * Sampled-values frames from fields (IEC 61850-9-2, 9-2LE, IEC 61869-9).
 *
 * Frames of a running stream are made once here and then changed in place, see `template.ts`.
 *
 * @module
 */
import { ByteWriter } from "../core/mod.ts";
import { visibleBytes } from "./bytes.ts";
import { EtherType, SIMULATION_BIT, Tag } from "./constants.ts";
import { MAX_ASDUS } from "./reject.ts";

/** What one ASDU holds; optional fields that are left out do not appear on the wire. */
export interface AsduFields {
  /** `svID`, 1 to 129 octets. */
  readonly svID: string;
  /** `datSet`, an object reference. */
  readonly datSet?: string;
  /** `smpCnt`; above 65535 it takes four octets instead of two. */
  readonly smpCnt: number;
  /** `confRev`, unsigned 32 bits. */
  readonly confRev: number;
  /** `refrTm`, eight octets of UtcTime. */
  readonly refrTm?: Uint8Array;
  /** `smpSynch`, 0 to 255; mandatory since edition 2. */
  readonly smpSynch?: number;
  /** `smpRate`; above 65535 it takes four octets instead of two. */
  readonly smpRate?: number;
  /** `seqData`, for most data sets from {@linkcode seqDataOf}. */
  readonly seqData: Uint8Array;
  /** `smpMod`, two octets. */
  readonly smpMod?: number;
  /** `gmIdentity`, eight octets. */
  readonly gmIdentity?: Uint8Array;
}

/** A VLAN tag. */
export interface VlanTag {
  /** TPID, 0x8100 unless it is said. */
  readonly tpid?: number;
  /** Priority, 0 to 7; 4 unless it is said. */
  readonly pcp?: number;
  /** Drop eligible. */
  readonly dei?: boolean;
  /** VLAN identifier, 0 to 4095; 0 is a priority tag. */
  readonly vid?: number;
}

/** What one frame holds. */
export interface FrameFields {
  /** Destination address, six octets. */
  readonly destination: Uint8Array;
  /** Source address, six octets. */
  readonly source: Uint8Array;
  /** VLAN tags, outermost first. */
  readonly tags?: readonly VlanTag[];
  /** HSR tag: path identifier (0 to 15) and sequence number. */
  readonly hsr?: { readonly path: number; readonly sequence: number };
  /** APPID. */
  readonly appid: number;
  /** The simulation bit. */
  readonly simulation?: boolean;
  /** The other bits of reserved 1. */
  readonly reserved1?: number;
  /** Reserved 2. */
  readonly reserved2?: number;
  /** ASDUs, oldest sample first. */
  readonly asdus: readonly AsduFields[];
  /** Octets behind the APDU, such as a PRP trailer. */
  readonly trailer?: Uint8Array;
}

/** Octets that the payload of an Ethernet frame may have. */
const MAX_PAYLOAD = 1500;
const MAX_SVID = 129;

/** The octets of a frame, without padding. Throws a RangeError for a field that does not fit, and a frame too long. */
export function encodeFrame(fields: FrameFields): Uint8Array<ArrayBuffer> {
  const apdu = encodePdu(fields.asdus);
  const out = new ByteWriter(64 + apdu.length);
  out.raw(octets("destination", fields.destination, 6)).raw(octets("source", fields.source, 6));
  for (const tag of fields.tags ?? []) {
    const pcp = whole("pcp", tag.pcp ?? 4, 7), vid = whole("vid", tag.vid ?? 0, 0xfff);
    out.u16(tag.tpid ?? EtherType.Vlan).u16((pcp << 13) | (tag.dei ? 0x1000 : 0) | vid);
  }
  if (fields.hsr) {
    const size = 8 + apdu.length + 6; // LSDU with the tag, IEC 62439-3 clause 5.7
    out.u16(EtherType.Hsr).u16((whole("path", fields.hsr.path, 15) << 12) | (size & 0xfff));
    out.u16(whole("sequence", fields.hsr.sequence, 0xffff));
  }
  out.u16(EtherType.SampledValues);
  const from = out.length;
  out.u16(whole("appid", fields.appid, 0xffff)).u16(8 + apdu.length);
  out.u16(
    whole("reserved1", fields.reserved1 ?? 0, 0xffff) | (fields.simulation ? SIMULATION_BIT : 0),
  );
  out.u16(whole("reserved2", fields.reserved2 ?? 0, 0xffff)).raw(apdu);
  if (fields.trailer) out.raw(fields.trailer);
  if (out.length - from > MAX_PAYLOAD) {
    throw new RangeError(
      `Cannot encode a frame: expected at most ${MAX_PAYLOAD} octets of payload, found ${
        out.length - from
      }`,
    );
  }
  return out.bytes();
}

/** The octets of a `savPdu`. Throws a RangeError for a field that does not fit. */
export function encodePdu(asdus: readonly AsduFields[]): Uint8Array<ArrayBuffer> {
  whole("number of ASDUs", asdus.length, MAX_ASDUS, 1);
  const sequence = new ByteWriter(1024);
  for (const asdu of asdus) element(sequence, Tag.Asdu, encodeAsdu(asdu));
  const content = new ByteWriter(1024);
  number(content, Tag.NoAsdu, asdus.length, 1);
  element(content, Tag.SeqAsdu, sequence.bytes());
  const out = new ByteWriter(1024);
  element(out, Tag.SavPdu, content.bytes());
  return out.bytes();
}

/** `seqData` of pairs of INT32 value and 32-bit quality, the data set of 9-2LE and IEC 61869-9. */
export function seqDataOf(
  values: ArrayLike<number>,
  quality: ArrayLike<number>,
): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter(values.length * 8);
  for (let i = 0; i < values.length; i++) out.u32(values[i]!).u32(quality[i] ?? 0);
  return out.bytes();
}

function encodeAsdu(asdu: AsduFields): Uint8Array {
  const out = new ByteWriter(256);
  const svID = visibleBytes(asdu.svID);
  whole("octets of svID", svID.length, MAX_SVID, 1);
  element(out, Tag.SvId, svID);
  if (asdu.datSet !== undefined) element(out, Tag.DatSet, visibleBytes(asdu.datSet));
  number(out, Tag.SmpCnt, asdu.smpCnt, asdu.smpCnt > 0xffff ? 4 : 2);
  number(out, Tag.ConfRev, asdu.confRev, 4);
  if (asdu.refrTm) element(out, Tag.RefrTm, octets("refrTm", asdu.refrTm, 8));
  if (asdu.smpSynch !== undefined) number(out, Tag.SmpSynch, asdu.smpSynch, 1);
  if (asdu.smpRate !== undefined) {
    number(out, Tag.SmpRate, asdu.smpRate, asdu.smpRate > 0xffff ? 4 : 2);
  }
  element(out, Tag.SeqData, asdu.seqData);
  if (asdu.smpMod !== undefined) number(out, Tag.SmpMod, asdu.smpMod, 2);
  if (asdu.gmIdentity) element(out, Tag.GmIdentity, octets("gmIdentity", asdu.gmIdentity, 8));
  return out.bytes();
}

/** An element with the shortest length. */
function element(out: ByteWriter, tag: number, content: Uint8Array): void {
  out.u8(tag);
  const length = content.length;
  if (length < 0x80) out.u8(length);
  else if (length < 0x100) out.u8(0x81).u8(length);
  else if (length < 0x10000) out.u8(0x82).u16(length);
  else throw new RangeError(`Cannot encode an element of ${length} octets: expected below 65536`);
  out.raw(content);
}

function number(out: ByteWriter, tag: number, value: number, size: 1 | 2 | 4): void {
  whole("number", value, 2 ** (8 * size) - 1);
  out.u8(tag).u8(size);
  if (size === 1) out.u8(value);
  else if (size === 2) out.u16(value);
  else out.u32(value);
}

function whole(field: string, value: number, most: number, least = 0): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(
    `Cannot encode sampled values: expected ${field} from ${least} to ${most}, found ${value}`,
  );
}

function octets(field: string, value: Uint8Array, size: number): Uint8Array {
  if (value.length === size) return value;
  throw new RangeError(
    `Cannot encode sampled values: expected ${size} octets of ${field}, found ${value.length}`,
  );
}
