/**
 * `tieline demo`: three simulated PMUs, a merging unit, the gateway and a TLS subscriber, in one process over real
 * sockets.
 *
 * @module
 */
import { Command } from "commander";
import { AdminHost } from "../admin/mod.ts";
import {
  type Frame,
  LatencyHistogram,
  messageOf,
  setTicks,
  type SignalRegistry,
} from "../core/mod.ts";
import { configureLog, Gateway, logFor, openConfigKeeper, RECEIVED } from "../gateway/mod.ts";
import { hashToken, Identities, tokenText } from "../identity/mod.ts";
import { SttpClient } from "../input/sttp/mod.ts";
import { type KeyPair, makeSelfSigned, type SystemClock, systemClock } from "../os/mod.ts";
import { MergingUnitThread, PmuFleet } from "../sim/mod.ts";
import type { MeasurementBatch, SubscriberCache } from "../sttp/mod.ts";
import { ended, seconds } from "./options.ts";
import { VERSION } from "./version.ts";

/** The `demo` command. */
export function demoCommand(): Command {
  return new Command("demo")
    .description(
      "three simulated PMUs, a merging unit, the gateway and a TLS subscriber in one process",
    )
    .option("--for <seconds>", "end after this time with a summary", seconds)
    .option("--json", "print the summary as one JSON object on the last line")
    .action(demo);
}

const STATIONS = ["SHELBY", "LOWELL", "PARADISE"];
const RATE = 60;
/** Where the merging unit sends and the gateway listens: no frame leaves the machine. */
const WIRE = "lo";
const BAY = "BAY1";
const BAY_SV_ID = "DEMOBAY1MU01";
const BAY_VARIANT = { rate: 4800, asdus: 2, currents: 4, voltages: 4 };
/** How long the subscriber may take to get its first data. */
const BEGIN_MS = 30_000;
/** How long data may be on the way after the PMUs have stopped. */
const DRAIN_MS = 10_000;

interface DemoOptions {
  readonly for?: number;
  readonly json?: boolean;
}

/** Ctrl-C, or a signal of the system. */
interface Interruption {
  /** Whether it has come. */
  isTold: boolean;
  /** Resolves when it comes. */
  readonly told: Promise<void>;
}

async function demo(options: DemoOptions): Promise<void> {
  // From the beginning: whenever it ends, nothing is left behind.
  const interruption: Interruption = {
    isTold: false,
    told: ended(undefined).then(() => {
      interruption.isTold = true;
    }),
  };
  await configureLog("warning");
  const clock = systemClock();
  const stateDir = await Deno.makeTempDir({ prefix: "tieline-demo-" });
  const fleet = new PmuFleet(clock);
  const bay = new MergingUnitThread({
    interface: WIRE,
    waveform: { nominalHz: 60, rampHz: 0.05, harmonics: [[5, 0.02]] },
    units: [{ ...BAY_VARIANT, svId: BAY_SV_ID }],
  });
  try {
    await runDemo(options, interruption, clock, stateDir, fleet, bay);
  } finally {
    await bay.stop();
    await fleet.close();
    await Deno.remove(stateDir, { recursive: true });
  }
  Deno.exit(0);
}

