import assert from "node:assert/strict";
import { Backoff } from "./backoff.ts";

Deno.test("backoff: waits grow to their ceiling, with jitter", () => {
  const low = new Backoff(1500, 60_000, () => 0);
  const high = new Backoff(1500, 60_000, () => 1);
  const waits = (b: Backoff) => Array.from({ length: 8 }, () => b.next());
  assert.deepEqual(waits(low), [1125, 2250, 4500, 9000, 18_000, 36_000, 60_000, 60_000]);
  assert.ok(waits(high).every((w) => w <= 60_000));
  high.reset();
  assert.equal(high.next(), 1875);
});
