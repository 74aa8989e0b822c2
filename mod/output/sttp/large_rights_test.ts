import assert from "node:assert/strict";
import * as v from "valibot";
import { MemoryLog } from "../../core/testing.ts";
import { AccessControl } from "../../access/mod.ts";
import { Identities } from "../../identity/mod.ts";
import { connectTcp, makeSelfSigned, systemClock } from "../../os/mod.ts";
import { sttpOutputSchema } from "./schema.ts";
import { createSttpOutput } from "./sttp_output.ts";
import { frameMaker, GATEWAY_ID, makeRegistry, TestClient } from "./testing.ts";
import { until } from "../../../tests/support/waiting.ts";
import { RunningTime, shortestMs } from "../../../tests/support/figures.ts";

const COUNT = 12_000;

Deno.test(`output/sttp: of ${COUNT} signals what is revoked stops within a second, and caches follow without data`, async () => {
  const { registry, signals } = makeRegistry(COUNT);
  const access = new AccessControl(registry, { nodeId: GATEWAY_ID });
  const output = createSttpOutput(
    "output.test",
    v.parse(sttpOutputSchema, { type: "sttp", listen: "127.0.0.1:0", insecure: true }),
    {
      gatewayId: GATEWAY_ID,
      registry,
      access,
      identities: new Identities({
        subscribers: [{ name: "scada", enabled: true, pins: [], plainAddress: ["127.0.0.1"] }],
      }),
      identity: await makeSelfSigned({ commonName: "gateway" }),
      subscribers: { scada: { enabled: true, stream: "received" } },
      clock: systemClock(),
      log: new MemoryLog(),
    },
  );
  await output.start();
  /** A client that may see all of them; milliseconds until it was sent the last value that it may not. */
  const trial = async () => {
    access.setSubscriber("scada", { allow: ["Device = 'SHELBY'"], deny: [] });
    const client = new TestClient(await connectTcp({ hostname: "127.0.0.1", port: output.port }));
    client.hello();
    client.subscribe("", "FILTER ActiveMeasurements WHERE TRUE");
    await until(() => client.caches.length === 1, "the cache, while no data flow");
    assert.equal(client.caches[0]!.records.length, COUNT);
    const sink = output.sinkFor("received");
    const make = frameMaker(signals.slice(0, 20));
    let sent = 0;
    const publish = () => sink.accept(make(100 * ++sent));
    await until(() => {
      publish();
      return client.values.length > 20;
    }, "data");
    // Signals 0, 2, 4 ... stay, the others stop.
    client.confirms = false;
    const time = new RunningTime();
    access.setSubscriber("scada", {
      allow: [1, 3, 5, 7, 9].map((digit) => `SignalReference LIKE '%${digit}'`),
      deny: [],
    });
    const revoked = signals[1]!.id; // SHELBY-AV2
    let last = 0;
    await until(() => {
      time.look();
      const got = client.values.splice(0);
      if (got.some(({ id }) => id === revoked)) last = time.ms;
      publish();
      // What stays goes on, and for half a second nothing else has come.
      return time.ms > 1500 && time.ms - last > 500 && got.length >= 10;
    }, "half a second without what is revoked");
    await until(() => client.caches.at(-1)!.records.length === COUNT / 2, "the new cache");
    assert.equal(client.gaps, 0);
    client.connection.destroy();
    return last;
  };
  try {
    const ms = await shortestMs(1000, trial);
    assert.ok(ms < 1000, `${ms} ms`);
  } finally {
    await output.stop();
    access.close();
  }
});