async function runDemo(
  options: DemoOptions,
  interruption: Interruption,
  clock: SystemClock,
  stateDir: string,
  fleet: PmuFleet,
  bay: MergingUnitThread,
): Promise<void> {
  const say = (text: string) => options.json ? console.error(text) : console.log(text);
  const ports: number[] = [];
  for (const [device, station] of STATIONS.entries()) {
    const pmu = await fleet.add({
      idCode: device + 1,
      rate: RATE,
      transport: { kind: "tcp", port: 0 },
      devices: [{ device, station, phasors: 6 }],
      impairments: { jitterMs: 3 },
    });
    ports.push(pmu.port);
    say(`PMU ${station}: C37.118 on 127.0.0.1:${pmu.port}, ${RATE} frames/s`);
  }
  const hasBay = await startBay(bay, say);
  const subscriber = await makeSelfSigned({ commonName: "control-center" });
  const token = tokenText("demo", crypto.getRandomValues(new Uint8Array(32)));
  const hash = await hashToken(token, crypto.getRandomValues(new Uint8Array(16)));
  const file = `${stateDir}/demo.toml`;
  await Deno.writeTextFile(
    file,
    configText(ports, hasBay, stateDir, subscriber.fingerprint256, hash),
  );
  let running: Gateway | undefined, host: AdminHost | undefined;
  const keeper = await openConfigKeeper({
    file,
    clock,
    gateway: () => running!, // changes come only once the gateway runs
    others: async (next, plan) => await host?.follow(next, plan) ?? [],
    onUndo: (version, now) => host?.undone(version, now),
    onAside: (edit, now) => host?.setAside(edit, now),
  });
  const gateway = running = new Gateway(keeper.config, clock);
  await gateway.start();
  const admin = host = await AdminHost.start({
    gateway,
    keeper,
    clock,
    log: logFor("admin"),
    version: VERSION,
  });
  const output = gateway.sttpOutput("upstream")!; // the configuration above has it
  say(
    `Gateway: STTP over TLS on 127.0.0.1:${output.port}; nothing is granted but what a rule allows`,
  );
  say(`Dashboard: ${admin.url}/#token=${token}`);
  say(`Status:    curl -H "Authorization: Bearer ${token}" ${admin.url}/api/status`);

  const meter = new Meter(gateway.registry, clock);
  gateway.stream(RECEIVED)!.listen(meter); // every gateway has this stream
  const client = subscribe(output.port, subscriber, gateway.identity!.fingerprint256, clock, meter);
  client.start();
  const view = setInterval(() => say(meter.line()), 1000);
  try {
    // On a slow board the handshakes take their time; what is shown begins with the first data.
    const latest = clock.monotonicMs() + BEGIN_MS;
    while (
      meter.measurements === 0 && !interruption.isTold && clock.monotonicMs() < latest
    ) await sleep(10);
    await Promise.race([interruption.told, ended(options.for)]);
  } finally {
    clearInterval(view);
  }
  say("The devices stop first, so that what is on the way can be counted.");
  await bay.stop();
  await fleet.close();
  const sent = () => output.subscribers()["control_center"]?.ledger.sent ?? 0;
  const deadline = clock.monotonicMs() + DRAIN_MS;
  while (meter.measurements < sent() && clock.monotonicMs() < deadline) await sleep(10);
  const permitted = meter.signals;
  const summary = {
    framesIn: meter.frames,
    measurementsOut: sent(),
    measurementsReceived: meter.measurements,
    unauthorized: gateway.registry.signals().length - permitted,
    latencyMs: {
      p50: round(meter.latency.percentile(50) / 1000),
      p99: round(meter.latency.percentile(99) / 1000),
    },
  };
  await client.stop();
  await keeper.close();
  await admin.stop();
  await gateway.stop();
  console.log(
    options.json
      ? JSON.stringify(summary)
      : `${summary.framesIn} frames in, ${summary.measurementsOut} measurements out, ` +
        `${summary.measurementsReceived} received, ${permitted} signals granted and ` +
        `${summary.unauthorized} withheld, latency ${summary.latencyMs.p50} ms (median), ` +
        `${summary.latencyMs.p99} ms (99 %)`,
  );
}

/** Starts the merging unit where a raw socket may be opened, and says so where it may not. */
async function startBay(bay: MergingUnitThread, say: (text: string) => void): Promise<boolean> {
  try {
    await bay.start();
  } catch (error) {
    say(`No merging unit: ${messageOf(error)}`);
    return false;
  }
  const { rate, asdus } = BAY_VARIANT;
  say(`Merging unit ${BAY}: IEC 61850-9-2 on ${WIRE}, ${rate} samples/s, ${asdus} in a frame`);
  return true;
}

/** The configuration that an operator would write; the demo reads it as `tieline run` does. */
function configText(
  ports: readonly number[],
  hasBay: boolean,
  stateDir: string,
  pin: string,
  tokenHash: string,
): string {
  const inputs = STATIONS.map((name, i) => `
[input.${name.toLowerCase()}]
type = "c37118"
host = "127.0.0.1"
port = ${ports[i]}
idCode = ${i + 1}
`).join("");
  const { rate, asdus, currents, voltages } = BAY_VARIANT;
  const bay = `
[input.process_bus]
type = "sv"
interface = "${WIRE}"
workers = 1
discovery = false

[[input.process_bus.streams]]
acronym = "${BAY}"
svId = "${BAY_SV_ID}"
preset = "F${rate}S${asdus}I${currents}U${voltages}"
nominalHz = 60
framesPerSecond = ${RATE}
`;
  return `
[gateway]
id = "5b1f7c3e-2d64-4f0a-9c55-7e8d1a2b3c4d"
name = "DEMO"
stateDir = ${JSON.stringify(stateDir)}
[admin]
listen = "127.0.0.1:0"
insecure = true
[admin.user.demo]
roles = ["ENGINEER", "SECADM", "SECAUD"]
token = "${tokenHash}"
${inputs}${hasBay ? bay : ""}
[output.upstream]
type = "sttp"
listen = "127.0.0.1:0"

[subscriber.control_center]
pins = ["sha256:${pin}"]
allow = ["Device IN ('SHELBY', 'LOWELL', '${BAY}')"]
deny = ["SignalType = 'DIGI'"]
`;
}

