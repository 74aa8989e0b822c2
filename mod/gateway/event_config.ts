/**
 * What a configuration says of event recording: which streams, which triggers, and whether they fit.
 *
 * @module
 */
import { nearest, type PathKey } from "../config/mod.ts";
import { ConfigError, VERSION } from "../core/mod.ts";
import {
  type CaptureOptions,
  captureSchema,
  type NamedTrigger,
  neededRingSeconds,
  type TriggerOptions,
  watchedChannels,
  watchesStream,
} from "../event/mod.ts";
import {
  devicesOf,
  type LiveEncoding,
  recordedStream,
  type RecordingOptions,
  type SvStreamOptions,
} from "../input/sv/mod.ts";
import * as v from "valibot";
import type { GatewayConfig } from "./schema.ts";

/** A stream of samples with the place of its options in the configuration. */
export interface WaveformSource {
  /** Name of its input. */
  readonly input: string;
  /** Number in the options of the input. */
  readonly number: number;
  /** Protocol by name. */
  readonly protocol: string;
  /** Its options. */
  readonly options: SvStreamOptions;
}

/** Every stream of samples that the gateway receives, by acronym. */
export function waveformSources(config: GatewayConfig): Map<string, WaveformSource> {
  const sources = new Map<string, WaveformSource>();
  for (const [input, options] of Object.entries(config.input)) {
    if (options.type !== "sv") continue;
    const protocol = options.udp ? "IEC TR 61850-90-5" : "IEC 61850-9-2";
    options.streams.forEach((stream, number) => {
      sources.set(stream.acronym, { input, number, protocol, options: stream });
    });
  }
  return sources;
}

/** `[event]`, with its defaults where there are triggers alone; undefined if nothing is recorded. */
export function captureOf(config: GatewayConfig): CaptureOptions | undefined {
  if (config.event) return config.event;
  return Object.keys(config.trigger).length > 0 ? v.parse(captureSchema, {}) : undefined;
}

/** Triggers with their names. */
export function triggersOf(config: GatewayConfig): NamedTrigger[] {
  return Object.entries(config.trigger).map(([name, options]) => ({ name, options }));
}

/** Live messages by acronym of the stream. */
export function liveOf(config: GatewayConfig): Record<string, LiveEncoding> {
  const live: Record<string, LiveEncoding> = {};
  const all = [...waveformSources(config).keys()];
  for (const { streams, samplesPerMessage, xor } of Object.values(config.live)) {
    for (const stream of streams.includes("*") ? all : streams) {
      live[stream] = { samplesPerMessage, xor };
    }
  }
  return live;
}

/** What the capture of sampled values is told; undefined if there is nothing to do. */
export function recordingOf(config: GatewayConfig): RecordingOptions | undefined {
  const capture = captureOf(config), live = liveOf(config);
  if (!capture && Object.keys(live).length === 0) return undefined;
  const { id, name, company } = config.gateway;
  return {
    gateway: { id, name, company: company ?? "", program: `Tieline ${VERSION}` },
    ...(capture && { capture }),
    // Those on synchrophasors are looked at elsewhere; so are alarms and orders.
    triggers: triggersOf(config).filter(({ options }) => options.streams.length > 0),
    live,
  };
}

/** One thing that is wrong, with its place. */
export interface EventProblem {
  /** Where. */
  readonly path: readonly PathKey[];
  /** What was expected and found. */
  readonly message: string;
}

/** What is wrong across `[event]`, triggers, live streams and inputs. */
export function eventProblems(config: GatewayConfig): EventProblem[] {
  const sources = waveformSources(config);
  const devices = devicesKnown(config);
  const problems: EventProblem[] = [];
  const names = (path: readonly PathKey[], list: readonly string[], more: readonly string[]) => {
    list.forEach((name, i) => {
      if (name === "*" || more.includes(name) || sources.has(name)) return;
      problems.push({
        path: [...path, i],
        message: unknown(name, "a waveform stream", [...sources.keys()]),
      });
    });
  };
  const knownDevices = (path: readonly PathKey[], list: readonly string[]) => {
    if (!devices) return;
    list.forEach((device, i) => {
      if (device === "*" || devices.has(device)) return;
      problems.push({ path: [...path, i], message: unknown(device, "a device", [...devices]) });
    });
  };
  const capture = captureOf(config);
  if (capture) knownDevices(["event", "devices"], capture.devices);
  for (const [name, options] of Object.entries(config.trigger)) {
    const path = ["trigger", name];
    names([...path, "streams"], options.streams, []);
    names([...path, "record"], options.record, ["self"]);
    knownDevices([...path, "devices"], options.devices);
    const recorded = capture!.devices;
    options.recordDevices.forEach((device, i) => {
      if (device === "*" || recorded.includes("*") || recorded.includes(device)) return;
      problems.push({
        path: [...path, "recordDevices", i],
        message: unknown(device, "a device of [event]", recorded),
      });
    });
    problems.push(...channelProblems(name, options, sources));
    const { preMs = capture!.preMs, postMs = capture!.postMs } = options;
    if (preMs + postMs > capture!.maxMs) {
      problems.push({
        path,
        message:
          `expected preMs and postMs of at most ${
            capture!.maxMs
          } ms together (maxMs of [event]), ` +
          `found ${preMs + postMs} ms`,
      });
    }
  }
  for (const [name, { streams }] of Object.entries(config.live)) {
    names(["live", name, "streams"], streams, []);
  }
  if (capture) problems.push(...ringProblems(config, capture, sources));
  return problems;
}

/** The ring of a stream must hold what goes before a trigger. */
function ringProblems(
  config: GatewayConfig,
  capture: CaptureOptions,
  sources: ReadonlyMap<string, WaveformSource>,
): EventProblem[] {
  const problems: EventProblem[] = [];
  const triggers = triggersOf(config);
  for (const [acronym, { input, number, options }] of sources) {
    const needed = neededRingSeconds(acronym, capture, triggers);
    if (options.waveformSeconds >= needed) continue;
    problems.push({
      path: ["input", input, "streams", number, "waveformSeconds"],
      message: `expected at least ${Math.ceil(needed)} for what is recorded before a trigger, ` +
        `found ${options.waveformSeconds}`,
    });
  }
  return problems;
}

function channelProblems(
  name: string,
  options: TriggerOptions,
  sources: ReadonlyMap<string, WaveformSource>,
): EventProblem[] {
  const problems: EventProblem[] = [];
  for (const [acronym, source] of sources) {
    if (!watchesStream(options, acronym)) continue;
    try {
      watchedChannels({ name, options }, recordedStream(source.options, source.protocol));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const { message } of error.problems) {
        problems.push({ path: ["trigger", name, "channels"], message });
      }
    }
  }
  return problems;
}

/** Acronyms of all devices, if they are known before anything is received. */
function devicesKnown(config: GatewayConfig): Set<string> | undefined {
  const known = new Set<string>();
  for (const input of Object.values(config.input)) {
    if (input.type === "sv") { for (const { acronym } of devicesOf(input)) known.add(acronym); }
    else return undefined; // devices may come that nobody has named
  }
  return known;
}

function unknown(name: string, what: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return `expected the name of ${what}, found "${name}"` +
    (near ? `; did you mean "${near}"?` : "");
}
