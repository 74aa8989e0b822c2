import assert from "node:assert/strict";
import { type ClockReport, LeapFlags, leapFlagsAt } from "../core/mod.ts";
import { HoldoverModel } from "./holdover.ts";
import { LeapWatch, taiUtcOf } from "./leap_watch.ts";
import type { TimeReading } from "./reading.ts";
import { noReading } from "./reading.ts";
import { SourceSelection } from "./selection.ts";
import { type ClockEvent, ClockStateMachine, DEFAULT_LIMITS } from "./state_machine.ts";
import { SourceTracker } from "./tracker.ts";

const START = 1_795_000_000; // 2026-11-18
const STEP_LIMIT = 1_000_000;

function reading(more: Partial<TimeReading> = {}): TimeReading {
  return {
    ...noReading("grandmaster a"),
    usable: true,
    traceable: true,
    offsetNs: 100,
    delayNs: 500,
    referenceErrorNs: 400,
    taiUtcValid: true,
    ...more,
  };
}

/** A clock that gets one reading a second; undefined is a source that cannot be used. */
function run() {
  const events: ClockEvent[] = [];
  const tracker = new SourceTracker("ptp4l", STEP_LIMIT);
  let second = 0;
  const now = () => ({ ms: second * 1000, micros: (START + second) * 1e6 });
  const machine = new ClockStateMachine(DEFAULT_LIMITS, now(), (e) => events.push(e));
  return {
    events,
    machine,
    now,
    get report(): ClockReport {
      return machine.report;
    },
    /** `count` seconds of a reading. */
    feed(count: number, more: Partial<TimeReading> | undefined, reason = "lost"): void {
      for (let i = 0; i < count; i++) {
        second++;
        if (!more) {
          tracker.take(noReading(reason), second * 1000);
          machine.update(undefined, reason, now());
        } else {
          const r = reading({ sampleMs: second * 1000, ...more });
          machine.update(tracker.take(r, second * 1000), "", now());
        }
      }
    },
    texts: (kind: ClockEvent["kind"]) => events.filter((e) => e.kind === kind).map((e) => e.text),
  };
}

Deno.test("free, locked after five good seconds, holdover that grows, free, locked again", () => {
  const clock = run();
  clock.feed(5, {});
  assert.equal(clock.report.state, "free");
  clock.feed(1, {});
  assert.equal(clock.report.state, "locked");
  assert.equal(clock.report.errorNs, 500);
  clock.feed(1, undefined, "grandmaster lost: announce timeout");
  assert.equal(clock.report.state, "holdover");
  assert.equal(clock.report.errorNs, 500);
  clock.feed(10, undefined);
  assert.ok(clock.report.errorNs > 500 + 2000 && clock.report.errorNs < 500 + 2100);
  clock.feed(4000, undefined);
  assert.equal(clock.report.state, "free");
  assert.ok(clock.report.errorNs > 800_000);
  clock.feed(7, {});
  assert.equal(clock.report.state, "locked");
  assert.deepEqual(clock.texts("state"), [
    "free to locked: ptp4l: grandmaster a",
    "locked to holdover: grandmaster lost: announce timeout",
    "holdover to free: the error in holdover may exceed 1 ms",
    "free to locked: ptp4l: grandmaster a",
  ]);
});

Deno.test("a bad second in between begins the five anew", () => {
  const clock = run();
  clock.feed(6, {});
  clock.feed(1, undefined);
  clock.feed(4, {});
  clock.feed(1, undefined);
  clock.feed(5, {});
  assert.equal(clock.report.state, "holdover");
  clock.feed(1, {});
  assert.equal(clock.report.state, "locked");
});

