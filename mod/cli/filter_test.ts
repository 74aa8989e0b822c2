import assert from "node:assert/strict";
import { type Device, type SignalDraft, SignalRegistry } from "../core/mod.ts";
import { knownSignals, readConfig, registryOfKnown, registryOfMap } from "../gateway/mod.ts";
import { FilterError } from "../filter/mod.ts";
import { caretLines, matchingRows } from "./filter.ts";

const ID = "1f0e9c1a-6a52-4bb1-9d53-7c8f0a1b2c3d";
const NOW = { nowMicros: 1.7e15 };

const toml = (stateDir = "/nowhere", admin = "127.0.0.1:1") => `
[gateway]
id = "${ID}"
name = "EDGE1"
company = "GPA"
stateDir = ${JSON.stringify(stateDir)}
[admin]
listen = "${admin}"
[input.shelby]
type = "c37118"
host = "192.0.2.10"
idCode = 235
vendor = "ABB"
[output.upstream]
type = "sttp"
listen = "127.0.0.1:0"
insecure = true
[subscriber.center]
plainAddress = ["127.0.0.1"]
allow = ["SignalType IN ('FREQ', 'VPHM')"]
deny = ["Device = 'UP!X'"]
`;
const config = readConfig(toml(), "test");

function device(acronym: string, more: Partial<Device> = {}): Device {
  return {
    acronym,
    id: "00000000-0000-4000-8000-000000000001",
    name: acronym,
    parentAcronym: "",
    protocol: "IEEE C37.118.2-2011",
    accessId: 235,
    framesPerSecond: 60,
    company: "GPA",
    vendor: "ABB",
    longitude: -89.8,
    latitude: NaN,
    ...more,
  };
}

function draft(type: SignalDraft["type"], index: number, phase = ""): SignalDraft {
  return { type, label: phase && `V${phase}`, phase, unit: "", index, description: `${type} text` };
}

function makeRegistry(): SignalRegistry {
  const registry = new SignalRegistry(ID, "EDGE1");
  registry.register(device("SHELBY"), [
    draft("VPHM", 1, "A"),
    draft("VPHM", 2, "B"),
    draft("FREQ", 0),
    draft("DIGI", 1),
    draft("DIGI", 2),
  ]);
  registry.register(device("UP!X", { company: "", vendor: "" }), [
    { ...draft("FREQ", 0), id: "8d3b0b34-5f7e-4d1c-a8b3-5b2b1c3d4e5f" },
  ]);
  return registry;
}

const matched = (expression: string, registry = makeRegistry(), subscriber?: string) => {
  const { table, total } = matchingRows(expression, config, registry, {
    ...NOW,
    ...(subscriber !== undefined && { subscriber }),
  });
  const at = table.columns.findIndex((c) => c.name === "SignalReference");
  return [total, ...table.rows.map((row) => row[at])];
};

Deno.test("filter: rows in the order of the expression, all or those that a subscriber may see", () => {
  const cases: [string, string | undefined, unknown[]][] = [
    ["SignalType = 'FREQ'", undefined, [6, "SHELBY-FQ", "UP!X-FQ"]],
    [
      "FILTER TOP 2 ActiveMeasurements WHERE Device = 'SHELBY' ORDER BY SignalReference DESC",
      undefined,
      [6, "SHELBY-PM2", "SHELBY-PM1"],
    ],
    ["EDGE1:3", undefined, [6, "SHELBY-FQ"]],
    ["TRUE", "center", [3, "SHELBY-PM1", "SHELBY-PM2", "SHELBY-FQ"]],
    ["SignalType = 'DIGI'", "center", [3]],
    ["Longitude < -80 AND Company = 'GPA' AND Phase = 'A'", "center", [3, "SHELBY-PM1"]],
  ];
  for (const [expression, subscriber, expected] of cases) {
    assert.deepEqual(matched(expression, undefined, subscriber), expected, expression);
  }
});

Deno.test("filter: errors name the column, and a caret stands under it", () => {
  for (
    const [expression, column] of [["Device = ", 10], ["Speed > 3", 1], [
      "Device == 'A' AN",
      15,
    ]] as const
  ) {
    assert.throws(() => matched(expression), (error) => {
      assert.ok(error instanceof FilterError, expression);
      assert.equal(error.column, column, error.message);
      const [line, caret] = caretLines(expression, error.offset);
      assert.equal(line, `  ${expression}`);
      assert.equal(caret!.length, 2 + column);
      return true;
    });
  }
});

Deno.test("filter: the caret of long texts and of several lines", () => {
  assert.deepEqual(caretLines("abc", -1), []);
  assert.deepEqual(caretLines("", 0), ["  ", "  ^"]);
  assert.deepEqual(caretLines("one\ntwo\nthree", 5), ["  two", "   ^"]);
  assert.deepEqual(caretLines("a\tb", 2), ["  a b", "    ^"]);
  assert.deepEqual(caretLines("ab\n", 2), ["  ab", "    ^"]);
  const long = "x".repeat(100) + "!" + "y".repeat(100);
  const [line, caret] = caretLines(long, 100);
  assert.equal(line![caret!.indexOf("^")], "!");
  assert.ok(line!.startsWith("  …x") && line!.endsWith("y…") && line!.length < 130);
});

Deno.test("filter: what a running gateway answers makes the same rows", () => {
  const registry = makeRegistry();
  const again = registryOfKnown(config, JSON.parse(JSON.stringify(knownSignals(registry))));
  const rows = (r: SignalRegistry) => matchingRows("TRUE", config, r, NOW).table.rows;
  assert.equal(rows(again).length, 6);
  assert.deepEqual(rows(again), rows(registry));
  assert.throws(() => registryOfKnown(config, { devices: [{}] }));
});

Deno.test("filter: the map gives the same GUIDs, keys and tags", () => {
  const registry = makeRegistry();
  const again = registryOfMap(config, registry.toMap());
  const identities = (r: SignalRegistry) =>
    r.signals().filter((s) => s.device === "SHELBY")
      .map((s) => [s.id, s.source, s.number, s.reference, s.pointTag, s.phase]);
  assert.equal(identities(again).length, 5);
  assert.deepEqual(identities(again), identities(registry));
  assert.equal(again.signals().length, 5); // those of STTP inputs are not in the map
});

Deno.test("tieline filter: rows and errors on the command line", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tieline-filter-" });
  try {
    await Deno.writeTextFile(`${folder}/signals.json`, JSON.stringify(makeRegistry().toMap()));
    await Deno.writeTextFile(`${folder}/gateway.toml`, toml(folder));
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "-A",
          "--quiet",
          "main.ts",
          "filter",
          ...args,
          "--config",
          `${folder}/gateway.toml`,
        ],
        cwd: new URL("../../", import.meta.url),
      }).output();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      return { code, out: text(stdout), err: text(stderr) };
    };
    const [rows, wrong, nobody] = await Promise.all([
      run("SignalType = 'FREQ'", "--json", "--subscriber", "center"),
      run("SignalType ="),
      run("TRUE", "--subscriber", "nobody"),
    ]);
    assert.equal(rows.code, 0, rows.err);
    assert.equal(JSON.parse(rows.out)["PointTag"], "GPA_SHELBY:ABBF");
    assert.match(rows.err, /^1 of 3 signals that center may see, noted down in /);
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, /at column \d+.*\n {2}SignalType =\n {3,}\^\n$/);
    assert.deepEqual([wrong.out, nobody.code], ["", 1]);
    assert.match(nobody.err, /has no \[subscriber\.nobody\]/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
