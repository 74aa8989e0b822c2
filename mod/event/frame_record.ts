/**
 * Event records of synchrophasors: the frames of one device around an event, as bytes and back.
 *
 * `docs/event-record.md` describes the bytes.
 *
 * @module
 */
import * as v from "valibot";
import { type SignalType, StateFlags } from "../core/mod.ts";
import { readEventRecord } from "./record.ts";
import {
  openRecord,
  orNull,
  parsed,
  refused,
  sealRecord,
  triggerMaps,
  triggersOfMaps,
} from "./record_container.ts";
import {
  type EventRecordContent,
  RECORD_VERSION,
  type RecordedTrigger,
  type RecordingGateway,
} from "./record_content.ts";
import {
  count,
  finite,
  gatewaySchema,
  guid,
  text,
  triggerMapsSchema,
  whole,
} from "./record_schema.ts";

/** Version of the container of a record of synchrophasor frames. */
export const FRAME_RECORD_VERSION = 2;

/** Most frames of a record. */
const MAX_FRAMES = 2 ** 20;
/** Most values of a record, all frames together. */
const MAX_FRAME_VALUES = 2 ** 26;

/** One signal of a device, as a column of its record. */
export interface FrameChannel {
  /** Name, unique in the record, for example `VA magnitude`. */
  readonly name: string;
  /** Phase: `A`, `B`, `C`, `+`, `-`, `0`, or empty. */
  readonly phase: string;
  /** Engineering unit of the values, or empty. */
  readonly unit: string;
  /** Kind of the signal. */
  readonly type: SignalType;
  /** GUID of the signal, by which subscribers know it. */
  readonly signal: string;
  /** Point tag of the signal. */
  readonly tag: string;
}

/** The device that was recorded. */
export interface FrameStream {
  /** Acronym of the device. */
  readonly name: string;
  /** Name for people. */
  readonly title: string;
  /** The input that received it. */
  readonly source: string;
  /** Protocol by name, for example `IEEE C37.118.2-2011`. */
  readonly protocol: string;
  /** IDCODE or the like. */
  readonly idCode: number;
  /** Frames per second; 0 when unknown, below 1 for a frame in several seconds. */
  readonly rate: number;
  /** Nominal frequency of the grid in Hz, by what the device measured; 0 when unknown. */
  readonly nominalHz: number;
  /** WGS 84 degrees, north positive; NaN when unknown. */
  readonly latitude: number;
  /** WGS 84 degrees, east positive; NaN when unknown. */
  readonly longitude: number;
  /** Its signals in the order of the columns. */
  readonly channels: readonly FrameChannel[];
}

/** Frames in the order in which they came, column by column. */
export interface RecordedFrames {
  /** Frames. */
  readonly count: number;
  /** Times: whole seconds since 1970. */
  readonly seconds: Float64Array;
  /** Times: nanoseconds within the second. */
  readonly nanos: Uint32Array;
  /** What the source said of leap seconds: bits of `LeapFlags`, one word a frame. */
  readonly leap: Uint8Array;
  /** Values, one array per channel; NaN is missing. */
  readonly values: readonly Float32Array[];
  /** State flags, one array per channel. */
  readonly flags: readonly Uint32Array[];
}

/** Everything that a record of frames says. */
export interface FrameRecordContent {
  /** Identity of the record, a GUID. */
  readonly id: string;
  /** Identity of the event, a GUID that records of several streams and devices may share. */
  readonly event: string;
  /** Identity of the event that this one goes on from; undefined if it is none. */
  readonly continues: string | undefined;
  /** Who recorded. */
  readonly gateway: RecordingGateway;
  /** What was recorded. */
  readonly stream: FrameStream;
  /** Triggers in the order in which they were told, the first of which started the event. */
  readonly triggers: readonly RecordedTrigger[];
  /** Triggers that are not listed. */
  readonly unlistedTriggers: number;
  /** The frames. */
  readonly frames: RecordedFrames;
  /** Frames that were received and gave way to newer ones before they were recorded. */
  readonly lostFrames: number;
  /** Frames that should have been there by the rate, between the first and the last. */
  readonly missingFrames: number;
  /** Frames before the first one that were asked for, and older than what was kept. */
  readonly shortFrames: number;
  /** True if the frames, or the gateway, ended before the event did. */
  readonly isCut: boolean;
}

/** A record of samples or of frames. */
export type RecordContent = EventRecordContent | FrameRecordContent;

/** True for a record of frames. */
export function isFrameRecord(content: RecordContent): content is FrameRecordContent {
  return "frames" in content;
}

/** Names of the flags, by bit, for readers that have nothing but the record. */
const FLAG_LEGEND: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(StateFlags).filter(([, bit]) => bit !== 0).map(([name, bit]) => [bit, name]),
);

/** The bytes of a record of frames. */
export function encodeFrameRecord(content: FrameRecordContent): Uint8Array<ArrayBuffer> {
  const { stream, triggers, frames, continues, ...rest } = content;
  const times = new DataView(new ArrayBuffer(12 * frames.count));
  for (let k = 0; k < frames.count; k++) {
    times.setUint32(12 * k, Math.floor(frames.seconds[k]! / 2 ** 32));
    times.setUint32(12 * k + 4, frames.seconds[k]! >>> 0);
    times.setUint32(12 * k + 8, frames.nanos[k]!);
  }
  return sealRecord(FRAME_RECORD_VERSION, {
    ...rest,
    continues: continues ?? null,
    stream: {
      ...stream,
      latitude: orNull(stream.latitude),
      longitude: orNull(stream.longitude),
      channels: stream.channels.map((channel) => ({ ...channel })),
      timeScale: "UTC",
    },
    triggers: triggerMaps(triggers),
    flagLegend: FLAG_LEGEND,
    frames: {
      count: frames.count,
      times: new Uint8Array(times.buffer),
      leap: frames.leap.slice(0, frames.count),
      values: frames.values.map((column) => floatsOf(column, frames.count)),
      flags: frames.flags.map((column) => runsOf(column, frames.count)),
    },
  });
}

