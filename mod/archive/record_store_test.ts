import assert from "node:assert/strict";
import { join } from "node:path";
import { INDEX_FILE, RecordStore } from "./record_store.ts";
import { describe, facts, makeRecord, OPTIONS, withFolder, withTmpfs } from "./testing.ts";

const NOW = 1_700_000_000e6;
const DAY = 86_400e6;

function open(folder: string, options = OPTIONS, now = NOW): RecordStore {
  return new RecordStore(folder, options, describe, now);
}

function put(store: RecordStore, n: number, size = 1000, now = NOW) {
  const bytes = makeRecord(n, size);
  return store.put(bytes, describe(bytes), now);
}

const ids = (store: RecordStore) => store.list({}).map((entry) => entry.summary.n);

Deno.test("records are stored, listed newest first, read, and found again", () =>
  withFolder((folder) => {
    const store = open(folder);
    for (const n of [2, 1, 3]) assert.equal(put(store, n), "stored");
    assert.equal(put(store, 2), "duplicate");
    assert.deepEqual(ids(store), [3, 2, 1]);
    const { id } = facts(2);
    assert.deepEqual(store.get(id)?.bytes, makeRecord(2, 1000));
    assert.equal(store.get("nobody"), undefined);
    const { records, bytes, written, duplicates } = store.figures();
    assert.deepEqual([records, bytes, written, duplicates], [3, 3000, 3, 1]);
    store.close();
    const again = open(folder);
    assert.deepEqual(ids(again), [3, 2, 1]);
    assert.equal(again.figures().rebuilds, 0);
    again.close();
  }));

Deno.test("lists go by time, stream, event and protection, page by page", () =>
  withFolder((folder) => {
    const store = open(folder);
    for (let n = 0; n < 25; n++) put(store, n);
    store.protect(facts(7).id, true);
    const of = (query: Parameters<RecordStore["list"]>[0]) =>
      store.list(query).map((entry) => entry.summary.n);
    assert.deepEqual(of({ fromMicros: facts(22).startMicros }), [24, 23, 22]);
    assert.deepEqual(of({ toMicros: facts(2).startMicros }), [1, 0]);
    assert.deepEqual(of({ stream: facts(3).stream, limit: 2 }), [23, 18]);
    assert.deepEqual(of({ event: facts(3).event }), [3]);
    assert.deepEqual(of({ isProtected: true }), [7]);
    const pages: unknown[] = [];
    let page = store.list({ limit: 10 });
    while (page.length > 0) {
      pages.push(page.map((entry) => entry.summary.n));
      page = store.list({ limit: 10, after: page.at(-1)!.id });
    }
    assert.deepEqual(pages.flat(), Array.from({ length: 25 }, (_, i) => 24 - i));
    assert.deepEqual(of({ after: "nobody" }), []);
    store.close();
  }));

for (
  const [name, spoil] of [
    ["lost", (path: string) => Deno.removeSync(path)],
    ["damaged", (path: string) => Deno.writeFileSync(path, new Uint8Array(8192).fill(7))],
    ["cut short", (path: string) => Deno.truncateSync(path, 5000)],
    ["empty", (path: string) => Deno.truncateSync(path, 0)],
  ] as [string, (path: string) => void][]
) {
  Deno.test(`an index that is ${name} is made anew from the files, protection included`, () =>
    withFolder((folder) => {
      const store = open(folder);
      for (let n = 0; n < 30; n++) put(store, n);
      assert.equal(store.protect(facts(4).id, true), true);
      store.close();
      spoil(join(folder, INDEX_FILE));
      const again = open(folder);
      assert.deepEqual(ids(again), Array.from({ length: 30 }, (_, i) => 29 - i));
      assert.deepEqual(again.list({ isProtected: true }).map((e) => e.summary.n), [4]);
      const { rebuilds, indexProblem } = again.figures();
      assert.deepEqual([rebuilds, indexProblem], [1, undefined]);
      assert.deepEqual(again.get(facts(4).id)?.bytes, makeRecord(4, 1000));
      again.close();
    }));
}

Deno.test("files that come or go while the program does not run are followed", () =>
  withFolder((folder) => {
    const store = open(folder);
    for (let n = 0; n < 4; n++) put(store, n);
    const gone = store.list({})[0]!.file, kept = store.list({})[1]!.file;
    store.close();
    const saved = Deno.readFileSync(join(folder, gone));
    Deno.removeSync(join(folder, gone));
    Deno.writeFileSync(join(folder, "copy_of_another.cbor"), makeRecord(9, 500));
    Deno.writeFileSync(join(folder, "half.cbor"), saved.subarray(0, 300));
    Deno.writeFileSync(join(folder, `.${kept}.tmp`), saved.subarray(0, 300));
    const again = open(folder);
    assert.deepEqual(ids(again), [9, 2, 1, 0]);
    const { unreadable, unfinished } = again.figures();
    assert.deepEqual([unreadable, unfinished], [1, 1]);
    // The half file is left for people to look at; what was not finished is gone.
    assert.deepEqual(
      [...Deno.readDirSync(folder)].map((e) => e.name).filter((n) => /half|tmp/.test(n)),
      ["half.cbor"],
    );
    again.close();
  }));

Deno.test("a file that may not be read costs only itself, and is listed once it can be", () =>
  withFolder((folder) => {
    const store = open(folder);
    for (const n of [1, 2]) put(store, n);
    const { file } = store.entry(facts(1).id)!;
    store.close();
    Deno.removeSync(join(folder, INDEX_FILE));
    const { readFileSync } = Deno;
    Deno.readFileSync = (path) => { // root, who runs tests too, may read everything
      if (String(path).endsWith(file)) throw new Deno.errors.PermissionDenied("Permission denied");
      return readFileSync(path);
    };
    try {
      const without = open(folder);
      assert.deepEqual(ids(without), [2]);
      assert.equal(without.figures().unreadable, 1);
      without.close();
    } finally {
      Deno.readFileSync = readFileSync;
    }
    const again = open(folder);
    assert.deepEqual(ids(again), [2, 1]);
    again.close();
  }));

