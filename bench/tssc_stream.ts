/**
 * Speed of TSSC on a stream like that of a site, beside the Python package where it is installed.
 *
 * `deno run -P=test bench/tssc_stream.ts [--seconds N]`: the first 1,000 signals of PMUs with noise 60 dB and 80 dB below
 * the phasors, 60 frames/s, one packet per instant. Encoder and decoder alone on one core; what comes out of the decoder
 * is compared in the first round. The peer must make the same bytes and give the same values. Exits 1 below 10 million
 * measurements/s.
 *
 * @module
 */
import { type Figure, figureTable, isReached, median } from "../mod/cli/bench_figure.ts";
import { machine } from "../mod/cli/machine.ts";
import { MeasurementBatch, TsscDecoder, TsscEncoder } from "../mod/sttp/mod.ts";
import { NoisyDevice, RATE } from "./load/noisy_device.ts";
import { sttpapiNanosOf } from "./peers/peers.ts";

const SIGNALS = 1000;
const FRAMES = 10 * RATE;
/** Frames that the peer gets: it is some hundred times slower. */
const PEER_FRAMES = 20;
const LEAST = 10_000_000;
const TICKS_HI = 0x08dc689f;
const TICKS_LO = 0x12345678;
const STEP_TICKS = 166_667;
const MEASUREMENTS = SIGNALS * FRAMES;
const WARM_UP = 3;
const NUMBERS = Int32Array.from({ length: SIGNALS }, (_, i) => i);

/** Figures at both distances of noise, each measured for about `forMs` milliseconds. */
export async function measureTsscStream(forMs: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const noiseDb of [60, 80]) {
    const words = wordsOf(noiseDb);
    const speed = measure(words, forMs);
    const peer = await sttpapiNanosOf({
      packets: encode(new TsscEncoder(), words, PEER_FRAMES).map(({ bytes }) => bytes),
      bits: new Uint32Array(words.buffer, 0, SIGNALS * PEER_FRAMES),
      signals: SIGNALS,
      ticks: (BigInt(TICKS_HI) << 32n) | BigInt(TICKS_LO),
      step: STEP_TICKS,
    }, forMs);
    for (const work of ["encode", "decode"] as const) {
      figures.push({
        name: `TSSC ${work}, ${SIGNALS} signals x ${RATE}, ${noiseDb} dB`,
        value: 1e3 / speed[work],
        unit: "M measurements/s",
        threshold: { atLeast: LEAST / 1e6 },
        ...(peer && {
          peer: { name: "sttpapi (Python)", ratio: peer[`${work}Nanos`] / speed[work] },
        }),
      });
    }
  }
  return figures;
}

/** Values of all frames, one after the other, and behind them the flags of each frame, which are 0. */
function wordsOf(noiseDb: number): Int32Array {
  const devices = [new NoisyDevice(0, noiseDb)];
  while (devices.length * devices[0]!.frame.values.length < SIGNALS) {
    devices.push(new NoisyDevice(devices.length, noiseDb));
  }
  const values = new Float32Array(MEASUREMENTS + SIGNALS);
  for (let k = 0; k < FRAMES; k++) {
    let at = 0;
    for (const device of devices) {
      const frame = device.next(k).values;
      values.set(frame.subarray(0, SIGNALS - at), k * SIGNALS + at);
      at = Math.min(SIGNALS, at + frame.length);
    }
  }
  return new Int32Array(values.buffer);
}

/** Nanoseconds per measurement. */
function measure(words: Int32Array, forMs: number): { encode: number; decode: number } {
  const encodeNanos: number[] = [], decodeNanos: number[] = [];
  const outs = Array.from({ length: FRAMES }, () => new Uint8Array(8192));
  const batch = new MeasurementBatch(SIGNALS);
  const end = performance.now() + forMs;
  for (let round = 0; round <= 2 * WARM_UP || performance.now() < end; round++) {
    const encoder = new TsscEncoder(), decoder = new TsscDecoder();
    let started = performance.now();
    const packets = encode(encoder, words, FRAMES, outs);
    encodeNanos.push(((performance.now() - started) * 1e6) / MEASUREMENTS);
    const isChecked = round === 0;
    started = performance.now();
    let decoded = 0;
    for (const { bytes, count } of packets) {
      decoder.decode(bytes, 0, bytes.length, count, batch);
      if (isChecked) compare(batch, words, decoded);
      decoded += batch.count;
    }
    decodeNanos.push(((performance.now() - started) * 1e6) / MEASUREMENTS);
    if (decoded !== MEASUREMENTS) throw new Error(`${decoded} of ${MEASUREMENTS} were decoded`);
  }
  return {
    encode: median(encodeNanos.slice(WARM_UP)),
    decode: median(decodeNanos.slice(WARM_UP)),
  };
}

function compare(batch: MeasurementBatch, words: Int32Array, from: number): void {
  const found = new Int32Array(batch.values.buffer, batch.values.byteOffset, batch.count);
  for (let i = 0; i < batch.count; i++) {
    if (found[i] !== words[from + i] || batch.ids[i] !== i) {
      throw new Error(`Measurement ${from + i} differs: signal ${batch.ids[i]}, ${found[i]}`);
    }
  }
}

function encode(
  encoder: TsscEncoder,
  words: Int32Array,
  frames: number,
  outs: readonly Uint8Array[] = Array.from({ length: frames }, () => new Uint8Array(8192)),
): { bytes: Uint8Array; count: number }[] {
  return outs.map((out, frame) => {
    encoder.begin(out, 0);
    const lo = TICKS_LO + frame * STEP_TICKS;
    const run = {
      words,
      valuesAt: frame * SIGNALS,
      flagsAt: MEASUREMENTS,
      positions: NUMBERS,
      indexes: NUMBERS,
    };
    encoder.addRun(run, 0, SIGNALS, TICKS_HI, lo);
    const { count } = encoder;
    return { bytes: out.subarray(0, encoder.end()), count };
  });
}

if (import.meta.main) {
  const at = Deno.args.indexOf("--seconds");
  const figures = await measureTsscStream(1000 * (at < 0 ? 3 : Number(Deno.args[at + 1])));
  console.log(`${machine()}\n\n${figureTable(figures)}`);
  Deno.exit(figures.every(isReached) ? 0 : 1);
}
