import assert from "node:assert/strict";
import { runFile, Tally } from "./report.ts";
import { run } from "./sttp.ts";

const FOLDER = new URL("../fixtures/sttp/", import.meta.url);

Deno.test("every STTP vector comes out as its file says, both directions", async () => {
  const failures: string[] = [];
  const tally = new Tally((line) => failures.push(line));
  const read = (name: string) => Deno.readFileSync(new URL(name, FOLDER));
  const names = [...Deno.readDirSync(FOLDER)].map((entry) => entry.name);
  for (const name of names) {
    const sibling = (other: string) => names.includes(other) ? read(other) : undefined;
    await runFile(run, { name, bytes: read(name), sibling }, tally);
  }
  assert.deepEqual(failures.slice(0, 10), []);
  assert.ok(tally.passed > 1900, `${tally.passed} cases`);
});

Deno.test("a damaged vector is a failure with its place", async () => {
  const read = (name: string) => Deno.readTextFileSync(new URL(name, FOLDER));
  const table: [string, (text: string) => string][] = [
    ["tssc-pmu-steady.json", (t) => t.replace(/"count": ?(\d+)/, '"count":1')],
    [
      "compact-measurements.json",
      (t) =>
        t.replace('"encoded":"00', '"encoded":"01').replace('"encoded": "00', '"encoded": "01'),
    ],
    ["base-times.json", (t) => t.replace("638500281470000000", "638500281470000001")],
    ["publisher-sessions.json", (t) => t.replaceAll("638450000000000000", "638450000000000001")],
    ["metadata-sample.json", (t) => t.replace(/"DeviceDetail": ?2/, '"DeviceDetail": 3')],
    ["unknown.json", () => '{"kind":"other"}'],
    ["unknown.bin", () => ""],
  ];
  for (const [name, damage] of table) {
    const text = name.startsWith("unknown") ? "" : read(name);
    const damaged = damage(text);
    assert.notEqual(damaged, text === "" ? undefined : text, name);
    const tally = new Tally(() => {});
    const bytes = new TextEncoder().encode(damaged);
    await runFile(run, { name, bytes, sibling: () => undefined }, tally);
    assert.ok(tally.failed > 0, name);
  }
});
