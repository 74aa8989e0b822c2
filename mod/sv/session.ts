/**
 * Routable sampled values: the session layer of IEC TR 61850-90-5 over UDP, and its successor's layout.
 *
 * The lengths of the header add up only with SPDU length and SPDU number of four octets each, as
 * implementations send them; the successor's layout was not checked against the text of the standard.
 *
 * @module
 */
import { SvPdu } from "./pdu.ts";
import { MAX_PAYLOADS, rejectError, SvReject } from "./reject.ts";

/** UDP port of the session layer. */
export const SESSION_PORT = 102;

/** Session identifiers. */
export const SessionId = {
  /** Tunnelled. */
  Tunnelled: 0xa0,
  /** GOOSE. */
  Goose: 0xa1,
  /** Sampled values. */
  SampledValues: 0xa2,
  /** Management. */
  Management: 0xa3,
} as const;

/** Types of payload elements. */
export const PayloadType = {
  /** GOOSE. */
  Goose: 0x81,
  /** Sampled values. */
  SampledValues: 0x82,
  /** Tunnelled. */
  Tunnelled: 0x83,
  /** Management. */
  Management: 0x84,
} as const;

/** Tag of the common header, and its length in the first layout. */
export const COMMON_HEADER = { tag: 0x80, length: 22, ivLength: 21 } as const;

/** UD TPDU of ISO/IEC 8602, the connectionless transport. */
export const UD_TPDU = 0x40;

/** Tag in front of the signature, and of padding in front of that. */
export const TrailerTag = { signature: 0x85, padding: 0xaf } as const;

const MAX_PAYLOAD_OCTETS = 65_399;

/** Octets of the signature by algorithm: none, SHA-256 cut to 80, 128 and 256 bits, AES-GMAC of 64 and 128 bits. */
const SIGNATURE_OCTETS: readonly number[] = [0, 10, 16, 32, 8, 16];

/**
 * One session PDU: numbers, and offsets into the bytes that {@linkcode SvSession.decode} was given.
 *
 * One object is used again for every datagram; nothing is allocated while decoding.
 */
export class SvSession {
  /** Session identifier. */
  sessionId = 0;
  /** Octets of session header after its length octet. */
  headerLength = 0;
  /** Octets of the common header after its length octet. */
  commonHeaderLength = 0;
  /** SPDU length, as received; implementations disagree about it, so it is not used. */
  spduLength = 0;
  /** SPDU number: one more with each PDU of a publisher, modulo 2^32. */
  spduNumber = 0;
  /** Version: 1, or 2 for the successor's layout. */
  version = 0;
  /** Time of the current key, seconds since 1970. */
  timeOfCurrentKey = 0;
  /** Time to the next key, minutes. */
  timeToNextKey = 0;
  /** Security algorithm, or -1 in the successor's layout. */
  securityAlgorithm = 0;
  /** Signature algorithm, or -1 in the successor's layout. */
  signatureAlgorithm = 0;
  /** Key identifier. */
  keyId = 0;
  /** Offset of the initialisation vector, or -1 in the first layout. */
  ivOffset: number = -1;
  /** Octets of the initialisation vector. */
  ivLength = 0;
  /** Octets of all payload elements. */
  payloadLength = 0;
  /** Number of payload elements; 0 after a datagram that was not taken. */
  payloadCount = 0;
  /** {@linkcode PayloadType} of each element. */
  readonly type: Uint8Array = new Uint8Array(MAX_PAYLOADS);
  /** Simulation octet of each element. */
  readonly simulation: Uint8Array = new Uint8Array(MAX_PAYLOADS);
  /** APPID of each element. */
  readonly appid: Uint16Array = new Uint16Array(MAX_PAYLOADS);
  /** Offset of each APDU. */
  readonly apduOffset: Int32Array = new Int32Array(MAX_PAYLOADS);
  /** Octets of each APDU. */
  readonly apduLength: Int32Array = new Int32Array(MAX_PAYLOADS);
  /** Offset of the signature, behind its tag, or -1 where there is none. */
  signatureOffset: number = -1;
  /** Octets of the signature. */
  signatureLength = 0;
  /** Where decoding stopped when the datagram was not taken. */
  faultOffset = 0;

  /**
   * Reads the UDP payload in `bytes` from `start` up to `end`; returns a {@linkcode SvReject}.
   *
   * APDUs are not looked into: see {@linkcode SvSession.decodeApdu}. The signature is not verified.
   */
  decode(bytes: Uint8Array, start: number, end: number): number {
    this.payloadCount = 0;
    this.signatureOffset = -1;
    this.signatureLength = 0;
    this.faultOffset = start;
    if (start + 2 > end || bytes[start + 1] !== UD_TPDU) return SvReject.Transport;
    let at = start + 1 + bytes[start]!;
    if (bytes[start]! < 1 || at + 4 > end) return SvReject.Transport;
    const reason = this.#header(bytes, at, end);
    if (reason !== SvReject.None) return reason;
    at += 2 + this.headerLength;
    this.faultOffset = at;
    this.payloadLength = u32(bytes, at);
    at += 4;
    const behind = at + this.payloadLength;
    if (this.payloadLength > MAX_PAYLOAD_OCTETS || behind > end) return SvReject.PayloadLength;
    if (this.securityAlgorithm > 0) return SvReject.Encrypted;
    const count = this.#elements(bytes, at, behind);
    if (count < 0) return -count;
    const trailer = this.#trailer(bytes, behind, end);
    if (trailer !== SvReject.None) return trailer;
    this.payloadCount = count;
    return SvReject.None;
  }

