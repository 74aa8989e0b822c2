/**
 * Event records of files: what `tieline slipstream` writes, and what it tells of them.
 *
 * @module
 */
import { formatInstant } from "../core/mod.ts";
import {
  type EventRecordContent,
  type RecordedPiece,
  recordedWaveforms,
  setTimeOfSample,
} from "../event/mod.ts";
import { Encoder, type StreamOptions } from "../slipstream/mod.ts";
import { CommandError } from "./options.ts";
import type { WaveformInput } from "./slipstream_input.ts";
import { VERSION } from "./version.ts";

/** A record of a waveform without triggers, or with the one of its file. */
export function compressed(input: WaveformInput, encoding: StreamOptions): EventRecordContent {
  const { waveform, rate, channels } = input;
  const encoder = encoderOf(encoding);
  const pieces: RecordedPiece[] = [];
  const { samplesPerMessage } = encoding;
  const time = { seconds: 0, nanos: 0 };
  for (let at = 0; at < waveform.count; at += samplesPerMessage) {
    const count = Math.min(samplesPerMessage, waveform.count - at);
    setTimeOfSample(time, waveform, at, rate);
    const size = encoder.encode(time, waveform, at, count);
    pieces.push({
      first: waveform.first + at,
      count,
      marks: runsOf(waveform.marks.subarray(at, at + count)),
      message: encoder.buffer.slice(0, size),
    });
  }
  const id = crypto.randomUUID();
  return {
    id,
    event: id,
    continues: undefined,
    gateway: {
      id,
      name: input.station || input.name,
      company: "",
      program: `Tieline ${VERSION} slipstream`,
    },
    stream: {
      name: input.name,
      title: input.name,
      source: "",
      protocol: "file",
      confRev: 0,
      rate,
      nominalHz: input.nominalHz,
      latitude: NaN,
      longitude: NaN,
      channels,
    },
    encoding,
    triggers: input.trigger === undefined ? [] : [{
      name: "file",
      kind: "manual",
      source: "",
      channel: "",
      value: NaN,
      at: input.trigger,
      since: input.trigger,
      settings: {},
    }],
    unlistedTriggers: 0,
    pieces,
    lostSamples: 0,
    missingSamples: 0,
    shortSamples: 0,
    jumps: 0,
    isCut: false,
  };
}

/** What `info` tells. */
export interface RecordInfo {
  readonly stream: string;
  readonly title: string;
  readonly recordedBy: string;
  readonly begins: string;
  readonly samples: number;
  readonly rate: number;
  readonly channels: readonly string[];
  readonly encoding: StreamOptions;
  readonly triggers: readonly string[];
  readonly messages: number;
  readonly messageBytes: number;
  /** Bytes of the messages as a part of eight bytes per value and its quality. */
  readonly ratio: number;
  readonly waveforms: readonly { readonly begins: string; readonly samples: number }[];
}

/** What is in a record; its messages are decoded. Throws DecodeError. */
export function infoOf(content: EventRecordContent): RecordInfo {
  const { stream, gateway, encoding, triggers, pieces } = content;
  const waveforms = recordedWaveforms(content).map(({ time, count }) => ({
    begins: formatInstant(time),
    samples: count,
  }));
  const samples = pieces.reduce((sum, { count }) => sum + count, 0);
  const messageBytes = pieces.reduce((sum, { message }) => sum + message.length, 0);
  return {
    stream: stream.name,
    title: stream.title,
    recordedBy: [gateway.name, gateway.program].filter((text) => text !== "").join(", "),
    begins: waveforms[0]?.begins ?? "",
    samples,
    rate: stream.rate,
    channels: stream.channels.map(({ name, unit }) => unit === "" ? name : `${name} [${unit}]`),
    encoding,
    triggers: triggers.map(({ name, kind, at }) => `${formatInstant(at)} ${name} (${kind})`),
    messages: pieces.length,
    messageBytes,
    ratio: messageBytes / (8 * samples * stream.channels.length),
    waveforms,
  };
}

/** The same as lines for people. */
export function textOf(info: RecordInfo): string {
  const { encoding } = info;
  const spatial = encoding.spatial;
  return [
    `stream      ${info.stream}${info.title === info.stream ? "" : ` (${info.title})`}`,
    `recorded by ${info.recordedBy}`,
    `begins      ${info.begins}`,
    `samples     ${info.samples} at ${info.rate} Hz` +
    (info.waveforms.length > 1 ? ` in ${info.waveforms.length} waveforms` : ""),
    `channels    ${info.channels.join(", ")}`,
    `encoding    ${encoding.samplesPerMessage} samples a message, ` +
    `${encoding.xor ? "XOR" : "subtraction"}, ` +
    (spatial
      ? `references between ${spatial.voltageGroups} voltage and ${spatial.currentGroups} current groups`
      : "no references"),
    `messages    ${info.messages}, ${info.messageBytes} bytes, ` +
    `${(100 * info.ratio).toFixed(1)} % of 8 bytes a value`,
    ...info.triggers.map((trigger) => `trigger     ${trigger}`),
  ].join("\n");
}

function encoderOf(encoding: StreamOptions): Encoder {
  try {
    return new Encoder(encoding);
  } catch (error) {
    if (error instanceof RangeError) throw new CommandError(error.message);
    throw error;
  }
}

function runsOf(marks: Uint8Array): number[] {
  const runs: number[] = [];
  for (let k = 0; k < marks.length;) {
    const from = k;
    while (k < marks.length && marks[k] === marks[from]) k++;
    runs.push(marks[from]!, k - from);
  }
  return runs;
}
