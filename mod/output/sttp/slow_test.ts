import assert from "node:assert/strict";
import * as v from "valibot";
import { MemoryLog } from "../../core/testing.ts";
import { Identities } from "../../identity/mod.ts";
import { connectTls, makeSelfSigned, systemClock } from "../../os/mod.ts";
import { sttpOutputSchema } from "./schema.ts";
import { createSttpOutput, type SttpOutput } from "./sttp_output.ts";
import type { SubscriberStatus } from "./subscriber.ts";
import {
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
const pairs = {
  slow: await makeSelfSigned({ commonName: "slow" }),
  quick: await makeSelfSigned({ commonName: "quick" }),
};
const COUNT = 400;
const SMALL = { queueBytes: 65_536, logBytes: 131_072, unsentBytes: 16_384 };
const NAMES = ["slow", "quick"] as const;

interface Bench {
  readonly output: SttpOutput;
  readonly log: MemoryLog;
  readonly publish: (base: number) => void;
  readonly status: (name: string) => SubscriberStatus;
}

/** An output on which `rule` holds for the subscriber `slow`. */
async function withOutput(
  options: Record<string, unknown>,
  rule: "drop" | "latest" | "disconnect" | undefined,
  test: (bench: Bench) => Promise<void>,
): Promise<void> {
  const { registry, signals } = makeRegistry(COUNT);
  const access = new FakeAccess(registry);
  const handles = signals.map((s) => s.handle);
  for (const name of NAMES) access.grant(name, handles);
  const log = new MemoryLog();
  const output = createSttpOutput(
    "output.test",
    v.parse(sttpOutputSchema, {
      ...LISTENING,
      ...SMALL,
      ...options,
    }),
    {
      gatewayId: GATEWAY_ID,
      registry,
      access,
      identities: new Identities({
        subscribers: NAMES.map((name) => ({
          name,
          enabled: true,
          pins: [pairs[name].fingerprint256],
        })),
      }),
      identity: gateway,
      subscribers: {
        quick: { enabled: true, stream: "received" },
        slow: { enabled: true, stream: "received", slow: rule },
      },
      clock: systemClock(),
      log,
    },
  );
  const make = frameMaker(signals);
  const sink = output.sinkFor("received");
  await output.start();
  try {
    await test({
      output,
      log,
      publish: (base) => sink.accept(make(base)),
      status: (name) => output.subscribers()[name]!,
    });
  } finally {
    await output.stop();
  }
}

async function quick(bench: Bench): Promise<TestClient> {
  const client = new TestClient((await dialQuick(bench)).connection);
  await subscribe(bench, client, "quick");
  return client;
}

function dialQuick({ output: { port } }: Bench) {
  const judge = () => ({ name: "gateway" });
  return connectTls({ hostname: "127.0.0.1", port, ...pairs.quick, judge });
}

/** A client that stops reading once it is subscribed. */
async function stalled(bench: Bench): Promise<TestClient> {
  const { keyPem: key, certPem: cert } = pairs.slow;
  const { port } = bench.output;
  const caCerts = [gateway.certPem];
  const wire = new RawWire(
    await Deno.connectTls({ hostname: "localhost", port, key, cert, caCerts }),
  );
  const client = new TestClient(wire);
  await subscribe(bench, client, "slow");
  wire.pause();
  return client;
}

async function subscribe(bench: Bench, client: TestClient, name: string): Promise<void> {
  client.hello();
  client.subscribe();
  await until(
    () =>
      client.caches.length > 0 &&
      bench.status(name).sessions.every((s) => s.state === "subscribed" && !s.awaitsConfirmation),
    `the subscription of ${name}`,
  );
}

/** The other client has got all that was sent to it, in sequence, and gets more. */
async function goesOn(bench: Bench, other: TestClient): Promise<void> {
  bench.publish(7e6);
  await until(() => other.values.at(-1)?.value === 7e6 + COUNT - 1, "a frame of the other one");
  assert.equal(other.values.length, bench.status("quick").ledger.sent);
  assert.equal(bench.status("quick").ledger.balance, 0);
  assert.equal(other.gaps, 0);
  assert.equal(other.closed, undefined);
}

/** Publishes until `done`, a few frames each time that the quick client has had those before. */
function publishUntil(bench: Bench, done: () => boolean): Promise<void> {
  return until(() => {
    if (done()) return true;
    if (bench.status("quick").ledger.queued > 0) return false;
    for (let i = 0; i < 10; i++) bench.publish(Math.random() * 1e6);
    return false;
  }, String(done));
}

Deno.test("output/sttp: slow = latest: a stalled client gets the newest frame when it reads again", async () => {
  await withOutput({}, "latest", async (bench) => {
    const client = await stalled(bench);
    const other = await quick(bench);
    await publishUntil(
      bench,
      () => bench.status("slow").ledger.dropped["slow"]! > 50 * COUNT,
    );
    bench.publish(-1000);
    // On a busy machine the kernel takes some more in between, and the client falls behind once more.
    const { overruns } = bench.status("slow").sessions[0]!;
    assert.ok(overruns > 0);
    const encoded = () => bench.status("slow").ledger.sent;
    const before = encoded();
    client.connection.resume();
    await until(() => bench.status("slow").ledger.queued === 0, "the queue to be sent");
    // All frames have one layout: of what waited, one frame was sent.
    assert.equal(encoded() - before, COUNT);
    await until(() => client.values.length === encoded(), "what was sent");
    assert.equal(client.values.at(-1)!.value, -1000 + COUNT - 1);
    assert.equal(client.gaps, 0);
    assert.ok(bench.status("slow").sessions[0]!.superseded > 0);
    bench.publish(5);
    bench.publish(6);
    await until(() => encoded() - before === 3 * COUNT, "every frame again");
    assert.equal(bench.status("slow").ledger.balance, 0);
    await goesOn(bench, other);
    const metric = (name: string) =>
      bench.output.metrics().find((m) => m.name === name && m.labels!["subscriber"] === "slow")!;
    assert.equal(metric("subscriber_overruns_total").value, overruns);
    assert.ok(metric("subscriber_superseded_frames_total").value > 0);
    client.connection.destroy();
    other.connection.destroy();
  });
});

Deno.test("output/sttp: slow = disconnect: a stalled client is cut off, counted, and the other goes on", async () => {
  await withOutput({ slow: "disconnect" }, undefined, async (bench) => {
    const client = await stalled(bench);
    const other = await quick(bench);
    await publishUntil(bench, () => !bench.status("slow").connected);
    const { slowDisconnects, ledger } = bench.status("slow");
    assert.equal(slowDisconnects, 1);
    assert.equal(ledger.queued, 0);
    assert.equal(ledger.balance, 0);
    assert.ok(bench.log.lines.some((line) => /fell more than 65536 bytes behind/.test(line)));
    await goesOn(bench, other);
    assert.equal(bench.status("quick").slowDisconnects, 0);
    client.connection.destroy();
    other.connection.destroy();
  });
});

Deno.test("output/sttp: above the cap over all connections the fullest are held back, then ended", async () => {
  const options = { maxTotalUnsentBytes: 262_144, unsentBytes: 131_072 };
  await withOutput(options, "drop", async (bench) => {
    const clients = [];
    for (let i = 0; i < 4; i++) clients.push(await stalled(bench));
    const other = await quick(bench);
    const detail = () =>
      bench.output.status().detail as {
        heldBack: number;
        capDisconnects: number;
        waitingBytes: number;
      };
    let most = 0;
    await publishUntil(bench, () => {
      most = Math.max(most, detail().waitingBytes);
      return detail().capDisconnects > 0;
    });
    assert.ok(detail().heldBack > 0);
    // The cap, and a turn of each connection before it is looked at again.
    assert.ok(most <= 262_144 + 5 * 2 * 65_536, `${most} bytes waited`);
    assert.ok(bench.status("slow").sessions.length < 4);
    assert.equal(bench.status("slow").ledger.balance, 0);
    await goesOn(bench, other);
    for (const client of [...clients, other]) client.connection.destroy();
  });
});

Deno.test("output/sttp: one address has a bound of its own", async () => {
  await withOutput({ connectionsPerAddress: 2 }, "drop", async (bench) => {
    const clients = [await quick(bench), await quick(bench)];
    const third = new TestClient((await dialQuick(bench)).connection);
    await until(() => third.closed !== undefined, "the refusal");
    assert.match(third.texts[0]!.text, /too many active connections/);
    clients[0]!.connection.destroy();
    await until(() => bench.status("quick").sessions.length === 1, "room");
    clients.push(await quick(bench));
    for (const client of clients) client.connection.destroy();
  });
});
