import assert from "node:assert/strict";
import { StateFlags, WaveformRing } from "../core/mod.ts";
import { PhasorEstimator } from "./estimator.ts";
import { StatBits } from "./report.ts";
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

function make(fromS: number, seconds = 1, framesPerSecond = 50) {
  const estimator = new PhasorEstimator(testOptions(THREE_PHASES, { framesPerSecond }));
  const feeder = new RingFeeder(SIGNAL, RATE, TEST_LSB, seconds, fromS);
  return { estimator, feeder, ring: feeder.ring };
}

function feed(feeder: RingFeeder, samples: number): void {
  for (let i = 0; i < samples; i++) feeder.feed();
}

/** Number of the report's instant, counted from the second that tests call zero. */
function slotOf({ report, instants }: PhasorEstimator): number {
  return (report.second - TEST_SECOND) * instants.options.framesPerSecond + report.index;
}

function assertRight(estimator: PhasorEstimator): void {
  const { report, instants } = estimator;
  const { framesPerSecond } = instants.options;
  assert.ok(report.estimated);
  for (const [place, shift] of [0, -120, 120].entries()) {
    const error = totalVectorError(SIGNAL, 50, report, place, framesPerSecond, 1, shift);
    assert.ok(error < 1e-3, `TVE ${error} %`);
  }
}

Deno.test("the first report is the first instant whose windows are whole", () => {
  for (const lateBy of [0, 1, 39, 79, 80]) {
    const { estimator, feeder, ring } = make(-0.02 + lateBy / RATE);
    const first = ring.first - TEST_SECOND * RATE;
    assert.ok(Number.isNaN(estimator.awaited));
    assert.equal(estimator.force(ring), false);
    // Windows of class P reach three half cycles to both sides: 120 samples.
    const k = Math.ceil((first + 120) / 80);
    while (ring.next <= TEST_SECOND * RATE + k * 80 + 120) {
      assert.equal(estimator.advance(ring), false);
      assert.equal(estimator.force(ring), false);
      feeder.feed();
    }
    assert.equal(estimator.advance(ring), true);
    assert.equal(slotOf(estimator), k);
    assertRight(estimator);
    assert.equal(estimator.awaited, TEST_SECOND * RATE + (k + 1) * 80 + 120);
    assert.equal(estimator.advance(ring), false);
    assert.equal(estimator.skipped, 0);
  }
});

Deno.test("reports follow each other over seconds, however many samples come at once", () => {
  const oneByOne: string[] = [];
  for (const step of [1, 7, 80, 1111, 3999]) {
    const { estimator, feeder, ring } = make(-0.1, 2);
    const seen: string[] = [];
    let last = NaN;
    while (feeder.nextS < 2.2) {
      feed(feeder, step);
      while (estimator.advance(ring)) {
        const slot = slotOf(estimator);
        if (!Number.isNaN(last)) assert.equal(slot, last + 1);
        last = slot;
        assertRight(estimator);
        const { magnitudes, angles, frequency, rocof, rms } = estimator.report;
        seen.push([slot, ...magnitudes, ...angles, frequency, rocof, ...rms].join());
      }
    }
    assert.equal(estimator.skipped, 0);
    if (step === 1) oneByOne.push(...seen);
    else assert.deepEqual(seen.slice(0, 100), oneByOne.slice(0, 100));
  }
  assert.ok(oneByOne.length >= 100);
});

