import assert from "node:assert/strict";
import { Decoder, Encoder, SampleEncoder, type StreamOptions } from "./mod.ts";

const UUID = "01234567-89ab-4cde-8f01-23456789abcd";
/** Bytes for each sample that are too few for any object: what the engine itself leaves behind is spread over many. */
const MOST_BYTES = 8 / 6;

/** A second of noisy waveforms of 8 variables; the quality changes now and then. */
function waveform(rate: number) {
  let seed = 1;
  const noise = () => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) >>> 24;
  return {
    values: Array.from(
      { length: 8 },
      (_, v) =>
        Int32Array.from(
          { length: rate },
          (_, k) => Math.round(1e6 * Math.sin(2 * Math.PI * (50 * k / rate - v / 3))) + noise(),
        ),
    ),
    quality: Array.from(
      { length: 8 },
      () => Uint32Array.from({ length: rate }, (_, k) => k % 1000 < 10 ? 0x2003 : 0),
    ),
  };
}

/** Bytes that the heap grows by for each sample of what `work` has done, in the calmest of many rounds. */
function growth(work: () => number): number {
  let least = Infinity;
  // The compiler works beside, and on a busy machine late: what it has not got to allocates numbers.
  const end = performance.now() + 30_000;
  for (let round = 0; (round < 60 || performance.now() < end) && least >= MOST_BYTES; round++) {
    const before = Deno.memoryUsage().heapUsed;
    const samples = work();
    const grown = Deno.memoryUsage().heapUsed - before;
    if (grown >= 0) least = Math.min(least, grown / samples); // else it was collected meanwhile
  }
  return least;
}

for (
  const [name, options] of [
    ["6 samples, varints", { samplesPerMessage: 6 }],
    ["6 samples, XOR", { samplesPerMessage: 6, xor: true }],
    ["48 samples, words", { samplesPerMessage: 48 }],
    [
      "480 samples, references",
      {
        samplesPerMessage: 480,
        spatial: { voltageGroups: 1, currentGroups: 1, includeNeutral: true },
      },
    ],
  ] satisfies [string, Partial<StreamOptions>][]
) {
  Deno.test(`nothing is allocated for a sample: ${name}`, () => {
    const whole = { uuid: UUID, variables: 8, samplingRate: 4800, ...options };
    const { samplesPerMessage: n } = whole;
    const columns = waveform(4800);
    const encoder = new Encoder(whole), decoder = new Decoder(whole);
    const time = { seconds: 1_700_000_000, nanos: 0 };
    const messages: Uint8Array[] = [];
    for (let at = 0; at + n <= 4800; at += n) {
      messages.push(encoder.buffer.slice(0, encoder.encode(time, columns, at, n)));
    }
    const rounds = Math.max(1, Math.round(4000 / messages.length));
    const encoded = growth(() => {
      for (let i = 0; i < rounds; i++) {
        for (let at = 0; at + n <= 4800; at += n) encoder.encode(time, columns, at, n);
      }
      return rounds * messages.length * n;
    });
    const samples = new SampleEncoder(whole);
    const sample = new Int32Array(8), words = new Uint32Array(8);
    const pushed = growth(() => {
      for (let k = 0; k < 500 * n; k++) {
        const at = k % 4800;
        for (let v = 0; v < 8; v++) {
          sample[v] = columns.values[v]![at]!;
          words[v] = columns.quality[v]![at]!;
        }
        samples.push(time, sample, words);
      }
      return 500 * n;
    });
    const decoded = growth(() => {
      for (let i = 0; i < rounds; i++) for (const message of messages) decoder.decode(message);
      return rounds * messages.length * n;
    });
    assert.ok(encoded < MOST_BYTES, `${encoded} bytes for a sample that is encoded`);
    assert.ok(pushed < MOST_BYTES, `${pushed} bytes for a sample that comes alone`);
    assert.ok(decoded < MOST_BYTES, `${decoded} bytes for a sample that is decoded`);
  });
}
