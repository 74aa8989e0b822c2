import assert from "node:assert/strict";
import type { Gateway } from "../../mod/gateway/mod.ts";
import type { KeyPair } from "../../mod/os/mod.ts";
import { Command, commandFrame, Response } from "../../mod/sttp/mod.ts";
import { checkSeries } from "./expected.ts";
import { Flood } from "./flood.ts";
import { RawSubscriber } from "./raw_subscriber.ts";
import {
  detailOf,
  inputsRun,
  inputToml,
  keyPair,
  outputOf,
  type RecordedPmu,
  Site,
  TLS_OUTPUT,
} from "./site.ts";
import type { Subscriber } from "./subscriber.ts";
import { Valve } from "./valve.ts";
import { sleep, until } from "../support/waiting.ts";
import { heldBytes } from "../support/figures.ts";

interface Bench {
  readonly site: Site;
  readonly gateway: Gateway;
  readonly bad: KeyPair;
  readonly pmu: RecordedPmu;
  /** A subscriber that behaves, with everything of PMU1. */
  readonly good: Subscriber;
}

/** Runs a test beside a neighbour, and checks afterwards that the neighbour has lost nothing. */
async function withBench(output: string, test: (bench: Bench) => Promise<void>): Promise<void> {
  await Site.with(async (site) => {
    const pmu = await site.pmu(1);
    const [bad, own] = [await keyPair("bad"), await keyPair("good")];
    const gateway = await site.gateway(
      inputToml(1, pmu.pmu.port) + TLS_OUTPUT + output + `
[subscriber.bad]
pins = ["${bad.fingerprint256}"]
allow = ["True"]
[subscriber.good]
pins = ["${own.fingerprint256}"]
allow = ["Device = 'PMU1'"]
`,
    );
    await inputsRun(gateway, 1);
    const good = site.subscriber({
      port: outputOf(gateway).port,
      tls: { own, gatewayPin: gateway.identity!.fingerprint256 },
    });
    await until(() => good.measurements > 100, "data");
    await test({ site, gateway, bad, pmu, good });
    await site.drain(gateway, "good", good);
    assert.ok(checkSeries(good, [pmu]) > 100);
    assert.equal(good.client.connects, 1);
    assert.deepEqual(good.client.counters?.outOfSequence, 0);
    assert.deepEqual(good.troubles, []);
    for (const [name, { ledger }] of Object.entries(outputOf(gateway).subscribers())) {
      assert.equal(ledger.balance, 0, `books of ${name}`);
    }
  });
}

function dial({ gateway, bad }: Bench): Promise<RawSubscriber> {
  return RawSubscriber.dial(outputOf(gateway).port, {
    own: bad,
    gatewayPin: gateway.identity!.fingerprint256,
  });
}

/** A body after four bytes that say how long it is, truly or not. */
function framed(length: number, body: number[]): Uint8Array {
  const bytes = new Uint8Array(4 + body.length);
  new DataView(bytes.buffer).setUint32(0, length);
  bytes.set(body, 4);
  return bytes;
}

interface Case {
  readonly name: string;
  readonly act: (raw: RawSubscriber) => void;
  /** Whether the gateway ends the connection. */
  readonly ends: boolean;
  /** Kind of the complaint, which is counted. */
  readonly kind: string;
  /** What it is told, if anything. */
  readonly told?: RegExp;
}

const CASES: readonly Case[] = [
  {
    name: "Subscribe before operational modes",
    act: (raw) => raw.subscribe(),
    ends: true,
    kind: "notValidated",
  },
  {
    name: "MetadataRefresh before operational modes",
    act: (raw) => raw.send(Command.MetadataRefresh),
    ends: true,
    kind: "notValidated",
  },
  {
    name: "a length of 2^31 at the start",
    act: (raw) => raw.connection.write(framed(2 ** 31, [6, 0, 0, 0])),
    ends: true,
    kind: "oversize",
  },
  {
    name: "a length of 2^31 in a session",
    act: (raw) => raw.hello().connection.write(framed(2 ** 31, [2, 0, 0, 0])),
    ends: true,
    kind: "oversize",
  },
  {
    name: "a length of 2^32 - 1 inside a Subscribe",
    act: (raw) =>
      raw.hello().send(Command.Subscribe, Uint8Array.of(2, 255, 255, 255, 255, 1, 2, 3)),
    ends: false,
    kind: "refused",
    told: /./,
  },
  {
    name: "random bytes",
    act: (raw) => raw.connection.write(Uint8Array.from({ length: 5000 }, (_, i) => 137 * i + 255)),
    ends: true,
    kind: "oversize",
  },
  {
    name: "operational modes of version 9",
    act: (raw) => raw.send(Command.DefineOperationalModes, Uint8Array.of(0, 0, 0, 9)),
    ends: true,
    kind: "version",
    told: /version 9 is not supported/i,
  },
  {
    name: "an unknown command",
    act: (raw) => raw.hello().send(0x77),
    ends: false,
    kind: "refused",
    told: /0x77 is unknown/,
  },
  {
    name: "a filter that is none",
    act: (raw) => raw.hello().subscribe("FILTER ActiveMeasurements WHERE ((("),
    ends: false,
    kind: "refused",
    told: /./,
  },
  {
    name: "a filter of 1 MB",
    act: (raw) =>
      raw.hello().subscribe(
        "FILTER ActiveMeasurements WHERE " + "TRUE OR ".repeat(130_000) + "TRUE",
      ),
    ends: false,
    kind: "refused",
    told: /./,
  },
  {
    name: "a filter of 2 MB",
    act: (raw) => raw.hello().subscribe("x".repeat(2_000_000)),
    ends: true,
    kind: "oversize",
  },
  {
    name: "commands without end",
    act: (raw) => {
      raw.hello();
      const one = commandFrame(Command.ConfirmNotification, new Uint8Array(4));
      const many = new Uint8Array(one.length * 3000);
      for (let i = 0; i < 3000; i++) many.set(one, i * one.length);
      raw.connection.write(many);
    },
    ends: true,
    kind: "commandFlood",
  },
];

