/**
 * Pieces of a waveform: runs of samples, compressed.
 *
 * @module
 */
import { setFromSample, type WaveformRing } from "../core/mod.ts";
import { Encoder, type StreamOptions } from "../slipstream/mod.ts";
import type { RecordedPiece } from "./record_content.ts";

/** Most samples of a piece: above it Slipstream compresses with gzip, which costs more than it saves beside capture. */
const MAX_PIECE = 4096;

/** Samples of a piece: an equal part of a second that is not too large. */
export function pieceSamplesOf(rate: number): number {
  return Math.ceil(rate / Math.ceil(rate / MAX_PIECE));
}

/** Makes pieces of the samples of one ring; its encoder is there from the first on. */
export class PieceEncoder {
  /** Options of the messages. */
  readonly options: StreamOptions;
  readonly #ring: WaveformRing;
  #encoder: Encoder | undefined;

  /** Reads `ring`; `uuid` is the identity of the messages. */
  constructor(ring: WaveformRing, uuid: string) {
    this.#ring = ring;
    this.options = {
      uuid,
      variables: ring.values.length,
      samplingRate: ring.rate,
      samplesPerMessage: pieceSamplesOf(ring.rate),
    };
  }

  /** The samples `from` up to but not including `to`, which are in the ring. */
  encode(from: number, to: number): RecordedPiece {
    const ring = this.#ring, position = from % ring.capacity;
    const encoder = this.#encoder ??= new Encoder(this.options);
    const time = { seconds: 0, nanos: 0 };
    setFromSample(time, 0, 0, from, ring.rate);
    const size = encoder.encode(time, ring, position, to - from);
    return {
      first: from,
      count: to - from,
      marks: runsOf(ring.marks, position, to - from),
      message: encoder.buffer.slice(0, size),
    };
  }
}

/** Runs of equal marks from `position` of a ring on, over its end: mark, length, mark, length. */
function runsOf(marks: Uint8Array, position: number, count: number): number[] {
  const runs: number[] = [];
  let mark = marks[position]!, length = 0;
  for (let i = 0, at = position; i < count; i++, at = at + 1 === marks.length ? 0 : at + 1) {
    if (marks[at] === mark) length++;
    else {
      runs.push(mark, length);
      mark = marks[at]!;
      length = 1;
    }
  }
  runs.push(mark, length);
  return runs;
}
