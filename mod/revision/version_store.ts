/**
 * The versions of a configuration on disk: text and facts of each, and which of them runs.
 *
 * @module
 */
import { join } from "node:path";
import * as v from "valibot";
import { MAX_TOML_LENGTH, sha256 } from "../config/mod.ts";
import { type Log, messageOf } from "../core/mod.ts";
import { readTextIfExists, writeFileAtomic } from "../os/mod.ts";
import type { StoredState, VersionInfo } from "./types.ts";

/** Versions that are kept. */
export const KEPT_VERSIONS = 20;

/** A UTF-8 character has at most four bytes. */
const MAX_TEXT_BYTES = 4 * MAX_TOML_LENGTH;
const MAX_FACTS_BYTES = 64 * 1024;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const factsSchema = v.object({
  number: count,
  author: v.string(),
  timeMicros: v.number(),
  comment: v.string(),
  digest: v.string(),
  cause: v.picklist(["file", "push", "edit", "rollback"]),
  outcome: v.picklist(["pending", "good", "undone", "failed"]),
  signature: v.optional(v.string()),
  signer: v.optional(v.string()),
});
const stateSchema = v.object({
  current: count,
  pending: v.optional(v.object({ version: count, previous: count })),
  fileDigest: v.string(),
});

/**
 * The folder of versions. Each write is whole or not at all; facts of a version come after its text.
 *
 * Files are readable by the owner only: texts hold hashes of tokens.
 */
export class VersionStore {
  readonly #folder: string;
  readonly #log: Log;
  readonly #versions = new Map<number, VersionInfo>();
  #state: StoredState | undefined;

  private constructor(folder: string, log: Log) {
    this.#folder = folder;
    this.#log = log;
  }

  /** Reads the folder, which is made if it is not there. What is damaged is told and left out. */
  static async open(folder: string, log: Log): Promise<VersionStore> {
    const store = new VersionStore(folder, log);
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    for await (const { name, isFile } of Deno.readDir(folder)) {
      const number = /^(\d{6,})\.json$/.exec(name)?.[1];
      if (isFile && number !== undefined) await store.#readFacts(name, Number(number));
    }
    store.#state = await store.#read("state.json", stateSchema);
    return store;
  }

  /** Which version runs; undefined before the first one, or if that was lost. */
  get state(): StoredState | undefined {
    return this.#state;
  }

  /** The versions that are kept, newest first. */
  versions(): VersionInfo[] {
    return [...this.#versions.values()].sort((a, b) => b.number - a.number);
  }

  /** A version by number. */
  get(number: number): VersionInfo | undefined {
    return this.#versions.get(number);
  }

  /** The text of a version; undefined if it is not kept, or no longer what its digest says. */
  async text(number: number): Promise<string | undefined> {
    const facts = this.#versions.get(number);
    if (!facts) return undefined;
    try {
      const text = await readTextIfExists(this.#path(number, "toml"), MAX_TEXT_BYTES);
      if (text !== undefined && sha256(text) === facts.digest) return text;
      this.#log.error(
        `The text of version ${number} is ${text === undefined ? "gone" : "damaged"}`,
      );
    } catch (error) {
      this.#log.error(`The text of version ${number} cannot be read: ${error}`);
    }
    return undefined;
  }

  /** Adds a version; it gets the next number. */
  async add(text: string, facts: Omit<VersionInfo, "number" | "digest">): Promise<VersionInfo> {
    const number = Math.max(0, ...this.#versions.keys(), this.#state?.current ?? 0) + 1;
    const info: VersionInfo = { ...facts, number, digest: sha256(text) };
    await writeFileAtomic(this.#path(number, "toml"), text, 0o600);
    await this.#writeFacts(info);
    return info;
  }

  /** Notes what became of a version. */
  async settle(number: number, outcome: VersionInfo["outcome"]): Promise<void> {
    const info = this.#versions.get(number);
    if (info && info.outcome !== outcome) await this.#writeFacts({ ...info, outcome });
  }

  /** Notes which version runs. */
  async setState(state: StoredState): Promise<void> {
    await writeFileAtomic(join(this.#folder, "state.json"), JSON.stringify(state), 0o600);
    this.#state = state;
    await this.#prune();
  }

  async #writeFacts(info: VersionInfo): Promise<void> {
    await writeFileAtomic(this.#path(info.number, "json"), JSON.stringify(info), 0o600);
    this.#versions.set(info.number, info);
  }

  async #readFacts(name: string, number: number): Promise<void> {
    const facts = await this.#read(name, factsSchema);
    if (facts?.number === number) this.#versions.set(number, facts);
  }

  async #read<S extends v.GenericSchema>(
    name: string,
    schema: S,
  ): Promise<v.InferOutput<S> | undefined> {
    try {
      const text = await readTextIfExists(join(this.#folder, name), MAX_FACTS_BYTES);
      return text === undefined ? undefined : v.parse(schema, JSON.parse(text));
    } catch (error) {
      this.#log.error(`${join(this.#folder, name)} cannot be used: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** Removes the oldest beyond the limit, but none that runs or may run again. */
  async #prune(): Promise<void> {
    const { current, pending } = this.#state!; // it was set before
    const needed = new Set([current, pending?.version, pending?.previous]);
    for (const { number } of this.versions().slice(KEPT_VERSIONS)) {
      if (needed.has(number)) continue;
      this.#versions.delete(number);
      for (const kind of ["json", "toml"] as const) {
        await Deno.remove(this.#path(number, kind)).catch((error) => {
          if (!(error instanceof Deno.errors.NotFound)) {
            this.#log.warn(`An old version cannot be removed: ${error}`);
          }
        });
      }
    }
  }

  #path(number: number, kind: "toml" | "json"): string {
    return join(this.#folder, `${String(number).padStart(6, "0")}.${kind}`);
  }
}
