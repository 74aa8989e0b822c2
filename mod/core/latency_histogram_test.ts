import assert from "node:assert/strict";
import fc from "fast-check";
import { LatencyHistogram } from "./latency_histogram.ts";

Deno.test("percentiles of any values lie within 1/32 of the sorted ones", () => {
  const micros = fc.oneof(
    fc.integer({ min: -200, max: 200 }),
    fc.integer({ min: -3_000_000_000, max: 3_000_000_000 }),
  );
  fc.assert(
    fc.property(fc.array(micros, { minLength: 1, maxLength: 300 }), (values) => {
      const h = new LatencyHistogram();
      for (const v of values) h.add(v);
      const sorted = [...values].sort((a, b) => a - b);
      for (const p of [0, 1, 50, 95, 99, 100]) {
        const exact = sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)]!;
        assert.ok(Math.abs(h.percentile(p) - exact) <= Math.abs(exact) / 32 + 0.5);
      }
      assert.equal(h.count, values.length);
      assert.equal(h.min, sorted[0]);
      assert.equal(h.max, sorted.at(-1));
    }),
  );
});

Deno.test("limits, NaN and emptiness", () => {
  const h = new LatencyHistogram();
  assert.ok(Number.isNaN(h.percentile(50)) && Number.isNaN(h.mean) && Number.isNaN(h.max));
  h.add(NaN);
  assert.equal(h.count, 0);
  for (const v of [Infinity, -Infinity, 1e15, -1e15]) h.add(v);
  assert.equal(h.count, 4);
  assert.ok(h.percentile(50) < -4e9);
  assert.ok(h.percentile(75) > 4e9);
});

Deno.test("merging equals adding to one", () => {
  const a = new LatencyHistogram(), b = new LatencyHistogram(), both = new LatencyHistogram();
  for (let i = 0; i < 500; i++) {
    const v = (i * 7919) % 10_007;
    (i % 3 ? a : b).add(v);
    both.add(v);
  }
  a.merge(b);
  for (const p of [1, 50, 99]) assert.equal(a.percentile(p), both.percentile(p));
  assert.equal(a.mean, both.mean);
  assert.equal(a.countAbove(5000), both.countAbove(5000));
  assert.ok(Math.abs(a.countAbove(5000) - 250) < 15);
  a.reset();
  assert.equal(a.count, 0);
  assert.ok(Number.isNaN(a.percentile(50)));
});
