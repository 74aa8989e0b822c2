/**
 * Who a peer is, by its certificate and address.
 *
 * @module
 */
import { ConfigError, DecodeError } from "../core/mod.ts";
import { normalizeAddress } from "./address.ts";
import { type Certificate, DIGITAL_SIGNATURE, readCertificate } from "./certificate.ts";
import { findChain } from "./chain.ts";
import {
  type IdentityConfig,
  type ReadIdentities,
  readIdentities,
  type Subscriber,
} from "./config.ts";
import { matchesName, nameText } from "./distinguished_name.ts";
import type { RefusalReason, Refused, Verdict } from "./verdict.ts";

/** What a peer showed over TLS; that it holds the key is for the TLS layer to have proven. */
export interface ShownOverTls {
  /** Its certificate, DER; undefined when it showed none. */
  readonly certificateDer: Uint8Array | undefined;
  /** Certificates that it sent above its own. */
  readonly chainDer?: readonly Uint8Array[];
  /** Its IP address. */
  readonly address: string;
  /** The time, in milliseconds since 1970. */
  readonly nowMs: number;
  /** Its part in the handshake, which its extended key usage must allow; default `client`. */
  readonly role?: "client" | "server";
}

/** Certificates above a peer's own that are looked at. */
const MAX_SENT = 8;
const PURPOSE = { client: "1.3.6.1.5.5.7.3.2", server: "1.3.6.1.5.5.7.3.1" } as const;
const ANY_PURPOSE = "2.5.29.37.0";

/** The peers of a configuration. It does not change: another configuration makes another one. */
export class Identities {
  readonly #read: ReadIdentities;
  readonly #byPin = new Map<string, Subscriber>();
  readonly #byPlainAddress = new Map<string, Subscriber>();

