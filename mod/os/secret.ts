/**
 * Reads secrets: from files by path, from systemd credentials and from the environment by name.
 *
 * @module
 */
import { join } from "node:path";
import { secretSource } from "../config/mod.ts";
import { readTextIfExists } from "./files.ts";

/** Longest secret that is read, in bytes: a key with its chain. */
export const MAX_SECRET_BYTES = 256 * 1024;

/**
 * The text that `credential:NAME`, `env:NAME` or a path stands for. Throws an Error that names the reference, and never
 * the secret, where there is none.
 */
export async function readSecret(reference: string): Promise<string> {
  const source = secretSource(reference);
  if (source?.kind === "env") {
    const value = Deno.env.get(source.name);
    if (value !== undefined && value !== "") return value;
    throw new Deno.errors.NotFound(
      `Cannot read ${reference}: expected the variable ${source.name} in the environment, found none`,
    );
  }
  const path = source ? credentialPath(source.name, reference) : reference;
  const text = await readTextIfExists(path, MAX_SECRET_BYTES);
  if (text !== undefined) return text;
  throw new Deno.errors.NotFound(`Cannot read ${reference}: there is no file ${path}`);
}

/** Something that changes when the secret may have changed, cheap to make. Rejects where there is none. */
export async function secretStamp(reference: string): Promise<string> {
  const source = secretSource(reference);
  if (source?.kind === "env") return reference; // the environment of a process stays
  const path = source ? credentialPath(source.name, reference) : reference;
  const { mtime, size, ino } = await Deno.stat(path);
  return `${mtime?.getTime()} ${size} ${ino}`;
}

function credentialPath(name: string, reference: string): string {
  const folder = Deno.env.get("CREDENTIALS_DIRECTORY");
  if (folder) return join(folder, name);
  throw new Deno.errors.NotFound(
    `Cannot read ${reference}: CREDENTIALS_DIRECTORY is not set; LoadCredential= of the unit names credentials`,
  );
}
