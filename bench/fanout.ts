/**
 * Fan-out: many subscribers with different rights and filters on one gateway, with and without a storm of connections.
 *
 * Four processes: simulated PMUs and this report, the gateway as `tieline run`, the subscribers over TLS, the storm.
 *
 * `deno run -P=test bench/fanout.ts [--short] [--subscribers N] [--seconds N] [--rounds N] [--aligned] [--fifo] [--json]`.
 * `--fifo` puts PMUs, gateway and subscribers, but not the storm, before all other processes of the host: for hosts that
 * others use, to show what is the gateway's own. It needs the right to SCHED_FIFO and `chrt`.
 *
 * @module
 */
import { ADMIN_TOML, AS_ROOT } from "../tests/system/site.ts";
import { parseArgs } from "node:util";
import { type KeyPair, makeSelfSigned } from "../mod/os/mod.ts";
import { PmuFleet } from "../mod/sim/mod.ts";
import { gatewayArgs, gatewayEnv } from "./load/process.ts";
import { numbersOf, type SubscriberPlan, type SubscribersReport } from "./fanout_common.ts";
import { lines } from "./load/lines.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const STREAMS = 20, PER_STREAM = 2, PHASORS = 11, RATE = 30;
/** Two values per phasor, FREQ, DFREQ and STAT. */
const SIGNALS_PER_DEVICE = 2 * PHASORS + 3;
const DEVICES = STREAMS * PER_STREAM;
const FIFO_PRIORITY = "10";
/** Devices that a subscriber may see, and those that it asks for. */
const GRANTED = 14, WANTED = 12;
const STORM_SECONDS = 10, STORM_CONNECTIONS = 500;

interface Row {
  readonly scenario: string;
  readonly subscribers: number;
  readonly measurementsPerSecond: number;
  readonly packetsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Largest 99th percentile of an input: what of the time was gone before the gateway had the frame. */
  readonly inputP99Ms: number;
  readonly cpuPercent: number;
  readonly rssMb: number;
  readonly lost: number;
}

const { values: options } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    subscribers: { type: "string" },
    seconds: { type: "string" },
    rounds: { type: "string" },
    aligned: { type: "boolean", default: false },
    fifo: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const count = Number(options.subscribers ?? (options.short ? 20 : 100));
const seconds = Number(options.seconds ?? (options.short ? 3 : 20));
/** Calm and storm take turns, so that what else the machine does meets both. */
const rounds = Number(options.rounds ?? 1);
const stormShare = options.short ? 0.2 : 1;

if (options.fifo) {
  const { success } = await new Deno.Command("chrt", {
    args: ["--all-tasks", "--fifo", "--pid", FIFO_PRIORITY, `${Deno.pid}`],
  }).output();
  if (!success) throw new Error("Expected the right to SCHED_FIFO, found that chrt refuses");
}
const rows: Row[] = [];
const stormLimits = "maxHandshakesPerSecond = 1000\nmaxHandshakes = 1024";
rows.push(...await run("default limits", ""));
if (!options.short) rows.push(...await run("no limits", stormLimits));
if (options.json) console.log(JSON.stringify(rows));
else console.table(Object.fromEntries(rows.map(({ scenario, ...row }) => [scenario, row])));
if (rows.some((row) => row.lost > 0)) Deno.exit(1);
Deno.exit(0);

