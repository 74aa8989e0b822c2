import assert from "node:assert/strict";
import type { Log } from "../core/mod.ts";
import { Archive } from "./archive.ts";
import type { ArchiveOptions } from "./options.ts";
import { INDEX_FILE, RecordStore } from "./record_store.ts";
import { describe, facts, makeRecord, OPTIONS, withFolder, withTmpfs } from "./testing.ts";
import type { ArchiveEntry } from "./types.ts";
import { until } from "../../tests/support/waiting.ts";

const CLOCK = { nowMicros: () => Date.now() * 1000, monotonicMs: () => performance.now() };

interface Made {
  readonly archive: Archive;
  readonly lines: string[];
  readonly stored: ArchiveEntry[];
}

function make(
  folder: string,
  options: ArchiveOptions = OPTIONS,
  entry = "./testing_worker.ts",
): Made {
  const lines: string[] = [];
  const stored: ArchiveEntry[] = [];
  const note = (message: string) => void lines.push(message);
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const archive = new Archive(options, {
    folder,
    clock: CLOCK,
    log,
    makeWorker: () => new Worker(new URL(entry, import.meta.url), { type: "module" }),
    onStored: (entry) => stored.push(entry),
  });
  return { archive, lines, stored };
}

function metric(archive: Archive, name: string, reason?: string): number | undefined {
  return archive.metrics().find((m) =>
    m.name === `archive_${name}` && (reason === undefined || m.labels?.reason === reason)
  )?.value;
}

Deno.test("the archive stores, lists, gives, protects and removes records through its Worker", () =>
  withFolder(async (folder) => {
    const { archive, stored } = make(folder);
    await archive.start();
    for (let n = 0; n < 5; n++) assert.equal(archive.put(makeRecord(n, 10_000)), true);
    assert.equal(archive.put(makeRecord(3, 10_000)), true);
    assert.equal(archive.put(new Uint8Array(100)), true);
    await until(() => archive.status().detail?.queuedRecords === 0);
    assert.deepEqual(stored.map((e) => e.id), [0, 1, 2, 3, 4].map((n) => facts(n).id));
    assert.deepEqual((await archive.list()).map((e) => e.summary.n), [4, 3, 2, 1, 0]);
    const record = await archive.get(facts(2).id);
    assert.deepEqual(record?.bytes, makeRecord(2, 10_000));
    assert.equal(await archive.get("nobody"), undefined);
    assert.equal(await archive.protect(facts(2).id, true), true);
    assert.equal(await archive.protect("nobody", true), false);
    assert.deepEqual((await archive.list({ isProtected: true })).map((e) => e.summary.n), [2]);
    assert.equal(await archive.remove(facts(4).id), true);
    assert.equal(await archive.remove(facts(4).id), false);
    await until(() => metric(archive, "records") === 4);
    assert.equal(metric(archive, "taken_total"), 7);
    assert.equal(metric(archive, "written_total"), 5);
    assert.equal(metric(archive, "duplicates_total"), 1);
    assert.equal(metric(archive, "dropped_total", "unreadable"), 1);
    assert.equal(metric(archive, "removed_total", "order"), 1);
    assert.equal(metric(archive, "protected_records"), 1);
    await archive.stop();
    await archive.stop();
    assert.equal(archive.status().state, "stopped");
    await assert.rejects(archive.list(), /does not run/);
    assert.equal(archive.put(makeRecord(9, 100)), false);
  }));

Deno.test("a full disk: records wait within bounds, an alarm, and all is written when there is room", () =>
  withTmpfs("1m", async (folder) => {
    const { archive, lines, stored } = make(folder, { ...OPTIONS, queueMB: 1.5 });
    await archive.start();
    Deno.writeFileSync(`${folder}/other`, new Uint8Array(600_000));
    assert.equal(archive.put(makeRecord(1, 500_000)), true);
    assert.equal(archive.put(makeRecord(2, 100_000)), true);
    await until(() => metric(archive, "alarm") === 1);
    const status = archive.status();
    assert.deepEqual([status.state, status.detail?.alarm], ["running", "full"]);
    assert.match(status.reason ?? "", /is full/);
    assert.equal(archive.put(makeRecord(3, 800_000)), true);
    assert.equal(archive.put(makeRecord(4, 200_000)), false); // more than 1.5 MB wait
    assert.equal(metric(archive, "dropped_total", "queue"), 1);
    assert.equal(metric(archive, "queued_bytes"), 1_400_000);
    assert.deepEqual(await archive.list(), []);
    Deno.removeSync(`${folder}/other`);
    await until(() => stored.length === 2);
    assert.deepEqual((await archive.list()).map((e) => e.summary.n), [2, 1]);
    await archive.stop(); // the third has no room
    assert.equal(metric(archive, "dropped_total", "lost"), 1);
    assert.ok(lines.some((line) => /is full/.test(line)));
    assert.ok(lines.some((line) => /dropped: too many wait/.test(line)));
    const taken = metric(archive, "taken_total")!;
    assert.equal(taken, 2 + 1 + 1); // written + refused + lost
  }));

Deno.test("a folder that cannot be used makes the start fail, with the reason", async () => {
  const { archive } = make("/proc/tieline");
  const began = performance.now();
  const refusal = await archive.start().then(() => undefined, (error: Error) => error.message);
  // A Worker that a busy machine takes two seconds to begin tells it later, while everything else runs.
  if (refusal === undefined) assert.ok(performance.now() - began > 1900);
  else assert.match(refusal, /Cannot open the archive/);
  await until(() => archive.status().state === "failed");
  assert.match(archive.status().reason!, /Cannot open the archive/);
  await archive.stop();
});

