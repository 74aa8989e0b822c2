import assert from "node:assert/strict";
import fc from "fast-check";
import type { AlignerOptions } from "./mod.ts";
import { Harness, layoutOf } from "./testing.ts";

/** What a naive aligner knows of one frame that arrived. */
interface Arrival {
  source: number;
  stampMs: number;
  atMs: number;
  value: number;
}

const RATE = 50;
const WAIT = 100;
const LEAD = 60;
const SLOT = 1000 / RATE;

/** Slots by number with the values that a naive aligner would publish, and the fate of every frame. */
function model(arrivals: Arrival[], sources: number, options: Partial<AlignerOptions>) {
  const slots = new Map<number, { values: (number | undefined)[]; kept: number[] }>();
  const published = new Set<number>();
  const seen = Array.from({ length: sources }, () => new Set<number>());
  const fates = Array.from({ length: sources }, () => ({
    placed: 0,
    downsampled: 0,
    duplicates: 0,
    late: 0,
    future: 0,
  }));
  let last = -Infinity;
  const closeUntil = (atMs: number) => {
    // The timer of a moment runs before the arrivals of that moment.
    for (const slot of [...slots.keys()].sort((a, b) => a - b)) {
      if (slot * SLOT + WAIT <= atMs && !published.has(slot)) {
        published.add(slot);
        last = Math.max(last, slot);
      }
    }
    const over = Math.floor((atMs - WAIT) / SLOT);
    if (options.emptySlots === "frame" && last > -Infinity) last = Math.max(last, over);
  };
  const publishComplete = () => {
    for (const slot of [...slots.keys()].sort((a, b) => a - b)) {
      if (published.has(slot)) continue;
      if (slots.get(slot)!.values.some((v) => v === undefined)) return;
      published.add(slot);
      last = slot;
    }
  };
  for (const { source, stampMs, atMs, value } of arrivals) {
    closeUntil(atMs);
    const fate = fates[source]!;
    const slot = Math.floor(stampMs / SLOT);
    if (stampMs - atMs > LEAD) {
      fate.future++;
    } else if (atMs - stampMs > WAIT) {
      fate.late++;
    } else if (slot <= last) {
      if (seen[source]!.has(stampMs)) fate.duplicates++;
      else fate.late++;
    } else {
      const repeat = seen[source]!.has(stampMs);
      seen[source]!.add(stampMs);
      let entry = slots.get(slot);
      if (!entry) slots.set(slot, entry = { values: Array(sources).fill(undefined), kept: [] });
      const isFirst = entry.values[source] === undefined;
      const isUsed = isFirst || options.downsampling === "last" || stampMs < entry.kept[source]!;
      if (isUsed) {
        entry.values[source] = value;
        entry.kept[source] = stampMs;
      }
      if (repeat) fate.duplicates++;
      else if (isUsed) fate.placed++;
      else fate.downsampled++;
    }
    if (options.publishEarly) publishComplete();
    closeUntil(atMs);
  }
  return { slots, fates };
}

const arrival = fc.record({
  source: fc.integer({ min: 0, max: 2 }),
  slot: fc.integer({ min: 0, max: 30 }),
  // Stamps on a few places inside the slot, out of reach of the slack of 1 ms before the next one.
  inside: fc.constantFrom(0, 0, 0, 5, 12),
  delay: fc.oneof(
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: -80, max: 160 }),
  ),
});

for (const emptySlots of ["frame", "skip"] as const) {
  for (const downsampling of ["last", "closest"] as const) {
    for (const publishEarly of [true, false]) {
      const options = { emptySlots, downsampling, publishEarly };
      Deno.test(`model: any arrivals, ${JSON.stringify(options)}`, () => {
        fc.assert(
          fc.property(fc.array(arrival, { maxLength: 80 }), (drawn) => {
            const arrivals = drawn.map(({ source, slot, inside, delay }, i): Arrival => {
              const stampMs = slot * SLOT + inside;
              return { source, stampMs, atMs: Math.max(0, stampMs + delay), value: i + 1 };
            }).sort((a, b) => a.atMs - b.atMs);
            check(arrivals, options);
          }),
          { numRuns: 150 },
        );
      });
    }
  }
}

