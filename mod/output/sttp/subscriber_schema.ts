/**
 * What `[subscriber.NAME]` may say: who it is, and what it is granted.
 *
 * @module
 */
import * as v from "valibot";
import { partName, ruleText, text } from "../../config/mod.ts";
import type { SlowRule } from "../../sttp/mod.ts";

/** The table, checked and with defaults; the schema describes each key. */
export interface SubscriberOptions {
  /** False turns the subscriber away. */
  readonly enabled: boolean;
  /** SHA-256 of its certificate (DER): at most two, so that a certificate can be rotated. */
  readonly pins: readonly string[];
  /** Authority and subject of its certificate. */
  readonly issuedBy?: SubscriberIssuer | undefined;
  /** Addresses and CIDR blocks that it may connect from. */
  readonly addresses?: readonly string[] | undefined;
  /** IP addresses that stand for it on listeners without TLS. */
  readonly plainAddress: readonly string[];
  /** What is granted. */
  readonly allow: readonly string[];
  /** What is withheld, whatever is granted. */
  readonly deny: readonly string[];
  /** `received`, or the name of an aligner. */
  readonly stream: string;
  /** It can take buffer blocks. */
  readonly bufferBlocks: boolean;
  /** What becomes of it when it is too slow; as the output says if left out. */
  readonly slow?: SlowRule | undefined;
}

/** A certificate that an authority has issued. */
export interface SubscriberIssuer {
  /** Files with certificates of authorities, PEM. */
  readonly ca: readonly string[];
  /** Subject: common name, or the whole name. */
  readonly subject: string;
}

function live<S extends v.GenericSchema>(schema: S, description: string) {
  return v.pipe(schema, v.description(description), v.metadata({ apply: "live" }));
}

/** Schema of the table; defaults are filled in. What a rule or a pin says is checked where it is used. */
export const subscriberSchema: v.GenericSchema<unknown, SubscriberOptions> = v.strictObject({
  enabled: v.optional(live(v.boolean(), "False turns the subscriber away."), true),
  pins: v.optional(
    live(
      v.pipe(
        v.array(text()),
        v.check((pins) => pins.length <= 2, "expected at most two pins"),
      ),
      "SHA-256 of its certificate (DER), hex; two, so that a certificate can be rotated.",
    ),
    [],
  ),
  issuedBy: v.optional(
    live(
      v.strictObject({ ca: v.array(text()), subject: text() }),
      "Files with certificates of authorities (PEM), and the subject of its certificate.",
    ),
  ),
  addresses: v.optional(
    live(v.array(text()), "Addresses and CIDR blocks that it may connect from; any if left out."),
  ),
  plainAddress: v.optional(
    live(v.array(text()), "IP addresses that stand for it on listeners without TLS."),
    [],
  ),
  allow: v.optional(
    live(
      v.array(ruleText()),
      "Signals and filter expressions that are granted; nothing is by default.",
    ),
    [],
  ),
  deny: v.optional(
    live(v.array(ruleText()), "Signals and filter expressions that are withheld; wins over allow."),
    [],
  ),
  stream: v.optional(
    live(partName(), "Frames as they are received, or the name of an aligner."),
    "received",
  ),
  bufferBlocks: v.optional(
    live(v.boolean(), "It can take buffer blocks; their signals are hidden from others."),
    false,
  ),
  slow: v.optional(
    live(
      v.picklist(["drop", "latest", "disconnect"]),
      "When it is too slow: drop its oldest frames, send it only the latest, or disconnect it.",
    ),
  ),
});