/** Numbers as big-endian floats of 32 bits. */
function floatsOf(column: Float32Array, count: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * count));
  for (let k = 0; k < count; k++) view.setFloat32(4 * k, column[k]!);
  return new Uint8Array(view.buffer);
}

/** Words as runs: word, length, word, length. */
function runsOf(column: Uint32Array, count: number): number[] {
  const runs: number[] = [];
  for (let k = 0; k < count;) {
    const from = k;
    while (k < count && column[k] === column[from]) k++;
    runs.push(column[from]!, k - from);
  }
  return runs;
}

const SIGNAL_TYPES = [
  ...["VPHM", "VPHA", "IPHM", "IPHA", "FREQ", "DFDT", "ALOG"] as const,
  ...["DIGI", "FLAG", "QUAL", "CALC", "STAT", "ALRM"] as const,
] as const satisfies readonly SignalType[];

const bytes = v.instance(Uint8Array);

const schema = v.object({
  id: guid,
  event: guid,
  continues: v.nullable(guid),
  gateway: gatewaySchema,
  stream: v.object({
    name: text,
    title: text,
    source: text,
    protocol: text,
    idCode: whole(0, 0xffffffff),
    rate: v.pipe(finite, v.minValue(0), v.maxValue(100_000)),
    nominalHz: v.pipe(finite, v.minValue(0), v.maxValue(1000)),
    latitude: v.nullable(finite),
    longitude: v.nullable(finite),
    channels: v.pipe(
      v.array(v.object({
        name: text,
        phase: text,
        unit: text,
        type: v.picklist(SIGNAL_TYPES),
        signal: guid,
        tag: text,
      })),
      v.minLength(1),
      v.maxLength(65_536),
    ),
  }),
  triggers: triggerMapsSchema,
  unlistedTriggers: count,
  frames: v.object({
    count: whole(0, MAX_FRAMES),
    times: bytes,
    leap: bytes,
    values: v.array(bytes),
    flags: v.array(v.pipe(v.array(whole(0, 0xffffffff)), v.maxLength(2 * MAX_FRAMES))),
  }),
  lostFrames: count,
  missingFrames: count,
  shortFrames: count,
  isCut: v.boolean(),
});

/** Reads a record of either kind and checks its SHA-256. Throws DecodeError for anything else. */
export function decodeRecord(bytes: Uint8Array): RecordContent {
  const { version, content } = openRecord(bytes);
  if (version === RECORD_VERSION) return readEventRecord(content);
  if (version === FRAME_RECORD_VERSION) return readFrameRecord(content);
  throw refused("version", `${RECORD_VERSION} or ${FRAME_RECORD_VERSION}`, `${version}`);
}

function readFrameRecord(map: unknown): FrameRecordContent {
  const { continues, stream, triggers, frames, ...content } = parsed(schema, map);
  const { channels } = stream;
  const { count, times, leap } = frames;
  const check = (what: string, found: number, expected: number) => {
    if (found !== expected) throw refused(`frames.${what}`, `${expected}`, `${found}`);
  };
  if (count * channels.length > MAX_FRAME_VALUES) {
    throw refused("frames", `at most ${MAX_FRAME_VALUES} values`, "more");
  }
  check("times", times.length, 12 * count);
  check("leap", leap.length, count);
  check("values", frames.values.length, channels.length);
  check("flags", frames.flags.length, channels.length);
  const view = new DataView(times.buffer, times.byteOffset, times.length);
  const seconds = new Float64Array(count), nanos = new Uint32Array(count);
  for (let k = 0; k < count; k++) {
    seconds[k] = view.getUint32(12 * k) * 2 ** 32 + view.getUint32(12 * k + 4);
    nanos[k] = view.getUint32(12 * k + 8);
    if (seconds[k]! > 2 ** 34 || nanos[k]! > 999_999_999) {
      throw refused("frames.times", "seconds since 1970 and nanoseconds", `${seconds[k]}`);
    }
  }
  return {
    ...content,
    continues: continues ?? undefined,
    stream: {
      ...stream,
      latitude: stream.latitude ?? NaN,
      longitude: stream.longitude ?? NaN,
    },
    triggers: triggersOfMaps(triggers),
    frames: {
      count,
      seconds,
      nanos,
      leap: leap.slice(),
      values: frames.values.map((column) => {
        check("values", column.length, 4 * count);
        const floats = new DataView(column.buffer, column.byteOffset, column.length);
        return Float32Array.from({ length: count }, (_, k) => floats.getFloat32(4 * k));
      }),
      flags: frames.flags.map((runs) => wordsOf(runs, count)),
    },
  };
}

/** Words of {@linkcode runsOf}. Throws DecodeError where they are not `count`. */
function wordsOf(runs: readonly number[], count: number): Uint32Array {
  const words = new Uint32Array(count);
  let at = 0;
  for (let i = 0; i < runs.length; i += 2) {
    const length = runs[i + 1] ?? 0;
    if (length === 0 || at + length > count) {
      throw refused("frames.flags", `runs of ${count} frames`, "others");
    }
    words.fill(runs[i]!, at, at + length);
    at += length;
  }
  if (at !== count) throw refused("frames.flags", `runs of ${count} frames`, `${at}`);
  return words;
}
