/**
 * The samples of an event record, decoded and put together.
 *
 * @module
 */
import { DecodeError, type Instant, SampleMarks, setFromSample } from "../core/mod.ts";
import { Decoder, type Message } from "../slipstream/mod.ts";
import { Quality } from "../sv/mod.ts";
import type { EventRecordContent, RecordedPiece } from "./record_content.ts";

/** Samples of a record without a gap, channel by channel. */
export interface RecordedWaveform {
  /** Time of the first sample. */
  readonly time: Instant;
  /** Number of the first sample, from 1970. */
  readonly first: number;
  /** Samples. */
  readonly count: number;
  /** Raw values, one array per channel. */
  readonly values: readonly Int32Array[];
  /** Quality words (IEC 61850-7-3), one array per channel. */
  readonly quality: readonly Uint32Array[];
  /** `SampleMarks` of each sample. */
  readonly marks: Uint8Array;
}

/**
 * Sets `out` to the time of sample `k` of a waveform, from 0, at `rate` samples per second.
 *
 * Samples of a merging unit have the times of their numbers, whichever sample the waveform begins
 * with; those of another file are counted from its first.
 */
export function setTimeOfSample(
  out: Instant,
  { time, first }: RecordedWaveform,
  k: number,
  rate: number,
): void {
  setFromSample(out, 0, 0, first, rate);
  const isNumbered = out.seconds === time.seconds && out.nanos === time.nanos;
  if (isNumbered) setFromSample(out, 0, 0, first + k, rate);
  else setFromSample(out, time.seconds, time.nanos, k, rate);
}

/** Longest gap that is filled, in seconds; a longer one, or a step back, begins another waveform. */
const MAX_FILL_SECONDS = 10;
/** Most values of a record that are put together. */
const MAX_VALUES = 2 ** 27;

/**
 * Decodes the messages of a record. Gaps of up to 10 s are filled with zeros that are marked as such.
 *
 * Throws DecodeError for a message that does not fit its piece, and for more than 2^27 values.
 */
export function recordedWaveforms(content: EventRecordContent): RecordedWaveform[] {
  const decoder = decoderOf(content);
  return groupsOf(content).map((pieces) => joined(content, decoder, pieces));
}

function joined(
  { stream }: EventRecordContent,
  decoder: Decoder,
  pieces: readonly RecordedPiece[],
): RecordedWaveform {
  const { rate, channels } = stream;
  const { first } = pieces[0]!, last = pieces.at(-1)!;
  const count = last.first + last.count - first;
  if (count * channels.length > MAX_VALUES) {
    throw new DecodeError(
      "eventRecord",
      `Cannot put samples together: expected at most ${MAX_VALUES} values, found ${
        count * channels.length
      }`,
    );
  }
  const waveform = {
    time: { seconds: 0, nanos: 0 },
    first,
    count,
    values: channels.map(() => new Int32Array(count)),
    quality: channels.map(() => new Uint32Array(count).fill(Quality.Invalid)),
    marks: new Uint8Array(count).fill(SampleMarks.Filled),
  };
  pieces.forEach((piece, i) => {
    const message = decoder.decode(piece.message);
    checkPiece(piece, message, rate);
    if (i === 0) Object.assign(waveform.time, message.time);
    const at = piece.first - first;
    channels.forEach((_, c) => {
      waveform.values[c]!.set(message.values[c]!.subarray(0, piece.count), at);
      waveform.quality[c]!.set(message.quality[c]!.subarray(0, piece.count), at);
    });
    let k = at;
    for (let run = 0; run < piece.marks.length; run += 2) {
      const end = k + piece.marks[run + 1]!;
      waveform.marks.fill(piece.marks[run]!, k, end);
      k = end;
    }
  });
  return waveform;
}

/** Pieces that follow each other, or nearly. */
function groupsOf({ pieces, stream }: EventRecordContent): RecordedPiece[][] {
  const groups: RecordedPiece[][] = [];
  let end = -1;
  for (const piece of pieces) {
    const gap = piece.first - end;
    const isNext = end >= 0 && gap >= 0 && gap <= MAX_FILL_SECONDS * stream.rate;
    if (isNext) groups.at(-1)!.push(piece);
    else groups.push([piece]);
    end = piece.first + piece.count;
  }
  return groups;
}

function decoderOf({ encoding }: EventRecordContent): Decoder {
  try {
    return new Decoder(encoding);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new DecodeError("eventRecord", error.message, { field: "encoding" });
  }
}

/** Times of files that were recorded elsewhere need not lie on whole samples; within one they must agree. */
function checkPiece({ first, count }: RecordedPiece, { time, ...message }: Message, rate: number) {
  const expected: Instant = { seconds: 0, nanos: 0 };
  setFromSample(expected, 0, 0, first, rate);
  const error = time.seconds - expected.seconds + (time.nanos - expected.nanos) / 1e9;
  if (message.count === count && Math.abs(error) <= 1 / rate) return;
  throw new DecodeError(
    "eventRecord",
    `Cannot use a message: expected ${count} samples from sample ${first}, found ${message.count} ` +
      `samples that are ${error} s off`,
    { field: "pieces" },
  );
}
