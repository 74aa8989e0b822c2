/**
 * Options of a C37.118 input, as they stand in `[input.NAME]`.
 *
 * @module
 */
import * as v from "valibot";
import { acronym, integer, real, text, type VariantOption } from "../../config/mod.ts";
import type { C37118DeviceOptions, C37118InputOptions } from "./options.ts";

const transports = ["tcp", "tcp-listen", "udp", "tcp+udp", "multicast", "udp-listen"] as const;

/** Schema of an entry of `devices`. */
export const c37118DeviceSchema: v.GenericSchema<unknown, C37118DeviceOptions> = v.strictObject({
  acronym: v.pipe(acronym(), v.description("Acronym of the device; rights are written with it")),
  idCode: v.optional(
    v.pipe(integer(0, 65535), v.description("IDCODE of the PMU in the configuration frame")),
  ),
  station: v.optional(
    v.pipe(text(), v.description("Station name of the PMU, compared without regard to case")),
  ),
  position: v.optional(
    v.pipe(integer(1, 65535), v.description("Position of the PMU in the stream, from 1")),
  ),
  name: v.optional(v.pipe(text(), v.description("Name for people; default the station name"))),
  latitude: v.optional(v.pipe(real(-90, 90), v.description("WGS 84 degrees, north positive"))),
  longitude: v.optional(v.pipe(real(-180, 180), v.description("WGS 84 degrees, east positive"))),
});

const timeZone = v.pipe(
  v.union([v.number(), v.string()]),
  v.check(
    (zone) => Number.isInteger(zoneMinutes(zone)) && Math.abs(zoneMinutes(zone)) <= 1440,
    (issue) => `expected an offset such as "+01:00" or whole minutes, found ${issue.received}`,
  ),
  v.transform(zoneMinutes),
);

function zoneMinutes(zone: number | string): number {
  if (typeof zone === "number") return zone;
  const match = /^([+-])(\d\d):([0-5]\d)$/.exec(zone);
  return match ? Number(`${match[1]}1`) * (Number(match[2]) * 60 + Number(match[3])) : NaN;
}

