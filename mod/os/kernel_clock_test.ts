import assert from "node:assert/strict";
import { openKernelClocks, readHardwareSamples, readTimex } from "./kernel_clock.ts";

Deno.test("adjtimex: what the fields mean", () => {
  const view = new DataView(new ArrayBuffer(208));
  view.setBigInt64(8, -1234n, true);
  view.setBigInt64(16, BigInt(-12.5 * 65536), true);
  view.setBigInt64(24, 16_000_000n, true);
  view.setBigInt64(32, 250n, true);
  view.setInt32(40, 0x2001, true);
  view.setBigInt64(72, 1_795_000_000n, true);
  view.setBigInt64(80, 500_000n, true);
  view.setInt32(160, 37, true);
  assert.deepEqual(readTimex(view, 1), {
    synchronized: true,
    maxErrorNs: 16e9,
    estErrorNs: 250e3,
    offsetNs: -1234,
    frequencyPpm: -12.5,
    taiOffset: 37,
    leap: "insert",
    nowMicros: 1_795_000_000_000_500,
  });
  view.setInt32(40, 0x41, true);
  const micro = readTimex(view, 0);
  assert.deepEqual([micro.synchronized, micro.offsetNs, micro.nowMicros], [
    false,
    -1_234_000,
    1_795_000_000_500_000,
  ]);
  assert.equal(readTimex(view, 5).synchronized, false);
  assert.deepEqual([0, 2, 3, 4].map((r) => readTimex(view, r).leap), [
    "none",
    "delete",
    "in-progress",
    "done",
  ]);
});

Deno.test("hardware clocks: the sample that took least counts, across a second", () => {
  for (const extended of [true, false]) {
    const view = new DataView(new ArrayBuffer(1216));
    const put = (at: number, seconds: number, nanos: number) => {
      view.setBigInt64(at, BigInt(seconds), true);
      view.setUint32(at + 8, nanos, true);
    };
    for (let i = 0; i < 5; i++) {
      const at = 16 + (extended ? 48 : 32) * i;
      const width = i === 3 ? 200 : 4000; // nanoseconds from system to system
      put(at, 99, 999_999_900);
      put(at + 16, 137, 150); // 37 s ahead, read in the middle
      put(at + 32, 100, width - 100);
      if (!extended && i === 4) put(at, 99, 999_999_900);
    }
    const reading = readHardwareSamples(view, extended);
    if (extended) assert.deepEqual(reading, { offsetNs: 37e9 + 150, uncertaintyNs: 100 });
    else assert.ok(Math.abs(reading.offsetNs - 37e9) < 4000);
  }
});

Deno.test("the kernel of this machine answers, or says why not", () => {
  const clocks = openKernelClocks();
  if ("why" in clocks) {
    assert.match(clocks.why, /ffi|Linux|64-bit|libc/);
    return;
  }
  const before = Date.now() * 1000;
  const clock = clocks.read();
  const after = Date.now() * 1000;
  assert.ok(!("why" in clock));
  assert.ok(
    clock.nowMicros >= before - 1000 && clock.nowMicros <= after + 1000,
    `${clock.nowMicros} is not in ${before} to ${after}`,
  );
  assert.ok(clock.maxErrorNs >= 0 && clock.maxErrorNs <= 16.1e9);
  const hardware = clocks.hardware(250);
  assert.ok("why" in hardware && hardware.why.includes("/dev/ptp250"));
  clocks.close();
});
