/**
 * The schema of `[clock]` in a configuration.
 *
 * @module
 */
import * as v from "valibot";
import { integer, real, text } from "../config/mod.ts";
import { type ClockOptions, SOURCE_GROUPS } from "./options.ts";

const ptp4lSchema = v.pipe(
  v.strictObject({
    socket: v.pipe(
      v.optional(text(), "/var/run/ptp4l"),
      v.description(
        "Unix socket of the daemon; its read-only socket (/var/run/ptp4lro) answers too, without pushing",
      ),
    ),
    clientDir: v.pipe(
      v.optional(text()),
      v.description(
        "Folder for the gateway's own sockets, where the daemon must be able to write; stateDir unless given",
      ),
    ),
    domain: v.pipe(
      v.optional(integer(0, 255)),
      v.description("Domain of the daemon; unless given, those in use are tried"),
    ),
    transportSpecific: v.pipe(
      v.optional(integer(0, 15), 0),
      v.description("transportSpecific (majorSdoId) of the daemon; 1 for 802.1AS"),
    ),
    intervalMs: v.pipe(
      v.optional(integer(100, 60_000), 1000),
      v.description("How often it is asked, in milliseconds"),
    ),
    timeoutMs: v.pipe(
      v.optional(integer(10, 10_000), 300),
      v.description("How long an answer may take, in milliseconds"),
    ),
    push: v.pipe(
      v.optional(v.boolean(), true),
      v.description("Whether to subscribe to changes where the daemon pushes them"),
    ),
    acceptArbitraryTimescale: v.pipe(
      v.optional(v.boolean(), false),
      v.description(
        "Whether the time of a grandmaster that does not announce the PTP timescale is taken as UTC",
      ),
    ),
    systemErrorUs: v.pipe(
      v.optional(real(0, 1e6), 1),
      v.description(
        "Bound of what phc2sys leaves between hardware and system clock, in microseconds, where both cannot be " +
          "compared",
      ),
    ),
  }),
  v.description("A running ptp4l (linuxptp), read by management messages"),
);

const ntpSchema = v.pipe(
  v.strictObject({
    servers: v.pipe(
      v.array(text()),
      v.minLength(1),
      v.maxLength(8),
      v.description("Names or addresses of the servers"),
    ),
    port: v.pipe(v.optional(integer(1, 65_535), 123), v.description("UDP port of the servers")),
    intervalSeconds: v.pipe(
      v.optional(integer(1, 1024), 30),
      v.description("Seconds between requests to a server; public servers want 64 or more"),
    ),
    timeoutMs: v.pipe(
      v.optional(integer(10, 10_000), 1000),
      v.description("How long an answer may take, in milliseconds"),
    ),
    precisionMs: v.pipe(
      v.optional(real(0.001, 10_000), 1),
      v.description(
        "Offset and bound within which the clock counts as synchronised by NTP, in milliseconds",
      ),
    ),
  }),
  v.description("NTP servers that are asked how far off the host's clock is; nothing is steered"),
);

const observerSchema = v.pipe(
  v.strictObject({
    interface: v.pipe(text(), v.description("Interface that is listened to")),
    profile: v.pipe(
      v.optional(
        v.picklist(["default", "c37.238-2011", "61850-9-3", "c37.238-2017"]),
        "61850-9-3",
      ),
      v.description("Profile that the network should keep"),
    ),
    domain: v.pipe(
      v.optional(integer(0, 255)),
      v.description("Domain that should be in use; that of the profile unless given"),
    ),
    transports: v.pipe(
      v.optional(
        v.pipe(v.array(v.picklist(["ethernet", "udp4", "udp6"])), v.minLength(1)),
        ["ethernet"],
      ),
      v.description(
        "What is listened to, by raw socket: needs CAP_NET_RAW and FFI, here or in `tieline capture` (capture)",
      ),
    ),
    adapterStamps: v.pipe(
      v.optional(v.boolean(), false),
      v.description(
        "Whether offsets are measured by the adapter's stamps, which keep TAI as ptp4l does, instead of the kernel's",
      ),
    ),
    budgetNs: v.pipe(
      v.optional(integer(1, 1_000_000_000), 1000),
      v.description("Inaccuracy that may be admitted from the time source to here, in nanoseconds"),
    ),
  }),
  v.description("A listener that judges the PTP network and takes no part in it"),
);

/** `[clock]`: where time comes from and what its error may be. */
export const clockSchema: v.GenericSchema<unknown, ClockOptions> = v.pipe(
  v.strictObject({
    order: v.pipe(
      v.optional(
        v.pipe(v.array(v.picklist(SOURCE_GROUPS)), v.minLength(1)),
        [...SOURCE_GROUPS],
      ),
      v.description("Sources in the order of preference; the first that can be followed is"),
    ),
    ptp4l: v.optional(ptp4lSchema),
    ntp: v.optional(ntpSchema),
    observer: v.optional(observerSchema),
    capture: v.pipe(
      v.optional(v.picklist(["self", "process"]), "self"),
      v.description(
        "self: this process reads the kernel's clock and hears PTP; process: `tieline capture` does, " +
          "and this one gives up FFI",
      ),
    ),
    captureSocket: v.pipe(
      v.optional(text(), "/run/tieline/capture.sock"),
      v.description("Unix socket of `tieline capture`"),
    ),
    offsetLimitUs: v.pipe(
      v.optional(real(0.001, 1e6), 10),
      v.description(
        "Offset from a source up to which it is followed, in microseconds; from an NTP server precisionMs if that is more",
      ),
    ),
    lockedLimitUs: v.pipe(
      v.optional(real(0.001, 1e6), 31),
      v.description(
        "Bound of the error up to which a traceable clock is locked, in microseconds; 31 is 1 % TVE at 50 Hz",
      ),
    ),
    holdoverLimitUs: v.pipe(
      v.optional(real(0.001, 1e6), 1000),
      v.description("Bound of the error at which holdover ends, in microseconds"),
    ),
    stepLimitUs: v.pipe(
      v.optional(real(1, 1e9), 1000),
      v.description("Change of the clock or of an offset that is a step, in microseconds"),
    ),
    oscillator: v.pipe(
      v.optional(v.picklist(["crystal", "tcxo", "ocxo"]), "crystal"),
      v.description("What the clock runs on in holdover"),
    ),
  }),
  v.description(
    "Where the gateway's time comes from, how well it is known, and what is said of it",
  ),
);
