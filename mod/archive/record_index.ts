/**
 * The index of the records in SQLite. It can always be made anew from the files.
 *
 * @module
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { ArchiveEntry, ArchiveQuery } from "./types.ts";

/** Version of the tables; another one is thrown away and made anew. */
const VERSION = 2;
const MAX_LIMIT = 1000;

const TABLES = `
  CREATE TABLE record(
    id TEXT PRIMARY KEY,
    event TEXT NOT NULL,
    stream TEXT NOT NULL,
    file TEXT NOT NULL UNIQUE,
    bytes INTEGER NOT NULL,
    start_us INTEGER NOT NULL,
    end_us INTEGER NOT NULL,
    stored_us INTEGER NOT NULL,
    protected INTEGER NOT NULL,
    summary TEXT NOT NULL
  ) STRICT;
  CREATE INDEX record_start ON record(start_us, id);
  CREATE INDEX record_unprotected ON record(protected, start_us, id);
  PRAGMA user_version = ${VERSION};`;

interface Row {
  readonly id: string;
  readonly event: string;
  readonly stream: string;
  readonly file: string;
  readonly bytes: number;
  readonly start_us: number;
  readonly end_us: number;
  readonly stored_us: number;
  readonly protected: number;
  readonly summary: string;
}

/** What the records are together. */
export interface IndexTotals {
  /** Records. */
  readonly records: number;
  /** Bytes of all files. */
  readonly bytes: number;
  /** Protected records. */
  readonly protectedRecords: number;
  /** Begin of the oldest record, microseconds since 1970; undefined if there is none. */
  readonly oldestMicros: number | undefined;
  /** Begin of the newest record, microseconds since 1970; undefined if there is none. */
  readonly newestMicros: number | undefined;
}

/** A table of records. All calls block, so they belong in a Worker. */
export class RecordIndex {
  readonly #db: DatabaseSync;
  readonly #isNew: boolean;
  readonly #insert: StatementSync;
  readonly #one: StatementSync;
  readonly #delete: StatementSync;
  readonly #protect: StatementSync;
  readonly #oldest: StatementSync;
  readonly #totals: StatementSync;

