import assert from "node:assert/strict";
import type { SignalType } from "../core/mod.ts";
import { LeapFlags, makeLayout, MISSING_FLAGS, StateFlags } from "../core/mod.ts";
import type { BadTimestamps, Downsampling } from "./mod.ts";
import { ALIGNER_DEFAULTS, alignerBytes } from "./mod.ts";
import { Harness, layoutOf, START } from "./testing.ts";

const A = layoutOf("a", [1, 2]);
const B = layoutOf("b", [3]);
const range = (n: number) => Array.from({ length: n }, (_, i) => i);

function twoSources(options: ConstructorParameters<typeof Harness>[0] = {}): Harness {
  const h = new Harness(options);
  h.aligner.expect(A);
  h.aligner.expect(B);
  return h;
}

/** `received` is the sum of the fates, for every source. */
function assertBalanced(h: Harness): void {
  for (const [name, f] of Object.entries(h.aligner.figures().sources)) {
    const fates = f.placed + f.downsampled + f.duplicates + f.late + f.future + f.badTime;
    assert.equal(f.received, fates, `book of ${name}`);
  }
}

Deno.test("1: one complete source goes out at once, in order, and nothing is discarded", () => {
  const h = new Harness();
  h.aligner.expect(A);
  for (const n of range(100)) h.arrive(A, n * 20, n * 20 + 15);
  assert.deepEqual(h.stamps(), range(100).map((n) => n * 20));
  assert.ok(h.out.every((p) => p.atMs === p.stampMs + 15));
  const f = h.aligner.figures();
  assert.deepEqual([f.publishedFrames, f.framesAheadOfSchedule, f.emptyFrames], [100, 100, 0]);
  assert.equal(f.sources.a!.placed, 100);
  assert.equal(h.out[7]!.frame.arrivalMicros, START * 1e6 + 155_000);
  assertBalanced(h);
});

Deno.test("2: a source within the wait makes complete frames, one behind it partial ones", () => {
  const h = twoSources();
  for (const n of range(50)) {
    h.arrive(A, n * 20, n * 20 + 10);
    if (n >= 4 && n < 30) h.arrive(B, (n - 4) * 20, n * 20 + 11);
  }
  h.passTo(2000);
  assert.ok(
    h.out.slice(0, 26).every((p) => p.frame.values[2] === p.stampMs && p.atMs === p.stampMs + 91),
  );
  assert.ok(h.out.slice(26, 50).every((p) => p.atMs === p.stampMs + 100));
  for (const p of h.out.slice(26, 50)) {
    assert.deepEqual([...p.frame.values], [p.stampMs, p.stampMs, NaN]);
    assert.deepEqual([...p.frame.flags], [0, 0, MISSING_FLAGS]);
  }
  h.arrive(B, 1960, 2130);
  const late = h.aligner.figures().sources.b!;
  assert.deepEqual([late.late, late.lastLateMs], [1, 170]);
  assertBalanced(h);
});

Deno.test("2: a distance equal to a limit is accepted, one microsecond more is not", () => {
  const h = twoSources({ emptySlots: "skip" });
  h.arrive(A, 1000, 1100);
  h.arrive(A, 1020, 1120.001);
  h.arrive(A, 1700, 1200);
  h.arrive(A, 1740.001, 1240);
  const f = h.aligner.figures().sources.a!;
  assert.deepEqual([f.placed, f.late, f.future], [2, 1, 1]);
  assert.deepEqual(h.stamps(), [1000]);
});

Deno.test("3: frames out of order inside the wait come out in order", () => {
  const h = twoSources();
  for (const group of range(10)) {
    for (const n of [2, 0, 1, 4, 3]) h.arrive(A, (group * 5 + n) * 20, group * 100 + 95 + n / 10);
  }
  h.passTo(1200);
  assert.deepEqual(h.stamps().slice(0, 50), range(50).map((n) => n * 20));
  assert.deepEqual(h.values(0).slice(0, 50), range(50).map((n) => n * 20));
  assert.equal(h.aligner.figures().sources.a!.outOfOrder, 30);
});

