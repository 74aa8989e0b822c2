/**
 * Bearer tokens: who holds one is known by a hash of it (scrypt, RFC 7914), never by the token itself.
 *
 * @module
 */
import { scrypt, timingSafeEqual } from "node:crypto";

/** A token that was read: `tieline.NAME.SECRET`. */
export interface Token {
  /** Whom it stands for. */
  readonly name: string;
  /** 256 random bits, base64url. */
  readonly secret: string;
}

/** Cost of new hashes: 16 MiB and about 50 ms on a small board; tokens are random, so nobody guesses them. */
const LOG_N = 14, R = 8, P = 1;
const HASH_BYTES = 32;
/** Most memory that a hash in a configuration may ask for. */
const MAX_MEMORY = 64 * 1024 * 1024;

/** Makes the text of a token from 32 random bytes. */
export function tokenText(name: string, random: Uint8Array): string {
  return `tieline.${name}.${base64url(random)}`;
}

/** Takes a token apart; undefined if the text is none. */
export function parseToken(text: string): Token | undefined {
  const match = /^tieline\.([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{43})$/.exec(text);
  return match ? { name: match[1]!, secret: match[2]! } : undefined;
}

const TOKENS = /tieline\.([A-Za-z0-9_-]{1,64})\.[A-Za-z0-9_-]{43}/g;
const HASHES = /\$scrypt\$[A-Za-z0-9+/=,$]+/g;

/** The text without the secret of any token and without any hash of one, wherever they stand in it. */
export function withoutTokens(text: string): string {
  return text.replace(TOKENS, "tieline.$1.redacted").replace(HASHES, "redacted");
}

/** The text with what `by` gives in the place of each token and each hash of one, wherever they stand in it. */
export function replaceTokens(text: string, by: (secret: string) => string): string {
  return text.replace(TOKENS, by).replace(HASHES, by);
}

/** The hash of a token's text as a configuration holds it (PHC string format); `salt` is 16 random bytes. */
export async function hashToken(text: string, salt: Uint8Array): Promise<string> {
  const hash = await derive(text, salt, { logN: LOG_N, r: R, p: P }, HASH_BYTES);
  return `$scrypt$ln=${LOG_N},r=${R},p=${P}$${base64(salt)}$${base64(hash)}`;
}

/** True for a text that {@linkcode hashToken} could have made, within bounds on its cost. */
export function isTokenHash(text: string): boolean {
  return parseHash(text) !== undefined;
}

/** True if `hash` is that of the token `text`; false also for a hash that is none. */
export async function isTokenOf(text: string, hash: string): Promise<boolean> {
  const known = parseHash(hash);
  if (!known) return false;
  const found = await derive(text, known.salt, known, known.hash.length);
  return timingSafeEqual(found, known.hash);
}

interface Cost {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

function parseHash(
  text: string,
): Cost & { readonly salt: Uint8Array; readonly hash: Uint8Array } | undefined {
  const match =
    /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d)\$([A-Za-z0-9+/]{16,64})\$([A-Za-z0-9+/]{22,88})$/
      .exec(text);
  if (!match) return undefined;
  const [logN, r, p] = [Number(match[1]), Number(match[2]), Number(match[3])] as const;
  if (logN < 10 || r < 1 || p < 1 || 128 * r * 2 ** logN > MAX_MEMORY || p > 4) return undefined;
  try {
    return {
      logN,
      r,
      p,
      salt: Uint8Array.fromBase64(match[4]!),
      hash: Uint8Array.fromBase64(match[5]!),
    };
  } catch {
    return undefined; // a length that base64 does not have
  }
}

function derive(
  text: string,
  salt: Uint8Array,
  { logN, r, p }: Cost,
  length: number,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const cost = { N: 2 ** logN, r, p, maxmem: 2 * MAX_MEMORY };
    scrypt(text, salt, length, cost, (error, key) => error ? reject(error) : resolve(key));
  });
}

function base64(bytes: Uint8Array): string {
  return bytes.toBase64({ omitPadding: true });
}

function base64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
