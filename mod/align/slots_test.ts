import assert from "node:assert/strict";
import { setFromSocFracSec } from "../core/mod.ts";
import { averageDegrees, floorSlot, majority, nearestSlot, slotTicks } from "./mod.ts";
import { average } from "./filters.ts";
import { ALIGNER_DEFAULTS } from "./mod.ts";
import { SlotNumbers } from "./slot_numbers.ts";

interface Vectors {
  align: {
    ticksSinceEpoch: string;
    fps: number;
    timeResolution: number;
    slot: string;
    nearestSlot: string;
  }[];
  angleAverage: { degrees: number[]; average: number }[];
}

// The shape of the file is given in the vectors' README.
const vectors = JSON.parse(
  Deno.readTextFileSync(
    new URL("../../tests/fixtures/c37118/concentrator-align.json", import.meta.url),
  ),
) as Vectors;

Deno.test("slots of all vectors, by both rules", () => {
  assert.equal(vectors.align.length, 225);
  const slot = { second: 0, index: 0 };
  const ticksOf = (fps: number) =>
    (BigInt(slot.second) * 10_000_000n + BigInt(slotTicks(slot.index, fps))).toString();
  for (const { ticksSinceEpoch, fps, timeResolution, ...expected } of vectors.align) {
    const all = BigInt(ticksSinceEpoch);
    const second = Number(all / 10_000_000n), ticks = Number(all % 10_000_000n);
    const where = `${ticksSinceEpoch} at ${fps}/s, resolution ${timeResolution}`;
    floorSlot(slot, second, ticks, fps, timeResolution);
    assert.equal(ticksOf(fps), expected.slot, where);
    nearestSlot(slot, second, ticks, fps);
    assert.equal(ticksOf(fps), expected.nearestSlot, where);
  }
});

Deno.test("angle averages of all vectors", () => {
  assert.equal(vectors.angleAverage.length, 27);
  for (const { degrees, average } of vectors.angleAverage) {
    const found = averageDegrees(degrees);
    const off = Math.abs(found - average) % 360;
    assert.ok(Math.min(off, 360 - off) < 1e-9, `${degrees}: ${found}, not ${average}`);
    assert.ok(found > -180 && found <= 180);
  }
});

Deno.test("filters leave NaN out and break ties by order", () => {
  assert.equal(averageDegrees([179, NaN, -179]), 180);
  assert.equal(averageDegrees([-180]), 180);
  assert.ok(Number.isNaN(averageDegrees([NaN, NaN])));
  assert.equal(average([1, NaN, 4]), 2.5);
  assert.ok(Number.isNaN(average([])));
  assert.equal(majority([7, 3, 3, NaN, 7, 7]), 7);
  assert.equal(majority([5, 9]), 5);
  assert.ok(Number.isNaN(majority([NaN])));
});

Deno.test("stamps cut to milliseconds reach the slot they were meant for", () => {
  const slot = { second: 0, index: 0 };
  for (const [rate, resolution] of [[30, 10_000], [30, 330_000], [60, 10_000], [60, 160_000]]) {
    for (let k = 0; k < rate!; k++) {
      const cut = Math.floor((k * 1000) / rate!) * 10_000;
      floorSlot(slot, 100, cut, rate!, resolution!);
      assert.deepEqual(slot, { second: 100, index: k }, `${k} at ${rate}/s with ${resolution}`);
    }
  }
  for (let k = 0; k < 120; k++) {
    floorSlot(slot, 100, Math.floor((k * 1000) / 120) * 10_000, 120, 10_000);
    assert.equal(slot.index, k);
    floorSlot(slot, 100, Math.floor((k * 1000) / 120) * 10_000, 120, 80_000);
    assert.equal(slot.index, k);
  }
});

Deno.test("stamps of a time base that divides no rate reach the slot they stand for, at every rate", () => {
  const timeBase = 16_777_215, second = 1_700_000_000;
  const stamp = { seconds: 0, nanos: 0 };
  for (const slotRule of ["floor", "nearest"] as const) {
    for (let rate = 1; rate <= 240; rate++) {
      const options = {
        ...ALIGNER_DEFAULTS,
        name: "a",
        framesPerSecond: rate,
        waitMs: 1,
        slotRule,
      };
      const numbers = new SlotNumbers(options);
      for (let k = 0; k < rate; k++) {
        setFromSocFracSec(stamp, second, Math.round((k * timeBase) / rate), timeBase);
        assert.equal(numbers.of(stamp), second * rate + k, `${k} at ${rate}/s, ${slotRule}`);
      }
    }
  }
  // The last 50 ns of a second are the first tick of the next one.
  const numbers = new SlotNumbers({
    ...ALIGNER_DEFAULTS,
    name: "a",
    framesPerSecond: 50,
    waitMs: 1,
  });
  assert.equal(numbers.of({ seconds: second, nanos: 999_999_970 }), (second + 1) * 50);
});
