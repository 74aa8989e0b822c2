/**
 * TLVs: what stands behind the fixed part of a message (IEEE 1588, 14; C37.238-2011 and 2017; 802.1AS).
 *
 * @module
 */
import { ByteReader, type ByteWriter, DecodeError } from "../core/mod.ts";
import { finish, readI8, readText, readU48, writeText, writeU48 } from "./fields.ts";
import { bytesOf, hexOf, readClockIdentity, writeClockIdentity } from "./identity.ts";

/** tlvType (table 52). */
export const TlvType = {
  /** Management data. */
  Management: 0x0001,
  /** Answer to management that failed. */
  ManagementErrorStatus: 0x0002,
  /** Of an organization; forwarded or not as its owner says. */
  OrganizationExtension: 0x0003,
  /** Asks for unicast messages. */
  RequestUnicastTransmission: 0x0004,
  /** Grants them. */
  GrantUnicastTransmission: 0x0005,
  /** Ends them. */
  CancelUnicastTransmission: 0x0006,
  /** Agrees to end them. */
  AcknowledgeCancelUnicastTransmission: 0x0007,
  /** Boundary clocks that an Announce went through. */
  PathTrace: 0x0008,
  /** Another time that can be shown. */
  AlternateTimeOffsetIndicator: 0x0009,
  /** Of an organization, to be forwarded (2019). */
  OrganizationExtensionPropagate: 0x4000,
  /** Of an organization, not to be forwarded (2019). */
  OrganizationExtensionDoNotPropagate: 0x8000,
} as const;

/** MANAGEMENT: an id and its data; `decodeManagementData` reads the data. */
export interface ManagementTlv {
  /** Kind. */
  readonly kind: "management";
  /** managementId. */
  readonly managementId: number;
  /** The data, an even number of octets; empty in a GET. */
  readonly data: Uint8Array;
}

/** MANAGEMENT_ERROR_STATUS. */
export interface ManagementErrorTlv {
  /** Kind. */
  readonly kind: "managementError";
  /** managementErrorId. */
  readonly errorId: number;
  /** managementId of what failed. */
  readonly managementId: number;
  /** Text for people; mostly empty. */
  readonly displayData: string;
}

/** ORGANIZATION_EXTENSION of an organization or subtype that has no kind of its own. */
export interface OrganizationTlv {
  /** Kind. */
  readonly kind: "organization";
  /** 0x0003, 0x4000 or 0x8000. */
  readonly tlvType: number;
  /** organizationId, 24 bits. */
  readonly organizationId: number;
  /** organizationSubType, 24 bits. */
  readonly organizationSubType: number;
  /** dataField. */
  readonly data: Uint8Array;
}

/** The TLV of C37.238-2011, in Announces. */
export interface Power2011Tlv {
  /** Kind. */
  readonly kind: "power2011";
  /** grandmasterID, 3 to 254. */
  readonly grandmasterId: number;
  /** grandmasterTimeInaccuracy in nanoseconds; 0xFFFFFFFF if unknown. */
  readonly grandmasterTimeInaccuracy: number;
  /** networkTimeInaccuracy in nanoseconds; 0xFFFFFFFF if unknown. */
  readonly networkTimeInaccuracy: number;
  /** What follows; two zero octets, which some senders leave out. */
  readonly tail: Uint8Array;
}

/** The TLV of C37.238-2017, in Announces. */
export interface Power2017Tlv {
  /** Kind. */
  readonly kind: "power2017";
  /** grandmasterID, 3 to 254. */
  readonly grandmasterId: number;
  /** totalTimeInaccuracy in nanoseconds, which grows on the way; 0xFFFFFFFF if unknown. */
  readonly totalTimeInaccuracy: number;
  /** What follows; two zero octets, which some senders leave out. */
  readonly tail: Uint8Array;
}

/** Follow_Up information of IEEE 802.1AS. */
export interface FollowUpInformationTlv {
  /** Kind. */
  readonly kind: "followUpInformation";
  /** cumulativeScaledRateOffset, in 2^-41. */
  readonly cumulativeScaledRateOffset: number;
  /** gmTimeBaseIndicator. */
  readonly gmTimeBaseIndicator: number;
  /** lastGmPhaseChange, 12 octets as hex. */
  readonly lastGmPhaseChange: string;
  /** scaledLastGmFreqChange, in 2^-41. */
  readonly scaledLastGmFreqChange: number;
}