Deno.test("worse at once, better after three seconds", () => {
  const clock = run();
  clock.feed(6, {});
  clock.feed(1, { traceable: false, reason: "grandmaster a, degraded" });
  assert.equal(clock.report.state, "local");
  clock.feed(3, {});
  assert.equal(clock.report.state, "local");
  clock.feed(1, {});
  assert.equal(clock.report.state, "locked");
  clock.feed(1, { referenceErrorNs: 2_000_000 });
  assert.equal(clock.report.state, "local");
  assert.match(clock.texts("state").at(-1)!, /locked to local: ptp4l: the error may be 2\.0/);
});

Deno.test("steps of the reference and of the own clock are events and end following", () => {
  const clock = run();
  clock.feed(20, {});
  clock.feed(1, { offsetNs: 5_000_000 });
  assert.deepEqual(clock.texts("step"), ["ptp4l and the clock moved apart by 4.9999 ms"]);
  assert.equal(clock.report.state, "free"); // 5 ms are more than holdover may be wrong
  clock.feed(30, { offsetNs: 5_000_000 });
  assert.equal(clock.report.state, "free");
  clock.feed(1, { offsetNs: 0 });
  assert.equal(clock.texts("step").length, 2);
  clock.feed(7, { offsetNs: 0 });
  assert.equal(clock.report.state, "locked");
  clock.machine.stepped(-3600e9, clock.now());
  assert.equal(clock.texts("step").at(-1), "The clock stepped by -3600 s");
  assert.equal(clock.report.state, "free");
});

Deno.test("another source and another grandmaster are reported", () => {
  const clock = run();
  const grandmaster = {
    identity: "00b0c7fffe000001",
    clockClass: 6,
    clockAccuracy: 0x21,
    grandmasterId: 7,
    stepsRemoved: 1,
  };
  clock.feed(6, { grandmaster });
  clock.feed(1, { grandmaster: { ...grandmaster, identity: "00b0c7fffe000002" } });
  assert.deepEqual(clock.texts("source"), ["Following ptp4l"]);
  assert.deepEqual(clock.texts("grandmaster"), [
    "The grandmaster of ptp4l is 00b0c7fffe000002, it was 00b0c7fffe000001",
  ]);
  assert.equal(clock.report.grandmasterId, 7);
  assert.equal(clock.report.state, "locked");
});

Deno.test("a step in holdover, and a fault, take away what was known of the error", () => {
  const clock = run();
  clock.feed(20, {});
  clock.feed(3, undefined);
  assert.equal(clock.report.state, "holdover");
  assert.equal(clock.machine.stepped(3600e9, clock.now()), true);
  assert.deepEqual([clock.report.state, clock.report.errorNs], ["free", Infinity]);
  clock.feed(1, undefined);
  assert.equal(clock.report.errorNs, Infinity);
  assert.equal(clock.texts("state").at(-1), "holdover to free: the clock stepped");

  clock.feed(10, {});
  assert.equal(clock.report.state, "locked");
  clock.feed(3, undefined);
  clock.machine.fault("before the last good time", clock.now());
  clock.machine.fault("", clock.now());
  clock.feed(1, undefined);
  assert.deepEqual([clock.report.state, clock.report.errorNs], ["free", Infinity]);
});

Deno.test("holdover does not claim less than the source that comes back shows", () => {
  const clock = run();
  clock.feed(20, {});
  clock.feed(3, undefined);
  clock.feed(1, { offsetNs: 500_000 });
  assert.equal(clock.report.state, "holdover");
  assert.ok(clock.report.errorNs > 500_000 / 8, `${clock.report.errorNs}`); // the mean of the last eight
  clock.feed(1, { offsetNs: 30_000_000 });
  assert.equal(clock.report.state, "free");
  assert.match(clock.texts("state").at(-1)!, /^holdover to free: step against ptp4l$/);
});

Deno.test("an offset that the source itself tolerates is good, and no step", () => {
  const clock = run();
  const ntp = { referenceErrorNs: 90_000, toleranceNs: 50e6 };
  clock.feed(5, { ...ntp, offsetNs: 400_000 });
  clock.feed(2, { ...ntp, offsetNs: 4_000_000 });
  assert.equal(clock.report.state, "local");
  assert.deepEqual(clock.texts("step"), []);
  clock.feed(1, { ...ntp, offsetNs: 60_000_000 });
  assert.equal(clock.texts("step").length, 1);
});

