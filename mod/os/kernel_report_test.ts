import assert from "node:assert/strict";
import { LeapFlags, leapFlagsAt, UNWATCHED_CLOCK } from "../core/mod.ts";
import type { KernelClock } from "./kernel_clock.ts";
import { kernelClockFault, reportOfKernel } from "./kernel_report.ts";

const NOON = 1_700_006_400e6 - 43_200e6;
const good: KernelClock = {
  synchronized: true,
  maxErrorNs: 20_000,
  estErrorNs: 100,
  offsetNs: -500,
  frequencyPpm: 3,
  taiOffset: 37,
  leap: "none",
  nowMicros: NOON,
};

Deno.test("a report of the kernel's account: state, bound and why nothing is known", () => {
  const table: [KernelClock | { why: string }, string, number, RegExp][] = [
    [good, "locked", 20_500, /^$/],
    [{ ...good, offsetNs: 20_000 }, "local", 40_000, /^$/],
    [{ ...good, maxErrorNs: 3e6 }, "local", 3_000_500, /^$/],
    [{ ...good, synchronized: false }, "free", Infinity, /not synchronised/],
    [{ ...good, maxErrorNs: 0 }, "free", Infinity, /phc2sys keeps the clock/],
    [{ why: "--allow-ffi is not granted" }, "free", Infinity, /allow-ffi/],
  ];
  for (const [kernel, state, errorNs, fault] of table) {
    const report = reportOfKernel(kernel, NOON);
    assert.deepEqual([report.state, report.errorNs], [state, errorNs]);
    assert.match(kernelClockFault(kernel), fault);
    assert.equal(report.source, state === "free" ? "" : "kernel");
  }
});

Deno.test("a report of the kernel's account remembers when the clock was locked, and since when it is as it is", () => {
  const first = reportOfKernel(good, NOON, UNWATCHED_CLOCK);
  const second = reportOfKernel(good, NOON + 5e6, first);
  assert.deepEqual([second.sinceMicros, second.lockedMicros], [NOON, NOON + 5e6]);
  const lost = reportOfKernel({ ...good, synchronized: false }, NOON + 9e6, second);
  assert.deepEqual([lost.state, lost.sinceMicros, lost.lockedMicros], [
    "free",
    NOON + 9e6,
    NOON + 5e6,
  ]);
});

Deno.test("a leap second is pending in the last minute of the day only", () => {
  const midnight = NOON + 43_200e6;
  const { Pending, Delete, Occurred, None } = LeapFlags;
  const table: [KernelClock["leap"], number, number][] = [
    ["insert", midnight - 61e6, None],
    ["insert", midnight - 59e6, Pending],
    ["delete", midnight - 59e6, Pending | Delete],
    ["in-progress", midnight - 0.5e6, Pending], // the kernel repeats the second
    ["done", midnight + 1e6, Occurred],
    ["none", midnight - 1e6, None],
  ];
  for (const [leap, now, flags] of table) {
    const { leapSecond } = reportOfKernel({ ...good, leap, nowMicros: now }, now);
    assert.equal(leapFlagsAt(leapSecond, Math.floor(now / 1e6)), flags, leap);
  }
  const during = reportOfKernel({ ...good, leap: "delete", nowMicros: midnight - 2e6 }, 0);
  const done = { ...good, leap: "done" as const, nowMicros: midnight + 90_000e6 };
  assert.equal(reportOfKernel(done, 0, during).leapSecond, during.leapSecond); // a day is a day
});
