/**
 * How many measurements per second the gateway carries: PMUs, gateway and one TLS subscriber in processes of their own.
 *
 * `deno run -P=test bench/throughput.ts [--rate 200000|1000000] [--seconds N] [--fifo] [--profile FOLDER] [--viewers N]`. 40 PMUs at 60 frames/s
 * whose number of phasors makes the rate. `--profile` has the gateway write a profile of its processor time, which slows
 * it. `--viewers` has operators ask for status and values meanwhile, and N of them view it live. Delay is as in gateway_load.ts. Exits 1 if a threshold is missed.
 *
 * @module
 */
import { AS_ROOT } from "../tests/system/site.ts";
import { loadToml } from "./load/site_config.ts";
import { adminLoad } from "./admin_load.ts";
import { type Figure, figureTable, isReached } from "../mod/cli/bench_figure.ts";
import { machine } from "../mod/cli/machine.ts";
import { makeSelfSigned } from "../mod/os/mod.ts";
import { sharedMicros } from "./load/clock.ts";
import { gatewayArgs, LoadProcess, watchHost } from "./load/process.ts";
import { readMoments } from "./load/records.ts";
import { freePort } from "../tests/support/ports.ts";

const DEVICES = 40;
const RATE = 60;
const WARM_UP_SECONDS = 4;
const DRAIN_MS = 3000;
/** Values of a PMU that are no parts of phasors: frequency, its change, digital words, status and time quality. */
const OTHER_VALUES = 6;

/** Runs the load once. */
async function measure(
  perSecond: number,
  seconds: number,
  fifo: boolean,
  profile: string | undefined,
  viewers: number | undefined,
): Promise<{ figures: Figure[]; notes: string[] }> {
  const folder = await Deno.makeTempDir({ prefix: "tieline-throughput-" });
  const processes: LoadProcess[] = [];
  const start = (args: readonly string[]) => {
    const process = new LoadProcess(["run", "--quiet", ...args], fifo);
    processes.push(process);
    return process;
  };
  try {
    return await run(perSecond, seconds, profile, viewers, folder, start);
  } catch (error) {
    for (const { text } of processes) if (text !== "") console.error(text);
    throw error;
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
    await Deno.remove(folder, { recursive: true });
  }
}