  /**
   * Opens the index at `path`, or `:memory:`. Throws if it cannot be read or written, or is damaged.
   */
  constructor(path: string) {
    this.#db = new DatabaseSync(path, { timeout: 2000 });
    try {
      // Few writes and a small file: a rollback journal needs no second file that grows, and can be read on a
      // read-only disk. What a power cut takes is found again when files and index are compared.
      this.#db.exec("PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=NORMAL;");
      const version = this.#number("PRAGMA user_version");
      const check = this.#db.prepare("PRAGMA quick_check(1)").get();
      const verdict = check && Object.values(check)[0];
      if (verdict !== "ok") throw new Error(`The index is damaged: ${verdict}`);
      this.#isNew = version !== VERSION;
      if (this.#isNew) this.#db.exec(`DROP TABLE IF EXISTS record; ${TABLES}`);
      this.#insert = this.#db.prepare(
        `INSERT OR REPLACE INTO record
         (id, event, stream, file, bytes, start_us, end_us, stored_us, protected, summary)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      );
      this.#one = this.#db.prepare("SELECT * FROM record WHERE id = ?");
      this.#delete = this.#db.prepare("DELETE FROM record WHERE id = ?");
      this.#protect = this.#db.prepare("UPDATE record SET protected = ?, file = ? WHERE id = ?");
      this.#oldest = this.#db.prepare(
        "SELECT * FROM record WHERE protected = 0 ORDER BY start_us, id LIMIT 1",
      );
      this.#totals = this.#db.prepare(
        `SELECT count(*) AS records, coalesce(sum(bytes), 0) AS bytes,
           coalesce(sum(protected), 0) AS kept, min(start_us) AS oldest, max(start_us) AS newest
         FROM record`,
      );
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** True if the index was empty and has to be filled. */
  get isNew(): boolean {
    return this.#isNew;
  }

  /** Adds a record, in place of one with the same identity. */
  add(entry: ArchiveEntry): void {
    this.#insert.run(
      entry.id,
      entry.event,
      entry.stream,
      entry.file,
      entry.bytes,
      Math.round(entry.startMicros),
      Math.round(entry.endMicros),
      Math.round(entry.storedMicros),
      entry.isProtected ? 1 : 0,
      JSON.stringify(entry.summary),
    );
  }

  /** A record by its identity. */
  get(id: string): ArchiveEntry | undefined {
    return entryOf(this.#one.get(id));
  }

  /** Forgets a record. */
  remove(id: string): void {
    this.#delete.run(id);
  }

  /** A record is protected or not, and has another file name for it. */
  setProtected(id: string, isProtected: boolean, file: string): void {
    this.#protect.run(isProtected ? 1 : 0, file, id);
  }

  /** The oldest record that is not protected. */
  oldest(): ArchiveEntry | undefined {
    return entryOf(this.#oldest.get());
  }

  /** Names of all files with the identities of their records. */
  files(): Map<string, string> {
    const rows = this.#db.prepare("SELECT file, id FROM record").all();
    return new Map(rows.map((row) => [String(row.file), String(row.id)]));
  }

  /** Records that a query asks for, newest first. */
  list(query: ArchiveQuery): ArchiveEntry[] {
    const where: string[] = [];
    const values: (string | number)[] = [];
    const add = (condition: string, ...of: (string | number)[]) => {
      where.push(condition);
      values.push(...of);
    };
    if (query.fromMicros !== undefined) add("start_us >= ?", query.fromMicros);
    if (query.toMicros !== undefined) add("start_us < ?", query.toMicros);
    if (query.stream !== undefined) add("stream = ?", query.stream);
    if (query.id !== undefined) add("id = ?", query.id);
    if (query.event !== undefined) add("event = ?", query.event);
    if (query.isProtected !== undefined) add("protected = ?", query.isProtected ? 1 : 0);
    if (query.after !== undefined) {
      const last = this.get(query.after);
      if (!last) return [];
      add("(start_us, id) < (?, ?)", last.startMicros, last.id);
    }
    const limit = Math.max(1, Math.min(MAX_LIMIT, Math.trunc(query.limit ?? 100)));
    const rows = this.#db.prepare(
      `SELECT * FROM record ${where.length > 0 ? `WHERE ${where.join(" AND ")}` : ""}
       ORDER BY start_us DESC, id DESC LIMIT ${limit}`,
    ).all(...values);
    return rows.flatMap((row) => entryOf(row) ?? []);
  }

  /** What the records are together. */
  totals(): IndexTotals {
    const row = this.#totals.get();
    return {
      records: Number(row?.records ?? 0),
      bytes: Number(row?.bytes ?? 0),
      protectedRecords: Number(row?.kept ?? 0),
      oldestMicros: typeof row?.oldest === "number" ? row.oldest : undefined,
      newestMicros: typeof row?.newest === "number" ? row.newest : undefined,
    };
  }

  /** Runs changes that hold together or not at all. */
  together(changes: () => void): void {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      changes();
      this.#db.exec("COMMIT");
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  /** Closes the file. */
  close(): void {
    this.#db.close();
  }

  #number(sql: string): number {
    const row = this.#db.prepare(sql).get();
    return Number(row && Object.values(row)[0]);
  }
}

function entryOf(found: unknown): ArchiveEntry | undefined {
  if (found === undefined) return undefined;
  const row = found as Row; // the table is STRICT and its columns are those of Row
  return {
    id: row.id,
    event: row.event,
    stream: row.stream,
    file: row.file,
    bytes: row.bytes,
    startMicros: row.start_us,
    endMicros: row.end_us,
    storedMicros: row.stored_us,
    isProtected: row.protected !== 0,
    summary: JSON.parse(row.summary),
  };
}
