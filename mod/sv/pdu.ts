/**
 * The `savPdu` of IEC 61850-9-2 (clause 8.5.2), read in place.
 *
 * This is the hot path: no allocation, no exception and no object per frame or ASDU.
 *
 * @module
 */
import { Tag } from "./constants.ts";
import { MAX_ASDUS, SvReject } from "./reject.ts";

/**
 * What one `savPdu` holds: numbers, and offsets into the bytes that were decoded, by number of ASDU.
 *
 * An optional field that is absent has offset or value -1. One object is used again for every frame;
 * only the first `noASDU` entries of the arrays mean something.
 */
export class SvPdu {
  /** Number of ASDUs; 0 after a frame that was not taken. */
  noASDU = 0;
  /** Where decoding stopped when the frame was not taken. */
  faultOffset = 0;
  /** Offset of `svID`. */
  readonly svIdOffset: Int32Array = new Int32Array(MAX_ASDUS);
  /** Octets of `svID`. */
  readonly svIdLength: Int32Array = new Int32Array(MAX_ASDUS);
  /** Offset of `datSet`, or -1. */
  readonly datSetOffset: Int32Array = new Int32Array(MAX_ASDUS);
  /** Octets of `datSet`. */
  readonly datSetLength: Int32Array = new Int32Array(MAX_ASDUS);
  /** `smpCnt`. */
  readonly smpCnt: Float64Array = new Float64Array(MAX_ASDUS);
  /** Octets of `smpCnt` on the wire; 2 in all profiles. */
  readonly smpCntLength: Int32Array = new Int32Array(MAX_ASDUS);
  /** Offset of `smpCnt`, for those who change it in place. */
  readonly smpCntOffset: Int32Array = new Int32Array(MAX_ASDUS);
  /** `confRev`. */
  readonly confRev: Float64Array = new Float64Array(MAX_ASDUS);
  /** Offset of `refrTm`, eight octets of UtcTime, or -1. */
  readonly refrTmOffset: Int32Array = new Int32Array(MAX_ASDUS);
  /** `smpSynch`, or -1. */
  readonly smpSynch: Float64Array = new Float64Array(MAX_ASDUS);
  /** Offset of the last octet of `smpSynch`, or -1. */
  readonly smpSynchOffset: Int32Array = new Int32Array(MAX_ASDUS);
  /** `smpRate`, or -1. */
  readonly smpRate: Float64Array = new Float64Array(MAX_ASDUS);
  /** `smpMod`, or -1. */
  readonly smpMod: Float64Array = new Float64Array(MAX_ASDUS);
  /** Offset of `gmIdentity`, eight octets, or -1. */
  readonly gmIdentityOffset: Int32Array = new Int32Array(MAX_ASDUS);
  /** Offset of `seqData`. */
  readonly seqDataOffset: Int32Array = new Int32Array(MAX_ASDUS);
  /** Octets of `seqData`. */
  readonly seqDataLength: Int32Array = new Int32Array(MAX_ASDUS);

  /**
   * Reads the `savPdu` in `bytes` from `start` up to `end`; returns a {@linkcode SvReject}.
   *
   * Elements with unknown tags are skipped. Octets behind the `savPdu` but before `end` are let be.
   */
  decode(bytes: Uint8Array, start: number, end: number): number {
    this.noASDU = 0;
    this.faultOffset = start;
    if (start >= end || bytes[start] !== Tag.SavPdu) return SvReject.ApduTag;
    const size = berLength(bytes, start + 1, end);
    if (size < 0) return -size;
    let at = start + 1 + lengthOctets(bytes[start + 1]!);
    const last = at + size;
    let announced = -1, found = -1;
    while (at < last) {
      this.faultOffset = at;
      const tag = bytes[at]!;
      at = afterTag(bytes, at, last);
      const length = berLength(bytes, at, last);
      if (length < 0) return -length;
      at += lengthOctets(bytes[at]!);
      if (tag === Tag.NoAsdu) {
        announced = unsigned(bytes, at, length);
        if (announced < 0) return SvReject.FieldSize;
      } else if (tag === Tag.SeqAsdu) {
        found = this.#sequence(bytes, at, at + length);
        if (found < 0) return -found;
      }
      at += length;
    }
    this.faultOffset = start;
    if (announced <= 0 || found < 0) return SvReject.NoAsdu;
    if (announced !== found) return SvReject.AsduCount;
    this.noASDU = found;
    return SvReject.None;
  }

