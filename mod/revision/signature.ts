/**
 * Ed25519 signatures over the exact bytes of a configuration, detached (RFC 8032).
 *
 * @module
 */
import { ConfigError, messageOf } from "../core/mod.ts";
import { RevisionError } from "./types.ts";

const PREFIX = "ed25519:";
const PEM = /-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]*)-----END PRIVATE KEY-----/;

/** A key pair for signing configurations. */
export interface SigningKey {
  /** Private key, PKCS #8, PEM. */
  readonly keyPem: string;
  /** Public key as `[config] signers` takes it: `ed25519:` and 32 bytes in base64. */
  readonly signer: string;
}

/** Makes a new key pair. */
export async function makeSigningKey(): Promise<SigningKey> {
  // The algorithm makes a pair; the type of generateKey cannot tell by its name.
  const pair = await crypto.subtle.generateKey("Ed25519", true, [
    "sign",
    "verify",
  ]) as CryptoKeyPair;
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  const lines = pkcs8.toBase64().replace(/(.{64})(?=.)/g, "$1\n");
  return {
    keyPem: `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`,
    signer: await signerText(pair.publicKey),
  };
}

/** Signs `text` (UTF-8): 64 bytes in base64. Throws {@linkcode ConfigError} for a key that is not Ed25519. */
export async function signText(text: string, keyPem: string): Promise<string> {
  const key = await privateKey(keyPem);
  const bytes = await crypto.subtle.sign("Ed25519", key, new TextEncoder().encode(text));
  return new Uint8Array(bytes).toBase64();
}

/** True for what `[config] signers` may hold. */
export function isSigner(text: string): boolean {
  return keyBytes(text) !== undefined;
}

/** The signer of `signers` whose signature over `text` this is; undefined if it is nobody's. */
export async function signerOf(
  text: string,
  signature: string,
  signers: readonly string[],
): Promise<string | undefined> {
  const signed = fromBase64(signature.trim(), 64);
  if (!signed) return undefined;
  const content = new TextEncoder().encode(text);
  for (const signer of signers) {
    const raw = keyBytes(signer);
    if (!raw) continue;
    const key = await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
    if (await crypto.subtle.verify("Ed25519", key, signed, content)) return signer;
  }
  return undefined;
}

/**
 * Whose signature a change of the configuration carries; undefined where none is needed. Throws
 * {@linkcode RevisionError} for a text that none of `signers` has signed; `where` says where the signature should be.
 */
export async function neededSigner(
  text: string,
  signature: string | undefined,
  signers: readonly string[],
  where: string,
): Promise<string | undefined> {
  if (signers.length === 0) return undefined;
  if (signature === undefined) {
    throw new RevisionError(
      "signature",
      `Expected a signature by one of [config] signers ${where}, found none`,
    );
  }
  const signer = await signerOf(text, signature, signers);
  if (signer === undefined) {
    throw new RevisionError(
      "signature",
      `The signature ${where} is by none of [config] signers, or the text is not the one that was signed`,
    );
  }
  return signer;
}

async function privateKey(keyPem: string): Promise<CryptoKey> {
  const body = PEM.exec(keyPem)?.[1]?.replace(/\s/g, "");
  try {
    if (body === undefined) throw new Error("no BEGIN PRIVATE KEY");
    return await crypto.subtle.importKey("pkcs8", Uint8Array.fromBase64(body), "Ed25519", false, [
      "sign",
    ]);
  } catch (error) {
    throw new ConfigError("signing key", [{
      line: 0,
      column: 0,
      key: "",
      message: `expected an Ed25519 key (PKCS #8, PEM), found something else: ${messageOf(error)}`,
    }]);
  }
}

async function signerText(publicKey: CryptoKey): Promise<string> {
  return PREFIX + new Uint8Array(await crypto.subtle.exportKey("raw", publicKey)).toBase64();
}

function keyBytes(signer: string): Uint8Array<ArrayBuffer> | undefined {
  return signer.startsWith(PREFIX) ? fromBase64(signer.slice(PREFIX.length), 32) : undefined;
}

function fromBase64(text: string, length: number): Uint8Array<ArrayBuffer> | undefined {
  try {
    const bytes = Uint8Array.fromBase64(text);
    return bytes.length === length ? bytes : undefined;
  } catch {
    return undefined; // not base64
  }
}
