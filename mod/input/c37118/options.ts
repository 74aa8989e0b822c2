/**
 * Options of a C37.118 input, checked and with defaults.
 *
 * @module
 */

/** One PMU of a stream: how it is found on the wire, and the name that rights are written with. */
export interface C37118DeviceOptions {
  /** Acronym of the device. */
  readonly acronym: string;
  /** IDCODE of the PMU in the configuration frame. */
  readonly idCode?: number | undefined;
  /** Station name of the PMU, compared without regard to case. */
  readonly station?: string | undefined;
  /** Position of the PMU in the stream, from 1. */
  readonly position?: number | undefined;
  /** Name for people; default the station name. */
  readonly name?: string | undefined;
  /** WGS 84 degrees, north positive. */
  readonly latitude?: number | undefined;
  /** WGS 84 degrees, east positive. */
  readonly longitude?: number | undefined;
}

/** How commands and data travel; see the schema. */
export type C37118Transport =
  | "tcp"
  | "tcp-listen"
  | "udp"
  | "tcp+udp"
  | "multicast"
  | "udp-listen";

/** `[input.NAME]` with `type = "c37118"`; the schema describes each key for operators. */
export interface C37118InputOptions {
  /** Kind of input. */
  readonly type: "c37118";
  /** How commands and data travel. */
  readonly transport: C37118Transport;
  /** Host name or address of the device. */
  readonly host?: string | undefined;
  /** Command port of the device, or the port that is listened on. */
  readonly port: number;
  /** Local UDP port for data. */
  readonly dataPort?: number | undefined;
  /** Local address to bind to. */
  readonly localAddress?: string | undefined;
  /** Multicast group. */
  readonly group?: string | undefined;
  /** Interface of the group by name or IPv4 address. */
  readonly interface?: string | undefined;
  /** The only sender that is heard. */
  readonly source?: string | undefined;
  /** Room in the kernel for UDP data, in bytes. */
  readonly receiveBufferBytes: number;
  /** IDCODE of the stream. */
  readonly idCode: number;
  /** Refuse frames with another stream IDCODE. */
  readonly checkIdCode: boolean;
  /** Configuration frame to ask for; `cfg3` falls back to `cfg2`. */
  readonly configuration: "cfg1" | "cfg2" | "cfg3";
  /** Read frames of version 0 as draft 6 of the standard. */
  readonly draft6: boolean;
  /** Acronym of the only PMU or of the concentrator; default the name in capitals. */
  readonly acronym?: string | undefined;
  /** Name for people. */
  readonly name?: string | undefined;
  /** Company acronym. */
  readonly company?: string | undefined;
  /** Vendor acronym. */
  readonly vendor?: string | undefined;
  /** PMUs of a concentrator that are known by name. */
  readonly devices: readonly C37118DeviceOptions[];
  /** Expected rate, or 0; stands in for DATA_RATE 0. */
  readonly framesPerSecond: number;
  /** Offset of the device's clock from UTC, in minutes. */
  readonly timeZone: number;
  /** Added to every time stamp, in microseconds. */
  readonly timeAdjustMicros: number;
  /** Milliseconds of median delay above which the clock of the source is off. */
  readonly plausibleDelayMs?: number | undefined;
  /** What float FREQ means. */
  readonly frequencyMode: "auto" | "absolute" | "deviation";
  /** Apply the scales of CFG-3 to floats too. */
  readonly applyScaleToFloat: boolean;
  /** Also flag doubtful time quality, clock failure and missing values. */
  readonly extendedFlags: boolean;
  /** Never send stop. */
  readonly skipStop: boolean;
  /** Ask for the header frame. */
  readonly requestHeader: boolean;
  /** Longest wait for a connection. */
  readonly connectTimeoutMs: number;
  /** Wait for a configuration before asking again. */
  readonly configurationTimeoutMs: number;
  /** Silence after which the connection is made anew. */
  readonly dataLossMs: number;
  /** First wait before connecting again. */
  readonly reconnectMinMs: number;
  /** Longest wait before connecting again. */
  readonly reconnectMaxMs: number;
  /** Framing errors within `parseErrorWindowMs` that make the connection anew. */
  readonly maxParseErrors: number;
  /** See `maxParseErrors`. */
  readonly parseErrorWindowMs: number;
}