Deno.test("a file that somebody removes is no longer listed once it was asked for", () =>
  withFolder((folder) => {
    const store = open(folder);
    put(store, 1);
    Deno.removeSync(join(folder, store.list({})[0]!.file));
    assert.equal(store.get(facts(1).id), undefined);
    assert.deepEqual(ids(store), []);
    store.close();
  }));

Deno.test("retention: by count, bytes and age, the oldest first, protected ones never", () =>
  withFolder((folder) => {
    const store = open(folder, { ...OPTIONS, maxRecords: 5, maxMB: 0.0045 });
    for (let n = 0; n < 3; n++) put(store, n);
    store.protect(facts(0).id, true);
    for (let n = 3; n < 10; n++) assert.equal(put(store, n, 1000), "stored");
    assert.deepEqual(ids(store), [9, 8, 7, 0]); // 4,500 bytes have room for four
    assert.equal(store.figures().removedForBytes, 6);
    for (let n = 10; n < 20; n++) put(store, n, 100);
    assert.deepEqual(ids(store), [19, 18, 17, 16, 0]);
    assert.equal(store.figures().removedForCount > 0, true);
    store.close();
    const aged = open(folder, { ...OPTIONS, maxAgeDays: 1 }, facts(18).startMicros + DAY);
    assert.deepEqual(ids(aged), [19, 18, 0]);
    assert.equal(aged.figures().removedForAge, 2);
    aged.close();
  }));

Deno.test("an archive that is full of protected records says so and takes nothing", () =>
  withFolder((folder) => {
    const store = open(folder, { ...OPTIONS, maxRecords: 2 });
    for (const n of [1, 2]) {
      put(store, n);
      store.protect(facts(n).id, true);
    }
    assert.equal(put(store, 3), "failed");
    assert.equal(store.figures().problem?.kind, "protected");
    store.protect(facts(1).id, false);
    assert.equal(put(store, 3), "stored");
    assert.equal(store.figures().problem, undefined);
    assert.deepEqual(ids(store), [3, 2]);
    assert.equal(store.remove(facts(2).id), true);
    assert.equal(store.remove(facts(2).id), false);
    assert.equal(put(open(folder, { ...OPTIONS, maxMB: 0.001 }), 5, 2000), "tooLarge");
    store.close();
  }));

Deno.test("a disk that is full: nothing half-written, an alarm, and on when there is room", () =>
  withTmpfs("1m", (folder) => {
    const store = open(folder, { ...OPTIONS, maxMB: 100 });
    assert.equal(put(store, 1, 200_000), "stored");
    assert.equal(put(store, 2, 5_000_000), "failed"); // ends in mid-write
    const { problem, failures } = store.figures();
    assert.deepEqual([problem?.kind, failures], ["full", 1]);
    assert.match(problem!.message, /is full/);
    assert.deepEqual(ids(store), [1]);
    assert.deepEqual(
      [...Deno.readDirSync(folder)].map((e) => e.name).filter((n) => n.endsWith(".tmp")),
      [],
    );
    Deno.writeFileSync(join(folder, "other"), new Uint8Array(650_000));
    assert.equal(put(store, 3, 300_000), "failed");
    assert.deepEqual(store.get(facts(1).id)?.bytes, makeRecord(1, 200_000));
    Deno.removeSync(join(folder, "other"));
    assert.equal(put(store, 3, 300_000), "stored");
    assert.equal(store.figures().problem, undefined);
    store.close();
    const again = open(folder);
    assert.deepEqual(ids(again), [3, 1]);
    again.close();
  }));

Deno.test("a full disk leaves the index usable: what was written is listed", () =>
  withTmpfs("1m", (folder) => {
    const store = open(folder, { ...OPTIONS, maxMB: 100 });
    let stored = 0;
    while (put(store, stored, 3000) === "stored") stored++;
    assert.ok(stored > 100);
    assert.equal(store.list({ limit: 1000 }).length, stored);
    store.close();
    const again = open(folder, { ...OPTIONS, maxMB: 100 });
    assert.equal(again.list({ limit: 1000 }).length, stored);
    again.close();
  }));

Deno.test("a reserve of the disk is left to others", () =>
  withTmpfs("2m", (folder) => {
    const store = open(folder, { ...OPTIONS, minFreeMB: 1 });
    assert.equal(put(store, 1, 500_000), "stored");
    assert.equal(put(store, 2, 600_000), "failed");
    assert.equal(store.figures().problem?.kind, "full");
    store.close();
  }));

Deno.test("a read-only disk: records are read, nothing is written, an alarm", () =>
  withTmpfs("1m", async (folder, remount) => {
    const store = open(folder);
    put(store, 1);
    store.close();
    await remount("ro");
    const reader = open(folder);
    assert.deepEqual(ids(reader), [1]);
    assert.deepEqual(reader.get(facts(1).id)?.bytes, makeRecord(1, 1000));
    assert.equal(put(reader, 2), "failed");
    assert.equal(reader.figures().problem?.kind, "readOnly");
    assert.throws(() => reader.remove(facts(1).id));
    assert.deepEqual(ids(reader), [1]);
    await remount("rw");
    assert.equal(put(reader, 2), "stored");
    assert.deepEqual(ids(reader), [2, 1]);
    reader.close();
  }));
