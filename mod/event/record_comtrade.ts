/**
 * Event records as COMTRADE.
 *
 * @module
 */
import { type ComtradeRecord, type DigitalChannel, MISSING } from "../comtrade/mod.ts";
import { type Instant, SampleMarks } from "../core/mod.ts";
import { Quality } from "../sv/mod.ts";
import type { EventRecordContent } from "./record_content.ts";
import { type RecordedWaveform, setTimeOfSample } from "./record_waveform.ts";

/** Names of the status channels of marks; one is written if a sample has the mark. */
const MARKS: readonly (readonly [number, string])[] = [
  [SampleMarks.Filled, "never received"],
  [SampleMarks.NotSynchronised, "clock not synchronised"],
  [SampleMarks.LocalClock, "local clock"],
  [SampleMarks.TimeSuspect, "time suspect"],
  [SampleMarks.Simulated, "simulated"],
];
const BAD_CLOCK = SampleMarks.NotSynchronised | SampleMarks.LocalClock | SampleMarks.TimeSuspect;
/** Time quality of C37.118: the clock has failed, its time is not reliable. */
const TIME_UNRELIABLE = 15;

/**
 * A waveform of a record as COMTRADE: raw values with their scaling, and status channels for what was
 * not good.
 *
 * Samples that were never received are missing. `NAME invalid` and `NAME questionable` are there for
 * channels that had such samples, and a status for each mark that occurs. The trigger is the first one
 * that lies within the waveform, or its begin.
 */
export function comtradeOf(
  content: EventRecordContent,
  waveform: RecordedWaveform,
): ComtradeRecord {
  const { gateway, stream, triggers } = content;
  const { count, time, marks } = waveform;
  const end = { seconds: 0, nanos: 0 };
  setTimeOfSample(end, waveform, count, stream.rate);
  const trigger = triggers.find(({ at }) => !isBefore(at, time) && isBefore(at, end));
  const anyMark = marks.reduce((all, mark) => all | mark, 0);
  return {
    station: gateway.name,
    device: stream.name,
    revision: 2013,
    analog: stream.channels.map(({ name, phase, unit, scale, offset }, c) => ({
      name,
      phase,
      component: "",
      unit,
      a: scale,
      b: offset,
      skew: 0,
      primary: 1,
      secondary: 1,
      side: "P",
      values: (anyMark & SampleMarks.Filled) === 0
        ? waveform.values[c]!
        : waveform.values[c]!.map((x, k) => (marks[k]! & SampleMarks.Filled) === 0 ? x : MISSING),
    })),
    digital: [
      ...stream.channels.flatMap(({ name, phase }, c) => {
        const quality = waveform.quality[c]!;
        const isBad = (word: number) => {
          const validity = word & Quality.Validity;
          return validity === Quality.Invalid || validity === Quality.Reserved;
        };
        const isDoubtful = (word: number) => (word & Quality.Validity) === Quality.Questionable;
        return [
          ...status(`${name} invalid`, phase, quality, isBad),
          ...status(`${name} questionable`, phase, quality, isDoubtful),
        ];
      }),
      ...MARKS.flatMap(([mark, name]) => status(name, "", marks, (word) => (word & mark) !== 0)),
    ],
    frequency: stream.nominalHz,
    rates: [{ hertz: stream.rate, lastSample: count }],
    samples: count,
    start: time,
    trigger: trigger?.at ?? time,
    timeOffsetMinutes: 0,
    localOffsetMinutes: undefined,
    timeQuality: (anyMark & BAD_CLOCK) === 0 ? 0 : TIME_UNRELIABLE,
    leapSecond: 0,
  };
}

/** A status channel, if it is ever set. */
function status(
  name: string,
  phase: string,
  words: Uint8Array | Uint32Array,
  isSet: (word: number) => boolean,
): DigitalChannel[] {
  const values = Uint8Array.from(words, (word) => isSet(word) ? 1 : 0);
  return values.includes(1) ? [{ name, phase, component: "", normalState: 0, values }] : [];
}

function isBefore(a: Instant, b: Instant): boolean {
  return a.seconds < b.seconds || (a.seconds === b.seconds && a.nanos < b.nanos);
}
