/**
 * `tieline sim`: simulated PMUs behind real sockets; merging units are in `sim_sv.ts`.
 *
 * @module
 */
import { Command, InvalidArgumentError, Option } from "commander";
import { ConfigError } from "../core/mod.ts";
import { amount, ended, number, share, whole } from "./options.ts";
import { clockOption, KernelStamps } from "./sim_clock.ts";
import { svCommand } from "./sim_sv.ts";
import {
  FrameRecorder,
  type NumberFormats,
  PmuFleet,
  type PmuSimulatorOptions,
  type SimTransport,
} from "../sim/mod.ts";

/** The `sim` command with its sub-commands `pmu` and `sv`. */
export function simCommand(): Command {
  const sim = new Command("sim").description("simulate devices that do not exist");
  sim.addCommand(pmuCommand());
  sim.addCommand(svCommand());
  return sim;
}

const FORMATS: Readonly<Record<string, NumberFormats>> = {
  "float-polar": formats(true, true),
  "float-rectangular": formats(false, true),
  "integer-polar": formats(true, false),
  "integer-rectangular": formats(false, false),
};

interface PmuOptions {
  readonly count: number;
  readonly perStream: number;
  readonly rate: number;
  readonly phasors: number;
  readonly analogs: number;
  readonly digitals: number;
  readonly nominal: "50" | "60";
  readonly format: string;
  readonly integerFrequency?: boolean;
  readonly transport: SimTransport["kind"];
  readonly host: string;
  readonly port: number;
  readonly destination?: { readonly hostname: string; readonly port: number };
  readonly id: number;
  readonly station: string;
  readonly timeBase: number;
  readonly cfg: "2" | "3";
  readonly seed: number;
  readonly badQuality?: boolean;
  readonly missing: number;
  readonly latency: number;
  readonly jitter: number;
  readonly loss: number;
  readonly corrupt: number;
  readonly duplicate: number;
  readonly reorder: number;
  readonly burst: number;
  readonly bunch: number;
  readonly clockError: number;
  readonly clockDrift: number;
  readonly clock: "ideal" | "kernel";
  readonly catchUp: number;
  readonly autoStart?: boolean;
  readonly mute?: boolean;
  readonly record?: string;
  readonly for?: number;
  readonly json?: boolean;
}

function pmuCommand(): Command {
  return new Command("pmu")
    .description("PMUs that speak C37.118; stream n listens on PORT + n and has IDCODE ID + n")
    .option("--count <n>", "number of PMUs", whole(1, 1000), 1)
    .option("--per-stream <n>", "PMUs in each stream", whole(1, 500), 1)
    .option("--rate <n>", "frames per second", whole(1, 240), 60)
    .option("--phasors <n>", "phasors per PMU", whole(0, 1000), 10)
    .option("--analogs <n>", "analogs per PMU", whole(0, 1000), 1)
    .option("--digitals <n>", "digital words per PMU", whole(0, 100), 2)
    .addOption(
      new Option("--nominal <hertz>", "nominal frequency").choices(["50", "60"]).default("60"),
    )
    .addOption(
      new Option("--format <name>", "number format of phasors, analogs and frequency")
        .choices(Object.keys(FORMATS)).default("float-polar"),
    )
    .option("--integer-frequency", "integer FREQ and DFREQ with any format")
    .addOption(
      new Option("--transport <kind>", "how commands come in and data go out")
        .choices(["tcp", "udp", "tcp-udp", "udp-spontaneous"]).default("tcp"),
    )
    .option("--host <address>", "address to bind to", "127.0.0.1")
    .option("--port <n>", "port of the first stream; 0 for any", whole(0, 65535), 4712)
    .option(
      "--destination <host:port>",
      "receiver of udp-spontaneous; of tcp-udp only the port counts",
      destination,
    )
    .option("--id <n>", "IDCODE of the first stream", whole(1, 65534), 1)
    .option("--station <name>", "station name, followed by the number of the PMU", "SIM")
    .option("--time-base <n>", "TIME_BASE", whole(1, 0xffffff), 1_000_000)
    .addOption(
      new Option("--cfg <n>", "configuration that udp-spontaneous sends").choices(["2", "3"])
        .default("2"),
    )
    .option("--seed <n>", "seed of all values", whole(0, 0xffffffff), 1)
    .option("--bad-quality", "some seconds with bad STAT")
    .option("--missing <share>", "share of missing values", share, 0)
    .option("--latency <ms>", "delay of every frame", amount, 0)
    .option("--jitter <ms>", "largest additional random delay", amount, 0)
    .option("--loss <share>", "share of frames never sent", share, 0)
    .option("--corrupt <share>", "share of frames with a flipped bit", share, 0)
    .option("--duplicate <share>", "share of frames sent twice", share, 0)
    .option("--reorder <share>", "share of frames sent after their successor", share, 0)
    .option("--burst <n>", "frames held back and sent together", whole(1, 1000), 1)
    .option("--bunch <n>", "frames with stamps 1 ms apart", whole(1, 240), 1)
    .option("--clock-error <ms>", "error of the stamps", number, 0)
    .option("--clock-drift <ppm>", "drift of the stamps", number, 0)
    .addOption(clockOption("without error unless --bad-quality"))
    .option("--catch-up <slots>", "missed slots that are made up for", whole(0, 1000), 0)
    .option("--auto-start", "send data without a start command")
    .option("--mute", "take connections and say nothing")
    .option("--record <file>", "write a JSON line for every data frame")
    .option("--for <seconds>", "end after this time", amount)
    .option("--json", "print JSON lines instead of sentences")
    .action(run);
}

