/**
 * Records as files of one folder: whole or not at all.
 *
 * @module
 */
import { statfsSync } from "node:fs";
import { join } from "node:path";

/** End of the name of a record. */
const RECORD = ".cbor";
/** End of the name of a protected record: the protection survives the loss of the index. */
const KEPT = ".keep.cbor";
/** End of the name of a file that is being written. */
const UNFINISHED = ".tmp";
const SLICE_BYTES = 256 * 1024;

/** The files of one folder. All calls block, so they belong in a Worker. */
export class RecordFiles {
  /** The folder. */
  readonly folder: string;

  /** Files of `folder`, which is made if it is not there. */
  constructor(folder: string) {
    this.folder = folder;
    Deno.mkdirSync(folder, { recursive: true, mode: 0o750 });
  }

  /** Names of all records. */
  list(): string[] {
    return [...Deno.readDirSync(this.folder)]
      .filter((entry) => entry.isFile && entry.name.endsWith(RECORD) && !entry.name.startsWith("."))
      .map((entry) => entry.name);
  }

  /** Removes what was begun and not finished; returns how many files that were. */
  clean(): number {
    let count = 0;
    for (const { name } of Deno.readDirSync(this.folder)) {
      if (!name.startsWith(".") || !name.endsWith(UNFINISHED)) continue;
      Deno.removeSync(join(this.folder, name));
      count++;
    }
    return count;
  }

  /** Bytes that the file system has left for this user; infinite where the program may not ask. */
  free(): number {
    try {
      const { bavail, bsize } = statfsSync(this.folder);
      return bavail * bsize;
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) return Infinity; // a write will tell
      throw error;
    }
  }

  /**
   * Writes a record: temporary file, sync, rename, sync of the folder. After it returns the record
   * outlives a power cut; before, there is no record of this name.
   */
  write(name: string, bytes: Uint8Array): void {
    const temporary = join(this.folder, `.${name}${UNFINISHED}`);
    try {
      const file = Deno.openSync(temporary, {
        write: true,
        create: true,
        truncate: true,
        mode: 0o640,
      });
      try {
        for (let at = 0; at < bytes.length;) {
          at += file.writeSync(bytes.subarray(at, at + SLICE_BYTES));
        }
        file.syncSync();
      } finally {
        file.close();
      }
      Deno.renameSync(temporary, join(this.folder, name));
    } catch (error) {
      removeIfThere(temporary);
      throw error;
    }
    this.#sync();
  }

  /** The bytes of a record; undefined if it is not there. */
  read(name: string): Uint8Array<ArrayBuffer> | undefined {
    try {
      return Deno.readFileSync(join(this.folder, name));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /** When a file was written, microseconds since 1970; 0 where that is not known. */
  writtenMicros(name: string): number {
    return (Deno.statSync(join(this.folder, name)).mtime?.getTime() ?? 0) * 1000;
  }

  /** Removes a record; nothing happens if it is not there. */
  remove(name: string): void {
    removeIfThere(join(this.folder, name), true);
  }

  /** Makes a record protected, or not, by its name, which is returned. */
  protect(name: string, isProtected: boolean): string {
    if (isProtectedName(name) === isProtected) return name;
    const renamed = isProtected
      ? name.slice(0, -RECORD.length) + KEPT
      : name.slice(0, -KEPT.length) + RECORD;
    Deno.renameSync(join(this.folder, name), join(this.folder, renamed));
    this.#sync();
    return renamed;
  }

  #sync(): void {
    const folder = Deno.openSync(this.folder, { read: true });
    try {
      folder.syncSync();
    } finally {
      folder.close();
    }
  }
}

/** True if the name is that of a protected record. */
export function isProtectedName(name: string): boolean {
  return name.endsWith(KEPT);
}

/** Name of the file of a record: time, stream and identity, for people who look into the folder. */
export function recordFileName(startMicros: number, stream: string, id: string): string {
  const time = Number.isFinite(startMicros) && Math.abs(startMicros) < 8.64e18
    ? new Date(startMicros / 1000).toISOString().replaceAll(/[-:]/g, "")
    : "unknown";
  return `${time}_${stream.replaceAll(/[^A-Za-z0-9_-]/g, "-").slice(0, 64)}_${id}${RECORD}`;
}

function removeIfThere(path: string, mustWork = false): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (mustWork && !(error instanceof Deno.errors.NotFound)) throw error;
  }
}
