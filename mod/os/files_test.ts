import assert from "node:assert/strict";
import { join } from "node:path";
import { readBytesIfExists, readTextIfExists, writeFileAtomic } from "./files.ts";

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const names = (folder: string) => [...Deno.readDirSync(folder)].map((entry) => entry.name);

Deno.test("a file is written whole, with its mode, and replaced", () =>
  inFolder(async (folder) => {
    const path = join(folder, "state.json");
    for (const [content, mode] of [["first", 0o600], ["second", 0o644], ["", 0o666]] as const) {
      await writeFileAtomic(path, content, mode);
      assert.equal(await readTextIfExists(path), content);
      assert.equal((await Deno.stat(path)).mode! & 0o777, mode);
      assert.deepEqual(names(folder), ["state.json"]);
    }
    const large = new Uint8Array(300_000).map((_, i) => i);
    await writeFileAtomic(path, large);
    assert.deepEqual(await readBytesIfExists(path), large);
  }));

Deno.test("a write that fails leaves the old file and no other", () =>
  inFolder(async (folder) => {
    const path = join(folder, "taken");
    await Deno.mkdir(join(path, "inside"), { recursive: true }); // a folder cannot be replaced by a file
    await assert.rejects(writeFileAtomic(path, "new"));
    assert.deepEqual(names(folder), ["taken"]);
    const absent = join(folder, "no", "such", "file");
    await assert.rejects(writeFileAtomic(absent, "new"), (error: Error) => {
      assert.ok(error.message.includes(`'${absent}'`), error.message);
      assert.ok(!error.message.includes(".tmp"), error.message);
      return true;
    });
    await assert.rejects(readTextIfExists(path), (error: Error) => error.message.includes(path));
  }));

Deno.test("writers at the same time leave one of their contents", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    const contents = Array.from({ length: 8 }, (_, i) => String(i).repeat(10_000));
    await Promise.all(contents.map((content) => writeFileAtomic(path, content)));
    assert.ok(contents.includes(await readTextIfExists(path) ?? ""));
    assert.deepEqual(names(folder), ["file"]);
  }));

Deno.test("reading is bounded", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    assert.equal(await readTextIfExists(path), undefined);
    await Deno.writeTextFile(path, "12345");
    assert.equal(await readTextIfExists(path, 5), "12345");
    await assert.rejects(readTextIfExists(path, 4), RangeError);
    await Deno.writeFile(path, new Uint8Array([0xff, 0xfe]));
    await assert.rejects(readTextIfExists(path), TypeError);
    await assert.rejects(readBytesIfExists("/dev/zero", 100_000), RangeError);
  }));
