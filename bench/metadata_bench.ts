/**
 * `deno run -P=test bench/metadata_bench.ts`: how long metadata of 20,000 measurements take, and how much data are
 * delayed meanwhile.
 *
 * The publisher stands in this thread, subscribers in workers of their own. One of them reads 100 frames/s whose
 * schedule is known; ten others, each with rights and certificate of its own, connect one after the other and ask for
 * metadata that nobody has asked for before. Delay is counted from the schedule, so that a blocked publisher counts
 * in full. One line of JSON at the end; exits 1 if a bound is missed: 2 s, and 20 ms at p99 while metadata are made.
 *
 * @module
 */
import * as v from "valibot";
import { AccessControl } from "../mod/access/mod.ts";
import { makeFrame, makeLayout, setFromMicros, SignalRegistry } from "../mod/core/mod.ts";
import { Identities } from "../mod/identity/mod.ts";
import { type KeyPair, makeSelfSigned, systemClock } from "../mod/os/mod.ts";
import { createSttpOutput, sttpOutputSchema } from "../mod/output/sttp/mod.ts";
import { until } from "../tests/support/waiting.ts";
import { type Answer, type Job, nowMs, PERIOD_MS } from "./metadata_reader.ts";
import { lineDrafts, station } from "./load/station.ts";

const GATEWAY_ID = "6d1b5f2e-6f0b-4c7e-9d57-2f6f3a6f1a11";
const DEVICES = 1000, PER_DEVICE = 20, READERS = 10;
const QUIET_MS = 5000, PAUSE_MS = 500;
const MAX_SERVED_MS = 2000, MAX_DELAY_MS = 20;

function ask(worker: Worker, message: Job | "stop"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    worker.onmessage = (event: MessageEvent<Answer>) => resolve(event.data);
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(message);
  });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function fill(registry: SignalRegistry) {
  let first: readonly { readonly handle: number }[] = [];
  for (let d = 0; d < DEVICES; d++) {
    const { signals } = registry.register(station(d), lineDrafts(d, PER_DEVICE));
    if (d === 0) first = signals;
  }
  return first.map((s) => s.handle);
}

async function main(): Promise<void> {
  const clock = systemClock();
  const registry = new SignalRegistry(GATEWAY_ID, "BENCH");
  const handles = fill(registry);
  const access = new AccessControl(registry, { nodeId: GATEWAY_ID });
  const names = ["data", ...Array.from({ length: READERS }, (_, i) => `reader${i}`)];
  const keys = new Map<string, KeyPair>();
  for (const name of names) keys.set(name, await makeSelfSigned({ commonName: name }));
  for (const name of names) {
    access.setSubscriber(name, {
      allow: [name === "data" ? "Device = 'STATION0'" : `Device <> 'STATION${name.slice(6)}9'`],
      deny: [],
    });
  }
  const quiet = () => {};
  const output = createSttpOutput(
    "output.bench",
    v.parse(sttpOutputSchema, { type: "sttp", listen: "127.0.0.1:0" }),
    {
      gatewayId: GATEWAY_ID,
      registry,
      access,
      identities: new Identities({
        subscribers: [...keys].map(([name, { fingerprint256 }]) => ({
          name,
          enabled: true,
          pins: [fingerprint256],
        })),
      }),
      identity: await makeSelfSigned({ commonName: "gateway" }),
      subscribers: Object.fromEntries(
        names.map((name) => [name, { enabled: true, stream: "received" }]),
      ),
      clock,
      log: { debug: quiet, info: quiet, warn: console.error, error: console.error },
    },
  );
  await output.start();

  const startMs = nowMs();
  const job = (role: Job["role"], name: string): Job => ({
    role,
    port: output.port,
    identity: keys.get(name)!, // every name has one
    startMs,
  });
  const newWorker = () =>
    new Worker(new URL("./metadata_reader.ts", import.meta.url), { type: "module" });
  const data = newWorker();
  await ask(data, job("data", "data"));
  await until(() => output.subscribers()["data"]!.sessions.length === 1, "the data connection");
  const stopData = produce(handles, output.sinkFor("received"), startMs);
  await sleep(1000);
  const quietFrom = nowMs();
  await sleep(QUIET_MS);
  const quietTo = nowMs();
  const served: Extract<Answer, { kind: "metadata" }>[] = [];
  for (let i = 0; i < READERS; i++) {
    const worker = newWorker();
    await sleep(PAUSE_MS); // until the worker is loaded: its start is not what is measured
    const answer = await ask(worker, job("metadata", `reader${i}`));
    if (answer.kind === "metadata") served.push(answer);
    worker.terminate();
  }
  await sleep(100);
  stopData();
  const answer = await ask(data, "stop");
  data.terminate();
  await output.stop();
  if (answer.kind !== "delays") throw new Error(`Expected delays, found ${answer.kind}`);
  report(answer.delays, quietFrom, quietTo, served);
}

/** Gives out a frame each period by the schedule, also those that are overdue; returns the way to stop. */
function produce(
  handles: readonly number[],
  sink: { accept(frame: ReturnType<typeof makeFrame>): void },
  startMs: number,
): () => void {
  const frame = makeFrame(
    makeLayout("bench", handles, [{ device: "STATION0", offset: 0, count: handles.length }], 100),
  );
  let next = Math.ceil((nowMs() - startMs) / PERIOD_MS);
  let timer: ReturnType<typeof setTimeout>;
  const turn = () => {
    while (startMs + next * PERIOD_MS <= nowMs()) {
      frame.values.fill(-1);
      frame.values[0] = next;
      frame.arrivalMicros = nowMs() * 1000;
      setFromMicros(frame.instant, (startMs + next * PERIOD_MS) * 1000);
      sink.accept(frame);
      next++;
    }
    timer = setTimeout(turn, Math.max(0, startMs + next * PERIOD_MS - nowMs()));
  };
  turn();
  return () => clearTimeout(timer);
}

function report(
  delays: readonly (readonly [number, number])[],
  quietFrom: number,
  quietTo: number,
  served: readonly { beganMs: number; endedMs: number; bytes: number }[],
): void {
  const figures = (isMeant: (dueMs: number, atMs: number) => boolean) => {
    const sorted = delays.filter(([at, delay]) => isMeant(at - delay, at)).map(([, d]) => d)
      .sort((a, b) => a - b);
    const at = (p: number) =>
      round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))]!);
    return { frames: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
  };
  const quiet = figures((due) => due >= quietFrom && due <= quietTo);
  const during = figures((due, at) =>
    served.some(({ beganMs, endedMs }) => at >= beganMs && due <= endedMs)
  );
  const times = served.map((s) => s.endedMs - s.beganMs).sort((a, b) => a - b);
  const result = {
    measurements: DEVICES * PER_DEVICE - PER_DEVICE,
    documents: served.length,
    gzipBytes: served[0]?.bytes ?? 0,
    servedMs: { median: round(times[times.length >> 1]!), max: round(times.at(-1)!) },
    delayQuiet: quiet,
    delayWhileServing: during,
  };
  console.log(JSON.stringify(result));
  const isMissed = served.length < READERS || times.at(-1)! > MAX_SERVED_MS ||
    during.p99Ms > MAX_DELAY_MS;
  Deno.exit(isMissed ? 1 : 0);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

await main();
