import assert from "node:assert/strict";
import { StateFlags, WaveformRing } from "../core/mod.ts";
import { PhasorEstimator } from "./estimator.ts";
import { SharedInstants } from "./instants.ts";
import type { PhasorOptions } from "./options.ts";
import {
  RingFeeder,
  TEST_LSB,
  TEST_RMS,
  TEST_SECOND,
  testOptions,
  type TestPhase,
  type TestSignal,
  THREE_PHASES,
  totalVectorError,
} from "./testing.ts";
import type { NominalHz, PerformanceClass } from "./window.ts";

const RATES = [4000, 4800, 5760, 12_800, 14_400, 15_360, 4001, 10_007];

/** Estimates a signal from `fromS` to `toS` and calls `look` for each report. */
function watch(
  signal: TestSignal,
  options: PhasorOptions,
  fromS: number,
  toS: number,
  look: (estimator: PhasorEstimator, t: number) => void,
): void {
  const estimator = new PhasorEstimator(options);
  const feeder = new RingFeeder(signal, options.sampleRate, TEST_LSB, 1.5, fromS);
  while (feeder.nextS < toS) {
    feeder.feed();
    while (estimator.advance(feeder.ring)) {
      const { second, index } = estimator.report;
      look(estimator, second - TEST_SECOND + index / options.framesPerSecond);
    }
  }
}

function signalOf(
  frequencyHz: number,
  phases: readonly TestPhase[] = THREE_PHASES,
  more: Partial<TestSignal> = {},
): TestSignal {
  return { fundamental: { rms: TEST_RMS, frequencyHz, phaseDeg: 33 }, phases, ...more };
}

for (const performanceClass of ["P", "M"] satisfies PerformanceClass[]) {
  for (const nominalHz of [50, 60] satisfies NominalHz[]) {
    Deno.test(`class ${performanceClass} at ${nominalHz} Hz is right at every sampling rate`, () => {
      const edge = performanceClass === "P" ? 2 : 5;
      for (const sampleRate of RATES) {
        for (const [deviation, tve] of [[0, 1e-3], [edge, 1e-3], [-edge, 1e-3]] as const) {
          for (const framesPerSecond of [nominalHz, nominalHz / 2, 37]) {
            const signal = signalOf(nominalHz + deviation);
            const options = { performanceClass, nominalHz, framesPerSecond, sampleRate };
            let reports = 0;
            watch(signal, testOptions(THREE_PHASES, options), -0.5, 0.3, ({ report }) => {
              const title = `${sampleRate} Hz, ${framesPerSecond}/s, ${deviation} Hz off`;
              for (const [place, shift] of [0, -120, 120, 0].entries()) {
                const error = totalVectorError(
                  signal,
                  nominalHz,
                  report,
                  place,
                  framesPerSecond,
                  1,
                  shift,
                );
                assert.ok(error < tve, `${title}: TVE of phasor ${place} ${error} %`);
              }
              assert.ok(Math.abs(report.frequency - nominalHz - deviation) < 1e-5, title);
              assert.ok(Math.abs(report.rocof) < 2e-3, `${title}: ROCOF ${report.rocof}`);
              assert.equal(report.frequencyFlags, 0, title);
              reports++;
            });
            assert.ok(reports >= 5, `${reports} reports`);
          }
        }
      }
    });
  }
}

Deno.test("the plain reference models answer as annex D says", () => {
  // Class P leaves 0.0044 % of the positive sequence at 2 Hz off, class M its droop.
  for (
    const [performanceClass, deviation, least, most] of [
      ["P", 2, 0.004, 0.005],
      ["M", 5, 0.02, 0.15],
      ["M", 0, 0, 1e-5],
    ] as const
  ) {
    const options = testOptions(THREE_PHASES, { performanceClass, imageRemoval: false });
    const signal = signalOf(50 + deviation);
    let worst = 0;
    watch(signal, options, -0.5, 0.5, ({ report }) => {
      worst = Math.max(worst, totalVectorError(signal, 50, report, 3, 50));
    });
    assert.ok(worst >= least && worst <= most, `${performanceClass}, ${deviation} Hz: ${worst} %`);
  }
});

