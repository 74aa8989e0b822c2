import assert from "node:assert/strict";
import fc from "fast-check";
import {
  formatInstant,
  instant,
  setFromMicros,
  setFromNanoseconds,
  setFromSample,
  setFromSlot,
  setFromSocFracSec,
  setFromTicks,
  setNanoseconds,
  setTicks,
  ticksToBigInt,
  toMicros,
} from "./mod.ts";

const timeBase = fc.integer({ min: 1, max: 0xffffff });
const soc = fc.integer({ min: 0, max: 0xffffffff });

Deno.test("instant: SOC and FRACSEC are exact to the nanosecond for every time base", () => {
  fc.assert(fc.property(soc, timeBase, fc.nat(0xffffff), (s, base, count) => {
    const out = instant(0);
    setFromSocFracSec(out, s, count, base);
    const total = BigInt(s) * 1_000_000_000n +
      (BigInt(count) * 2_000_000_000n + BigInt(base)) / (2n * BigInt(base));
    assert.equal(BigInt(out.seconds) * 1_000_000_000n + BigInt(out.nanos), total);
    assert.ok(out.nanos >= 0 && out.nanos < 1e9);
  }));
});

Deno.test("instant: ticks agree with 64-bit arithmetic both ways", () => {
  const t = { hi: 0, lo: 0 };
  const back = instant(0);
  const seconds = fc.integer({ min: -62_135_596_800, max: 253_402_300_799 });
  fc.assert(fc.property(seconds, fc.nat(999_999_999), (s, n) => {
    setTicks(t, s, n);
    const want = (BigInt(s) + 62_135_596_800n) * 10_000_000n + BigInt(Math.floor((n + 50) / 100));
    assert.equal(ticksToBigInt(t), want);
    setFromTicks(back, t.hi, t.lo);
    assert.deepEqual(back, instant(s, Math.floor((n + 50) / 100) * 100));
  }));
  setTicks(t, 0, 0);
  assert.equal(ticksToBigInt(t), 621_355_968_000_000_000n);
});

Deno.test("instant: microseconds and text", () => {
  const a = instant(1_700_000_000, 123_456_789);
  assert.equal(toMicros(a), 1_700_000_000_123_456);
  const b = instant(0);
  setFromMicros(b, 1_700_000_000_123_456);
  assert.deepEqual(b, instant(1_700_000_000, 123_456_000));
  assert.equal(formatInstant(a), "2023-11-14T22:13:20.123456789Z");
  assert.deepEqual(instant(5, -1), { seconds: 4, nanos: 999_999_999 });
  assert.deepEqual(instant(5, 2_000_000_001), { seconds: 7, nanos: 1 });
});

Deno.test("slot: stamps are derived from the index, in whole ticks", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 240 }), fc.nat(500), (rate, index) => {
    const out = instant(0);
    setFromSlot(out, 1000, index, rate);
    const ticks = (BigInt(index % rate) * 10_000_000n) / BigInt(rate);
    assert.equal(out.seconds, 1000 + Math.floor(index / rate));
    assert.equal(BigInt(out.nanos), ticks * 100n);
  }));
});

Deno.test("instant: nanoseconds agree with 64-bit integers, both ways", () => {
  const word = fc.nat(0xffffffff);
  fc.assert(fc.property(word, word, (hi, lo) => {
    const count = (BigInt(hi) << 32n) | BigInt(lo);
    const out = instant(0);
    setFromNanoseconds(out, hi, lo);
    assert.equal(BigInt(out.seconds) * 1_000_000_000n + BigInt(out.nanos), count);
    assert.ok(out.nanos >= 0 && out.nanos < 1e9);
    const ticks = { hi: 0, lo: 0 };
    setNanoseconds(ticks, out.seconds, out.nanos);
    assert.deepEqual(ticks, { hi, lo });
  }));
});

Deno.test("instant: the time of a sample is exact, from a first sample and from 1970", () => {
  const second = fc.nat(10_000_000_000), nano = fc.nat(999_999_999);
  const index = fc.integer({ min: 0, max: 2 ** 52 });
  const rates = fc.oneof(
    fc.constantFrom(4000, 4800, 12800, 14400, 15360, 96000),
    fc.integer({ min: 1, max: 9_000_000 }),
  );
  fc.assert(fc.property(second, nano, index, rates, (s, n, i, rate) => {
    const out = instant(0);
    setFromSample(out, s, n, i, rate);
    const twice = BigInt(i) * 2_000_000_000n + BigInt(rate);
    const total = BigInt(s) * 1_000_000_000n + BigInt(n) + twice / (2n * BigInt(rate));
    assert.equal(BigInt(out.seconds) * 1_000_000_000n + BigInt(out.nanos), total);
    assert.ok(out.nanos >= 0 && out.nanos < 1e9);
  }));
});