/** REQUEST_UNICAST_TRANSMISSION. */
export interface UnicastRequestTlv {
  /** Kind. */
  readonly kind: "unicastRequest";
  /** messageType that is asked for. */
  readonly messageType: number;
  /** logInterMessagePeriod, log2 seconds. */
  readonly logInterMessagePeriod: number;
  /** durationField in seconds. */
  readonly duration: number;
}

/** GRANT_UNICAST_TRANSMISSION. */
export interface UnicastGrantTlv {
  /** Kind. */
  readonly kind: "unicastGrant";
  /** messageType that is granted. */
  readonly messageType: number;
  /** logInterMessagePeriod, log2 seconds. */
  readonly logInterMessagePeriod: number;
  /** durationField in seconds; 0 is a refusal. */
  readonly duration: number;
  /** The grantor will renew if asked. */
  readonly renewalInvited: boolean;
}

/** CANCEL_ and ACKNOWLEDGE_CANCEL_UNICAST_TRANSMISSION. */
export interface UnicastCancelTlv {
  /** Kind. */
  readonly kind: "unicastCancel" | "unicastAcknowledgeCancel";
  /** messageType that ends. */
  readonly messageType: number;
}

/** PATH_TRACE. */
export interface PathTraceTlv {
  /** Kind. */
  readonly kind: "pathTrace";
  /** Identities of the clocks on the way, 16 hex digits each. */
  readonly pathSequence: readonly string[];
}

/** ALTERNATE_TIME_OFFSET_INDICATOR: to be shown, never to be steered by. */
export interface AlternateTimeOffsetTlv {
  /** Kind. */
  readonly kind: "alternateTimeOffset";
  /** keyField. */
  readonly keyField: number;
  /** Seconds to add to PTP time. */
  readonly currentOffset: number;
  /** Signed size of the next change in seconds. */
  readonly jumpSeconds: number;
  /** Second of the next change; 0 for none. */
  readonly timeOfNextJump: number;
  /** Name of that time. */
  readonly displayName: string;
}

/** Any other TLV, as it came. */
export interface UnknownTlv {
  /** Kind. */
  readonly kind: "unknown";
  /** tlvType. */
  readonly tlvType: number;
  /** valueField. */
  readonly value: Uint8Array;
}

/** A TLV. */
export type Tlv =
  | ManagementTlv
  | ManagementErrorTlv
  | OrganizationTlv
  | Power2011Tlv
  | Power2017Tlv
  | FollowUpInformationTlv
  | UnicastRequestTlv
  | UnicastGrantTlv
  | UnicastCancelTlv
  | PathTraceTlv
  | AlternateTimeOffsetTlv
  | UnknownTlv;

/** TLVs that a message may carry, at most. */
export const MAX_TLVS = 64;
/** The value of an inaccuracy that nobody knows. */
export const UNKNOWN_INACCURACY = 0xffff_ffff;

const C37_238 = 0x1c129d;
const IEEE_802_1 = 0x0080c2;

/**
 * Reads TLVs up to the end of `reader`.
 *
 * Throws a `DecodeError`: `truncated` for a TLV that runs past the end, `length` for an odd length or one that its
 * type does not allow, `bound` for more than {@linkcode MAX_TLVS}.
 */
export function readTlvs(reader: ByteReader): Tlv[] {
  const tlvs: Tlv[] = [];
  while (reader.remaining > 0) {
    if (tlvs.length === MAX_TLVS) {
      throw new DecodeError(
        "bound",
        `Cannot read TLVs: expected at most ${MAX_TLVS}, found more at offset ${reader.offset}`,
        { offset: reader.offset, field: "tlvType", value: MAX_TLVS },
      );
    }
    const tlvType = reader.u16("tlvType");
    const length = reader.u16("lengthField");
    if (length % 2 !== 0) throw lengthError(reader.offset - 2, "an even length", length);
    const at = reader.take(length, "valueField");
    tlvs.push(readTlv(tlvType, new ByteReader(reader.bytes, at, at + length)));
  }
  return tlvs;
}

/** Writes TLVs one after the other. */
export function writeTlvs(writer: ByteWriter, tlvs: readonly Tlv[]): void {
  for (const tlv of tlvs) {
    const at = writer.length;
    writer.u16(tlvTypeOf(tlv)).u16(0);
    writeValue(writer, tlv);
    if ((writer.length - at) % 2 !== 0) writer.u8(0);
    const length = writer.length - at - 4;
    if (length > 0xffff) throw lengthError(at + 2, "at most 65534 octets", length);
    writer.setU16(at + 2, length);
  }
}

