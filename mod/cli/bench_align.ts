/**
 * Aligning 40 PMUs x 60 frames/s x 26 values on one core: what a frame in costs, with its share of the frames out.
 *
 * @module
 */
import { Aligner, ALIGNER_DEFAULTS, type AlignerOptions } from "../align/mod.ts";
import { type Frame, makeFrame, makeLayout, setFromSlot, type SignalType } from "../core/mod.ts";
import { nanosPerUnit } from "./bench_figure.ts";

/** Speed of one way of aligning. */
export interface AlignSpeed {
  /** Settings. */
  readonly name: string;
  /** Microseconds per frame that comes in. */
  readonly microsPerFrame: number;
}

const SOURCES = 40;
const VALUES = 26;
const RATE = 60;
const START = 1_700_000_000;
const TYPES: readonly SignalType[] = ["FLAG", "VPHM", "VPHA", "IPHM", "IPHA", "FREQ", "DFDT"];

const CASES: readonly (readonly [string, Partial<AlignerOptions>])[] = [
  ["60/s, early", {}],
  ["60/s, at the deadline", { publishEarly: false }],
  ["60/s, relative wait", { waitMode: "relative" }],
  ["10/s, last", { framesPerSecond: 10 }],
  ["10/s, filtered", { framesPerSecond: 10, downsampling: "filtered" }],
];

/** Measures every case for about `forMs` milliseconds each. */
export function measureAligning(forMs: number): AlignSpeed[] {
  return CASES.map(([name, options]) => ({ name, microsPerFrame: measure(options, forMs) }));
}

function measure(options: Partial<AlignerOptions>, forMs: number): number {
  let out = 0;
  const aligner = new Aligner(
    { ...ALIGNER_DEFAULTS, name: "bench", framesPerSecond: RATE, waitMs: 200, ...options },
    { accept: () => void out++ },
    (handle) => TYPES[handle % TYPES.length],
  );
  const frames = Array.from({ length: SOURCES }, (_, source): Frame => {
    const handles = Array.from({ length: VALUES }, (_, i) => source * VALUES + i);
    const device = { device: `PMU${source}`, offset: 0, count: VALUES };
    const layout = makeLayout(`pmu${source}`, handles, [device], RATE);
    aligner.expect(layout);
    const frame = makeFrame(layout);
    frame.values.forEach((_, i) => frame.values[i] = source + i / 10);
    return frame;
  });
  let slot = 0;
  const nanos = nanosPerUnit(forMs, () => {
    for (let i = 0; i < RATE / 4; i++, slot++) {
      const atMs = (slot * 1000) / RATE + 20;
      for (let s = 0; s < SOURCES; s++) {
        const frame = frames[s]!;
        setFromSlot(frame.instant, START, slot, RATE);
        const now = START * 1e6 + (atMs + s / 10) * 1000;
        frame.arrivalMicros = now;
        aligner.accept(frame, now, atMs + s / 10);
      }
    }
    return SOURCES * RATE / 4;
  });
  if (out === 0) throw new Error("Cannot trust the figure: no aligned frame came out");
  return nanos / 1000;
}
