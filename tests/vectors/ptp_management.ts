/**
 * Management exchanges: requests are built anew, answers read, compared and encoded again.
 *
 * @module
 */
import {
  actionName,
  type ClockQuality,
  decodeMessage,
  encodeGet,
  encodeManagementData,
  encodeMessage,
  encodeSet,
  flagNames,
  hasData,
  intervalNs,
  intervalScaledText,
  ManagementAction,
  type ManagementAddress,
  managementContent,
  managementErrorName,
  type ManagementMessage,
  managementName,
  MessageType,
  portStateName,
  PtpFlags,
  type PtpTimestamp,
  type TimeInterval,
} from "../../mod/ptp/mod.ts";
import { firstByteDifference, firstDifference, fromHex, type Report } from "./report.ts";

// deno-lint-ignore no-explicit-any -- content of test data files, checked by comparison
type Json = any;

/** A `mgmt-*.json`. */
export function runManagement(json: Json, report: Report): void {
  for (const exchange of json.exchanges) {
    check(report, `${exchange.name}: request`, () => request(exchange));
    exchange.responsesHex.forEach((hex: string, i: number) => {
      check(report, `${exchange.name}: answer ${i}`, () => answer(hex, exchange.expected[i]));
    });
    if (exchange.responsesHex.length === 0) check(report, exchange.name, () => undefined);
  }
}

function check(report: Report, title: string, run: () => string | undefined): void {
  const difference = run();
  if (difference) report.fail(title, difference);
  else report.pass(title);
}

/** The request of what it says: identity, domain, sequence number, id, and data where there are any. */
function request(exchange: Json): string | undefined {
  const bytes = fromHex(exchange.requestHex);
  const message = management(bytes);
  const { header } = message;
  const address: ManagementAddress = {
    source: header.source,
    domainNumber: header.domainNumber,
    majorSdoId: header.majorSdoId,
    minorVersionPtp: header.minorVersionPtp,
    target: message.targetPortIdentity,
    boundaryHops: message.boundaryHops,
  };
  const content = managementContent(message);
  const title = `${actionName(message.action)} ${managementName(content.id)}`;
  const named = exchange.name.match(/(?:GET|SET) ([A-Z_0-9]+)/);
  if (named && !title.endsWith(named[1])) return `expected ${named[0]}, found ${title}`;
  const rebuilt = "data" in content && message.action === ManagementAction.Set
    ? encodeSet(address, header.sequenceId, content.id, content.data)
    : message.action === ManagementAction.Get
    ? encodeGet(address, header.sequenceId, content.id)
    : encodeMessage(message);
  return firstByteDifference(rebuilt, bytes);
}

function answer(hex: string, expected: Json): string | undefined {
  const bytes = fromHex(hex);
  const message = management(bytes);
  const again = firstByteDifference(encodeMessage(message), bytes);
  if (again) return `encoded anew: ${again}`;
  const { header } = message;
  const content = managementContent(message);
  const tlvLength = bytes.length - 52;
  const found: Json = {
    transportSpecific: header.majorSdoId,
    messageType: message.messageType,
    minorVersionPTP: header.minorVersionPtp,
    versionPTP: 2,
    messageLength: bytes.length,
    domainNumber: header.domainNumber,
    flagField: hex4(header.flags),
    correctionField: intervalScaledText(header.correction),
    sourcePortIdentity: header.source,
    sequenceId: header.sequenceId,
    controlField: header.controlField,
    logMessageInterval: header.logMessageInterval,
    targetPortIdentity: message.targetPortIdentity,
    startingBoundaryHops: message.startingBoundaryHops,
    boundaryHops: message.boundaryHops,
    action: actionName(message.action),
    tlvLength,
  };
  if ("error" in content) {
    found.tlvType = 2;
    found.error = {
      managementErrorId: content.error,
      name: managementErrorName(content.error),
      managementId: hex4(content.id),
      managementName: managementName(content.id),
    };
  } else {
    found.tlvType = 1;
    found.managementId = hex4(content.id);
    found.managementName = managementName(content.id);
    found.data = "data" in content ? plain(content.data, managementName(content.id)) : null;
    if ("data" in content && hasData(content.id)) {
      const data = firstByteDifference(
        encodeManagementData(content.id, content.data),
        bytes.subarray(54),
      );
      if (data) return `data encoded anew: ${data}`;
    }
  }
  return firstDifference(found, expected) ?? extra(found, expected);
}

