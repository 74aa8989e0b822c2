import assert from "node:assert/strict";
import * as v from "valibot";
import { Identities } from "../../identity/mod.ts";
import {
  type Connection,
  connectTcp,
  connectTls,
  type KeyPair,
  listenTls,
  makeSelfSigned,
  systemClock,
} from "../../os/mod.ts";
import type { Clock } from "../../core/mod.ts";
import { HandClock, MemoryLog } from "../../core/testing.ts";
import { Command, decodeMetadata, decompress, Response } from "../../sttp/mod.ts";
import { sttpOutputSchema } from "./schema.ts";
import type { MetadataMakerStatus } from "./metadata_maker.ts";
import { createSttpOutput, type SttpOutput } from "./sttp_output.ts";
import type { SubscriberStatus } from "./subscriber.ts";
import {
  type ClientWire,
  FakeAccess,
  frameMaker,
  GATEWAY_ID,
  LISTENING,
  makeRegistry,
  RawWire,
  TestClient,
} from "./testing.ts";
import { until } from "../../../tests/support/waiting.ts";

const gateway = await makeSelfSigned({ commonName: "gateway", dnsNames: ["localhost"] });
const scada = await makeSelfSigned({ commonName: "scada" });
const stranger = await makeSelfSigned({ commonName: "stranger" });
const SUBSCRIBERS = { scada: { enabled: true, stream: "received" } };
const SIGNALS = 6;

function identities(enabled = true, pins = [scada.fingerprint256]): Identities {
  return new Identities({
    subscribers: [{ name: "scada", enabled, pins, plainAddress: ["127.0.0.1"] }],
  });
}

interface Bench {
  readonly output: SttpOutput;
  readonly access: FakeAccess;
  readonly log: MemoryLog;
  readonly publish: (base: number) => void;
  readonly signals: ReturnType<typeof makeRegistry>["signals"];
  readonly status: () => SubscriberStatus;
}

async function withOutput(
  options: Record<string, unknown>,
  test: (bench: Bench) => Promise<void>,
  signalCount = SIGNALS,
  clock: Clock = systemClock(),
): Promise<void> {
  const { registry, signals } = makeRegistry(signalCount);
  const access = new FakeAccess(registry);
  access.grant("scada", [0, 1, 2]);
  const log = new MemoryLog();
  const output = createSttpOutput(
    "output.test",
    v.parse(sttpOutputSchema, { ...LISTENING, ...options }),
    {
      gatewayId: GATEWAY_ID,
      registry,
      access,
      identities: identities(),
      identity: gateway,
      subscribers: SUBSCRIBERS,
      clock,
      log,
    },
  );
  const make = frameMaker(signals);
  const sink = output.sinkFor("received");
  const publish = (base: number) => sink.accept(make(base));
  const status = () => {
    // The shape that Subscriber.status gives.
    const detail = output.status().detail as { subscribers: { scada: SubscriberStatus } };
    return detail.subscribers.scada;
  };
  await output.start();
  try {
    await test({ output, access, log, publish, signals, status });
  } finally {
    await output.stop();
  }
}

async function dial(output: SttpOutput, pair: KeyPair = scada): Promise<Connection> {
  const { connection } = await connectTls({
    hostname: "127.0.0.1",
    port: output.port,
    ...pair,
    judge: () => ({ name: "gateway" }),
  });
  return connection;
}

/** A connection that can stop reading. */
async function dialRaw(output: SttpOutput, secure: boolean): Promise<RawWire> {
  const { port } = output;
  if (!secure) return new RawWire(await Deno.connect({ hostname: "127.0.0.1", port }));
  const { keyPem: key, certPem: cert } = scada;
  const conn = await Deno.connectTls({
    hostname: "localhost",
    port,
    key,
    cert,
    caCerts: [gateway.certPem],
  });
  return new RawWire(conn);
}

async function subscribed(bench: Bench, wire?: ClientWire): Promise<TestClient> {
  const client = new TestClient(wire ?? await dial(bench.output));
  client.hello();
  client.subscribe();
  await until(
    () =>
      bench.status().sessions[0]?.state === "subscribed" &&
      !bench.status().sessions[0]!.awaitsConfirmation,
    "the subscription",
  );
  return client;
}

