/**
 * Files written whole or not at all, and read within bounds.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";

/** Most bytes that {@linkcode readTextIfExists} reads unless told otherwise. */
export const MAX_TEXT_BYTES = 16 * 1024 * 1024;

/**
 * Writes `bytes` to `path` so that a reader, or a start after a power cut, finds the old or the new content whole.
 *
 * A temporary file beside it is written, synced, renamed, and the folder is synced. `mode` is exact, whatever the umask.
 */
export async function writeFileAtomic(
  path: string,
  bytes: Uint8Array | string,
  mode = 0o644,
): Promise<void> {
  const content = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${crypto.randomUUID()}.tmp`);
  try {
    const file = await Deno.open(temporary, { write: true, createNew: true, mode });
    try {
      await Deno.chmod(temporary, mode);
      for (let at = 0; at < content.length;) at += await file.write(content.subarray(at));
      await file.sync();
    } finally {
      file.close();
    }
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {}); // it may never have been made
    throw named(error, "write", path, temporary);
  }
  await syncFolder(folder);
}

/**
 * Reads a text file; undefined if there is none. Throws a `RangeError` when it is larger than `maxBytes`,
 * and a `TypeError` when it is not UTF-8.
 */
export async function readTextIfExists(
  path: string,
  maxBytes: number = MAX_TEXT_BYTES,
): Promise<string | undefined> {
  const bytes = await readBytesIfExists(path, maxBytes);
  return bytes && new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

/** Reads a file; undefined if there is none. Throws a `RangeError` when it is larger than `maxBytes`. */
export async function readBytesIfExists(
  path: string,
  maxBytes: number = MAX_TEXT_BYTES,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { read: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  try {
    const { size } = await file.stat();
    if (size > maxBytes) throw tooLarge(path, maxBytes, size);
    // One byte more than expected shows a file that grows while it is read, or a device without a size.
    let buffer = new Uint8Array(Math.min(size, maxBytes) + 1);
    let length = 0;
    for (;;) {
      const got = await file.read(buffer.subarray(length));
      if (got === null) return buffer.slice(0, length);
      length += got;
      if (length > maxBytes) throw tooLarge(path, maxBytes, length);
      if (length === buffer.length) {
        const grown = new Uint8Array(Math.min(2 * length, maxBytes) + 1);
        grown.set(buffer);
        buffer = grown;
      }
    }
  } catch (error) {
    throw named(error, "read", path);
  } finally {
    file.close();
  }
}

/**
 * The error with the file that was meant: the platform names a temporary one, or none where the disk is full or a folder
 * is read.
 */
function named(error: unknown, operation: string, path: string, temporary = path): unknown {
  if (!(error instanceof Error)) return error;
  const told = error.message.replaceAll(temporary, path);
  error.message = told.includes(path) ? told : `${told}: ${operation} '${path}'`;
  return error;
}

function tooLarge(path: string, maxBytes: number, size: number): RangeError {
  return new RangeError(
    `Cannot read ${path}: expected at most ${maxBytes} bytes, found ${size} or more`,
  );
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await Deno.open(folder, { read: true });
  try {
    await handle.sync();
  } finally {
    handle.close();
  }
}
