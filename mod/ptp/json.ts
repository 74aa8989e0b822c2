/**
 * PTP messages as plain objects for people and tools.
 *
 * @module
 */
import { hexOf, type PtpTimestamp } from "./identity.ts";
import { intervalNs, intervalScaledText, isUsable, type TimeInterval } from "./interval.ts";
import { managementContent } from "./management.ts";
import { managementErrorName, managementName } from "./management_ids.ts";
import type { ManagementMessage, PtpMessage } from "./message.ts";
import {
  actionName,
  clockAccuracyText,
  clockClassText,
  messageName,
  MessageType,
  PtpFlags,
  timeSourceText,
} from "./names.ts";
import { type Tlv, TlvType, tlvTypeOf } from "./tlv.ts";

/** A message as a JSON-safe object: names as in the standard, flags spelled out, times as `seconds.nanoseconds` text. */
export interface PtpJson {
  /** For example `Announce`. */
  readonly ptp: string;
  /** versionPTP and minorVersionPTP. */
  readonly version: string;
  /** domainNumber. */
  readonly domain: number;
  /** majorSdoId. */
  readonly majorSdoId: number;
  /** Clock and port. */
  readonly source: { readonly clockIdentity: string; readonly portNumber: number };
  /** sequenceId. */
  readonly sequenceId: number;
  /** Names of the flags that are set. */
  readonly flags: readonly string[];
  /** correctionField in 2^-16 ns as decimal text. */
  readonly correctionScaled: string;
  /** correctionField in nanoseconds; null if it is not to be used. */
  readonly correctionNs: number | null;
  /** logMessageInterval. */
  readonly logMessageInterval: number;
  /** Fields of the type. */
  readonly [field: string]: unknown;
}

/** Makes a plain object of a message. */
export function messageToJson(message: PtpMessage): PtpJson {
  const { header } = message;
  return {
    ptp: messageName(message.messageType),
    version: `2.${header.minorVersionPtp}`,
    domain: header.domainNumber,
    majorSdoId: header.majorSdoId,
    ...(header.minorSdoId === 0 ? {} : { minorSdoId: header.minorSdoId }),
    source: header.source,
    sequenceId: header.sequenceId,
    flags: flagNames(header.flags),
    correctionScaled: intervalScaledText(header.correction),
    correctionNs: isUsable(header.correction) ? intervalNs(header.correction) : null,
    logMessageInterval: header.logMessageInterval,
    ...body(message),
    ...(message.messageType === MessageType.Management || message.tlvs.length === 0
      ? {}
      : { tlvs: message.tlvs.map(tlvToJson) }),
  };
}

/** A TLV as a JSON-safe object. */
export function tlvToJson(tlv: Tlv): Record<string, unknown> {
  const name = TLV_NAMES.get(tlvTypeOf(tlv)) ?? `0x${tlvTypeOf(tlv).toString(16)}`;
  const plain: Record<string, unknown> = { tlv: name };
  for (const [key, value] of Object.entries(tlv)) {
    if (key === "tail" || (key === "kind" && tlv.kind === "unknown")) continue;
    plain[key] = value instanceof Uint8Array ? hexOf(value) : value;
  }
  return plain;
}

/** `1795000000.040001234` */
export function timestampText(time: PtpTimestamp): string {
  return `${time.seconds}.${String(time.nanos).padStart(9, "0")}`;
}

/** The names of the flags that are set, in the order of the field. */
export function flagNames(flags: number): string[] {
  return FLAG_NAMES.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
}

const FLAG_NAMES: readonly (readonly [number, string])[] = [
  [PtpFlags.AlternateMaster, "alternateMaster"],
  [PtpFlags.TwoStep, "twoStep"],
  [PtpFlags.Unicast, "unicast"],
  [PtpFlags.ProfileSpecific1, "profileSpecific1"],
  [PtpFlags.ProfileSpecific2, "profileSpecific2"],
  [PtpFlags.Security, "security"],
  [PtpFlags.Leap61, "leap61"],
  [PtpFlags.Leap59, "leap59"],
  [PtpFlags.CurrentUtcOffsetValid, "currentUtcOffsetValid"],
  [PtpFlags.PtpTimescale, "ptpTimescale"],
  [PtpFlags.TimeTraceable, "timeTraceable"],
  [PtpFlags.FrequencyTraceable, "frequencyTraceable"],
  [PtpFlags.SynchronizationUncertain, "synchronizationUncertain"],
];

