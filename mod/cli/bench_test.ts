import assert from "node:assert/strict";
import { measureAligning } from "./bench_align.ts";
import { measureDecoding } from "./bench_decode.ts";
import { type Figure, figureTable, isReached, median, nanosPerUnit } from "./bench_figure.ts";
import { measureTimers } from "./bench_timer.ts";
import { measureTls } from "./bench_tls.ts";
import { measureTssc } from "./bench_tssc.ts";

Deno.test("bench: the table shows thresholds and peers, and leaves empty columns out", () => {
  const plain: Figure = { name: "a", value: 1234.5, unit: "frames/s" };
  assert.equal(
    figureTable([plain]),
    "figure  value  unit\na       1,235  frames/s",
  );
  const held: Figure = {
    name: "b",
    value: 7.5,
    unit: "ms",
    threshold: { atMost: 5 },
    peer: { name: "python", ratio: 40, atLeast: 30 },
  };
  assert.equal(
    figureTable([plain, held]),
    [
      "figure  value  unit      threshold  peer",
      "a       1,235  frames/s",
      "b        7.50  ms        <= 5       40.00 x python (>= 30)  MISSED",
    ].join("\n"),
  );
});

const REACHED: readonly [string, Partial<Figure>, boolean][] = [
  ["nothing to reach", {}, true],
  ["at least, reached", { threshold: { atLeast: 5 } }, true],
  ["at least, missed", { threshold: { atLeast: 6 } }, false],
  ["at most, reached", { threshold: { atMost: 5 } }, true],
  ["at most, missed", { threshold: { atMost: 4 } }, false],
  ["no value at all", { value: NaN, threshold: { atMost: 4 } }, false],
  ["the peer is too fast", { peer: { name: "p", ratio: 29, atLeast: 30 } }, false],
  ["a ratio without goal", { peer: { name: "p", ratio: 0.5 } }, true],
];

for (const [name, more, expected] of REACHED) {
  Deno.test(`bench: reached: ${name}`, () => {
    assert.equal(isReached({ name: "f", value: 5, unit: "ms", ...more }), expected);
  });
}

Deno.test("bench: the median does not follow a disturbed round", () => {
  assert.equal(median([3, 1, 1000]), 3);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  let calls = 0;
  const nanos = nanosPerUnit(15, () => {
    const until = performance.now() + (++calls === 5 ? 20 : 0.1);
    while (performance.now() < until);
    return 100;
  });
  assert.ok(nanos >= 1000 && nanos < 50_000, `${nanos} ns`);
});

Deno.test("bench: every measurement ends with a plausible figure", async () => {
  for (const { framesPerSecond } of measureDecoding(5)) assert.ok(framesPerSecond > 1000);
  const tssc = measureTssc(1);
  assert.ok(tssc.encodeNanos > 0 && tssc.decodeNanos > 0);
  assert.ok(tssc.bytesPerMeasurement > 0.5 && tssc.bytesPerMeasurement < 8);
  for (const { microsPerFrame } of measureAligning(5)) assert.ok(microsPerFrame > 0);
  for (const { p50Ms, p99Ms } of await measureTimers(100)) assert.ok(0 <= p50Ms && p50Ms <= p99Ms);
  for (const { microsPerPacket } of await measureTls(20)) assert.ok(microsPerPacket > 0);
});
