import assert from "node:assert/strict";
import * as v from "valibot";
import { ConfigError } from "../../core/mod.ts";
import { checkDocument, parseTomlDocument } from "../../config/mod.ts";
import { sttpOutputBytes, sttpOutputSchema } from "./schema.ts";
import { subscriberSchema } from "./subscriber_schema.ts";

const site = v.strictObject({
  output: v.record(v.string(), sttpOutputSchema),
  subscriber: v.record(v.string(), subscriberSchema),
});

function check(toml: string) {
  return checkDocument(site, parseTomlDocument(toml, "test.toml"));
}

Deno.test("output/sttp: sample.toml parses, with defaults filled in", async () => {
  const { output, subscriber } = check(
    await Deno.readTextFile(new URL("./sample.toml", import.meta.url)),
  );
  assert.equal(output["local"]!.insecure, true);
  assert.equal(output["upstream"]!.insecure, false);
  assert.deepEqual(output["upstream"]!.dial[0]!.subscriber, "historian");
  assert.equal(output["local"]!.unsentBytes, 262_144);
  assert.equal(subscriber["historian"]!.stream, "wide");
  assert.equal(subscriber["viewer"]!.stream, "received");
  assert.deepEqual(subscriber["viewer"]!.deny, []);
});

Deno.test("output/sttp: the default address is loopback", () => {
  assert.equal(v.parse(sttpOutputSchema, { type: "sttp" }).listen, "127.0.0.1:7165");
});

const WRONG: [string, string, RegExp][] = [
  ["an address without port", '[output.a]\ntype = "sttp"\nlisten = "host"', /host:port/],
  ["a certificate without key", '[output.a]\ntype = "sttp"\ncertificate = "x"', /both/],
  ["nothing to do", '[output.a]\ntype = "sttp"\nlisten = ""', /at least one dial/],
  [
    "a queue beyond the log",
    '[output.a]\ntype = "sttp"\nqueueBytes = 99_999_999',
    /at most logBytes/,
  ],
  ["an unknown key", '[output.a]\ntype = "sttp"\nlisen = "x"', /lisen/],
  ["three pins", '[subscriber.a]\npins = ["a", "b", "c"]', /at most two pins/],
  ["an empty rule", '[subscriber.a]\nallow = [" "]', /expected a rule/],
];
for (const [name, toml, expected] of WRONG) {
  Deno.test(`output/sttp: configuration: ${name} is refused`, () => {
    const whole = toml.startsWith("[output") ? `${toml}\n[subscriber]` : `[output]\n${toml}`;
    assert.throws(() => check(whole), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, expected);
      return true;
    });
  });
}

Deno.test("output/sttp: memory is added up", () => {
  const options = v.parse(sttpOutputSchema, { type: "sttp", logBytes: 1 << 24, maxConnections: 2 });
  const perStream = sttpOutputBytes(options, 2, 100) - sttpOutputBytes(options, 1, 100);
  assert.equal(perStream, 1 << 24);
  assert.ok(sttpOutputBytes(options, 0, 0) > 0);
  assert.ok(sttpOutputBytes(options, 1, 200) > sttpOutputBytes(options, 1, 100));
});
