/**
 * X.509 certificates as far as identity needs them (RFC 5280).
 *
 * The platform's `X509Certificate` checks signatures but gives neither the extended key usage nor a name that cannot be
 * mistaken for another, so the fields are read here.
 *
 * @module
 */
import { createHash, X509Certificate } from "node:crypto";
import { DecodeError } from "../core/mod.ts";
import { DerReader, integerHex, oidText, Tag, timeMs } from "./der.ts";
import { type DistinguishedName, readName } from "./distinguished_name.ts";

/** Longest certificate that is looked at, in bytes. */
export const MAX_CERTIFICATE_BYTES = 64 * 1024;

/** A certificate that was read; its signature is not checked yet. */
export interface Certificate {
  /** The bytes. */
  readonly der: Uint8Array;
  /** SHA-256 of the bytes, lower-case hex. */
  readonly fingerprint: string;
  /** Serial number, lower-case hex without leading zeros. */
  readonly serial: string;
  /** Issuer. */
  readonly issuer: DistinguishedName;
  /** Issuer, encoded. */
  readonly issuerDer: Uint8Array;
  /** Subject. */
  readonly subject: DistinguishedName;
  /** Subject, encoded. */
  readonly subjectDer: Uint8Array;
  /** First millisecond since 1970 of its validity. */
  readonly notBeforeMs: number;
  /** Last millisecond since 1970 of its validity. */
  readonly notAfterMs: number;
  /** Signature algorithm, dotted. */
  readonly signatureAlgorithm: string;
  /** True if it says that it is an authority (basicConstraints cA). */
  readonly isAuthority: boolean;
  /** Most intermediate authorities below it; Infinity where it does not say. */
  readonly pathLength: number;
  /** keyUsage bits, bit 0 (digitalSignature) being 1; undefined without the extension. */
  readonly keyUsage: number | undefined;
  /** extendedKeyUsage, dotted; undefined without the extension. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  /** Critical extensions that are not understood here, dotted. */
  readonly unknownCritical: readonly string[];
}

/** keyUsage: digitalSignature. */
export const DIGITAL_SIGNATURE = 1 << 0;
/** keyUsage: keyCertSign. */
export const KEY_CERT_SIGN = 1 << 5;

/** Reads a certificate. Throws a {@linkcode DecodeError} for anything else, never another error. */
export function readCertificate(der: Uint8Array): Certificate {
  if (der.length > MAX_CERTIFICATE_BYTES) {
    throw new DecodeError(
      "oversize",
      `Cannot read a certificate: expected at most ${MAX_CERTIFICATE_BYTES} bytes, found ${der.length}`,
    );
  }
  const file = new DerReader(der);
  const outer = file.inside("Certificate", Tag.Sequence);
  file.finish("Certificate");
  const tbs = outer.inside("tbsCertificate", Tag.Sequence);
  const algorithm = outer.next("signatureAlgorithm", Tag.Sequence);
  const signature = outer.next("signatureValue", Tag.BitString);
  outer.finish("Certificate");
  // The platform does not look at the count of unused bits, so that two encodings would pass as one signature.
  if (signature.content[0] !== 0) {
    throw new DecodeError(
      "der",
      `Cannot read a certificate: expected a signature of whole bytes, found ${
        signature.content[0] ?? "no"
      } unused bits`,
    );
  }

  if (tbs.nextTag === Tag.Context0) tbs.next("version");
  const serial = integerHex(tbs.next("serialNumber", Tag.Integer).content);
  const innerAlgorithm = tbs.next("signature", Tag.Sequence);
  if (!equalBytes(algorithm.whole, innerAlgorithm.whole)) {
    throw new DecodeError(
      "der",
      "Cannot read a certificate: expected one signature algorithm, found two",
    );
  }
  const issuer = tbs.next("issuer", Tag.Sequence);
  const validity = tbs.inside("validity", Tag.Sequence);
  const notBeforeMs = timeMs(validity.next("notBefore"));
  // The last second is part of the validity (RFC 5280 section 4.1.2.5).
  const notAfterMs = timeMs(validity.next("notAfter")) + 999;
  const subject = tbs.next("subject", Tag.Sequence);
  tbs.next("subjectPublicKeyInfo", Tag.Sequence);
  return {
    der,
    fingerprint: createHash("sha256").update(der).digest("hex"),
    serial,
    issuer: readName(issuer.content),
    issuerDer: issuer.whole,
    subject: readName(subject.content),
    subjectDer: subject.whole,
    notBeforeMs,
    notAfterMs,
    signatureAlgorithm: oidText(
      new DerReader(algorithm.content).next("algorithm", Tag.Oid).content,
    ),
    ...readExtensions(tbs),
  };
}

