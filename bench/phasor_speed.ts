/**
 * What the virtual PMU costs: 20 streams of 4,800 samples/s and 8 channels, 60 reports/s, as a share of one core.
 *
 * @module
 */
import type { Figure } from "../mod/cli/bench_figure.ts";
import { nanosPerUnit } from "../mod/cli/bench_figure.ts";
import { WaveformRing } from "../mod/core/mod.ts";
import {
  type PerformanceClass,
  type PhasorChannel,
  PhasorEstimator,
  SharedInstants,
} from "../mod/phasor/mod.ts";

const STREAMS = 20;
const RATE = 4800;
const REPORTS = 60;
/** Samples between two looks at a ring: 10 ms, as often as a capture wakes. */
const BLOCK = 48;

/** Measures both classes for about `forMs` milliseconds each. */
export function phasorFigures(forMs: number): Figure[] {
  return (["P", "M"] as const).flatMap((performanceClass) => {
    const { nanosPerReport, bytesPerReport } = measure(performanceClass, forMs);
    const name =
      `Phasors of ${STREAMS} streams x ${RATE} x 8 channels, ${REPORTS}/s, class ${performanceClass}`;
    return [
      {
        name,
        value: (nanosPerReport * STREAMS * REPORTS) / 1e7,
        unit: "% of a core",
        threshold: { atMost: 25 },
      },
      {
        name: `${name}, heap`,
        value: bytesPerReport,
        unit: "bytes/report",
        threshold: { atMost: 1 },
      },
    ];
  });
}

function measure(
  performanceClass: PerformanceClass,
  forMs: number,
): { nanosPerReport: number; bytesPerReport: number } {
  const shared = new SharedInstants();
  const streams = Array.from({ length: STREAMS }, () => ({
    ring: fullRing(),
    estimator: new PhasorEstimator({
      performanceClass,
      nominalHz: 60,
      framesPerSecond: REPORTS,
      sampleRate: RATE,
      difference: "half-cycle",
      channels: CHANNELS,
      sets: [
        { name: "I", channels: ["Ia", "Ib", "Ic"] },
        { name: "U", channels: ["Ua", "Ub", "Uc"] },
      ],
    }, shared),
  }));
  const work = (): number => {
    let reports = 0;
    // A quarter of a second, block by block.
    for (let block = 0; block < RATE / BLOCK / 4; block++) {
      for (const { ring, estimator } of streams) {
        for (let i = 0; i < BLOCK; i++) ring.commit();
        while (estimator.advance(ring)) reports++;
      }
    }
    return reports;
  };
  const nanosPerReport = nanosPerUnit(forMs, work);
  const bytesPerReport = leastGrowth(work);
  const { report } = streams[0]!.estimator;
  if (!(Math.abs(report.frequency - 60) < 1e-6 && report.estimated)) {
    throw new Error(`Cannot trust the figure: expected 60 Hz, found ${report.frequency}`);
  }
  return { nanosPerReport, bytesPerReport };
}

/** Growth of the heap per report in the calmest of some rounds: collections and compilers disturb the others. */
function leastGrowth(work: () => number): number {
  let least = Infinity;
  for (let round = 0; round < 10; round++) {
    // Asking costs some kilobytes of its own.
    const idle = -heapUsed() + heapUsed();
    const before = heapUsed();
    let reports = 0;
    for (let i = 0; i < 20; i++) reports += work();
    least = Math.min(least, Math.abs(heapUsed() - before - idle) / reports);
  }
  return least;
}

function heapUsed(): number {
  return Deno.memoryUsage().heapUsed;
}

const CHANNELS: readonly PhasorChannel[] = ["Ia", "Ib", "Ic", "In", "Ua", "Ub", "Uc", "Un"]
  .map((name, index) => ({
    name,
    index,
    quantity: index < 4 ? "current" : "voltage",
    scale: index < 4 ? 0.001 : 0.01,
    rating: index < 4 ? 1000 : 63_508,
  }));

/** A ring of whole seconds that goes on for ever: its content fits to itself. */
function fullRing(): WaveformRing {
  const ring = new WaveformRing(8, RATE, 4 * RATE);
  ring.restart(1_700_000_000 * RATE);
  for (const [c, values] of ring.values.entries()) {
    const peak = c < 4 ? 1_414_000 : 8_981_000;
    for (let i = 0; i < values.length; i++) {
      values[i] = Math.round(peak * Math.cos((2 * Math.PI * 60 * i) / RATE - (c % 4) * 2.0944));
    }
  }
  return ring;
}
