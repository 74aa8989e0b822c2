import assert from "node:assert/strict";
import { memoryNeeds, readConfig } from "./mod.ts";

const HEAD =
  `[gateway]\nid = "5b1f7c3e-2d64-4f0a-9c55-7e8d1a2b3c4d"\nname = "EDGE"\nmemoryMB = 4000\n`;
const PMU = `[input.a]\ntype = "c37118"\nhost = "192.0.2.1"\nidCode = 1\n`;
const OUTPUT = `[output.o]\ntype = "sttp"\n`;
const STREAM = `[output.o]\ntype = "c37118"\ninsecure = true\nidCode = 7\nnominalHz = 50\n` +
  `clients = { pdc = ["192.0.2.4"] }\ndevices = [{ device = "A" }]\n`;

/** Bytes by part. */
function needs(toml: string): Map<string, number> {
  return new Map(memoryNeeds(readConfig(HEAD + toml, "test")).map((n) => [n.part, n.bytes]));
}

Deno.test("memory: every part of a configuration is in the sum, with what it rests on", () => {
  const config = readConfig(
    HEAD + PMU +
      `[input.up]\ntype = "sttp"\nhost = "h"\ninsecure = true\n` +
      `[align.w]\nframesPerSecond = 30\nwaitMs = 100\n` + OUTPUT +
      `[subscriber.s]\nallow = ["True"]\nstream = "w"\npins = ["${"a".repeat(64)}"]\n`,
    "test",
  );
  const all = memoryNeeds(config);
  assert.deepEqual(all.map((n) => n.part), [
    "process",
    "input.a",
    "input.up",
    "align.w",
    "statistics",
    "output.o",
    "subscriber.s",
  ]);
  for (const { part, bytes, basis } of all) {
    assert.ok(Number.isFinite(bytes) && bytes > 0, part);
    assert.ok(basis.length > 5, part);
  }
});

Deno.test("memory: what makes a part larger makes its figure larger", () => {
  const device = (n: number) => `{ acronym = "D${n}", idCode = ${n} }`;
  const align = (more: string) => `[align.w]\nframesPerSecond = 60\n${more}\n`;
  const cases: [string, string, string, string][] = [
    [
      "more devices",
      "input.a",
      PMU,
      PMU + `devices = [${[1, 2, 3].map(device).join(", ")}]\n`,
    ],
    [
      "UDP needs a buffer",
      "input.a",
      PMU,
      PMU + `transport = "udp-listen"\n`,
    ],
    [
      "more signals of a publisher",
      "input.up",
      `[input.up]\ntype = "sttp"\nhost = "h"\ninsecure = true\nexpectedSignals = 100\n`,
      `[input.up]\ntype = "sttp"\nhost = "h"\ninsecure = true\nexpectedSignals = 1000\n`,
    ],
    ["a longer wait", "align.w", PMU + align("waitMs = 100"), PMU + align("waitMs = 5000")],
    [
      "a longer lead",
      "align.w",
      PMU + align("waitMs = 100\nleadMs = 100"),
      PMU + align("waitMs = 100\nleadMs = 5000"),
    ],
    [
      "filtering keeps several frames per slot",
      "align.w",
      PMU + align("waitMs = 100"),
      PMU + align('waitMs = 100\ndownsampling = "filtered"'),
    ],
    [
      "more inputs in an aligner",
      "align.w",
      PMU + PMU.replace("input.a", "input.b") + align('waitMs = 100\ninputs = ["a"]'),
      PMU + PMU.replace("input.a", "input.b") + align("waitMs = 100"),
    ],
    [
      "a larger log",
      "output.o",
      OUTPUT + `[subscriber.s]\nplainAddress = ["192.0.2.1"]\n`,
      OUTPUT + `logBytes = 33554432\n[subscriber.s]\nplainAddress = ["192.0.2.1"]\n`,
    ],
    ["more connections", "output.o", OUTPUT, OUTPUT + "maxConnections = 100\n"],
    ["longer queues of a C37.118 stream", "output.o", STREAM, STREAM + "queueBytes = 4_000_000\n"],
    [
      "more destinations of a C37.118 stream",
      "output.o",
      STREAM,
      STREAM + 'destinations = ["239.1.2.3:4713"]\n',
    ],
    [
      "a log for each stream that is read",
      "output.o",
      PMU + align("waitMs = 100") + OUTPUT + `[subscriber.s]\nplainAddress = ["192.0.2.1"]\n`,
      PMU + align("waitMs = 100") + OUTPUT +
      `[subscriber.s]\nplainAddress = ["192.0.2.1"]\n` +
      `[subscriber.t]\nplainAddress = ["192.0.2.2"]\nstream = "w"\n`,
    ],
  ];
  for (const [name, part, small, large] of cases) {
    const [a, b] = [needs(small).get(part), needs(large).get(part)];
    assert.ok(a !== undefined && b !== undefined && a < b, `${name}: ${a} and ${b}`);
  }
});

Deno.test("memory: a configuration beyond the budget is refused where the budget stands, and names the largest part", () => {
  const toml = HEAD.replace("4000", "100") + OUTPUT +
    `logBytes = 1073741824\n[subscriber.s]\nplainAddress = ["192.0.2.1"]\n`;
  assert.throws(
    () => readConfig(toml, "c.toml"),
    /^ConfigError: c\.toml:4:1: gateway\.memoryMB: expected .* at most 100 MB, found .* MB, most of it for output\.o$/,
  );
});
