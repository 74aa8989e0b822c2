import assert from "node:assert/strict";
import { run } from "../../tests/vectors/ptp.ts";
import { runFile, Tally } from "../../tests/vectors/report.ts";

const FIXTURES = new URL("../../tests/fixtures/ptp/", import.meta.url);

for (const { name } of [...Deno.readDirSync(FIXTURES)].sort((a, b) => a.name < b.name ? -1 : 1)) {
  Deno.test(`vectors: ${name}`, async () => {
    const failures: string[] = [];
    const tally = new Tally((line) => failures.push(line));
    await runFile(run, {
      name,
      bytes: Deno.readFileSync(new URL(name, FIXTURES)),
      sibling: (other) => Deno.readFileSync(new URL(other, FIXTURES)),
    }, tally);
    assert.deepEqual(failures.slice(0, 5), []);
    assert.ok(tally.passed > 0);
  });
}
