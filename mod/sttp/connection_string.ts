/**
 * Connection strings: `key=value;key={value}` (specs/sttp.md 5.2), and what a Subscribe command
 * says with them (5.1, 5.3, 5.4).
 *
 * @module
 */
import { ByteReader, ByteWriter, DecodeError } from "../core/mod.ts";
import { Command, DataPacketFlags } from "./constants.ts";
import { commandFrame } from "./framing.ts";
import { decodeText, encodeText, type TextEncoding } from "./text.ts";

/** Keys and values of a connection string. */
export interface ConnectionString {
  /** Values by lower-case key; the last duplicate has won. */
  readonly values: ReadonlyMap<string, string>;
  /** Trimmed pairs without `=`, which mean nothing except to {@linkcode requestOf}. */
  readonly bare: readonly string[];
}

/** How a client names itself, for logs. */
export interface AssemblyInfo {
  /** Name of the library or program. */
  readonly source: string;
  /** Its version. */
  readonly version: string;
  /** When it was made; `buildDate` of .NET clients. */
  readonly updatedOn: string;
}

/** What a client wants when it subscribes (5.3). */
export interface SubscriptionRequest {
  /** Send only the latest value per signal, on a timer. */
  readonly throttled: boolean;
  /** Throttle period in seconds; may be 0 or less (5.6). */
  readonly publishIntervalSeconds: number;
  /** Timestamps in compact measurements. */
  readonly includeTime: boolean;
  /** Check timestamps of throttled measurements (5.6). */
  readonly enableTimeReasonabilityCheck: boolean;
  /** Reasonability window into the past, in seconds. */
  readonly lagTimeSeconds: number;
  /** Reasonability window into the future, in seconds. */
  readonly leadTimeSeconds: number;
  /** Base times follow the publisher's clock. */
  readonly useLocalClockAsRealTime: boolean;
  /** Initial speed of a replay: -1 is the default pace, 0 no delay. */
  readonly processingIntervalMs: number;
  /** Two-byte offsets in milliseconds instead of four-byte offsets in ticks. */
  readonly useMillisecondResolution: boolean;
  /** Do not send NaN values. */
  readonly requestNaNValueFilter: boolean;
  /** Who asks. */
  readonly assemblyInfo: AssemblyInfo;
  /** Signals that are wanted (12.6); empty means none. */
  readonly filterExpression: string;
  /** UDP port of the client, 0 for none. */
  readonly udpPort: number;
  /** Begin of a replay (5.7), or undefined for live data. */
  readonly startTimeConstraint: string | undefined;
  /** End of a replay, or undefined. */
  readonly stopTimeConstraint: string | undefined;
  /** Passed to the source of a replay, or undefined. */
  readonly timeConstraintParameters: string | undefined;
  /** All other keys, lower case. */
  readonly others: ReadonlyMap<string, string>;
}

/** The values that hold for keys that are absent (5.3). */
export const DEFAULT_REQUEST: SubscriptionRequest = {
  throttled: false,
  publishIntervalSeconds: 1,
  includeTime: true,
  enableTimeReasonabilityCheck: false,
  lagTimeSeconds: 10,
  leadTimeSeconds: 5,
  useLocalClockAsRealTime: false,
  processingIntervalMs: -1,
  useMillisecondResolution: false,
  requestNaNValueFilter: false,
  assemblyInfo: { source: "", version: "", updatedOn: "" },
  filterExpression: "",
  udpPort: 0,
  startTimeConstraint: undefined,
  stopTimeConstraint: undefined,
  timeConstraintParameters: undefined,
  others: new Map(),
};

/**
 * Parses a connection string (5.2) in one pass.
 *
 * Separators inside braces have no meaning; the outermost pair around a value is taken off. Throws
 * {@linkcode DecodeError} for unbalanced braces.
 */
