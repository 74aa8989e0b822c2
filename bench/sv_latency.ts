/**
 * From the last sample of a window to the phasor at a TLS subscriber, over a wire, beyond the window's own delay.
 *
 * `deno run -P=test bench/sv_latency.ts [--seconds N] [--fifo] [--process]`. Twenty merging units of 4,800 samples/s,
 * class P at 60/s; sender, gateway and subscriber are processes of their own. With `--process` the gateway holds no
 * CAP_NET_RAW and `tieline capture` captures for it.
 *
 * Delay is counted from the moment before the system call that sends the last sample that a report waits for to the
 * moment after the subscriber's decoding, both on CLOCK_MONOTONIC. Needs the rights to lay a virtual cable.
 *
 * @module
 */
import { type Figure, figureTable, isReached } from "../mod/cli/bench_figure.ts";
import { machine } from "../mod/cli/machine.ts";
import { makeSelfSigned } from "../mod/os/mod.ts";
import { type Cable, layCable } from "../mod/os/testing.ts";
import { Instants } from "../mod/phasor/mod.ts";
import { ADMIN_TOML, AS_ROOT } from "../tests/system/site.ts";
import { sharedMicros } from "./load/clock.ts";
import { fetchOnce } from "./load/http.ts";
import { LoadProcess, watchHost } from "./load/process.ts";
import { readMoments } from "./load/records.ts";
import { freePort } from "../tests/support/ports.ts";

const STREAMS = 20, RATE = 4800, HZ = 60, FPS = 60;
/** Values of a stream: 8 phasors and 2 positive sequences, frequency, ROCOF, 8 RMS values, status and quality. */
const VALUES = 2 * 10 + 2 + 8 + 2;
const WARM_UP_SECONDS = 4;
/** How long the processes may take until they are there, on a machine that is busy. */
const READY_MS = 300_000;

if (import.meta.main) {
  const at = Deno.args.indexOf("--seconds");
  const { figures, notes } = await measureSvLatency(
    at < 0 ? 60 : Number(Deno.args[at + 1]),
    Deno.args.includes("--fifo"),
    Deno.args.includes("--process"),
  );
  console.log(`\n${machine()}, ${new Date().toISOString()}\n`);
  console.log(figureTable(figures));
  console.log(notes.join("\n"));
  Deno.exit(figures.every(isReached) ? 0 : 1);
}

/** Runs once; no figures where no cable can be laid, or for two processes where `setpriv` is not installed. */
export async function measureSvLatency(
  seconds: number,
  fifo: boolean,
  inProcess: boolean,
): Promise<{ figures: Figure[]; notes: string[] }> {
  if (inProcess && !await isInstalled("setpriv")) {
    return { figures: [], notes: ["skipped: two processes: setpriv is not installed"] };
  }
  const cable = await layCable("lat");
  if (!cable) return { figures: [], notes: [] };
  const folder = await Deno.makeTempDir({ prefix: "tieline-latency-" });
  const processes: LoadProcess[] = [];
  try {
    return await run(seconds, fifo, inProcess, cable, folder, processes);
  } catch (error) {
    for (const { text } of processes) if (text !== "") console.error(text);
    throw error;
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
    await cable.remove();
    await Deno.remove(folder, { recursive: true });
  }
}