Deno.test("sequences are those of the unbalanced set", () => {
  const phases = [
    { name: "A", gain: 0.9, shiftDeg: 5 },
    { name: "B", gain: 1.1, shiftDeg: -110 },
    { name: "C", gain: 0.7, shiftDeg: 130 },
  ];
  const complex = phases.map(({ gain, shiftDeg }) => {
    const angle = ((shiftDeg + 33) * Math.PI) / 180;
    return [gain * Math.cos(angle), gain * Math.sin(angle)] as const;
  });
  const expected = [1, -1, 0].map((sense) => {
    let re = 0, im = 0;
    for (const [k, [x, y]] of complex.entries()) {
      const turn = (sense * k * 2 * Math.PI) / 3;
      re += (x * Math.cos(turn) - y * Math.sin(turn)) / 3;
      im += (x * Math.sin(turn) + y * Math.cos(turn)) / 3;
    }
    return [Math.hypot(re, im) * TEST_RMS, (Math.atan2(im, re) * 180) / Math.PI] as const;
  });
  let reports = 0;
  watch(signalOf(50, phases), testOptions(phases), -0.1, 0.1, ({ report, phasors }) => {
    assert.deepEqual(phasors.slice(3).map((p) => [p.name, p.component]), [
      ["U1", "positive"],
      ["U2", "negative"],
      ["U0", "zero"],
    ]);
    for (const [i, [magnitude, angle]] of expected.entries()) {
      assert.ok(Math.abs(report.magnitudes[3 + i]! - magnitude) < 0.01);
      assert.ok(Math.abs(report.angles[3 + i]! - angle) < 1e-4);
    }
    reports++;
  });
  assert.ok(reports > 5);
});

Deno.test("scale, offset and ratio make physical values", () => {
  const phases = [{ name: "A", gain: 1, shiftDeg: 0 }];
  const [channel] = testOptions(phases).channels;
  const options = testOptions(phases, {
    channels: [{ ...channel!, scale: -0.02, offset: 500, ratio: 0.25 }],
  });
  let reports = 0;
  watch(signalOf(50, phases), options, -0.1, 0.1, ({ report }) => {
    const rms = TEST_RMS * 2 * 0.25;
    assert.ok(Math.abs(report.magnitudes[0]! - rms) < 0.01);
    assert.ok(Math.abs(report.angles[0]! - (33 - 180)) < 1e-4);
    assert.ok(Math.abs(report.rms[0]! - Math.hypot(rms, 500 * 0.25)) < 0.01);
    reports++;
  });
  assert.ok(reports > 5);
});

Deno.test("an offset in the samples is taken out of phasors of class M", () => {
  const phases = [{ name: "A", gain: 1, shiftDeg: 0 }];
  const [channel] = testOptions(phases).channels;
  const options = testOptions(phases, {
    performanceClass: "M",
    framesPerSecond: 100,
    channels: [{ ...channel!, offset: -0.05 * Math.SQRT2 * TEST_RMS }],
  });
  const signal = signalOf(50, phases, { dcPct: 5 });
  watch(signal, options, -0.2, 0.1, ({ report }) => {
    assert.ok(totalVectorError(signal, 50, report, 0, 100) < 1e-4);
    assert.ok(Math.abs(report.rms[0]! / TEST_RMS - 1) < 1e-6);
  });
});

Deno.test("RMS values hold harmonics and DC", () => {
  const phases = [{ name: "A", gain: 1, shiftDeg: 0 }];
  const signal = signalOf(50, phases, {
    harmonics: [{ order: 3, pct: 20, phaseDeg: 10 }, { order: 17, pct: 5, phaseDeg: 50 }],
    dcPct: 4,
  });
  const expected = TEST_RMS * Math.sqrt(1 + 0.04 + 0.0025 + 2 * 0.0016);
  let reports = 0;
  for (const performanceClass of ["P", "M"] as const) {
    watch(signal, testOptions(phases, { performanceClass }), -0.2, 0.1, ({ report }) => {
      assert.ok(Math.abs(report.rms[0]! / expected - 1) < 1e-6, `${report.rms[0]! / expected}`);
      reports++;
    });
  }
  assert.ok(reports > 5);
});

Deno.test("angles lie above -180 and up to 180 degrees", () => {
  const signal = signalOf(50.1);
  let least = 0, most = 0;
  watch(signal, testOptions(THREE_PHASES), -0.1, 10, ({ report }) => {
    for (const angle of report.angles.subarray(0, 4)) {
      assert.ok(angle > -180 && angle <= 180);
      least = Math.min(least, angle);
      most = Math.max(most, angle);
    }
  });
  assert.ok(least < -179 && most > 179, `${least} to ${most}`);
});