Deno.test("3: a complete frame behind an incomplete head waits", () => {
  const h = twoSources();
  h.arrive(A, 0, 5);
  h.arrive(A, 20, 25);
  h.arrive(B, 20, 26);
  assert.equal(h.out.length, 0);
  h.arrive(B, 0, 40);
  assert.deepEqual(h.out.map((p) => [p.stampMs, p.atMs]), [[0, 40], [20, 40]]);
});

Deno.test("4: stamps far off are discarded, make no slots and do not move data time", () => {
  for (const waitMode of ["absolute", "dataTime"] as const) {
    const h = twoSources({ waitMode, leadMs: 200 });
    h.arrive(A, 0, 10);
    for (const wild of [3.6e6, 3e11, -3.6e6, -START * 1000, 210.001]) h.arrive(B, wild, 10);
    h.arrive(B, 0, 12);
    assert.deepEqual(h.stamps(), [0], waitMode);
    const f = h.aligner.figures().sources.b!;
    assert.deepEqual([f.placed, f.future, f.late], [1, 3, 2], waitMode);
  }
});

Deno.test("4: with relative wait a wild stamp is refused, and a step of all sources is followed", () => {
  const h = twoSources({ waitMode: "relative", emptySlots: "skip" });
  for (const n of range(20)) {
    h.arrive(A, 7.2e6 + n * 20, n * 20);
    h.arrive(B, 7.2e6 + n * 20, n * 20 + 3);
  }
  h.arrive(B, 9e9, 401);
  assert.equal(h.aligner.figures().sources.b!.future, 1);
  for (const n of range(100)) {
    h.arrive(A, 9e6 + n * 20, 420 + n * 20);
    h.arrive(B, 9e6 + n * 20, 423 + n * 20);
  }
  const stamps = h.stamps();
  assert.equal(stamps.at(-1), 9e6 + 99 * 20);
  assert.equal(h.out.at(-1)!.atMs, 423 + 99 * 20);
  assert.ok(stamps.length > 80);
  assertBalanced(h);
});

for (
  const [badTimestamps, stamps, book] of [
    ["keep", [40, 60], { placed: 2, badTime: 0, sortedByArrival: 0 }],
    ["drop", [60], { placed: 1, badTime: 1, sortedByArrival: 0 }],
    ["sortByArrival", [60, 80], { placed: 2, badTime: 0, sortedByArrival: 1 }],
  ] as [BadTimestamps, number[], Record<string, number>][]
) {
  Deno.test(`5: bad time, ${badTimestamps}`, () => {
    const h = new Harness(
      { badTimestamps, emptySlots: "skip", publishEarly: false },
      (handle) => handle === 1 ? "FLAG" : "FREQ",
    );
    h.aligner.expect(A);
    h.arrive(A, 40, 80, { flags: StateFlags.BadTime, value: 0x2000 });
    h.arrive(A, 60, 81, { value: 0x11 });
    h.passTo(400);
    assert.deepEqual(h.stamps(), stamps);
    const f = h.aligner.figures().sources.a!;
    assert.deepEqual({ ...f, ...book }, f);
    if (badTimestamps === "sortByArrival") {
      // STAT bits 13 and 12, and bit 17 of the common status word; other values are untouched.
      assert.deepEqual(h.values(0), [0x11, 0x20000 | 0x3000]);
      assert.deepEqual(h.values(1), [0x11, 0x2000]);
      assert.equal(h.out[1]!.frame.flags[0], StateFlags.BadTime);
    }
    assertBalanced(h);
  });
}

Deno.test("5: what is sorted by arrival says how well the own clock was known, other values do not", () => {
  const h = new Harness({
    badTimestamps: "sortByArrival",
    emptySlots: "skip",
    publishEarly: false,
  });
  h.aligner.ownTimeFlags = StateFlags.SuspectTime;
  h.aligner.expect(A);
  h.arrive(A, 40, 80, { flags: StateFlags.BadTime });
  h.arrive(A, 60, 81);
  h.passTo(400);
  assert.deepEqual(h.out.map(({ frame }) => frame.flags[0]), [
    0,
    StateFlags.BadTime | StateFlags.SuspectTime,
  ]);
});

