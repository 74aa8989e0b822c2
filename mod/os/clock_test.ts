import assert from "node:assert/strict";
import { STEP_MICROS, systemClock } from "./clock.ts";

/** A host whose wall clock is `offsetMs` from its monotonic one and shows whole milliseconds. */
function host(offsetMs: number) {
  const state = { monotonicMs: 12.25, offsetMs };
  const clock = systemClock({
    wallMs: () => Math.floor(state.monotonicMs + state.offsetMs),
    monotonicMs: () => state.monotonicMs,
  });
  return { state, clock };
}

Deno.test("the clock follows the host's within half a millisecond and never runs back", () => {
  const { state, clock } = host(1_790_000_000_000);
  let last = 0;
  for (let i = 0; i < 20_000; i++) {
    state.monotonicMs += 0.7 + (i % 7) * 0.1;
    state.offsetMs += 20e-6; // the host's clock is slewed by 20 ppm and more
    const now = clock.nowMicros();
    const error = now - (state.monotonicMs + state.offsetMs) * 1000;
    assert.ok(Math.abs(error) <= 1001, `${error} us`);
    assert.ok(now >= last);
    last = now;
  }
  assert.equal(clock.steps, 0);
  assert.equal(clock.monotonicMs(), state.monotonicMs);
});

Deno.test("a step of the host's clock is followed within a second and counted", () => {
  for (const stepMs of [3_600_000, -3_600_000, 100, -100]) {
    const { state, clock } = host(1_790_000_000_000);
    clock.nowMicros();
    state.offsetMs += stepMs;
    state.monotonicMs += 999;
    clock.nowMicros();
    assert.equal(clock.steps, 0);
    state.monotonicMs += 1;
    const now = clock.nowMicros();
    assert.ok(Math.abs(now - (state.monotonicMs + state.offsetMs) * 1000) <= 1001);
    assert.equal(clock.steps, 1);
    assert.ok(Math.abs(clock.lastStepMicros - stepMs * 1000) <= 1001);
    assert.ok(Math.abs(clock.lastStepMicros) > STEP_MICROS);
  }
});

Deno.test("a thread that is held between two readings of the host's clocks sees no step", () => {
  for (const isBefore of [true, false]) {
    let monotonicMs = 0, isHeld = true;
    const clock = systemClock({
      monotonicMs: () => monotonicMs,
      wallMs: () => {
        const held = isHeld ? 300 : 0;
        isHeld = false;
        monotonicMs += held;
        return 1_790_000_000_000 + Math.floor(isBefore ? monotonicMs : monotonicMs - held);
      },
    });
    const agrees = () => {
      const error = clock.nowMicros() - (1_790_000_000_000 + monotonicMs) * 1000;
      assert.ok(Math.abs(error) <= 1001, `${error} us`);
    };
    agrees();
    for (let n = 0; n < 3; n++) {
      monotonicMs += 1000;
      isHeld = true;
      clock.nowMicros();
      agrees();
    }
    assert.equal(clock.steps, 0);
  }
});

Deno.test("the host's own clock agrees with Date", () => {
  const clock = systemClock();
  const before = Date.now();
  const now = clock.nowMicros() / 1000;
  const after = Date.now();
  assert.ok(now >= before - 2 && now <= after + 2, `${now} is not in ${before} to ${after}`);
});
