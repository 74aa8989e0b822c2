/**
 * PTP messages, both ways (IEEE 1588-2008 and 2019, clause 13).
 *
 * @module
 */
import { ByteReader, ByteWriter, DecodeError } from "../core/mod.ts";
import { readI8, readInterval, writeInterval } from "./fields.ts";
import {
  type ClockQuality,
  type PortIdentity,
  type PtpTimestamp,
  readClockIdentity,
  readClockQuality,
  readPortIdentity,
  readTimestamp,
  writeClockIdentity,
  writeClockQuality,
  writePortIdentity,
  writeTimestamp,
} from "./identity.ts";
import { type TimeInterval, ZERO_INTERVAL } from "./interval.ts";
import { messageName, MessageType, type MessageTypeValue } from "./names.ts";
import { readTlvs, type Tlv, writeTlvs } from "./tlv.ts";

/** The common header, without messageLength and versionPTP, which is always 2 (13.3). */
export interface PtpHeader {
  /** majorSdoId, in 2008 transportSpecific: 0 default and power profiles, 1 802.1AS, 2 common link delay. */
  readonly majorSdoId: number;
  /** minorVersionPTP: 0 is 2008, 1 is 2019. */
  readonly minorVersionPtp: number;
  /** domainNumber. */
  readonly domainNumber: number;
  /** minorSdoId; reserved in 2008. */
  readonly minorSdoId: number;
  /** flagField; see `PtpFlags`. */
  readonly flags: number;
  /** correctionField; not for timing unless `isUsable`. */
  readonly correction: TimeInterval;
  /** messageTypeSpecific; reserved in 2008. */
  readonly messageTypeSpecific: number;
  /** sourcePortIdentity. */
  readonly source: PortIdentity;
  /** sequenceId. */
  readonly sequenceId: number;
  /** controlField, obsolete; new senders write 0. */
  readonly controlField: number;
  /** logMessageInterval, log2 seconds; 127 if it does not apply. */
  readonly logMessageInterval: number;
}

/** What all messages have. */
export interface PtpMessageBase {
  /** The common header. */
  readonly header: PtpHeader;
  /** TLVs in their order. */
  readonly tlvs: readonly Tlv[];
}

/** Sync and Delay_Req (13.6). */
export interface SyncMessage extends PtpMessageBase {
  /** Type. */
  readonly messageType: typeof MessageType.Sync | typeof MessageType.DelayReq;
  /** When it was sent; an estimate or 0 when a Follow_Up comes. */
  readonly originTimestamp: PtpTimestamp;
}

/** Follow_Up (13.7). */
export interface FollowUpMessage extends PtpMessageBase {
  /** Type. */
  readonly messageType: typeof MessageType.FollowUp;
  /** When the Sync of the same sequenceId was sent. */
  readonly preciseOriginTimestamp: PtpTimestamp;
}

/** Delay_Resp (13.8). */
export interface DelayRespMessage extends PtpMessageBase {
  /** Type. */
  readonly messageType: typeof MessageType.DelayResp;
  /** When the master received the Delay_Req. */
  readonly receiveTimestamp: PtpTimestamp;
  /** Who asked. */
  readonly requestingPortIdentity: PortIdentity;
}

/** Pdelay_Req (13.9). */
export interface PdelayReqMessage extends PtpMessageBase {
  /** Type. */
  readonly messageType: typeof MessageType.PdelayReq;
  /** Mostly 0. */
  readonly originTimestamp: PtpTimestamp;
}

/** Pdelay_Resp (13.10). */
export interface PdelayRespMessage extends PtpMessageBase {
  /** Type. */
  readonly messageType: typeof MessageType.PdelayResp;
  /** When the request came in; 0 if the turnaround stands in a correction. */
  readonly requestReceiptTimestamp: PtpTimestamp;
  /** Who asked. */
  readonly requestingPortIdentity: PortIdentity;
}

/** Pdelay_Resp_Follow_Up (13.11). */
export interface PdelayRespFollowUpMessage extends PtpMessageBase {
  /** Type. */
  readonly messageType: typeof MessageType.PdelayRespFollowUp;
  /** When the response was sent; 0 if the turnaround stands in a correction. */
  readonly responseOriginTimestamp: PtpTimestamp;
  /** Who asked. */
  readonly requestingPortIdentity: PortIdentity;
}