/** A second connection of the same subscriber, subscribed. */
async function subscribedBeside(bench: Bench): Promise<TestClient> {
  const client = new TestClient(await dial(bench.output));
  client.hello();
  client.subscribe();
  await until(
    () => bench.status().sessions.some((s) => s.state === "subscribed" && !s.awaitsConfirmation),
    "the subscription",
  );
  return client;
}

function assertBalanced(bench: Bench): void {
  assert.equal(bench.status().ledger.balance, 0);
}

Deno.test("output/sttp: a TLS subscriber gets what it was granted, and nothing else", async () => {
  await withOutput({}, async (bench) => {
    const client = await subscribed(bench);
    for (let n = 0; n < 100; n++) bench.publish(n);
    await until(() => client.values.length >= 300, "the values");
    const byId = new Map(bench.signals.map((s) => [s.id, s.handle]));
    client.values.forEach(({ id, value }, i) => {
      assert.equal(byId.get(id), i % 3);
      assert.equal(value, Math.floor(i / 3) + i % 3);
    });
    const { ledger, sessions } = bench.status();
    assert.equal(ledger.sent, 300);
    assert.equal(sessions[0]!.mode, "TSSC");
    assert.equal(sessions[0]!.secure, true);
    assertBalanced(bench);
    assert.ok(
      bench.output.metrics().some((m) => m.name === "subscriber_sent_total" && m.value === 300),
    );
    client.connection.close();
    await until(() => !bench.status().connected, "the end");
    assert.equal(bench.status().ledger.queued, 0);
  });
});

Deno.test("output/sttp: rights change at once for a client that never confirms again", async () => {
  await withOutput({}, async (bench) => {
    const client = await subscribed(bench);
    client.confirms = false;
    bench.access.grant("scada", [0, 4]);
    bench.publish(100); // at once, before anybody had time to react
    await until(() => client.values.length > 0, "data");
    assert.deepEqual(client.values.map((m) => m.value), [100]);
    await until(() => client.caches.length === 2, "the new cache");
    await until(() => client.codes.includes(Response.ConfigurationChanged), "the announcement");
    assert.deepEqual(
      client.caches[1]!.records.map((r) => r.signalId),
      [bench.signals[0]!.id, bench.signals[4]!.id],
    );
    bench.publish(200);
    await until(() => client.values.length > 1, "data");
    assert.deepEqual(client.values.map((m) => m.value), [100, 200]);
    client.send(Command.ConfirmUpdateSignalIndexCache);
    await until(() => !bench.status().sessions[0]!.awaitsConfirmation, "the confirmation");
    bench.publish(300);
    await until(() => client.values.length > 3, "data of the new cache");
    assert.deepEqual(client.values.map((m) => m.value), [100, 200, 300, 304]);
    assert.equal(client.gaps, 0);
    assertBalanced(bench);
    client.connection.destroy();
  });
});

const SMALL = { queueBytes: 65536, logBytes: 131072, unsentBytes: 16384 };
const MANY = Array.from({ length: 400 }, (_, i) => i);

