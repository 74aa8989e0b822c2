/**
 * What runs after a start: the file if it was edited and is in order, else the last good version.
 *
 * @module
 */
import { sha256 } from "../config/mod.ts";
import { messageOf } from "../core/mod.ts";
import type { KeeperOptions, Revision } from "./change.ts";
import type { ConfigFile } from "./config_file.ts";
import { neededSigner } from "./signature.ts";
import type { VersionStore } from "./version_store.ts";

/** What runs, and what an operator has to know of how it came to that. */
export interface Loaded<C> extends Revision<C> {
  /** What is wrong; empty if nothing. */
  readonly note: string;
}

/**
 * Decides what runs. A change that was not confirmed before the program ended is taken back.
 *
 * Throws ConfigError only if there is no version yet and the file cannot be used, and what the platform says if there
 * is neither.
 */
export async function load<C, P>(
  options: KeeperOptions<C, P>,
  file: ConfigFile,
  store: VersionStore,
): Promise<Loaded<C>> {
  const notes: string[] = [];
  const { state } = store;
  if (state?.pending) {
    const { version, previous } = state.pending;
    notes.push(
      `Version ${version} was not confirmed before the program ended, so it was taken back`,
    );
    try {
      await store.settle(version, "undone");
      await store.setState({ current: previous, fileDigest: state.fileDigest });
    } catch (error) {
      notes.push(`That cannot be noted: ${messageOf(error)}`);
    }
  }
  const kept = await lastGood(options, store, state?.current ?? Infinity, notes);
  let fileText: string;
  try {
    fileText = await textOf(file);
  } catch (error) {
    if (!kept) throw error;
    notes.push(`${messageOf(error)}, so version ${kept.version.number} runs`);
    return { ...kept, note: notes.join("; ") };
  }
  if (kept && sha256(fileText) === state?.fileDigest) return { ...kept, note: notes.join("; ") };
  try {
    const digest = sha256(fileText);
    const config = options.read(fileText, file.path);
    let version = kept?.version;
    if (!version || version.digest !== digest) {
      const signers = kept ? options.signersOf(kept.config) : [];
      const signature = await file.readSignature();
      const signer = await neededSigner(fileText, signature, signers, `in ${file.path}.sig`);
      version = await store.add(fileText, {
        author: "file",
        timeMicros: options.clock.nowMicros(),
        comment: "",
        cause: "file",
        outcome: "good",
        ...(signer !== undefined && { signature: signature!.trim(), signer }),
      });
    }
    await store.setState({ current: version.number, fileDigest: digest });
    return { version, text: fileText, config, note: notes.join("; ") };
  } catch (error) {
    if (!kept) throw error;
    notes.push(
      `${file.path} cannot be used, so version ${kept.version.number} runs: ${messageOf(error)}`,
    );
    return { ...kept, note: notes.join("; ") };
  }
}

/** The newest version up to `limit` that has run and can still be read. */
async function lastGood<C, P>(
  options: KeeperOptions<C, P>,
  store: VersionStore,
  limit: number,
  notes: string[],
): Promise<Revision<C> | undefined> {
  for (const version of store.versions()) {
    if (version.number > limit || version.outcome !== "good") continue;
    const text = await store.text(version.number);
    try {
      if (text === undefined) throw new Error("its text is gone or damaged");
      return { version, text, config: options.read(text, `version ${version.number}`) };
    } catch (error) {
      notes.push(`Version ${version.number} cannot be used: ${messageOf(error)}`);
    }
  }
  return undefined;
}

/** The text of the file. Throws what the platform says if it cannot be read, and NotFound if there is none. */
async function textOf(file: ConfigFile): Promise<string> {
  const text = await file.read();
  if (text === undefined) {
    throw new Deno.errors.NotFound(`Cannot read ${file.path}: there is no such file`);
  }
  return text;
}
