import assert from "node:assert/strict";
import * as v from "valibot";
import { cloneFrame, type Frame, SignalRegistry } from "../../core/mod.ts";
import { makeSelfSigned, systemClock } from "../../os/mod.ts";
import { until } from "../../../tests/support/waiting.ts";
import { createSttpInput } from "./input.ts";
import { sttpInputSchema } from "./schema.ts";
import { guidOf, ScriptedPublisher } from "./testing.ts";

const GATEWAY = "6f1f7f6e-3f5b-4f0e-9a53-0c9a5d2b7a11";

function setUp(signals: number) {
  const registry = new SignalRegistry(GATEWAY, "EDGE");
  const frames: Frame[] = [];
  const publisher = new ScriptedPublisher(signals);
  const input = (name: string, reconnectMs = 100) =>
    createSttpInput(
      name,
      v.parse(sttpInputSchema, {
        type: "sttp",
        host: "127.0.0.1",
        port: publisher.port,
        insecure: true,
        compress: false,
        reconnectMinMs: reconnectMs,
        reconnectMaxMs: reconnectMs,
        dataLossMs: 60_000, // a machine that stands still is no lost connection
      }),
      {
        registry,
        sink: { accept: (frame) => void frames.push(cloneFrame(frame)) },
        log: { debug() {}, info() {}, warn() {}, error() {} },
        clock: systemClock(),
        identity: { keyPem: "", certPem: "" },
      },
    );
  return { registry, frames, publisher, input };
}

Deno.test("input/sttp: signals leave with their input, and another one may have them then", async () => {
  const { registry, publisher, input } = setUp(3);
  const deviceOf = () => registry.get(registry.handleOf(guidOf(0)) ?? -1)?.device;
  const first = input("one"), second = input("two");
  await first.start();
  await until(() => deviceOf() === "ONE!SHELBY");
  await first.stop();
  assert.deepEqual([registry.count, registry.devices()], [0, []]);
  await second.start();
  await until(() => deviceOf() === "TWO!SHELBY", () => second.status());
  assert.equal(registry.count, 3);
  await second.stop();
  publisher.close();
});

Deno.test("input/sttp: a frame whose rest is lost with the connection goes out as it is", async () => {
  const { frames, publisher, input } = setUp(2);
  const part = input("up", 60_000); // no other connection comes to its help
  await part.start();
  await until(() => publisher.confirmed === 1);
  await publisher.publish(1_700_000_000, new Map([[0, 1], [1, 2]]));
  await publisher.publish(1_700_000_001, new Map([[0, 3]]));
  await until(() => part.status().detail?.["measurements"] === 3);
  assert.deepEqual(frames.map((f) => [...f.values]), [[1, 2]]);
  publisher.hangUp();
  await until(() => frames.length === 2, "the frame that was begun");
  assert.deepEqual([...frames[1]!.values], [3, NaN]);
  await part.stop();
  publisher.close();
});

Deno.test("input/sttp: the certificate that it shows is told, and warned of before its end", async () => {
  const identity = await makeSelfSigned({ commonName: "edge", days: 20 });
  const publisher = new ScriptedPublisher(1);
  const warned: string[] = [], kept = { debug() {}, info() {}, error() {} };
  const part = createSttpInput(
    "up",
    v.parse(sttpInputSchema, {
      type: "sttp",
      host: "127.0.0.1",
      port: publisher.port,
      pins: [identity.fingerprint256],
    }),
    {
      registry: new SignalRegistry(GATEWAY, "EDGE"),
      sink: { accept() {} },
      log: { ...kept, warn: (text) => void warned.push(text) },
      clock: systemClock(),
      identity,
    },
  );
  assert.deepEqual(part.status().detail?.["certificates"], []);
  await part.start();
  const [own, ...others] = part.status().detail!["certificates"] as Record<string, unknown>[];
  assert.deepEqual(others, []);
  assert.deepEqual(
    [own!["role"], own!["name"], own!["fingerprint"], own!["warning"]],
    ["own", "input.up", identity.fingerprint256, true],
  );
  assert.ok(
    warned.some((line) => /^input\.up: its own certificate \(CN=edge\) .* in 19 days$/.test(line)),
  );
  const { labels, value } = part.metrics().find((m) => m.name === "certificate_expiry_seconds")!;
  assert.deepEqual([labels, value], [{ role: "own" }, own!["secondsLeft"]]);
  await part.stop();
  publisher.close();
});
