/**
 * What a dissector is expected to print of a PTP message: its field names without `ptp.v2.`, values as text.
 *
 * @module
 */
import { type PtpMessage, type PtpTimestamp, type Tlv, tlvTypeOf } from "../../mod/ptp/mod.ts";
import { type AnnounceMessage, intervalScaledText, MessageType } from "../../mod/ptp/mod.ts";
import { toHex } from "./report.ts";

/** Text of one field, or of all its occurrences in order. */
export type Dissected = Record<string, string | string[]>;

/** The fields of a message by the dissector's names; `correctionScaled` is the vectors' own. */
export function dissectedFields(message: PtpMessage): Dissected {
  const { header } = message;
  return {
    majorsdoid: hex(header.majorSdoId, 2),
    messagetype: hex(message.messageType, 2),
    minorversionptp: String(header.minorVersionPtp),
    versionptp: "2",
    domainnumber: String(header.domainNumber),
    minorsdoid: String(header.minorSdoId),
    flags: hex(header.flags, 4),
    ...flags(header.flags),
    messagetypespecific: String(header.messageTypeSpecific),
    clockidentity: `0x${header.source.clockIdentity}`,
    sourceportid: String(header.source.portNumber),
    sequenceid: String(header.sequenceId),
    controlfield: String(header.controlField),
    logmessageperiod: String(header.logMessageInterval),
    correctionScaled: intervalScaledText(header.correction),
    ...body(message),
  };
}

/** Names that the dissector derives, prints wrongly or that have no field of ours. */
export const NOT_MODELLED =
  /^(messagelength|clockidentity_manuf|correction\.(ns|subns)|fu\.preciseorigintimestamp\.32bit)$/;

const FLAG_BITS: readonly (readonly [string, number])[] = [
  ["security", 0x8000],
  ["specific2", 0x4000],
  ["specific1", 0x2000],
  ["unicast", 0x0400],
  ["twostep", 0x0200],
  ["alternatemaster", 0x0100],
  ["synchronizationUncertain", 0x0040],
  ["frequencytraceable", 0x0020],
  ["timetraceable", 0x0010],
  ["timescale", 0x0008],
  ["utcreasonable", 0x0004],
  ["li59", 0x0002],
  ["li61", 0x0001],
];

function flags(value: number): Dissected {
  return Object.fromEntries(
    FLAG_BITS.map(([name, bit]) => [`flags.${name}`, (value & bit) !== 0 ? "1" : "0"]),
  );
}

function body(message: PtpMessage): Dissected {
  switch (message.messageType) {
    case MessageType.Sync:
    case MessageType.DelayReq:
      return time("sdr.origintimestamp", message.originTimestamp);
    case MessageType.FollowUp:
      return time("fu.preciseorigintimestamp", message.preciseOriginTimestamp);
    case MessageType.DelayResp:
      return {
        ...time("dr.receivetimestamp", message.receiveTimestamp),
        "dr.requestingsourceportidentity": `0x${message.requestingPortIdentity.clockIdentity}`,
        "dr.requestingsourceportid": String(message.requestingPortIdentity.portNumber),
      };
    case MessageType.PdelayReq:
      return time("pdrq.origintimestamp", message.originTimestamp);
    case MessageType.PdelayResp:
      return {
        ...time("pdrs.requestreceipttimestamp", message.requestReceiptTimestamp),
        "pdrs.requestingportidentity": `0x${message.requestingPortIdentity.clockIdentity}`,
        "pdrs.requestingsourceportid": String(message.requestingPortIdentity.portNumber),
      };
    case MessageType.PdelayRespFollowUp:
      return {
        ...time("pdfu.responseorigintimestamp", message.responseOriginTimestamp),
        "pdfu.requestingportidentity": `0x${message.requestingPortIdentity.clockIdentity}`,
        "pdfu.requestingsourceportid": String(message.requestingPortIdentity.portNumber),
      };
    case MessageType.Announce:
      return announce(message);
    case MessageType.Signaling:
      return {
        "sig.targetportidentity": `0x${message.targetPortIdentity.clockIdentity}`,
        "sig.targetportid": String(message.targetPortIdentity.portNumber),
        "sig.tlv.tlvType": message.tlvs.map((tlv) => String(tlvTypeOf(tlv))),
      };
    case MessageType.Management: {
      const tlv = message.tlvs[0];
      return {
        "mm.targetportidentity": `0x${message.targetPortIdentity.clockIdentity}`,
        "mm.targetportid": String(message.targetPortIdentity.portNumber),
        "mm.startingboundaryhops": String(message.startingBoundaryHops),
        "mm.boundaryhops": String(message.boundaryHops),
        "mm.action": String(message.action),
        ...(tlv?.kind === "management" ? { "mm.managementId": String(tlv.managementId) } : {}),
        ...(tlv?.kind === "managementError"
          ? {
            "mm.managementErrorId": String(tlv.errorId),
            "mm.managementId": String(tlv.managementId),
          }
          : {}),
      };
    }
  }
}