for (const secure of [true, false]) {
  const kind = secure ? "TLS" : "plain";
  Deno.test(`output/sttp: a ${kind} client that stops reading loses counted frames and goes on without a gap`, async () => {
    await withOutput({ ...SMALL, insecure: !secure }, async (bench) => {
      bench.access.grant("scada", MANY);
      const client = await subscribed(bench, await dialRaw(bench.output, secure));
      client.connection.pause();
      // Until the buffers of the kernel are full and the queue has overflowed.
      while (bench.status().ledger.dropped["slow"]! < 100_000) {
        for (let i = 0; i < 200; i++) bench.publish(Math.random() * 1e6);
        await new Promise((resolve) => setTimeout(resolve, 1));
        assert.ok(bench.status().sessions[0]!.queuedBytes <= 65536);
        assert.ok(bench.status().sessions[0]!.bytesWaiting < 16384 + 2 * 65536);
      }
      assertBalanced(bench);
      client.connection.resume();
      await until(() => bench.status().ledger.queued === 0, "the queue to be sent");
      bench.publish(-1);
      await until(() => bench.status().ledger.queued === 0, "the last frame to be sent");
      await until(() => client.values.length === bench.status().ledger.sent, "all that was sent");
      assert.equal(client.gaps, 0);
      assert.equal(client.closed, undefined);
      assert.equal(client.values.at(-1)!.value, 398);
      assertBalanced(bench);
      client.connection.destroy();
    }, MANY.length);
  });

  Deno.test(`output/sttp: a ${kind} client that never reads is disconnected`, async () => {
    const options = { ...SMALL, insecure: !secure, stallTimeoutMs: 1000 };
    const clock = new HandClock(Date.now() / 1000);
    await withOutput(
      options,
      async (bench) => {
        bench.access.grant("scada", MANY);
        const client = await subscribed(bench, await dialRaw(bench.output, secure));
        client.connection.pause();
        await until(() => {
          for (let i = 0; i < 100; i++) bench.publish(Math.random() * 1e6);
          if (bench.status().ledger.dropped["slow"]! > 0) clock.ms += 100; // it has fallen behind
          return !bench.status().connected;
        }, "the end of the connection");
        assertBalanced(bench);
        assert.equal(bench.status().ledger.queued, 0);
        assert.ok(bench.log.lines.some((line) => /took nothing for 1 s/.test(line)));
        client.connection.destroy();
      },
      MANY.length,
      clock,
    );
  });
}

Deno.test("output/sttp: metadata follows rights, is kept, and can be refused", async () => {
  await withOutput({}, async (bench) => {
    const client = new TestClient(await dial(bench.output));
    client.hello();
    client.send(Command.MetadataRefresh);
    client.send(Command.MetadataRefresh);
    await until(() => client.metadata.length === 2, "metadata");
    assert.deepEqual(client.metadata[0], client.metadata[1]);
    const format = { encoding: "utf-8", gzip: true } as const;
    const rows = () =>
      decodeMetadata(client.metadata.at(-1)!, format).tables
        .find(({ name }) => name === "MeasurementDetail")!.rows;
    assert.equal(rows().length, 3);
    bench.access.grant("scada", [5]);
    client.send(Command.MetadataRefresh);
    await until(() => client.metadata.length === 3, "metadata");
    assert.deepEqual(rows().map((row) => row[2]), [bench.signals[5]!.id]);
    client.send(Command.MetadataRefresh, new TextEncoder().encode("\0\0\0\x06refuse"));
    await until(() => client.answers(Response.Failed).length === 1, "the refusal");
    const [refusal] = client.answers(Response.Failed);
    assert.match(refusal!, /^Cannot use filter at column/);
    const { metadata } = bench.output.status().detail as { metadata: MetadataMakerStatus };
    assert.deepEqual([metadata.worker, metadata.started, metadata.made], ["running", 1, 2]);
    const told = (name: string) =>
      bench.output.metrics().find((m) => m.name === `output_metadata_${name}`)?.value;
    assert.deepEqual([told("made_total"), told("worker"), told("waiting")], [2, 1, 0]);
    assert.ok(decompress(client.metadata[0]!).length > 100);
    client.connection.destroy();
  });
});

Deno.test("output/sttp: strangers are turned away and counted", async () => {
  await withOutput({}, async (bench) => {
    const connection = await dial(bench.output, stranger).catch(() => undefined);
    if (connection) {
      const client = new TestClient(connection);
      await until(() => client.closed !== undefined, "the end");
    }
    const detail = () => bench.output.status().detail as { refused: Record<string, number> };
    await until(() => detail().refused["unknownCertificate"] === 1, "the refusal");
    assert.equal(bench.status().connected, false);
  });
});

Deno.test("output/sttp: too many connections are told so", async () => {
  await withOutput({ connectionsPerSubscriber: 1 }, async (bench) => {
    const first = new TestClient(await dial(bench.output));
    const second = new TestClient(await dial(bench.output));
    await until(() => second.closed !== undefined, "the second to be closed");
    assert.deepEqual(second.texts, [{
      response: Response.Failed,
      command: Command.Connect,
      text: "Connection refused: too many active connections.",
    }]);
    assert.equal(first.closed, undefined);
    first.connection.destroy();
  });
});

