import assert from "node:assert/strict";
import { DecodeError, finishSteps, type Steps } from "../../core/mod.ts";
import { WorkBudget } from "./work_budget.ts";

function setUp() {
  const time = { ms: 0 };
  const clock = { nowMicros: () => time.ms * 1000, monotonicMs: () => time.ms };
  const budget = new WorkBudget(clock);
  /** Work of so many steps, each of which takes so long. */
  function* steps(count: number, ms: number): Steps<string> {
    for (let n = 1; n <= count; n++) {
      time.ms += ms;
      if (n < count) yield;
    }
    return "done";
  }
  return {
    time,
    budget,
    work: (count: number, ms: number) => budget.measureSteps(steps(count, ms)),
  };
}

Deno.test("WorkBudget: half a second at once, a twentieth in the long run", () => {
  const { time, budget, work } = setUp();
  for (let i = 0; i < 5; i++) {
    budget.check();
    assert.equal(finishSteps(work(100, 1)), "done");
  }
  finishSteps(work(100, 1)); // what is not asked for by the subscriber is charged, not refused
  assert.throws(() => budget.check(), DecodeError);
  time.ms += 1000;
  assert.throws(() => budget.check(), DecodeError);
  time.ms += 2000;
  budget.check();
});

Deno.test("WorkBudget: a host that is busy with other things does not use a subscriber's share", () => {
  const { budget, work } = setUp();
  for (let i = 0; i < 5; i++) {
    budget.check();
    finishSteps(work(10, 1000));
  }
  budget.check();
});

Deno.test("WorkBudget: work that fails is charged, and its error passes", () => {
  const { time, budget } = setUp();
  function* fails(): Steps<void> {
    yield;
    time.ms += 4;
    throw new RangeError("work failed");
  }
  assert.throws(() => {
    for (let i = 0; i < 200; i++) {
      budget.check();
      assert.throws(() => finishSteps(budget.measureSteps(fails())), /work failed/);
    }
  }, DecodeError);
});