const TLV_NAMES: ReadonlyMap<number, string> = new Map([
  [TlvType.Management, "MANAGEMENT"],
  [TlvType.ManagementErrorStatus, "MANAGEMENT_ERROR_STATUS"],
  [TlvType.OrganizationExtension, "ORGANIZATION_EXTENSION"],
  [TlvType.RequestUnicastTransmission, "REQUEST_UNICAST_TRANSMISSION"],
  [TlvType.GrantUnicastTransmission, "GRANT_UNICAST_TRANSMISSION"],
  [TlvType.CancelUnicastTransmission, "CANCEL_UNICAST_TRANSMISSION"],
  [TlvType.AcknowledgeCancelUnicastTransmission, "ACKNOWLEDGE_CANCEL_UNICAST_TRANSMISSION"],
  [TlvType.PathTrace, "PATH_TRACE"],
  [TlvType.AlternateTimeOffsetIndicator, "ALTERNATE_TIME_OFFSET_INDICATOR"],
  [TlvType.OrganizationExtensionPropagate, "ORGANIZATION_EXTENSION_PROPAGATE"],
  [TlvType.OrganizationExtensionDoNotPropagate, "ORGANIZATION_EXTENSION_DO_NOT_PROPAGATE"],
]);

function body(message: PtpMessage): Record<string, unknown> {
  switch (message.messageType) {
    case MessageType.Sync:
    case MessageType.DelayReq:
    case MessageType.PdelayReq:
      return { originTimestamp: timestampText(message.originTimestamp) };
    case MessageType.FollowUp:
      return { preciseOriginTimestamp: timestampText(message.preciseOriginTimestamp) };
    case MessageType.DelayResp:
      return {
        receiveTimestamp: timestampText(message.receiveTimestamp),
        requestingPortIdentity: message.requestingPortIdentity,
      };
    case MessageType.PdelayResp:
      return {
        requestReceiptTimestamp: timestampText(message.requestReceiptTimestamp),
        requestingPortIdentity: message.requestingPortIdentity,
      };
    case MessageType.PdelayRespFollowUp:
      return {
        responseOriginTimestamp: timestampText(message.responseOriginTimestamp),
        requestingPortIdentity: message.requestingPortIdentity,
      };
    case MessageType.Announce: {
      const quality = message.grandmasterClockQuality;
      return {
        originTimestamp: timestampText(message.originTimestamp),
        currentUtcOffset: message.currentUtcOffset,
        grandmasterPriority1: message.grandmasterPriority1,
        clockClass: quality.clockClass,
        clockClassText: clockClassText(quality.clockClass),
        clockAccuracy: quality.clockAccuracy,
        clockAccuracyText: clockAccuracyText(quality.clockAccuracy),
        offsetScaledLogVariance: quality.offsetScaledLogVariance,
        grandmasterPriority2: message.grandmasterPriority2,
        grandmasterIdentity: message.grandmasterIdentity,
        stepsRemoved: message.stepsRemoved,
        timeSource: message.timeSource,
        timeSourceText: timeSourceText(message.timeSource),
      };
    }
    case MessageType.Signaling:
      return { targetPortIdentity: message.targetPortIdentity };
    case MessageType.Management:
      return {
        targetPortIdentity: message.targetPortIdentity,
        startingBoundaryHops: message.startingBoundaryHops,
        boundaryHops: message.boundaryHops,
        action: actionName(message.action),
        ...managementToJson(message),
      };
  }
}

function managementToJson(message: ManagementMessage): Record<string, unknown> {
  const content = managementContent(message);
  const managementId = managementName(content.id);
  if ("error" in content) {
    const text = content.text === "" ? {} : { errorText: content.text };
    return { managementId, error: managementErrorName(content.error), ...text };
  }
  if ("raw" in content) {
    return content.raw.length === 0
      ? { managementId }
      : { managementId, dataHex: hexOf(content.raw) };
  }
  return { managementId, data: plainData(content.data) };
}

/** Intervals become nanoseconds, time stamps text. */
function plainData(data: object): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(data)) {
    if (isInterval(value)) plain[`${key}Ns`] = intervalNs(value);
    else if (isTimestamp(value)) plain[key] = timestampText(value);
    else plain[key] = value;
  }
  return plain;
}

function isInterval(value: unknown): value is TimeInterval {
  return typeof value === "object" && value !== null && "ns" in value && "sub" in value;
}

function isTimestamp(value: unknown): value is PtpTimestamp {
  return typeof value === "object" && value !== null && "seconds" in value && "nanos" in value;
}