Deno.test("bad subscribers: each wrong command is answered or ends the session, is told of once and counted", async (t) => {
  await withBench("", async (bench) => {
    const { gateway, site } = bench;
    for (const { name, act, ends, kind, told } of CASES) {
      await t.step(name, async () => {
        const count = () => outputOf(gateway).subscribers()["bad"]!.complaints[kind] ?? 0;
        const before = count();
        for (let round = 0; round < 2; round++) {
          const raw = await dial(bench);
          act(raw);
          if (ends) await until(() => raw.closed !== undefined, "the end of the connection");
          else await until(() => raw.texts(Response.Failed).length > 0, "a refusal");
          if (told) assert.match(raw.texts(Response.Failed).join("\n"), told);
          if (!ends) {
            // The session goes on: it may subscribe in order.
            raw.subscribe("FILTER TOP 1 ActiveMeasurements WHERE SignalType = 'FREQ'");
            await until(() => raw.received.length > 3, () => `data; ${raw.texts(Response.Failed)}`);
          }
          raw.connection.destroy();
        }
        assert.equal(count(), before + 2);
      });
    }
    // Each kind stands in the log once, however often it happened, and never with control characters.
    const lines = site.log.complaints(/./).filter(({ from }) => from === "output.main");
    const kinds = new Set(CASES.map((c) => c.kind));
    assert.ok(
      lines.length <= kinds.size && lines.length > 0,
      JSON.stringify(lines.map((l) => l.text.slice(0, 200)), null, 1),
    );
    for (const { text } of lines) assert.ok(text.length < 700 && !/\p{Cc}/u.test(text));
  });
});

Deno.test("bad subscribers: a TLS client that sends without end is cut off, once in the log, and costs little", async () => {
  await withBench("", async (bench) => {
    const { gateway, site } = bench;
    const held = heldBytes();
    for (let round = 0; round < 2; round++) {
      const raw = await dial(bench);
      raw.hello();
      // Frames of an unknown command, each as large as a command may be: the read limit has to find it.
      const frame = commandFrame(0x77, new Uint8Array(1_000_000));
      let sent = 0;
      while (raw.closed === undefined && sent < 60) {
        if (raw.connection.writableLength < frame.length) {
          raw.connection.write(frame);
          sent++;
        }
        await sleep(10);
      }
      await until(() => raw.closed !== undefined, "the end of the connection");
      assert.ok(sent < 60, "60 MB were taken");
    }
    const { complaints } = outputOf(gateway).subscribers()["bad"]!;
    assert.equal(complaints["readRateLimit"], 2, JSON.stringify(complaints));
    assert.equal(site.log.complaints(/bytes per second/).length, 1);
    const growth = (heldBytes() - held) / 1e6;
    assert.ok(growth < 150, `memory grew by ${growth} MB`);
  });
});

Deno.test("bad subscribers: one that never reads is held back, loses its own frames only, and is cut off", async () => {
  const limits =
    "unsentBytes = 65536\nqueueBytes = 1048576\nlogBytes = 2097152\nstallTimeoutMs = 3000\n";
  await withBench(limits, async (bench) => {
    const { site, gateway } = bench;
    const flood = new Flood(gateway);
    const valve = new Valve(() => outputOf(gateway).port);
    site.atEnd(() => valve.close());
    const raw = await RawSubscriber.dial(valve.port, {
      own: bench.bad,
      gatewayPin: gateway.identity!.fingerprint256,
    });
    raw.hello().subscribe();
    await until(() => raw.received.length > 20, "data");
    const status = () => outputOf(gateway).subscribers()["bad"]!;
    const held = heldBytes();
    valve.shut();
    let waiting = 0, queued = 0;
    await until(() => {
      flood.pour(60);
      for (const session of status().sessions) {
        waiting = Math.max(waiting, session.bytesWaiting);
        queued = Math.max(queued, session.queuedBytes);
      }
      return !status().connected;
    }, "the end of the connection");
    assert.ok(status().ledger.dropped["slow"]! > 0);
    assert.ok(status().ledger.dropped["disconnected"]! > 0);
    assert.ok(waiting < 65_536 + 200_000, `${waiting} bytes waited in the connection`);
    assert.ok(queued <= 1_048_576, `${queued} bytes were queued`);
    assert.equal(status().complaints["stalled"], 1, JSON.stringify(status().complaints));
    assert.equal(site.log.complaints(/it took nothing for 3 s/).length, 1);
    const growth = (heldBytes() - held) / 1e6;
    assert.ok(growth < 200, `memory grew by ${growth} MB`);
    raw.connection.destroy();
  });
});

Deno.test("bad subscribers: who does not even shake hands is counted and costs nobody anything", async () => {
  await withBench("", async (bench) => {
    const { gateway } = bench;
    const { port } = outputOf(gateway);
    const refused = () => detailOf(gateway, "output.main")["refused"] as Record<string, number>; // the output's status
    const silent = await Deno.connect({ hostname: "127.0.0.1", port });
    const noisy = await Deno.connect({ hostname: "127.0.0.1", port });
    await noisy.write(crypto.getRandomValues(new Uint8Array(4096)));
    await until(() => (refused()["handshakeFailed"] ?? 0) >= 1, () => JSON.stringify(refused()));
    await until(() => (refused()["handshakeTimeout"] ?? 0) >= 1, () => JSON.stringify(refused()));
    silent.close();
    noisy.close();
  });
});
