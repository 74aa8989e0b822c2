import assert from "node:assert/strict";
import { connect } from "node:tls";
import { join } from "node:path";
import * as v from "valibot";
import { HandClock, MemoryLog } from "../../core/testing.ts";
import { Identities } from "../../identity/mod.ts";
import { type Connection, connectTls, type KeyPair, makeSelfSigned } from "../../os/mod.ts";
import { sttpOutputSchema } from "./schema.ts";
import { createSttpOutput, type SttpOutput } from "./sttp_output.ts";
import {
  FakeAccess,
  frameMaker,
  GATEWAY_ID,
  LISTENING,
  makeRegistry,
  TestClient,
} from "./testing.ts";
import { until } from "../../../tests/support/waiting.ts";

const DAY_SECONDS = 86_400;
const first = await makeSelfSigned({ commonName: "gateway" });
const second = await makeSelfSigned({ commonName: "gateway" });
const scada = await makeSelfSigned({ commonName: "scada" });
const ending = await makeSelfSigned({ commonName: "ending", days: 20 });

interface Bench {
  readonly output: SttpOutput;
  readonly log: MemoryLog;
  readonly folder: string;
  readonly publish: (base: number) => void;
}

async function withFiles(test: (bench: Bench) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "tieline-certificates-" });
  await writePair(folder, first, first);
  const { registry, signals } = makeRegistry(2);
  const access = new FakeAccess(registry);
  access.grant("scada", [0, 1]);
  const log = new MemoryLog();
  const output = createSttpOutput(
    "output.test",
    v.parse(sttpOutputSchema, {
      ...LISTENING,
      certificate: join(folder, "cert.pem"),
      key: join(folder, "key.pem"),
    }),
    {
      gatewayId: GATEWAY_ID,
      registry,
      access,
      identities: new Identities({
        subscribers: [
          { name: "scada", enabled: true, pins: [scada.fingerprint256] },
          { name: "ending", enabled: true, pins: [ending.fingerprint256] },
        ],
      }),
      identity: first,
      subscribers: {
        scada: { enabled: true, stream: "received" },
        ending: { enabled: true, stream: "received" },
      },
      // It stands still: files are looked at when a test says so, and no second passes.
      clock: new HandClock(Date.now() / 1000),
      log,
    },
  );
  const make = frameMaker(signals);
  const sink = output.sinkFor("received");
  await output.start();
  try {
    await test({ output, log, folder, publish: (base) => sink.accept(make(base)) });
  } finally {
    await output.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

async function writePair(folder: string, key: KeyPair, certificate: KeyPair): Promise<void> {
  await Deno.writeTextFile(join(folder, "key.pem"), key.keyPem);
  await Deno.writeTextFile(join(folder, "cert.pem"), certificate.certPem);
}

/** Dials as `pair`, and tells which certificate the gateway has shown. */
async function dial(
  output: SttpOutput,
  pair: KeyPair,
): Promise<{ connection: Connection; shown: string }> {
  const { connection, peer } = await connectTls({
    hostname: "127.0.0.1",
    port: output.port,
    ...pair,
    judge: () => ({ name: "gateway" }),
  });
  return { connection, shown: peer.fingerprint };
}

Deno.test("output/sttp: a new certificate is shown to new peers, and an open connection loses nothing", async () => {
  await withFiles(async ({ output, log, folder, publish }) => {
    const old = await dial(output, scada);
    assert.equal(old.shown, first.fingerprint256);
    const client = new TestClient(old.connection);
    client.hello();
    client.subscribe();
    await until(() => client.caches.length === 1, "the cache");
    await until(() => {
      publish(-10);
      return client.values.length > 0;
    }, "the first value");
    const got = () => client.values.map((m) => m.value).filter((value) => value >= 0);
    for (let n = 0; n < 50; n++) publish(10 * n);

    await writePair(folder, second, first);
    assert.equal(await output.reloadCertificate(), false, "a key that does not fit");
    assert.equal(log.lines.filter((line) => /kept the certificate in use/.test(line)).length, 1);
    assert.match(String(output.status().detail!["certificateRefusal"]), /expected the key of/);
    const meanwhile = await dial(output, scada);
    assert.equal(meanwhile.shown, first.fingerprint256);
    meanwhile.connection.destroy();

    await writePair(folder, second, second);
    assert.equal(await output.reloadCertificate(), true);
    assert.equal(await output.reloadCertificate(), false, "nothing new");
    assert.equal(output.status().detail!["certificateReloads"], 1);
    assert.equal(output.status().detail!["certificateRefusal"], "");
    for (let n = 50; n < 100; n++) publish(10 * n);
    const young = await dial(output, scada);
    assert.equal(young.shown, second.fingerprint256);
    await until(() => got().length === 200, "all values");
    assert.deepEqual(got(), Array.from({ length: 200 }, (_, i) => 10 * (i >> 1) + (i & 1)));
    assert.equal(client.gaps, 0);
    assert.equal(client.closed, undefined);
    client.connection.destroy();
    young.connection.destroy();
  });
});

Deno.test("output/sttp: a pair whose files are gone is refused and the old one stays", async () => {
  await withFiles(async ({ output, log, folder }) => {
    await Deno.remove(join(folder, "key.pem"));
    assert.equal(await output.reloadCertificate(), false);
    assert.ok(log.lines.some((line) => /kept the certificate in use/.test(line)));
    const { connection, shown } = await dial(output, scada);
    assert.equal(shown, first.fingerprint256);
    connection.destroy();
  });
});

Deno.test("output/sttp: a TLS 1.2 peer sees the new certificate too", async () => {
  await withFiles(async ({ output, folder }) => {
    await writePair(folder, second, second);
    await output.reloadCertificate();
    const socket = connect({
      host: "127.0.0.1",
      port: output.port,
      key: scada.keyPem,
      cert: scada.certPem,
      maxVersion: "TLSv1.2",
      rejectUnauthorized: false,
    });
    await new Promise<void>((resolve, reject) => {
      socket.once("secureConnect", resolve);
      socket.once("error", reject);
    });
    const fingerprint = socket.getPeerCertificate().fingerprint256.replaceAll(":", "");
    assert.equal(fingerprint.toLowerCase(), second.fingerprint256);
    socket.destroy();
  });
});

Deno.test("output/sttp: certificates are told with the time that they have left", async () => {
  await withFiles(async ({ output, log }) => {
    const { connection } = await dial(output, ending);
    await until(() => output.certificates().length === 2, "the certificate of the subscriber");
    const [own, theirs] = output.certificates();
    assert.equal(own!.role, "own");
    assert.equal(own!.name, "output.test");
    assert.equal(own!.fingerprint, first.fingerprint256);
    assert.equal(own!.warning, false);
    assert.ok(Math.abs(own!.secondsLeft - 3650 * DAY_SECONDS) < 2 * 3600);
    assert.equal(theirs!.role, "subscriber");
    assert.equal(theirs!.name, "ending");
    assert.equal(theirs!.subject, "CN=ending");
    assert.equal(theirs!.warning, true);
    assert.equal(log.lines.filter((line) => /^warn ending: .* in 19 days$/.test(line)).length, 1);
    const expiry = output.metrics().filter((m) => m.name === "certificate_expiry_seconds");
    assert.deepEqual(expiry.map((m) => m.labels), [
      { role: "own" },
      { role: "subscriber", subscriber: "ending" },
    ]);
    assert.equal(expiry[1]!.value, theirs!.secondsLeft);
    connection.destroy();
    await until(() => output.certificates().length === 1, "the end of the connection");
  });
});
