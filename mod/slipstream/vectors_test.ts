import assert from "node:assert/strict";
import { runFile, Tally } from "../../tests/vectors/report.ts";
import { run } from "../../tests/vectors/slipstream.ts";

const FIXTURES = new URL("../../tests/fixtures/slipstream/", import.meta.url);

for (const { name } of [...Deno.readDirSync(FIXTURES)].sort((a, b) => a.name < b.name ? -1 : 1)) {
  Deno.test(`vectors: ${name}`, async () => {
    const failures: string[] = [];
    const tally = new Tally((line) => failures.push(line));
    const bytes = Deno.readFileSync(new URL(name, FIXTURES));
    await runFile(run, { name, bytes, sibling: () => undefined }, tally);
    assert.deepEqual(failures.slice(0, 5), []);
    assert.ok(tally.passed > 0);
  });
}
