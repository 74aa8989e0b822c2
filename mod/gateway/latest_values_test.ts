import assert from "node:assert/strict";
import { type Frame, makeFrame, makeLayout } from "../core/mod.ts";
import { LatestValues } from "./latest_values.ts";

function frameOf(source: string, device: string, handles: number[]): Frame {
  return makeFrame(makeLayout(source, handles, [{ device, offset: 0, count: handles.length }], 30));
}

function fill(frame: Frame, seconds: number, nanos: number, value: number, flags = 0): Frame {
  frame.instant.seconds = seconds;
  frame.instant.nanos = nanos;
  frame.values.fill(value);
  frame.flags.fill(flags);
  return frame;
}

Deno.test("latest values: the last frame of each layout counts, also after the lent frame was reused", () => {
  const latest = new LatestValues();
  const frame = frameOf("a", "A", [3, 5]);
  assert.equal(latest.get(3), undefined);
  latest.accept(fill(frame, 10, 500_000_400, 1.5, 7));
  fill(frame, 0, 0, NaN); // the owner writes the next one
  assert.deepEqual(latest.get(5), { value: 1.5, flags: 7, timeMicros: 10_500_000 });
  latest.accept(fill(frame, 11, 0, 2.5));
  assert.equal(latest.get(3)!.value, 2.5);
  assert.equal(latest.get(4), undefined);
});

Deno.test("latest values: a new layout of the same source takes the place of the former one", () => {
  const latest = new LatestValues();
  latest.accept(fill(frameOf("a", "A", [1, 2]), 10, 0, 1));
  latest.accept(fill(frameOf("a", "B", [7]), 10, 0, 7)); // another device of the same input
  latest.accept(fill(frameOf("a", "A", [2, 3]), 11, 0, 2));
  assert.deepEqual([1, 2, 3, 7].map((h) => latest.get(h)?.value), [undefined, 2, 2, 7]);
  // Configurations that come again and again leave nothing behind.
  for (let i = 0; i < 50; i++) latest.accept(fill(frameOf("a", "A", [2, 100 + i]), 12, 0, i));
  assert.deepEqual([100, 148, 149].map((h) => latest.get(h)?.value), [undefined, undefined, 49]);
  latest.clear();
  assert.equal(latest.get(7), undefined);
});

Deno.test("latest values: columns of many signals, those that have none and no number included", () => {
  const latest = new LatestValues();
  const frame = fill(frameOf("a", "A", [3, 5]), 10, 500_000_400, 1.5, 7);
  frame.values[1] = NaN;
  latest.accept(frame);
  latest.accept(fill(frameOf("b", "B", [8]), 11, 0, -Infinity, 1));
  const signals = [{ handle: 8 }, { handle: 5 }, { handle: 99 }, { handle: 3 }];
  assert.deepEqual(latest.columns(signals), {
    values: [null, null, null, 1.5],
    flags: [1, 7, 0, 7],
    timesMicros: [11_000_000, 10_500_000, 0, 10_500_000],
  });
});
