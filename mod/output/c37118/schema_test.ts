import assert from "node:assert/strict";
import * as v from "valibot";
import { checkDocument, parseTomlDocument } from "../../config/mod.ts";
import { ConfigError } from "../../core/mod.ts";
import { c37118OutputBytes, c37118OutputSchema } from "./schema.ts";

const site = v.strictObject({ output: v.record(v.string(), c37118OutputSchema) });
const check = (toml: string) => checkDocument(site, parseTomlDocument(toml, "test.toml"));

/** A table that is in order, with more lines. */
const table = (more: string) =>
  `[output.a]\ntype = "c37118"\nidCode = 7\nnominalHz = 50\nstream = "wide"\n${more}\n`;
const CLIENTS = 'clients = { a = ["127.0.0.1"] }';

Deno.test("output/c37118: sample.toml parses, with defaults filled in", async () => {
  const { output } = check(await Deno.readTextFile(new URL("./sample.toml", import.meta.url)));
  assert.deepEqual(output["pdc"]!.devices, []);
  assert.equal(output["pdc"]!.edition, 2011);
  assert.equal(output["pdc"]!.start, "command");
  assert.equal(output["group"]!.devices[0]!.station, "Shelby 500 kV");
});

Deno.test("output/c37118: by default it listens on loopback, and grants nothing", () => {
  const { listen, allow, clients } = check(table(`insecure = true\n${CLIENTS}`)).output["a"]!;
  assert.deepEqual([listen, allow], ["127.0.0.1:4712", []]);
  assert.deepEqual({ ...clients }, { a: ["127.0.0.1"] });
});

const WRONG: [string, string, string, RegExp][] = [
  ["that it is insecure is not said", CLIENTS, "output.a.insecure", /expected insecure = true/],
  ["nobody may connect", "insecure = true", "output.a.clients", /expected clients/],
  ["an address is none", 'insecure = true\nclients = { a = ["x"] }', "output.a.clients.a.0", /IP/],
  [
    "a block has host bits",
    'insecure = true\nclients = { a = ["10.1.2.3/8"] }',
    "output.a.clients.a.0",
    /10.1.2.3/,
  ],
  ["there is nothing to do", 'insecure = true\nlisten = ""', "output.a", /destinations/],
  [
    "data by UDP have no commands",
    'insecure = true\nlisten = ""\ndestinations = ["1.2.3.4:1"]\ndataPort = 4713',
    "output.a",
    /expected listen/,
  ],
  [
    "a device comes twice",
    `insecure = true\n${CLIENTS}\ndevices = [{ device = "A" }, { device = "A" }]`,
    "output.a.devices",
    /each device once/,
  ],
  ["a rule is empty", `insecure = true\n${CLIENTS}\nallow = [" "]`, "output.a.allow.0", /rule/],
];
for (const [name, more, key, message] of WRONG) {
  Deno.test(`output/c37118: configuration: refused where ${name}`, () => {
    assert.throws(() => check(table(more)), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(error.problems.map((p) => p.key), [key]);
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("output/c37118: configuration: frames as received are those of one device", () => {
  const received = table(`insecure = true\n${CLIENTS}`).replace("wide", "received");
  assert.throws(() => check(received), /expected one device where stream is "received"/);
  check(received + 'devices = [{ device = "A" }]');
});

Deno.test("output/c37118: memory is added up by connections and queues", () => {
  const bytes = (more: string) =>
    c37118OutputBytes(check(table(`insecure = true\n${CLIENTS}\n${more}`)).output["a"]!);
  const one = bytes("maxConnections = 1");
  assert.equal(bytes("maxConnections = 3") - one, 2 * (512 + 64 + 64) * 1024);
  assert.equal(
    bytes('maxConnections = 1\ndestinations = ["239.1.1.1:4713"]') - one,
    (512 + 64) * 1024,
  );
});
