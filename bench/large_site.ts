/**
 * `deno run -P=test --v8-flags=--max-semi-space-size=4 bench/large_site.ts [--signals N]`: how long a large site's
 * subscriptions, changes of rights and metadata hold the publisher's thread.
 *
 * The publisher stands in this thread with 100,000 signals and a flow of data; its subscriber is a worker over TLS. The
 * thread's own processor time is looked at once a millisecond, so that what else the machine does is left out; the
 * collector's pauses are in it. Exits 1 if any turn of the event loop took more than 20 ms, or metadata of 20,000
 * measurements more than 2 s.
 *
 * @module
 */
import * as v from "valibot";
import { AccessControl } from "../mod/access/mod.ts";
import { type Figure, figureTable, isReached } from "../mod/cli/bench_figure.ts";
import { machine } from "../mod/cli/machine.ts";
import { makeFrame, makeLayout, setFromMicros, SignalRegistry } from "../mod/core/mod.ts";
import { Identities } from "../mod/identity/mod.ts";
import { makeSelfSigned, systemClock } from "../mod/os/mod.ts";
import { createSttpOutput, sttpOutputSchema } from "../mod/output/sttp/mod.ts";
import type { Done, Task } from "./large_site_client.ts";
import { TurnMeter } from "./load/turn_meter.ts";
import { lineDrafts, station } from "./load/station.ts";

const GATEWAY_ID = "6d1b5f2e-6f0b-4c7e-9d57-2f6f3a6f1a11";
const PER_DEVICE = 20;
const MOST_TURN_MS = 20;
const MOST_METADATA_MS = 2000;
const PERIOD_MS = 10;

const at = Deno.args.indexOf("--signals");
const signals = at < 0 ? 100_000 : Number(Deno.args[at + 1]);

/** Registers device `d`, whose first signal tells whether it is one of the first 20,000. */
function registerDevice(
  registry: SignalRegistry,
  d: number,
): readonly { readonly handle: number }[] {
  const company = d < 1000 ? "GPA" : "TVA";
  return registry.register(station(d, { company }), lineDrafts(d, PER_DEVICE)).signals;
}

async function main(): Promise<Figure[]> {
  const clock = systemClock();
  const registry = new SignalRegistry(GATEWAY_ID, "BENCH");
  const handles: number[] = [];
  for (let d = 0; d < signals / PER_DEVICE; d++) {
    for (const { handle } of registerDevice(registry, d)) if (d < 10) handles.push(handle);
  }
  const access = new AccessControl(registry, { nodeId: GATEWAY_ID });
  access.setSubscriber("all", { allow: ["SignalType LIKE '%'"], deny: [] });
  access.setSubscriber("some", { allow: ["Company = 'GPA'"], deny: [] });
  const pairs = await Promise.all(
    ["all", "some"].map(async (commonName) => ({
      name: commonName,
      pair: await makeSelfSigned({ commonName }),
    })),
  );
  const quiet = () => {};
  const output = createSttpOutput(
    "output.bench",
    v.parse(sttpOutputSchema, { type: "sttp", listen: "127.0.0.1:0" }),
    {
      gatewayId: GATEWAY_ID,
      registry,
      access,
      identities: new Identities({
        subscribers: pairs.map(({ name, pair }) => ({
          name,
          enabled: true,
          pins: [pair.fingerprint256],
        })),
      }),
      identity: await makeSelfSigned({ commonName: "gateway" }),
      subscribers: {
        all: { enabled: true, stream: "received" },
        some: { enabled: true, stream: "received" },
      },
      clock,
      log: { debug: quiet, info: quiet, warn: console.error, error: console.error },
    },
  );
  await output.start();
  const sink = output.sinkFor("received");
  const frame = makeFrame(makeLayout("bench", handles, [], 1000 / PERIOD_MS));
  const data = setInterval(() => {
    setFromMicros(frame.instant, clock.nowMicros());
    frame.arrivalMicros = clock.nowMicros();
    sink.accept(frame);
  }, PERIOD_MS);

  const clients = pairs.map(({ pair }) => {
    const worker = new Worker(new URL("./large_site_client.ts", import.meta.url), {
      type: "module",
    });
    const tell = (task: Task) =>
      new Promise<Done>((resolve, reject) => {
        worker.onmessage = (event: MessageEvent<Done>) => resolve(event.data);
        worker.onerror = (event) => reject(new Error(event.message));
        worker.postMessage(task);
      });
    return { pair, worker, tell };
  });
  const [all, some] = clients as [typeof clients[0], typeof clients[0]];
  for (const { pair, tell } of clients) {
    await tell({ kind: "connect", port: output.port, identity: pair });
  }
  const figures: Figure[] = [];
  const meter = new TurnMeter();
  const measure = async (name: string, task: () => Promise<Done>, mostMs?: number) => {
    await sleep(6000); // until the subscriber may use time for filters again
    meter.take();
    const { ms, bytes } = await task();
    await sleep(500); // what follows, such as announcements, belongs to it
    const [longest] = meter.take();
    figures.push(
      {
        name: `${name}: longest turn`,
        value: longest ?? NaN,
        unit: "ms of the thread",
        threshold: { atMost: MOST_TURN_MS },
      },
      {
        name: `${name}: until the answer`,
        value: ms,
        unit: `ms, ${bytes} bytes`,
        ...(mostMs !== undefined && { threshold: { atMost: mostMs } }),
      },
    );
  };
  const filter = "FILTER ActiveMeasurements WHERE SignalType LIKE '%' ORDER BY PointTag DESC";
  const everything = registry.signals();
  await measure(`subscribe to ${signals}`, () => all.tell({ kind: "subscribe", filter }));
  await measure(
    "subscribe by 10,000 GUIDs",
    () =>
      all.tell({
        kind: "subscribe",
        filter: everything.slice(0, 10_000).map(({ id }) => id).join(";"),
      }),
  );
  await measure(`subscribe to ${signals} again`, () => all.tell({ kind: "subscribe", filter }));
  await measure("rights change", () => {
    access.setSubscriber("all", { allow: ["SignalType LIKE 'V%'"], deny: ["Device = 'STATION3'"] });
    return all.tell({ kind: "cache" });
  });
  await measure("a device comes", () => {
    registerDevice(registry, signals / PER_DEVICE);
    return all.tell({ kind: "cache" });
  });
  await measure(
    "metadata of 20,000",
    () => some.tell({ kind: "metadata", filter: "" }),
    MOST_METADATA_MS,
  );
  await measure(
    "metadata of 20,000, filtered",
    () =>
      some.tell({
        kind: "metadata",
        filter: "FILTER MeasurementDetail WHERE SignalAcronym = 'VPHM' ORDER BY PointTag",
      }),
    MOST_METADATA_MS,
  );
  await measure(`metadata of ${signals / 2}`, () => all.tell({ kind: "metadata", filter: "" }));
  meter.stop();
  clearInterval(data);
  for (const { worker } of clients) worker.terminate();
  await output.stop();
  return figures;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const figures = await main();
console.log(`${machine()}\n\n${figureTable(figures)}`);
Deno.exit(figures.every(isReached) ? 0 : 1);