/** A gateway with subscribers: once left alone, once with a storm. */
async function run(name: string, limits: string): Promise<Row[]> {
  const folder = await Deno.makeTempDir({ prefix: "tieline-fanout-" });
  const fleet = new PmuFleet();
  const children: Deno.ChildProcess[] = [];
  try {
    const ports = await startPmus(fleet);
    const pairs = await Promise.all(
      Array.from({ length: count }, (_, i) => makeSelfSigned({ commonName: `s${i}` })),
    );
    await Deno.writeTextFile(`${folder}/site.toml`, configuration(folder, ports, pairs, limits));
    const gateway = spawn([...gatewayArgs(), "run", `${folder}/site.toml`], "piped");
    children.push(gateway);
    const url = await adminUrl(gateway);
    const { port, pin } = await untilReady(url);
    const subscribers = spawn(["-A", "bench/fanout_subscribers.ts"], "inherit");
    children.push(subscribers);
    const plans = pairs.map((pair, i): SubscriberPlan => ({
      ...pair,
      filter: `FILTER ActiveMeasurements WHERE Device IN (${quoted(devicesOf(i, WANTED))})`,
    }));
    const writer = subscribers.stdin.getWriter();
    const say = (text: string) => writer.write(new TextEncoder().encode(`${text}\n`));
    const reports = lines(subscribers.stdout);
    const next = async () => JSON.parse((await reports.next()).value ?? "{}") as SubscribersReport;
    await say(JSON.stringify({ port, pin, plans, signals: WANTED * SIGNALS_PER_DEVICE }));
    await next(); // all are subscribed
    await sleep(2000);
    const result: Row[] = [];
    for (let turn = 0; turn < 2 * rounds; turn++) {
      const storm = turn % 2 === 1;
      await say("begin");
      const before = await usage(gateway.pid);
      const length = storm ? STORM_SECONDS * stormShare : seconds;
      const rss: number[] = [];
      const watch = setInterval(async () => rss.push((await usage(gateway.pid)).rssBytes), 500);
      const began = performance.now();
      if (storm) {
        const storming = spawn(["-A", "bench/fanout_storm.ts"], "inherit", "--other", "0");
        children.push(storming);
        const stormWriter = storming.stdin.getWriter();
        const total = STORM_CONNECTIONS * stormShare;
        const work = { port, pair: pairs[0], total, seconds: length };
        await stormWriter.write(new TextEncoder().encode(`${JSON.stringify(work)}\n`));
        for await (const line of lines(storming.stdout)) if (!options.json) console.log(line);
      } else await sleep(length * 1000);
      const elapsed = (performance.now() - began) / 1000;
      const after = await usage(gateway.pid);
      clearInterval(watch);
      await say("end");
      const report = await next();
      result.push({
        scenario: `${name}, ${storm ? "storm" : "calm"} ${1 + (turn >> 1)}`,
        subscribers: count,
        measurementsPerSecond: Math.round(report.measurements / elapsed),
        packetsPerSecond: Math.round(report.packets / elapsed),
        p50Ms: round(report.p50Ms),
        p99Ms: round(report.p99Ms),
        maxMs: round(report.maxMs),
        inputP99Ms: round(await inputDelayMs(url)),
        cpuPercent: round(100 * (after.cpuSeconds - before.cpuSeconds) / elapsed),
        rssMb: round(Math.max(...rss, after.rssBytes) / 1e6),
        lost: report.gaps + await droppedOf(url),
      });
    }
    return result;
  } finally {
    for (const child of children) kill(child);
    await fleet.close();
    await Deno.remove(folder, { recursive: true });
  }
}

async function startPmus(fleet: PmuFleet): Promise<number[]> {
  const ports: number[] = [];
  for (let stream = 0; stream < STREAMS; stream++) {
    const devices = Array.from({ length: PER_STREAM }, (_, i) => {
      const device = stream * PER_STREAM + i;
      return { device, station: `D${device}`, phasors: PHASORS, analogs: 0, digitals: 0 };
    });
    const transport = { kind: "tcp", port: 0 } as const;
    ports.push((await fleet.add({ idCode: stream + 1, rate: RATE, transport, devices })).port);
  }
  return ports;
}

function configuration(
  folder: string,
  ports: readonly number[],
  pairs: readonly KeyPair[],
  limits: string,
): string {
  const inputs = ports.map((port, stream) => {
    const devices = Array.from({ length: PER_STREAM }, (_, i) => {
      const device = stream * PER_STREAM + i;
      return `{ idCode = ${device + 1}, acronym = "D${device}" }`;
    });
    return `[input.p${stream}]
type = "c37118"
host = "127.0.0.1"
port = ${port}
idCode = ${stream + 1}
devices = [${devices.join(", ")}]
`;
  });
  const subscribers = pairs.map(({ fingerprint256 }, i) => `
[subscriber.s${i}]
pins = ["sha256:${fingerprint256}"]
allow = ["Device IN (${quoted(devicesOf(i, GRANTED))})"]
stream = "${options.aligned ? "wide" : "received"}"`);
  return `[gateway]
id = "5b1f7c3e-2d64-4f0a-9c55-7e8d1a2b3c4d"
name = "FANOUT"
stateDir = "${folder}/state"
memoryMB = 4000
[log]
level = "info"
${ADMIN_TOML}
[align.wide]
inputs = ["*"]
framesPerSecond = ${RATE}
waitMs = 50
${inputs.join("")}
[output.upstream]
type = "sttp"
listen = "127.0.0.1:0"
maxConnections = 300
connectionsPerAddress = 300
connectionsPerSubscriber = 64
${limits}
${subscribers.join("\n")}
`;
}

