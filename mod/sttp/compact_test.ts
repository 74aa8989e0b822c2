import assert from "node:assert/strict";
import fc from "fast-check";
import { DecodeError } from "../core/mod.ts";
import { type BaseTimeOffsets, noBaseTimes } from "./base_times.ts";
import {
  type CompactFormat,
  fromCompactFlags,
  MAX_COMPACT_BYTES,
  readCompact,
  toCompactFlags,
  writeCompact,
} from "./compact.ts";
import { MeasurementBatch } from "./measurement_batch.ts";

const BASE = 638_501_246_510_000_000n;

function baseTimes(timeIndex: 0 | 1, base: bigint): BaseTimeOffsets {
  const times = noBaseTimes();
  times.timeIndex = timeIndex;
  times.hi[timeIndex] = Number(BigInt.asUintN(64, base) >> 32n);
  times.lo[timeIndex] = Number(base & 0xffffffffn);
  return times;
}

/** Writes one measurement and reads it again: its size, its flags byte and its ticks. */
function trip(format: CompactFormat, ticks: bigint): { size: number; flag: number; ticks: bigint } {
  const t = BigInt.asUintN(64, ticks);
  const out = new Uint8Array(MAX_COMPACT_BYTES);
  const end = writeCompact(out, 0, format, 5, Number(t >> 32n), Number(t & 0xffffffffn), 0, 1);
  const batch = new MeasurementBatch(1);
  assert.equal(readCompact(out, 0, end, 1, format, batch), end);
  assert.deepEqual([batch.ids[0], batch.valueBits[0], batch.flags[0]], [5, 1, 0]);
  const found = (BigInt(batch.ticksHi[0]!) << 32n) | BigInt(batch.ticksLo[0]!);
  return { size: end, flag: out[0]!, ticks: found };
}

Deno.test("the short form is used where it fits, and never loses time otherwise (8.3)", () => {
  const table: [string, boolean, bigint, bigint, number][] = [
    ["ticks, 1 above", false, BASE, BASE + 1n, 13],
    ["ticks, at the base", false, BASE, BASE, 17],
    ["ticks, below", false, BASE, BASE - 1n, 17],
    ["ticks, largest", false, BASE, BASE + 0xfffffffen, 13],
    ["ticks, one too large", false, BASE, BASE + 0xffffffffn, 17],
    ["milliseconds, largest", true, BASE, BASE + 65534n * 10_000n, 11],
    ["milliseconds, too large", true, BASE, BASE + 65535n * 10_000n, 17],
    ["no base", false, 0n, 5n, 17],
    ["leap bit 63", false, BASE, BASE + 1n + (1n << 63n), 17],
    ["leap bits 63 and 62", false, BASE, BASE + 1n + (3n << 62n), 17],
    ["negative base", false, -5n, -4n, 17],
  ];
  for (const [name, millisecondResolution, base, ticks, size] of table) {
    for (const index of [0, 1] as const) {
      const times = baseTimes(index, base);
      const found = trip({ includeTime: true, millisecondResolution, baseTimes: times }, ticks);
      assert.equal(found.size, size, name);
      assert.equal(found.flag, (size < 17 ? 0x40 : 0) | (index << 7), name);
      assert.equal(found.ticks, BigInt.asUintN(64, ticks), name);
    }
  }
});

Deno.test("milliseconds are truncated, and no time is 0", () => {
  const format = { includeTime: true, millisecondResolution: true, baseTimes: baseTimes(0, BASE) };
  assert.equal(trip(format, BASE + 19_999n).ticks, BASE + 10_000n);
  assert.deepEqual(trip({ ...format, includeTime: false }, BASE), { size: 9, flag: 0, ticks: 0n });
});

Deno.test("a short time without base is unknown", () => {
  const bytes = Uint8Array.of(0xc0, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 9);
  const format = { includeTime: true, millisecondResolution: false, baseTimes: noBaseTimes() };
  const batch = new MeasurementBatch(1);
  readCompact(bytes, 0, bytes.length, 1, format, batch);
  assert.deepEqual([batch.ticksHi[0], batch.ticksLo[0]], [0, 0]);
});

Deno.test("flags widen to whole masks and stay the same from then on", () => {
  assert.equal(fromCompactFlags(toCompactFlags(1)), 0x0000ef03);
  assert.equal(fromCompactFlags(0x3f), 0xe0ffffff);
  fc.assert(fc.property(fc.nat(0xffffffff), (flags) => {
    const compact = toCompactFlags(flags);
    const wide = fromCompactFlags(compact);
    assert.equal(toCompactFlags(wide), compact);
    assert.equal(((flags & ~0x1f000000) & ~wide) >>> 0, 0, "no bit but the reserved is lost");
  }));
});

Deno.test("any bytes are read or refused", () => {
  const batch = new MeasurementBatch(1);
  const format = fc.record({
    includeTime: fc.boolean(),
    millisecondResolution: fc.boolean(),
    baseTimes: fc.constant(baseTimes(1, BASE)),
  });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), format, fc.nat(12), (bytes, f, count) => {
      try {
        assert.ok(readCompact(bytes, 0, bytes.length, count, f, batch) <= bytes.length);
        assert.equal(batch.count, count);
      } catch (error) {
        assert.ok(error instanceof DecodeError, String(error));
      }
    }),
  );
});