Deno.test("a fault stays until it is over", () => {
  const clock = run();
  clock.machine.fault("before the last good time", clock.now());
  clock.feed(10, {});
  assert.equal(clock.report.state, "fault");
  clock.machine.fault("", clock.now());
  clock.feed(6, {});
  assert.equal(clock.report.state, "locked");
});

Deno.test("scatter widens the bound; measured frequency scatter makes holdover worse", () => {
  const tracker = new SourceTracker("x", STEP_LIMIT);
  let last;
  for (let i = 0; i < 60; i++) {
    const offsetNs = i % 2 === 0 ? 300 : -300;
    last = tracker.take(reading({ sampleMs: i * 1000, offsetNs }), i * 1000);
  }
  assert.ok(Math.abs(last!.deviationNs - 302.5) < 1, `${last!.deviationNs}`);
  assert.ok(Math.abs(last!.errorNs - (400 + 0 + 3 * 302.5)) < 3);
  const model = new HoldoverModel("ocxo");
  assert.ok(Math.abs(model.growthNs(1000) - (1000 + 5)) < 1e-6); // 1e-9, and drift
  for (let i = 0; i < 600; i++) model.correction(i % 2 === 0 ? 1 : -1, i * 1000);
  assert.ok(Math.abs(model.frequencyError - 3e-6) < 1e-8);
});

Deno.test("a source that is asked once in minutes is judged by its newest sample, until it is lost", () => {
  const tracker = new SourceTracker("ntp a", STEP_LIMIT);
  const quick = reading({ sampleMs: 0, offsetNs: 5000, growthNsPerSecond: 15_000 });
  tracker.take(quick, 0);
  const later = tracker.take(quick, 200_000);
  assert.deepEqual([later.offsetNs, later.errorNs], [5000, 400 + 5000 + 200 * 15_000]);
  const lost = tracker.take(noReading("no answer"), 201_000);
  assert.deepEqual([lost.offsetNs, lost.errorNs], [NaN, Infinity]);
});

Deno.test("the first usable source in order; a better one has to hold for five seconds", () => {
  const selection = new SourceSelection();
  const [a, b] = [new SourceTracker("a", STEP_LIMIT), new SourceTracker("b", STEP_LIMIT)];
  const choose = (ms: number, first: TimeReading, second: TimeReading) => {
    const { chosen, disagreements } = selection.choose(
      [a.take(first, ms), b.take(second, ms)],
      ms,
    );
    return [chosen?.name, ...disagreements];
  };
  const off = noReading("off");
  const on = (ms: number, more = {}) => reading({ sampleMs: ms, ...more });
  assert.deepEqual(choose(0, off, off), [undefined]);
  assert.deepEqual(choose(1000, off, on(1000)), ["b"]);
  for (let ms = 2000; ms < 7000; ms += 1000) assert.deepEqual(choose(ms, on(ms), on(ms)), ["b"]);
  assert.deepEqual(choose(7000, on(7000), on(7000)), ["a"]);
  assert.deepEqual(choose(8000, off, on(8000)), ["b"]);
  // Two references 2 us apart that admit 0.8 us together.
  const third = new SourceTracker("c", STEP_LIMIT);
  const { disagreements } = selection.choose(
    [
      new SourceTracker("a", STEP_LIMIT).take(on(0), 0),
      third.take(on(0, { offsetNs: 2100 }), 0),
    ],
    9000,
  );
  assert.deepEqual(disagreements, ["a and c are 2 us apart and admit 800 ns"]);
  // An NTP server 2 ms apart: just now, and three minutes ago.
  const told = [300_000, 120_000].map((sampleMs) => {
    const more = { offsetNs: 2e6, growthNsPerSecond: 15_000, sampleMs };
    const ntp = new SourceTracker("ntp a", STEP_LIMIT).take(reading(more), 300_000);
    const kernel = new SourceTracker("kernel", STEP_LIMIT).take(on(300_000), 300_000);
    return selection.choose([ntp, kernel], 300_000).disagreements.length;
  });
  assert.deepEqual(told, [1, 0]);
});

