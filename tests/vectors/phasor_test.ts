import assert from "node:assert/strict";
import { main } from "./main.ts";
import { run } from "./phasor.ts";
import { Tally } from "./report.ts";

const FOLDER = new URL("../fixtures/phasor", import.meta.url).pathname;

Deno.test("every instant of the phasor vectors is within its limits", async () => {
  assert.equal(await main(["phasor", FOLDER]), 0);
});

Deno.test("the phasor vectors are judged: each figure that is off is told", () => {
  const json = JSON.parse(Deno.readTextFileSync(`${FOLDER}/cases.json`));
  const [first] = json.cases;
  const wrong: readonly [string, (expected: typeof first.expected[0]) => void][] = [
    ["A: ", (e) => e.phases.A.magnitude *= 1.001],
    ["C: ", (e) => e.phases.C.angleDeg += 0.1],
    ["positive sequence: ", (e) => e.positiveSequence.angleDeg -= 0.1],
    ["frequency: ", (e) => e.frequencyHz += 0.001],
    ["ROCOF: ", (e) => e.rocofHzPerS += 0.02],
    ["expected instants of reports", (e) => e.t = 0.013],
    ["expected a report", (e) => e.t = -5],
  ];
  for (const [start, change] of wrong) {
    const test = structuredClone(first);
    test.expected = [structuredClone(first.expected[1])];
    change(test.expected[0]);
    const lines: string[] = [];
    const tally = new Tally((line) => lines.push(line));
    const bytes = new TextEncoder().encode(JSON.stringify({ version: 1, cases: [test] }));
    run({ name: "cases.json", bytes, sibling: () => undefined }, tally);
    assert.deepEqual([tally.passed, tally.failed], [0, 1], start);
    assert.match(lines[0]!, new RegExp(start));
  }
});