Deno.test("5: of a stream of several devices only those with bad time are sorted elsewhere or left out", () => {
  const two = makeLayout("pdc", [1, 2, 3], [
    { device: "GOOD", offset: 0, count: 1 },
    { device: "BAD", offset: 1, count: 2 },
  ], 50);
  for (const badTimestamps of ["drop", "sortByArrival"] as const) {
    const h = new Harness({ badTimestamps, emptySlots: "skip", publishEarly: false });
    h.aligner.expect(two);
    const edit = (f: { flags: Uint32Array }) => f.flags.fill(StateFlags.BadTime, 1);
    h.arrive(two, 0, 61, { value: 5, edit });
    h.passTo(300);
    const f = h.aligner.figures().sources.pdc!;
    assert.deepEqual([...h.out[0]!.frame.values], [5, NaN, NaN]);
    if (badTimestamps === "drop") {
      assert.deepEqual([h.out.length, f.placed, f.badTimeParts], [1, 1, 1]);
    } else {
      assert.deepEqual(h.stamps(), [0, 60]);
      assert.deepEqual([...h.out[1]!.frame.values], [NaN, 5, 5]);
      assert.equal(f.placed, 1);
    }
    assertBalanced(h);
  }
});

for (const [rate, resolutions] of [[30, [1, 33]], [60, [1, 16]], [120, [1, 8]]] as const) {
  for (const timeResolutionMs of resolutions) {
    Deno.test(`6: stamps cut to milliseconds at ${rate}/s with a slack of ${timeResolutionMs} ms`, () => {
      const h = new Harness({ framesPerSecond: rate, timeResolutionMs });
      const layout = layoutOf("a", [1], rate);
      h.aligner.expect(layout);
      for (const n of range(2 * rate)) {
        const ms = Math.floor((n * 1000) / rate);
        h.arrive(layout, ms, ms + 10, { value: n });
      }
      assert.deepEqual(h.values(0), range(2 * rate));
      assert.deepEqual(h.stamps(), range(2 * rate).map((n) => Math.round((n * 1e6) / rate) / 1000));
    });
  }
}

const TYPES: Record<number, SignalType> = { 1: "FLAG", 2: "VPHA", 3: "VPHM", 4: "DIGI" };
const FAST = layoutOf("fast", [1, 2, 3, 4], 60);

/** Two frames of 60/s for each slot of 30/s. */
function downsample(
  downsampling: Downsampling,
  contents: { values: number[]; flags?: number }[],
): Harness {
  const h = new Harness({ framesPerSecond: 30, downsampling, waitMs: 200 }, (n) => TYPES[n]);
  h.aligner.expect(FAST);
  contents.forEach(({ values, flags }, n) => {
    h.arrive(FAST, (n * 1000) / 60, (n * 1000) / 60 + 8, {
      flags: flags ?? 0,
      edit: (f) => f.values.set(values),
    });
  });
  h.passTo((contents.length * 1000) / 60 + 200);
  h.out.length = contents.length / 2;
  assertBalanced(h);
  return h;
}

