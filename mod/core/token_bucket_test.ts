import assert from "node:assert/strict";
import { TokenBucket } from "./token_bucket.ts";

const taken = (bucket: TokenBucket, tries: number, nowMs: number, cost?: number): number => {
  let count = 0;
  for (let i = 0; i < tries; i++) if (bucket.take(nowMs, cost)) count++;
  return count;
};

Deno.test("token bucket: a burst at once, then its rate, and never more than a burst", () => {
  const bucket = new TokenBucket(8, 4, 1000);
  assert.equal(taken(bucket, 20, 1000), 8);
  assert.equal(taken(bucket, 20, 1249), 0);
  assert.equal(taken(bucket, 20, 1250), 1);
  assert.equal(taken(bucket, 20, 2250), 4);
  assert.equal(taken(bucket, 20, 1_000_000), 8);
  assert.equal(taken(bucket, 20, 999_000), 0, "time that goes back earns nothing");
});

Deno.test("token bucket: what costs a part of a token happens as much more often", () => {
  const bucket = new TokenBucket(2, 1, 0);
  assert.equal(taken(bucket, 20, 0, 0.25), 8);
  assert.equal(taken(bucket, 20, 500, 0.25), 2);
  assert.equal(taken(bucket, 20, 10_000), 2);
});
