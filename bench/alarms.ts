/**
 * What alarms cost the path of a frame: time and heap for each value that is looked at.
 *
 * @module
 */
import * as v from "valibot";
import { AlarmLayout, alarmSchema, AlarmWatch } from "../mod/alarm/mod.ts";
import type { Figure } from "../mod/cli/bench_figure.ts";
import { makeFrame, makeLayout, setFromMicros } from "../mod/core/mod.ts";

const VALUES = 100;
const FRAMES = 20_000;
const TABLES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "over, with hysteresis and delay": {
    condition: "over",
    limit: 1e6,
    hysteresis: 1,
    delayMs: 100,
  },
  "rate of change": { condition: "rateOfChange", limit: 1e6 },
  flatline: { condition: "flatline", delayMs: 1000 },
  "over, raised and cleared by every other frame": { condition: "over", limit: 0 },
};

/** Nanoseconds and octets of heap for each value of frames of 100 that one alarm watches. */
function measure(table: Readonly<Record<string, unknown>>, forMs: number) {
  const watch = new AlarmWatch("bench", v.parse(alarmSchema, { signals: ["True"], ...table }));
  const handles = Array.from({ length: VALUES }, (_, i) => i);
  const layout = makeLayout("bench", handles, [{ device: "A", offset: 0, count: VALUES }], 50);
  const places = handles.map((handle) => ({
    place: handle,
    slot: watch.join(handle, { isAngle: false, gapMicros: 500_000 }),
  }));
  let changes = 0;
  const alarms = new AlarmLayout([[watch, places]], { changed: () => void changes++ });
  const frame = makeFrame(layout);
  let slot = 0;
  const run = () => {
    for (let i = 0; i < FRAMES; i++, slot++) {
      setFromMicros(frame.instant, 1_700_000_000e6 + slot * 20_000);
      frame.values.fill(slot % 4 < 2 ? 1 : -1);
      alarms.accept(frame);
    }
  };
  run();
  let best = Infinity, heap = Infinity;
  for (const end = performance.now() + forMs; performance.now() < end;) {
    const before = Deno.memoryUsage().heapUsed, began = performance.now();
    run();
    best = Math.min(best, (performance.now() - began) * 1e6 / (FRAMES * VALUES));
    // A collection in between makes it negative; then another run tells.
    const grown = Deno.memoryUsage().heapUsed - before;
    if (grown >= 0) heap = Math.min(heap, grown / FRAMES);
  }
  return { ns: best, heap, changes };
}

/** What each value costs that an alarm looks at, and what a frame leaves on the heap. */
export function alarmFigures(forMs: number): Figure[] {
  return Object.entries(TABLES).flatMap(([name, table]): Figure[] => {
    const { ns, heap } = measure(table, forMs);
    return [
      { name: `alarm, ${name}: each value`, value: ns, unit: "ns", threshold: { atMost: 100 } },
      { name: `alarm, ${name}: heap`, value: heap, unit: "B/frame", threshold: { atMost: 1 } },
    ];
  });
}
