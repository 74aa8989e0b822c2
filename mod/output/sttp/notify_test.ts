import assert from "node:assert/strict";
import * as v from "valibot";
import { MemoryLog } from "../../core/testing.ts";
import { Identities } from "../../identity/mod.ts";
import { connectTcp, systemClock } from "../../os/mod.ts";
import { SubscriberSession } from "../../sttp/mod.ts";
import { sttpOutputSchema } from "./schema.ts";
import { createSttpOutput, type SttpOutput } from "./sttp_output.ts";
import { FakeAccess, GATEWAY_ID, makeRegistry } from "./testing.ts";
import { until } from "../../../tests/support/waiting.ts";

async function connect(output: SttpOutput) {
  const connection = await connectTcp({ hostname: "127.0.0.1", port: output.port });
  const texts: string[] = [];
  const session = new SubscriberSession({
    nowMs: 0,
    metadata: false,
    autoSubscribe: false,
    events: {
      transmit: (bytes) => void connection.write(bytes),
      close: () => connection.destroy(),
      measurements: () => {},
      notification: (text) => void texts.push(text),
    },
  });
  connection.onData = (bytes) => session.receive(bytes, 0);
  session.start(0);
  return { connection, texts };
}

Deno.test("output/sttp: a notification waits for its subscriber, and goes out once", async () => {
  const { registry } = makeRegistry(1);
  const output = createSttpOutput(
    "output.test",
    v.parse(sttpOutputSchema, { type: "sttp", listen: "127.0.0.1:0", insecure: true }),
    {
      gatewayId: GATEWAY_ID,
      registry,
      access: new FakeAccess(registry),
      identities: new Identities({
        subscribers: [{ name: "scada", enabled: true, plainAddress: ["127.0.0.1"] }],
      }),
      identity: { keyPem: "", certPem: "" },
      subscribers: { scada: { enabled: true, stream: "received" } },
      clock: systemClock(),
      log: new MemoryLog(),
    },
  );
  await output.start();
  try {
    assert.equal(output.notify("nobody", "hello"), false);
    assert.equal(output.notify("scada", "maintenance at noon"), true);
    const counts = () => output.subscribers()["scada"]!.notifications;
    assert.deepEqual(counts(), { added: 1, confirmed: 0, dropped: 0, waiting: 1 });
    const first = await connect(output);
    await until(() => counts().waiting === 0, "the confirmation");
    output.notify("scada", "trip at SHELBY");
    await until(() => counts().confirmed === 2, "the second confirmation");
    assert.equal(first.texts.length, 2);
    assert.match(
      first.texts[0]!,
      /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] maintenance at noon$/,
    );
    assert.match(first.texts[1]!, /trip at SHELBY$/);
    first.connection.destroy();
    const second = await connect(output);
    output.notify("scada", "over");
    await until(() => counts().confirmed === 3, "the third confirmation");
    assert.equal(second.texts.length, 1);
    second.connection.destroy();
  } finally {
    await output.stop();
  }
});