Deno.test("output/sttp: revoke, restore, disconnect, disable and another pin take effect at once", async () => {
  await withOutput({}, async (bench) => {
    const { output } = bench;
    let client = await subscribed(bench);
    output.revoke("scada");
    await until(() => client.closed !== undefined, "the end after revoke");
    client = new TestClient(await dial(output));
    await until(() => client.closed !== undefined, "the refusal while revoked");
    output.restore("scada");
    client = await subscribed(bench);
    assert.equal(output.disconnect("scada"), 1);
    await until(() => client.closed !== undefined, "the end after disconnect");
    client = await subscribed(bench);
    output.updateSubscribers(SUBSCRIBERS, identities());
    assert.equal(bench.status().connected, true);
    output.updateSubscribers(SUBSCRIBERS, identities(true, [stranger.fingerprint256]));
    await until(() => client.closed !== undefined, "the end after its pin was taken away");
    output.updateSubscribers({}, identities());
    assert.equal(output.status().detail!["connections"], 0);
  });
});

Deno.test("output/sttp: plain TCP where the configuration says so", async () => {
  await withOutput({ insecure: true }, async (bench) => {
    const client = new TestClient(
      await connectTcp({ hostname: "127.0.0.1", port: bench.output.port }),
    );
    client.hello();
    client.subscribe();
    await until(() => client.caches.length === 1, "the cache");
    await until(() => !bench.status().sessions[0]!.awaitsConfirmation, "the confirmation");
    bench.publish(1);
    await until(() => client.values.length === 3, "data");
    assert.equal(bench.status().sessions[0]!.secure, false);
    client.connection.destroy();
  });
});

Deno.test("output/sttp: the gateway dials a subscriber, and dials again when the connection ends", async () => {
  const clients: TestClient[] = [];
  const listener = await listenTls({
    hostname: "127.0.0.1",
    port: 0,
    ...scada,
    judge: (peer) =>
      peer.fingerprint === gateway.fingerprint256
        ? { name: "gateway" }
        : { refused: "unknownCertificate", message: "not the gateway" },
    onPeer: (connection) => {
      const client = new TestClient(connection);
      clients.push(client);
      client.hello();
      client.subscribe();
    },
    onRefused: () => {},
  });
  const dialling = [{ subscriber: "scada", address: `127.0.0.1:${listener.port}` }];
  await withOutput({ listen: "", dial: dialling }, async (bench) => {
    await until(() => clients[0]?.caches.length === 1, "the first connection");
    await until(() => !bench.status().sessions[0]!.awaitsConfirmation, "the confirmation");
    bench.publish(5);
    await until(() => clients[0]!.values.length === 3, "data");
    clients[0]!.connection.destroy();
    await until(() => clients[1]?.caches.length === 1, "the second connection");
    bench.output.revoke("scada");
  });
  await listener.close();
});

Deno.test("output/sttp: a peer that breaks the rules is cut off, counted and complained of once", async () => {
  await withOutput({}, async (bench) => {
    for (let i = 0; i < 3; i++) {
      const client = new TestClient(await dial(bench.output));
      client.connection.write(Uint8Array.of(0x80, 0, 0, 0, 2, 1, 1, 1));
      await until(() => client.closed !== undefined, "the end");
    }
    await until(() => bench.status().complaints["oversize"] === 3, "three complaints");
    assert.equal(bench.log.lines.filter((line) => /found 2147483648/.test(line)).length >= 1, true);
    assert.equal(
      bench.log.lines.filter((line) => /^warn scada: Cannot take a frame/.test(line)).length,
      1,
    );
    const client = await subscribed(bench);
    bench.publish(1);
    await until(() => client.values.length === 3, "data");
    client.connection.destroy();
  });
});

Deno.test("output/sttp: a client that sends without end is cut off, and nobody else notices", async () => {
  await withOutput({}, async (bench) => {
    const flood = new TestClient(await dial(bench.output));
    const client = await subscribedBeside(bench);
    flood.hello();
    const junk = new Uint8Array(5 * 4000);
    for (let i = 0; i < 4000; i++) junk.set([0, 0, 0, 1, 0x0b], 5 * i);
    await until(() => {
      if (flood.closed === undefined) flood.connection.write(junk);
      return flood.closed !== undefined;
    }, "the end of the flood");
    bench.publish(1);
    await until(() => client.values.length === 3, "data");
    assertBalanced(bench);
    client.connection.destroy();
  });
});