/** The tlvType on the wire of a TLV. */
export function tlvTypeOf(tlv: Tlv): number {
  switch (tlv.kind) {
    case "management":
      return TlvType.Management;
    case "managementError":
      return TlvType.ManagementErrorStatus;
    case "power2011":
    case "power2017":
    case "followUpInformation":
      return TlvType.OrganizationExtension;
    case "unicastRequest":
      return TlvType.RequestUnicastTransmission;
    case "unicastGrant":
      return TlvType.GrantUnicastTransmission;
    case "unicastCancel":
      return TlvType.CancelUnicastTransmission;
    case "unicastAcknowledgeCancel":
      return TlvType.AcknowledgeCancelUnicastTransmission;
    case "pathTrace":
      return TlvType.PathTrace;
    case "alternateTimeOffset":
      return TlvType.AlternateTimeOffsetIndicator;
    case "organization":
    case "unknown":
      return tlv.tlvType;
  }
}

function readTlv(tlvType: number, reader: ByteReader): Tlv {
  switch (tlvType) {
    case TlvType.Management: {
      const managementId = reader.u16("managementId");
      return { kind: "management", managementId, data: rest(reader) };
    }
    case TlvType.ManagementErrorStatus: {
      const errorId = reader.u16("managementErrorId"), managementId = reader.u16("managementId");
      reader.take(4, "reserved");
      const displayData = reader.remaining > 0 ? readText(reader, "displayData") : "";
      finish(reader, "MANAGEMENT_ERROR_STATUS", 1);
      return { kind: "managementError", errorId, managementId, displayData };
    }
    case TlvType.OrganizationExtension:
    case TlvType.OrganizationExtensionPropagate:
    case TlvType.OrganizationExtensionDoNotPropagate:
      return readOrganization(tlvType, reader);
    case TlvType.RequestUnicastTransmission: {
      const base = readUnicast(reader);
      finish(reader, "REQUEST_UNICAST_TRANSMISSION");
      return { kind: "unicastRequest", ...base };
    }
    case TlvType.GrantUnicastTransmission: {
      const base = readUnicast(reader);
      reader.u8("reserved");
      const renewalInvited = (reader.u8("flags") & 1) !== 0;
      finish(reader, "GRANT_UNICAST_TRANSMISSION");
      return { kind: "unicastGrant", ...base, renewalInvited };
    }
    case TlvType.CancelUnicastTransmission:
    case TlvType.AcknowledgeCancelUnicastTransmission: {
      const messageType = reader.u8("messageType") >>> 4;
      reader.u8("reserved");
      finish(reader, "CANCEL_UNICAST_TRANSMISSION");
      const cancel = tlvType === TlvType.CancelUnicastTransmission;
      return { kind: cancel ? "unicastCancel" : "unicastAcknowledgeCancel", messageType };
    }
    case TlvType.PathTrace: {
      if (reader.remaining % 8 !== 0) {
        throw lengthError(reader.offset - 2, "a multiple of 8 octets", reader.remaining);
      }
      const pathSequence: string[] = [];
      while (reader.remaining > 0) pathSequence.push(readClockIdentity(reader, "pathSequence"));
      return { kind: "pathTrace", pathSequence };
    }
    case TlvType.AlternateTimeOffsetIndicator: {
      const tlv: AlternateTimeOffsetTlv = {
        kind: "alternateTimeOffset",
        keyField: reader.u8("keyField"),
        currentOffset: reader.i32("currentOffset"),
        jumpSeconds: reader.i32("jumpSeconds"),
        timeOfNextJump: readU48(reader, "timeOfNextJump"),
        displayName: readText(reader, "displayName"),
      };
      finish(reader, "ALTERNATE_TIME_OFFSET_INDICATOR", 1);
      return tlv;
    }
  }
  return { kind: "unknown", tlvType, value: rest(reader) };
}

