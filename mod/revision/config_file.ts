/**
 * The file that an operator edits, with the signature beside it.
 *
 * @module
 */
import { MAX_TOML_LENGTH, sha256 } from "../config/mod.ts";
import { readBytesIfExists, readTextIfExists, writeFileAtomic } from "../os/mod.ts";

/** A UTF-8 character has at most four bytes. */
const MAX_BYTES = 4 * MAX_TOML_LENGTH;

/** The file of a configuration. */
export class ConfigFile {
  /** Where it stands. */
  readonly path: string;

  /** Nothing is read before it is asked for. */
  constructor(path: string) {
    this.path = path;
  }

  /** Its text; undefined if it is not there. */
  read(): Promise<string | undefined> {
    return readTextIfExists(this.path, MAX_BYTES);
  }

  /** The signature in `FILE.sig`; undefined if there is none. */
  readSignature(): Promise<string | undefined> {
    return readTextIfExists(`${this.path}.sig`, MAX_BYTES);
  }

  /**
   * Keeps what stands there beside it, in `FILE.edited`, unless its digest is one of `known`; the path of the copy,
   * undefined if there is nothing to keep.
   */
  async setAside(known: readonly string[]): Promise<string | undefined> {
    const bytes = await readBytesIfExists(this.path, MAX_BYTES);
    if (!bytes || known.includes(sha256(bytes))) return undefined;
    const path = `${this.path}.edited`;
    await writeFileAtomic(path, bytes, await this.#mode());
    return path;
  }

  /** Writes it, whole or not at all, with the permissions that it has; a new one is readable by the owner only. */
  async write(text: string): Promise<void> {
    // An atomic write must not take the place of a link.
    const path = await ifThere(Deno.realPath(this.path)) ?? this.path;
    await writeFileAtomic(path, text, await this.#mode());
  }

  async #mode(): Promise<number> {
    return ((await ifThere(Deno.stat(this.path)))?.mode ?? 0o600) & 0o777;
  }
}

async function ifThere<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