  /** Number of ASDUs between `at` and `end`, or minus a reason. */
  #sequence(bytes: Uint8Array, at: number, end: number): number {
    let index = 0;
    while (at < end) {
      this.faultOffset = at;
      const tag = bytes[at]!;
      at = afterTag(bytes, at, end);
      const length = berLength(bytes, at, end);
      if (length < 0) return length;
      at += lengthOctets(bytes[at]!);
      if (tag === Tag.Asdu) {
        if (index === MAX_ASDUS) return -SvReject.TooManyAsdus;
        const reason = this.#asdu(bytes, at, at + length, index++);
        if (reason !== SvReject.None) return -reason;
      }
      at += length;
    }
    return index;
  }

  #asdu(bytes: Uint8Array, at: number, end: number, index: number): number {
    let svId = -1, smpCnt = -1, confRev = -1, seqData = -1;
    let datSet = -1, refrTm = -1, smpSynch = -1, smpSynchAt = -1, gmIdentity = -1;
    let smpRate = -1, smpMod = -1;
    while (at < end) {
      this.faultOffset = at;
      const tag = bytes[at]!;
      at = afterTag(bytes, at, end);
      const length = berLength(bytes, at, end);
      if (length < 0) return -length;
      at += lengthOctets(bytes[at]!);
      switch (tag) {
        case Tag.SvId:
          svId = at;
          this.svIdLength[index] = length;
          break;
        case Tag.DatSet:
          datSet = at;
          this.datSetLength[index] = length;
          break;
        case Tag.SmpCnt:
          smpCnt = unsigned(bytes, at, length);
          if (smpCnt < 0) return SvReject.FieldSize;
          this.smpCntOffset[index] = at;
          this.smpCntLength[index] = length;
          break;
        case Tag.ConfRev:
          confRev = unsigned(bytes, at, length);
          if (confRev < 0) return SvReject.FieldSize;
          break;
        case Tag.RefrTm:
          if (length !== 8) return SvReject.FieldSize;
          refrTm = at;
          break;
        case Tag.SmpSynch:
          smpSynch = unsigned(bytes, at, length);
          if (smpSynch < 0) return SvReject.FieldSize;
          smpSynchAt = at + length - 1;
          break;
        case Tag.SmpRate:
          smpRate = unsigned(bytes, at, length);
          if (smpRate < 0) return SvReject.FieldSize;
          break;
        case Tag.SeqData:
          seqData = at;
          this.seqDataLength[index] = length;
          break;
        case Tag.SmpMod:
          smpMod = unsigned(bytes, at, length);
          if (smpMod < 0) return SvReject.FieldSize;
          break;
        case Tag.GmIdentity:
          if (length !== 8) return SvReject.FieldSize;
          gmIdentity = at;
          break;
      }
      at += length;
    }
    if (svId < 0 || smpCnt < 0 || confRev < 0 || seqData < 0) return SvReject.Missing;
    this.svIdOffset[index] = svId;
    this.datSetOffset[index] = datSet;
    this.smpCnt[index] = smpCnt;
    this.confRev[index] = confRev;
    this.refrTmOffset[index] = refrTm;
    this.smpSynch[index] = smpSynch;
    this.smpSynchOffset[index] = smpSynchAt;
    this.smpRate[index] = smpRate;
    this.seqDataOffset[index] = seqData;
    this.smpMod[index] = smpMod;
    this.gmIdentityOffset[index] = gmIdentity;
    return SvReject.None;
  }
}

/** Offset behind the tag at `at`; tags of several octets are none of ours, but can be stepped over. */
function afterTag(bytes: Uint8Array, at: number, end: number): number {
  if ((bytes[at++]! & 0x1f) !== 0x1f) return at;
  while (at < end && (bytes[at++]! & 0x80) !== 0);
  return at;
}

/** Length of the element whose length octets stand at `at`, or minus a reason. */
function berLength(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return -SvReject.Overrun;
  const first = bytes[at]!;
  if (first < 0x80) return at + 1 + first <= end ? first : -SvReject.Overrun;
  const octets = first & 0x7f;
  if (octets === 0 || octets > 4) return -SvReject.BerLength;
  if (at + 1 + octets > end) return -SvReject.Overrun;
  let length = 0;
  for (let i = 1; i <= octets; i++) length = length * 256 + bytes[at + i]!;
  return at + 1 + octets + length <= end ? length : -SvReject.Overrun;
}

/** Octets that a BER length takes, by its first. */
function lengthOctets(first: number): number {
  return first < 0x80 ? 1 : 1 + (first & 0x7f);
}

/** An unsigned number of 1 to 8 octets, or -1 where it has another size or is above 2^53 - 1. */
function unsigned(bytes: Uint8Array, at: number, length: number): number {
  if (length === 2) return (bytes[at]! << 8) | bytes[at + 1]!;
  if (length < 1 || length > 8) return -1;
  let value = 0;
  for (let i = 0; i < length; i++) value = value * 256 + bytes[at + i]!;
  return value <= Number.MAX_SAFE_INTEGER ? value : -1;
}