const pairs = [
  { values: [0, 179, 100, 0x11] },
  { values: [0x2000, -177, 200, 0x22] },
  { values: [0x8000, -170, NaN, 0x33], flags: StateFlags.BadData },
  { values: [0, 170, 7, 0x44] },
];
for (
  const [method, first, second, flags, fates] of [
    ["last", [0x2000, -177, 200, 0x22], [0, 170, 7, 0x44], [0, 0], [4, 0]],
    ["closest", [0, 179, 100, 0x11], [0x8000, -170, NaN, 0x33], [0, 1], [2, 2]],
    [
      "filtered",
      [0x200200, -179, 150, 0x11],
      [0, 170, 7, 0x44],
      [StateFlags.DownSampled, 0],
      [4, 0],
    ],
    ["bestQuality", [0, 179, 100, 0x11], [0, 170, 7, 0x44], [0, 0], [3, 1]],
  ] as [Downsampling, number[], number[], number[], number[]][]
) {
  Deno.test(`7: 60/s into 30/s, ${method}`, () => {
    const h = downsample(method, pairs);
    assert.deepEqual(h.stamps(), [0, 33.333]);
    assert.deepEqual([...h.out[0]!.frame.values], first);
    assert.deepEqual([...h.out[1]!.frame.values], second);
    assert.deepEqual(h.out.map((p) => p.frame.flags[2]), flags);
    const f = h.aligner.figures().sources.fast!;
    assert.deepEqual([f.placed, f.downsampled], fates);
    assert.equal(f.shared, 2);
  });
}

Deno.test("7: a slot of two goes out with its second frame, not with its first", () => {
  const h = downsample("filtered", pairs);
  assert.ok(h.out.every((p) => Math.abs(p.atMs - p.stampMs - 1000 / 60 - 8) < 0.01));
});

Deno.test("7: the filter of nothing but bad values keeps their flags", () => {
  const bad = StateFlags.BadData;
  const h = downsample("filtered", [
    { values: [1, 10, 1, 3], flags: bad | StateFlags.SystemError },
    { values: [1, 20, 3, 3], flags: bad },
  ]);
  assert.equal(h.out[0]!.frame.values[2], 2);
  assert.equal(
    h.out[0]!.frame.flags[2],
    (bad | StateFlags.SystemError | StateFlags.DownSampled) >>> 0,
  );
});

Deno.test("7: the filter takes what came of several, and NaN where nothing did", () => {
  const h = downsample("filtered", [
    { values: [1, NaN, 1, NaN], flags: StateFlags.SuspectTime },
    { values: [1, 20, NaN, NaN] },
  ]);
  assert.deepEqual([...h.out[0]!.frame.values], [0x200201, 20, 1, NaN]);
  assert.deepEqual([...h.out[0]!.frame.flags], [
    StateFlags.DownSampled,
    0,
    StateFlags.SuspectTime,
    StateFlags.SuspectTime,
  ]);
});

Deno.test("8: 30/s into 60/s leaves every other slot missing", () => {
  for (const emptySlots of ["frame", "skip"] as const) {
    const h = new Harness({ framesPerSecond: 60, emptySlots });
    const slow = layoutOf("slow", [1], 30);
    h.aligner.expect(slow);
    for (const n of range(60)) h.arrive(slow, (n * 1000) / 30, (n * 1000) / 30 + 10, { value: n });
    h.passTo((59 * 1000) / 30 + 20);
    if (emptySlots === "skip") {
      assert.deepEqual(h.values(0), range(60));
    } else {
      assert.deepEqual(h.values(0), range(119).map((n) => n % 2 ? NaN : n / 2));
      assert.deepEqual(h.out[1]!.frame.flags[0], MISSING_FLAGS);
      assert.equal(h.aligner.figures().emptyFrames, 59);
    }
  }
});

for (const waitMode of ["absolute", "dataTime", "relative"] as const) {
  for (const emptySlots of ["frame", "skip"] as const) {
    Deno.test(`9: input stops for 5 s, ${waitMode} wait, ${emptySlots}`, () => {
      const h = new Harness({ waitMode, emptySlots, maxFillMs: 60_000 });
      h.aligner.expect(A);
      for (const n of range(50)) h.arrive(A, n * 20, n * 20 + 10);
      h.passTo(5990);
      const during = h.out.length;
      for (const n of range(50)) h.arrive(A, 6000 + n * 20, 6010 + n * 20);
      const expected = emptySlots === "frame"
        ? range(350)
        : [...range(50), ...range(50).map((n) => n + 300)];
      assert.deepEqual(h.stamps(), expected.map((n) => n * 20));
      // Absolute wait fills as time goes by; relative wait learns of the gap at its end.
      const filled = { absolute: 295, dataTime: 295, relative: 50 }[waitMode];
      assert.equal(during, emptySlots === "frame" ? filled : 50);
      assert.ok(h.out.at(-1)!.atMs - h.out.at(-1)!.stampMs <= 10);
    });
  }
}

