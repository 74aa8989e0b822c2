/**
 * What a configuration says of peers, and what can be wrong with it.
 *
 * @module
 */
import { DecodeError, ipBytes } from "../core/mod.ts";
import { AddressList, normalizeAddress } from "./address.ts";
import { type Certificate, KEY_CERT_SIGN, readCertificate } from "./certificate.ts";
import { type NamePattern, nameText, overlap, parseNamePattern } from "./distinguished_name.ts";

/** A peer whose certificate is issued by a configured authority. */
export interface IssuedBy {
  /** Certificates of the authorities, PEM, one or more in each text. */
  readonly ca: readonly string[];
  /** Subject of the peer's certificate: its common name, or the whole name as in `CN=pdc-1,O=Grid`; exact. */
  readonly subject: string;
}

/** Who may connect under a name; it needs `pins`, `issuedBy` or `plainAddress`. */
export interface SubscriberIdentity {
  /** Name, unique. */
  readonly name: string;
  /** False turns the peer away, whatever it shows. */
  readonly enabled: boolean;
  /** SHA-256 of the certificate's DER, at most two: hex of either case, colons and a `sha256:` prefix allowed. */
  readonly pins?: readonly string[];
  /** Authority and subject. */
  readonly issuedBy?: IssuedBy;
  /** Addresses and CIDR blocks that it may connect from; absent means any. */
  readonly addresses?: readonly string[];
  /** IP addresses that stand for it on listeners without TLS. */
  readonly plainAddress?: readonly string[];
}

/** A certificate by issuer and serial number. */
export interface RevokedSerial {
  /** Issuer: common name or whole name. */
  readonly issuer: string;
  /** Serial number in hex, colons allowed. */
  readonly serial: string;
}

/** Certificates that are turned away although something else would let them in. */
export interface DenyList {
  /** SHA-256 of the DER, written like pins. */
  readonly fingerprints?: readonly string[];
  /** Issuer and serial number. */
  readonly serials?: readonly RevokedSerial[];
}

/** What is known of all peers. */
export interface IdentityConfig {
  /** The peers. */
  readonly subscribers: readonly SubscriberIdentity[];
  /** What is revoked. */
  readonly denyList?: DenyList;
}

/** One thing that is wrong. */
export interface IdentityProblem {
  /** Where, from {@linkcode IdentityConfig} on, for example `["subscribers", 0, "pins", 1]`. */
  readonly path: readonly (string | number)[];
  /** What was expected and what was found. */
  readonly message: string;
}

/** Everything that is wrong with a configuration; empty if it can be used. */
export function validateIdentities(config: IdentityConfig): IdentityProblem[] {
  return readIdentities(config).problems;
}

/** A subscriber, read. */
export interface Subscriber {
  /** Name. */
  readonly name: string;
  /** False turns it away. */
  readonly enabled: boolean;
  /** Lower-case hex. */
  readonly pins: readonly string[];
  /** Authorities and subject. */
  readonly issuedBy:
    | { readonly authorities: readonly Certificate[]; readonly subject: NamePattern }
    | undefined;
  /** Allow-list; undefined allows any. */
  readonly addresses: AddressList | undefined;
  /** Normalised. */
  readonly plainAddress: readonly string[];
}

/** A configuration, read, with everything that was wrong with it. */
export interface ReadIdentities {
  /** Subscribers in order. */
  readonly subscribers: readonly Subscriber[];
  /** Denied fingerprints, lower-case hex. */
  readonly deniedFingerprints: ReadonlySet<string>;
  /** Denied serial numbers. */
  readonly deniedSerials: readonly { readonly issuer: NamePattern; readonly serial: string }[];
  /** What is wrong; what it concerns is left out above. */
  readonly problems: IdentityProblem[];
}