Deno.test("an index that takes long to make anew does not hold up the start, and records are taken", () =>
  withFolder(async (folder) => {
    const store = new RecordStore(folder, OPTIONS, describe, Date.now() * 1000);
    for (let n = 0; n < 60; n++) {
      const bytes = makeRecord(n, 500);
      store.put(bytes, describe(bytes), Date.now() * 1000);
    }
    store.close();
    Deno.removeSync(`${folder}/${INDEX_FILE}`);
    const { archive, stored } = make(folder, OPTIONS, "./testing_slow_worker.ts");
    await archive.start();
    assert.equal(archive.status().state, "starting");
    assert.equal(archive.put(makeRecord(100, 500)), true);
    await until(() => /50 of 60/.test(archive.status().reason ?? ""));
    await until(() => archive.status().state === "running");
    await until(() => stored.length === 1);
    assert.equal((await archive.list({ limit: 1000 })).length, 61);
    await archive.stop();
  }));

Deno.test("a start that is cut off goes on from what it had read", () =>
  withFolder((folder) => {
    const store = new RecordStore(folder, OPTIONS, describe, Date.now() * 1000);
    for (let n = 0; n < 120; n++) {
      const bytes = makeRecord(n, 500);
      store.put(bytes, describe(bytes), Date.now() * 1000);
    }
    store.close();
    Deno.removeSync(`${folder}/${INDEX_FILE}`);
    let read = 0;
    const counting = (bytes: Uint8Array) => {
      read++;
      return describe(bytes);
    };
    assert.throws(() =>
      new RecordStore(folder, OPTIONS, counting, Date.now() * 1000, (done) => {
        if (done === 100) throw new RangeError("cut off");
      }), /cut off/);
    assert.equal(read, 100);
    const again = new RecordStore(folder, OPTIONS, counting, Date.now() * 1000);
    assert.equal(read, 120);
    assert.equal(again.list({ limit: 1000 }).length, 120);
    again.close();
  }));

Deno.test("a Worker that ends fails the part and nothing else, and the part can start again", () =>
  withFolder(async (folder) => {
    const { archive } = make(folder, OPTIONS, "./testing_crash_worker.ts");
    for (let round = 1; round <= 2; round++) {
      await archive.start();
      await until(() => archive.status().state === "running");
      assert.equal(archive.put(makeRecord(1, 1000)), true);
      await until(() => archive.status().state === "failed");
      assert.match(archive.status().reason ?? "", /a defect/);
      await until(() => metric(archive, "dropped_total", "lost") === round);
      await assert.rejects(archive.list(), /does not run/);
      assert.equal(archive.put(makeRecord(2, 1000)), false);
      await archive.stop(); // as the supervisor does before the next start
      assert.equal(archive.status().state, "stopped");
      assert.equal(metric(archive, "queued_bytes"), 0);
    }
  }));

Deno.test("kill -9 in mid-write: nothing half-written is listed, what was complete is there", () =>
  withFolder(async (folder) => {
    let next = 0;
    let interrupted = 0;
    const isWriting = () => [...Deno.readDirSync(folder)].some((e) => e.name.endsWith(".tmp"));
    for (let round = 0; round < 8 || (interrupted === 0 && round < 40); round++) {
      const child = new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "-P=test",
          "--no-check",
          new URL("./testing_writer.ts", import.meta.url).pathname,
          folder,
          String(next),
        ],
        stdout: "piped",
        stderr: "null",
      }).spawn();
      const told: number[] = [];
      const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
      // Let it write two to four records, then kill it somewhere in the next.
      const wanted = 2 + (round % 3);
      for (let text = ""; told.length < wanted;) {
        const { value, done } = await reader.read();
        if (done) throw new Error("Expected the writer to run until it is killed");
        text += value;
        const lines = text.split("\n");
        text = lines.pop()!;
        told.push(...lines.map(Number));
      }
      // Every other time as soon as it has begun one: how long it computes in between is a matter of the machine.
      if (round % 2 === 0) await new Promise((resolve) => setTimeout(resolve, (round % 8) * 0.7));
      else {
        const end = performance.now() + 5000;
        while (!isWriting() && performance.now() < end);
      }
      child.kill("SIGKILL");
      for (let chunk; !(chunk = await reader.read()).done;) {
        told.push(...chunk.value.split("\n").filter((line) => line !== "").map(Number));
      }
      await child.status;
      interrupted += [...Deno.readDirSync(folder)].filter((e) => e.name.endsWith(".tmp")).length;
      const store = new RecordStore(folder, OPTIONS, describe, Date.now() * 1000);
      const listed = store.list({ limit: 1000 });
      for (const { id, summary } of listed) {
        assert.deepEqual(store.get(id)?.bytes, makeRecord(Number(summary.n), 1_000_000));
      }
      const numbers = new Set(listed.map((entry) => entry.summary.n));
      for (const n of told) assert.ok(numbers.has(n), `record ${n} was acknowledged and is gone`);
      assert.equal(store.figures().unreadable, 0);
      assert.deepEqual(
        [...Deno.readDirSync(folder)].filter((e) => e.name.endsWith(".tmp")).map((e) => e.name),
        [],
      );
      next = Math.max(...told, ...listed.map((entry) => Number(entry.summary.n))) + 1;
      store.close();
    }
    assert.ok(interrupted > 0, "expected at least one kill in mid-write");
  }));
