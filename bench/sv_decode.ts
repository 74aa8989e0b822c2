/**
 * Sampled-values frames per second on one core: decoding alone, and all the way into the waveform ring.
 *
 * `deno run -P=test bench/sv_decode.ts [--seconds N]`: frames of 1 ASDU with 8 channels (4,800 samples/s, VLAN tag), of 20
 * streams in turn as they lie in a capture ring. "into the ring" is decoding, finding the stream by its svID, sample clock,
 * sequence and writing 8 values with quality. "twice" is the same with every frame sent twice, as PRP does; "junk" is
 * frames whose last element is too long. Each run is checked against what must come out. Exits 1 below 500,000 frames/s, and where
 * frames take heap.
 *
 * @module
 */
import { type Figure, figureTable, isReached, median } from "../mod/cli/bench_figure.ts";
import { machine } from "../mod/cli/machine.ts";
import { WaveformRing } from "../mod/core/mod.ts";
import {
  encodeFrame,
  hashBytes,
  sameBytes,
  SampleStream,
  seqDataOf,
  SvFrame,
  SvReject,
  visibleBytes,
} from "../mod/sv/mod.ts";

const STREAMS = 20;
const RATE = 4800;
const CHANNELS = 8;
/** What the issue asks for on one core. */
const LEAST = 500_000;
const WARM_UP = 3;

/** A capture buffer: a second of all streams. */
interface Capture {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Offset of each frame. */
  readonly offsets: Uint32Array;
  /** Octets of every frame. */
  readonly size: number;
}

/** One stream as a capture keeps it. */
interface Entry {
  readonly svId: Uint8Array;
  readonly stream: SampleStream;
}

/** Figures, each measured for about `forMs` milliseconds. */
export function measureSv(forMs: number): Figure[] {
  const once = capture(1), twice = capture(2), junk = damaged(once);
  return [
    figure("SV decode, 1 ASDU x 8 channels", rounds(forMs, once, () => decodeAll(once, 0))),
    figure("SV into the ring, same", rounds(forMs, once, intoRing(once))),
    figure("SV into the ring, all frames twice", rounds(forMs, twice, intoRing(twice))),
    figure("SV junk refused", rounds(forMs, junk, () => decodeAll(junk, junk.offsets.length))),
    {
      name: "SV into the ring, heap taken",
      value: allocated(once, intoRing(once)),
      unit: "octets/frame",
      threshold: { atMost: 1 },
    },
  ];
}

function figure(name: string, framesPerSecond: number): Figure {
  return { name, value: framesPerSecond, unit: "frames/s", threshold: { atLeast: LEAST } };
}

/** Median frames per second of rounds over a capture. */
function rounds(forMs: number, { offsets }: Capture, run: (round: number) => void): number {
  const speeds: number[] = [];
  const end = performance.now() + forMs;
  for (let round = 0; round <= 2 * WARM_UP || performance.now() < end; round++) {
    const started = performance.now();
    run(round);
    speeds.push(offsets.length / (performance.now() - started) * 1e3);
  }
  return median(speeds.slice(WARM_UP));
}

/** Octets of heap per frame: the least of rounds between which nothing was collected. */
function allocated({ offsets }: Capture, run: (round: number) => void): number {
  let least = Infinity;
  for (let round = 0; round < 4 * WARM_UP; round++) {
    const before = Deno.memoryUsage().heapUsed;
    run(round);
    const taken = Deno.memoryUsage().heapUsed - before;
    if (round >= WARM_UP && taken >= 0) least = Math.min(least, taken / offsets.length);
  }
  return least;
}

function decodeAll({ bytes, offsets, size }: Capture, expectedJunk: number): void {
  const frame = new SvFrame();
  let junk = 0;
  for (let i = 0; i < offsets.length; i++) {
    if (frame.decode(bytes, offsets[i]!, offsets[i]! + size) !== SvReject.None) junk++;
  }
  if (junk !== expectedJunk) throw new Error(`${junk} frames refused, expected ${expectedJunk}`);
}