  /** Takes a configuration. Throws a {@linkcode ConfigError} with everything that is wrong with it. */
  constructor(config: IdentityConfig) {
    this.#read = readIdentities(config);
    if (this.#read.problems.length > 0) {
      throw new ConfigError(
        "identities",
        this.#read.problems.map(({ path, message }) => ({
          line: 0,
          column: 0,
          key: path.join("."),
          message,
        })),
      );
    }
    for (const subscriber of this.#read.subscribers) {
      for (const pin of subscriber.pins) this.#byPin.set(pin, subscriber);
      for (const address of subscriber.plainAddress) this.#byPlainAddress.set(address, subscriber);
    }
  }

  /**
   * Says who a TLS peer is, or why it is turned away. Never throws, whatever it showed.
   *
   * A certificate is known by its pin, or by its subject together with a chain of signatures up to a configured
   * authority. Nothing that the TLS layer said of it is relied on but that the peer holds the key.
   */
  identifyTls(shown: ShownOverTls): Verdict {
    const address = normalizeAddress(shown.address);
    if (!shown.certificateDer || shown.certificateDer.length === 0) {
      return refuse("noCertificate", `Refused ${address}: it showed no certificate`);
    }
    let leaf: Certificate;
    const sent: Certificate[] = [];
    try {
      leaf = readCertificate(shown.certificateDer);
      for (const der of shown.chainDer?.slice(0, MAX_SENT) ?? []) sent.push(readCertificate(der));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return refuse("malformedCertificate", `Refused ${address}: ${error.message}`);
    }
    const who = `${address} (${nameText(leaf.subject)}, sha256:${leaf.fingerprint})`;

    const pinned = this.#byPin.get(leaf.fingerprint);
    const denied = this.#denied([leaf, ...sent]);
    if (denied) return refuse("revoked", `Refused ${who}: ${denied}`, pinned);
    if (pinned) return this.#judge(pinned, [leaf], shown, address, who);

    const named = this.#read.subscribers.filter((subscriber) =>
      subscriber.issuedBy && matchesName(subscriber.issuedBy.subject, leaf.subject)
    );
    if (named.length === 0) {
      return refuse("unknownCertificate", `Refused ${who}: no subscriber has this certificate`);
    }
    for (const subscriber of named) {
      const chain = findChain(leaf, sent, subscriber.issuedBy?.authorities ?? []);
      if (!chain) continue;
      const path = [leaf, ...chain];
      const deniedAbove = this.#denied(chain);
      if (deniedAbove) return refuse("revoked", `Refused ${who}: ${deniedAbove}`, subscriber);
      return this.#judge(subscriber, path, shown, address, who);
    }
    return refuse(
      "wrongIssuer",
      `Refused ${who}: expected it to be issued by a configured authority, found issuer ${
        nameText(leaf.issuer)
      } without such a chain`,
    );
  }

  /** Says who a peer without TLS is by its address, or why it is turned away. Never throws. */
  identifyPlain(shown: { readonly address: string }): Verdict {
    const address = normalizeAddress(shown.address);
    const subscriber = this.#byPlainAddress.get(address);
    if (!subscriber) {
      return refuse(
        "addressNotAllowed",
        `Refused ${address}: no subscriber has this address without TLS`,
      );
    }
    if (!subscriber.enabled) return disabled(subscriber, address);
    return { name: subscriber.name };
  }

  /** Judges a peer whose certificate is known; `path` is its certificate and the authorities above it. */
  #judge(
    subscriber: Subscriber,
    path: readonly Certificate[],
    shown: ShownOverTls,
    address: string,
    who: string,
  ): Verdict {
    if (!subscriber.enabled) return disabled(subscriber, who);
    const leaf = path[0]!; // a path starts with the peer's own certificate
    for (const certificate of path) {
      const whose = certificate === leaf
        ? "certificate"
        : `authority ${nameText(certificate.subject)}`;
      if (shown.nowMs < certificate.notBeforeMs) {
        const from = dateText(certificate.notBeforeMs);
        return refuse(
          "notYetValid",
          `Refused ${who}: its ${whose} is valid from ${from}`,
          subscriber,
        );
      }
      if (shown.nowMs > certificate.notAfterMs) {
        const to = dateText(certificate.notAfterMs);
        return refuse("expired", `Refused ${who}: its ${whose} was valid to ${to}`, subscriber);
      }
    }
    const misuse = wrongUsage(path, shown.role ?? "client");
    if (misuse) return refuse("wrongUsage", `Refused ${who}: ${misuse}`, subscriber);
    if (subscriber.addresses && !subscriber.addresses.contains(address)) {
      return refuse(
        "addressNotAllowed",
        `Refused ${who}: subscriber "${subscriber.name}" may not connect from there`,
        subscriber,
      );
    }
    return { name: subscriber.name };
  }

  /** Why one of the certificates is denied, or undefined. */
  #denied(certificates: readonly Certificate[]): string | undefined {
    for (const certificate of certificates) {
      const { fingerprint, serial, issuer } = certificate;
      if (this.#read.deniedFingerprints.has(fingerprint)) {
        return `the certificate sha256:${fingerprint} is on the deny-list`;
      }
      if (
        this.#read.deniedSerials.some((entry) =>
          entry.serial === serial && matchesName(entry.issuer, issuer)
        )
      ) {
        return `the certificate ${serial} of ${nameText(issuer)} is on the deny-list`;
      }
    }
    return undefined;
  }
}

/** What the certificates forbid, or undefined. A pinned certificate is alone in its path. */
function wrongUsage(path: readonly Certificate[], role: "client" | "server"): string | undefined {
  for (const { extendedKeyUsage, subject } of path) {
    if (
      extendedKeyUsage && !extendedKeyUsage.includes(PURPOSE[role]) &&
      !extendedKeyUsage.includes(ANY_PURPOSE)
    ) {
      return `the extended key usage of ${nameText(subject)} does not include ${role}Auth`;
    }
  }
  const leaf = path[0]!; // a path starts with the peer's own certificate
  if (path.length === 1) return undefined;
  if (leaf.isAuthority) return "an authority's certificate may not stand for a peer";
  if (leaf.unknownCritical.length > 0) {
    return `its critical extensions ${leaf.unknownCritical.join(", ")} are not understood`;
  }
  if (leaf.keyUsage !== undefined && (leaf.keyUsage & DIGITAL_SIGNATURE) === 0) {
    return "its key usage does not include digitalSignature";
  }
  return undefined;
}

function refuse(refused: RefusalReason, message: string, subscriber?: Subscriber): Refused {
  return { refused, message, ...(subscriber ? { subscriber: subscriber.name } : {}) };
}

function disabled(subscriber: Subscriber, who: string): Refused {
  return refuse(
    "disabled",
    `Refused ${who}: subscriber "${subscriber.name}" is disabled`,
    subscriber,
  );
}

function dateText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19) + "Z";
}
