/**
 * Options of a sampled-values input, as they stand in `[input.NAME]`.
 *
 * @module
 */
import * as v from "valibot";
import { acronym, integer, real, text, type VariantOption } from "../../config/mod.ts";
import type { SvInputOptions } from "./options.ts";
import { svStreamSchema, svSynchrophasorSchema } from "./stream_schema.ts";

/** Octets of all rings together stay below this. */
const MAX_RING_BYTES = 32 * 1024 * 1024 - 4096;
const MAX_STREAMS = 256;

const object = v.strictObject({
  type: v.literal("sv"),
  interface: v.optional(
    v.pipe(
      v.string(),
      v.check(
        (s) => /^[^\s/]{1,15}$/.test(s),
        (issue) => `expected the name of an interface, found ${issue.received}`,
      ),
      v.description("Interface that frames are captured on; needs CAP_NET_RAW"),
    ),
  ),
  udp: v.optional(
    v.pipe(
      v.strictObject({
        port: v.optional(v.pipe(integer(1, 65535), v.description("UDP port")), 102),
        group: v.optional(v.pipe(text(), v.description("Multicast group"))),
        interface: v.optional(v.pipe(text(), v.description("Interface of the group"))),
        address: v.optional(v.pipe(text(), v.description("Local address; default all"))),
        source: v.optional(v.pipe(text(), v.description("The only sender that is heard"))),
      }),
      v.description("Routable sampled values by UDP in place of an interface"),
    ),
  ),
  pcap: v.optional(
    v.pipe(
      v.strictObject({
        file: v.pipe(text(), v.description("Capture file, pcap or pcapng")),
        speed: v.optional(
          v.pipe(v.picklist(["recorded", "fast"]), v.description("As recorded, or at once")),
          "recorded",
        ),
        repeat: v.optional(
          v.pipe(
            v.boolean(),
            v.description("Begin again at the end, with stamps that go on"),
          ),
          false,
        ),
      }),
      v.description("A capture file in place of an interface"),
    ),
  ),
  company: v.optional(v.pipe(acronym(), v.description("Company acronym"))),
  vendor: v.optional(v.pipe(acronym(), v.description("Vendor acronym"))),
  capture: v.optional(
    v.pipe(
      v.picklist(["worker", "process"]),
      v.description(
        "worker: this process captures; process: `tieline capture` does, and this one gives up FFI",
      ),
    ),
    "worker",
  ),
  captureSocket: v.optional(
    v.pipe(text(), v.description("Unix socket of `tieline capture`")),
    "/run/tieline/capture.sock",
  ),
  workers: v.optional(
    v.pipe(
      integer(0, 16),
      v.description("Capture Workers that share the streams; 0: one to each core but one"),
    ),
    0,
  ),
  ringBytes: v.optional(
    v.pipe(
      integer(65_536, MAX_RING_BYTES),
      v.description("Octets of the rings of all Workers together"),
    ),
    16 * 1024 * 1024,
  ),
  blockBytes: v.optional(
    v.pipe(
      integer(4096, 1024 * 1024),
      v.check((n) => (n & (n - 1)) === 0, "expected a power of two"),
      v.description("Octets of one block of a ring; a full one is handed over at once"),
    ),
    65_536,
  ),
  retireMs: v.optional(
    v.pipe(
      integer(1, 100),
      v.description("After how many milliseconds a block is handed over that is not full"),
    ),
    1,
  ),
  join: v.optional(
    v.pipe(
      v.picklist(["groups", "all", "promiscuous"]),
      v.description(
        "What the adapter lets through: the groups of the streams (all groups where one names none), " +
          "all groups, or every frame",
      ),
    ),
    "groups",
  ),
  stamps: v.optional(
    v.pipe(
      v.picklist(["kernel", "adapter"]),
      v.description("Who stamps arrivals; the kernel stands in for an adapter that cannot"),
    ),
    "kernel",
  ),
  adapterClock: v.optional(
    v.pipe(v.picklist(["tai", "utc"]), v.description("Time scale of the adapter's clock")),
    "tai",
  ),
  taiOffset: v.optional(
    v.pipe(integer(0, 255), v.description("TAI minus UTC in seconds")),
    37,
  ),
  arrivalErrorMs: v.optional(
    v.pipe(
      real(0.1, 400),
      v.description("By how much this host's clock may be behind, for finding the second"),
    ),
    50,
  ),
  discovery: v.optional(
    v.pipe(v.boolean(), v.description("Look for streams that are not configured")),
    true,
  ),
  reorderMs: v.optional(
    v.pipe(
      integer(1, 200),
      v.description(
        "How long a sample is waited for when later ones have come, and before its place is filled",
      ),
    ),
    10,
  ),
  lossMs: v.optional(
    v.pipe(
      integer(5, 10_000),
      v.description("Silence after which a stream counts as lost; at least three frames"),
    ),
    10,
  ),
  streams: v.optional(
    v.pipe(
      v.array(svStreamSchema),
      v.check((list) => list.length <= MAX_STREAMS, `expected at most ${MAX_STREAMS} streams`),
      v.check(
        (list) => new Set(list.map((s) => s.acronym)).size === list.length,
        "expected each acronym once, found one twice",
      ),
      v.check(
        (list) =>
          new Set(list.map((s) => `${s.appid} ${s.vlan ?? "any"} ${s.svId}`)).size === list.length,
        "expected each svID once for an APPID and VLAN, found one twice",
      ),
      v.description("The streams; without any, status only lists what is seen"),
    ),
    [],
  ),
  synchrophasors: v.optional(
    v.pipe(
      v.array(svSynchrophasorSchema),
      v.check((list) => list.length <= MAX_STREAMS, `expected at most ${MAX_STREAMS} streams`),
      v.check(
        (list) => new Set(list.map((s) => `${s.appid} ${s.svId}`)).size === list.length,
        "expected each svID once for an APPID, found one twice",
      ),
      v.description("Streams of synchrophasors (IEC TR 61850-90-5); by UDP or of a file"),
    ),
    [],
  ),
});

/** A schema that can be an option of a variant over `type`. */
export type SvInputSchema = VariantOption<"sv", SvInputOptions>;

/** Schema of `[input.NAME]` with `type = "sv"`. Every change restarts the input. */
export const svInputSchema: SvInputSchema = v.pipe(
  object,
  v.check(
    (o) => [o.interface, o.udp, o.pcap].filter((source) => source !== undefined).length === 1,
    "expected exactly one of interface, udp and pcap",
  ),
  v.forward(
    v.check(
      (o) => o.ringBytes >= 2 * o.blockBytes * Math.max(1, o.workers),
      "expected room for two blocks for each Worker",
    ),
    ["ringBytes"],
  ),
  v.forward(
    v.check(
      (o) => o.interface === undefined || o.synchrophasors.length === 0,
      "expected none on an interface: synchrophasors come by UDP",
    ),
    ["synchrophasors"],
  ),
  v.description("Receives IEC 61850-9-2 sampled values and estimates synchrophasors from them"),
  v.metadata({ applies: "restart" }),
);
