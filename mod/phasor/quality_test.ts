import assert from "node:assert/strict";
import fc from "fast-check";
import { SampleMarks, StateFlags } from "../core/mod.ts";
import { PhasorEstimator } from "./estimator.ts";
import type { PhasorOptions } from "./options.ts";
import { NO_ESTIMATE_FLAGS, type PhasorReport, StatBits } from "./report.ts";
import {
  RingFeeder,
  TEST_LSB,
  TEST_RMS,
  TEST_SECOND,
  testOptions,
  type TestSignal,
  THREE_PHASES,
  totalVectorError,
} from "./testing.ts";

const RATE = 4000;
const SIGNAL: TestSignal = {
  fundamental: { rms: TEST_RMS, frequencyHz: 50.4, phaseDeg: 12 },
  phases: THREE_PHASES,
};

/** A sample of the stream, counted from its first one: 0 to 799, with windows of class P of 241. */
type Sample = number;
/** Changes a sample after it was fed and before it is read. */
type Spoil = (feeder: RingFeeder, sample: Sample) => void;

/** Windows of all reports of 800 samples, and what `look` makes of them. */
function reports(
  feedOne: Spoil,
  look: (report: PhasorReport, from: Sample, to: Sample) => void,
  options: Partial<PhasorOptions> = {},
  samples = 800,
): void {
  const estimator = new PhasorEstimator(testOptions(THREE_PHASES, options));
  const feeder = new RingFeeder(SIGNAL, RATE, TEST_LSB, 1, 0);
  const first = feeder.ring.first;
  for (let sample = 0; sample < samples; sample++) {
    feedOne(feeder, sample);
    while (estimator.advance(feeder.ring)) {
      const { report, instants } = estimator;
      const { start, end } = instants.list[report.index]!;
      const base = report.second * RATE - first;
      look(report, base + start, base + end);
    }
  }
}

const BAD: Sample = 300;

Deno.test("the quality of one sample is told by the windows that hold it, and by no other", () => {
  const invalid = StateFlags.BadData | StateFlags.ReceivedAsBad;
  const suspect = StateFlags.SuspectData;
  const cases: [title: string, word: number, flags: number, stat: number][] = [
    ["invalid", 0x1, invalid, StatBits.SomeBad],
    ["reserved, which some send for invalid", 0x2, invalid, StatBits.SomeBad],
    ["questionable", 0x3, suspect, 0],
    ["overflow", 0x4, StateFlags.OverRangeError, 0],
    ["out of range, questionable", 0xb, StateFlags.OverRangeError | suspect, 0],
    ["bad reference", 0x10, suspect, 0],
    ["oscillatory", 0x20, suspect, 0],
    ["failure", 0x40, invalid, StatBits.SomeBad],
    ["old data", 0x80, suspect, 0],
    ["inconsistent", 0x100, suspect, 0],
    ["inaccurate", 0x200, suspect, 0],
    ["substituted", 0x400, suspect, 0],
    ["test", 0x800, StateFlags.BadData, StatBits.DoNotUse],
    ["operator blocked", 0x1000, suspect, 0],
    ["derived", 0x2000, 0, 0],
    ["bits without a meaning here", 0xffffc000, 0, 0],
  ];
  for (const [title, word, flags, stat] of cases) {
    let held = 0, clean = 0;
    reports((feeder, sample) => {
      const at = feeder.ring.position;
      feeder.feed();
      if (sample === BAD) feeder.ring.quality[1]![at] = word;
    }, (report, from, to) => {
      const isIn = from <= BAD && BAD <= to;
      if (isIn) held++;
      else clean++;
      const expected = isIn ? flags : 0;
      // Phase B, the positive sequence and the frequency made of it; A and C are as good as ever.
      assert.deepEqual([...report.flags.subarray(0, 4)], [0, expected, 0, expected], title);
      assert.deepEqual([...report.angleFlags], [...report.flags], title);
      assert.equal(report.frequencyFlags, expected, title);
      assert.equal(report.stat, isIn ? stat : 0, title);
      assert.ok(report.estimated && !Number.isNaN(report.magnitudes[1]!), title);
    });
    assert.ok(held === 3 && clean > 2, `${title}: ${held}, ${clean}`);
  }
});

