import assert from "node:assert/strict";
import { run } from "../../tests/vectors/c37118.ts";
import { runFile, Tally } from "../../tests/vectors/report.ts";

const FIXTURES = new URL("../../tests/fixtures/c37118/", import.meta.url);
const SHARED = new URL("../../../shared/vectors/c37118/", import.meta.url);

for (const name of filesOf(FIXTURES)) {
  Deno.test(`vectors: ${name}`, () => runOne(FIXTURES, name));
}

Deno.test("vectors: public captures", async () => {
  const captures = filesOf(SHARED).filter((name) => name.startsWith("C37.118_"));
  if (captures.length === 0) console.log("skipped: ../shared/vectors/c37118 is not there");
  for (const name of captures) await runOne(SHARED, name);
});

function filesOf(folder: URL): string[] {
  try {
    return [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
  } catch {
    return [];
  }
}

async function runOne(folder: URL, name: string): Promise<void> {
  const failures: string[] = [];
  const tally = new Tally((line) => failures.push(line));
  await runFile(run, {
    name,
    bytes: Deno.readFileSync(new URL(name, folder)),
    sibling: (other) => Deno.readFileSync(new URL(other, folder)),
  }, tally);
  assert.deepEqual(failures.slice(0, 5), []);
  assert.ok(tally.passed > 0);
}