/** Reads a configuration. */
export function readIdentities(config: IdentityConfig): ReadIdentities {
  const problems: IdentityProblem[] = [];
  const owners = new Map<string, string>();
  /** Notes that `what` belongs to `owner`; a problem if it belongs to somebody already. */
  const claim = (key: string, what: string, owner: string, path: IdentityProblem["path"]) => {
    const before = owners.get(key);
    if (before === undefined) owners.set(key, owner);
    else {
      const holder = before === owner ? "the same subscriber" : `subscriber "${before}"`;
      problems.push({ path, message: `Expected ${what} once, found it in ${holder} too` });
    }
  };
  /** What `read` gives, or a problem at `path`. */
  const attempt = <T>(path: IdentityProblem["path"], read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof RangeError || error instanceof DecodeError)) throw error;
      problems.push({ path, message: error.message });
      return undefined;
    }
  };

  const subscribers = config.subscribers.map((written, index): Subscriber => {
    const at = (...rest: (string | number)[]) => ["subscribers", index, ...rest];
    const { name } = written;
    if (name.trim() === "") {
      problems.push({ path: at("name"), message: "Expected a name, found none" });
    }
    claim(`name ${name}`, `the name "${name}"`, name, at("name"));

    const pins = written.pins ?? [];
    if (pins.length > 2) {
      problems.push({
        path: at("pins"),
        message:
          `Expected at most two pins, the current certificate and the next, found ${pins.length}`,
      });
    }
    const readPins = pins.flatMap((text, i) => {
      const pin = attempt(at("pins", i), () => parseFingerprint(text));
      if (pin !== undefined) claim(`pin ${pin}`, "this pin", name, at("pins", i));
      return pin ?? [];
    });

    const issuedBy = written.issuedBy && readIssuedBy(written.issuedBy, at, attempt, problems);
    const entries = written.addresses;
    if (entries?.length === 0) {
      problems.push({
        path: at("addresses"),
        message: "Expected an address, found an empty list; leave the key out to allow any address",
      });
    }
    const good = entries?.filter((entry, i) =>
      attempt(at("addresses", i), () => new AddressList([entry]))
    );

    const plainAddress = (written.plainAddress ?? []).flatMap((text, i) => {
      const path = at("plainAddress", i);
      if (!ipBytes(text)) {
        problems.push({ path, message: `Expected an IP address, found "${text}"` });
        return [];
      }
      const address = normalizeAddress(text);
      claim(`plain ${address}`, `the address ${address}`, name, path);
      return address;
    });

    if (pins.length === 0 && !written.issuedBy && (written.plainAddress ?? []).length === 0) {
      problems.push({
        path: at(),
        message: `Expected pins, issuedBy or plainAddress for subscriber "${name}", found none`,
      });
    }
    return {
      name,
      enabled: written.enabled,
      pins: readPins,
      issuedBy,
      addresses: good && new AddressList(good),
      plainAddress,
    };
  });

  subscribers.forEach((one, index) => {
    const other = subscribers.slice(0, index).find((before) => overlapping(before, one));
    if (!other) return;
    problems.push({
      path: ["subscribers", index, "issuedBy", "subject"],
      message:
        `Expected a subject of its own under this authority, found one that subscriber "${other.name}" has too`,
    });
  });

  const denied = config.denyList ?? {};
  const deniedFingerprints = new Set<string>();
  denied.fingerprints?.forEach((text, i) => {
    const pin = attempt(["denyList", "fingerprints", i], () => parseFingerprint(text));
    if (pin !== undefined) deniedFingerprints.add(pin);
  });
  const deniedSerials = (denied.serials ?? []).flatMap((entry, i) => {
    const at = (field: string) => ["denyList", "serials", i, field];
    const issuer = attempt(at("issuer"), () => parseNamePattern(entry.issuer));
    const serial = attempt(at("serial"), () => parseSerial(entry.serial));
    return issuer && serial !== undefined ? [{ issuer, serial }] : [];
  });
  return { subscribers, deniedFingerprints, deniedSerials, problems };
}

/** A SHA-256 fingerprint as lower-case hex. Throws a `RangeError`. */
export function parseFingerprint(text: string): string {
  const hex = text.trim().toLowerCase().replace(/^sha-?256:/, "").replace(/:/g, "");
  if (!/^[0-9a-f]{64}$/.test(hex)) {
    throw new RangeError(
      `Expected a SHA-256 fingerprint of 64 hex digits, found "${text}" (${hex.length} characters)`,
    );
  }
  return hex;
}

/** A serial number as lower-case hex without leading zeros. Throws a `RangeError`. */
export function parseSerial(text: string): string {
  const hex = text.trim().toLowerCase().replace(/^0x/, "").replace(/:/g, "");
  if (!/^[0-9a-f]{1,64}$/.test(hex)) {
    throw new RangeError(`Expected a serial number in hex, found "${text}"`);
  }
  return hex.replace(/^0+(?=.)/, "");
}

const PEM = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/g;

/** The certificates in a PEM text. Throws a `RangeError` or {@linkcode DecodeError}. */
export function readPem(text: string): Certificate[] {
  const blocks = [...text.matchAll(PEM)];
  if (blocks.length === 0) {
    throw new RangeError(
      `Expected PEM with BEGIN CERTIFICATE, found ${text.length} other characters`,
    );
  }
  return blocks.map((block) => {
    let binary: string;
    try {
      binary = atob(block[1]!.replace(/\s/g, ""));
    } catch {
      throw new RangeError(
        "Expected base64 between BEGIN and END CERTIFICATE, found other characters",
      );
    }
    return readCertificate(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
  });
}

function readIssuedBy(
  written: IssuedBy,
  at: (...rest: (string | number)[]) => (string | number)[],
  attempt: <T>(path: IdentityProblem["path"], read: () => T) => T | undefined,
  problems: IdentityProblem[],
): Subscriber["issuedBy"] {
  const subject = attempt(at("issuedBy", "subject"), () => parseNamePattern(written.subject));
  if (written.ca.length === 0) {
    problems.push({
      path: at("issuedBy", "ca"),
      message: "Expected the certificate of an authority, found none",
    });
  }
  const authorities = written.ca.flatMap((pem, i) => {
    const path = at("issuedBy", "ca", i);
    return (attempt(path, () => readPem(pem)) ?? []).filter((certificate) => {
      if (mayIssue(certificate)) return true;
      problems.push({
        path,
        message: `Expected an authority (basicConstraints CA:TRUE, keyCertSign), found ${
          nameText(certificate.subject)
        }`,
      });
      return false;
    });
  });
  return subject && { authorities, subject };
}

/** True if one certificate could stand for both. */
function overlapping({ issuedBy: a }: Subscriber, { issuedBy: b }: Subscriber): boolean {
  if (!a || !b || !overlap(a.subject, b.subject)) return false;
  return a.authorities.some((one) =>
    b.authorities.some((other) => one.fingerprint === other.fingerprint)
  );
}

/** True if a certificate says that its key may issue others. */
export function mayIssue(certificate: Certificate): boolean {
  return certificate.isAuthority &&
    (certificate.keyUsage === undefined || (certificate.keyUsage & KEY_CERT_SIGN) !== 0);
}