Deno.test("frequency comes from what was named, else from what is left", () => {
  const dead = [{ name: "A", gain: 1, shiftDeg: 0 }, { name: "B", gain: 0, shiftDeg: -120 }, {
    name: "C",
    gain: 0,
    shiftDeg: 120,
  }];
  const same = THREE_PHASES.map((phase) => ({ ...phase, shiftDeg: 0 }));
  const zero = THREE_PHASES.map((phase) => ({ ...phase, gain: 0 }));
  const warning = StateFlags.CalculationWarning;
  const none = StateFlags.BadData | StateFlags.UnderRangeError;
  const cases: [string, readonly TestPhase[], Partial<PhasorOptions>, number, number][] = [
    ["three phases", THREE_PHASES, {}, 50.7, 0],
    ["one named", THREE_PHASES, { frequency: ["B"] }, 50.7, 0],
    ["two of three dead", dead, {}, 50.7, 0],
    ["no positive sequence, another stands in", same, {}, 50.7, warning],
    ["the named one dead, another stands in", dead, { frequency: ["C"] }, 50.7, warning],
    ["all dead", zero, {}, NaN, none],
    ["below the floor", THREE_PHASES, { floorPercent: 100 }, NaN, none],
  ];
  for (const [title, phases, more, expected, flags] of cases) {
    let reports = 0;
    watch(signalOf(50.7, phases), testOptions(phases, more), -0.1, 0.1, ({ report }) => {
      assert.equal(report.frequencyFlags, flags, title);
      if (Number.isNaN(expected)) {
        assert.ok(Number.isNaN(report.frequency) && Number.isNaN(report.rocof), title);
        assert.notEqual(report.stat & 0xc000, 0, title);
      } else {assert.ok(
          Math.abs(report.frequency - expected) < 2e-6,
          `${title}: ${report.frequency}`,
        );}
      assert.ok(report.magnitudes.every((m) => m >= 0), title);
      reports++;
    });
    assert.ok(reports > 5);
  }
});

Deno.test("a current stands in for frequency where no voltage is left", () => {
  const phases = [{ name: "U", gain: 0, shiftDeg: 0 }, { name: "I", gain: 1, shiftDeg: 40 }];
  const [u, i] = testOptions(phases).channels;
  const options = testOptions(phases, { channels: [u!, { ...i!, quantity: "current" }] });
  watch(signalOf(49.2, phases), options, -0.1, 0.1, ({ report }) => {
    assert.ok(Math.abs(report.frequency - 49.2) < 1e-6);
    assert.equal(report.frequencyFlags, StateFlags.CalculationWarning);
  });
});

Deno.test("differences of one sample and of half a cycle agree", () => {
  for (const difference of ["sample", "half-cycle"] as const) {
    const options = testOptions(THREE_PHASES, { difference });
    const ramp = { rateHzPerS: 1, startS: -5, endS: 5 };
    const signal = signalOf(47);
    const moving = { ...signal, fundamental: { ...signal.fundamental, ramp } };
    watch(moving, options, -0.1, 0.1, ({ report }, t) => {
      assert.ok(Math.abs(report.frequency - (52 + t)) < 1e-5, difference);
      assert.ok(Math.abs(report.rocof - 1) < 1e-3, `${difference}: ${report.rocof}`);
    });
  }
});

Deno.test("outside of its range class M calls phasors and frequency doubtful", () => {
  const flags: number[] = [];
  const options = testOptions(THREE_PHASES, { performanceClass: "M" });
  watch(signalOf(57), options, -0.2, 0.1, ({ report }) => {
    flags.push(report.flags[0]! & report.flags[3]! & report.frequencyFlags);
  });
  assert.ok(flags.length > 3 && flags.every((f) => f === StateFlags.CalculationWarning));
});

Deno.test("a clock that is set by 100 us shows as a jump of the angle and a doubtful frequency", () => {
  for (const framesPerSecond of [60, 30]) {
    const phaseDeg = 360 * 60 * 1e-4;
    const signal: TestSignal = {
      fundamental: {
        rms: TEST_RMS,
        frequencyHz: 60,
        phaseDeg: 10,
        steps: [{ atS: 0.3 + 0.001, magnitudePct: 0, phaseDeg }],
      },
      phases: THREE_PHASES,
    };
    const more = { nominalHz: 60, framesPerSecond, sampleRate: 4800 } as const;
    let before = NaN, after = NaN, flagged = 0;
    watch(signal, testOptions(THREE_PHASES, more), 0, 0.6, ({ report }, t) => {
      if (t < 0.2) before = report.angles[3]!;
      if (t > 0.4) after = report.angles[3]!;
      const isOff = Math.abs(report.frequency - 60) > 0.05;
      if (report.frequencyFlags === StateFlags.CalculationWarning) flagged++;
      else assert.ok(!isOff, `a spike of ${report.frequency} Hz at ${t} s has no flag`);
      assert.equal(report.flags[0], 0);
    });
    assert.ok(Math.abs(after - before - phaseDeg) < 1e-4);
    assert.ok(flagged > 0 && flagged < 8, `${flagged} reports`);
  }
});

