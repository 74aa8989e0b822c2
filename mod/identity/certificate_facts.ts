/**
 * What people want to know of a certificate: whose it is, its pin, and how long it is valid.
 *
 * @module
 */
import { type Certificate, readCertificate } from "./certificate.ts";
import { readPem } from "./config.ts";
import { nameText } from "./distinguished_name.ts";

/** What stands in a certificate, for people and for warnings. */
export interface CertificateFacts {
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string;
  /** Subject as text, for example `CN=scada,O=Grid`. */
  readonly subject: string;
  /** Issuer as text. */
  readonly issuer: string;
  /** First millisecond of its validity since 1970. */
  readonly notBeforeMs: number;
  /** Last millisecond of its validity since 1970. */
  readonly notAfterMs: number;
}

/**
 * The facts of a certificate: DER, or the first one of a PEM text.
 *
 * Throws a `DecodeError` for bytes, and also a `RangeError` for a text, that are no certificate.
 */
export function certificateFacts(source: Uint8Array | string): CertificateFacts {
  // readPem gives at least one certificate or throws.
  const certificate: Certificate = typeof source === "string"
    ? readPem(source)[0]!
    : readCertificate(source);
  const { fingerprint, notBeforeMs, notAfterMs } = certificate;
  return {
    fingerprint,
    subject: nameText(certificate.subject),
    issuer: nameText(certificate.issuer),
    notBeforeMs,
    notAfterMs,
  };
}
