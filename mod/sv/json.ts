/**
 * Frames as plain objects for people and tests; the names are those of the test vectors.
 *
 * @module
 */
import { hexText, macBytes, macText, visibleString } from "./bytes.ts";
import { EtherType, SIMULATION_BIT } from "./constants.ts";
import type { AsduFields, FrameFields } from "./encode.ts";
import type { SvFrame } from "./frame.ts";
import type { SvPdu } from "./pdu.ts";
import {
  nanosOfFraction,
  utcTimeFraction,
  UtcTimeQuality,
  utcTimeQuality,
  utcTimeSeconds,
} from "./utc_time.ts";

/** A UtcTime as a plain object. */
export interface UtcTimeJson {
  /** The eight octets. */
  hex: string;
  /** Whole seconds since 1970. */
  seconds: number;
  /** Fraction in units of 2^-24 s. */
  fraction: number;
  /** floor(fraction * 10^9 / 2^24). */
  nanoseconds: number;
  /** Quality bit 7. */
  leapSecondsKnown: boolean;
  /** Quality bit 6. */
  clockFailure: boolean;
  /** Quality bit 5. */
  clockNotSynchronized: boolean;
  /** Quality bits 4 to 0. */
  accuracyBits: number;
}

/** An ASDU as a plain object; null for an absent field. */
export interface AsduJson {
  /** `svID`. */
  svID: string;
  /** `datSet`. */
  datSet: string | null;
  /** `smpCnt`. */
  smpCnt: number;
  /** `confRev`. */
  confRev: number;
  /** `refrTm`. */
  refrTm: UtcTimeJson | null;
  /** `smpSynch`. */
  smpSynch: number | null;
  /** `smpRate`. */
  smpRate: number | null;
  /** `smpMod`. */
  smpMod: number | null;
  /** `gmIdentity` as hex. */
  gmIdentity: string | null;
  /** `seqData` as hex. */
  seqData: string;
  /** INT32 values, where `seqData` can be pairs of value and quality. */
  values?: number[];
  /** 32-bit quality words, beside `values`. */
  quality?: number[];
}

/** A VLAN tag as a plain object. */
export interface VlanJson {
  /** TPID. */
  tpid: number;
  /** Priority. */
  pcp: number;
  /** Drop eligible. */
  dei: boolean;
  /** VLAN identifier. */
  vid: number;
}

/** A frame as a plain object. */
export interface SvFrameJson {
  /** Destination address. */
  destination: string;
  /** Source address. */
  source: string;
  /** Innermost tag. */
  vlan: VlanJson | null;
  /** Outermost tag, where there are several. */
  outerVlan?: VlanJson;
  /** HSR tag, where there is one. */
  hsr?: { path: number; sequence: number };
  /** APPID. */
  appid: number;
  /** Length. */
  length: number;
  /** Reserved 1. */
  reserved1: number;
  /** Reserved 2. */
  reserved2: number;
  /** Simulation bit. */
  simulation: boolean;
  /** Number of ASDUs. */
  noASDU: number;
  /** ASDUs. */
  asdus: AsduJson[];
  /** Octets behind the APDU, where there are any. */
  trailerBytes?: number;
}

/** A frame that was decoded from `bytes`, as a plain object. */
export function frameToJson(frame: SvFrame, bytes: Uint8Array): SvFrameJson {
  const tags = Array.from({ length: frame.tagCount }, (_, i) => vlanJson(frame, i));
  return {
    destination: macText(bytes, frame.start),
    source: macText(bytes, frame.start + 6),
    vlan: tags.at(-1) ?? null,
    ...(tags.length > 1 && { outerVlan: tags[0]! }),
    ...(frame.hsrPath >= 0 && { hsr: { path: frame.hsrPath, sequence: frame.hsrSequence } }),
    appid: frame.appid,
    length: frame.length,
    reserved1: frame.reserved1,
    reserved2: frame.reserved2,
    simulation: frame.simulation,
    noASDU: frame.pdu.noASDU,
    asdus: asdusToJson(frame.pdu, bytes),
    ...(frame.trailerLength > 0 && { trailerBytes: frame.trailerLength }),
  };
}

