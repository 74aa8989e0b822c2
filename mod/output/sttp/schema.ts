/**
 * What `[output.NAME]` of type `sttp` may say.
 *
 * @module
 */
import * as v from "valibot";
import { hostPort, integer, partName, secretFile, type VariantOption } from "../../config/mod.ts";
import { MAX_COMMAND_BYTES, type SlowRule } from "../../sttp/mod.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
/** Bytes of datagrams that may wait for the kernel, per connection: a frame of 60,000 values. */
export const UDP_QUEUE_BYTES: number = MIB;

function field<S extends v.GenericSchema>(
  schema: S,
  description: string,
  facts: Record<string, string>,
) {
  return v.pipe(schema, v.description(description), v.metadata(facts));
}

const dialSchema = v.strictObject({
  subscriber: field(partName(), "Name of the subscriber that must answer.", { apply: "restart" }),
  address: field(hostPort(), "Where the subscriber listens.", { apply: "restart" }),
});

/** One subscriber that the gateway dials. */
export interface SttpDial {
  /** Name of the subscriber that must answer. */
  readonly subscriber: string;
  /** Where the subscriber listens, `host:port`. */
  readonly address: string;
}

/** The table, checked and with defaults; the schema describes each key. */
export interface SttpOutputOptions {
  /** Kind of output. */
  readonly type: "sttp";
  /** Address to listen on, or empty. */
  readonly listen: string;
  /** Plain TCP. */
  readonly insecure: boolean;
  /** File with certificate and chain, PEM. */
  readonly certificate?: string | undefined;
  /** File with the private key, PEM, or the name of a secret. */
  readonly key?: string | undefined;
  /** Most connections at a time. */
  readonly maxConnections: number;
  /** Most connections of one subscriber at a time. */
  readonly connectionsPerSubscriber: number;
  /** Bytes of frames kept, per stream. */
  readonly logBytes: number;
  /** Bytes that one subscriber may fall behind. */
  readonly queueBytes: number;
  /** What becomes of a subscriber that falls further behind. */
  readonly slow: SlowRule;
  /** Encoded bytes that may wait in a connection before frames are held back. */
  readonly unsentBytes: number;
  /** Bytes waiting in a connection at which it is closed. */
  readonly maxUnsentBytes: number;
  /** Bytes that may wait in all connections together. */
  readonly maxTotalUnsentBytes: number;
  /** Most TLS handshakes begun per second. */
  readonly maxHandshakesPerSecond: number;
  /** Most TLS handshakes at a time. */
  readonly maxHandshakes: number;
  /** Longest TLS handshake. */
  readonly handshakeTimeoutMs: number;
  /** Most connections of one address at a time. */
  readonly connectionsPerAddress: number;
  /** Milliseconds without progress after which a connection is closed. */
  readonly stallTimeoutMs: number;
  /** Whether base times are used. */
  readonly baseTimes: "auto" | "never";
  /** Bytes of buffer blocks that may wait in a connection for sending and confirmation. */
  readonly blockBytes: number;
  /** UDP data channels are granted. */
  readonly udp: boolean;
  /** Data on UDP are not encrypted. */
  readonly udpUnencrypted: boolean;
  /** Largest datagram, without the headers of UDP and IP. */
  readonly udpPacketBytes: number;
  /** Period of the rotation of cipher keys. */
  readonly cipherKeyPeriodMs: number;
  /** Subscribers that the gateway dials. */
  readonly dial: readonly SttpDial[];
}

/** A schema that can be an option of a variant over `type`. */
export type SttpOutputSchema = VariantOption<"sttp", SttpOutputOptions>;

