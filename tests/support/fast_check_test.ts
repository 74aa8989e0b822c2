import assert from "node:assert/strict";
import fc from "fast-check";
import { seedOf } from "./fast_check.ts";

Deno.test("seed: fixed unless another one, or none, is asked for", () => {
  assert.equal(seedOf(undefined), seedOf(""));
  assert.notEqual(seedOf(""), undefined);
  assert.equal(seedOf("random"), undefined);
  assert.equal(seedOf("-2147483648"), -2147483648);
  for (const wrong of [" ", "Random", "1.5", "2147483648", "0x"]) {
    assert.throws(() => seedOf(wrong), /TIELINE_TEST_SEED/, wrong);
  }
});

Deno.test("seed: properties see the same values in each run, and a failure tells seed and path", () => {
  const values = () => fc.sample(fc.uint8Array(), 20);
  const failing = fc.property(fc.nat(), (n) => n < 1000);
  const { seed, counterexamplePath } = fc.check(failing);
  assert.throws(() => fc.assert(failing, { seed }), (error: Error) => {
    assert.ok(error.message.includes(`seed: ${seed}`), error.message);
    assert.ok(error.message.includes(`path: "${counterexamplePath}"`), error.message);
    return true;
  });
  if (Deno.env.get("TIELINE_TEST_SEED") === "random") assert.notDeepEqual(values(), values());
  else assert.deepEqual(values(), values());
});