const MIDNIGHT = Date.UTC(2027, 6, 1) / 1000;

Deno.test("a leap second: announced, pending, inserted at midnight, occurred for a day", () => {
  const watch = new LeapWatch();
  const take = (seconds: number, taiUtc: number, leap: "none" | "insert" | "delete") =>
    watch.take(seconds, { taiUtc, taiUtcValid: true, leap }).map((e) => e.kind);
  assert.deepEqual(take(MIDNIGHT - 40_000, 37, "none"), []);
  assert.deepEqual(take(MIDNIGHT - 39_000, 37, "insert"), ["announced"]);
  assert.equal(leapFlagsAt(watch.second, MIDNIGHT - 61), LeapFlags.None);
  assert.equal(leapFlagsAt(watch.second, MIDNIGHT - 60), LeapFlags.Pending);
  assert.deepEqual(take(MIDNIGHT, 37, "insert"), ["inserted"]); // flag and offset may lag a little
  assert.equal(watch.taiUtc, 38);
  assert.deepEqual(take(MIDNIGHT + 2, 38, "none"), []);
  assert.equal(watch.valid, true);
  assert.equal(leapFlagsAt(watch.second, MIDNIGHT), LeapFlags.Occurred);
  assert.equal(leapFlagsAt(watch.second, MIDNIGHT - 1), LeapFlags.Pending); // a frame that waited
  assert.equal(leapFlagsAt(watch.second, MIDNIGHT + 86_400), LeapFlags.None);
});

Deno.test("a deleted second, one that nobody announced, one withdrawn, and nonsense", () => {
  const at = (watch: LeapWatch, s: number, taiUtc: number, leap: "none" | "insert" | "delete") =>
    watch.take(s, { taiUtc, taiUtcValid: true, leap }).map((e) => e.kind);
  const deleted = new LeapWatch();
  at(deleted, MIDNIGHT - 100, 37, "delete");
  assert.equal(leapFlagsAt(deleted.second, MIDNIGHT - 1), LeapFlags.Pending | LeapFlags.Delete);
  assert.deepEqual(at(deleted, MIDNIGHT + 1, 36, "none"), ["deleted"]);
  assert.equal(deleted.taiUtc, 36);
  const silent = new LeapWatch();
  at(silent, MIDNIGHT - 100, 37, "none");
  assert.deepEqual(at(silent, MIDNIGHT + 1, 38, "none"), ["inserted"]);
  assert.deepEqual(at(silent, MIDNIGHT + 5000, 36, "none"), ["implausible"]);
  assert.deepEqual(at(silent, MIDNIGHT + 5001, 36, "none"), []); // said once
  assert.equal(silent.taiUtc, 38);
  assert.equal(silent.valid, false);
  const withdrawn = new LeapWatch();
  at(withdrawn, MIDNIGHT - 100, 37, "insert");
  assert.deepEqual(at(withdrawn, MIDNIGHT - 50, 37, "none"), ["withdrawn"]);
  assert.equal(leapFlagsAt(withdrawn.second, MIDNIGHT - 1), LeapFlags.None);
  const middle = new LeapWatch();
  assert.deepEqual(at(middle, MIDNIGHT + 86_400, 37, "insert"), ["implausible"]);
  assert.deepEqual(at(middle, MIDNIGHT + 86_401, 37, "insert"), []);
  const newer = new LeapWatch();
  assert.deepEqual(at(newer, MIDNIGHT + 5000, 38, "none"), ["implausible"]);
  assert.equal(newer.taiUtc, 38);
});