/** Signature algorithms that are accepted from an authority: SHA-256 or better, and that the platform can check. */
const SIGNATURES = new Set([
  "1.2.840.10045.4.3.2", // ecdsa-with-SHA256
  "1.2.840.10045.4.3.3", // ecdsa-with-SHA384
  "1.2.840.10045.4.3.4", // ecdsa-with-SHA512
  "1.2.840.113549.1.1.11", // sha256WithRSAEncryption
  "1.2.840.113549.1.1.12", // sha384WithRSAEncryption
  "1.2.840.113549.1.1.13", // sha512WithRSAEncryption
  "1.3.101.112", // Ed25519
]);
const MIN_RSA_BITS = 2048;

/** True if the key of `issuer` signed `certificate`, with an algorithm that is still trusted. */
export function isSignedBy(certificate: Certificate, issuer: Certificate): boolean {
  if (!SIGNATURES.has(certificate.signatureAlgorithm)) return false;
  try {
    const { publicKey } = new X509Certificate(issuer.der);
    const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? Infinity;
    return bits >= MIN_RSA_BITS && new X509Certificate(certificate.der).verify(publicKey);
  } catch {
    return false; // a key or an encoding that the platform does not take proves nothing
  }
}

/** True if both hold the same bytes. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

type Extensions = Pick<
  Certificate,
  "isAuthority" | "pathLength" | "keyUsage" | "extendedKeyUsage" | "unknownCritical"
>;

/** Critical extensions that need nothing of us: alternative names, policies. */
const HARMLESS = new Set(["2.5.29.17", "2.5.29.32"]);

function readExtensions(tbs: DerReader): Extensions {
  let isAuthority = false;
  let pathLength = Infinity;
  let keyUsage: number | undefined;
  let extendedKeyUsage: string[] | undefined;
  const unknownCritical: string[] = [];
  const seen = new Set<string>();
  while (!tbs.atEnd) {
    const element = tbs.next("tbsCertificate");
    if (element.tag !== Tag.Context3) continue; // unique identifiers of version 2
    const list = new DerReader(element.content).inside("extensions", Tag.Sequence);
    while (!list.atEnd) {
      const extension = list.inside("Extension", Tag.Sequence);
      const oid = oidText(extension.next("extnID", Tag.Oid).content);
      if (seen.has(oid)) {
        throw new DecodeError(
          "der",
          `Cannot read extensions: expected ${oid} once, found it twice`,
        );
      }
      seen.add(oid);
      const critical = extension.nextTag === Tag.Boolean &&
        extension.next("critical").content[0] !== 0;
      const value = new DerReader(extension.next("extnValue", Tag.OctetString).content);
      if (oid === "2.5.29.19") {
        const fields = value.inside("basicConstraints", Tag.Sequence);
        if (fields.nextTag === Tag.Boolean) isAuthority = fields.next("cA").content[0] !== 0;
        if (!fields.atEnd) pathLength = readPathLength(fields);
      } else if (oid === "2.5.29.15") {
        keyUsage = readBits(value.next("keyUsage", Tag.BitString).content);
      } else if (oid === "2.5.29.37") {
        const usages = value.inside("extKeyUsage", Tag.Sequence);
        extendedKeyUsage = [];
        while (!usages.atEnd) {
          extendedKeyUsage.push(oidText(usages.next("KeyPurposeId", Tag.Oid).content));
        }
      } else if (critical && !HARMLESS.has(oid)) unknownCritical.push(oid);
    }
  }
  return { isAuthority, pathLength, keyUsage, extendedKeyUsage, unknownCritical };
}

function readPathLength(fields: DerReader): number {
  const { content } = fields.next("pathLenConstraint", Tag.Integer);
  if (content.length !== 1 || content[0]! > 127) {
    throw new DecodeError("der", "Cannot read pathLenConstraint: expected 0 to 127, found another");
  }
  return content[0]!;
}

function readBits(content: Uint8Array): number {
  let bits = 0;
  for (let i = 0; i < 16; i++) {
    const byte = content[1 + (i >> 3)] ?? 0;
    if ((byte >> (7 - (i & 7))) & 1) bits |= 1 << i;
  }
  return bits;
}