Deno.test("marks of the stream are told by the windows that hold them", () => {
  const time = StatBits.NotSynchronised | StatBits.TimeUnknown | StatBits.UnlockedLongest;
  const cases: [title: string, mark: number, flags: number, stat: number, quality: number][] = [
    ["time suspect", SampleMarks.TimeSuspect, StateFlags.SuspectTime, StatBits.TimeUnknown, 11],
    ["simulated", SampleMarks.Simulated, StateFlags.BadData, StatBits.DoNotUse, 0],
    [
      "both",
      SampleMarks.TimeSuspect | SampleMarks.Simulated,
      StateFlags.BadData | StateFlags.SuspectTime,
      StatBits.DoNotUse | StatBits.TimeUnknown,
      11,
    ],
  ];
  for (const [title, mark, flags, stat, quality] of cases) {
    let held = 0;
    reports((feeder, sample) => feeder.feed(sample === BAD ? mark : 0), (report, from, to) => {
      const isIn = from <= BAD && BAD <= to;
      if (isIn) held++;
      assert.ok(report.flags.every((f) => f === (isIn ? flags : 0)), title);
      assert.ok(report.angleFlags.every((f) => f === (isIn ? flags : 0)), title);
      assert.equal(report.frequencyFlags, isIn ? flags : 0, title);
      assert.deepEqual([report.stat, report.timeQuality], isIn ? [stat, quality] : [0, 0], title);
      assert.ok(report.estimated);
    });
    assert.equal(held, 3);
  }
  for (const [mark, quality] of [[SampleMarks.NotSynchronised, 15], [SampleMarks.LocalClock, 11]]) {
    let seen = 0;
    reports((feeder) => feeder.feed(mark), (report) => {
      seen++;
      assert.ok(report.flags.every((f) => f === StateFlags.BadTime));
      // A free running clock has no angle; a local one has, for those who share it.
      const hasAngle = mark === SampleMarks.LocalClock;
      assert.ok(report.angles.every((angle) => Number.isNaN(angle) !== hasAngle));
      const angleFlags = StateFlags.BadTime | (hasAngle ? 0 : StateFlags.BadData);
      assert.ok(report.angleFlags.every((f) => f === angleFlags));
      assert.deepEqual([report.stat, report.timeQuality], [time, quality]);
      assert.ok(Math.abs(report.magnitudes[3]! / TEST_RMS - 1) < 1e-5);
      assert.ok(Math.abs(report.frequency - 50.4) < 1e-5);
    });
    assert.ok(seen > 5);
  }
});

Deno.test("windows over a change of smpSynch are not used", () => {
  for (const [before, after] of [[0, 2], [2, 0], [0, 4], [4, 0], [2, 4]] as const) {
    let over = 0, beside = 0;
    reports((feeder, sample) => feeder.feed(sample < BAD ? before : after), (report, from, to) => {
      const isOver = from < BAD && BAD <= to;
      if (isOver) over++;
      else beside++;
      assert.equal(report.estimated, !isOver, `${before} to ${after}`);
    });
    assert.ok(over === 3 && beside > 2);
  }
});

Deno.test("1 to 10 lost samples at each place of the window", () => {
  for (let lost = 1; lost <= 10; lost++) {
    for (let at = 238; at < 482; at += lost === 1 ? 1 : 9) {
      let held = 0;
      reports(
        (feeder, sample) => {
          if (sample >= at && sample < at + lost) feeder.skip();
          else feeder.feed();
        },
        (report, from, to) => {
          const inside = Math.min(to + 1, at + lost) - Math.max(from, at);
          if (inside <= 0) {
            assert.ok(report.estimated);
            assert.deepEqual([report.interpolated, report.stat, report.flags[0]], [0, 0, 0]);
            return;
          }
          held++;
          // Of a run that begins at the end of the windows no more is known than they hold.
          const known = Math.min(to + 1, at + lost) - at;
          assert.equal(report.estimated, known <= 2, `${lost} from ${at} in ${from} to ${to}`);
          if (report.estimated) assertInterpolated(report, inside, 0.02);
          else assertNothing(report);
        },
        {},
        720,
      );
      assert.ok(held >= 2);
    }
  }
});

Deno.test("gaps are interpolated up to the configured length and share", () => {
  const estimated = (gap: number, gaps: number, options: Partial<PhasorOptions>): boolean => {
    let all = true, some = false;
    reports((feeder, sample) => {
      const place = sample - 250;
      if (place >= 0 && place < gaps * 15 && place % 15 < gap) feeder.skip();
      else feeder.feed();
    }, (report, from, to) => {
      if (from > 250 || to < 250 + gaps * 15) return;
      some = true;
      all = all && report.estimated;
    }, options);
    assert.ok(some);
    return all;
  };
  assert.equal(estimated(2, 1, {}), true);
  assert.equal(estimated(1, 2, {}), true);
  assert.equal(estimated(1, 3, {}), false);
  assert.equal(estimated(1, 3, { maxGapPercent: 2 }), true);
  assert.equal(estimated(3, 1, { maxGapPercent: 2 }), false);
  assert.equal(estimated(3, 1, { maxGapPercent: 2, maxGap: 3 }), true);
  assert.equal(estimated(1, 1, { maxGap: 0 }), false);
  assert.equal(estimated(1, 1, { maxGapPercent: 0 }), false);
});

