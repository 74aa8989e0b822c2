import assert from "node:assert/strict";
import * as v from "valibot";
import { AccessControl } from "../../mod/access/mod.ts";
import { type Log, makeFrame, makeLayout, SignalRegistry } from "../../mod/core/mod.ts";
import { Identities } from "../../mod/identity/mod.ts";
import { SttpClient } from "../../mod/input/sttp/mod.ts";
import {
  type KeyPair,
  makeSelfSigned,
  openUdp,
  openUdpSender,
  systemClock,
} from "../../mod/os/mod.ts";
import {
  createSttpOutput,
  type SttpOutput,
  sttpOutputSchema,
  type SubscriberStatus,
} from "../../mod/output/sttp/mod.ts";
import { Command } from "../../mod/sttp/mod.ts";
import { GATEWAY_ID } from "./site.ts";
import { until } from "../support/waiting.ts";
import { freePort } from "../support/ports.ts";

const SIGNALS = 300;
const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Passes datagrams on, and loses some of them: the same ones in every run. */
async function lossyRelay(toPort: number, lossRate: number) {
  const counts = { passed: 0, lost: 0 };
  let state = 53;
  const socket = await openUdp({
    hostname: "127.0.0.1",
    clock: systemClock(),
    onDatagram: (bytes) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      if (state / 2 ** 32 < lossRate) counts.lost++;
      else {
        counts.passed++;
        out.send(bytes.slice());
      }
    },
    onError: () => {},
  });
  const out = openUdpSender({
    localAddress: "127.0.0.1",
    hostname: "127.0.0.1",
    port: toPort,
    queueBytes: 1 << 24,
  });
  return {
    counts,
    port: socket.port,
    close: () => {
      socket.close();
      out.close();
    },
  };
}

interface Bench {
  readonly output: SttpOutput;
  readonly publish: (base: number) => void;
  readonly status: () => SubscriberStatus;
  readonly gateway: KeyPair;
  readonly own: KeyPair;
}

/** An output with one device of analogs, and one subscriber that may see all of it. */
async function withOutput(
  options: Record<string, unknown>,
  test: (bench: Bench) => Promise<void>,
): Promise<void> {
  const gateway = await makeSelfSigned({ commonName: "gateway" });
  const own = await makeSelfSigned({ commonName: "scada" });
  const registry = new SignalRegistry(GATEWAY_ID, "TEST");
  const { signals } = registry.register(
    {
      acronym: "SHELBY",
      id: "00000000-0000-4000-8000-000000000001",
      name: "Shelby",
      parentAcronym: "",
      protocol: "test",
      accessId: 1,
      framesPerSecond: 60,
      company: "",
      vendor: "",
      longitude: NaN,
      latitude: NaN,
    },
    Array.from({ length: SIGNALS }, (_, i) => ({
      type: "ALOG" as const,
      label: `A${i}`,
      phase: "" as const,
      unit: "",
      index: i + 1,
      description: "",
    })),
  );
  const access = new AccessControl(registry, { nodeId: GATEWAY_ID });
  access.setSubscriber("scada", { allow: ["True"], deny: [] });
  const output = createSttpOutput(
    "output.test",
    v.parse(sttpOutputSchema, { type: "sttp", listen: "127.0.0.1:0", ...options }),
    {
      gatewayId: GATEWAY_ID,
      registry,
      access,
      identities: new Identities({
        subscribers: [{
          name: "scada",
          enabled: true,
          pins: [own.fingerprint256],
          plainAddress: ["127.0.0.1"],
        }],
      }),
      identity: gateway,
      subscribers: { scada: { enabled: true, stream: "received" } },
      clock: systemClock(),
      log: SILENT,
    },
  );
  const frame = makeFrame(makeLayout("test", signals.map((s) => s.handle), [], 60));
  const sink = output.sinkFor("received");
  const publish = (base: number) => {
    const now = Date.now();
    frame.instant.seconds = Math.floor(now / 1000);
    frame.instant.nanos = (now % 1000) * 1e6;
    frame.arrivalMicros = now * 1000;
    frame.values.forEach((_, i) => frame.values[i] = base + i);
    sink.accept(frame);
  };
  await output.start();
  try {
    await test({ output, publish, status: () => output.subscribers()["scada"]!, gateway, own });
  } finally {
    await output.stop();
  }
}

/** A client that counts; over TLS unless `plain`. */
function makeClient(
  bench: Bench,
  udp: { port: number; announcedPort?: number },
  plain = false,
) {
  const seen = { measurements: 0, wrong: 0, refused: [] as string[], texts: [] as string[] };
  const client = new SttpClient({
    hostname: "127.0.0.1",
    port: bench.output.port,
    clock: systemClock(),
    ...(plain ? {} : {
      tls: { ...bench.own, judge: () => ({ name: "gateway" }) },
    }),
    session: { request: { filterExpression: "True" }, metadata: false },
    udp,
    events: {
      subscribed: (text) => void seen.texts.push(text),
      succeeded: (_, text) => void seen.texts.push(text),
      refused: (_, text) => void seen.refused.push(text),
      measurements: (batch, cache) => {
        seen.measurements += batch.count;
        for (let i = 0; i < batch.count; i++) {
          const position = cache.positionOf(batch.ids[i]!);
          if ((batch.values[i]! - position) % SIGNALS !== 0) seen.wrong++;
        }
      },
    },
  });
  return { client, seen };
}

