import assert from "node:assert/strict";
import fc from "fast-check";
import { WaveformRing } from "./waveform_ring.ts";

Deno.test("a waveform ring keeps the newest samples by number", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.nat(2 ** 45),
      fc.nat(120),
      (capacity, start, count) => {
        const ring = new WaveformRing(2, 4800, capacity);
        ring.restart(start);
        for (let i = 0; i < count; i++) {
          assert.equal(ring.position, (start + i) % capacity);
          ring.values[1]![ring.position] = i;
          ring.quality[0]![ring.position] = i + 1;
          ring.marks[ring.position] = i & 0xff;
          ring.commit();
        }
        assert.equal(ring.next, start + count);
        assert.equal(ring.restarts, 1);
        assert.equal(ring.first, start + Math.max(0, count - capacity));
        for (let k = ring.first; k < ring.next; k++) {
          assert.equal(ring.values[1]![k % capacity], k - start);
          assert.equal(ring.quality[0]![k % capacity], k - start + 1);
          assert.equal(ring.marks[k % capacity], (k - start) & 0xff);
        }
      },
    ),
  );
});

Deno.test("a waveform ring refuses sizes that hold nothing", () => {
  for (const [channels, rate, capacity] of [[0, 1, 1], [1, 0, 1], [1, 1, 0], [1, 1.5, 1]]) {
    assert.throws(() => new WaveformRing(channels!, rate!, capacity!), RangeError);
  }
});

Deno.test("a waveform ring tells its bytes", () => {
  const ring = new WaveformRing(8, 4800, 19_200);
  const bytes = [...ring.values, ...ring.quality, ring.marks]
    .reduce((sum, array) => sum + array.byteLength, 0);
  assert.equal(WaveformRing.bytes(8, 19_200), bytes);
});

Deno.test("a waveform ring takes samples ahead of the next one, and the oldest leave for them", () => {
  const ring = new WaveformRing(1, 10, 8);
  ring.restart(100);
  for (let i = 0; i < 8; i++) ring.commit();
  assert.deepEqual([ring.first, ring.next, ring.position], [100, 108, 4]);
  assert.equal(ring.reserve(0), 4);
  assert.equal(ring.first, 101);
  assert.equal(ring.reserve(5), (108 + 5) % 8);
  assert.deepEqual([ring.first, ring.next], [106, 108]);
  ring.commit();
  assert.deepEqual([ring.first, ring.next], [106, 109]);
  assert.equal(ring.reserve(7), ring.position - 1);
  assert.equal(ring.first, ring.next);
});

Deno.test("a reader of a waveform ring sees the samples before they are forgotten", () => {
  const ring = new WaveformRing(1, 4800, 10);
  ring.restart(100);
  ring.values[0]![ring.position] = 7;
  ring.commit();
  const seen: number[][] = [];
  ring.beforeRestart = (k) => void seen.push([k, ring.first, ring.next, ring.values[0]![0]!]);
  ring.restart(500);
  assert.deepEqual(seen, [[500, 100, 101, 7]]);
  assert.deepEqual([ring.first, ring.next, ring.restarts], [500, 500, 2]);
});