/** Announce (13.5). */
export interface AnnounceMessage extends PtpMessageBase {
  /** Type. */
  readonly messageType: typeof MessageType.Announce;
  /** About when it was sent, or 0. */
  readonly originTimestamp: PtpTimestamp;
  /** TAI - UTC in seconds. */
  readonly currentUtcOffset: number;
  /** grandmasterPriority1. */
  readonly grandmasterPriority1: number;
  /** grandmasterClockQuality. */
  readonly grandmasterClockQuality: ClockQuality;
  /** grandmasterPriority2. */
  readonly grandmasterPriority2: number;
  /** grandmasterIdentity, 16 hex digits. */
  readonly grandmasterIdentity: string;
  /** Boundary clocks between the grandmaster and the sender. */
  readonly stepsRemoved: number;
  /** timeSource; see `timeSourceText`. */
  readonly timeSource: number;
}

/** Signaling (13.12). */
export interface SignalingMessage extends PtpMessageBase {
  /** Type. */
  readonly messageType: typeof MessageType.Signaling;
  /** For whom. */
  readonly targetPortIdentity: PortIdentity;
}

/** Management (15.4); its first TLV is MANAGEMENT or MANAGEMENT_ERROR_STATUS. */
export interface ManagementMessage extends PtpMessageBase {
  /** Type. */
  readonly messageType: typeof MessageType.Management;
  /** For whom. */
  readonly targetPortIdentity: PortIdentity;
  /** Boundary clocks that it may pass, as sent. */
  readonly startingBoundaryHops: number;
  /** Boundary clocks that it may still pass. */
  readonly boundaryHops: number;
  /** actionField; see `ManagementAction`. */
  readonly action: number;
}

/** A PTP message. */
export type PtpMessage =
  | SyncMessage
  | FollowUpMessage
  | DelayRespMessage
  | PdelayReqMessage
  | PdelayRespMessage
  | PdelayRespFollowUpMessage
  | AnnounceMessage
  | SignalingMessage
  | ManagementMessage;

/** Octets of the common header. */
export const HEADER_LENGTH = 34;

const FIXED_LENGTH: Readonly<Record<MessageTypeValue, number>> = {
  [MessageType.Sync]: 44,
  [MessageType.DelayReq]: 44,
  [MessageType.PdelayReq]: 54,
  [MessageType.PdelayResp]: 54,
  [MessageType.FollowUp]: 44,
  [MessageType.DelayResp]: 54,
  [MessageType.PdelayRespFollowUp]: 54,
  [MessageType.Announce]: 64,
  [MessageType.Signaling]: 44,
  [MessageType.Management]: 48,
};

/** controlField by messageType, for those who still look at it. */
const CONTROL: Readonly<Partial<Record<number, number>>> = {
  [MessageType.Sync]: 0,
  [MessageType.DelayReq]: 1,
  [MessageType.FollowUp]: 2,
  [MessageType.DelayResp]: 3,
  [MessageType.Management]: 4,
};

/** A header for a message of `messageType` from `source`: version 2.0, no flags, no correction, unless said otherwise. */
export function makeHeader(
  messageType: MessageTypeValue,
  source: PortIdentity,
  more: Partial<PtpHeader> = {},
): PtpHeader {
  return {
    majorSdoId: 0,
    minorVersionPtp: 0,
    domainNumber: 0,
    minorSdoId: 0,
    flags: 0,
    correction: ZERO_INTERVAL,
    messageTypeSpecific: 0,
    source,
    sequenceId: 0,
    controlField: CONTROL[messageType] ?? 5,
    logMessageInterval: 127,
    ...more,
  };
}

/**
 * Decodes a message; octets beyond messageLength are padding and not looked at.
 *
 * Throws a `DecodeError`: `version` if versionPTP is not 2, `type` for a reserved messageType, `truncated` if octets are
 * missing, `length` for a messageLength below the fixed part or a TLV of wrong length, `timestamp` for nanoseconds of a
 * second or more, `bound` for too many TLVs, `tlv` for a management message without management.
 */
