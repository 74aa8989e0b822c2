import assert from "node:assert/strict";
import { openRealTime } from "./real_time.ts";
import { shortestMs } from "../../tests/support/figures.ts";

Deno.test("the kernel's clock tells UTC, and one can sleep by it", async () => {
  const clock = openRealTime();
  try {
    const before = Date.now();
    clock.read();
    const after = Date.now();
    const ms = clock.seconds * 1000 + clock.nanos / 1e6;
    assert.ok(ms >= before && ms <= after + 1, `${before} ${ms} ${after}`);
    assert.ok(Number.isInteger(clock.nanos) && clock.nanos >= 0 && clock.nanos < 1e9);
    const lateMs = await shortestMs(1000, () => {
      clock.read();
      // Over the second, where the carry is.
      const nanos = (clock.nanos + 5_000_000) % 1_000_000_000;
      const seconds = nanos < clock.nanos ? clock.seconds + 1 : clock.seconds;
      clock.sleepUntil(seconds, nanos);
      clock.read();
      const late = (clock.seconds - seconds) * 1000 + (clock.nanos - nanos) / 1e6;
      assert.ok(late >= 0, `woke up ${-late} ms early`);
      return Promise.resolve(late);
    });
    assert.ok(lateMs < 1000, `woke up ${lateMs} ms late`);
    // What has passed is not waited for.
    const passedMs = await shortestMs(1000, () => {
      const began = performance.now();
      clock.sleepUntil(clock.seconds - 10, 0);
      return Promise.resolve(performance.now() - began);
    });
    assert.ok(passedMs < 1000, `${passedMs} ms`);
  } finally {
    clock.close();
  }
});