async function run(options: PmuOptions): Promise<void> {
  const recorder = options.record === undefined ? undefined : new FrameRecorder(options.record);
  const stamps = options.clock === "kernel" ? new KernelStamps() : undefined;
  const fleet = new PmuFleet();
  try {
    for (let first = 0, stream = 0; first < options.count; first += options.perStream, stream++) {
      const simulator = await fleet.add(streamOptions(options, first, stream, recorder, stamps));
      const description = {
        idCode: options.id + stream,
        transport: options.transport,
        host: options.host,
        port: simulator.port,
        rate: options.rate,
        stations: simulator.devices.map((d) => d.configuration.station),
      };
      say(
        options,
        { stream: description },
        `${description.stations.join(", ")}: IDCODE ${description.idCode}, ${options.transport}` +
          (simulator.port > 0 ? ` on ${options.host}:${simulator.port}` : "") +
          `, ${options.rate} frames/s`,
      );
    }
    say(options, { ready: true }, "Running; end with Ctrl-C.");
    await ended(options.for);
  } finally {
    await fleet.close();
    stamps?.close();
    recorder?.close();
  }
  for (const account of fleet.accounts()) {
    say(
      options,
      { account },
      `IDCODE ${account.idCode}: ${account.framesMade} frames made, ${account.framesSent} sent, ` +
        `${account.lost} lost, ${account.corruptSent} corrupt, ${account.droppedFull} dropped, ` +
        `${account.slotsMissed} slots missed`,
    );
  }
}

function streamOptions(
  options: PmuOptions,
  first: number,
  stream: number,
  recorder: FrameRecorder | undefined,
  stamps: KernelStamps | undefined,
): PmuSimulatorOptions {
  const base = FORMATS[options.format] ?? formats(true, true);
  const devices = Math.min(options.perStream, options.count - first);
  return {
    idCode: options.id + stream,
    rate: options.rate,
    hostname: options.host,
    transport: transportOf(options, stream),
    timeBase: options.timeBase,
    spontaneousConfiguration: options.cfg === "3" ? 3 : 2,
    autoStart: options.autoStart ?? false,
    mute: options.mute ?? false,
    catchUpSlots: options.catchUp,
    devices: Array.from({ length: devices }, (_, i) => ({
      device: first + i,
      station: `${options.station} ${first + i + 1}`,
      idCode: options.id + first + i,
      phasors: options.phasors,
      analogs: options.analogs,
      digitals: options.digitals,
      nominalHz: options.nominal === "50" ? 50 : 60,
      formats: options.integerFrequency ? { ...base, frequencyFloat: false } : base,
    })),
    model: {
      seed: options.seed,
      badQuality: options.badQuality ?? false,
      missing: options.missing,
    },
    impairments: {
      latencyMs: options.latency,
      jitterMs: options.jitter,
      loss: options.loss,
      corrupt: options.corrupt,
      duplicate: options.duplicate,
      reorder: options.reorder,
      burst: options.burst,
      bunch: options.bunch,
      clockErrorMs: options.clockError,
      clockDriftPpm: options.clockDrift,
    },
    ...(stamps ? { clockReport: () => stamps.report() } : {}),
    ...(recorder ? { onFrame: (record) => recorder.add(record) } : {}),
  };
}

function transportOf(options: PmuOptions, stream: number): SimTransport {
  const port = options.port === 0 ? 0 : options.port + stream;
  switch (options.transport) {
    case "tcp":
    case "udp":
      return { kind: options.transport, port };
    case "tcp-udp": {
      const { port: dataPort } = required(options);
      return { kind: "tcp-udp", port, dataPort };
    }
    case "udp-spontaneous": {
      const { hostname, port } = required(options);
      return { kind: "udp-spontaneous", address: hostname, port };
    }
  }
}

function required(options: PmuOptions): { hostname: string; port: number } {
  if (options.destination) return options.destination;
  throw new ConfigError("command line", [{
    line: 0,
    column: 0,
    key: "--destination",
    message: `expected HOST:PORT for --transport ${options.transport}, found nothing`,
  }]);
}

function say(options: PmuOptions, json: Record<string, unknown>, sentence: string): void {
  console.log(options.json ? JSON.stringify(json) : sentence);
}

function formats(polar: boolean, float: boolean): NumberFormats {
  return { polar, phasorFloat: float, analogFloat: float, frequencyFloat: float };
}

function destination(text: string): { hostname: string; port: number } {
  const match = /^(.+):(\d+)$/.exec(text);
  if (!match) throw new InvalidArgumentError("expected HOST:PORT");
  return { hostname: match[1]!, port: whole(1, 65535)(match[2]!) };
}
