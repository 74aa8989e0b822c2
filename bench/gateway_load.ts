/**
 * The whole gateway under load: sender, gateway and one TLS subscriber in processes of their own.
 *
 * `deno run -P=test bench/gateway_load.ts [--seconds N] [--aligned] [--fifo] [--v8-flags=...]`. The gateway is the real
 * program with a configuration file; 40 PMUs x 60 frames/s x 26 values over TCP, as received or aligned.
 *
 * Delay is counted from the moment before the sender's write to the moment after the subscriber's decoding, both on
 * CLOCK_MONOTONIC. The sender's moment stands in for the arrival in the gateway's kernel, which comes a little later:
 * the figures are on the safe side.
 *
 * @module
 */
import { AS_ROOT } from "../tests/system/site.ts";
import { loadToml } from "./load/site_config.ts";
import { type Figure, figureTable, median } from "../mod/cli/bench_figure.ts";
import { makeSelfSigned } from "../mod/os/mod.ts";
import { sharedMicros, WallOffsets } from "./load/clock.ts";
import { VALUES_PER_DEVICE } from "./load/device.ts";
import { fetchOnce } from "./load/http.ts";
import { gatewayArgs, LoadProcess, watchHost } from "./load/process.ts";
import { type FrameMoment, readMoments } from "./load/records.ts";
import { freePort } from "../tests/support/ports.ts";

/** How to put the gateway under load. */
export interface LoadOptions {
  /** Seconds that count. */
  readonly seconds: number;
  /** Through an aligner at the same rate. */
  readonly aligned: boolean;
  /** Put the three processes before all others of the host, for hosts that others use. */
  readonly fifo?: boolean;
  /** Arguments of Deno for the gateway, for example `--v8-flags=--trace-gc`; what it prints is then shown. */
  readonly gatewayFlags?: readonly string[];
}

/** What a run under load gave. */
export interface LoadResult {
  /** The figures. */
  readonly figures: Figure[];
  /** What to know when reading them, and what went wrong. */
  readonly notes: string[];
}

const DEVICES = 40;
const RATE = 60;
const SIGNALS = DEVICES * VALUES_PER_DEVICE;
const WAIT_MS = 100;
/** Seconds at the beginning in which code gets warm: their frames count, their delays do not. */
const WARM_UP_SECONDS = 4;
/** Above this share of stolen time, stalls are those of the host. */
const MOST_STOLEN_PERCENT = 1;
/** Time for what is on the way after the last frame was sent. */
const DRAIN_MS = 1500;

if (import.meta.main) {
  const { args } = Deno;
  const at = args.indexOf("--seconds");
  const { figures, notes } = await measureLoad({
    seconds: at < 0 ? 60 : Number(args[at + 1]),
    aligned: args.includes("--aligned"),
    fifo: args.includes("--fifo"),
    gatewayFlags: args.filter((arg) => arg.startsWith("--v8-flags")),
  });
  console.log(figureTable(figures));
  console.log(notes.join("\n"));
  Deno.exit(0);
}

/** Runs the load once. */
export async function measureLoad(options: LoadOptions): Promise<LoadResult> {
  const folder = await Deno.makeTempDir({ prefix: "tieline-load-" });
  const processes: LoadProcess[] = [];
  const start = (args: readonly string[]) => {
    const process = new LoadProcess(["run", "--quiet", ...args], options.fifo);
    processes.push(process);
    return process;
  };
  try {
    return await runLoad(options, folder, start);
  } catch (error) {
    for (const { text } of processes) if (text !== "") console.error(text);
    throw error;
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
    await Deno.remove(folder, { recursive: true });
  }
}