  /** Reads the APDU of element `index` into `pdu`; returns a {@linkcode SvReject}. */
  decodeApdu(bytes: Uint8Array, index: number, pdu: SvPdu): number {
    const at = this.apduOffset[index]!;
    return pdu.decode(bytes, at, at + this.apduLength[index]!);
  }

  #header(bytes: Uint8Array, at: number, end: number): number {
    this.faultOffset = at;
    this.sessionId = bytes[at]!;
    this.headerLength = bytes[at + 1]!;
    this.commonHeaderLength = bytes[at + 3]!;
    if (
      this.sessionId < SessionId.Tunnelled || this.sessionId > SessionId.Management ||
      bytes[at + 2] !== COMMON_HEADER.tag || this.commonHeaderLength < COMMON_HEADER.ivLength ||
      this.headerLength < 2 + this.commonHeaderLength || at + 2 + this.headerLength + 4 > end
    ) return SvReject.Session;
    this.spduLength = u32(bytes, at + 4);
    this.spduNumber = u32(bytes, at + 8);
    this.version = u16(bytes, at + 12);
    this.timeOfCurrentKey = u32(bytes, at + 14);
    this.timeToNextKey = u16(bytes, at + 18);
    if (this.version === 1 && this.commonHeaderLength === COMMON_HEADER.length) {
      this.securityAlgorithm = bytes[at + 20]!;
      this.signatureAlgorithm = bytes[at + 21]!;
      this.keyId = u32(bytes, at + 22);
      this.ivOffset = -1;
      this.ivLength = 0;
      return SvReject.None;
    }
    this.securityAlgorithm = -1;
    this.signatureAlgorithm = -1;
    this.keyId = u32(bytes, at + 20);
    this.ivOffset = at + 25;
    this.ivLength = bytes[at + 24]!;
    return this.ivLength === this.commonHeaderLength - COMMON_HEADER.ivLength
      ? SvReject.None
      : SvReject.Session;
  }

  /** Number of elements, or minus a reason. */
  #elements(bytes: Uint8Array, at: number, end: number): number {
    let count = 0;
    while (at < end) {
      this.faultOffset = at;
      const type = bytes[at]!;
      if (type === TrailerTag.padding) {
        if (at + 2 > end || at + 2 + bytes[at + 1]! > end) return -SvReject.Element;
        at += 2 + bytes[at + 1]!;
        continue;
      }
      if (type < PayloadType.Goose || type > PayloadType.Management) return -SvReject.ElementType;
      if (at + 6 > end) return -SvReject.Element;
      const length = u16(bytes, at + 4);
      if (at + 6 + length > end) return -SvReject.Element;
      if (count === MAX_PAYLOADS) return -SvReject.TooManyPayloads;
      this.type[count] = type;
      this.simulation[count] = bytes[at + 1]!;
      this.appid[count] = u16(bytes, at + 2);
      this.apduOffset[count] = at + 6;
      this.apduLength[count++] = length;
      at += 6 + length;
    }
    return count;
  }

  #trailer(bytes: Uint8Array, at: number, end: number): number {
    this.faultOffset = at;
    if (at + 2 <= end && bytes[at] === TrailerTag.padding) at += 2 + bytes[at + 1]!;
    if (at >= end || bytes[at] !== TrailerTag.signature) {
      return this.signatureAlgorithm > 0 ? SvReject.Signature : SvReject.None;
    }
    const rest = end - at - 1;
    // Of an algorithm that is not known, and in the successor's layout, all the rest is taken for the signature.
    const size = SIGNATURE_OCTETS[this.signatureAlgorithm] ?? rest;
    if (size > rest) return SvReject.Signature;
    this.signatureOffset = at + 1;
    this.signatureLength = size;
    return SvReject.None;
  }
}

/** True if a datagram on the session port is a C37.118 frame, as reports may mix them in (first octet 0xAA). */
export function isC37118(bytes: Uint8Array, start = 0): boolean {
  return bytes[start] === 0xaa;
}

/**
 * Reads one UDP payload into a new {@linkcode SvSession}, for tools and tests.
 *
 * Throws a `DecodeError` whose kind is the word of the {@linkcode SvReject}; APDUs of type sampled
 * values are looked into as well.
 */
export function parseSession(bytes: Uint8Array): { session: SvSession; pdus: (SvPdu | null)[] } {
  const session = new SvSession();
  const reason = session.decode(bytes, 0, bytes.length);
  if (reason !== SvReject.None) throw rejectError(reason, session.faultOffset);
  const pdus = Array.from({ length: session.payloadCount }, (_, i) => {
    if (session.type[i] !== PayloadType.SampledValues) return null;
    const pdu = new SvPdu();
    const found = session.decodeApdu(bytes, i, pdu);
    if (found !== SvReject.None) throw rejectError(found, pdu.faultOffset);
    return pdu;
  });
  return { session, pdus };
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>>
    0;
}
