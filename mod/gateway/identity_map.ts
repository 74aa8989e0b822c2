/**
 * The persisted map of GUIDs: read at start, written whenever the registry learned something new.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import * as v from "valibot";
import {
  finishSteps,
  type GuidMapEntry,
  type Log,
  messageOf,
  SIGNAL_SUFFIX,
  type SignalRegistry,
  type SignalType,
  type Steps,
} from "../core/mod.ts";
import { inTurns, readTextIfExists, writeFileAtomic } from "../os/mod.ts";

const WRITE_DELAY_MS = 500;
/** Entries that are written in one step: about a millisecond. */
const STEP_ENTRIES = 1000;
const MAX_BYTES = 64 * 1024 * 1024;

/** One entry of the map, as it stands in the file and in a backup. */
export const guidMapEntrySchema: v.GenericSchema<GuidMapEntry> = v.object({
  id: v.string(),
  device: v.string(),
  // The keys of the table are exactly the signal types.
  type: v.picklist(Object.keys(SIGNAL_SUFFIX) as SignalType[]),
  label: v.string(),
  phase: v.string(),
  unit: v.string(),
  occurrence: v.number(),
  number: v.number(),
  reference: v.string(),
});

/**
 * The entries in the file at `path`; none if it does not exist.
 *
 * A file that cannot be understood is reported and set aside as `PATH.damaged`: GUIDs are
 * name-based and come out the same, only measurement keys may be numbered anew.
 */
export async function readIdentityMap(path: string, log: Log): Promise<GuidMapEntry[]> {
  const text = await readTextIfExists(path, MAX_BYTES);
  if (text === undefined) return [];
  try {
    return parseIdentityMap(text);
  } catch (error) {
    await Deno.rename(path, `${path}.damaged`);
    log.error(
      `The map of signal GUIDs cannot be read and was set aside as ${path}.damaged: ${
        messageOf(error)
      }`,
    );
    return [];
  }
}

/** The entries in the text of a map. Throws for a text that is none. */
export function parseIdentityMap(text: string): GuidMapEntry[] {
  return v.parse(v.array(guidMapEntrySchema), JSON.parse(text));
}

/** The entries in the map of the state folder `stateDir`, which is left as it is; none if there is no map. */
export async function storedIdentityMap(stateDir: string): Promise<GuidMapEntry[]> {
  const text = await readTextIfExists(identityMapPath(stateDir), MAX_BYTES);
  return text === undefined ? [] : parseIdentityMap(text);
}

/** Where a map that was taken back waits for the next start. */
function restoredMapPath(stateDir: string): string {
  return join(stateDir, "signals.restored.json");
}

/** Keeps a map for the next start, which takes it in place of its own. Throws for a text that is none. */
export async function restoreIdentityMap(stateDir: string, text: string): Promise<void> {
  parseIdentityMap(text);
  await writeFileAtomic(restoredMapPath(stateDir), text, 0o600);
}

/** Puts a map that was taken back in the place of the former one; true if there was one. */
export async function takeRestoredMap(stateDir: string): Promise<boolean> {
  try {
    await Deno.rename(restoredMapPath(stateDir), identityMapPath(stateDir));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Where the map stands in a state folder. */
export function identityMapPath(stateDir: string): string {
  return join(stateDir, "signals.json");
}

/** Writes the map of `registry` to `path` soon after each change; returns the way to stop and write the last one. */
export function keepIdentityMap(
  registry: SignalRegistry,
  path: string,
  log: Log,
): () => Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let written = finishSteps(mapFileSteps(registry)).digest;
  let pending: Promise<void> = Promise.resolve();
  const writeChange = async () => {
    const { bytes, digest } = await inTurns(mapFileSteps(registry));
    if (digest === written) return;
    await writeFileAtomic(path, bytes, 0o600);
    written = digest;
  };
  const write = () => {
    timer = undefined;
    pending = pending.then(writeChange)
      .catch((error) => log.error(`Cannot write the map of signal GUIDs to ${path}: ${error}`));
  };
  const unlisten = registry.onChange(() => timer ??= setTimeout(write, WRITE_DELAY_MS));
  return async () => {
    unlisten();
    clearTimeout(timer);
    write();
    await pending;
  };
}

/** The map as its file, in steps: a large site has tens of megabytes of it, of which the digest alone is kept. */
function* mapFileSteps(
  registry: SignalRegistry,
): Steps<{ bytes: Uint8Array<ArrayBuffer>; digest: string }> {
  const entries = registry.toMap();
  const hash = createHash("sha256");
  const encoder = new TextEncoder();
  const pieces: Uint8Array[] = [];
  let length = 0;
  const add = (text: string) => {
    const piece = encoder.encode(text);
    hash.update(piece);
    pieces.push(piece);
    length += piece.length;
  };
  add("[");
  for (let at = 0; at < entries.length; at += STEP_ENTRIES) {
    const text = JSON.stringify(entries.slice(at, at + STEP_ENTRIES)).slice(1, -1);
    add(at > 0 ? `,${text}` : text);
    yield;
  }
  add("]");
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return { bytes, digest: hash.digest("hex") };
}