Deno.test("zeros and full scale give numbers", () => {
  for (const raw of [0, 0x7fffffff, -0x80000000]) {
    const estimator = new PhasorEstimator(testOptions(THREE_PHASES));
    const ring = new WaveformRing(3, 4000, 4000);
    ring.restart(TEST_SECOND * 4000);
    let reports = 0;
    for (let k = 0; k < 800; k++) {
      // A square wave for full scale.
      for (const values of ring.values) values[ring.position] = k % 80 < 40 ? raw : ~raw;
      ring.commit();
      if (!estimator.advance(ring)) continue;
      const { report } = estimator;
      reports++;
      const peak = Math.abs(raw) * TEST_LSB;
      const expected = (4 / Math.PI) * peak / Math.SQRT2;
      assert.ok(Math.abs(report.magnitudes[0]! - expected) <= 0.001 * expected + 0.1);
      assert.ok(Math.abs(report.rms[0]! - peak) <= 1e-6 * peak + 0.02);
      assert.equal(report.flags[0], 0);
    }
    assert.ok(reports > 5);
  }
});

Deno.test("options that make no sense are refused", () => {
  const good = testOptions(THREE_PHASES);
  const [a, b, c] = good.channels;
  const cases: [RegExp, Partial<PhasorOptions>][] = [
    [/1 to 120 whole reports per second, found 0/, { framesPerSecond: 0 }],
    [/1 to 120 whole reports per second, found 121/, { framesPerSecond: 121 }],
    [/whole samples per second, found 400/, { sampleRate: 400 }],
    [/whole samples per second, found 4000.5/, { sampleRate: 4000.5 }],
    [/at least one channel, found none/, { channels: [], sets: [] }],
    [/names of channels that differ, found "A" twice/, { channels: [a!, b!, c!, a!] }],
    [/a scale other than 0 for "A", found 0/, { channels: [{ ...a!, scale: 0 }, b!, c!] }],
    [/a ratio other than 0 for "A", found NaN/, { channels: [{ ...a!, ratio: NaN }, b!, c!] }],
    [/a positive rating for "A", found -1/, { channels: [{ ...a!, rating: -1 }, b!, c!] }],
    [/a place in the ring for "A", found -1/, { channels: [{ ...a!, index: -1 }, b!, c!] }],
    [/one of the channels A, B, C, found D/, { sets: [{ name: "U", channels: ["A", "B", "D"] }] }],
    [/one of the channels A, B, C, found Ux/, { frequency: ["Ux"] }],
    [/one or three channels for frequency, found 2/, { frequency: ["A", "B"] }],
    [/one quantity in set "U"/, { channels: [a!, b!, { ...c!, quantity: "current" }] }],
    [/a floor of 0 to 100 %, found 101/, { floorPercent: 101 }],
    [/a gap of 0 to 8, found 9/, { maxGap: 9 }],
    [/gaps of 0 to 5 %, found -1/, { maxGapPercent: -1 }],
    [/a positive limit of doubtful ROCOF, found 0/, { doubtfulRocof: 0 }],
  ];
  for (const [message, more] of cases) {
    assert.throws(() => new PhasorEstimator({ ...good, ...more }), (error) => {
      assert.ok(error instanceof RangeError);
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("a ring that does not fit is refused", () => {
  const estimator = new PhasorEstimator(testOptions(THREE_PHASES));
  for (
    const [message, ring] of [
      [/expected 4000 samples per second, found 4800/, new WaveformRing(3, 4800, 4800)],
      [/a ring of at least 241 samples, found 240/, new WaveformRing(3, 4000, 240)],
      [/channel 2 in the ring, found 2 channels/, new WaveformRing(2, 4000, 4000)],
    ] as const
  ) {
    assert.throws(() => estimator.advance(ring), message);
  }
});

Deno.test("weights of equal options are kept once", () => {
  const shared = new SharedInstants();
  const a = new PhasorEstimator(testOptions(THREE_PHASES), shared);
  const b = new PhasorEstimator(testOptions(THREE_PHASES, { floorPercent: 1 }), shared);
  const c = new PhasorEstimator(testOptions(THREE_PHASES, { framesPerSecond: 25 }), shared);
  assert.equal(a.instants, b.instants);
  assert.notEqual(a.instants, c.instants);
  assert.equal(a.instants.bytes, 8 * (2 * 161 + 161));
});