export function decodeMessage(bytes: Uint8Array): PtpMessage {
  const outer = new ByteReader(bytes);
  const first = outer.u8("messageType"), second = outer.u8("versionPTP");
  if ((second & 15) !== 2) throw fault("version", 1, "versionPTP", "2", second & 15);
  const messageType = knownType(first & 15);
  const messageLength = outer.u16("messageLength");
  const fixed = FIXED_LENGTH[messageType];
  if (messageLength < fixed) {
    throw fault("length", 2, "messageLength", `at least ${fixed}`, messageLength);
  }
  if (bytes.length < messageLength) {
    throw fault("truncated", 2, "messageLength", `at most ${bytes.length}`, messageLength);
  }
  const reader = new ByteReader(bytes, 4, messageLength);
  const domainNumber = reader.u8("domainNumber");
  const minorSdoId = reader.u8("minorSdoId");
  const flags = reader.u16("flagField");
  const correction = readInterval(reader, "correctionField");
  const messageTypeSpecific = reader.u32("messageTypeSpecific");
  const source = readPortIdentity(reader, "sourcePortIdentity");
  const header: PtpHeader = {
    majorSdoId: first >>> 4,
    minorVersionPtp: second >>> 4,
    domainNumber,
    minorSdoId,
    flags,
    correction,
    messageTypeSpecific,
    source,
    sequenceId: reader.u16("sequenceId"),
    controlField: reader.u8("controlField"),
    logMessageInterval: readI8(reader, "logMessageInterval"),
  };
  return readBody(messageType, header, reader);
}

/** Encodes a message; messageLength is computed, reserved fields are 0. */
export function encodeMessage(message: PtpMessage): Uint8Array<ArrayBuffer> {
  const { header } = message;
  const writer = new ByteWriter(128);
  writer.u8(header.majorSdoId << 4 | message.messageType).u8(header.minorVersionPtp << 4 | 2);
  writer.u16(0).u8(header.domainNumber).u8(header.minorSdoId).u16(header.flags);
  writeInterval(writer, header.correction);
  writer.u32(header.messageTypeSpecific);
  writePortIdentity(writer, header.source);
  writer.u16(header.sequenceId).u8(header.controlField).u8(header.logMessageInterval);
  writeBody(writer, message);
  writeTlvs(writer, message.tlvs);
  if (writer.length > 0xffff) {
    throw fault("length", 2, "messageLength", "at most 65535", writer.length);
  }
  writer.setU16(2, writer.length);
  return writer.bytes();
}

function knownType(type: number): MessageTypeValue {
  if (type in FIXED_LENGTH) {
    // The keys of FIXED_LENGTH are the message types, all of them.
    return type as MessageTypeValue;
  }
  throw fault("type", 0, "messageType", "0 to 3 or 8 to 13", type);
}

function readBody(
  messageType: MessageTypeValue,
  header: PtpHeader,
  reader: ByteReader,
): PtpMessage {
  switch (messageType) {
    case MessageType.Sync:
    case MessageType.DelayReq: {
      const originTimestamp = readTimestamp(reader, "originTimestamp");
      return { messageType, header, originTimestamp, tlvs: readTlvs(reader) };
    }
    case MessageType.FollowUp: {
      const preciseOriginTimestamp = readTimestamp(reader, "preciseOriginTimestamp");
      return { messageType, header, preciseOriginTimestamp, tlvs: readTlvs(reader) };
    }
    case MessageType.DelayResp: {
      const receiveTimestamp = readTimestamp(reader, "receiveTimestamp");
      const requestingPortIdentity = readPortIdentity(reader, "requestingPortIdentity");
      const tlvs = readTlvs(reader);
      return { messageType, header, receiveTimestamp, requestingPortIdentity, tlvs };
    }
    case MessageType.PdelayReq: {
      const originTimestamp = readTimestamp(reader, "originTimestamp");
      reader.take(10, "reserved");
      return { messageType, header, originTimestamp, tlvs: readTlvs(reader) };
    }
    case MessageType.PdelayResp: {
      const requestReceiptTimestamp = readTimestamp(reader, "requestReceiptTimestamp");
      const requestingPortIdentity = readPortIdentity(reader, "requestingPortIdentity");
      const tlvs = readTlvs(reader);
      return { messageType, header, requestReceiptTimestamp, requestingPortIdentity, tlvs };
    }
    case MessageType.PdelayRespFollowUp: {
      const responseOriginTimestamp = readTimestamp(reader, "responseOriginTimestamp");
      const requestingPortIdentity = readPortIdentity(reader, "requestingPortIdentity");
      const tlvs = readTlvs(reader);
      return { messageType, header, responseOriginTimestamp, requestingPortIdentity, tlvs };
    }
    case MessageType.Announce:
      return readAnnounce(header, reader);
    case MessageType.Signaling: {
      const targetPortIdentity = readPortIdentity(reader, "targetPortIdentity");
      return { messageType, header, targetPortIdentity, tlvs: readTlvs(reader) };
    }
    case MessageType.Management:
      return readManagement(header, reader);
  }
}

