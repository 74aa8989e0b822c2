import assert from "node:assert/strict";
import { backOffMs, Dialer } from "./dialer.ts";

Deno.test("backOffMs: doubles from one second to thirty, jitter only shortens", () => {
  assert.deepEqual([0, 1, 2, 3, 6, 60].map((n) => backOffMs(n, 0)), [
    0,
    1000,
    2000,
    4000,
    30_000,
    30_000,
  ]);
  assert.equal(backOffMs(3, 1), 3000);
});

Deno.test("Dialer: dials at once, backs off after failures, starts over after a connection that held", async () => {
  let nowMs = 0, fail = true, dials = 0;
  const clock = { nowMicros: () => nowMs * 1000, monotonicMs: () => nowMs };
  const dialer = new Dialer(
    () => {
      dials++;
      return fail ? Promise.reject(new Error("refused")) : Promise.resolve();
    },
    clock,
    () => 0,
  );
  const advance = async (ms: number) => {
    nowMs += ms;
    dialer.tick();
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  dialer.tick();
  assert.equal(dials, 0, "not started");
  dialer.start();
  await advance(0);
  assert.deepEqual([dials, dialer.state, dialer.lastReason], [1, "waiting", "refused"]);
  await advance(999);
  assert.equal(dials, 1);
  await advance(1);
  assert.equal(dials, 2);
  await advance(1000);
  assert.equal(dials, 2);
  fail = false;
  await advance(1000);
  assert.deepEqual([dials, dialer.state, dialer.failures], [3, "connected", 2]);
  nowMs += 60_000;
  dialer.ended("the peer went away");
  assert.deepEqual([dialer.state, dialer.failures], ["waiting", 1]);
  await advance(1000);
  assert.equal(dialer.state, "connected");
  dialer.stop();
  dialer.ended("stopped");
  await advance(100_000);
  assert.deepEqual([dials, dialer.state], [4, "stopped"]);
});