Deno.test("9: after a pause of the program no more than maxFillMs is made up at once", () => {
  const h = new Harness();
  h.aligner.expect(A);
  h.arrive(A, 0, 10);
  h.nowMs = 10_000; // no timer ran
  h.aligner.advance(h.hostMicros, h.nowMs);
  assert.equal(h.out.length, 1 + 100);
  assert.equal(h.aligner.figures().skippedSlots, 395);
  h.arrive(A, 10_000, 10_010);
  assert.equal(h.stamps().at(-1), 10_000);
});

Deno.test("10: a repeated second neither stops nor disorders the output", () => {
  const h = twoSources();
  for (const n of range(250)) {
    // From the third second on, stamps lag by one second: the inserted second repeated them.
    const stamp = n * 20 - (n >= 100 ? 1000 : 0);
    const host = n * 20;
    h.hostOffsetMs = n >= 100 ? -1000 : 0;
    h.arrive(A, stamp, host + 10);
    h.arrive(B, stamp, host + 12);
  }
  const stamps = h.stamps();
  assert.deepEqual(stamps, range(200).map((n) => n * 20));
  assert.ok(h.out.slice(100).every((p) => p.atMs - p.stampMs - 1000 <= 12));
  assert.deepEqual(h.steps, [-1000]);
  assertBalanced(h);
});

Deno.test("10: one device a second off is left out and counted, the others go on", () => {
  for (const [offset, fate] of [[1000, "future"], [-1000, "late"]] as const) {
    const h = twoSources();
    for (const n of range(100)) {
      h.arrive(A, n * 20, n * 20 + 10);
      h.arrive(B, n * 20 + (n >= 50 ? offset : 0), n * 20 + 12);
    }
    h.passTo(2100);
    assert.equal(h.aligner.figures().sources.b![fate], 50);
    assert.deepEqual(h.stamps(), range(101).map((n) => n * 20));
    assert.deepEqual(h.values(0).slice(0, 100), range(100).map((n) => n * 20));
  }
});

for (
  const [stepMs, backMs] of [[3.6e6, 0], [-3.6e6, 0], [3000, 0], [-3000, 0], [3.6e6, 1], [
    -3.6e6,
    1,
  ]]
) {
  Deno.test(`10: the host's clock steps by ${stepMs} ms${backMs ? " and back" : ""}`, () => {
    const h = twoSources();
    const feed = (from: number, to: number, offset: number) => {
      for (let n = from; n < to; n++) {
        h.arrive(A, n * 20 + offset, n * 20 + 10);
        h.arrive(B, n * 20 + offset, n * 20 + 12);
      }
    };
    feed(0, 50, 0);
    h.passTo(1000);
    h.hostOffsetMs = stepMs!;
    if (backMs) {
      feed(50, 100, 0);
      assert.ok(h.out.length <= 51, "no burst");
      h.passTo(2000);
      h.hostOffsetMs = 0;
      feed(100, 150, 0);
    } else {
      feed(50, 150, stepMs!); // the sources have the same clock as the host
    }
    const stamps = h.stamps();
    assert.ok(stamps.every((s, i) => i === 0 || s > stamps[i - 1]!), "in order");
    assert.equal(h.steps.length, backMs ? 2 : 1);
    if (stepMs! > 0 || backMs) {
      assert.equal(stamps.at(-1), 149 * 20 + (backMs ? 0 : stepMs!));
      assert.ok(h.out.length <= 151 && h.out.length >= 99);
    } else {
      // Never twice: the output rests until time is past what went out.
      assert.ok(stamps.at(-1)! < 1000);
    }
    assertBalanced(h);
  });
}

