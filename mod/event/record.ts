/**
 * Event records as bytes: a CBOR container around Slipstream messages, checked by SHA-256.
 *
 * `docs/event-record.md` describes the bytes.
 *
 * @module
 */
import { SampleMarks } from "../core/mod.ts";
import type { StreamOptions } from "../slipstream/mod.ts";
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
  recordedSamples,
  type RecordedStream,
} from "./record_content.ts";
import { recordSchema } from "./record_schema.ts";

/** Most samples of all channels that a record may say it has. */
const MAX_RECORD_VALUES = 2 ** 30;

/** What the bits of the marks mean, for readers that have nothing but the record. */
export const MARK_LEGEND: Readonly<Record<string, string>> = {
  [SampleMarks.Filled]: "never received; zeros stand in its place",
  [SampleMarks.NotSynchronised]: "the publisher's clock was not synchronised",
  [SampleMarks.LocalClock]: "a local clock that nobody has called traceable to UTC",
  [SampleMarks.TimeSuspect]: "time estimated from arrivals, or in conflict with them",
  [SampleMarks.Simulated]: "the simulation bit was set",
};

/** The bytes of a record. */
export function encodeEventRecord(content: EventRecordContent): Uint8Array<ArrayBuffer> {
  const { stream, clock, encoding, triggers, pieces, continues, ...rest } = content;
  const { rate } = stream;
  return sealRecord(RECORD_VERSION, {
    ...rest,
    continues: continues ?? null,
    stream: streamMap(stream),
    clock: clock ? { ...clock } : null,
    encoding: encodingMap(encoding),
    triggers: triggerMaps(triggers),
    markLegend: MARK_LEGEND,
    pieces: pieces.map(({ first, count, marks, message }) => ({
      second: Math.floor(first / rate),
      sample: first - Math.floor(first / rate) * rate,
      count,
      marks,
      message,
    })),
  });
}

/** A stream as CBOR has it. */
export function streamMap(stream: RecordedStream): Record<string, unknown> {
  return {
    ...stream,
    latitude: orNull(stream.latitude),
    longitude: orNull(stream.longitude),
    channels: stream.channels.map(({ name, phase, unit, scale, offset }) => ({
      name,
      phase,
      unit,
      scale,
      offset,
    })),
    timeScale: "UTC",
  };
}

/** Options of Slipstream as CBOR has them; the number of variables and the rate are the stream's. */
export function encodingMap(encoding: StreamOptions): Record<string, unknown> {
  return {
    codec: "slipstream",
    uuid: encoding.uuid,
    samplesPerMessage: encoding.samplesPerMessage,
    xor: encoding.xor ?? false,
    spatial: encoding.spatial ? { ...encoding.spatial } : null,
  };
}

/**
 * Reads a record and checks its SHA-256. The messages are not decoded; they are views of `bytes` or copies.
 *
 * Throws DecodeError for anything that is no whole record of this version.
 */
export function decodeEventRecord(bytes: Uint8Array): EventRecordContent {
  const { version, content } = openRecord(bytes);
  if (version !== RECORD_VERSION) {
    throw refused("version", `${RECORD_VERSION}, a record of samples`, `${version}`);
  }
  return readEventRecord(content);
}

/** The content of a record of samples. Throws DecodeError for another shape. */
export function readEventRecord(map: unknown): EventRecordContent {
  const { clock, ...content } = parsed(recordSchema, map);
  const { rate, channels } = content.stream;
  for (const { count, marks } of content.pieces) {
    let runs = 0;
    for (let i = 1; i < marks.length; i += 2) runs += marks[i]!;
    if (count > content.encoding.samplesPerMessage || marks.length % 2 !== 0 || runs !== count) {
      throw refused("pieces", `marks for ${count} samples`, `runs of ${runs}`);
    }
  }
  const result: EventRecordContent = {
    ...content,
    ...(clock && { clock }),
    continues: content.continues ?? undefined,
    stream: {
      ...content.stream,
      latitude: content.stream.latitude ?? NaN,
      longitude: content.stream.longitude ?? NaN,
    },
    encoding: {
      uuid: content.encoding.uuid,
      variables: channels.length,
      samplingRate: rate,
      samplesPerMessage: content.encoding.samplesPerMessage,
      xor: content.encoding.xor,
      ...(content.encoding.spatial && { spatial: content.encoding.spatial }),
    },
    triggers: triggersOfMaps(content.triggers),
    pieces: content.pieces.map(({ second, sample, count, marks, message }) => ({
      first: second * rate + sample,
      count,
      marks,
      message,
    })),
  };
  if (recordedSamples(result) * channels.length > MAX_RECORD_VALUES) {
    throw refused("pieces", `at most ${MAX_RECORD_VALUES} values`, "more");
  }
  return result;
}