/** Acronyms of the devices that subscriber `i` is about: others for each of the first forty. */
function devicesOf(i: number, many: number): string[] {
  return Array.from({ length: many }, (_, k) => `D${(i * 7 + k * (1 + i % 3)) % DEVICES}`);
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(", ");
}

function spawn(
  args: readonly string[],
  stderr: "piped" | "inherit",
  policy = "--fifo",
  priority = FIFO_PRIORITY,
): Deno.ChildProcess {
  const deno = ["run", "--no-check", ...args];
  return new Deno.Command(options.fifo ? "chrt" : Deno.execPath(), {
    args: options.fifo ? [policy, priority, Deno.execPath(), ...deno] : deno,
    cwd: ROOT,
    env: gatewayEnv(),
    stdin: "piped",
    stdout: "piped",
    stderr,
  }).spawn();
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** Reads the log of the gateway until it tells its address; what follows is read and thrown away. */
async function adminUrl(gateway: Deno.ChildProcess): Promise<string> {
  const log = lines(gateway.stderr);
  for (let line = await log.next(); !line.done; line = await log.next()) {
    const url = /Admin API at (\S+)/.exec(line.value)?.[1];
    if (!url) continue;
    (async () => {
      for await (const _ of log);
    })();
    return url;
  }
  throw new Error("Cannot start the gateway: it ended without telling its address");
}

/** The parts of the status that are looked at. */
interface Status {
  readonly fingerprint: string;
  readonly signals: number;
  readonly parts: Record<string, {
    readonly detail: {
      readonly port: number;
      readonly subscribers: Record<string, { ledger: { dropped: Record<string, number> } }>;
    };
  }>;
}

async function statusOf(url: string): Promise<Status> {
  return await (await fetch(new URL("/api/status", url), { headers: AS_ROOT })).json();
}

async function untilReady(url: string): Promise<{ port: number; pin: string }> {
  for (const end = performance.now() + 30_000; performance.now() < end; await sleep(200)) {
    const { signals, parts, fingerprint } = await statusOf(url);
    const port = parts["output.upstream"]?.detail.port ?? 0;
    if (signals >= DEVICES * SIGNALS_PER_DEVICE && port > 0) {
      return { port, pin: fingerprint.replace("sha256:", "") };
    }
  }
  throw new Error("Waited too long for the signals of all devices");
}

/** Measurements that were lost, connections of the storm left aside. */
async function droppedOf(url: string): Promise<number> {
  const { subscribers } = (await statusOf(url)).parts["output.upstream"]!.detail;
  let lost = 0;
  for (const { ledger } of Object.values(subscribers)) {
    lost += ledger.dropped["slow"]! + ledger.dropped["oversize"]!;
  }
  return lost;
}

/** The largest 99th percentile of arrival minus stamp over all inputs. */
async function inputDelayMs(url: string): Promise<number> {
  const text = await (await fetch(new URL("/metrics", url), { headers: AS_ROOT })).text();
  const delays = text.matchAll(
    /^tieline_input_delay_seconds\{[^}]*quantile="0.99"[^}]*\} (\S+)$/gm,
  );
  return 1000 * Math.max(0, ...[...delays].map((match) => Number(match[1])));
}

/** CPU time and resident memory of a process, from /proc. */
async function usage(pid: number): Promise<{ cpuSeconds: number; rssBytes: number }> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = numbersOf(stat.slice(stat.lastIndexOf(")") + 2));
  const TICKS = 100, PAGE = 4096;
  return { cpuSeconds: (fields[11]! + fields[12]!) / TICKS, rssBytes: fields[21]! * PAGE };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
