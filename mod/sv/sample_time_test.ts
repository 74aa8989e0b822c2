import assert from "node:assert/strict";
import fc from "fast-check";
import { instant } from "../core/mod.ts";
import {
  latestSample,
  nearestOf,
  sampleNanos,
  setFromSample,
  setFromUtcTime,
} from "./sample_time.ts";
import { fractionOfNanos, nanosOfFraction, writeUtcTime } from "./utc_time.ts";

const RATES = [4000, 4800, 5760, 12_800, 14_400, 15_360, 96_000, 999_983];

Deno.test("the time of a sample is exact, half up, for every count of every rate", () => {
  for (const rate of RATES) {
    for (let n = 0; n < rate; n++) {
      const exact = (BigInt(n) * 2_000_000_000n + BigInt(rate)) / BigInt(2 * rate);
      if (sampleNanos(n, rate) !== Number(exact)) assert.fail(`${n} at ${rate}`);
    }
  }
});

Deno.test("sample numbers become instants", () => {
  const out = instant(0);
  for (const rate of RATES) {
    fc.assert(fc.property(fc.nat(0xffffffff), fc.nat(rate - 1), (second, n) => {
      setFromSample(out, second * rate + n, rate);
      assert.deepEqual(out, { seconds: second, nanos: sampleNanos(n, rate) });
    }));
  }
});

Deno.test("the latest sample is at most a second old, whatever arrival and allowance", () => {
  fc.assert(fc.property(
    fc.constantFrom(...RATES),
    fc.nat(),
    fc.integer({ min: 2, max: 0x7fffffff }),
    fc.nat(999_999_999),
    fc.nat(100_000_000),
    (rate, count, seconds, nanos, allowance) => {
      const n = count % rate;
      const k = latestSample(n, rate, seconds, nanos, allowance);
      assert.equal(k % rate, n);
      const time = BigInt(Math.floor(k / rate)) * 1_000_000_000n + BigInt(sampleNanos(n, rate));
      const delay = BigInt(seconds) * 1_000_000_000n + BigInt(nanos) - time;
      assert.ok(delay >= -BigInt(allowance) && delay < 1_000_000_000n - BigInt(allowance));
    },
  ));
});

Deno.test("a count is unwrapped to the nearest number", () => {
  fc.assert(fc.property(
    fc.integer({ min: 10, max: 100_000 }),
    fc.integer({ min: 1e6, max: 1e14 }),
    fc.double({ min: -0.49, max: 0.49, noNaN: true }),
    (modulus, k, share) => {
      const expected = k + Math.trunc(share * modulus);
      assert.equal(nearestOf(expected, k % modulus, modulus), k);
    },
  ));
});

Deno.test("UtcTime goes both ways, exact to the fraction", () => {
  const bytes = new Uint8Array(8), out = instant(0);
  fc.assert(fc.property(fc.nat(0xffffffff), fc.nat(0xffffff), fc.nat(255), (s, fraction, q) => {
    writeUtcTime(bytes, 0, s, fraction, q);
    setFromUtcTime(out, bytes, 0);
    const exact = BigInt(fraction) * 1_000_000_000n / 16_777_216n;
    assert.deepEqual(out, { seconds: s, nanos: Number(exact) });
    assert.equal(bytes[7], q);
    // Nanoseconds are cut, so the nearest fraction is the one that they came from.
    assert.equal(fractionOfNanos(nanosOfFraction(fraction)), fraction);
  }));
  assert.equal(fractionOfNanos(999_999_999), 0xffffff);
});
