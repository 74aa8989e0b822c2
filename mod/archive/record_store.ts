/**
 * The store of records: files, their index, and how many of them are kept.
 *
 * @module
 */
import { join } from "node:path";
import { messageOf } from "../core/mod.ts";
import { isProtectedName, recordFileName, RecordFiles } from "./record_files.ts";
import { RecordIndex } from "./record_index.ts";
import type { ArchiveOptions } from "./options.ts";
import type {
  ArchiveEntry,
  ArchiveQuery,
  DiskProblem,
  RecordFacts,
  StoreFigures,
} from "./types.ts";

/** Name of the index; it can be removed while the program does not run. */
export const INDEX_FILE = "index.sqlite";

const MEGABYTE = 1e6;
const MICROS_PER_DAY = 86_400e6;

/** What became of a record. */
export type PutOutcome = "stored" | "duplicate" | "tooLarge" | "failed";

/** Files that are read between two commits of the index, so that a start that is cut off loses little. */
const BATCH = 50;

/** Told while files are read into the index: how many of how many. */
export type OpeningProgress = (done: number, total: number) => void;

/** Reads what a record says of itself; throws for bytes that are no whole record. */
export type Describe = (bytes: Uint8Array) => RecordFacts;

/** Records in one folder. All calls block, so it belongs in a Worker. */
export class RecordStore {
  readonly #options: ArchiveOptions;
  readonly #describe: Describe;
  readonly #progress: OpeningProgress;
  readonly #files: RecordFiles;
  #index: RecordIndex;
  #indexProblem: string | undefined;
  #problem: DiskProblem | undefined;
  #written = 0;
  #writtenBytes = 0;
  #duplicates = 0;
  #tooLarge = 0;
  #removed = { age: 0, count: 0, bytes: 0, order: 0 };
  #failures = 0;
  #unfinished = 0;
  #unreadable = 0;
  #rebuilds = 0;

  /**
   * Opens the folder: removes what was not finished, and brings the index in line with the files. An
   * index that is damaged or cannot be written is made anew, on disk or in memory.
   *
   * Throws only if the folder cannot be read.
   */
  constructor(
    folder: string,
    options: ArchiveOptions,
    describe: Describe,
    nowMicros: number,
    progress: OpeningProgress = () => {},
  ) {
    this.#options = options;
    this.#describe = describe;
    this.#progress = progress;
    this.#files = new RecordFiles(folder);
    try {
      this.#unfinished = this.#files.clean();
    } catch (error) {
      this.#fail(error, nowMicros);
    }
    this.#index = this.#openIndex();
    this.#reconcile(nowMicros);
    this.trim(nowMicros);
  }