const entries = {
  type: v.literal("c37118"),
  transport: v.optional(
    v.pipe(
      v.picklist(transports),
      v.description(
        "tcp: dial, commands and data over it; tcp-listen: the device dials; udp: commands and data by UDP; " +
          "tcp+udp: commands by TCP, data by UDP; multicast: data to a group, commands by TCP if host is given; " +
          "udp-listen: data come by themselves",
      ),
    ),
    "tcp",
  ),
  host: v.optional(v.pipe(text(), v.description("Host name or address of the device"))),
  port: v.optional(
    v.pipe(
      integer(0, 65535),
      v.description("Command port of the device; for tcp-listen the port that is listened on"),
    ),
    4712,
  ),
  dataPort: v.optional(
    v.pipe(
      integer(0, 65535),
      v.description("Local UDP port for data; for udp default any, otherwise 4713"),
    ),
  ),
  localAddress: v.optional(
    v.pipe(text(), v.description("Local address to bind to; default all, for multicast the group")),
  ),
  group: v.optional(v.pipe(text(), v.description("Multicast group"))),
  interface: v.optional(
    v.pipe(text(), v.description("Interface of the group by name or IPv4 address")),
  ),
  source: v.optional(
    v.pipe(
      text(),
      v.description(
        "The only sender that is heard: multicast joins source-specifically, the others filter",
      ),
    ),
  ),
  receiveBufferBytes: v.optional(
    v.pipe(integer(4096, 2 ** 30), v.description("Room in the kernel for UDP data, in bytes")),
    4 * 1024 * 1024,
  ),
  idCode: v.pipe(integer(0, 65535), v.description("IDCODE of the stream")),
  checkIdCode: v.optional(
    v.pipe(v.boolean(), v.description("Refuse frames with another stream IDCODE")),
    true,
  ),
  configuration: v.optional(
    v.pipe(
      v.picklist(["cfg2", "cfg3", "cfg1"]),
      v.description("Configuration frame to ask for; cfg3 falls back to cfg2"),
    ),
    "cfg2",
  ),
  draft6: v.optional(
    v.pipe(v.boolean(), v.description("Read frames of version 0 as draft 6 of the standard")),
    false,
  ),
  acronym: v.optional(
    v.pipe(
      acronym(),
      v.description("Acronym of the device or of the concentrator; default the name in capitals"),
    ),
  ),
  name: v.optional(v.pipe(text(), v.description("Name for people"))),
  company: v.optional(v.pipe(acronym(), v.description("Company acronym"))),
  vendor: v.optional(v.pipe(acronym(), v.description("Vendor acronym"))),
  devices: v.optional(
    v.pipe(
      v.array(c37118DeviceSchema),
      v.description("PMUs of a concentrator; one that is not listed is ACRONYM!IDCODE"),
      v.check(
        (list) => new Set(list.map((d) => d.acronym)).size === list.length,
        () => "expected each acronym once, found one twice",
      ),
      v.check(
        (list) =>
          list.every((d) =>
            d.idCode !== undefined || d.station !== undefined || d.position !== undefined
          ),
        () => "expected idCode, station or position for each device",
      ),
    ),
    [],
  ),
  framesPerSecond: v.optional(
    v.pipe(
      real(0, 1000),
      v.description(
        "Expected rate; warns when the stream says otherwise, stands in for DATA_RATE 0",
      ),
    ),
    0,
  ),
  timeZone: v.optional(
    v.pipe(
      timeZone,
      v.description('Offset of the device\'s clock from UTC: minutes, or text such as "+01:00"'),
    ),
    0,
  ),
  timeAdjustMicros: v.optional(
    v.pipe(real(-1e9, 1e9), v.description("Added to every time stamp, in microseconds")),
    0,
  ),
  plausibleDelayMs: v.optional(
    v.pipe(
      real(1, 600_000),
      v.description(
        "Median of arrival minus time stamp above which the clock of the source is named as off, in milliseconds; " +
          "unless given 900, with a warning from 250 ms and 7 frames on",
      ),
    ),
  ),
  frequencyMode: v.optional(
    v.pipe(
      v.picklist(["auto", "absolute", "deviation"]),
      v.description("What float FREQ means; auto finds out"),
    ),
    "auto",
  ),
  applyScaleToFloat: v.optional(
    v.pipe(v.boolean(), v.description("Apply the scales of CFG-3 to floats too")),
    true,
  ),
  extendedFlags: v.optional(
    v.pipe(
      v.boolean(),
      v.description("Also flag doubtful time quality, clock failure and missing values"),
    ),
    false,
  ),
  skipStop: v.optional(
    v.pipe(
      v.boolean(),
      v.description("Never send stop: for streams that others share; always so for multicast"),
    ),
    false,
  ),
  requestHeader: v.optional(
    v.pipe(v.boolean(), v.description("Ask for the header frame; some devices hang on that")),
    false,
  ),
  connectTimeoutMs: v.optional(
    v.pipe(integer(100, 600_000), v.description("Longest wait for a connection")),
    10_000,
  ),
  configurationTimeoutMs: v.optional(
    v.pipe(
      integer(100, 600_000),
      v.description("Wait for a configuration before asking again; three times"),
    ),
    5000,
  ),
  dataLossMs: v.optional(
    v.pipe(
      integer(100, 3_600_000),
      v.description("Silence after which the connection is made anew; at least three frames"),
    ),
    5000,
  ),
  reconnectMinMs: v.optional(
    v.pipe(integer(10, 600_000), v.description("First wait before connecting again")),
    1500,
  ),
  reconnectMaxMs: v.optional(
    v.pipe(integer(10, 3_600_000), v.description("Longest wait before connecting again")),
    60_000,
  ),
  maxParseErrors: v.optional(
    v.pipe(
      integer(1, 1_000_000),
      v.description("Framing errors within parseErrorWindowMs that make the connection anew"),
    ),
    10,
  ),
  parseErrorWindowMs: v.optional(
    v.pipe(integer(100, 600_000), v.description("See maxParseErrors")),
    5000,
  ),
};

const object = v.strictObject(entries);
type Raw = v.InferOutput<typeof object>;

/** Keys that a transport cannot do without. */
const NEEDS: Readonly<Record<Raw["transport"], readonly ("host" | "group")[]>> = {
  tcp: ["host"],
  "tcp-listen": [],
  udp: ["host"],
  "tcp+udp": ["host"],
  multicast: ["group"],
  "udp-listen": [],
};

function needs(key: "host" | "group") {
  return v.forward<Raw, v.BaseIssue<unknown>, [typeof key]>(
    v.check(
      (o: Raw) => !NEEDS[o.transport].includes(key) || o[key] !== undefined,
      () => `expected ${key} for this transport, found nothing`,
    ),
    [key],
  );
}

/** A schema that can be an option of a variant over `type`. */
export type C37118InputSchema = VariantOption<"c37118", C37118InputOptions>;

/** Schema of `[input.NAME]` with `type = "c37118"`. Every change restarts the input. */
export const c37118InputSchema: C37118InputSchema = v.pipe(
  object,
  needs("host"),
  needs("group"),
  v.forward(
    v.check(
      (o) => o.reconnectMaxMs >= o.reconnectMinMs,
      () => "expected reconnectMinMs or more",
    ),
    ["reconnectMaxMs"],
  ),
  v.description("Receives a C37.118 stream from a PMU or concentrator"),
  v.metadata({ apply: "restart" }),
);
