/**
 * Why a frame was not taken: a number for the hot path, a word for counters, an error for tools.
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";

/** Reasons for which a decoder takes no frame; storms of junk are counted by these, nothing is thrown. */
export const SvReject = {
  /** It was taken. */
  None: 0,
  /** Ends within the Ethernet header, the tags or the eight octets after the EtherType. */
  Header: 1,
  /** The EtherType is not that of sampled values. */
  EtherType: 2,
  /** Length is below 8. */
  LengthSmall: 3,
  /** Length reaches beyond the frame. */
  LengthBeyond: 4,
  /** The APDU is no `savPdu`. */
  ApduTag: 5,
  /** A BER length is indefinite, or has more than four octets. */
  BerLength: 6,
  /** An element reaches beyond its parent. */
  Overrun: 7,
  /** `noASDU` or `seqASDU` is missing, or `noASDU` is 0. */
  NoAsdu: 8,
  /** `noASDU` is not the number of ASDUs that are there. */
  AsduCount: 9,
  /** More than {@linkcode MAX_ASDUS} ASDUs. */
  TooManyAsdus: 10,
  /** A number has no octets, more than eight, or is above 2^53 - 1; or a field of eight octets has another size. */
  FieldSize: 11,
  /** `svID`, `smpCnt`, `confRev` or `seqData` is missing. */
  Missing: 12,
  /** More VLAN tags than anybody stacks. */
  Tags: 13,
  /** The datagram does not begin with a connectionless transport header (LI, UD TPDU). */
  Transport: 14,
  /** No session identifier that is known, or a session or common header of impossible size. */
  Session: 15,
  /** The payload is encrypted. */
  Encrypted: 16,
  /** The payload is longer than the datagram, or than 65,399 octets. */
  PayloadLength: 17,
  /** An element reaches beyond the payload. */
  Element: 18,
  /** More than {@linkcode MAX_PAYLOADS} elements. */
  TooManyPayloads: 19,
  /** The signature is shorter than its algorithm says. */
  Signature: 20,
  /** A payload element is of no known type. */
  ElementType: 21,
} as const;

/** ASDUs that one `savPdu` may hold; profiles use up to 8. */
export const MAX_ASDUS = 128;

/** Payload elements that one session PDU may hold. */
export const MAX_PAYLOADS = 64;

const WORDS: readonly string[] = [
  "none",
  "header",
  "ether-type",
  "length-small",
  "length-beyond",
  "apdu-tag",
  "ber-length",
  "overrun",
  "no-asdu",
  "asdu-count",
  "too-many-asdus",
  "field-size",
  "missing",
  "tags",
  "transport",
  "session",
  "encrypted",
  "payload-length",
  "element",
  "too-many-payloads",
  "signature",
  "element-type",
];

const SENTENCES: readonly string[] = [
  "nothing is wrong",
  "expected a whole Ethernet header and eight octets after the EtherType",
  "expected EtherType 0x88BA",
  "expected Length of 8 or more",
  "expected Length within the frame",
  "expected an APDU with tag 0x60",
  "expected a definite BER length of at most four octets",
  "expected an element within its parent",
  "expected noASDU above 0 and seqASDU",
  "expected as many ASDUs as noASDU says",
  `expected at most ${MAX_ASDUS} ASDUs`,
  "expected a field of a size that it may have",
  "expected svID, smpCnt, confRev and seqData in each ASDU",
  "expected at most four VLAN tags",
  "expected a transport header of kind UD",
  "expected a session header of a known layout",
  "expected a payload that is not encrypted",
  "expected a payload within the datagram and up to 65399 octets",
  "expected an element within the payload",
  `expected at most ${MAX_PAYLOADS} payload elements`,
  "expected a signature as long as its algorithm says",
  "expected an element of type 0x81 to 0x84",
];

/** Number of reasons, for arrays of counters. */
export const REJECT_COUNT: number = WORDS.length;

/** The word of a reason, for counters: `length-beyond`. */
export function rejectWord(reason: number): string {
  return WORDS[reason] ?? "unknown";
}

/** The error of a reason, for those who want one; `offset` is counted from the start of the frame. */
export function rejectError(reason: number, offset: number): DecodeError {
  return new DecodeError(
    rejectWord(reason),
    `Cannot take sampled values: ${SENTENCES[reason] ?? "unknown"} at offset ${offset}`,
    { offset },
  );
}
