/**
 * The subscribers of the fan-out benchmark, in a process of their own.
 *
 * Reads a line of JSON, then the words `begin` and `end`; writes a line when all are subscribed and one per `end`.
 *
 * @module
 */
import { LatencyHistogram } from "../mod/core/mod.ts";
import { Identities } from "../mod/identity/mod.ts";
import { SttpClient } from "../mod/input/sttp/mod.ts";
import { systemClock } from "../mod/os/mod.ts";
import type { SubscriberPlan, SubscribersReport } from "./fanout_common.ts";
import { lines } from "./load/lines.ts";

/** How far apart the subscribers begin, so that the gateway's limits let them in. */
const APART_MS = 50;
const EPOCH_MICROS = 62_135_596_800e6;

const input = lines(Deno.stdin.readable);
const work = JSON.parse((await input.next()).value!) as {
  port: number;
  pin: string;
  plans: SubscriberPlan[];
  signals: number;
}; // written by fanout.ts
const clock = systemClock();
const publisher = new Identities({
  subscribers: [{ name: "gateway", enabled: true, pins: [work.pin] }],
});
let latency = new LatencyHistogram();
let maxMicros = 0, measurements = 0, packets = 0, gaps = 0, ready = 0;
const { promise: allReady, resolve } = Promise.withResolvers<void>();

for (const { keyPem, certPem, filter } of work.plans) {
  let complete = false;
  new SttpClient({
    hostname: "127.0.0.1",
    port: work.port,
    clock,
    reconnectMinMs: 500,
    reconnectMaxMs: 2000,
    tls: {
      keyPem,
      certPem,
      judge: (peer) =>
        publisher.identifyTls({ ...peer, nowMs: clock.nowMicros() / 1000, role: "server" }),
    },
    session: { request: { filterExpression: filter } },
    events: {
      cache: ({ records }) => {
        if (complete || records.length < work.signals) return;
        complete = true;
        if (++ready === work.plans.length) resolve();
      },
      disconnected: (message) => {
        if (!complete) return;
        gaps++;
        console.error(message);
      },
      measurements: (batch) => {
        const now = clock.nowMicros();
        packets++;
        measurements += batch.count;
        let hi = -1, lo = -1;
        for (let i = 0; i < batch.count; i++) {
          if (batch.ticksLo[i] === lo && batch.ticksHi[i] === hi) continue;
          hi = batch.ticksHi[i]!;
          lo = batch.ticksLo[i]!;
          const micros = now - ((hi * 2 ** 32 + lo) / 10 - EPOCH_MICROS);
          latency.add(micros);
          maxMicros = Math.max(maxMicros, micros);
        }
      },
    },
  }).start();
  await new Promise((done) => setTimeout(done, APART_MS));
}
await allReady;
console.log("{}");
for await (const word of input) {
  if (word === "begin") {
    latency = new LatencyHistogram();
    maxMicros =
      measurements =
      packets =
      gaps =
        0;
  } else if (word === "end") {
    const report: SubscribersReport = {
      measurements,
      packets,
      gaps,
      p50Ms: latency.percentile(50) / 1000,
      p99Ms: latency.percentile(99) / 1000,
      maxMs: maxMicros / 1000,
    };
    console.log(JSON.stringify(report));
  }
}
