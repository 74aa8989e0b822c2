/**
 * `tieline watch`: subscribes to any STTP publisher and shows what comes, as a live table or as JSON lines.
 *
 * @module
 */
import { Command } from "commander";
import { ConfigError, SampleMarks } from "../core/mod.ts";
import { Identities } from "../identity/mod.ts";
import { SttpClient } from "../input/sttp/mod.ts";
import type { HostPort } from "../config/mod.ts";
import { systemClock } from "../os/mod.ts";
import { clientModes } from "../sttp/mod.ts";
import { CommandError, ended, hostPort, seconds, whole } from "./options.ts";
import { type WatchFrame, WatchFrames } from "./watch_frames.ts";
import { WatchTable } from "./watch_table.ts";
import { WatchWaveforms, type WaveformLine } from "./watch_waveforms.ts";

interface WatchOptions {
  readonly filter: string;
  readonly key?: string;
  readonly cert?: string;
  readonly pin?: string;
  readonly insecure?: boolean;
  readonly compress: boolean;
  readonly stsVersion: number;
  readonly json?: boolean;
  readonly for?: number;
  readonly save?: string;
}

const DRAW_MS = 500;

/** The `watch` command. */
export function watchCommand(): Command {
  return new Command("watch")
    .description("subscribe to an STTP publisher and show what comes")
    .argument("<host:port>", "where the publisher listens", hostPort)
    .option("--filter <expression>", "what to subscribe to", "FILTER ActiveMeasurements WHERE TRUE")
    .option("--key <file>", "private key to show, PEM")
    .option("--cert <file>", "certificate to show, PEM")
    .option("--pin <sha256>", "pin of the publisher's certificate")
    .option("--insecure", "plain TCP: nobody is identified, nothing is encrypted")
    .option("--no-compress", "ask for compact measurements in place of TSSC")
    .option("--sts-version <n>", "protocol version, 1 to 3", whole(1, 3), 2)
    .option("--json", "one JSON line per frame: device, time, values and flags by point tag")
    .option("--save <folder>", "save event records and live waveforms, as CBOR")
    .option("--for <seconds>", "end after this time", seconds)
    .action(watch);
}

async function watch(address: HostPort, options: WatchOptions): Promise<void> {
  const clock = systemClock();
  const tls = options.insecure ? undefined : await readTls(options, () => clock.nowMicros() / 1000);
  const table = new WatchTable(`${address.hostname}:${address.port}`);
  const frames = new WatchFrames(
    options.json ? (frame) => console.log(JSON.stringify(frame)) : (frame) => table.take(frame),
  );
  if (options.save !== undefined) await Deno.mkdir(options.save, { recursive: true });
  let trouble: string | undefined; // the last reason why nothing came
  let isConnected = false, hasAnswered = false;
  const note = (text: string) => options.json ? console.error(text) : table.note(text);
  const waveforms = new WatchWaveforms({
    folder: options.save,
    message: (line) =>
      options.json ? console.log(JSON.stringify(line)) : table.take(newest(line), stateOf(line)),
    record: (line) =>
      options.json ? console.log(JSON.stringify(line)) : note(
        `event ${line.event} of ${line.record}: ${line.samples} samples, ${line.bytes} bytes` +
          (line.file === null ? "" : ` in ${line.file}`),
      ),
    note,
  });
  const client = new SttpClient({
    ...address,
    clock,
    ...(tls && { tls }),
    session: {
      modes: clientModes(options.stsVersion, options.compress),
      request: { filterExpression: options.filter },
    },
    events: {
      connected: (peer) => {
        isConnected = true;
        note(peer ? `connected over ${peer.protocol}` : "connected in clear");
      },
      disconnected: (message, retryMs) => {
        trouble = isConnected && !hasAnswered ? `${message}. ${whySilent(options)}` : message;
        isConnected = false;
        note(`${trouble}; trying again in ${(retryMs / 1000).toFixed(1)} s`);
      },
      metadata: (dataSet) => frames.learn(dataSet),
      cache: (cache) => frames.adopt(cache),
      accepted: () => hasAnswered = true,
      subscribed: (text) => note(text),
      refused: (_command, text) => {
        hasAnswered = true;
        trouble = text;
        note(`refused: ${text}`);
      },
      notification: (text) => note(text),
      measurements: (batch, cache) => frames.accept(batch, cache),
      bufferBlock: (index, data, cache) =>
        waveforms.accept(cache?.signalIdOf(index) ?? String(index), data),
    },
  });
  const drawing = options.json ? undefined : setInterval(() => table.draw(), DRAW_MS);
  client.start();
  await ended(options.for);
  clearInterval(drawing);
  frames.flush();
  await client.stop();
  waveforms.finish();
  if (frames.measurements === 0 && waveforms.blocks === 0) {
    throw new CommandError(
      `No measurement came from ${address.hostname}:${address.port}` +
        (trouble === undefined ? "" : `: ${trouble}`),
    );
  }
}

/** What it may be that a publisher ends a connection before it has said anything. */
function whySilent({ insecure, cert }: WatchOptions): string {
  return insecure
    ? "Perhaps it expects TLS (--key, --cert, --pin), or does not know this address"
    : `Perhaps it does not know the certificate in ${cert}: its log would say so`;
}

/** The newest sample of a live message, as a frame. */
function newest({ waveform, time, values, quality }: WaveformLine): WatchFrame {
  const last = <T>(lists: Readonly<Record<string, readonly T[]>>) =>
    Object.fromEntries(
      Object.entries(lists).map(([channel, list]) => [`${waveform} ${channel}`, list.at(-1)!]),
    );
  return { time, device: waveform, values: last(values), flags: last(quality) };
}

/** What the marks of samples mean, in words. */
const MARK_NAMES: readonly (readonly [number, string])[] = [
  [SampleMarks.Filled, "missing"],
  [SampleMarks.NotSynchronised, "not synchronised"],
  [SampleMarks.LocalClock, "local clock"],
  [SampleMarks.TimeSuspect, "time suspect"],
  [SampleMarks.Simulated, "simulated"],
];

/** What the gateway knows of the newest sample of a live message. */
function stateOf({ marks, anew }: WaveformLine): string {
  const mark = marks?.at(-1) ?? 0;
  const words = MARK_NAMES.flatMap(([bit, name]) => mark & bit ? [name] : []);
  return [...words, ...(anew ? ["numbered anew"] : [])].join(", ");
}

async function readTls(options: WatchOptions, nowMs: () => number) {
  const { key, cert, pin } = options;
  if (key === undefined || cert === undefined || pin === undefined) {
    throw new CommandError("Expected --key, --cert and --pin for TLS, or --insecure for plain TCP");
  }
  let publisher: Identities;
  try {
    publisher = new Identities({
      subscribers: [{ name: "publisher", enabled: true, pins: [pin] }],
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CommandError(`--pin: ${error.problems[0]?.message}`, { cause: error });
  }
  return {
    keyPem: await Deno.readTextFile(key),
    certPem: await Deno.readTextFile(cert),
    judge: (peer: Omit<Parameters<Identities["identifyTls"]>[0], "nowMs">) =>
      publisher.identifyTls({ ...peer, nowMs: nowMs(), role: "server" }),
  };
}
