/**
 * Options of an STTP input, as they stand in `[input.NAME]`.
 *
 * @module
 */
import * as v from "valibot";
import { acronym, integer, secretFile, text, type VariantOption } from "../../config/mod.ts";

/** The table, checked and with defaults; the schema describes each key. */
export interface SttpInputOptions {
  /** Kind of input. */
  readonly type: "sttp";
  /** Host name or address of the publisher. */
  readonly host: string;
  /** Port of the publisher. */
  readonly port: number;
  /** Plain TCP. */
  readonly insecure: boolean;
  /** SHA-256 of the publisher's certificate (DER). */
  readonly pins: readonly string[];
  /** Authority and subject of the publisher's certificate. */
  readonly issuedBy?: { readonly ca: readonly string[]; readonly subject: string } | undefined;
  /** File with certificate and chain, PEM. */
  readonly certificate?: string | undefined;
  /** File with the private key, PEM, or the name of a secret. */
  readonly key?: string | undefined;
  /** Acronym that stands before those of the publisher's devices; default the name in capitals. */
  readonly acronym?: string | undefined;
  /** What is subscribed to. */
  readonly filter: string;
  /** Ask for compressed data (TSSC). */
  readonly compress: boolean;
  /** Protocol version. */
  readonly version: number;
  /** Take data by datagrams. */
  readonly udp: boolean;
  /** Port for them, 0 for any. */
  readonly udpPort: number;
  /** Take them without encryption too. */
  readonly udpUnencrypted: boolean;
  /** Signals that memory is planned for, and most that are taken. */
  readonly expectedSignals: number;
  /** Longest wait for a connection. */
  readonly connectTimeoutMs: number;
  /** Silence after which the connection is made anew. */
  readonly dataLossMs: number;
  /** First wait before connecting again. */
  readonly reconnectMinMs: number;
  /** Longest wait before connecting again. */
  readonly reconnectMaxMs: number;
}

/** A schema that can be an option of a variant over `type`. */
export type SttpInputSchema = VariantOption<"sttp", SttpInputOptions>;

/** Schema of `[input.NAME]` with `type = "sttp"`. Every change restarts the input. */
export const sttpInputSchema: SttpInputSchema = v.pipe(
  v.strictObject({
    type: v.literal("sttp"),
    host: v.pipe(text(), v.description("Host name or address of the publisher")),
    port: v.optional(v.pipe(integer(1, 65535), v.description("Port of the publisher")), 7165),
    insecure: v.optional(
      v.pipe(v.boolean(), v.description("Plain TCP: the publisher is not identified")),
      false,
    ),
    pins: v.optional(
      v.pipe(
        v.array(text()),
        v.check((pins) => pins.length <= 2, "expected at most two pins"),
        v.description("SHA-256 of the publisher's certificate (DER), hex; two allow a rotation"),
      ),
      [],
    ),
    issuedBy: v.optional(
      v.pipe(
        v.strictObject({ ca: v.array(text()), subject: text() }),
        v.description("Files with certificates of authorities (PEM), and the publisher's subject"),
      ),
    ),
    certificate: v.optional(
      v.pipe(
        secretFile(),
        v.description("File with certificate and chain (PEM); default the gateway's own"),
      ),
    ),
    key: v.optional(
      v.pipe(
        secretFile(),
        v.description('File with the private key (PEM), or "credential:NAME" or "env:NAME"'),
      ),
    ),
    acronym: v.optional(
      v.pipe(
        acronym(),
        v.description(
          "Stands before the acronyms of the publisher's devices, as in PARENT!DEVICE; default the name in capitals",
        ),
      ),
    ),
    filter: v.optional(
      v.pipe(
        v.string(),
        v.check(
          (s) => s.trim() !== "" && s.length <= 262_144,
          "expected a filter of 1 to 262144 characters",
        ),
        v.description("What is subscribed to, in the publisher's words"),
      ),
      "FILTER ActiveMeasurements WHERE TRUE",
    ),
    compress: v.optional(
      v.pipe(v.boolean(), v.description("Ask for compressed data (TSSC)")),
      true,
    ),
    version: v.optional(v.pipe(integer(1, 3), v.description("Protocol version")), 2),
    udp: v.optional(
      v.pipe(
        v.boolean(),
        v.description(
          "Take data by datagrams, encrypted with keys that come over TLS: what is lost on the way stays lost",
        ),
      ),
      false,
    ),
    udpPort: v.optional(
      v.pipe(integer(0, 65535), v.description("Port to take datagrams on; 0 for any")),
      0,
    ),
    udpUnencrypted: v.optional(
      v.pipe(
        v.boolean(),
        v.description("Take datagrams that are not encrypted: anybody can forge those"),
      ),
      false,
    ),
    expectedSignals: v.optional(
      v.pipe(
        integer(1, 1_000_000),
        v.description("Signals that memory is planned for; further ones are refused"),
      ),
      5000,
    ),
    connectTimeoutMs: v.optional(
      v.pipe(integer(100, 600_000), v.description("Longest wait for a connection")),
      10_000,
    ),
    dataLossMs: v.optional(
      v.pipe(
        integer(6000, 3_600_000),
        v.description(
          "Silence after which the connection is made anew; publishers speak every 5 s",
        ),
      ),
      20_000,
    ),
    reconnectMinMs: v.optional(
      v.pipe(integer(10, 600_000), v.description("First wait before connecting again")),
      1000,
    ),
    reconnectMaxMs: v.optional(
      v.pipe(integer(10, 3_600_000), v.description("Longest wait before connecting again")),
      30_000,
    ),
  }),
  v.check(
    (o) => (o.certificate === undefined) === (o.key === undefined),
    "expected both certificate and key, or neither",
  ),
  v.forward(
    v.check(
      (o) => o.insecure || o.pins.length > 0 || o.issuedBy !== undefined,
      "expected pins or issuedBy, so that the publisher can be told from others, or insecure = true",
    ),
    ["pins"],
  ),
  v.forward(
    v.check(
      (o) => o.udp || (!o.udpUnencrypted && o.udpPort === 0),
      "expected udp = true where udpPort or udpUnencrypted is set",
    ),
    ["udp"],
  ),
  v.forward(
    v.check(
      (o) => !o.udp || !o.insecure || o.udpUnencrypted,
      "expected TLS for the keys of datagrams, or udpUnencrypted = true",
    ),
    ["udp"],
  ),
  v.forward(
    v.check((o) => !o.udp || o.version > 1, "expected version 2 or 3 for datagrams"),
    ["version"],
  ),
  v.forward(
    v.check((o) => o.reconnectMaxMs >= o.reconnectMinMs, "expected reconnectMinMs or more"),
    ["reconnectMaxMs"],
  ),
);
