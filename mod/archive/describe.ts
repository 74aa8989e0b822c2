/**
 * What an event record says of itself, for the index.
 *
 * @module
 */
import { type Instant, setFromSample, toMicros } from "../core/mod.ts";
import {
  decodeRecord,
  type EventRecordContent,
  frameParts,
  type FrameRecordContent,
  isFrameRecord,
  recordedSamples,
  type RecordedTrigger,
} from "../event/mod.ts";
import type { RecordFacts } from "./types.ts";

/** The facts of a record. Throws DecodeError for bytes that are no whole record. */
export function describeRecord(bytes: Uint8Array): RecordFacts {
  const content = decodeRecord(bytes);
  const { stream, gateway, triggers } = content;
  const trigger = triggers[0];
  const beginning = trigger ? toMicros(trigger.at) : 0;
  const { span, samples, ...of } = isFrameRecord(content)
    ? factsOfFrames(content)
    : factsOfSamples(content);
  return {
    id: content.id,
    event: content.event,
    stream: stream.name,
    startMicros: span?.[0] ?? beginning,
    endMicros: span?.[1] ?? beginning,
    summary: {
      title: stream.title,
      gateway: gateway.name,
      rate: stream.rate,
      channels: stream.channels.map((channel) => channel.name),
      samples,
      seconds: stream.rate > 0 ? samples / stream.rate : 0,
      trigger: trigger ? triggerOf(trigger, stream.channels) : null,
      triggers: triggers.length + content.unlistedTriggers,
      continues: content.continues ?? null,
      ...of,
      isCut: content.isCut,
    },
  };
}

/** Units of the values of triggers that do not look at a channel in its own. */
const UNITS: Readonly<Record<string, string>> = {
  angleStep: "°",
  frequency: "Hz",
  rocof: "Hz/s",
  unbalance: "%",
  digital: "",
  quality: "",
};

/** What the index says of a record besides, by the same names for both kinds. */
interface KindFacts {
  /** What the record holds. */
  readonly content: "samples" | "frames";
  /** First and last time, microseconds since 1970; undefined for an empty record. */
  readonly span: readonly [number, number] | undefined;
  readonly samples: number;
  readonly lostSamples: number;
  readonly missingSamples: number;
  readonly shortSamples: number;
  readonly jumps: number;
}

function factsOfSamples(content: EventRecordContent): KindFacts {
  const { pieces, stream, lostSamples, missingSamples, shortSamples, jumps } = content;
  const first = pieces[0], last = pieces.at(-1);
  return {
    content: "samples",
    span: first && last
      ? [micros(first.first, stream.rate), micros(last.first + last.count - 1, stream.rate)]
      : undefined,
    samples: recordedSamples(content),
    lostSamples,
    missingSamples,
    shortSamples,
    jumps,
  };
}

function factsOfFrames(content: FrameRecordContent): KindFacts {
  const { frames: { count, seconds, nanos }, lostFrames, missingFrames, shortFrames } = content;
  const times = Array.from(
    { length: count },
    (_, k) => toMicros({ seconds: seconds[k]!, nanos: nanos[k]! }),
  );
  const least = (a: number, b: number) => Math.min(a, b);
  const most = (a: number, b: number) => Math.max(a, b);
  return {
    content: "frames",
    span: count > 0 ? [times.reduce(least), times.reduce(most)] : undefined,
    samples: count,
    lostSamples: lostFrames,
    missingSamples: missingFrames,
    shortSamples: shortFrames,
    jumps: frameParts(content).length - 1,
  };
}

function triggerOf(
  trigger: RecordedTrigger,
  channels: readonly { readonly name: string; readonly unit: string }[],
): Record<string, unknown> {
  const { name, kind, source, channel, value, at } = trigger;
  return {
    name,
    kind,
    source,
    channel,
    value: Number.isFinite(value) ? value : null,
    unit: UNITS[kind] ?? channels.find((c) => c.name === channel)?.unit ?? "",
    atMicros: toMicros(at),
  };
}

function micros(sample: number, rate: number): number {
  const instant: Instant = { seconds: 0, nanos: 0 };
  setFromSample(instant, 0, 0, sample, rate);
  return toMicros(instant);
}
