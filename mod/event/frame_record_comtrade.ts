/**
 * Event records of synchrophasors as COMTRADE.
 *
 * @module
 */
import type { AnalogChannel, ComtradeRecord, DataFormat, DigitalChannel } from "../comtrade/mod.ts";
import { LeapFlags, StateFlags } from "../core/mod.ts";
import { shortest } from "./frame_record_csv.ts";
import type { FrameChannel, FrameRecordContent } from "./frame_record.ts";
import { secondsBetween } from "./frame_record_parts.ts";
import { BAD_FLAGS, DOUBTFUL_FLAGS } from "./frame_watches.ts";

/** Most frames of a record, with those that are missing. */
const MAX_SLOTS = 2 ** 22;
/** Bits of a digital word or a status word. */
const WORD_BITS = 16;
/** Time quality of C37.118: the clock has failed, its time is not reliable. */
const TIME_UNRELIABLE = 15;
const BAD_TIME = StateFlags.BadTime | StateFlags.SuspectTime;

/**
 * The frames with these numbers, which are in order of time, as COMTRADE at the rate of the frames.
 *
 * Phasors are magnitudes and angles in degrees. Frames that are missing have no values. Words of bits
 * become a status for each bit that is ever set; so do flags: `NAME bad` and `NAME doubtful`, `bad
 * time`. FLOAT32 and ASCII keep values as they are; BINARY32 and BINARY round them to a part of their
 * range, by `a` and `b` of the channel.
 *
 * Throws a RangeError for more than 4,194,304 frames.
 */
export function frameComtradeOf(
  content: FrameRecordContent,
  part: readonly number[],
  format: DataFormat,
): ComtradeRecord {
  const { gateway, stream, triggers, frames } = content;
  const { rate, channels } = stream;
  const slots = slotsOf(content, part);
  const samples = slots.length;
  const time = (k: number) => ({ seconds: frames.seconds[k]!, nanos: frames.nanos[k]! });
  const start = time(part[0]!), end = time(part.at(-1)!);
  const trigger = triggers.find(({ at }) =>
    (at.seconds - start.seconds || at.nanos - start.nanos) >= 0 &&
    (at.seconds - end.seconds || at.nanos - end.nanos) <= 0
  );
  const wordOf = (c: number, k: number) => k < 0 ? 0 : Math.max(0, frames.values[c]![k]!) >>> 0;
  const flagged = (mask: number, c: number, k: number) =>
    k >= 0 && (frames.flags[c]![k]! & mask) !== 0;
  const status = (name: string, phase: string, isSet: (k: number) => boolean): DigitalChannel[] => {
    const values = Uint8Array.from(slots, (k) => isSet(k) ? 1 : 0);
    return values.includes(1) ? [{ name, phase, component: "", normalState: 0, values }] : [];
  };
  const anyBadTime = (k: number) => channels.some((_, c) => flagged(BAD_TIME, c, k));
  return {
    station: gateway.name,
    device: stream.name,
    revision: 2013,
    analog: channels.flatMap((channel, c) =>
      isWord(channel)
        ? []
        : [analogOf(channel, slots.map((k) => k < 0 ? NaN : frames.values[c]![k]!), format)]
    ),
    digital: [
      ...channels.flatMap((channel, c) =>
        !isWord(channel)
          ? []
          : Array.from({ length: WORD_BITS }, (_, bit) =>
            status(`${channel.name} bit ${bit}`, "", (k) =>
              (wordOf(c, k) >>> bit & 1) !== 0)).flat()
      ),
      ...channels.flatMap(({ name, phase }, c) => [
        ...status(`${name} bad`, phase, (k) => flagged(BAD_FLAGS, c, k)),
        ...status(`${name} doubtful`, phase, (k) => flagged(DOUBTFUL_FLAGS, c, k)),
      ]),
      ...status("frame missing", "", (k) => k < 0),
      ...status("bad time", "", anyBadTime),
    ],
    frequency: stream.nominalHz,
    rates: rate > 0 ? [{ hertz: rate, lastSample: samples }] : [],
    samples,
    start,
    trigger: trigger?.at ?? start,
    timeOffsetMinutes: 0,
    localOffsetMinutes: undefined,
    timeQuality: part.some(anyBadTime) ? TIME_UNRELIABLE : 0,
    leapSecond: leapOf(part.reduce((all, k) => all | frames.leap[k]!, 0)),
    ...(rate === 0 && {
      stamps: Float64Array.from(part, (k) => Math.round(secondsBetween(frames, part[0]!, k) * 1e9)),
    }),
  };
}

/** Numbers of the frames at the rate of the record, -1 where one is missing. */
function slotsOf({ frames, stream }: FrameRecordContent, part: readonly number[]): number[] {
  if (stream.rate === 0) return [...part];
  const place = (k: number) => Math.round(secondsBetween(frames, part[0]!, k) * stream.rate);
  const count = place(part.at(-1)!) + 1;
  if (count > MAX_SLOTS) {
    throw new RangeError(`Cannot export: expected at most ${MAX_SLOTS} frames, found ${count}`);
  }
  const slots = Array<number>(count).fill(-1);
  for (const k of part) if (slots[place(k)]! < 0) slots[place(k)] = k;
  return slots;
}

function isWord({ type }: FrameChannel): boolean {
  return type === "DIGI" || type === "FLAG";
}

function analogOf(
  { name, phase, unit }: FrameChannel,
  floats: readonly number[],
  format: DataFormat,
): AnalogChannel {
  const scaled = format === "FLOAT32"
    ? { a: 1, b: 0, values: Float32Array.from(floats) }
    : format === "ASCII"
    ? { a: 1, b: 0, values: Float64Array.from(floats, shortest) }
    : rounded(floats, format === "BINARY" ? 0x7fff : 0x7fffffff);
  return {
    name,
    phase,
    component: "",
    unit,
    skew: 0,
    primary: 1,
    secondary: 1,
    side: "P",
    ...scaled,
  };
}

/** Numbers as whole parts of half their range: value = a x raw + b, raw within `most`. */
function rounded(floats: readonly number[], most: number) {
  let low = Infinity, high = -Infinity;
  for (const x of floats) {
    if (x < low) low = x;
    if (x > high) high = x;
  }
  const b = low > high ? 0 : (low + high) / 2;
  const a = high > low ? (high - low) / 2 / most : 1;
  const values = Float64Array.from(
    floats,
    (x) => Math.max(-most, Math.min(most, Math.round((x - b) / a))),
  );
  return { a, b, values };
}

/** `leapsec` of COMTRADE: 1 a second is added, 2 one is taken away. */
function leapOf(leap: number): number {
  if ((leap & (LeapFlags.Pending | LeapFlags.Occurred)) === 0) return 0;
  return (leap & LeapFlags.Delete) !== 0 ? 2 : 1;
}
