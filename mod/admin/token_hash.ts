/**
 * Hashes of tokens that do not stand in the configuration.
 *
 * @module
 */
import { secretSource } from "../config/mod.ts";
import { messageOf } from "../core/mod.ts";
import type { AdminConfig } from "../gateway/mod.ts";
import { isTokenHash } from "../identity/mod.ts";
import { readSecret } from "../os/mod.ts";

/**
 * The hash that a user's `token` is or stands for. Throws an Error, which names the reference and not the content, where
 * there is none.
 */
export async function tokenHashOf(token: string): Promise<string> {
  if (secretSource(token) === undefined) return token;
  const hash = (await readSecret(token)).trim();
  if (isTokenHash(hash)) return hash;
  throw new Error(`Expected the hash of a token in ${token}, found something else`);
}

/** What is wrong with the users' tokens that stand elsewhere, by user; empty if they are all there. */
export async function missingTokens({ user }: AdminConfig): Promise<string[]> {
  const problems: string[] = [];
  for (const [name, { token }] of Object.entries(user)) {
    if (token === undefined) continue;
    try {
      await tokenHashOf(token);
    } catch (error) {
      problems.push(`user ${name}: ${messageOf(error)}`);
    }
  }
  return problems;
}