/** The ASDUs of a `savPdu` that was decoded from `bytes`. */
export function asdusToJson(pdu: SvPdu, bytes: Uint8Array): AsduJson[] {
  return Array.from({ length: pdu.noASDU }, (_, i) => asduJson(pdu, bytes, i));
}

/** What must be encoded to get the frame that `json` describes; a trailer is not part of it. */
export function frameFromJson(json: SvFrameJson): FrameFields {
  const { hsr } = json;
  return {
    destination: macBytes(json.destination),
    source: macBytes(json.source),
    tags: [json.outerVlan, json.vlan].filter((tag) => tag != null),
    ...(hsr && { hsr }),
    appid: json.appid,
    simulation: json.simulation,
    reserved1: json.reserved1 & ~SIMULATION_BIT,
    reserved2: json.reserved2,
    asdus: json.asdus.map(asduFromJson),
  };
}

/** What must be encoded to get the ASDU that `json` describes. */
export function asduFromJson(json: AsduJson): AsduFields {
  return {
    svID: json.svID,
    ...(json.datSet !== null && { datSet: json.datSet }),
    smpCnt: json.smpCnt,
    confRev: json.confRev,
    ...(json.refrTm !== null && { refrTm: hexBytes(json.refrTm.hex) }),
    ...(json.smpSynch !== null && { smpSynch: json.smpSynch }),
    ...(json.smpRate !== null && { smpRate: json.smpRate }),
    seqData: hexBytes(json.seqData),
    ...(json.smpMod !== null && { smpMod: json.smpMod }),
    ...(json.gmIdentity !== null && { gmIdentity: hexBytes(json.gmIdentity) }),
  };
}

function vlanJson(frame: SvFrame, i: number): VlanJson {
  const tci = frame.tci[i]!;
  return {
    tpid: frame.tpid[i] ?? EtherType.Vlan,
    pcp: tci >>> 13,
    dei: (tci & 0x1000) !== 0,
    vid: tci & 0xfff,
  };
}

function asduJson(pdu: SvPdu, bytes: Uint8Array, i: number): AsduJson {
  const at = pdu.seqDataOffset[i]!, size = pdu.seqDataLength[i]!;
  const present = (value: number) => value < 0 ? null : value;
  const datSet = pdu.datSetOffset[i]!, refrTm = pdu.refrTmOffset[i]!;
  const gmIdentity = pdu.gmIdentityOffset[i]!;
  return {
    svID: visibleString(bytes, pdu.svIdOffset[i]!, pdu.svIdLength[i]!),
    datSet: datSet < 0 ? null : visibleString(bytes, datSet, pdu.datSetLength[i]!),
    smpCnt: pdu.smpCnt[i]!,
    confRev: pdu.confRev[i]!,
    refrTm: refrTm < 0 ? null : utcTimeToJson(bytes, refrTm),
    smpSynch: present(pdu.smpSynch[i]!),
    smpRate: present(pdu.smpRate[i]!),
    smpMod: present(pdu.smpMod[i]!),
    gmIdentity: gmIdentity < 0 ? null : hexText(bytes, gmIdentity, 8),
    seqData: hexText(bytes, at, size),
    ...(size % 8 === 0 && pairs(bytes, at, size)),
  };
}

function pairs(
  bytes: Uint8Array,
  at: number,
  size: number,
): { values: number[]; quality: number[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, size);
  const values: number[] = [], quality: number[] = [];
  for (let i = 0; i < size; i += 8) {
    values.push(view.getInt32(i));
    quality.push(view.getUint32(i + 4));
  }
  return { values, quality };
}

/** The UtcTime at `offset` as a plain object. */
export function utcTimeToJson(bytes: Uint8Array, offset: number): UtcTimeJson {
  const fraction = utcTimeFraction(bytes, offset), quality = utcTimeQuality(bytes, offset);
  return {
    hex: hexText(bytes, offset, 8),
    seconds: utcTimeSeconds(bytes, offset),
    fraction,
    nanoseconds: nanosOfFraction(fraction),
    leapSecondsKnown: (quality & UtcTimeQuality.LeapSecondsKnown) !== 0,
    clockFailure: (quality & UtcTimeQuality.ClockFailure) !== 0,
    clockNotSynchronized: (quality & UtcTimeQuality.ClockNotSynchronized) !== 0,
    accuracyBits: quality & UtcTimeQuality.AccuracyBits,
  };
}

function hexBytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
