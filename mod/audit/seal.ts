/**
 * Seals over the head of a trail, and how the right to seal goes from one key to the next.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash, createPublicKey, sign, verify } from "node:crypto";
import * as v from "valibot";
import { type AuditHead, entryNumber, entryText, parseJson } from "./entry.ts";

/** A signature over the head of the trail. */
export interface AuditSeal extends AuditHead {
  /** When, ISO 8601 UTC. */
  readonly time: string;
  /** ECDSA P-256 with SHA-256 over `NUMBER HASH TIME`, DER in base64. */
  readonly signature: string;
}

/** From the entry that holds it on, another key seals the trail. */
export interface Handover {
  /** The public key that sealed before: SPKI, DER in base64. */
  readonly retired: string;
  /** The public key that seals from now on. */
  readonly next: string;
  /**
   * By the retired key over `NUMBER HASH NEXT` of the entry before, DER in base64; empty if the keys were changed while
   * the program did not run.
   */
  readonly signature: string;
}

/** Interval at which the head is signed, in seconds. */
export const SEAL_SECONDS = 3600;

const sealSchema = v.strictObject({
  number: entryNumber,
  hash: entryText,
  time: entryText,
  signature: entryText,
});
const handoverSchema = v.strictObject({
  retired: entryText,
  next: entryText,
  signature: entryText,
});

/** Reads a seal; undefined if it is none. */
export function readSeal(text: string): AuditSeal | undefined {
  return parseJson(sealSchema, text);
}

/** Reads a handover; undefined if it is none. */
export function readHandover(text: string): Handover | undefined {
  return parseJson(handoverSchema, text);
}

/** Signs the head of a trail with the device's key (P-256, PEM). */
export function makeSeal(head: AuditHead, timeMs: number, keyPem: string): AuditSeal {
  const seal = { number: head.number, hash: head.hash, time: new Date(timeMs).toISOString() };
  return { ...seal, signature: signed(sealed(seal), keyPem) };
}

/** True if the seal was made with this key (see {@linkcode publicKeyOf}). */
export function isSealBy(seal: AuditSeal, publicKey: string): boolean {
  return isSigned(sealed(seal), seal.signature, publicKey);
}

/** Hands the right to seal over at `head`; `keyPem` is the key that retires, undefined if it is not at hand. */
export function makeHandover(
  head: AuditHead,
  retired: string,
  next: string,
  keyPem: string | undefined,
): Handover {
  const signature = keyPem === undefined ? "" : signed(handed(head, next), keyPem);
  return { retired, next, signature };
}

/** True if the key that retires has signed it over the entry before. */
export function isHandoverSigned({ retired, next, signature }: Handover, head: AuditHead): boolean {
  return isSigned(handed(head, next), signature, retired);
}

/**
 * The public key of a certificate or of a private key (PEM): SPKI, DER in base64. Throws an Error for a text that is
 * neither.
 */
export function publicKeyOf(pem: string): string {
  return createPublicKey(pem).export({ type: "spki", format: "der" }).toString("base64");
}

/** How a public key is told: `sha256:` and the hex of its digest. */
export function keyPrint(publicKey: string): string {
  const digest = createHash("sha256").update(publicKey, "base64").digest("hex");
  return `sha256:${digest}`;
}

function sealed({ number, hash, time }: Omit<AuditSeal, "signature">): string {
  return `${number} ${hash} ${time}`;
}

function handed({ number, hash }: AuditHead, next: string): string {
  return `${number} ${hash} ${next}`;
}

function signed(text: string, keyPem: string): string {
  return sign("sha256", new TextEncoder().encode(text), keyPem).toString("base64");
}

function isSigned(text: string, signature: string, publicKey: string): boolean {
  try {
    const der = Buffer.from(publicKey, "base64");
    const key = createPublicKey({ key: der, format: "der", type: "spki" });
    return verify(
      "sha256",
      new TextEncoder().encode(text),
      key,
      Uint8Array.fromBase64(signature),
    );
  } catch {
    return false; // no base64, or no key
  }
}