const settled = (bench: Bench) => {
  const session = bench.status().sessions[0];
  return session?.state === "subscribed" && !session.awaitsConfirmation;
};
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

Deno.test("udp over TLS: one percent random loss costs at most 1.1 percent and no connection", async () => {
  await withOutput({ udp: true }, async (bench) => {
    const port = freePort();
    const relay = await lossyRelay(port, 0.01);
    const { client, seen } = makeClient(bench, { port, announcedPort: relay.port });
    client.start();
    try {
      await until(() => settled(bench) && seen.texts.length > 0, "the subscription");
      assert.match(seen.texts[0]!, /compact format over encrypted UDP with 300 signals/);
      let frames = 0;
      bench.publish(SIGNALS * frames++);
      await until(() => relay.counts.passed > 0, "the first keys to settle");
      const session = () => bench.status().sessions[0]!;
      const began = performance.now();
      let rotated = 0;
      while (frames < 1400 || session().keyRotations < 2) {
        assert.ok(performance.now() - began < 180_000, JSON.stringify(session()));
        for (let i = 0; i < 2; i++) bench.publish(SIGNALS * (frames++ % 50));
        if (performance.now() - began > 1000 * rotated) {
          rotated++;
          bench.output.status(); // as an operator would look at it
          client.command(Command.RotateCipherKeys);
        }
        await pause(5);
      }
      await until(() => bench.status().ledger.queued === 0, "the queue to be sent");
      await until(() => {
        const { lost, passed } = relay.counts;
        return lost + passed === session().udp!.datagrams;
      }, "all datagrams at the relay");
      await until(
        () => client.counters!.packets === relay.counts.passed,
        () => [relay.counts, client.counters],
      );
      const { ledger, sessions } = bench.status();
      const missing = frames * SIGNALS - seen.measurements;
      const { lost, passed } = relay.counts;
      const summary = `${missing} of ${frames * SIGNALS} measurements, ${lost} of ` +
        `${lost + passed} datagrams`;
      assert.ok(lost > 10, summary);
      assert.ok(missing / (frames * SIGNALS) <= 0.011, summary);
      assert.equal(seen.wrong, 0);
      assert.equal(ledger.balance, 0);
      assert.equal(ledger.sent + ledger.dropped["udp"]!, frames * SIGNALS);
      assert.equal(ledger.dropped["udp"], 0);
      assert.equal(sessions.length, 1);
      assert.ok(sessions[0]!.keyRotations >= 2, `${sessions[0]!.keyRotations} rotations`);
      assert.equal(sessions[0]!.udp!.datagrams, lost + passed);
      assert.equal(client.connects, 1);
      assert.equal(client.counters!.undecodable, 0);
    } finally {
      await client.stop();
      relay.close();
    }
    await until(() => !bench.status().connected, "the end");
    bench.publish(0);
    assert.equal(bench.status().ledger.balance, 0);
  });
});

const ON_PLAIN = [
  { options: {}, expected: /^UDP data channels are switched off here/ },
  { options: { udp: true }, expected: /need cipher keys, which are sent over TLS only/ },
];
for (const { options, expected } of ON_PLAIN) {
  Deno.test(`udp on plain TCP: refused in words with ${JSON.stringify(options)}`, async () => {
    await withOutput({ insecure: true, ...options }, async (bench) => {
      const { client, seen } = makeClient(bench, { port: 0 }, true);
      client.start();
      try {
        await until(() => seen.refused.length === 1, "the refusal");
        assert.match(seen.refused[0]!, expected);
        assert.equal(client.state, "validated");
      } finally {
        await client.stop();
      }
    });
  });
}

Deno.test("udp on plain TCP: unencrypted where the listener says so", async () => {
  await withOutput({ insecure: true, udp: true, udpUnencrypted: true }, async (bench) => {
    const { client, seen } = makeClient(bench, { port: 0 }, true);
    client.start();
    try {
      await until(() => settled(bench), "the subscription");
      for (let n = 0; n < 20; n++) bench.publish(SIGNALS * n);
      await until(() => seen.measurements === 20 * SIGNALS, "the measurements");
      assert.equal(seen.wrong, 0);
      assert.equal(bench.status().sessions[0]!.encrypted, false);
      assert.equal(bench.status().ledger.balance, 0);
    } finally {
      await client.stop();
    }
  });
});