async function runLoad(
  options: LoadOptions,
  folder: string,
  start: (args: readonly string[]) => LoadProcess,
): Promise<LoadResult> {
  const total = options.seconds + WARM_UP_SECONDS;
  const sentFile = `${folder}/sent`, receivedFile = `${folder}/received`;
  const sender = start([
    "-A",
    "bench/load/sender.ts",
    `${DEVICES}`,
    `${RATE}`,
    `${total}`,
    sentFile,
  ]);
  const ports = await sender.next<number[]>("ports");

  const identity = await makeSelfSigned({ commonName: "subscriber" });
  const port = freePort(), adminPort = freePort();
  const path = `${folder}/gateway.toml`;
  await Deno.writeTextFile(
    path,
    loadToml({
      folder,
      ports,
      port,
      adminPort,
      pin: identity.fingerprint256,
      ...(options.aligned && {
        align: `framesPerSecond = ${RATE}\nwaitMs = ${WAIT_MS}\npublishEarly = false\n`,
      }),
    }),
  );
  const gateway = start([
    ...gatewayArgs(options.gatewayFlags),
    "run",
    path,
  ]);
  const { fingerprint } = await statusWhen(
    adminPort,
    (status) => booksOf(status).filter(({ accepted }) => accepted > 0).length === DEVICES,
  );

  const records = DEVICES * RATE * (total + 30);
  const subscriber = start([
    "-A",
    "bench/load/subscriber.ts",
    `${port}`,
    fingerprint,
    `${SIGNALS}`,
    `${records}`,
    receivedFile,
    `${RATE}`,
  ]);
  await subscriber.send(JSON.stringify(identity));
  await subscriber.next("subscribed");

  await sleep(500); // data flow to the subscriber before the first slot that counts
  const lateBefore = lateFrames(await readStatus(adminPort));
  const wall = new WallOffsets();
  await sender.send("go");
  await sleep(WARM_UP_SECONDS * 1000);
  const host = watchHost();
  const from = sharedMicros();
  const cpuBefore = [gateway, sender, subscriber].map((process) => process.cpuSeconds);
  await sleep(options.seconds * 1000 - 200);
  const passed = (sharedMicros() - from) / 1e6;
  const cpu = [gateway, sender, subscriber].map((process, i) =>
    (100 * (process.cpuSeconds - cpuBefore[i]!)) / passed
  );
  const shares = host();
  const sent = await sender.next<SenderCount>("sent");
  await sleep(DRAIN_MS + (options.aligned ? WAIT_MS : 0));
  const clockMoved = wall.stop();
  const status = await readStatus(adminPort);
  const peak = gateway.peakMegabytes;
  if (options.gatewayFlags?.length) console.log(gateway.text);
  await subscriber.finish();
  const received = await subscriber.next<SubscriberCount>("received");

  const moments = await readMoments(receivedFile);
  const name = `40 PMUs x 60 x 26${options.aligned ? ", aligned" : ""}: `;
  const { firstSlot, endSlot } = await sender.next<SenderSlots>("slots");
  const accepted = booksOf(status).reduce((sum, book) => sum + book.accepted, 0);
  const expected = (endSlot - firstSlot - sent.slotsMissed) * SIGNALS;
  const late = lateFrames(status) - lateBefore;
  const values = received.bySlot
    .filter(([slot]) => slot >= firstSlot && slot < endSlot)
    .reduce((sum, [, [values]]) => sum + values, 0);
  const figures: Figure[] = [
    ...(options.aligned
      ? alignedFigures(name, moments, from, wall, status)
      : delayFigures(name, moments, await readMoments(sentFile), from)),
    {
      name: `${name}gateway's processor time`,
      value: cpu[0]!,
      unit: "% of a core",
      threshold: { atMost: 50 },
    },
    { name: `${name}gateway's peak memory`, value: peak, unit: "MB", threshold: { atMost: 200 } },
    {
      name: `${name}frames lost up to the gateway`,
      value: sent.framesSent - accepted,
      unit: `of ${sent.framesSent}`,
      threshold: { atMost: 0 },
    },
    {
      name: `${name}measurements lost up to the subscriber${
        options.aligned ? ", late ones aside" : ""
      }`,
      value: expected - values - late * VALUES_PER_DEVICE,
      unit: `of ${expected}`,
      threshold: { atMost: 0 },
    },
  ];
  if (options.aligned) {
    figures.push({
      name: `${name}frames that reached the aligner after their deadline`,
      value: late,
      unit: `of ${expected / VALUES_PER_DEVICE}`,
    });
  }
  const percent = (value: number | undefined) => `${value?.toFixed(1)} %`;
  const notes = [
    `${name}sender ${percent(cpu[1])} and subscriber ${percent(cpu[2])} of a core; host ${
      percent(shares.busyPercent)
    } busy and ${percent(shares.stolenPercent)} stolen over all cores`,
  ];
  if (shares.stolenPercent > MOST_STOLEN_PERCENT) {
    notes.push(
      `${name}the hypervisor took the cores away: delays of this run say nothing of the program`,
    );
  }
  if (sent.slotsMissed > 0) notes.push(`${name}the sender passed over ${sent.slotsMissed} slots`);
  if (sent.failures > 0) notes.push(`${name}${sent.failures} writes of the sender failed`);
  if (Math.abs(clockMoved) > 200) {
    notes.push(`${name}the host's clock moved by ${clockMoved.toFixed(0)} us during the run`);
  }
  for (const key of ["failed", "complaint"]) {
    for (const text of subscriber.all(key)) notes.push(`${name}subscriber: ${text}`);
  }
  const { bySlot: _, ...counts } = received;
  if (Object.values(counts).some((count) => count > 0)) {
    notes.push(`${name}subscriber: ${JSON.stringify(counts)}`);
  }
  return { figures, notes };
}

interface SenderCount {
  readonly framesSent: number;
  readonly slotsMissed: number;
  readonly failures: number;
}

