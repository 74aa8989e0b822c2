import assert from "node:assert/strict";
import { openRealTime } from "./real_time.ts";

Deno.test("the kernel's clock tells UTC, and one can sleep by it", () => {
  const clock = openRealTime();
  try {
    const before = Date.now();
    clock.read();
    const after = Date.now();
    const ms = clock.seconds * 1000 + clock.nanos / 1e6;
    assert.ok(ms >= before && ms <= after + 1, `${before} ${ms} ${after}`);
    assert.ok(Number.isInteger(clock.nanos) && clock.nanos >= 0 && clock.nanos < 1e9);
    // Over the second, where the carry is.
    const seconds = clock.nanos > 990_000_000 ? clock.seconds + 1 : clock.seconds;
    const nanos = (clock.nanos + 5_000_000) % 1_000_000_000;
    clock.sleepUntil(seconds, nanos);
    clock.read();
    const late = (clock.seconds - seconds) * 1e9 + clock.nanos - nanos;
    assert.ok(late >= 0 && late < 1e9, `woke up ${late} ns late`);
    // What has passed is not waited for.
    clock.sleepUntil(seconds - 10, 0);
    clock.read();
    assert.ok(clock.seconds - seconds < 5);
  } finally {
    clock.close();
  }
});