function assertInterpolated(report: PhasorReport, samples: number, tve: number): void {
  assert.equal(report.interpolated, samples);
  assert.equal(report.stat, StatBits.Modified);
  assert.ok(report.flags.every((flags) => flags === StateFlags.CalculatedValue));
  for (const [place, shift] of [0, -120, 120, 0].entries()) {
    const error = totalVectorError(SIGNAL, 50, report, place, 50, 1, shift);
    assert.ok(error < tve, `TVE ${error} %`);
  }
  assert.ok(Math.abs(report.rms[0]! / TEST_RMS - 1) < 0.005);
  assert.ok(Math.abs(report.frequency - 50.4) < 0.005, `${report.frequency} Hz`);
}

function assertNothing(report: PhasorReport): void {
  assert.ok([...report.magnitudes, ...report.angles, ...report.rms].every(Number.isNaN));
  assert.ok(Number.isNaN(report.frequency) && Number.isNaN(report.rocof));
  assert.ok([...report.flags, ...report.angleFlags].every((f) => f === NO_ESTIMATE_FLAGS));
  assert.equal(report.frequencyFlags, NO_ESTIMATE_FLAGS);
  assert.equal(report.stat, StatBits.DoNotUse);
}

Deno.test("property: flags are those of a search through the whole window", () => {
  const spoiled = fc.record({
    at: fc.nat(799),
    length: fc.integer({ min: 1, max: 90 }),
    channel: fc.nat(2),
    word: fc.oneof(fc.constantFrom(0x1, 0x2, 0x3, 0x4, 0x40, 0x800, 0x2000), fc.nat(0x3fff)),
    mark: fc.constantFrom(0, SampleMarks.TimeSuspect, SampleMarks.Simulated),
  });
  fc.assert(
    fc.property(
      fc.array(spoiled, { maxLength: 6 }),
      fc.integer({ min: 1, max: 300 }),
      (list, step) => {
        const words = THREE_PHASES.map(() => new Uint32Array(800));
        const marks = new Uint8Array(800);
        for (const { at, length, channel, word, mark } of list) {
          for (let k = at; k < Math.min(800, at + length); k++) {
            words[channel]![k] = words[channel]![k]! | word;
            marks[k] = marks[k]! | mark;
          }
        }
        const estimator = new PhasorEstimator(testOptions(THREE_PHASES));
        const feeder = new RingFeeder(SIGNAL, RATE, TEST_LSB, 1, 0);
        for (let k = 0; k < 800; k++) {
          const at = feeder.ring.position;
          feeder.feed(marks[k]!);
          for (const [c, list] of words.entries()) feeder.ring.quality[c]![at] = list[k]!;
          if (k % step !== 0) continue;
          while (estimator.advance(feeder.ring)) {
            const { report, instants } = estimator;
            const { start, end } = instants.list[report.index]!;
            const base = (report.second - TEST_SECOND) * RATE;
            let stream = 0;
            for (let i = base + start; i <= base + end; i++) {
              if ((marks[i]! & SampleMarks.TimeSuspect) !== 0) stream |= StateFlags.SuspectTime;
              if ((marks[i]! & SampleMarks.Simulated) !== 0) stream |= StateFlags.BadData;
            }
            for (const [c, list] of words.entries()) {
              let flags = stream;
              for (let i = base + start; i <= base + end; i++) flags |= flagsOfWord(list[i]!);
              assert.equal(report.flags[c], flags, `channel ${c} of report ${report.index}`);
            }
          }
        }
      },
    ),
    { numRuns: 60 },
  );
});

/** The table of the README, one word at a time. */
function flagsOfWord(word: number): number {
  const validity = word & 3;
  let flags = 0;
  if (validity === 1 || validity === 2 || word & 0x40) {
    flags |= StateFlags.BadData | StateFlags.ReceivedAsBad;
  }
  if (validity === 3 || word & (0x10 | 0x20 | 0x80 | 0x100 | 0x200 | 0x400 | 0x1000)) {
    flags |= StateFlags.SuspectData;
  }
  if (word & 0xc) flags |= StateFlags.OverRangeError;
  if (word & 0x800) flags |= StateFlags.BadData;
  return flags;
}