interface SenderSlots {
  readonly firstSlot: number;
  readonly endSlot: number;
}

interface SubscriberCount {
  readonly bySlot: readonly (readonly [slot: number, counts: readonly [number, number]])[];
  readonly outOfSequence: number;
  readonly withoutCache: number;
  readonly resubscriptions: number;
}

interface Status {
  readonly fingerprint: string;
  readonly parts: Readonly<Record<string, { readonly detail?: Record<string, unknown> }>>;
}

/** Delays of frames that were sent from `from` on, each from its write to its decoding. */
function delayFigures(
  name: string,
  received: readonly FrameMoment[],
  sent: readonly FrameMoment[],
  from: number,
): Figure[] {
  const writes = new Map(sent.map((m) => [keyOf(m), m.micros]));
  const delays: number[] = [], at: number[] = [];
  for (const moment of received) {
    const written = writes.get(keyOf(moment));
    if (written === undefined || written < from) continue;
    delays.push((moment.micros - written) / 1000);
    at.push(written);
  }
  return percentileFigures(`${name}write of the PMU to decoding`, delays, at, 5);
}

/** How long after its deadline each slot was decoded, and what the aligner itself says of their leaving. */
function alignedFigures(
  name: string,
  received: readonly FrameMoment[],
  from: number,
  wall: WallOffsets,
  status: Status,
): Figure[] {
  const complete = new Map<number, number>();
  for (const { slot, micros } of received) {
    complete.set(slot, Math.max(micros, complete.get(slot) ?? 0));
  }
  const delays: number[] = [], at: number[] = [];
  for (const [slot, micros] of complete) {
    if (micros < from) continue;
    delays.push((micros + wall.at(micros) - (slot * 1e6) / RATE) / 1000 - WAIT_MS);
    at.push(micros);
  }
  const leaving = Number(status.parts["align.main"]?.detail?.["publishDelayP99Ms"]);
  return [
    {
      name: `${name}deadline to leaving the aligner, p99, its own account`,
      value: leaving,
      unit: "ms",
      threshold: { atMost: 4 },
    },
    ...percentileFigures(`${name}deadline to decoding`, delays, at, 4),
  ];
}

function percentileFigures(
  name: string,
  delays: readonly number[],
  at: readonly number[],
  p99AtMost: number,
): Figure[] {
  const bySecond = new Map<number, number[]>();
  delays.forEach((delay, i) => {
    const second = Math.floor(at[i]! / 1e6);
    const list = bySecond.get(second);
    if (list) list.push(delay);
    else bySecond.set(second, [delay]);
  });
  const seconds = [...bySecond.values()].map((list) => percentile(list, 99));
  return [
    { name: `${name}, p50`, value: percentile(delays, 50), unit: "ms" },
    {
      name: `${name}, p99`,
      value: percentile(delays, 99),
      unit: "ms",
      threshold: { atMost: p99AtMost },
    },
    {
      name: `${name}, p99 of a second, median`,
      value: seconds.length > 0 ? median(seconds) : NaN,
      unit: "ms",
    },
    { name: `${name}, longest`, value: percentile(delays, 100), unit: "ms" },
  ];
}

function percentile(values: readonly number[], percent: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? NaN;
}

function keyOf({ device, slot }: FrameMoment): number {
  return slot * DEVICES + device;
}

async function statusWhen(
  port: number,
  condition: (status: Status) => boolean,
): Promise<Status> {
  const deadline = performance.now() + 300_000;
  for (;;) {
    const status = await readStatus(port).catch(() => undefined);
    if (status && condition(status)) return status;
    if (performance.now() > deadline) {
      throw new Error(`The gateway did not get ready: ${JSON.stringify(status)?.slice(0, 2000)}`);
    }
    await sleep(100);
  }
}

interface Book {
  readonly received: number;
  readonly accepted: number;
}

/** The books of the inputs that have begun. */
function booksOf(status: Status): Book[] {
  return Object.entries(status.parts)
    .filter(([name]) => name.startsWith("input."))
    // The shape of an input's status.
    .map(([, { detail }]) => detail?.["books"] as Book | undefined)
    .filter((book) => book !== undefined);
}

/** Frames that came to the aligner too late for their slots; 0 without an aligner. */
function lateFrames(status: Status): number {
  // The shape of an aligner's status.
  const sources = status.parts["align.main"]?.detail?.["sources"] as
    | Record<string, { readonly late: number }>
    | undefined;
  return Object.values(sources ?? {}).reduce((sum, source) => sum + source.late, 0);
}

async function readStatus(port: number): Promise<Status> {
  const response = await fetchOnce(`http://127.0.0.1:${port}/api/status`, { headers: AS_ROOT });
  return await response.json();
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
