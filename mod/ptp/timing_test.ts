import assert from "node:assert/strict";
import fc from "fast-check";
import { anyInterval, anyPort, anyQuality } from "./arbitraries_test.ts";
import { type AnnouncedClock, compareClocks } from "./best_master.ts";
import {
  addIntervals,
  halfInterval,
  intervalFromHalves,
  intervalFromNs,
  intervalHigh,
  intervalLow,
  intervalNs,
  intervalScaledText,
  isUsable,
  subtractIntervals,
  UNUSABLE_INTERVAL,
} from "./interval.ts";
import {
  clockAccuracyNs,
  clockAccuracyText,
  clockClassText,
  deviationSeconds,
  durationText,
} from "./names.ts";
import { masterToSlave, meanLinkDelay, meanPathDelay, offsetFromMaster } from "./timing.ts";

const big = (i: { ns: number; sub: number }) => BigInt(i.ns) * 65536n + BigInt(i.sub);

Deno.test("intervals do the arithmetic of 64-bit integers", () => {
  fc.assert(fc.property(anyInterval, anyInterval, (a, b) => {
    assert.equal(big(addIntervals(a, b)), big(a) + big(b));
    assert.equal(big(subtractIntervals(a, b)), big(a) - big(b));
    // >> rounds towards minus infinity, as the vectors want it.
    assert.equal(big(halfInterval(a)), big(a) >> 1n);
    assert.deepEqual(intervalFromHalves(intervalHigh(a), intervalLow(a)), a);
    assert.equal(intervalScaledText(a), String(big(a)));
    assert.equal(isUsable(a), big(a) !== 0x7fff_ffff_ffff_ffffn);
  }));
  assert.deepEqual(intervalFromHalves(0x7fff_ffff, 0xffff_ffff), UNUSABLE_INTERVAL);
  assert.deepEqual(intervalFromNs(-0.5), { ns: -1, sub: 32768 });
  assert.equal(intervalNs(intervalFromNs(777.5)), 777.5);
});

Deno.test("a slave that is 1 us ahead over 5 us of cable and two transparent clocks", () => {
  const t1 = { seconds: 100, nanos: 999_999_000 };
  // 5 us on the way, 3 us of residence, 1 us ahead: across the second.
  const sync = { t1, t2: { seconds: 101, nanos: 8_000 }, correction: { ns: 3_000, sub: 0 } };
  const delay = {
    t3: { seconds: 101, nanos: 100_000 },
    t4: { seconds: 101, nanos: 104_000 + 2_000 },
    correction: { ns: 2_000, sub: 0 },
  };
  assert.equal(intervalNs(masterToSlave(sync)), 6_000);
  const path = meanPathDelay(sync, delay);
  assert.equal(intervalNs(path), 5_000);
  assert.equal(intervalNs(offsetFromMaster(sync, path)), 1_000);
  assert.equal(intervalNs(offsetFromMaster(sync, path, { ns: 40, sub: 0 })), 960);
  const link = meanLinkDelay({
    t1: { seconds: 1, nanos: 0 },
    t2: { seconds: 9, nanos: 0 },
    t3: { seconds: 9, nanos: 500 },
    t4: { seconds: 1, nanos: 700 },
    correction: { ns: 0, sub: 0 },
  });
  assert.equal(intervalNs(link), 100);
});

const anyClock: fc.Arbitrary<AnnouncedClock> = fc.record({
  priority1: fc.integer({ min: 127, max: 129 }),
  quality: fc.oneof(
    anyQuality,
    fc.constant({ clockClass: 6, clockAccuracy: 0x21, offsetScaledLogVariance: 20061 }),
  ),
  priority2: fc.integer({ min: 127, max: 129 }),
  grandmasterIdentity: fc.constantFrom("00b0c7fffe000001", "00b0c7fffe000002"),
  stepsRemoved: fc.integer({ min: 0, max: 4 }),
  sender: anyPort,
  receiver: anyPort,
});

Deno.test("comparing the other way round gives the other result and the same reason", () => {
  const swap: Record<string, string> = {
    A_BETTER: "B_BETTER",
    B_BETTER: "A_BETTER",
    A_BETTER_BY_TOPOLOGY: "B_BETTER_BY_TOPOLOGY",
    B_BETTER_BY_TOPOLOGY: "A_BETTER_BY_TOPOLOGY",
    ERROR_1: "ERROR_1",
    ERROR_2: "ERROR_2",
  };
  fc.assert(fc.property(anyClock, anyClock, (a, b) => {
    const there = compareClocks(a, b), back = compareClocks(b, a);
    assert.equal(back.result, swap[there.result]);
    assert.equal(back.reason, there.reason);
  }));
});

Deno.test("reasons are words", () => {
  const a: AnnouncedClock = {
    priority1: 128,
    quality: { clockClass: 6, clockAccuracy: 0x21, offsetScaledLogVariance: 20061 },
    priority2: 128,
    grandmasterIdentity: "00b0c7fffe000001",
    stepsRemoved: 0,
    sender: { clockIdentity: "00b0c7fffe000001", portNumber: 1 },
    receiver: { clockIdentity: "0a0000fffe0000ff", portNumber: 1 },
  };
  const other = (more: Partial<AnnouncedClock>) =>
    compareClocks(a, { ...a, grandmasterIdentity: "00b0c7fffe000002", ...more }).reason;
  assert.equal(
    other({ quality: { ...a.quality, clockClass: 248 } }),
    "clockClass 6 (locked to a primary reference) before 248 (default, not traceable)",
  );
  assert.equal(
    other({ quality: { ...a.quality, clockAccuracy: 0xfe } }),
    "clockAccuracy 33 (within 100 ns) before 254 (unknown)",
  );
  assert.equal(
    other({}),
    "equal qualities, identity 00b0c7fffe000001 before 00b0c7fffe000002",
  );
});

Deno.test("codes in words and numbers", () => {
  assert.deepEqual([0x17, 0x20, 0x21, 0x23, 0x2f, 0x30, 0x31, 0xfe].map(clockAccuracyNs), [
    1e-3,
    25,
    100,
    1000,
    1e9,
    10e9,
    undefined,
    undefined,
  ]);
  assert.deepEqual([0x17, 0x24, 0x31].map(clockAccuracyText), [
    "within 1 ps",
    "within 2.5 us",
    "worse than 10 s",
  ]);
  assert.equal(clockClassText(187), "degraded, may become a slave");
  assert.equal(clockClassText(100), "class 100 of a profile");
  assert.deepEqual([0, -1500, 2e9, 0.25].map(durationText), ["0 ns", "-1.5 us", "2 s", "250 ps"]);
  assert.equal(deviationSeconds(0xffff), undefined);
  assert.equal(deviationSeconds(0x8000), 1);
});
