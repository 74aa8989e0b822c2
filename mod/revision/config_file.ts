/**
 * The file that an operator edits, with the signature beside it.
 *
 * @module
 */
import { MAX_TOML_LENGTH, sha256 } from "../config/mod.ts";
import { readBytesIfExists, readTextIfExists, writeFileAtomic } from "../os/mod.ts";
import type { EditAside } from "./types.ts";

/** A UTF-8 character has at most four bytes. */
const MAX_BYTES = 4 * MAX_TOML_LENGTH;

/** Edits of the file that are kept beside it: `FILE.edited`, the newest, to `FILE.edited.4`. */
const KEPT_EDITS = 5;

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
   * Keeps what stands there beside it, in `FILE.edited`, unless its digest is one of `known`; undefined if there is
   * nothing to keep. Those that were kept before move on to `FILE.edited.1` and so on.
   */
  async setAside(known: readonly string[]): Promise<EditAside | undefined> {
    const bytes = await readBytesIfExists(this.path, MAX_BYTES);
    const digest = bytes && sha256(bytes);
    if (!digest || known.includes(digest)) return undefined;
    const path = this.#editPath(0);
    const newest = await readBytesIfExists(path, MAX_BYTES);
    // The same edit, made once more, takes no place of another.
    if (newest && sha256(newest) === digest) return { path, digest, dropped: false };
    const dropped = await this.#makeRoom();
    await writeFileAtomic(path, bytes, await this.#mode());
    return { path, digest, dropped };
  }

  /** Moves kept edits on, as far as the first gap, the oldest one first; true if one is lost by it. */
  async #makeRoom(): Promise<boolean> {
    let gap = 0;
    while (gap < KEPT_EDITS && await ifThere(Deno.lstat(this.#editPath(gap)))) gap++;
    const last = Math.min(gap, KEPT_EDITS - 1);
    for (let to = last; to > 0; to--) {
      await Deno.rename(this.#editPath(to - 1), this.#editPath(to));
    }
    return gap === KEPT_EDITS;
  }

  #editPath(number: number): string {
    return number === 0 ? `${this.path}.edited` : `${this.path}.edited.${number}`;
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