Deno.test("a leap second falls in holdover too, and the step that it makes of the own clock is none", () => {
  for (const [leap, stepNs, taiUtc] of [["insert", -1e9, 38], ["delete", 1e9, 36]] as const) {
    const events: ClockEvent[] = [];
    const at = (second: number) => ({
      ms: (second - MIDNIGHT + 1000) * 1000,
      micros: second * 1e6,
    });
    const machine = new ClockStateMachine(DEFAULT_LIMITS, at(MIDNIGHT - 100), (e) => {
      events.push(e);
    });
    const tracker = new SourceTracker("ptp4l", STEP_LIMIT);
    for (let second = MIDNIGHT - 100; second < MIDNIGHT - 80; second++) {
      const { ms } = at(second);
      machine.update(
        tracker.take(reading({ leap, sampleMs: ms }), ms),
        "",
        at(second),
      );
    }
    assert.equal(machine.report.state, "locked");
    machine.update(undefined, "lost", at(MIDNIGHT - 70));
    const told = (second: number) => leapFlagsAt(machine.report.leapSecond, second);
    assert.equal(told(MIDNIGHT - 70), LeapFlags.None);
    machine.update(undefined, "lost", at(MIDNIGHT - 30));
    const direction = leap === "delete" ? LeapFlags.Delete : 0;
    assert.equal(told(MIDNIGHT - 30), LeapFlags.Pending | direction);
    const stepped = leap === "insert" ? MIDNIGHT - 1 : MIDNIGHT;
    assert.equal(machine.stepped(stepNs, at(stepped)), false);
    assert.equal(machine.report.state, "holdover");
    machine.update(undefined, "lost", at(MIDNIGHT));
    assert.equal(told(MIDNIGHT), LeapFlags.Occurred | direction);
    assert.equal(machine.report.taiUtc, taiUtc);
    assert.equal(machine.stepped(-stepNs, at(MIDNIGHT + 1)), true); // the other way it is a step
    assert.equal(machine.stepped(stepNs, at(MIDNIGHT + 3600)), true);
    assert.deepEqual(events.filter((e) => e.kind === "leap").map((e) => e.text.slice(0, 22)), [
      "A leap second is annou",
      "The clock took the lea",
      `A leap second was ${leap === "insert" ? "inse" : "dele"}`,
    ]);
  }
});

Deno.test("a leap second that was announced, by a source a moment ahead, and notices that come late", () => {
  for (const [leap, taiUtc] of [["insert", 38], ["delete", 36]] as const) {
    const watch = new LeapWatch();
    const take = (seconds: number, taiUtc: number, notice: "none" | "insert" | "delete") =>
      watch.take(seconds, { taiUtc, taiUtcValid: true, leap: notice }).map((e) => e.text);
    take(MIDNIGHT - 100, 37, leap);
    const done = leap === "insert" ? "inserted" : "deleted";
    assert.deepEqual(take(MIDNIGHT - 1, taiUtc, "none"), [
      `A leap second was ${done}; TAI - UTC is ${taiUtc} s`,
    ]);
    assert.deepEqual(take(MIDNIGHT, taiUtc, "none"), []);
    // The answer of an NTP server may be minutes old.
    assert.deepEqual(take(MIDNIGHT + 300, taiUtc, leap), []);
    assert.equal(watch.announced, undefined);
    assert.notEqual(leapFlagsAt(watch.second, MIDNIGHT + 300) & LeapFlags.Occurred, 0);
  }
});

Deno.test("the table of TAI - UTC", () => {
  assert.deepEqual(
    [0, 63_072_000, 78_796_799, 78_796_800, 915_148_800, 1_483_228_799, 1_483_228_800, START]
      .map(taiUtcOf),
    [10, 10, 10, 11, 32, 36, 37, 37],
  );
});