function readOrganization(tlvType: number, reader: ByteReader): Tlv {
  const size = reader.remaining;
  const organizationId = readU24(reader, "organizationId");
  const organizationSubType = readU24(reader, "organizationSubType");
  if (tlvType === TlvType.OrganizationExtension && organizationId === C37_238 && size >= 16) {
    if (organizationSubType === 1) {
      return {
        kind: "power2011",
        grandmasterId: reader.u16("grandmasterID"),
        grandmasterTimeInaccuracy: reader.u32("grandmasterTimeInaccuracy"),
        networkTimeInaccuracy: reader.u32("networkTimeInaccuracy"),
        tail: rest(reader),
      };
    }
    if (organizationSubType === 2) {
      const grandmasterId = reader.u16("grandmasterID");
      reader.u32("reserved");
      const totalTimeInaccuracy = reader.u32("totalTimeInaccuracy");
      return { kind: "power2017", grandmasterId, totalTimeInaccuracy, tail: rest(reader) };
    }
  }
  const isFollowUp = organizationId === IEEE_802_1 && organizationSubType === 1 && size === 28;
  if (tlvType === TlvType.OrganizationExtension && isFollowUp) {
    return {
      kind: "followUpInformation",
      cumulativeScaledRateOffset: reader.i32("cumulativeScaledRateOffset"),
      gmTimeBaseIndicator: reader.u16("gmTimeBaseIndicator"),
      lastGmPhaseChange: hexOf(reader.slice(12, "lastGmPhaseChange")),
      scaledLastGmFreqChange: reader.i32("scaledLastGmFreqChange"),
    };
  }
  return { kind: "organization", tlvType, organizationId, organizationSubType, data: rest(reader) };
}

function writeValue(writer: ByteWriter, tlv: Tlv): void {
  switch (tlv.kind) {
    case "management":
      writer.u16(tlv.managementId).raw(tlv.data);
      break;
    case "managementError":
      writer.u16(tlv.errorId).u16(tlv.managementId).u32(0);
      if (tlv.displayData !== "") writeText(writer, tlv.displayData);
      break;
    case "organization":
      writeU24(writer, tlv.organizationId);
      writeU24(writer, tlv.organizationSubType);
      writer.raw(tlv.data);
      break;
    case "power2011":
      writeU24(writer, C37_238);
      writeU24(writer, 1);
      writer.u16(tlv.grandmasterId).u32(tlv.grandmasterTimeInaccuracy);
      writer.u32(tlv.networkTimeInaccuracy).raw(tlv.tail);
      break;
    case "power2017":
      writeU24(writer, C37_238);
      writeU24(writer, 2);
      writer.u16(tlv.grandmasterId).u32(0).u32(tlv.totalTimeInaccuracy).raw(tlv.tail);
      break;
    case "followUpInformation":
      writeU24(writer, IEEE_802_1);
      writeU24(writer, 1);
      writer.u32(tlv.cumulativeScaledRateOffset).u16(tlv.gmTimeBaseIndicator);
      writer.raw(bytesOf(tlv.lastGmPhaseChange)).u32(tlv.scaledLastGmFreqChange);
      break;
    case "unicastRequest":
      writer.u8(tlv.messageType << 4).u8(tlv.logInterMessagePeriod).u32(tlv.duration);
      break;
    case "unicastGrant":
      writer.u8(tlv.messageType << 4).u8(tlv.logInterMessagePeriod).u32(tlv.duration);
      writer.u8(0).u8(tlv.renewalInvited ? 1 : 0);
      break;
    case "unicastCancel":
    case "unicastAcknowledgeCancel":
      writer.u8(tlv.messageType << 4).u8(0);
      break;
    case "pathTrace":
      for (const identity of tlv.pathSequence) writeClockIdentity(writer, identity);
      break;
    case "alternateTimeOffset":
      writer.u8(tlv.keyField).u32(tlv.currentOffset).u32(tlv.jumpSeconds);
      writeU48(writer, tlv.timeOfNextJump);
      writeText(writer, tlv.displayName);
      break;
    case "unknown":
      writer.raw(tlv.value);
  }
}

function readUnicast(
  reader: ByteReader,
): { messageType: number; logInterMessagePeriod: number; duration: number } {
  return {
    messageType: reader.u8("messageType") >>> 4,
    logInterMessagePeriod: readI8(reader, "logInterMessagePeriod"),
    duration: reader.u32("durationField"),
  };
}

function rest(reader: ByteReader): Uint8Array {
  return reader.slice(reader.remaining, "dataField").slice();
}

function readU24(reader: ByteReader, field: string): number {
  return (reader.u8(field) << 16) | reader.u16(field);
}

function writeU24(writer: ByteWriter, value: number): void {
  writer.u8(value >>> 16).u16(value & 0xffff);
}

function lengthError(offset: number, expected: string, found: number): DecodeError {
  return new DecodeError(
    "length",
    `Cannot read a TLV: expected ${expected} at offset ${offset}, found ${found}`,
    { offset, field: "lengthField", value: found },
  );
}