/** The second is played again and again, each time a second later. */
function intoRing({ bytes, view, offsets, size }: Capture): (round: number) => void {
  const entries = new Map<number, Entry>();
  for (let i = 0; i < STREAMS; i++) {
    const svId = visibleBytes(svIdOf(i));
    const stream = new SampleStream(new WaveformRing(CHANNELS, RATE, 4 * RATE));
    entries.set(hashBytes(svId, 0, svId.length), { svId, stream });
  }
  const frame = new SvFrame();
  const { pdu } = frame;
  const perSample = offsets.length / RATE;
  return (round) => {
    const seconds = 1_700_000_000 + round;
    for (let i = 0; i < offsets.length; i++) {
      if (frame.decode(bytes, offsets[i]!, offsets[i]! + size) !== SvReject.None) continue;
      const at = pdu.svIdOffset[0]!, length = pdu.svIdLength[0]!;
      const entry = entries.get(hashBytes(bytes, at, length));
      if (!entry || !sameBytes(bytes, at, length, entry.svId)) continue;
      const nanos = Math.floor(i / perSample) * 208_333 + 20_000;
      entry.stream.accept(bytes, view, pdu, 0, pdu.noASDU, seconds, nanos, frame.simulation);
    }
    for (const { stream: { counters } } of entries.values()) {
      const { accepted, duplicate, received } = counters;
      if (accepted !== (round + 1) * RATE || accepted + duplicate !== received) {
        throw new Error(`Expected ${(round + 1) * RATE} samples, found ${accepted}`);
      }
    }
  };
}

function svIdOf(stream: number): string {
  return `BENCH_MU${String(stream).padStart(2, "0")}`;
}

/** A second of all streams, each frame `copies` times. */
function capture(copies: number): Capture {
  const offsets = new Uint32Array(RATE * STREAMS * copies);
  const size = frameOf(0, 0).length;
  // The slot of a TPACKET_V3 ring: header and alignment around the frame.
  const slot = (size + 82 + 7) & ~7;
  const bytes = new Uint8Array(slot * offsets.length);
  let n = 0, at = 0;
  for (let k = 0; k < RATE; k++) {
    for (let stream = 0; stream < STREAMS; stream++) {
      const frame = frameOf(stream, k);
      for (let copy = 0; copy < copies; copy++, at += slot) {
        offsets[n++] = at;
        bytes.set(frame, at);
      }
    }
  }
  return { bytes, view: new DataView(bytes.buffer), offsets, size };
}

/** The same frames, each with a length in its last element that reaches beyond the frame. */
function damaged({ bytes, offsets, size }: Capture): Capture {
  const copy = bytes.slice();
  for (const at of offsets) copy[at + size - 8 * CHANNELS - 1] = 0x7f;
  return { bytes: copy, view: new DataView(copy.buffer), offsets, size };
}

function frameOf(stream: number, k: number): Uint8Array {
  const values = Array.from(
    { length: CHANNELS },
    (_, c) => Math.imul(k * CHANNELS + c, 0x9e3779b1),
  );
  return encodeFrame({
    destination: new Uint8Array([1, 0x0c, 0xcd, 4, 0, stream]),
    source: new Uint8Array([2, 0, 0, 0, 0, stream]),
    tags: [{}],
    appid: 0x4000 + stream,
    asdus: [{
      svID: svIdOf(stream),
      smpCnt: k,
      confRev: 1,
      smpSynch: 2,
      seqData: seqDataOf(values, new Uint32Array(CHANNELS)),
    }],
  });
}

if (import.meta.main) {
  const at = Deno.args.indexOf("--seconds");
  const figures = measureSv(1000 * (at < 0 ? 3 : Number(Deno.args[at + 1])));
  console.log(`${machine()}\n\n${figureTable(figures)}`);
  Deno.exit(figures.every(isReached) ? 0 : 1);
}
