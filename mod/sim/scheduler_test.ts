import assert from "node:assert/strict";
import { SlotScheduler } from "./scheduler.ts";

/** A clock that a test sets, beside timers that really run. */
function settable(micros: number) {
  const clock = {
    micros,
    nowMicros: () => clock.micros,
    monotonicMs: () => clock.micros / 1000,
  };
  return clock;
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 25));

Deno.test("slots come from the clock: what is missed is skipped, or made up for when asked", async () => {
  const clock = settable(100.995e6);
  const scheduler = new SlotScheduler(clock);
  const skipping: number[][] = [], catching: number[][] = [];
  scheduler.add(100, (...slot) => skipping.push(slot));
  scheduler.add(100, (...slot) => catching.push(slot), 2);
  clock.micros = 101.0001e6;
  await turn();
  clock.micros = 101.0501e6; // slots 1 to 5 have begun
  await turn();
  scheduler.close();
  assert.deepEqual(skipping, [[101, 0, 0], [101, 5, 4]]);
  assert.deepEqual(catching, [[101, 0, 0], [101, 3, 2], [101, 4, 0], [101, 5, 0]]);
});

Deno.test("a clock that is set back goes on from where it stands", async () => {
  const clock = settable(1000.999e6);
  const scheduler = new SlotScheduler(clock);
  const slots: number[][] = [];
  scheduler.add(10, (...slot) => slots.push(slot));
  clock.micros = 1001.0001e6;
  await turn();
  clock.micros = 500.05e6;
  // The pending wake-up looks at the clock again within a second.
  while (slots.length < 2) {
    await turn();
    clock.micros += 25_000;
  }
  scheduler.close();
  assert.deepEqual(slots[0], [1001, 0, 0]);
  assert.ok(slots[1]![0]! <= 502 && slots[1]![2] === 0, JSON.stringify(slots));
});

Deno.test("different rates share the timer, and one that is removed is not called again", async () => {
  const clock = settable(10e6);
  const scheduler = new SlotScheduler(clock);
  let fast = 0, slow = 0;
  const remove = scheduler.add(50, () => fast++);
  scheduler.add(1, () => slow++);
  clock.micros = 11e6;
  await turn();
  assert.deepEqual([fast, slow], [1, 1]);
  remove();
  clock.micros = 12e6;
  await new Promise((resolve) => setTimeout(resolve, 1050));
  scheduler.close();
  assert.deepEqual([fast, slow], [1, 2]);
});
