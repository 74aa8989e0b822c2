import assert from "node:assert/strict";
import { DecodeError } from "../../core/mod.ts";
import { WorkBudget } from "./work_budget.ts";

Deno.test("WorkBudget: half a second at once, a twentieth in the long run", () => {
  let nowMs = 0;
  const budget = new WorkBudget({ nowMicros: () => nowMs * 1000, monotonicMs: () => nowMs });
  const work = (ms: number) => budget.measure(() => nowMs += ms);
  for (let i = 0; i < 5; i++) {
    budget.check();
    work(100);
  }
  work(100); // what is not asked for by the subscriber is charged, not refused
  assert.throws(() => budget.check(), DecodeError);
  nowMs += 1000;
  assert.throws(() => budget.check(), DecodeError);
  nowMs += 2000;
  budget.check();
  assert.throws(() =>
    budget.measure(() => {
      throw new RangeError("work failed");
    }), RangeError);
});