/** Data of which the vectors know nothing would go unseen. */
function extra(found: Json, expected: Json): string | undefined {
  const missing = Object.keys(expected.data ?? {}).find((key) => !(key in (found.data ?? {})));
  return missing && `data.${missing}: expected, found nothing`;
}

function management(bytes: Uint8Array): ManagementMessage {
  const message = decodeMessage(bytes);
  if (message.messageType === MessageType.Management) return message;
  throw new Error(`expected a management message, found type ${message.messageType}`);
}

/** Data in the words of the vectors. */
function plain(data: Json, name: string): Json {
  const out: Json = {};
  for (const [key, value] of Object.entries<Json>(data)) {
    if (key === "clockQuality" || key === "grandmasterClockQuality") {
      Object.assign(out, quality(value));
    } else if (key === "flags") Object.assign(out, timeFlags(value));
    else if (key === "timeSource") out.timeSource = hex2(value);
    else if (isInterval(value)) {
      out[`${key}Scaled`] = intervalScaledText(value);
      out[`${key}Ns`] = intervalNs(value);
    } else out[key] = value;
  }
  if (name === "PORT_DATA_SET" || name === "PORT_PROPERTIES_NP") {
    out.portState = portStateName(data.portState);
  }
  if (name === "PORT_DATA_SET") {
    out.minorVersionPTP = data.versionNumber >>> 4;
    out.versionNumber = data.versionNumber & 15;
  }
  if (name === "PARENT_DATA_SET") {
    out.observedParentOffsetScaledLogVariance = hex4(data.observedParentOffsetScaledLogVariance);
  }
  if (name === "TIME_STATUS_NP") {
    out.masterOffsetNs = String(data.masterOffset);
    out.ingressTimeNs = nanoseconds(data.ingressTime);
  }
  if (name === "CLOCK_DESCRIPTION") out.clockType = hex4(data.clockType);
  if (name === "POWER_PROFILE_SETTINGS_NP") out.grandmasterID = data.grandmasterId;
  if (name === "UNICAST_MASTER_TABLE_NP") {
    out.actualTableSize = data.entries.length;
    out.entries = data.entries.map((entry: Json) => ({ ...entry, ...quality(entry.clockQuality) }));
  }
  return out;
}

function quality(value: ClockQuality): Json {
  return {
    clockClass: value.clockClass,
    clockAccuracy: hex2(value.clockAccuracy),
    offsetScaledLogVariance: hex4(value.offsetScaledLogVariance),
  };
}

function timeFlags(flags: number): Json {
  const names = flagNames(flags);
  const known = [
    "leap61",
    "leap59",
    "currentUtcOffsetValid",
    "ptpTimescale",
    "timeTraceable",
    "frequencyTraceable",
  ];
  const mask = PtpFlags.SynchronizationUncertain | 0x3f;
  return {
    flags: hex2(flags & mask),
    ...Object.fromEntries(known.map((name) => [name, names.includes(name)])),
  };
}

function nanoseconds(time: PtpTimestamp): string {
  return String(BigInt(time.seconds) * 1_000_000_000n + BigInt(time.nanos));
}

function isInterval(value: Json): value is TimeInterval {
  return typeof value === "object" && value !== null && "sub" in value;
}

function hex2(value: number): string {
  return `0x${value.toString(16).padStart(2, "0")}`;
}

function hex4(value: number): string {
  return `0x${value.toString(16).padStart(4, "0")}`;
}