async function run(
  perSecond: number,
  seconds: number,
  profile: string | undefined,
  viewers: number | undefined,
  folder: string,
  start: (args: readonly string[]) => LoadProcess,
): Promise<{ figures: Figure[]; notes: string[] }> {
  const phasors = Math.ceil((perSecond / DEVICES / RATE - OTHER_VALUES) / 2);
  const values = 2 * phasors + OTHER_VALUES;
  const total = seconds + WARM_UP_SECONDS;
  const sentFile = `${folder}/sent`, receivedFile = `${folder}/received`;
  const sender = start([
    "-A",
    "bench/load/sender.ts",
    ...[DEVICES, RATE, total].map(String),
    sentFile,
    `${phasors}`,
  ]);
  const ports = await sender.next<number[]>("ports");
  const identity = await makeSelfSigned({ commonName: "subscriber" });
  const port = freePort(), adminPort = freePort();
  const path = `${folder}/gateway.toml`;
  await Deno.writeTextFile(
    path,
    loadToml({ folder, ports, port, adminPort, pin: identity.fingerprint256 }),
  );
  const gateway = start([
    ...gatewayArgs(profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`]),
    "run",
    path,
  ]);
  const { fingerprint } = await ready(adminPort);
  const subscriber = start([
    "-A",
    "bench/load/subscriber.ts",
    `${port}`,
    fingerprint,
    `${DEVICES * values}`,
    `${DEVICES * RATE * (total + 30)}`,
    receivedFile,
    `${RATE}`,
  ]);
  await subscriber.send(JSON.stringify(identity));
  await subscriber.next("subscribed");
  await sleep(1000); // data flow to the subscriber before the first slot that counts
  await sender.send("go");
  await sleep(WARM_UP_SECONDS * 1000);
  const operators = viewers === undefined ? undefined : adminLoad(adminPort, viewers);
  const host = watchHost();
  const from = sharedMicros();
  const all = [gateway, sender, subscriber];
  const before = all.map(({ cpuSeconds }) => cpuSeconds);
  await sleep(seconds * 1000 - 200);
  const passed = (sharedMicros() - from) / 1e6;
  const cpu = all.map(({ cpuSeconds }, i) => (100 * (cpuSeconds - before[i]!)) / passed);
  const { busyPercent, stolenPercent } = host();
  const asked = await operators?.stop(`${Math.round(perSecond / 1000)} k/s: `) ?? [];
  const sent = await sender.next<{ slotsMissed: number; failures: number }>("sent", 60_000);
  await sleep(DRAIN_MS);
  const peak = gateway.peakMegabytes;
  await subscriber.finish();
  const received = await subscriber.next<
    { bySlot: [number, [number, number]][]; outOfSequence: number }
  >("received", 60_000);
  const { firstSlot, endSlot } = await sender.next<{ firstSlot: number; endSlot: number }>("slots");
  const expected = (endSlot - firstSlot - sent.slotsMissed) * DEVICES * values;
  const got = received.bySlot
    .filter(([slot]) => slot >= firstSlot && slot < endSlot)
    .reduce((sum, [, [, count]]) => sum + count, 0);
  const keyOf = ({ slot, device }: { slot: number; device: number }) => slot * DEVICES + device;
  const writes = new Map((await readMoments(sentFile)).map((m) => [keyOf(m), m.micros]));
  const delays = (await readMoments(receivedFile))
    .map((m) => [writes.get(keyOf(m)) ?? -1, m.micros] as const)
    .filter(([written]) => written >= from)
    .map(([written, micros]) => (micros - written) / 1000)
    .sort((a, b) => a - b);
  const percentile = (percent: number) =>
    delays[Math.max(0, Math.ceil((percent / 100) * delays.length) - 1)] ?? NaN;
  const isFast = perSecond > 500_000;
  const name = `${Math.round(perSecond / 1000)} k/s: `;
  return {
    figures: [
      {
        name: `${name}measurements per second that came`,
        value: got / total / 1000,
        unit: "k/s",
        // A thousandth below: slots that the sender passed over are told in the notes.
        ...(isFast && { threshold: { atLeast: 0.999 * perSecond / 1000 } }),
      },
      {
        name: `${name}lost`,
        value: expected - got,
        unit: `of ${expected}`,
        threshold: { atMost: 0 },
      },
      {
        name: `${name}gateway's processor time`,
        value: cpu[0]!,
        unit: "% of a core",
        ...(!isFast && { threshold: { atMost: 25 } }),
      },
      {
        name: `${name}gateway's peak memory`,
        value: peak,
        unit: "MB",
        ...(isFast && { threshold: { atMost: 300 } }),
      },
      { name: `${name}write to decoding, p50`, value: percentile(50), unit: "ms" },
      {
        name: `${name}write to decoding, p99`,
        value: percentile(99),
        unit: "ms",
        ...(!isFast && { threshold: { atMost: 5 } }),
      },
      ...asked,
      { name: `${name}write to decoding, longest`, value: percentile(100), unit: "ms" },
    ],
    notes: [
      `${name}sender ${cpu[1]!.toFixed(1)} % and subscriber ${
        cpu[2]!.toFixed(1)
      } % of a core; host ${busyPercent.toFixed(1)} % busy and ${
        stolenPercent.toFixed(1)
      } % stolen`,
      `${name}${values} values per PMU; the sender passed over ${sent.slotsMissed} slots, ${sent.failures} writes failed; ${received.outOfSequence} packets out of sequence`,
      ...["failed", "complaint"].flatMap((key) => subscriber.all(key)).map(String),
    ],
  };
}

/** The status of the gateway, once every PMU's frames are accepted. */
async function ready(port: number): Promise<{ fingerprint: string }> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      const status: Status =
        await (await fetch(`http://127.0.0.1:${port}/api/status`, { headers: AS_ROOT })).json();
      const begun = Object.entries(status.parts).filter(([name, { detail }]) =>
        name.startsWith("input.") && (detail?.books?.accepted ?? 0) > 0
      );
      if (begun.length === DEVICES) return status;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it does not listen yet
    }
    if (performance.now() > deadline) throw new Error("The gateway did not get ready");
    await sleep(200);
  }
}

interface Status {
  readonly fingerprint: string;
  readonly parts: Readonly<
    Record<string, { readonly detail?: { readonly books?: { readonly accepted: number } } }>
  >;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (import.meta.main) {
  const option = (name: string) => {
    const at = Deno.args.indexOf(name);
    return at < 0 ? undefined : Deno.args[at + 1];
  };
  const { figures, notes } = await measure(
    Number(option("--rate") ?? 1_000_000),
    Number(option("--seconds") ?? 60),
    Deno.args.includes("--fifo"),
    option("--profile"),
    option("--viewers") === undefined ? undefined : Number(option("--viewers")),
  );
  console.log(`${machine()}\n\n${figureTable(figures)}\n\n${notes.join("\n")}`);
  Deno.exit(figures.every(isReached) ? 0 : 1);
}