export function parseConnectionString(text: string): ConnectionString {
  const values = new Map<string, string>();
  const bare: string[] = [];
  let depth = 0, start = 0, equals = -1;
  for (let i = 0; i <= text.length; i++) {
    const c = i < text.length ? text[i] : ";";
    if (c === "{") depth++;
    else if (c === "}") depth--;
    else if (c === "=" && depth === 0 && equals < 0) equals = i;
    if (depth < 0 || (i === text.length && depth > 0)) {
      throw new DecodeError(
        "braces",
        `Cannot parse a connection string: expected balanced braces, found ${
          depth < 0 ? "one that closes nothing" : `${depth} not closed`
        } at character ${i}`,
        { offset: i, field: "connection string" },
      );
    }
    if (c !== ";" || depth > 0) continue;
    if (equals >= 0) {
      const key = text.slice(start, equals).trim().toLowerCase();
      if (key !== "") values.set(key, unbrace(text.slice(equals + 1, i).trim()));
    } else {
      const word = text.slice(start, i).trim();
      if (word !== "") bare.push(word);
    }
    start = i + 1;
    equals = -1;
  }
  return { values, bare };
}

/**
 * Reads the payload of a Subscribe command (5.1).
 *
 * Throws {@linkcode DecodeError} where the answer must be Failed: synchronised data wanted, no
 * connection string, or one that cannot be parsed. Bytes behind the string are ignored.
 */
export function parseSubscriptionRequest(
  payload: Uint8Array,
  encoding: TextEncoding,
): SubscriptionRequest {
  const reader = new ByteReader(payload);
  const flags = reader.u8("data packet flags");
  if (flags & DataPacketFlags.Synchronized) {
    throw new DecodeError(
      "synchronized",
      "Cannot subscribe: expected unsynchronised data, found a request for synchronised data",
      { offset: 0, field: "data packet flags", value: flags },
    );
  }
  const size = reader.u32("size of the connection string");
  const text = decodeText(reader.slice(size, "connection string"), encoding);
  if (text.trim() === "") {
    throw new DecodeError("empty", "Cannot subscribe: expected a connection string, found none", {
      offset: 1,
      field: "connection string",
    });
  }
  return requestOf(parseConnectionString(text));
}

/** The typed keys of a connection string; values that cannot be parsed become the default. */
export function requestOf(parsed: ConnectionString): SubscriptionRequest {
  const rest = new Map(parsed.values);
  const take = (key: string, alias = ""): string | undefined => {
    const value = rest.get(key) ?? (alias ? rest.get(alias) : undefined);
    rest.delete(key);
    rest.delete(alias);
    return value;
  };
  const d = DEFAULT_REQUEST;
  // The Go client writes this one key without "=" (13.1).
  const nanFilterQuirk = parsed.bare.includes("requestNaNValueFiltertrue");
  return {
    throttled: toBoolean(take("throttled", "tracklatestmeasurements"), d.throttled),
    publishIntervalSeconds: toNumber(take("publishinterval"), d.publishIntervalSeconds),
    includeTime: toBoolean(take("includetime"), d.includeTime),
    enableTimeReasonabilityCheck: toBoolean(
      take("enabletimereasonabilitycheck"),
      d.enableTimeReasonabilityCheck,
    ),
    lagTimeSeconds: toNumber(take("lagtime"), d.lagTimeSeconds),
    leadTimeSeconds: toNumber(take("leadtime"), d.leadTimeSeconds),
    useLocalClockAsRealTime: toBoolean(take("uselocalclockasrealtime"), d.useLocalClockAsRealTime),
    processingIntervalMs: toInteger(take("processinginterval"), d.processingIntervalMs),
    useMillisecondResolution: toBoolean(
      take("usemillisecondresolution"),
      d.useMillisecondResolution,
    ),
    requestNaNValueFilter: toBoolean(take("requestnanvaluefilter"), nanFilterQuirk),
    assemblyInfo: toAssemblyInfo(take("assemblyinfo")),
    filterExpression: take("filterexpression", "inputmeasurementkeys") ?? d.filterExpression,
    udpPort: toPort(take("datachannel")),
    startTimeConstraint: take("starttimeconstraint") || undefined,
    stopTimeConstraint: take("stoptimeconstraint") || undefined,
    timeConstraintParameters: take("timeconstraintparameters") || undefined,
    others: rest,
  };
}

