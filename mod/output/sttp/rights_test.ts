import assert from "node:assert/strict";
import * as v from "valibot";
import { MemoryLog } from "../../core/testing.ts";
import { AccessControl } from "../../access/mod.ts";
import { parseTomlDocument } from "../../config/mod.ts";
import { Identities } from "../../identity/mod.ts";
import { connectTls, makeSelfSigned, systemClock } from "../../os/mod.ts";
import { Command, decodeMetadata, Response } from "../../sttp/mod.ts";
import { sttpOutputSchema } from "./schema.ts";
import { createSttpOutput } from "./sttp_output.ts";
import { frameMaker, GATEWAY_ID, LISTENING, makeRegistry, TestClient } from "./testing.ts";
import { until } from "../../../tests/support/waiting.ts";

Deno.test("output/sttp: rules decide over data, cache and metadata, live, over TLS", async () => {
  const { registry, signals } = makeRegistry(6);
  const access = new AccessControl(registry, { nodeId: GATEWAY_ID });
  access.setSubscriber("scada", {
    allow: ["Device = 'SHELBY'"],
    deny: [`"${signals[5]!.pointTag}"`],
  });
  const gateway = await makeSelfSigned({ commonName: "gateway" });
  const scada = await makeSelfSigned({ commonName: "scada" });
  const output = createSttpOutput(
    "output.test",
    v.parse(sttpOutputSchema, { ...LISTENING }),
    {
      gatewayId: GATEWAY_ID,
      registry,
      access,
      identities: new Identities({
        subscribers: [{ name: "scada", enabled: true, pins: [scada.fingerprint256] }],
      }),
      identity: gateway,
      subscribers: { scada: { enabled: true, stream: "received" } },
      clock: systemClock(),
      log: new MemoryLog(),
    },
  );
  const sink = output.sinkFor("received");
  const make = frameMaker(signals);
  await output.start();
  try {
    const { connection } = await connectTls({
      hostname: "127.0.0.1",
      port: output.port,
      ...scada,
      judge: () => ({ name: "gateway" }),
    });
    const client = new TestClient(connection);
    const rows = () =>
      decodeMetadata(client.metadata.at(-1)!, { encoding: "utf-8", gzip: true })
        .tables.find((t) => t.name === "MeasurementDetail")!.rows.length;
    client.hello();
    client.send(Command.MetadataRefresh);
    client.subscribe("", `FILTER ActiveMeasurements WHERE SignalType = 'ALOG';${signals[5]!.id}`);
    await until(() => client.caches.length === 1 && client.metadata.length === 1, "the cache");
    assert.equal(client.caches[0]!.records.length, 5);
    assert.deepEqual(client.caches[0]!.unauthorized, [signals[5]!.id]);
    assert.equal(rows(), 5);
    /** Publishes `base` plus handle until some of it arrives; what did. */
    const values = async (base: number) => {
      const ofBase = () =>
        client.values.map((m) => m.value).filter((value) => value >= base && value < base + 10);
      // Until the confirmation has arrived, frames are offered and filtered.
      await until(() => {
        sink.accept(make(base));
        return ofBase().length > 0;
      }, "data");
      return new Set(ofBase());
    };
    assert.deepEqual(await values(10), new Set([10, 11, 12, 13, 14]));
    access.setSubscriber("scada", { allow: [signals[1]!.id, signals[5]!.id], deny: [] });
    assert.deepEqual(await values(20), new Set([21]), "at once");
    await until(() => client.caches.length === 2, "the new cache");
    await until(() => client.codes.includes(Response.ConfigurationChanged), "the announcement");
    await until(() => {
      sink.accept(make(30));
      return client.values.some((m) => m.value === 35);
    }, "the granted signal");
    assert.deepEqual(client.caches[1]!.unauthorized, []);
    client.send(Command.MetadataRefresh);
    await until(() => client.metadata.length === 2, "the metadata");
    assert.equal(rows(), 2);
    client.subscribe("", "FILTER ActiveMeasurements WHERE Nonsense = 1");
    await until(() => client.answers(Response.Failed).length === 1, "the refusal");
    assert.match(client.answers(Response.Failed)[0]!, /Nonsense/);
    assert.equal(client.gaps, 0);
    client.connection.destroy();
  } finally {
    await output.stop();
    access.close();
  }
});

Deno.test("output/sttp: the rules of sample.toml are valid", async () => {
  const text = await Deno.readTextFile(new URL("./sample.toml", import.meta.url));
  // The document's shape is checked by the test of the schema.
  const { subscriber } = parseTomlDocument(text, "sample.toml").value as {
    subscriber: Record<string, { allow?: string[]; deny?: string[] }>;
  };
  const { registry } = makeRegistry(1);
  const access = new AccessControl(registry, { nodeId: GATEWAY_ID });
  for (const [name, { allow = [], deny = [] }] of Object.entries(subscriber)) {
    access.setSubscriber(name, { allow, deny });
  }
  assert.equal(access.permitted("viewer")[0], 1);
  access.close();
});
