import assert from "node:assert/strict";
import { runFile, Tally } from "../../tests/vectors/report.ts";
import { run } from "../../tests/vectors/sv.ts";

const FIXTURES = new URL("../../tests/fixtures/sv/", import.meta.url);

for (const { name } of [...Deno.readDirSync(FIXTURES)].sort((a, b) => a.name < b.name ? -1 : 1)) {
  Deno.test(`vectors: sv/${name}`, async () => {
    const failures: string[] = [];
    const tally = new Tally((line) => failures.push(line));
    await runFile(run, {
      name,
      bytes: Deno.readFileSync(new URL(name, FIXTURES)),
      sibling: () => undefined,
    }, tally);
    assert.deepEqual(failures, []);
    assert.ok(tally.passed > 0);
  });
}
