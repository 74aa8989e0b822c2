/**
 * The schema of `[output.NAME]` of type `c37118`.
 *
 * @module
 */
import * as v from "valibot";
import {
  acronym,
  hostPort,
  integer,
  partName,
  real,
  ruleText,
  text,
  type VariantOption,
} from "../../config/mod.ts";
import { AddressList } from "../../identity/mod.ts";
import type { C37118OutputOptions } from "./options.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
/** Bytes that may wait in the socket of a client before the rest waits in its queue. */
export const UNSENT_BYTES: number = 64 * KIB;
/** What a client takes beside its queue: parser, session, books. */
const CLIENT_BYTES = 64 * KIB;
/** Tables of a stream and the frames that are on their way. */
const STREAM_BYTES = MIB;
const MAX_DESTINATIONS = 16;

function block(): v.GenericSchema<string> {
  return v.pipe(
    v.string(),
    v.check(
      (s) => isBlock(s),
      (issue) => `expected an IP address or a block such as 10.1.0.0/16, found ${issue.received}`,
    ),
  );
}

function isBlock(entry: string): boolean {
  try {
    new AddressList([entry]);
    return true;
  } catch {
    return false;
  }
}

/** A key whose change takes effect in the running stream, where it can with notice to its clients. */
function live<S extends v.GenericSchema>(schema: S, description: string, unit?: string) {
  const facts = unit === undefined ? { apply: "live" } : { apply: "live", unit };
  return v.pipe(schema, v.description(description), v.metadata(facts));
}

function field<S extends v.GenericSchema>(schema: S, description: string, unit?: string) {
  const facts = unit === undefined ? { apply: "restart" } : { apply: "restart", unit };
  return v.pipe(schema, v.description(description), v.metadata(facts));
}

const idCode = () => integer(1, 65534);
const nominal = () => v.picklist([50, 60]);
const format = () => v.picklist(["float", "integer"]);

const deviceSchema = v.strictObject({
  device: live(acronym(), "Acronym of the device whose values the PMU has."),
  idCode: v.optional(live(idCode(), "IDCODE of the PMU; that of the device if left out.")),
  station: v.optional(live(text(), "Name of the station; that of the device if left out.")),
  nominalHz: v.optional(
    live(nominal(), "Nominal frequency; that of the stream if left out.", "Hz"),
  ),
});

/** A schema that can be an option of a variant over `type`. */
export type C37118OutputSchema = VariantOption<"c37118", C37118OutputOptions>;

