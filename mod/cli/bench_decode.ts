/**
 * C37.118 bytes to frames on one core: parser with CHK, time, degrees, flags; the gateway's own path.
 *
 * @module
 */
import {
  type Configuration,
  DataDecoder,
  DataEncoder,
  dataFrameSize,
  FormatBits,
  StreamParser,
} from "../c37118/mod.ts";
import { makeFrame, makeLayout } from "../core/mod.ts";
import { nanosPerUnit } from "./bench_figure.ts";

/** Speed of one number format. */
export interface DecodeSpeed {
  /** Number format and coordinates. */
  readonly name: string;
  /** FORMAT of the configuration. */
  readonly format: number;
  /** Frames decoded per second. */
  readonly framesPerSecond: number;
}

const FORMATS: readonly (readonly [string, number])[] = [
  ["float polar", FormatBits.Polar | FormatBits.PhasorFloat | FormatBits.FrequencyFloat],
  ["float rectangular", FormatBits.PhasorFloat | FormatBits.FrequencyFloat],
  ["integer polar", FormatBits.Polar],
  ["integer rectangular", 0],
];

/** Frames in the buffer that is decoded over and over: what a busy socket hands over at once. */
const BATCH = 64;
const PHASORS = 10;

/** Measures every format for about `forMs` milliseconds each. */
export function measureDecoding(forMs: number): DecodeSpeed[] {
  // All formats once before any is timed: a gateway's code has seen them all.
  for (const [, format] of FORMATS) measure(format, forMs / 10);
  return FORMATS.map(([name, format]) => ({
    name,
    format,
    framesPerSecond: 1e9 / measure(format, forMs),
  }));
}

/** Nanoseconds per frame. */
function measure(format: number, forMs: number): number {
  const configuration = benchConfiguration(format);
  const decoder = new DataDecoder(configuration);
  const frame = makeFrame(makeLayout("bench", new Int32Array(decoder.count), [], 60));
  let frames = 0;
  const parser = new StreamParser((lent) => {
    decoder.decode(lent.bytes, lent.view, lent.offset, lent.size, frame);
    frames++;
  });
  parser.expect(configuration.idCode, dataFrameSize(configuration), 60);
  const chunk = benchFrames(configuration, BATCH);
  let pushed = 0;
  const nanos = nanosPerUnit(forMs, () => {
    for (let i = 0; i < 20; i++) parser.push(chunk, 0);
    pushed += 20 * BATCH;
    return 20 * BATCH;
  });
  if (frames !== pushed || parser.counters.crc > 0) {
    throw new Error(`Cannot trust the figure: ${pushed} frames in, ${frames} out`);
  }
  return nanos;
}

/** 1 PMU of 10 phasors and 2 digital words, all of one FORMAT. */
export function benchConfiguration(format: number): Configuration {
  const names = Array.from({ length: 16 }, (_, i) => `D${i}`);
  const digital = { names, normal: 0, valid: 0xffff };
  return {
    type: 3,
    version: 1,
    idCode: 7,
    timeBase: 1_000_000,
    timeBaseFlags: 0,
    dataRate: 60,
    trailing: 0,
    pmus: [{
      station: "BENCH",
      idCode: 100,
      format,
      phasors: Array.from({ length: PHASORS }, (_, i) => ({
        name: `PH${i}`,
        kind: "V" as const,
        typeByte: 0,
        factor: 1_000_000,
      })),
      analogs: [],
      digitals: [digital, digital],
      fnom: 0,
      cfgCnt: 1,
    }],
  };
}

/** `count` data frames one after the other, with `hertz` as FREQ. */
export function benchFrames(
  configuration: Configuration,
  count: number,
  hertz = 60.01,
): Uint8Array {
  const encoder = new DataEncoder(configuration);
  const values = new Float64Array(encoder.count);
  const bytes = new Uint8Array(count * encoder.size);
  for (let k = 0; k < count; k++) {
    for (let i = 0; i < PHASORS; i++) {
      values[2 * i] = 300_000 + 100 * k + i;
      values[2 * i + 1] = ((k * 37 + i * 36) % 360) - 179.5;
    }
    values[20] = hertz;
    values[21] = 0.02;
    values[22] = 0x1234;
    values[23] = 0xffff;
    encoder.encode(values, 1_700_000_000 + k, (k * 15_625) % 1_000_000, 0, bytes, k * encoder.size);
  }
  return bytes;
}
