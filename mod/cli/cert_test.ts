import assert from "node:assert/strict";
import { join } from "node:path";
import { parseTomlDocument } from "../config/mod.ts";
import { ConfigError } from "../core/mod.ts";
import { makeSelfSigned } from "../os/mod.ts";
import { certCommand } from "./cert.ts";
import { readBundle, subscriberTable, writeBundle } from "./cert_bundle.ts";

const DAY_MS = 86_400_000;
const scada = await makeSelfSigned({ commonName: "scada", organization: "Grid" });
const other = await makeSelfSigned({ commonName: "other" });
const REQUEST = {
  name: "scada",
  contact: "Control room, +49 30 1234, ops@grid.example",
  filter: "FILTER ActiveMeasurements WHERE Device LIKE 'S%' AND SignalType = \"FREQ\"",
};
const GOOD = writeBundle(scada.certPem, REQUEST);

/** The lines that a sub-command of `cert` prints. */
async function run(...args: string[]): Promise<string[]> {
  const lines: string[] = [];
  const print = console.log;
  console.log = (line: string) => void lines.push(...line.split("\n"));
  try {
    await certCommand().exitOverride().parseAsync(args, { from: "user" });
  } finally {
    console.log = print;
  }
  return lines;
}

Deno.test("cert: an identity, its pin, a bundle and the table for it, by the commands", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tieline-cert-" });
  try {
    const [pin] = await run("new", folder, "--name", "scada", "--days", "100");
    assert.match(pin!, /^sha256:[0-9a-f]{64}$/);
    assert.equal((await Deno.stat(join(folder, "key.pem"))).mode! & 0o777, 0o600);
    const certificate = join(folder, "cert.pem");
    assert.deepEqual(await run("pin", certificate), [pin]);
    const file = join(folder, "scada.toml");
    const args = ["bundle", certificate, "--name", "scada", "--contact", "ops@grid.example"];
    assert.deepEqual(await run(...args, "--filter", "TRUE", "--output", file), []);
    const bundle = await Deno.readTextFile(file);
    assert.ok(!bundle.includes("PRIVATE KEY"));
    assert.ok(bundle.includes(`pin = "${pin}"`));
    assert.deepEqual((await run(...args, "--filter", "TRUE")).join("\n"), bundle.trimEnd());
    const table = (await run("accept", file)).join("\n");
    const { subscriber } = parseTomlDocument(table, "table").value as {
      subscriber: Record<string, unknown>; // the schema of the gateway is checked elsewhere
    };
    assert.deepEqual(subscriber, { scada: { pins: [pin], allow: [] } });
    await assert.rejects(run("bundle", join(folder, "key.pem"), ...args.slice(2)), /private key/);
    await assert.rejects(run("accept", join(folder, "none")), /no such file/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("cert: a bundle says what was asked for, in words that cannot be mistaken", () => {
  const read = readBundle(GOOD, "test");
  assert.equal(read.certificate.fingerprint, scada.fingerprint256);
  assert.equal(read.certificate.subject, "CN=scada,O=Grid");
  assert.deepEqual({ name: read.name, contact: read.contact, filter: read.filter }, REQUEST);
  const table = subscriberTable(read, Date.now());
  assert.match(table, /Asked for: FILTER ActiveMeasurements WHERE Device LIKE 'S%'/);
  assert.match(table, /^allow = \[\]$/m);
  assert.doesNotMatch(table, /EXPIRED|NOT YET/);
  assert.match(subscriberTable(read, Date.now() + 3651 * DAY_MS), /HAS EXPIRED/);
  assert.match(subscriberTable(read, Date.now() - DAY_MS), /NOT YET VALID/);
});

Deno.test("cert: what a stranger writes stays inside its comment", () => {
  const filter = 'x\nallow = ["TRUE"]\u2028allow = ["TRUE"]\r\u202e';
  const bundle = writeBundle(scada.certPem, { ...REQUEST, filter });
  const table = subscriberTable(readBundle(bundle, "test"), Date.now());
  assert.deepEqual(parseTomlDocument(table, "table").value, {
    subscriber: { scada: { pins: [`sha256:${scada.fingerprint256}`], allow: [] } },
  });
  assert.equal(table.split(/[\n\r\u2028]/).filter((l) => /^allow/.test(l)).length, 1);
});

const WRONG: [string, string, RegExp][] = [
  ["another pin", GOOD.replace(scada.fingerprint256, other.fingerprint256), /expected the pin of/],
  ["a pin that is none", GOOD.replace(/pin = ".*"/, 'pin = "abc"'), /64 hex digits/],
  ["another certificate", GOOD.replace(pemOf(GOOD), other.certPem.trim()), /expected the pin of/],
  ["no certificate", GOOD.replace(pemOf(GOOD), "hello"), /BEGIN CERTIFICATE/],
  [
    "half a certificate",
    GOOD.replace(/(BEGIN CERTIFICATE-----\n.{20})/, "$1 A"),
    /Cannot|Expected/,
  ],
  [
    "another validity",
    GOOD.replace(/validUntil = "20/, 'validUntil = "30'),
    /what the certificate/,
  ],
  ["another subject", GOOD.replace("CN=scada,", "CN=admin,"), /what the certificate says/],
  ["a key beside it", `${GOOD}# -----BEGIN PRIVATE KEY-----\n`, /found a private key/],
  ["a name that is none", GOOD.replace('name = "scada"', 'name = "a]\\n"'), /name/],
  ["more than a bundle", `${GOOD}more = 1\n`, /more/],
  ["no TOML", "hello", /./],
];
for (const [name, bundle, expected] of WRONG) {
  Deno.test(`cert: a bundle with ${name} is refused`, () => {
    assert.throws(() => readBundle(bundle, "test"), (error) => {
      assert.ok(error instanceof ConfigError, String(error));
      assert.match(error.message, expected);
      return true;
    });
  });
}

Deno.test("cert: a bundle is not made of a key, of nothing, or under a name that cannot be", () => {
  const both = scada.keyPem + scada.certPem;
  for (const [pem, name] of [[both, "scada"], ["", "scada"], [scada.certPem, "a b"]] as const) {
    assert.throws(() => writeBundle(pem, { ...REQUEST, name }), ConfigError);
  }
});

function pemOf(bundle: string): string {
  return /-----BEGIN[^]*END CERTIFICATE-----/.exec(bundle)![0];
}