  /** Writes a record of which `describe` tells; `failed` if the disk takes nothing, which is tried again later. */
  put(bytes: Uint8Array, facts: RecordFacts, nowMicros: number): PutOutcome {
    if (this.#index.get(facts.id)) {
      this.#duplicates++;
      return "duplicate";
    }
    if (bytes.length > this.#options.maxMB * MEGABYTE) {
      this.#tooLarge++;
      return "tooLarge";
    }
    const file = recordFileName(facts.startMicros, facts.stream, facts.id);
    try {
      if (!this.#makeRoom(bytes.length, nowMicros)) return "failed";
      this.#files.write(file, bytes);
    } catch (error) {
      this.#fail(error, nowMicros);
      return "failed";
    }
    this.#problem = undefined;
    this.#written++;
    this.#writtenBytes += bytes.length;
    this.#keepInIndex({
      ...facts,
      file,
      bytes: bytes.length,
      storedMicros: nowMicros,
      isProtected: false,
    });
    return "stored";
  }

  /** Records, newest first. */
  list(query: ArchiveQuery): ArchiveEntry[] {
    return this.#index.list(query);
  }

  /** What the index says of a record; undefined if there is none. */
  entry(id: string): ArchiveEntry | undefined {
    return this.#index.get(id);
  }

  /** A record with its bytes; undefined if there is none. */
  get(id: string): { entry: ArchiveEntry; bytes: Uint8Array<ArrayBuffer> } | undefined {
    const entry = this.#index.get(id);
    if (!entry) return undefined;
    const bytes = this.#files.read(entry.file);
    if (bytes) return { entry, bytes };
    this.#changeIndex(() => this.#index.remove(id)); // somebody has removed the file
    return undefined;
  }

  /** Protects a record or lets it go; false if there is none. Throws if the disk refuses. */
  protect(id: string, isProtected: boolean): boolean {
    const entry = this.#index.get(id);
    if (!entry) return false;
    const file = this.#files.protect(entry.file, isProtected);
    this.#changeIndex(() => this.#index.setProtected(id, isProtected, file));
    return true;
  }

  /** Removes a record, protected or not; false if there is none. Throws if the disk refuses. */
  remove(id: string): boolean {
    const entry = this.#index.get(id);
    if (!entry) return false;
    this.#drop(entry);
    this.#removed.order++;
    return true;
  }

  /** Removes what is too old or too much. */
  trim(nowMicros: number): void {
    try {
      this.#trim(0, 0, nowMicros);
    } catch (error) {
      this.#fail(error, nowMicros);
    }
  }

  /** What was counted. */
  figures(): StoreFigures {
    return {
      ...this.#index.totals(),
      written: this.#written,
      writtenBytes: this.#writtenBytes,
      duplicates: this.#duplicates,
      tooLarge: this.#tooLarge,
      removedForAge: this.#removed.age,
      removedForCount: this.#removed.count,
      removedForBytes: this.#removed.bytes,
      removedByOrder: this.#removed.order,
      failures: this.#failures,
      unfinished: this.#unfinished,
      unreadable: this.#unreadable,
      rebuilds: this.#rebuilds,
      problem: this.#problem,
      indexProblem: this.#indexProblem,
    };
  }

  /** Closes the index. */
  close(): void {
    this.#index.close();
  }

  /** Makes room for a record of `bytes`; false, with the problem told, if there is none. */
  #makeRoom(bytes: number, nowMicros: number): boolean {
    this.#trim(1, bytes, nowMicros);
    const { records, bytes: used } = this.#index.totals();
    const { maxMB, maxRecords, minFreeMB } = this.#options;
    if (used + bytes > maxMB * MEGABYTE || records + 1 > maxRecords) {
      const message = `The archive has no room for a record of ${bytes} bytes: ` +
        `what is left of ${maxRecords} records and ${maxMB} MB is protected`;
      this.#setProblem("protected", message, nowMicros);
      return false;
    }
    const free = this.#files.free();
    if (free - bytes < minFreeMB * MEGABYTE) {
      const message = `The disk of ${this.#files.folder} is full: ${
        (free / MEGABYTE).toFixed(1)
      } MB are free, ${minFreeMB} MB are to stay free`;
      this.#setProblem("full", message, nowMicros);
      return false;
    }
    return true;
  }

  #trim(moreRecords: number, moreBytes: number, nowMicros: number): void {
    const { maxAgeDays, maxRecords, maxMB } = this.#options;
    const oldestMicros = maxAgeDays > 0 ? nowMicros - maxAgeDays * MICROS_PER_DAY : -Infinity;
    let { records, bytes } = this.#index.totals();
    for (;;) {
      const entry = this.#index.oldest();
      if (!entry) return;
      const why = entry.startMicros < oldestMicros
        ? "age"
        : records + moreRecords > maxRecords
        ? "count"
        : bytes + moreBytes > maxMB * MEGABYTE
        ? "bytes"
        : undefined;
      if (!why) return;
      this.#drop(entry);
      this.#removed[why]++;
      records--;
      bytes -= entry.bytes;
    }
  }

  #drop(entry: ArchiveEntry): void {
    this.#files.remove(entry.file);
    this.#changeIndex(() => this.#index.remove(entry.id));
  }

  #keepInIndex(entry: ArchiveEntry): void {
    this.#changeIndex(() => this.#index.add(entry));
  }

  /** Changes the index; if it cannot be written any more, one in memory takes its place. */
  #changeIndex(change: () => void): void {
    try {
      change();
    } catch (error) {
      this.#indexProblem = messageOf(error);
      closeQuietly(this.#index);
      this.#index = new RecordIndex(":memory:");
      this.#fill();
    }
  }

  #openIndex(): RecordIndex {
    const path = join(this.#files.folder, INDEX_FILE);
    try {
      return new RecordIndex(path);
    } catch {
      // Damaged, or of a program that is gone: it holds nothing that the files do not.
      for (const end of ["", "-journal"]) {
        try {
          Deno.removeSync(path + end);
        } catch {
          // it may not be there, or the disk is read-only
        }
      }
    }
    try {
      return new RecordIndex(path);
    } catch (error) {
      this.#indexProblem = messageOf(error);
      return new RecordIndex(":memory:");
    }
  }

  /** Brings the index in line with the files. */
  #reconcile(nowMicros: number): void {
    if (this.#index.isNew) {
      this.#fill();
      return;
    }
    const known = this.#index.files();
    const there = new Set(this.#files.list());
    this.#changeIndex(() => {
      this.#index.together(() => {
        for (const [file, id] of known) if (!there.has(file)) this.#index.remove(id);
      });
    });
    const fresh = [...there].filter((file) => !known.has(file));
    this.#changeIndex(() => this.#readAll(fresh, () => nowMicros));
  }

  #fill(): void {
    this.#unreadable = 0;
    const files = this.#files.list();
    if (files.length > 0) this.#rebuilds++;
    this.#readAll(files, (file) => this.#files.writtenMicros(file));
  }

  /** Reads files into the index, batch by batch: what is read stays read. */
  #readAll(files: readonly string[], storedMicros: (file: string) => number): void {
    for (let at = 0; at < files.length; at += BATCH) {
      const batch = files.slice(at, at + BATCH);
      this.#index.together(() => {
        for (const file of batch) this.#read(file, storedMicros(file));
      });
      this.#progress(Math.min(files.length, at + BATCH), files.length);
    }
  }

  #read(file: string, storedMicros: number): void {
    let bytes: Uint8Array | undefined;
    let facts: RecordFacts;
    try {
      bytes = this.#files.read(file);
      if (!bytes) return;
      facts = this.#describe(bytes);
    } catch {
      // No whole record, or one of somebody else's: it costs only itself.
      this.#unreadable++;
      return;
    }
    const isProtected = isProtectedName(file);
    this.#index.add({ ...facts, file, bytes: bytes.length, storedMicros, isProtected });
  }

  #fail(error: unknown, nowMicros: number): void {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const kind = code === "ENOSPC" || code === "EDQUOT"
      ? "full"
      : code === "EROFS" || error instanceof Deno.errors.PermissionDenied
      ? "readOnly"
      : "io";
    const what = { full: "is full", readOnly: "is read-only", io: "does not work" }[kind];
    this.#setProblem(
      kind,
      `The disk of ${this.#files.folder} ${what}: ${messageOf(error)}`,
      nowMicros,
    );
  }

  #setProblem(kind: DiskProblem["kind"], message: string, nowMicros: number): void {
    this.#failures++;
    const sinceMicros = this.#problem?.kind === kind ? this.#problem.sinceMicros : nowMicros;
    this.#problem = { kind, message, sinceMicros };
  }
}

function closeQuietly(index: RecordIndex): void {
  try {
    index.close();
  } catch {
    // it is given up
  }
}