Deno.test("11: a timer that is late loses nothing and disorders nothing, and the delay is known", () => {
  const h = twoSources({ publishEarly: false });
  h.timerLateMs = 70;
  for (const n of range(200)) {
    h.arrive(A, n * 20, n * 20 + 10);
    h.arrive(B, n * 20, n * 20 + 19);
  }
  h.passTo(4200);
  assert.deepEqual(h.stamps().slice(0, 200), range(200).map((n) => n * 20));
  assert.ok(h.out.slice(0, 200).every((p) => p.frame.values[2] === p.stampMs));
  assert.ok(h.aligner.figures().publishDelayMaxMs <= 71);
});

Deno.test("11: a sink that throws costs its frame only", () => {
  const h = twoSources();
  h.sinkThrows = true;
  for (const n of range(10)) {
    h.arrive(A, n * 20, n * 20 + 10);
    h.arrive(B, n * 20, n * 20 + 12);
  }
  assert.deepEqual(h.stamps(), range(10).map((n) => n * 20));
  assert.equal(h.aligner.figures().sinkErrors, 10);
});

Deno.test("12: an hour is replayed at 50 times its speed with relative wait", () => {
  const h = twoSources({ waitMode: "relative", framesPerSecond: 10, waitMs: 20, leadMs: 1000 });
  const a = layoutOf("a", [1, 2], 10), b = layoutOf("b", [3], 10);
  h.aligner.expect(a);
  h.aligner.expect(b);
  const yearAgo = -31_536_000_000;
  for (const n of range(36_000)) {
    h.arrive(a, yearAgo + n * 100, n * 2);
    h.arrive(b, yearAgo + n * 100, n * 2 + 5);
  }
  h.passTo(73_000);
  assert.equal(h.out.length, 36_000);
  assert.ok(h.out.every((p, n) => p.stampMs === yearAgo + n * 100));
  assert.ok(h.out.every((p) => p.frame.values[2] === p.frame.values[0]));
});

Deno.test("13: a source changes its configuration while the others go on", () => {
  const h = twoSources();
  const changed = layoutOf("a", [2, 9]);
  for (const n of range(20)) {
    h.arrive(n < 10 ? A : changed, n * 20, n * 20 + 10);
    if (n === 9) {
      h.aligner.expect(changed);
      h.arrive(A, 9 * 20, 9 * 20 + 10.5); // the old layout is not expected any more
    }
    h.arrive(B, n * 20, n * 20 + 12);
  }
  assert.deepEqual(h.stamps(), range(20).map((n) => n * 20));
  assert.deepEqual([...h.layouts.at(-1)!.handles], [2, 9, 3]);
  assert.deepEqual(h.layouts.at(-1)!.devices, [
    { device: "A", offset: 0, count: 2 },
    { device: "B", offset: 2, count: 1 },
  ]);
  // The slot that was open keeps handle 2, handle 9 was not there yet.
  assert.deepEqual([...h.out[9]!.frame.values], [180, NaN, 180]);
  assert.deepEqual([...h.out[10]!.frame.values], [200, 200, 200]);
  assert.ok(h.out.every((p) => p.frame.layout === (p.stampMs < 180 ? h.layouts[1] : h.layouts[2])));
  const f = h.aligner.figures();
  assert.deepEqual([f.notExpected, f.received], [1, 40]);
  h.aligner.forget("b");
  h.arrive(changed, 400, 410);
  assert.deepEqual([...h.out.at(-1)!.frame.values], [400, 400]);
});

Deno.test("duplicates count, and the later one is taken while the slot is open", () => {
  const h = twoSources();
  h.arrive(A, 0, 10, { value: 1 });
  h.arrive(A, 0, 12, { value: 2 });
  h.arrive(B, 0, 14);
  h.arrive(B, 0, 15);
  assert.equal(h.out[0]!.frame.values[0], 2);
  const { a, b } = h.aligner.figures().sources;
  assert.deepEqual([a!.placed, a!.duplicates, b!.placed, b!.duplicates, b!.late], [1, 1, 1, 1, 0]);
  assert.equal(h.out.length, 1);
});

