import assert from "node:assert/strict";
import fc from "fast-check";
import { WaveformModel, type WaveformOptions } from "./waveform_model.ts";

const S = 1_700_000_000;

function phases(
  model: WaveformModel,
  second: number,
  fraction: number,
  unit = 0,
  sample = 0,
): number[] {
  const out = new Float64Array(6);
  model.fill(out, unit, second, fraction, sample);
  return [...out];
}

Deno.test("waveform model: at the second, phase A of the voltage is at its peak", () => {
  const model = new WaveformModel({ nominalHz: 50, volts: 100, amperes: 10, lagDegrees: 90 });
  const [ia, ib, ic, va, vb, vc] = phases(model, S, 0) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]; // a model fills six
  assert.ok(Math.abs(va - 100 * Math.SQRT2) < 1e-9);
  assert.ok(Math.abs(va + vb + vc) < 1e-9 && Math.abs(ia + ib + ic) < 1e-9);
  assert.ok(Math.abs(ia) < 1e-9);
  assert.ok(vb < 0 && ib < 0 && ic > 0);
});

Deno.test("waveform model: the angle is the integral of frequency, also over seconds and ramps", () => {
  const options: WaveformOptions[] = [
    { nominalHz: 50, deviationHz: 0.37 },
    { nominalHz: 60, rampHz: 2, rampPeriodSeconds: 7 },
    { nominalHz: 60, deviationHz: -0.1, rampHz: 1, rampPeriodSeconds: 40 },
  ];
  for (const option of options) {
    const model = new WaveformModel(option);
    fc.assert(fc.property(fc.nat(50), fc.nat(999), (second, ms) => {
      const step = 1e-4, at = ms / 1000 + 3e-4;
      const before = model.phasorAt("voltage", 3, 1, S + second, at - step);
      const after = model.phasorAt("voltage", 3, 1, S + second, at + step);
      let turned = after.angleDegrees - before.angleDegrees;
      turned -= 360 * Math.round(turned / 360);
      const slope = turned / 360 / (2 * step) + model.nominalHz;
      const expected = model.frequencyAt(S + second, at);
      // Where the triangle turns within the step, the mean of both slopes is found.
      assert.ok(Math.abs(slope - expected) < 2e-4, `${slope} instead of ${expected}`);
      // The samples have the same angle.
      const out = phases(model, S + second, at, 3);
      const { magnitude, angleDegrees } = model.phasorAt("voltage", 3, 1, S + second, at);
      const angle = 2 * Math.PI * (model.nominalHz * at + angleDegrees / 360);
      assert.ok(Math.abs(out[4]! - magnitude * Math.SQRT2 * Math.cos(angle)) < 1e-3 * magnitude);
    }));
  }
});

Deno.test("waveform model: the rate of change is that of frequency", () => {
  const model = new WaveformModel({ nominalHz: 50, rampHz: 1.5, rampPeriodSeconds: 12 });
  for (let t = 0.5; t < 12; t++) {
    const slope = model.frequencyAt(S - S % 12 + t, 0.001) - model.frequencyAt(S - S % 12 + t, 0);
    assert.ok(Math.abs(slope / 0.001 - model.rocofAt(S - S % 12 + t, 0.0005)) < 1e-6);
  }
});

Deno.test("waveform model: a sag lowers voltages, a fault raises currents without a step", () => {
  const model = new WaveformModel({
    nominalHz: 50,
    amperes: 100,
    sag: { everySeconds: 10, forSeconds: 0.2, left: 0.4 },
    fault: { everySeconds: 10, forSeconds: 0.2, times: 8, timeConstantSeconds: 0.05 },
  });
  const calm = new WaveformModel({ nominalHz: 50, amperes: 100 });
  const begin = S; // ten divides it
  assert.equal(begin % 10, 0);
  assert.deepEqual(phases(model, begin + 1, 0.5), phases(calm, begin + 1, 0.5));
  assert.deepEqual(phases(model, begin, 0.2), phases(calm, begin, 0.2));
  const ratio = phases(model, begin, 0.1)[3]! / phases(calm, begin, 0.1)[3]!;
  assert.ok(Math.abs(ratio - 0.4) < 1e-12);
  // At its beginning the current is what it was.
  phases(model, begin, 1e-7).slice(0, 3).forEach((i, phase) => {
    assert.ok(Math.abs(i - phases(calm, begin, 1e-7)[phase]!) < 0.1);
  });
  // The offset: mean over the first cycle of at least one phase is far from zero, over the last it is not.
  const mean = (from: number) => {
    const sums = [0, 0, 0];
    for (let n = 0; n < 200; n++) {
      phases(model, begin, from + n / 10_000).slice(0, 3).forEach((i, p) => sums[p]! += i / 200);
    }
    return Math.max(...sums.map(Math.abs));
  };
  assert.ok(mean(0) > 300, `${mean(0)}`);
  assert.ok(mean(0.18) < 30, `${mean(0.18)}`);
});

Deno.test("waveform model: harmonics and noise have their size, and are the same again", () => {
  const options: WaveformOptions = {
    nominalHz: 50,
    volts: 100,
    harmonics: [[5, 0.1], [7, 0.05]],
    noise: 0.001,
    seed: 9,
  };
  const model = new WaveformModel(options), again = new WaveformModel(options);
  const clean = new WaveformModel({ nominalHz: 50, volts: 100, harmonics: [[5, 0.1], [7, 0.05]] });
  let worst = 0;
  const spectrum = [1, 5, 7, 11].map((order) => {
    let re = 0, im = 0;
    for (let n = 0; n < 4000; n++) {
      const value = phases(model, S, n / 4000, 0, n)[3]!;
      assert.equal(value, phases(again, S, n / 4000, 0, n)[3]);
      worst = Math.max(worst, Math.abs(value - phases(clean, S, n / 4000)[3]!));
      re += value * Math.cos(2 * Math.PI * 50 * order * n / 4000) / 2000;
      im += value * Math.sin(2 * Math.PI * 50 * order * n / 4000) / 2000;
    }
    return Math.hypot(re, im) / (100 * Math.SQRT2);
  });
  assert.ok(worst > 0.0009 * 100 * Math.SQRT2 && worst <= 0.001 * 100 * Math.SQRT2 * 1.000001);
  spectrum.forEach((share, i) => assert.ok(Math.abs(share - [1, 0.1, 0.05, 0][i]!) < 1e-3));
});

Deno.test("waveform model: what it cannot do is refused", () => {
  assert.throws(() => new WaveformModel({ nominalHz: 50, rampPeriodSeconds: 0.5 }), RangeError);
  const harmonics = Array.from({ length: 51 }, (_, i) => [i, 0] as const);
  assert.throws(() => new WaveformModel({ nominalHz: 50, harmonics }), RangeError);
});