async function run(
  seconds: number,
  fifo: boolean,
  inProcess: boolean,
  cable: Cable,
  folder: string,
  processes: LoadProcess[],
): Promise<{ figures: Figure[]; notes: string[] }> {
  const total = seconds + WARM_UP_SECONDS;
  const start = (...args: string[]) => {
    const process = new LoadProcess(["run", "--quiet", ...args], fifo);
    processes.push(process);
    return process;
  };
  const identity = await makeSelfSigned({ commonName: "subscriber" });
  const [port, adminPort] = [freePort(), freePort()];
  const config = `${folder}/gateway.toml`, socket = `${folder}/capture.sock`;
  await Deno.writeTextFile(
    config,
    configText(cable.far, folder, port, adminPort, identity.fingerprint256, inProcess, socket),
  );
  const capture = inProcess
    ? start("-P=gateway", "main.ts", "capture", "--socket", socket)
    : undefined;
  if (capture) await untilThere(socket);
  const gateway = inProcess
    ? new LoadProcess(["run", "--quiet", "-P=gateway", "main.ts", "run", config], fifo, undefined, [
      "setpriv",
      "--bounding-set=-net_raw",
      "--inh-caps=-net_raw",
    ])
    : start("-P=gateway", "main.ts", "run", config);
  if (inProcess) processes.push(gateway);
  const { fingerprint } = await readStatus(adminPort);
  const sentFile = `${folder}/sent`, receivedFile = `${folder}/received`;
  const sender = start(
    "-A",
    "bench/load/sv_sender.ts",
    cable.near,
    ...[STREAMS, RATE, HZ, total].map(String),
    sentFile,
  );
  const subscriber = start(
    "-A",
    "bench/load/subscriber.ts",
    `${port}`,
    fingerprint,
    `${STREAMS * VALUES}`,
    `${STREAMS * FPS * (total + 10)}`,
    receivedFile,
    `${FPS}`,
  );
  await subscriber.send(JSON.stringify(identity));
  await subscriber.next("subscribed");
  await sender.next("ready");
  await sender.send("go");
  await sleep(1000 * (1 + WARM_UP_SECONDS));
  const host = watchHost(), from = sharedMicros();
  const measured = capture ? [gateway, capture] : [gateway];
  const before = measured.map((p) => p.cpuSeconds);
  await sleep(1000 * seconds - 500);
  const passed = (sharedMicros() - from) / 1e6;
  const cpu = measured.map((p, i) => 100 * (p.cpuSeconds - before[i]!) / passed);
  const shares = host();
  const sent = await sender.next<{ end: number; missed: number }>("sent");
  await sleep(500);
  await subscriber.finish();
  await subscriber.next("received");

  const list = new Instants({
    performanceClass: "P",
    nominalHz: HZ,
    framesPerSecond: FPS,
    sampleRate: RATE,
    difference: "half-cycle",
  }).list;
  const sentAt = new Map((await readMoments(sentFile)).map(({ slot, micros }) => [slot, micros]));
  const delays: number[] = [];
  let expected = 0;
  for (const { slot, micros } of await readMoments(receivedFile)) {
    const second = Math.floor(slot / FPS);
    const last = second * RATE + list[slot - second * FPS]!.end;
    const at = sentAt.get(last);
    if (at === undefined || at < from || last >= sent.end) continue;
    expected++;
    delays.push((micros - at) / 1000);
  }
  delays.sort((a, b) => a - b);
  const percentile = (p: number) =>
    delays[Math.max(0, Math.ceil(delays.length * p / 100) - 1)] ?? NaN;
  const name = `20 MUs, class P at 60/s${inProcess ? ", two processes" : ""}: `;
  return {
    figures: [
      { name: `${name}last sample to TLS subscriber, p50`, value: percentile(50), unit: "ms" },
      {
        name: `${name}last sample to TLS subscriber, p99`,
        value: percentile(99),
        unit: "ms",
        threshold: { atMost: 5 },
      },
      { name: `${name}longest`, value: percentile(100), unit: "ms" },
      {
        name: `${name}gateway's processor time${inProcess ? ", without capture" : ""}`,
        value: cpu[0]!,
        unit: "% of a core",
      },
      ...(inProcess
        ? [{
          name: `${name}processor time of tieline capture`,
          value: cpu[1]!,
          unit: "% of a core",
        }]
        : []),
    ],
    notes: [
      `${name}${expected} frames; sender passed over ${sent.missed} samples; host ${
        shares.busyPercent.toFixed(1)
      } % busy, ${shares.stolenPercent.toFixed(1)} % stolen`,
    ],
  };
}

function configText(
  name: string,
  folder: string,
  port: number,
  adminPort: number,
  pin: string,
  inProcess: boolean,
  socket: string,
): string {
  const streams = Array.from({ length: STREAMS }, (_, i) => `
[[input.bus.streams]]
acronym = "MU${i}"
svId = "MU${i}"
appid = ${0x4000 + i}
nominalHz = ${HZ}
preset = "9-2LE"
framesPerSecond = ${FPS}
`).join("");
  return `
[gateway]
id = "3c6f6a0e-61b0-4f0e-8c9e-0b8f2a7d5e12"
name = "LOAD"
memoryMB = 400
stateDir = ${JSON.stringify(`${folder}/state`)}
[log]
level = "warning"
${ADMIN_TOML.replace("127.0.0.1:0", `127.0.0.1:${adminPort}`)}
[statistics]
enabled = false
[input.bus]
type = "sv"
interface = "${name}"
workers = 1
discovery = false
${inProcess ? `capture = "process"\ncaptureSocket = ${JSON.stringify(socket)}` : ""}
${streams}
[output.upstream]
type = "sttp"
listen = "127.0.0.1:${port}"
[subscriber.center]
pins = ["${pin}"]
allow = ["True"]
stream = "received"
`;
}

async function isInstalled(command: string): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args: ["--version"] }).output()).success;
  } catch {
    return false;
  }
}

async function untilThere(path: string): Promise<void> {
  for (const end = performance.now() + READY_MS; performance.now() < end;) {
    if (await Deno.lstat(path).then(() => true, () => false)) return;
    await sleep(50);
  }
  throw new Error(`${path} did not appear`);
}

async function readStatus(port: number): Promise<{ fingerprint: string }> {
  for (const end = performance.now() + READY_MS; performance.now() < end;) {
    try {
      const response = await fetchOnce(`http://127.0.0.1:${port}/api/status`, {
        headers: AS_ROOT,
      });
      return await response.json();
    } catch {
      await sleep(50); // it is not there yet
    }
  }
  throw new Error("The gateway did not start");
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