/** Schema of the table; defaults are filled in. */
export const sttpOutputSchema: SttpOutputSchema = v.pipe(
  v.strictObject({
    type: v.literal("sttp"),
    listen: v.optional(
      field(
        v.union([v.literal(""), hostPort()]),
        "Address to listen on; empty for an output that only dials.",
        { apply: "restart" },
      ),
      "127.0.0.1:7165",
    ),
    insecure: v.optional(
      field(v.boolean(), "Plain TCP instead of TLS: subscribers are known by address alone.", {
        apply: "restart",
      }),
      false,
    ),
    certificate: v.optional(
      field(secretFile(), "File with certificate and chain (PEM); the gateway's own if left out.", {
        apply: "restart",
      }),
    ),
    key: v.optional(
      field(
        secretFile(),
        'File with the private key (PEM), or "credential:NAME" or "env:NAME".',
        { apply: "restart" },
      ),
    ),
    maxConnections: v.optional(
      field(integer(1, 1024), "Most connections at a time.", { apply: "restart" }),
      32,
    ),
    connectionsPerSubscriber: v.optional(
      field(integer(1, 64), "Most connections of one subscriber at a time.", { apply: "restart" }),
      4,
    ),
    logBytes: v.optional(
      field(integer(64 * KIB, 1024 * MIB), "Frames kept for slow subscribers, per stream.", {
        unit: "bytes",
        apply: "restart",
      }),
      16 * MIB,
    ),
    queueBytes: v.optional(
      field(
        integer(64 * KIB, 1024 * MIB),
        "How far one subscriber may fall behind before it counts as slow.",
        { unit: "bytes", apply: "restart" },
      ),
      8 * MIB,
    ),
    slow: v.optional(
      field(
        v.picklist(["drop", "latest", "disconnect"]),
        "When a subscriber is slow: drop its oldest frames, send it only the latest, or disconnect it.",
        { apply: "restart" },
      ),
      "drop",
    ),
    unsentBytes: v.optional(
      field(
        integer(16 * KIB, 64 * MIB),
        "Encoded bytes that may wait in a connection; above, frames are held back in the log.",
        { unit: "bytes", apply: "restart" },
      ),
      256 * KIB,
    ),
    maxUnsentBytes: v.optional(
      field(
        integer(64 * KIB, 256 * MIB),
        "Bytes waiting in a connection, answers included, at which it is closed.",
        { unit: "bytes", apply: "restart" },
      ),
      8 * MIB,
    ),
    maxTotalUnsentBytes: v.optional(
      field(
        integer(256 * KIB, 1024 * MIB),
        "Bytes waiting in all connections together; above, the one in which most waits is held back, then closed.",
        { unit: "bytes", apply: "restart" },
      ),
      32 * MIB,
    ),
    maxHandshakesPerSecond: v.optional(
      field(
        integer(1, 1000),
        "Most TLS handshakes begun per second, half of it for one address.",
        { apply: "restart" },
      ),
      50,
    ),
    maxHandshakes: v.optional(
      field(integer(1, 1024), "Most TLS handshakes at a time, a quarter of it for one address.", {
        apply: "restart",
      }),
      32,
    ),
    handshakeTimeoutMs: v.optional(
      field(integer(500, 60_000), "Longest TLS handshake.", { unit: "ms", apply: "restart" }),
      5000,
    ),
    connectionsPerAddress: v.optional(
      field(integer(1, 1024), "Most connections of one address at a time.", { apply: "restart" }),
      32,
    ),
    stallTimeoutMs: v.optional(
      field(
        integer(1000, 3_600_000),
        "How long a connection may take nothing before it is closed.",
        { unit: "ms", apply: "restart" },
      ),
      60_000,
    ),
    baseTimes: v.optional(
      field(
        v.picklist(["auto", "never"]),
        "Base times in compact packets: for clients that can read them, or never.",
        { apply: "restart" },
      ),
      "auto",
    ),
    blockBytes: v.optional(
      field(
        integer(64 * KIB, 256 * MIB),
        "Buffer blocks that may wait in a connection, sent or not, until they are confirmed.",
        { unit: "bytes", apply: "restart" },
      ),
      4 * MIB,
    ),
    udp: v.optional(
      field(
        v.boolean(),
        "Grant UDP data channels to subscribers that ask for them, encrypted with keys sent over TLS.",
        { apply: "restart" },
      ),
      false,
    ),
    udpUnencrypted: v.optional(
      field(
        v.boolean(),
        "Send data on UDP unencrypted, readable by anybody on the way; plain TCP has UDP only so.",
        { apply: "restart" },
      ),
      false,
    ),
    udpPacketBytes: v.optional(
      field(
        integer(256, 32_000),
        "Largest datagram without the headers of UDP and IP; keep it below the path MTU.",
        { unit: "bytes", apply: "restart" },
      ),
      1400,
    ),
    cipherKeyPeriodMs: v.optional(
      field(integer(5000, 86_400_000), "How often cipher keys are rotated.", {
        unit: "ms",
        apply: "restart",
      }),
      60_000,
    ),
    dial: v.optional(
      field(
        v.array(dialSchema),
        "Subscribers that the gateway connects to, as TLS client.",
        { apply: "restart" },
      ),
      [],
    ),
  }),
  v.check(
    (o) => (o.certificate === undefined) === (o.key === undefined),
    "expected both certificate and key, or neither",
  ),
  v.check(
    (o) => o.udp || !o.udpUnencrypted,
    "expected udp = true where udpUnencrypted is set",
  ),
  v.check(
    (o) => o.unsentBytes <= o.maxTotalUnsentBytes,
    "expected unsentBytes to be at most maxTotalUnsentBytes",
  ),
  v.check((o) => o.listen !== "" || o.dial.length > 0, "expected listen, or at least one dial"),
  v.check(
    (o) => o.queueBytes <= o.logBytes,
    "expected queueBytes to be at most logBytes",
  ),
);

/** The Worker that makes metadata, without its copy of the registry, measured. */
const METADATA_WORKER_BYTES = 32e6;
/** What that Worker needs for one signal while it makes metadata, measured with 20,000. */
const METADATA_SIGNAL_BYTES = 2000;

/**
 * Bytes that an output may need at most: logs, what may wait in its connections, and the Worker that makes metadata.
 *
 * @param streams number of streams that its subscribers read.
 * @param signals number of signals of the gateway.
 */
export function sttpOutputBytes(
  options: SttpOutputOptions,
  streams: number,
  signals: number,
): number {
  const perConnection = (options.udp ? UDP_QUEUE_BYTES : 0) + MAX_COMMAND_BYTES + 64 * KIB;
  const unsent = Math.min(
    options.maxConnections * options.unsentBytes,
    options.maxTotalUnsentBytes,
  );
  const metadata = METADATA_WORKER_BYTES + signals * METADATA_SIGNAL_BYTES;
  return streams * options.logBytes + options.maxConnections * perConnection + unsent + metadata;
}
