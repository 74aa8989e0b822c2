import assert from "node:assert/strict";
import { RateGate } from "./rate_gate.ts";

const admitted = (gate: RateGate, address: string, tries: number, nowMs: number): number => {
  let count = 0;
  for (let i = 0; i < tries; i++) if (gate.admit(address, nowMs)) count++;
  return count;
};

Deno.test("a gate admits its rate, half of it for one address", () => {
  const gate = new RateGate(10, 0);
  assert.equal(admitted(gate, "a", 100, 0), 5);
  assert.equal(admitted(gate, "b", 100, 0), 5);
  assert.equal(admitted(gate, "c", 100, 0), 0);
  assert.equal(admitted(gate, "a", 100, 200), 1);
  assert.equal(admitted(gate, "b", 100, 200), 1);
  assert.equal(admitted(gate, "a", 100, 10_000), 5);
});

Deno.test("a slow gate still admits one", () => {
  const gate = new RateGate(0.5, 0);
  assert.equal(admitted(gate, "a", 10, 0), 1);
  assert.equal(admitted(gate, "a", 10, 3999), 0);
  assert.equal(admitted(gate, "a", 10, 4000), 1);
});

Deno.test("a flood of addresses does not get past the rate for all", () => {
  const gate = new RateGate(100, 0);
  let count = 0;
  for (let i = 0; i < 5000; i++) if (gate.admit(`address ${i}`, 0)) count++;
  assert.equal(count, 100);
  assert.equal(gate.admit("late", 1000), true);
});