function check(arrivals: Arrival[], options: Partial<AlignerOptions>): void {
  const h = new Harness({ ...options, framesPerSecond: RATE, waitMs: WAIT, leadMs: LEAD });
  const layouts = [0, 1, 2].map((n) => layoutOf(`s${n}`, [n], RATE));
  for (const layout of layouts) h.aligner.expect(layout);
  for (const { source, stampMs, atMs, value } of arrivals) {
    h.arrive(layouts[source]!, stampMs, atMs, { value });
  }
  h.passTo(31 * SLOT + 200);
  const { slots, fates } = model(arrivals, 3, options);
  const numbers = h.stamps().map((ms) => Math.round(ms / SLOT));
  for (let i = 1; i < numbers.length; i++) {
    assert.ok(numbers[i]! > numbers[i - 1]!, "in order, once");
  }
  if (options.emptySlots === "frame") {
    for (let i = 1; i < numbers.length; i++) {
      assert.equal(numbers[i], numbers[i - 1]! + 1, "each slot");
    }
  }
  const full = h.out.filter((p) => p.frame.values.some((v) => !Number.isNaN(v)));
  assert.deepEqual(
    full.map((p) => [Math.round(p.stampMs / SLOT), ...p.frame.values]),
    [...slots].sort((a, b) => a[0] - b[0]).map(([n, s]) => [n, ...s.values.map((v) => v ?? NaN)]),
  );
  const figures = h.aligner.figures();
  fates.forEach((fate, n) => {
    const found = figures.sources[`s${n}`]!;
    assert.deepEqual({ ...found, ...fate }, found);
    const sum = fate.placed + fate.downsampled + fate.duplicates + fate.late + fate.future;
    assert.equal(found.received, sum);
  });
  assert.equal(figures.received, arrivals.length);
  assert.equal(figures.publishedFrames, h.out.length);
  assert.equal(figures.openSlots, 0);
}

Deno.test("model: whatever comes, in every way of waiting, order and books hold and memory is bounded", () => {
  const anything = fc.record({
    source: fc.integer({ min: 0, max: 2 }),
    stampMs: fc.oneof(
      fc.double({ min: -1e4, max: 1e4, noNaN: true }),
      fc.double({ min: -1.7e12, max: 4e12, noNaN: true }),
    ),
    stepMs: fc.integer({ min: 0, max: 300 }),
    hostMs: fc.constantFrom(0, 0, 0, 0, 0, -700, 5000, -3.6e6),
    flags: fc.constantFrom(0, 0, 0x10000),
  });
  fc.assert(
    fc.property(
      fc.array(anything, { maxLength: 60 }),
      fc.constantFrom("absolute", "relative", "dataTime"),
      fc.constantFrom("drop", "keep", "sortByArrival"),
      fc.constantFrom("last", "closest", "filtered", "bestQuality"),
      fc.constantFrom("floor", "nearest"),
      fc.constantFrom("frame", "skip"),
      (arrivals, waitMode, badTimestamps, downsampling, slotRule, emptySlots) => {
        const h = new Harness({
          waitMode,
          badTimestamps,
          downsampling,
          slotRule,
          emptySlots,
          waitMs: 250,
        });
        const layouts = [0, 1, 2].map((n) => layoutOf(`s${n}`, [n, n + 10], RATE));
        for (const layout of layouts) h.aligner.expect(layout);
        let at = 0;
        for (const { source, stampMs, stepMs, hostMs, flags } of arrivals) {
          h.hostOffsetMs = hostMs;
          h.arrive(layouts[source]!, at + stampMs, at += stepMs, { flags });
        }
        for (let i = 1; i < h.out.length; i++) assert.ok(h.out[i]!.stampMs > h.out[i - 1]!.stampMs);
        const figures = h.aligner.figures();
        assert.equal(figures.received, arrivals.length);
        assert.ok(figures.openSlots <= 45);
        for (const f of Object.values(figures.sources)) {
          const fates = f.placed + f.downsampled + f.duplicates + f.late + f.future + f.badTime;
          assert.equal(f.received, fates);
        }
      },
    ),
    { numRuns: 400 },
  );
});