function announce(message: AnnounceMessage): Dissected {
  const quality = message.grandmasterClockQuality;
  const fields: Dissected = {
    ...time("an.origintimestamp", message.originTimestamp),
    "an.origincurrentutcoffset": String(message.currentUtcOffset),
    "an.priority1": String(message.grandmasterPriority1),
    "an.grandmasterclockclass": String(quality.clockClass),
    "an.grandmasterclockaccuracy": hex(quality.clockAccuracy, 2),
    "an.grandmasterclockvariance": String(quality.offsetScaledLogVariance),
    "an.priority2": String(message.grandmasterPriority2),
    "an.grandmasterclockidentity": `0x${message.grandmasterIdentity}`,
    "an.localstepsremoved": String(message.stepsRemoved),
    timesource: hex(message.timeSource, 2),
  };
  for (const tlv of message.tlvs) {
    add(fields, "an.tlvType", String(tlvTypeOf(tlv)));
    for (const [name, value] of tlvFields(tlv)) add(fields, name, value);
  }
  return fields;
}

function tlvFields(tlv: Tlv): (readonly [string, string])[] {
  switch (tlv.kind) {
    case "power2011":
      return [
        ["an.lengthField", String(12 + 4 + tlv.tail.length)],
        ["an.oe.organizationId", String(0x1c129d)],
        ["an.oe.organizationSubType", "0x000001"],
        ["an.oe.grandmasterID", String(tlv.grandmasterId)],
        ["an.oe.grandmasterTimeInaccuracy", String(tlv.grandmasterTimeInaccuracy)],
        ["an.oe.networkTimeInaccuracy", String(tlv.networkTimeInaccuracy)],
        ["an.oe.reserved", `0x${toHex(tlv.tail)}`],
      ];
    case "power2017":
      return [
        ["an.lengthField", String(12 + 4 + tlv.tail.length)],
        ["an.oe.organizationId", String(0x1c129d)],
        ["an.oe.organizationSubType", "0x000002"],
        ["an.oe.grandmasterID", String(tlv.grandmasterId)],
        ["an.oe.totalTimeInaccuracy", String(tlv.totalTimeInaccuracy)],
      ];
    case "alternateTimeOffset": {
      const length = new TextEncoder().encode(tlv.displayName).length;
      return [
        ["an.lengthField", String(16 + length + length % 2)],
        ["an.atoi.keyField", String(tlv.keyField)],
        ["an.atoi.currentOffset", String(tlv.currentOffset)],
        ["an.atoi.jumpSeconds", String(tlv.jumpSeconds)],
        ["an.atoi.timeOfNextJump", octets(tlv.timeOfNextJump.toString(16).padStart(12, "0"))],
        // Printed twice: the PTPText and the text in it.
        ["an.atoi.displayName", tlv.displayName],
        ["an.atoi.displayName", tlv.displayName],
        ["an.atoi.displayName.length", String(length)],
      ];
    }
    case "pathTrace":
      return [
        ["an.lengthField", String(8 * tlv.pathSequence.length)],
        ...tlv.pathSequence.map((id) => ["an.pathsequence", `0x${id}`] as const),
      ];
    case "unknown":
      return [
        ["an.lengthField", String(tlv.value.length)],
        ["an.tlv.data", octets(toHex(tlv.value))],
      ];
    default:
      return [];
  }
}

/** One occurrence stays a text, more become a list. */
function add(fields: Dissected, name: string, value: string): void {
  const before = fields[name];
  if (before === undefined) fields[name] = value;
  else if (typeof before === "string") fields[name] = [before, value];
  else before.push(value);
}

function time(name: string, value: PtpTimestamp): Dissected {
  return {
    [`${name}.seconds`]: String(value.seconds),
    [`${name}.nanoseconds`]: String(value.nanos),
  };
}

function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}

function octets(text: string): string {
  return (text.match(/../g) ?? []).join(":");
}
