import assert from "node:assert/strict";
import { main } from "./main.ts";
import { firstDifference } from "./report.ts";

/** Runs the task on a folder of the given files and returns its exit code. */
async function runOn(kind: string, files: Record<string, string>): Promise<number> {
  const folder = Deno.makeTempDirSync();
  const { log, error } = console;
  console.log = console.error = () => {};
  try {
    for (const [name, text] of Object.entries(files)) {
      Deno.writeTextFileSync(`${folder}/${name}`, text);
    }
    return await main([kind, folder]);
  } finally {
    console.log = log;
    console.error = error;
    Deno.removeSync(folder, { recursive: true });
  }
}

const CRC = (crc: number) => JSON.stringify({ vectors: [{ hex: "aa", crc }] });

Deno.test("exit codes: all passed, a failure, a file that is not understood, nothing to run", async () => {
  const table: [string, string, Record<string, string>, number][] = [
    ["right", "c37118", { "crc.json": CRC(0xf550) }, 0],
    ["wrong", "c37118", { "crc.json": CRC(1) }, 1],
    ["unknown file", "c37118", { "crc.json": CRC(0xf550), "other.json": "{}" }, 1],
    ["no JSON", "c37118", { "crc.json": "{" }, 1],
    ["no case", "c37118", { "crc.json": '{"vectors":[]}' }, 1],
    ["capture without its list", "c37118", { "a.pcap": "" }, 1],
    ["empty folder", "c37118", {}, 2],
    ["unknown kind", "toString", { "crc.json": CRC(1) }, 2],
  ];
  for (const [name, kind, files, code] of table) {
    assert.equal(await runOn(kind, files), code, name);
  }
});

Deno.test("the first difference is named by its place", () => {
  assert.equal(firstDifference({ a: [1, 2], b: 3 }, { a: [1, 2] }), undefined);
  assert.equal(firstDifference({ a: "NaN" }, { a: NaN }), undefined);
  assert.match(firstDifference({ a: [1, 2] }, { a: [1, 3] })!, /^a\[1\]: expected 3, found 2$/);
  assert.match(firstDifference({ a: [1] }, { a: [1, 3] })!, /expected 2 entries, found 1/);
  assert.match(firstDifference({}, { a: 1 })!, /^a: expected 1, found undefined$/);
});
