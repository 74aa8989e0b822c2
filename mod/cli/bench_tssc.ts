/**
 * How long TSSC takes per measurement: six PMUs with 26 values each at 60 frames per second, one packet per frame.
 *
 * @module
 */
import { MeasurementBatch, TsscDecoder, TsscEncoder } from "../sttp/mod.ts";
import { median } from "./bench_figure.ts";

/** Speed of encoder and decoder. */
export interface TsscSpeed {
  /** Nanoseconds to encode one measurement. */
  readonly encodeNanos: number;
  /** Nanoseconds to decode one measurement. */
  readonly decodeNanos: number;
  /** Bytes of one measurement on the wire. */
  readonly bytesPerMeasurement: number;
}

/** One packet of TSSC without the header of the data packet. */
export interface TsscPacket {
  /** Its bytes. */
  readonly bytes: Uint8Array;
  /** Measurements in it. */
  readonly count: number;
}

/** Signals in one packet. */
export const TSSC_SIGNALS = 156;
/** Upper half of the stamps in ticks; the lower half begins at {@linkcode TSSC_TICKS_LO}. */
export const TSSC_TICKS_HI = 0x08dc689f;
/** Lower half of the first stamp in ticks. */
export const TSSC_TICKS_LO = 0x1234_5678;
/** Ticks between two packets. */
export const TSSC_STEP_TICKS = 166_667;
/** Packets of one round. */
const FRAMES = 60;
const WARM_UP = 10;
const NUMBERS = Int32Array.from({ length: TSSC_SIGNALS }, (_, i) => i);
const LEAST_ROUNDS = 15;
/** Stamps stay below the next carry into the upper half of the ticks. */
const MOST_ROUNDS = 390;

/** Measures encoder and decoder for about `forMs` milliseconds on values that move like synchrophasors. */
export function measureTssc(forMs: number): TsscSpeed {
  const encoder = new TsscEncoder();
  const decoder = new TsscDecoder();
  const batch = new MeasurementBatch(TSSC_SIGNALS);
  const encodeNanos: number[] = [], decodeNanos: number[] = [];
  const total = TSSC_SIGNALS * FRAMES;
  const begun = performance.now();
  let size = 0;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const values = tsscValues(round * FRAMES, FRAMES);
    const outs = Array.from({ length: FRAMES }, () => new Uint8Array(4096));
    let started = performance.now();
    const packets = encode(encoder, values, round * FRAMES, outs);
    encodeNanos.push(((performance.now() - started) * 1e6) / total);
    started = performance.now();
    let decoded = 0;
    for (const { bytes, count } of packets) {
      decoder.decode(bytes, 0, bytes.length, count, batch);
      decoded += batch.count;
    }
    decodeNanos.push(((performance.now() - started) * 1e6) / total);
    if (decoded !== total) {
      throw new Error(`Cannot trust the figure: ${decoded} of ${total} decoded`);
    }
    size = packets.reduce((sum, { bytes }) => sum + bytes.length, 0);
    if (performance.now() - begun > forMs && round >= WARM_UP + LEAST_ROUNDS) break;
  }
  return {
    encodeNanos: median(encodeNanos.slice(WARM_UP)),
    decodeNanos: median(decodeNanos.slice(WARM_UP)),
    bytesPerMeasurement: size / total,
  };
}

/** `count` packets of a new encoder. */
export function tsscPackets(count: number): TsscPacket[] {
  const outs = Array.from({ length: count }, () => new Uint8Array(4096));
  return encode(new TsscEncoder(), tsscValues(0, count), 0, outs);
}

function encode(
  encoder: TsscEncoder,
  values: Float32Array,
  firstFrame: number,
  outs: readonly Uint8Array[],
): TsscPacket[] {
  // As the publisher has them: values, and behind all of them the flags of each frame, which are 0.
  const words = new Int32Array(values.length + TSSC_SIGNALS);
  words.set(new Int32Array(values.buffer, values.byteOffset, values.length));
  return outs.map((out, frame) => {
    const lo = TSSC_TICKS_LO + (firstFrame + frame) * TSSC_STEP_TICKS;
    encoder.begin(out, 0);
    const run = {
      words,
      valuesAt: frame * TSSC_SIGNALS,
      flagsAt: values.length,
      positions: NUMBERS,
      indexes: NUMBERS,
    };
    encoder.addRun(run, 0, TSSC_SIGNALS, TSSC_TICKS_HI, lo);
    const { count } = encoder;
    return { bytes: out.subarray(0, encoder.end()), count };
  });
}

/** Values of `count` frames that move as a grid does, with the noise of an instrument. */
export function tsscValues(firstFrame: number, count: number): Float32Array {
  const values = new Float32Array(TSSC_SIGNALS * count);
  let seed = firstFrame + 1;
  const noise = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32 - 0.5;
  };
  for (let frame = 0; frame < count; frame++) {
    for (let i = 0; i < TSSC_SIGNALS; i++) {
      const phase = (firstFrame + frame) * 0.013 + i;
      const kind = i % 26;
      let value = 0; // status, quality and digitals
      if (kind < 10) value = 288_675 + 120 * Math.sin(phase) + 20 * noise();
      else if (kind < 20) value = ((phase * 57.3 + noise() / 20) % 360) - 180;
      else if (kind === 20) value = 60 + 0.01 * Math.sin(phase) + 0.001 * noise();
      else if (kind === 21) value = Math.round(10 * Math.cos(phase)) / 100;
      values[frame * TSSC_SIGNALS + i] = value;
    }
  }
  return values;
}
