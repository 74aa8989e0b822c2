/**
 * Keys and certificates made on the fly: P-256, for first starts, the demo and tests.
 *
 * @module
 */
import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { ConfigError } from "../core/mod.ts";
import { type CertificateContent, type KeyPair, makeCertificate } from "../identity/mod.ts";
import { readTextIfExists, writeFileAtomic } from "./files.ts";
import { checkKeyPair } from "./key_pair.ts";
import { sha256Hex } from "./sha256.ts";

export type { CertificateContent, KeyPair } from "../identity/mod.ts";

/** What a certificate shall say; it is valid from an hour ago, for peers whose clock is behind, unless told otherwise. */
export type CertificateRequest =
  & Partial<CertificateContent>
  & Pick<CertificateContent, "commonName">;

/** Makes a self-signed certificate with a new key. */
export async function makeSelfSigned(request: CertificateRequest): Promise<KeyPair> {
  return await makeCertificate(contentOf(request));
}

/** Makes a certificate authority with a new key; `issuer` makes it an intermediate one. */
export async function makeCa(request: CertificateRequest, issuer?: KeyPair): Promise<KeyPair> {
  return await makeCertificate({ ...contentOf(request), isAuthority: true }, issuer);
}

/** Issues a certificate with a new key. */
export async function issue(ca: KeyPair, request: CertificateRequest): Promise<KeyPair> {
  return await makeCertificate(contentOf(request), ca);
}

/**
 * The key and certificate in `folder` (`key.pem`, `cert.pem`), made there with mode 0600 if there are none.
 *
 * A key without a certificate, which a power cut between the two writes leaves, gets one. Throws a
 * {@linkcode ConfigError} for a certificate without a key and for two that do not belong together.
 */
export async function loadOrMakeIdentity(
  folder: string,
  request: CertificateRequest,
): Promise<KeyPair> {
  const keyPath = join(folder, "key.pem");
  const certPath = join(folder, "cert.pem");
  const keyPem = await readTextIfExists(keyPath, MAX_PEM_BYTES);
  const certPem = await readTextIfExists(certPath, MAX_PEM_BYTES);
  if (keyPem !== undefined && certPem !== undefined) {
    checkKeyPair(keyPem, certPem);
    return { keyPem, certPem, fingerprint256: sha256Hex(new X509Certificate(certPem).raw) };
  }
  if (certPem !== undefined) throw unusable(folder, "expected key.pem beside cert.pem, found none");
  let made: KeyPair;
  try {
    made = await makeCertificate(contentOf(request), undefined, keyPem);
  } catch (error) {
    if (keyPem === undefined) throw error;
    throw unusable(folder, "expected a P-256 key in key.pem, found something else");
  }
  if (keyPem === undefined) {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFileAtomic(keyPath, made.keyPem, 0o600);
  }
  await writeFileAtomic(certPath, made.certPem, 0o600);
  return made;
}

function unusable(folder: string, found: string): ConfigError {
  const message = `Cannot use key and certificate: ${found}`;
  return new ConfigError(folder, [{ line: 0, column: 0, key: "", message }]);
}

const MAX_PEM_BYTES = 256 * 1024;
const AN_HOUR_MS = 3_600_000;

function contentOf(request: CertificateRequest): CertificateContent {
  return { notBeforeMs: Date.now() - AN_HOUR_MS, ...request };
}