/** The connection string of a request, in the order and form of the published clients (5.4). */
export function buildConnectionString(request: SubscriptionRequest): string {
  const r = request;
  const info = r.assemblyInfo;
  const pairs = [
    `throttled=${r.throttled}`,
    `publishInterval=${r.publishIntervalSeconds.toFixed(6)}`,
    `includeTime=${r.includeTime}`,
    `enableTimeReasonabilityCheck=${r.enableTimeReasonabilityCheck}`,
    `lagTime=${r.lagTimeSeconds.toFixed(6)}`,
    `leadTime=${r.leadTimeSeconds.toFixed(6)}`,
    `useLocalClockAsRealTime=${r.useLocalClockAsRealTime}`,
    `processingInterval=${r.processingIntervalMs}`,
    `useMillisecondResolution=${r.useMillisecondResolution}`,
    `requestNaNValueFilter=${r.requestNaNValueFilter}`,
    `assemblyInfo={source=${info.source};version=${info.version};updatedOn=${info.updatedOn}}`,
  ];
  if (r.filterExpression !== "") pairs.push(`filterExpression={${r.filterExpression}}`);
  if (r.udpPort > 0) pairs.push(`dataChannel={localport=${r.udpPort}}`);
  if (r.startTimeConstraint !== undefined) {
    pairs.push(`startTimeConstraint=${protect(r.startTimeConstraint)}`);
  }
  if (r.stopTimeConstraint !== undefined) {
    pairs.push(`stopTimeConstraint=${protect(r.stopTimeConstraint)}`);
  }
  if (r.timeConstraintParameters !== undefined) {
    pairs.push(`timeConstraintParameters=${protect(r.timeConstraintParameters)}`);
  }
  for (const [key, value] of r.others) pairs.push(`${key}=${protect(value)}`);
  return pairs.join(";");
}

/** The whole frame of a Subscribe command; `flags` is always compact in the published clients. */
export function subscribeFrame(
  connectionString: string,
  encoding: TextEncoding,
  flags: number = DataPacketFlags.Compact,
): Uint8Array<ArrayBuffer> {
  const text = encodeText(connectionString, encoding);
  const payload = new ByteWriter(text.length + 5).u8(flags).u32(text.length).raw(text).bytes();
  return commandFrame(Command.Subscribe, payload);
}

function protect(value: string): string {
  return /[;{}]/.test(value) || value !== value.trim() ? `{${value}}` : value;
}

/** Takes the braces off if the first one closes at the very end. */
function unbrace(value: string): string {
  if (!value.startsWith("{") || !value.endsWith("}")) return value;
  let depth = 0;
  for (let i = 0; i < value.length - 1; i++) {
    if (value[i] === "{") depth++;
    else if (value[i] === "}" && --depth === 0) return value;
  }
  return value.slice(1, -1);
}

function toBoolean(text: string | undefined, fallback: boolean): boolean {
  if (text === undefined) return fallback;
  if (/^true$/i.test(text)) return true;
  if (/^false$/i.test(text)) return false;
  return /^[+-]?\d+$/.test(text) ? Number(text) !== 0 : fallback;
}

function toNumber(text: string | undefined, fallback: number): number {
  if (text === undefined || !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return fallback;
  const value = Number(text);
  return Number.isFinite(value) ? value : fallback;
}

function toInteger(text: string | undefined, fallback: number): number {
  if (text === undefined || !/^[+-]?\d+$/.test(text)) return fallback;
  const value = Number(text);
  return (value | 0) === value ? value : fallback;
}

function toAssemblyInfo(text: string | undefined): AssemblyInfo {
  const { values } = parseConnectionString(text ?? "");
  return {
    source: values.get("source") ?? "",
    version: values.get("version") ?? "",
    updatedOn: values.get("updatedon") ?? values.get("builddate") ?? "",
  };
}

function toPort(text: string | undefined): number {
  const { values } = parseConnectionString(text ?? "");
  const port = toInteger(values.get("localport") ?? values.get("port"), 0);
  return port > 0 && port <= 65535 ? port : 0;
}