function subscribe(
  port: number,
  identity: KeyPair,
  gatewayPin: string,
  clock: SystemClock,
  meter: Meter,
): SttpClient {
  const publisher = new Identities({
    subscribers: [{ name: "gateway", enabled: true, pins: [gatewayPin] }],
  });
  return new SttpClient({
    hostname: "127.0.0.1",
    port,
    clock,
    tls: {
      keyPem: identity.keyPem,
      certPem: identity.certPem,
      judge: (peer) =>
        publisher.identifyTls({ ...peer, nowMs: clock.nowMicros() / 1000, role: "server" }),
    },
    session: { request: { filterExpression: "FILTER ActiveMeasurements WHERE TRUE" } },
    events: {
      cache: (cache) => meter.adopt(cache),
      measurements: (batch, cache) => meter.decoded(batch, cache),
      disconnected: (message) => logFor("subscriber").warn(message),
    },
  });
}

/** Stamps whose arrival is remembered per device: more than can be on the way at once. */
const REMEMBERED = 256;

/** Counts on both sides of the gateway, and the time between them. */
class Meter {
  frames = 0;
  measurements = 0;
  signals = 0;
  readonly latency = new LatencyHistogram();
  readonly #registry: SignalRegistry;
  readonly #clock: SystemClock;
  /** By device: tick count of a stamp (lower half) to the arrival of its frame. */
  readonly #arrivals = new Map<string, Map<number, number>>();
  readonly #ticks = { hi: 0, lo: 0 };
  #devices: (string | undefined)[] = [];
  #shown = { frames: 0, measurements: 0 };

  constructor(registry: SignalRegistry, clock: SystemClock) {
    this.#registry = registry;
    this.#clock = clock;
  }

  /** A frame in the gateway, from the stream of received frames. */
  accept(frame: Frame): void {
    if (frame.layout.source === "statistics") return; // the gateway's own
    this.frames++;
    const device = frame.layout.devices[0]?.device ?? "";
    let arrivals = this.#arrivals.get(device);
    if (!arrivals) this.#arrivals.set(device, arrivals = new Map());
    setTicks(this.#ticks, frame.instant.seconds, frame.instant.nanos);
    arrivals.set(this.#ticks.lo, frame.arrivalMicros);
    if (arrivals.size > REMEMBERED) arrivals.delete(arrivals.keys().next().value!); // it has an entry
  }

  /** The subscriber has a cache: which device each of its signals belongs to. */
  adopt(cache: SubscriberCache): void {
    this.signals = cache.records.length;
    this.#devices = cache.records.map(({ signalId }) =>
      this.#registry.get(this.#registry.handleOf(signalId) ?? -1)?.device
    );
  }

  /** The subscriber has decoded a packet. */
  decoded(batch: MeasurementBatch, cache: SubscriberCache): void {
    const now = this.#clock.nowMicros();
    this.measurements += batch.count;
    for (let i = 0; i < batch.count; i++) {
      const device = this.#devices[cache.positionOf(batch.ids[i]!)];
      const arrivals = device === undefined ? undefined : this.#arrivals.get(device);
      const arrival = arrivals?.get(batch.ticksLo[i]!);
      if (arrival === undefined) continue;
      // Once per frame: its first measurement takes the arrival away.
      arrivals!.delete(batch.ticksLo[i]!);
      this.latency.add(now - arrival);
    }
  }

  /** One line of the live view: what happened since the last one. */
  line(): string {
    const { frames, measurements } = this.#shown;
    this.#shown = { frames: this.frames, measurements: this.measurements };
    return `${this.frames - frames} frames/s in, ${
      this.measurements - measurements
    } measurements/s ` +
      `decoded by the subscriber, latency ${
        round(this.latency.percentile(50) / 1000)
      } ms (median), ` +
      `${round(this.latency.percentile(99) / 1000)} ms (99 %)`;
  }
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