function readAnnounce(header: PtpHeader, reader: ByteReader): AnnounceMessage {
  const originTimestamp = readTimestamp(reader, "originTimestamp");
  const currentUtcOffset = reader.i16("currentUtcOffset");
  reader.u8("reserved");
  return {
    messageType: MessageType.Announce,
    header,
    originTimestamp,
    currentUtcOffset,
    grandmasterPriority1: reader.u8("grandmasterPriority1"),
    grandmasterClockQuality: readClockQuality(reader, "grandmasterClockQuality"),
    grandmasterPriority2: reader.u8("grandmasterPriority2"),
    grandmasterIdentity: readClockIdentity(reader, "grandmasterIdentity"),
    stepsRemoved: reader.u16("stepsRemoved"),
    timeSource: reader.u8("timeSource"),
    tlvs: readTlvs(reader),
  };
}

function readManagement(header: PtpHeader, reader: ByteReader): ManagementMessage {
  const targetPortIdentity = readPortIdentity(reader, "targetPortIdentity");
  const startingBoundaryHops = reader.u8("startingBoundaryHops");
  const boundaryHops = reader.u8("boundaryHops");
  const action = reader.u8("actionField") & 15;
  reader.u8("reserved");
  const tlvs = readTlvs(reader);
  const kind = tlvs[0]?.kind;
  if (kind !== "management" && kind !== "managementError") {
    throw fault("tlv", 48, "tlvType", "MANAGEMENT or MANAGEMENT_ERROR_STATUS", kind ?? "nothing");
  }
  return {
    messageType: MessageType.Management,
    header,
    targetPortIdentity,
    startingBoundaryHops,
    boundaryHops,
    action,
    tlvs,
  };
}

function writeBody(writer: ByteWriter, message: PtpMessage): void {
  switch (message.messageType) {
    case MessageType.Sync:
    case MessageType.DelayReq:
      return writeTimestamp(writer, message.originTimestamp);
    case MessageType.FollowUp:
      return writeTimestamp(writer, message.preciseOriginTimestamp);
    case MessageType.DelayResp:
      writeTimestamp(writer, message.receiveTimestamp);
      return writePortIdentity(writer, message.requestingPortIdentity);
    case MessageType.PdelayReq:
      writeTimestamp(writer, message.originTimestamp);
      writer.raw(new Uint8Array(10));
      return;
    case MessageType.PdelayResp:
      writeTimestamp(writer, message.requestReceiptTimestamp);
      return writePortIdentity(writer, message.requestingPortIdentity);
    case MessageType.PdelayRespFollowUp:
      writeTimestamp(writer, message.responseOriginTimestamp);
      return writePortIdentity(writer, message.requestingPortIdentity);
    case MessageType.Announce:
      writeTimestamp(writer, message.originTimestamp);
      writer.u16(message.currentUtcOffset).u8(0).u8(message.grandmasterPriority1);
      writeClockQuality(writer, message.grandmasterClockQuality);
      writer.u8(message.grandmasterPriority2);
      writeClockIdentity(writer, message.grandmasterIdentity);
      writer.u16(message.stepsRemoved).u8(message.timeSource);
      return;
    case MessageType.Signaling:
      return writePortIdentity(writer, message.targetPortIdentity);
    case MessageType.Management:
      writePortIdentity(writer, message.targetPortIdentity);
      writer.u8(message.startingBoundaryHops).u8(message.boundaryHops);
      writer.u8(message.action & 15).u8(0);
  }
}

function fault(
  kind: string,
  offset: number,
  field: string,
  expected: string,
  value: number | string,
): DecodeError {
  const name = typeof value === "number" && field === "messageType" ? messageName(value) : value;
  return new DecodeError(
    kind,
    `Cannot decode a PTP message: expected ${field} ${expected} at offset ${offset}, found ${name}`,
    { offset, field, value },
  );
}
