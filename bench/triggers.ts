/**
 * What triggers cost beside the capture: time and heap for each sample of a stream.
 *
 * @module
 */
import { WaveformRing } from "../mod/core/mod.ts";
import { type TriggerOptions, triggerSchema, WaveformTriggers } from "../mod/event/mod.ts";
import type { Figure } from "../mod/cli/bench_figure.ts";
import * as v from "valibot";

const RATE = 14_400;
const PHASES = ["a", "b", "c"];
const CHANNELS = [...PHASES.map((p) => `I${p}`), ...PHASES.map((p) => `U${p}`)];

const trigger = (options: Record<string, unknown>): TriggerOptions =>
  v.parse(triggerSchema, { streams: ["*"], ...options });
const CURRENTS = CHANNELS.slice(0, 3), VOLTAGES = CHANNELS.slice(3);
const TRIGGERS = {
  over: trigger({ kind: "over", channels: CURRENTS, limit: 1e6 }),
  peak: trigger({ kind: "over", measure: "instantaneous", channels: CURRENTS, limit: 1e6 }),
  dip: trigger({ kind: "under", channels: VOLTAGES, limit: 10 }),
  jump: trigger({ kind: "angleStep", channels: VOLTAGES, limit: 90, minimum: 1000 }),
  frequency: trigger({ kind: "frequency", channels: VOLTAGES, low: 40, high: 60, minimum: 1000 }),
  unbalance: trigger({ kind: "unbalance", channels: VOLTAGES, limit: 90, minimum: 1000 }),
};

/** A full ring of balanced waveforms. */
function fullRing(): WaveformRing {
  const ring = new WaveformRing(CHANNELS.length, RATE, 4 * RATE);
  ring.restart(1_700_000_000 * RATE);
  for (let i = 0; i < ring.capacity; i++) {
    for (let c = 0; c < CHANNELS.length; c++) {
      const angle = 2 * Math.PI * (50 * (i % RATE) / RATE - (c % 3) / 3);
      ring.values[c]![ring.position] = Math.round((c < 3 ? 141_421 : 8_980_256) * Math.cos(angle));
    }
    ring.commit();
  }
  return ring;
}

/** Nanoseconds and octets of heap for each sample, of frames with six samples. */
function measure(options: readonly TriggerOptions[], forMs: number): { ns: number; heap: number } {
  const ring = fullRing();
  const stream = {
    name: "bench",
    rate: RATE,
    nominalHz: 50,
    channels: CHANNELS.map((name, c) => ({
      name,
      phase: "",
      unit: c < 3 ? "A" : "V",
      scale: c < 3 ? 0.001 : 0.01,
      offset: 0,
    })),
  };
  let fired = 0;
  const named = options.map((o, i) => ({ name: `t${i}`, options: o }));
  const triggers = new WaveformTriggers(stream, ring, named, { triggered: () => fired++ });
  const run = (samples: number) => {
    for (let i = 0; i < samples; i++) {
      ring.commit();
      if (i % 6 === 5) triggers.advance();
    }
  };
  run(RATE);
  let best = Infinity, heap = Infinity;
  for (const end = performance.now() + forMs; performance.now() < end;) {
    const before = Deno.memoryUsage().heapUsed, began = performance.now();
    run(6 * RATE);
    best = Math.min(best, (performance.now() - began) * 1e6 / (6 * RATE));
    const taken = Deno.memoryUsage().heapUsed - before;
    if (taken >= 0) heap = Math.min(heap, taken / (6 * RATE)); // else it was collected meanwhile
  }
  if (fired > 0) throw new Error(`Expected no trigger to fire, found ${fired}`);
  return { ns: best, heap };
}

/** The figures, each measured for `forMs`. */
export function triggerFigures(forMs: number): Figure[] {
  const all = measure(Object.values(TRIGGERS), forMs);
  return [
    {
      name: "triggers: RMS over of three channels",
      value: measure([TRIGGERS.over], forMs).ns,
      unit: "ns per sample",
    },
    { name: "triggers: six of three channels each", value: all.ns, unit: "ns per sample" },
    {
      name: "triggers: heap for each sample, least of all rounds",
      value: all.heap,
      unit: "octets",
      threshold: { atMost: 1 },
    },
    {
      name: "triggers: 20 streams of 14,400 samples/s with six each",
      value: 100 * all.ns * 20 * RATE / 1e9,
      unit: "% of a core",
    },
  ];
}