Deno.test("a deadline makes a report of what is there", () => {
  const cases: [missing: number, estimated: boolean][] = [
    [0, true],
    [1, true],
    [2, true],
    [3, false],
    [200, false],
    [500, false],
  ];
  for (const [missing, estimated] of cases) {
    const { estimator, feeder, ring } = make(-0.5);
    while (feeder.nextS < 0) {
      feeder.feed();
      while (estimator.advance(ring));
    }
    const slot = slotOf(estimator) + 1;
    if (missing < 200) { while (ring.next + missing <= estimator.awaited) feeder.feed(); }
    else while (ring.next + 40 <= estimator.awaited) feeder.feed();
    // Beyond the samples of one report: deadlines of several pass.
    for (let extra = missing; extra >= 200; extra -= 80) estimator.force(ring);
    assert.equal(estimator.force(ring), true);
    const { report } = estimator;
    assert.equal(report.estimated, estimated, `${missing} missing`);
    if (estimated) {
      assert.equal(slotOf(estimator), slot);
      assert.equal(report.interpolated, missing);
      assert.equal((report.stat & StatBits.Modified) !== 0, missing > 0);
      assert.equal(report.flags[0], missing > 0 ? StateFlags.CalculatedValue : 0);
      const error = totalVectorError(SIGNAL, 50, report, 3, 50);
      assert.ok(error < 0.05, `TVE ${error} %`);
      assert.ok(Math.abs(report.frequency - 50.4) < 0.01);
    } else {
      assert.equal(report.stat, StatBits.DoNotUse);
      assert.ok([...report.magnitudes, ...report.angles, ...report.rms].every(Number.isNaN));
      assert.ok(Number.isNaN(report.frequency) && Number.isNaN(report.rocof));
      const bad = StateFlags.BadData | StateFlags.CalculationError;
      assert.ok([...report.flags, ...report.angleFlags].every((flags) => flags === bad));
      assert.equal(report.frequencyFlags, bad);
    }
    // What came too late for its report serves the next ones.
    const next = slotOf(estimator) + 1;
    while (ring.next <= estimator.awaited) feeder.feed();
    assert.ok(estimator.advance(ring));
    assert.equal(slotOf(estimator), next);
    assertRight(estimator);
    assert.equal(estimator.skipped, 0);
  }
});

Deno.test("after a restart of the ring it goes on with the first whole windows", () => {
  for (const jump of [1, 37, 80, 4000, -37, -80, -400, -4000]) {
    const { estimator, feeder, ring } = make(-2);
    while (feeder.nextS < 0) {
      feeder.feed();
      while (estimator.advance(ring));
    }
    const last = slotOf(estimator);
    const from = ring.next + jump;
    ring.restart(from);
    for (let samples = 0; samples < 600; samples++) {
      feeder.feed();
      if (samples === 0) {
        assert.equal(estimator.advance(ring), false);
        assert.equal(estimator.force(ring), false);
        assert.ok(Number.isNaN(estimator.awaited));
      }
      if (!estimator.advance(ring)) continue;
      const expected = Math.ceil((from - TEST_SECOND * RATE + 120) / 80);
      assert.equal(slotOf(estimator), expected);
      assert.equal(estimator.skipped, Math.max(0, expected - last - 1));
      assertRight(estimator);
      break;
    }
    assert.ok(slotOf(estimator) !== last);
  }
});

Deno.test("a restart forgets the quality of what was there before", () => {
  const { estimator, feeder, ring } = make(-2);
  while (feeder.nextS < -1) feeder.feed();
  for (let i = 0; i < 100; i++) feeder.skip();
  while (estimator.advance(ring));
  assert.equal(estimator.report.estimated, false);
  ring.restart(ring.next - 400);
  feed(feeder, 600);
  while (estimator.advance(ring)) {
    assertRight(estimator);
    assert.equal(estimator.report.flags[0], 0);
  }
});

Deno.test("what the ring lost before it was read is passed over and counted", () => {
  const { estimator, feeder, ring } = make(-0.5, 0.25);
  while (feeder.nextS < 0) {
    feeder.feed();
    while (estimator.advance(ring));
  }
  const last = slotOf(estimator);
  feed(feeder, 5000);
  assert.ok(estimator.advance(ring));
  const expected = Math.ceil((ring.first - TEST_SECOND * RATE + 120) / 80);
  assert.equal(slotOf(estimator), expected);
  assert.equal(estimator.skipped, expected - last - 1);
  assertRight(estimator);
});

Deno.test("the first second of the time scale has windows of its own", () => {
  const estimator = new PhasorEstimator(testOptions(THREE_PHASES));
  const ring = new WaveformRing(3, RATE, RATE);
  ring.restart(0);
  for (let k = 0; k < 400; k++) ring.commit();
  assert.ok(estimator.advance(ring));
  assert.deepEqual([estimator.report.second, estimator.report.index], [0, 2]);
});
