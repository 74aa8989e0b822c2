import assert from "node:assert/strict";
import type { KernelClock } from "../os/mod.ts";
import { readingOfKernel } from "./kernel_reading.ts";

const CHRONY: KernelClock = {
  synchronized: true,
  maxErrorNs: 812_000,
  estErrorNs: 20_000,
  offsetNs: 0,
  frequencyPpm: 3,
  taiOffset: 37,
  leap: "none",
  nowMicros: 0,
};

Deno.test("the kernel's account: whose bound is one, beside a ptp4l and without", () => {
  /** Bound and estimate in nanoseconds; the bound that is taken without ptp4l; whether it can be followed beside one. */
  const table: [string, number, number, number, boolean][] = [
    ["chrony", 812_000, 20_000, 812_000, true],
    ["chrony by a good reference, estimate below 1 us", 23_000, 0, 23_000, true],
    ["ntpd, a round bound", 2_000_000, 20_000, 2_000_000, true],
    ["timesyncd, just set", 0, 0, 500_000, false],
    ["timesyncd, a minute ago", 30_000_000, 0, 30_000_000, false],
    ["phc2sys, before the second ends", 0, 16e9, 500_000, false],
    ["phc2sys, after it", 500_000, 16e9, 500_000, false],
  ];
  for (const [name, maxErrorNs, estErrorNs, boundNs, isUsable] of table) {
    const kernel = { ...CHRONY, maxErrorNs, estErrorNs };
    const alone = readingOfKernel(kernel, 1000, false),
      beside = readingOfKernel(kernel, 1000, true);
    assert.deepEqual([alone.usable, alone.referenceErrorNs], [true, boundNs], name);
    assert.equal(beside.usable, isUsable, name);
    if (!isUsable) assert.match(beside.reason, /phc2sys, which states no bound/);
  }
  const unset = readingOfKernel({ ...CHRONY, synchronized: false }, 1000, false);
  assert.deepEqual([unset.usable, unset.reason], [
    false,
    "the kernel says that its clock is not synchronised",
  ]);
  assert.equal(readingOfKernel({ why: "no FFI" }, 1000, false).reason, "no FFI");
});

Deno.test("the kernel's account: a leap second is announced until midnight, also while it is inserted", () => {
  const notices = (["none", "insert", "in-progress", "done", "delete"] as const).map((leap) =>
    readingOfKernel({ ...CHRONY, leap }, 1000, false).leap
  );
  assert.deepEqual(notices, ["none", "insert", "insert", "none", "delete"]);
});
