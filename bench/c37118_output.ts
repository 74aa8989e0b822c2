/**
 * What a frame of the C37.118 output costs, for any number of clients: time for each value, and heap.
 *
 * @module
 */
import type { Figure } from "../mod/cli/bench_figure.ts";
import { UNWATCHED_CLOCK } from "../mod/core/mod.ts";
import { FrameMaker } from "../mod/output/c37118/frame_maker.ts";
import { shapeOf } from "../mod/output/c37118/shape.ts";
import { onePmu, outputOptions, PART, Station } from "../mod/output/c37118/testing.ts";

const PMUS = 20;
const FRAMES = 2000;
const SECOND = 1_700_000_000;

/** Nanoseconds for each value and octets of heap for each frame of 20 PMUs with 10 phasors. */
function measure(coordinates: "polar" | "rectangular", forMs: number) {
  const options = outputOptions({ coordinates });
  const station = new Station(options);
  const phasors = Array.from({ length: 10 }, (_, i) => ({
    name: `P${i}`,
    kind: "V" as const,
    typeByte: 0,
    factor: 1,
  }));
  for (let i = 0; i < PMUS; i++) station.device(`D${i}`, onePmu({ idCode: i + 1, phasors }));
  const frame = station.aligned(SECOND, 0, {});
  frame.values.fill(1.5);
  frame.flags.fill(0);
  const permitted = station.access.permitted(PART);
  const shape = shapeOf(frame.layout, permitted, station.registry, options)!;
  const maker = new FrameMaker(shape, frame.layout, permitted, station.registry, {
    edition: 2011,
    estimates: () => false,
  });
  const circumstances = {
    frameClock: UNWATCHED_CLOCK,
    ownClock: UNWATCHED_CLOCK,
    nowMicros: SECOND * 1e6,
    announces: false,
  };
  let made = 0;
  const run = () => {
    for (let i = 0; i < FRAMES; i++) made += maker.make(frame, circumstances).length;
  };
  run();
  const times: number[] = [];
  let heap = Infinity;
  for (const end = performance.now() + forMs; performance.now() < end || times.length < 3;) {
    const before = Deno.memoryUsage().heapUsed, began = performance.now();
    run();
    times.push((performance.now() - began) * 1e6 / (FRAMES * maker.carried));
    // A collection in between makes it negative; then another run tells.
    const grown = Deno.memoryUsage().heapUsed - before;
    if (grown >= 0) heap = Math.min(heap, grown / FRAMES - maker.size);
  }
  return { ns: Math.min(...times), heap, made };
}

/** What each value of a frame costs, and what a frame of 500 of them leaves on the heap beside its own octets. */
export function c37118OutputFigures(forMs: number): Figure[] {
  return (["polar", "rectangular"] as const).flatMap((coordinates): Figure[] => {
    const { ns, heap } = measure(coordinates, forMs);
    const name = `C37.118 output, 20 PMUs, float ${coordinates}`;
    return [
      { name: `${name}: each value`, value: ns, unit: "ns", threshold: { atMost: 100 } },
      // The objects around one buffer, and nothing for each value.
      { name: `${name}: heap`, value: heap, unit: "B/frame", threshold: { atMost: 500 } },
    ];
  });
}