/** Schema of the table; defaults are filled in. What a rule says is checked where it is used. */
export const c37118OutputSchema: C37118OutputSchema = v.pipe(
  v.strictObject({
    type: v.literal("c37118"),
    insecure: v.optional(
      field(
        v.boolean(),
        "Has to be true: C37.118 is plain, whoever is on the way reads it and may change it.",
      ),
      false,
    ),
    stream: v.optional(
      field(
        partName(),
        "Name of the aligner whose frames are sent, or frames of one device as received.",
      ),
      "received",
    ),
    idCode: field(idCode(), "IDCODE of the stream; clients have to know it."),
    nominalHz: live(nominal(), "Nominal frequency of the PMUs.", "Hz"),
    allow: v.optional(
      live(
        v.array(ruleText()),
        "Signals and filter expressions that the stream may hold; nothing by default.",
      ),
      [],
    ),
    deny: v.optional(
      live(
        v.array(ruleText()),
        "Signals and filter expressions that are withheld; wins over allow.",
      ),
      [],
    ),
    devices: v.optional(
      live(
        v.pipe(
          v.array(deviceSchema),
          v.check(
            (list) => new Set(list.map((d) => d.device)).size === list.length,
            "expected each device once, found one twice",
          ),
        ),
        "PMUs in order; if left out every device of which a rule allows something, by acronym.",
      ),
      [],
    ),
    listen: v.optional(
      field(
        v.union([v.literal(""), hostPort()]),
        "Address to listen on for commands; empty for a stream that is sent unasked only.",
      ),
      "127.0.0.1:4712",
    ),
    clients: v.optional(
      live(
        v.record(partName(), v.array(block())),
        "Addresses and CIDR blocks of those who may connect, by name; the first that holds an address is it.",
      ),
      {},
    ),
    start: v.optional(
      field(
        v.picklist(["command", "always"]),
        "Whether a client has to ask for data, or has them as soon as it is connected.",
      ),
      "command",
    ),
    checkIdCode: v.optional(field(v.boolean(), "Ignore commands with another IDCODE."), true),
    dataPort: v.optional(
      field(integer(0, 65535), "UDP port of a client that its data go to; 0 for data over TCP."),
      0,
    ),
    destinations: v.optional(
      field(
        v.pipe(
          v.array(hostPort()),
          v.check(
            (list) => list.length <= MAX_DESTINATIONS && new Set(list).size === list.length,
            `expected at most ${MAX_DESTINATIONS} addresses, each once`,
          ),
        ),
        "Hosts and multicast groups that the stream is sent to by UDP without being asked.",
      ),
      [],
    ),
    localAddress: v.optional(
      field(text(), "Local address of datagrams; for multicast it chooses the interface."),
    ),
    edition: v.optional(
      field(
        v.picklist([2005, 2011]),
        "Edition of the standard: version of the frames, CFG-3, time quality in STAT.",
      ),
      2011,
    ),
    phasors: v.optional(live(format(), "How phasors are written."), "float"),
    frequencies: v.optional(live(format(), "How FREQ and DFREQ are written."), "float"),
    analogs: v.optional(
      live(format(), "How analogs are written; integers are rounded, not scaled."),
      "float",
    ),
    coordinates: v.optional(
      live(v.picklist(["polar", "rectangular"]), "Coordinates of phasors."),
      "polar",
    ),
    voltsPerCount: v.optional(
      live(real(0.00001, 167), "Scale of integer voltages.", "V"),
      27.25785,
    ),
    amperesPerCount: v.optional(
      live(real(0.00001, 167), "Scale of integer currents.", "A"),
      0.1,
    ),
    timeBase: v.optional(
      field(integer(1, 0xffffff), "TIME_BASE: counts of FRACSEC per second."),
      1_000_000,
    ),
    timeQuality: v.optional(
      live(
        v.picklist(["auto", "clock", "sources"]),
        "Time quality of FRACSEC: the gateway's clock, the worst of the sources, or the clock " +
          "for aligned frames where it is watched.",
      ),
      "auto",
    ),
    header: v.optional(
      live(text(), "Text of the header frame; names gateway and devices if left out."),
    ),
    changeNoticeSeconds: v.optional(
      live(
        integer(0, 3600),
        "How long STAT bit 10 announces a change: before it, in edition 2005 after it.",
        "s",
      ),
      60,
    ),
    settleMs: v.optional(
      field(
        integer(0, 60_000),
        "How long the devices have to stay the same before the first configuration is told.",
        "ms",
      ),
      2000,
    ),
    maxConnections: v.optional(field(integer(1, 256), "Most connections at a time."), 16),
    connectionsPerClient: v.optional(
      field(integer(1, 64), "Most connections of one client at a time."),
      4,
    ),
    queueBytes: v.optional(
      field(integer(128 * KIB, 64 * MIB), "Frames that may wait for one client.", "bytes"),
      512 * KIB,
    ),
    slow: v.optional(
      field(
        v.picklist(["drop", "latest", "disconnect"]),
        "When more would wait for a client: drop its oldest data, all but the latest, or disconnect it.",
      ),
      "drop",
    ),
    handshakeTimeoutMs: v.optional(
      field(
        integer(500, 600_000),
        "How long a connection may be open before its first command.",
        "ms",
      ),
      10_000,
    ),
    idleTimeoutMs: v.optional(
      field(
        integer(1000, 86_400_000),
        "How long a client that has not asked for data may be silent.",
        "ms",
      ),
      300_000,
    ),
    stallTimeoutMs: v.optional(
      field(integer(1000, 3_600_000), "How long a client may take nothing.", "ms"),
      10_000,
    ),
  }),
  v.forward(
    v.check(
      (o) => o.insecure,
      "expected insecure = true: C37.118 has neither encryption nor proof of who is there",
    ),
    ["insecure"],
  ),
  v.check(
    (o) => o.listen !== "" || o.destinations.length > 0,
    "expected listen, or at least one of destinations",
  ),
  v.forward(
    v.check(
      (o) => o.listen === "" || Object.values(o.clients).some((list) => list.length > 0),
      "expected clients with their addresses where listen is set",
    ),
    ["clients"],
  ),
  v.check((o) => o.listen !== "" || o.dataPort === 0, "expected listen where dataPort is set"),
  v.forward(
    v.check(
      (o) => o.stream !== "received" || o.devices.length === 1,
      'expected one device where stream is "received"; several need an aligner',
    ),
    ["devices"],
  ),
);

/** Bytes that an output may need at most: tables, and what waits for its clients. */
export function c37118OutputBytes(options: C37118OutputOptions): number {
  const { listen, maxConnections, destinations, dataPort, queueBytes } = options;
  const connections = listen === "" ? 0 : maxConnections;
  const queues = connections * (dataPort > 0 ? 2 : 1) + destinations.length;
  return STREAM_BYTES + queues * (queueBytes + CLIENT_BYTES) + connections * UNSENT_BYTES;
}
