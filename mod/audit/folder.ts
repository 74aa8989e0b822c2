/**
 * The files of a trail: the one that is written now, closed ones, the newest seal and the key that seals.
 *
 * @module
 */
import { join } from "node:path";
import { readTextIfExists } from "../os/mod.ts";
import { type AuditEntry, readEntry } from "./entry.ts";
import { type AuditSeal, publicKeyOf, readSeal } from "./seal.ts";
import { type Verification, verifyTrail } from "./verify.ts";

/** File that is written now. */
export const CURRENT = "audit.jsonl";
/** The newest seal. */
export const HEAD = "audit.head";
/** The public key that seals the trail, so that a change of keys shows also where it was made without the program. */
export const SEALING_KEY = "audit.key";

/**
 * Checks the trail in `folder` against certificates of the device (PEM), see {@linkcode verifyTrail}. Throws an Error
 * for a text that is no certificate.
 */
export async function verifyFolder(
  folder: string,
  certPems: readonly string[],
  nowMs?: number,
): Promise<Verification> {
  const trusted = certPems.map(publicKeyOf);
  const lines: string[] = [];
  for (const name of [...await closedFiles(folder), CURRENT]) {
    const text = await readTextLossy(join(folder, name));
    lines.push(...text.split("\n").filter((line) => line !== ""));
  }
  const head = await readTextIfExists(join(folder, HEAD), 4096);
  return verifyTrail(lines, head === undefined ? undefined : readSeal(head), trusted, nowMs);
}

/** The seal beside a trail; undefined if there is none. */
export async function headOf(folder: string): Promise<AuditSeal | undefined> {
  const text = await readTextIfExists(join(folder, HEAD), 4096);
  return text === undefined ? undefined : readSeal(text);
}

/** The last entry of a text of lines; undefined if there is none. */
export function lastOf(text: string): AuditEntry | undefined {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.length > 0 ? readEntry(lines.at(-1)!) : undefined;
}

/** The newest entry of the closed files; undefined if there are none. */
export async function lastEntry(folder: string): Promise<AuditEntry | undefined> {
  const name = (await closedFiles(folder)).at(-1);
  return name === undefined ? undefined : lastOf(await readTextLossy(join(folder, name)));
}

/** Names of the closed files, oldest first. */
export async function closedFiles(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (/^audit-\d{10,}\.jsonl$/.test(name)) names.push(name);
  }
  return names.sort();
}

/** The text of a file; empty if it is not there. Bytes that are no UTF-8 make lines that are no entries. */
export async function readTextLossy(path: string): Promise<string> {
  try {
    return new TextDecoder().decode(await Deno.readFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
