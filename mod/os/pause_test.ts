import assert from "node:assert/strict";
import { pause } from "./mod.ts";

Deno.test("pause: lasts as long as it is told", async () => {
  const begunMs = performance.now();
  await pause(20, new AbortController().signal);
  assert.ok(performance.now() - begunMs >= 19); // timers count whole milliseconds
});

Deno.test("pause: is called off, also before it begins, and leaves no timer", async () => {
  const abort = new AbortController();
  const waiting = pause(2 ** 31 - 1, abort.signal);
  abort.abort();
  await waiting;
  await pause(2 ** 31 - 1, abort.signal);
});
