/**
 * The request bundle: what a subscriber's operator sends a publisher's operator out of band, in place of a key.
 *
 * A small TOML text with certificate, pin, validity, contact and what is asked for. It never holds a private key.
 *
 * @module
 */
import * as v from "valibot";
import { checkDocument, parseTomlDocument, partName, text } from "../config/mod.ts";
import { ConfigError, DecodeError } from "../core/mod.ts";
import { type CertificateFacts, certificateFacts, parseFingerprint } from "../identity/mod.ts";

/** Largest bundle and largest certificate file that is read, in bytes. */
export const MAX_BUNDLE_BYTES: number = 64 * 1024;

/** What a bundle says beside its certificate. */
export interface BundleRequest {
  /** Name that the subscriber would like to have in the publisher's configuration. */
  readonly name: string;
  /** Whom to ask: an address, a telephone number. */
  readonly contact: string;
  /** What is asked for, a filter expression or a sentence; empty for nothing in particular. */
  readonly filter: string;
}

/** A bundle that was read and whose pin and certificate agree. */
export interface AcceptedBundle extends BundleRequest {
  /** What its certificate says. */
  readonly certificate: CertificateFacts;
}

const bundleSchema = v.strictObject({
  request: v.strictObject({
    name: partName(),
    contact: line(256),
    filter: v.optional(v.pipe(v.string(), v.maxLength(16_384)), ""),
    subject: line(1024),
    validFrom: line(32),
    validUntil: line(32),
    pin: text(),
    certificate: v.string(),
  }),
});

/** The text of a bundle. Throws a `ConfigError` for a text that holds a key, no certificate, or a name that cannot be. */
export function writeBundle(certificatePem: string, request: BundleRequest): string {
  refuseKey(certificatePem, "the certificate file");
  const pem = firstCertificate(certificatePem);
  const facts = factsOf(pem, "the certificate file");
  const bundle =
    `# A request to subscribe. It holds no secret: send it to the operator of the publisher, and read the
# pin to each other over another channel, such as the telephone, before it is accepted.
[request]
name = ${quoted(request.name)}
contact = ${quoted(request.contact)}
filter = ${quoted(request.filter)}
subject = ${quoted(facts.subject)}
validFrom = "${timeText(facts.notBeforeMs)}"
validUntil = "${timeText(facts.notAfterMs)}"
pin = "sha256:${facts.fingerprint}"
certificate = """
${pem}
"""
`;
  readBundle(bundle, "the bundle");
  return bundle;
}

/**
 * Reads a bundle from `source`.
 *
 * Throws a `ConfigError` for what is no bundle, holds a key, or whose pin, subject or validity is not that of its
 * certificate.
 */
export function readBundle(bundle: string, source: string): AcceptedBundle {
  refuseKey(bundle, source);
  const document = parseTomlDocument(bundle, source);
  const { request } = checkDocument(bundleSchema, document);
  const problem = (key: string, message: string) => {
    const path = ["request", key];
    return new ConfigError(source, [{ ...document.position(path), key: path.join("."), message }]);
  };
  let facts: CertificateFacts;
  let pin: string;
  try {
    facts = certificateFacts(request.certificate);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof DecodeError)) throw error;
    throw problem("certificate", error.message);
  }
  try {
    pin = parseFingerprint(request.pin);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw problem("pin", error.message);
  }
  if (pin !== facts.fingerprint) {
    throw problem(
      "pin",
      `expected the pin of the certificate below, sha256:${facts.fingerprint}, found sha256:${pin}`,
    );
  }
  const said: [string, string, string][] = [
    ["subject", request.subject, facts.subject],
    ["validFrom", request.validFrom, timeText(facts.notBeforeMs)],
    ["validUntil", request.validUntil, timeText(facts.notAfterMs)],
  ];
  for (const [key, found, expected] of said) {
    if (found !== expected) {
      throw problem(key, `expected what the certificate says, "${expected}", found "${found}"`);
    }
  }
  const { name, contact, filter } = request;
  return { name, contact, filter, certificate: facts };
}

/** The table to paste into the publisher's configuration; it grants nothing. `nowMs` is milliseconds since 1970. */
export function subscriberTable(bundle: AcceptedBundle, nowMs: number): string {
  const { name, contact, filter, certificate } = bundle;
  const { subject, notBeforeMs, notAfterMs } = certificate;
  const validity = nowMs > notAfterMs
    ? "# The certificate HAS EXPIRED: its peer will be refused.\n"
    : nowMs < notBeforeMs
    ? "# The certificate is NOT YET VALID: its peer will be refused until then.\n"
    : "";
  return `# ${oneLine(subject)}, valid ${timeText(notBeforeMs)} to ${timeText(notAfterMs)}
# Contact: ${oneLine(contact)}
# Read the pin to each other over another channel before you use this.
${validity}[subscriber.${name}]
pins = ["sha256:${certificate.fingerprint}"]
# Nothing is granted yet. Asked for: ${filter === "" ? "nothing in particular" : oneLine(filter)}
allow = []
`;
}

function refuseKey(content: string, source: string): void {
  if (!/PRIVATE KEY/i.test(content)) return;
  throw new ConfigError(source, [{
    line: 0,
    column: 0,
    key: "",
    message: "expected certificates only, found a private key: a key never leaves its owner",
  }]);
}

/** The first certificate of a PEM text, as it stands; the chain above it is not the subscriber's to send. */
function firstCertificate(pem: string): string {
  const found = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----/.exec(pem);
  if (found) return found[0].replaceAll("\r", "");
  throw new ConfigError("the certificate file", [{
    line: 0,
    column: 0,
    key: "",
    message: "expected PEM with BEGIN CERTIFICATE, found other text",
  }]);
}

/** What the certificate in the PEM text of `source` says. Throws a `ConfigError` for what is none. */
export function factsOf(pem: string, source: string): CertificateFacts {
  try {
    return certificateFacts(pem);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof DecodeError)) throw error;
    throw new ConfigError(source, [{ line: 0, column: 0, key: "", message: error.message }]);
  }
}

function line(most: number): v.GenericSchema<string> {
  return v.pipe(
    v.string(),
    v.check(
      (s) => s.trim() !== "" && s.length <= most && !/\p{Cc}/u.test(s),
      `expected one line of 1 to ${most} characters`,
    ),
  );
}

/** A TOML basic string; JSON has the same escapes but leaves DEL as it is. */
function quoted(value: string): string {
  return JSON.stringify(value).replaceAll("\x7f", "\\u007f");
}

/** What a stranger wrote, for a comment: one line without control and direction characters. */
function oneLine(value: string): string {
  return value.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ");
}

function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