Deno.test("leap bits are joined, and the newest arrival counts", () => {
  const h = twoSources();
  h.arrive(A, 0, 10, { edit: (f) => f.leap = LeapFlags.Pending });
  h.arrive(B, 0, 30, { edit: (f) => f.leap = LeapFlags.Delete });
  h.arrive(A, 20, 31);
  h.arrive(B, 20, 33);
  assert.equal(h.out[0]!.frame.leap, LeapFlags.Pending | LeapFlags.Delete);
  assert.equal(h.out[0]!.frame.arrivalMicros, START * 1e6 + 30_000);
  assert.equal(h.out[1]!.frame.leap, 0);
});

Deno.test("a stamp that is no time is counted and nothing else", () => {
  const h = twoSources();
  h.arrive(A, 0, 10, { edit: (f) => f.instant.seconds = NaN });
  h.arrive(A, 0, 10, { edit: (f) => f.instant.nanos = NaN });
  h.arrive(A, 0, 10, { edit: (f) => f.instant.seconds = Infinity });
  assert.equal(h.aligner.figures().sources.a!.badTime, 3);
  assert.equal(h.aligner.figures().openSlots, 0);
});

Deno.test("advice: a wait below a source's own delay is named, with a better one", () => {
  const h = twoSources();
  for (const n of range(500)) {
    h.arrive(A, n * 20, n * 20 + 15);
    if (n >= 12) h.arrive(B, (n - 12) * 20, n * 20 + 16 + (n % 4)); // 256 to 259 ms
  }
  const [a, b] = h.aligner.advice();
  assert.equal(a!.tooShort, false);
  assert.ok(Math.abs(a!.p50Ms - 15) < 0.5 && a!.lateShare === 0 && a!.suggestedWaitMs <= 30);
  assert.equal(b!.tooShort, true);
  assert.equal(b!.lateShare, 1);
  assert.ok(Math.abs(b!.p99Ms - 259) < 9, `${b!.p99Ms}`);
  assert.ok(b!.suggestedWaitMs >= 270 && b!.suggestedWaitMs <= 340, `${b!.suggestedWaitMs}`);
});

Deno.test("advice: with relative wait only the difference between sources counts", () => {
  const h = twoSources({ waitMode: "relative" });
  for (const n of range(200)) {
    h.arrive(A, n * 20 - 5000, n * 20);
    h.arrive(B, n * 20 - 5000, n * 20 + 15);
  }
  const advice = h.aligner.advice();
  assert.ok(advice.every((a) => !a.tooShort && a.suggestedWaitMs < 400), JSON.stringify(advice));
});

Deno.test("deadlines: aligned frames of an incomplete set go out exactly at the end of their wait", () => {
  for (const rate of [1, 7, 25, 60, 240]) {
    const h = new Harness({ framesPerSecond: rate });
    const layout = layoutOf("a", [1], rate);
    h.aligner.expect(layout);
    h.aligner.expect(B);
    for (const n of range(3 * rate)) h.arrive(layout, (n * 1000) / rate, (n * 1000) / rate + 3);
    h.passTo(3500);
    assert.ok(h.out.length >= 3 * rate);
    assert.ok(h.out.every((p) => Math.abs(p.atMs - p.stampMs - 100) < 0.003), `${rate}/s`);
    assert.ok(h.aligner.figures().publishDelayMaxMs < 0.003);
  }
});

Deno.test("memory is known beforehand and follows the window", () => {
  const options = { ...ALIGNER_DEFAULTS, name: "x", framesPerSecond: 60, waitMs: 1000 };
  const plain = alignerBytes(options, 1040, 60);
  assert.ok(plain > 0.7e6 && plain < 1e6);
  assert.ok(alignerBytes({ ...options, waitMs: 10_000 }, 1040, 60) > 5 * plain);
  assert.ok(alignerBytes({ ...options, downsampling: "filtered" }, 1040, 240) > 5 * plain);
});
