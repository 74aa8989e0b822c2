import assert from "node:assert/strict";
import { instant, SampleMarks } from "../core/mod.ts";
import { LocalClocks, SampleClock, type SampleClockOptions } from "./sample_clock.ts";

const S = 1_700_000_000;

/** Numbers the count and believes the number. */
function next(
  clock: SampleClock,
  smpCnt: number,
  time: number,
  smpSynch = 2,
  octets = 2,
): number {
  const seconds = Math.floor(time), nanos = Math.round((time - seconds) * 1e9);
  if (!clock.find(smpCnt, octets, smpSynch, S + seconds, nanos)) return NaN;
  clock.follow(smpCnt, S + seconds, nanos);
  return clock.number - S * clock.rate;
}

interface Step {
  readonly smpCnt: number;
  /** Arrival in seconds after S. */
  readonly at: number;
  readonly smpSynch?: number;
  /** Expected number after S * rate. */
  readonly k: number;
  readonly marks?: number;
}

const { None, TimeSuspect, NotSynchronised, LocalClock } = SampleMarks;
const FREE = NotSynchronised | TimeSuspect;

const CASES: {
  readonly name: string;
  readonly rate: number;
  readonly options?: SampleClockOptions;
  readonly steps: readonly Step[];
}[] = [
  {
    name: "the count wraps at the second",
    rate: 4000,
    steps: [
      { smpCnt: 3998, at: 0.9997, k: 3998, marks: None },
      { smpCnt: 3999, at: 0.99995, k: 3999, marks: None },
      { smpCnt: 0, at: 1.0002, k: 4000, marks: None },
    ],
  },
  {
    name: "a sample of the last second arrives late in the next one",
    rate: 4800,
    steps: [
      { smpCnt: 4799, at: 1.03, k: 4799, marks: None },
      { smpCnt: 4790, at: 1.049, k: 4790 },
      { smpCnt: 0, at: 1.0491, k: 4800 },
    ],
  },
  {
    name: "a sample of the next second arrives early by our slow clock",
    rate: 4800,
    steps: [{ smpCnt: 0, at: 0.9995, k: 4800, marks: None }, { smpCnt: 1, at: 0.9996, k: 4801 }],
  },
  {
    name: "a publisher whose second rolls over 120 ms late is suspect, and stays in its second",
    rate: 4000,
    steps: [
      { smpCnt: 0, at: 0.12, k: 0, marks: TimeSuspect },
      { smpCnt: 3999, at: 1.119, k: 3999, marks: TimeSuspect },
      { smpCnt: 0, at: 1.12, k: 4000, marks: TimeSuspect },
    ],
  },
  {
    name: "jitter around the allowance does not flap the second",
    rate: 4000,
    steps: [
      { smpCnt: 4, at: 0.0002, k: 4 }, // 0.8 ms ahead of us
      { smpCnt: 8, at: 0.0008, k: 8, marks: TimeSuspect }, // 1.2 ms ahead
      { smpCnt: 12, at: 0.0021, k: 12, marks: None },
      { smpCnt: 16, at: 0.0028, k: 16, marks: TimeSuspect },
    ],
  },
  {
    name: "a second that was taken too early is mended once, as soon as arrivals show it",
    rate: 4000,
    steps: [
      { smpCnt: 4, at: -0.0005, k: 4 - 4000, marks: TimeSuspect }, // 1.5 ms ahead of us: or a second late?
      { smpCnt: 8, at: 0.0005, k: 8 - 4000, marks: TimeSuspect },
      { smpCnt: 12, at: 0.0022, k: 12, marks: None }, // 0.8 ms ahead
      { smpCnt: 16, at: 0.0025, k: 16, marks: TimeSuspect }, // 1.5 ms ahead
    ],
  },
  {
    name: "a step of our clock by a second takes the numbers along",
    rate: 4000,
    steps: [
      { smpCnt: 100, at: 0.0252, k: 100 },
      { smpCnt: 101, at: 1.0254, k: 4101, marks: None },
    ],
  },
  {
    name: "a free-running count is anchored at arrival and goes on by steps",
    rate: 4800,
    steps: [
      { smpCnt: 77, at: 0.5, smpSynch: 0, k: 2400, marks: FREE },
      { smpCnt: 78, at: 0.504, smpSynch: 0, k: 2401, marks: FREE }, // jitter of 4 ms is no jump
      { smpCnt: 80, at: 0.505, smpSynch: 3, k: 2403, marks: FREE },
      { smpCnt: 79, at: 0.505, smpSynch: 255, k: 2402, marks: FREE },
    ],
  },
  {
    name: "a free-running count wraps modulo the rate",
    rate: 4800,
    steps: [
      { smpCnt: 4799, at: 0.25, smpSynch: 0, k: 1200 },
      { smpCnt: 0, at: 0.2502, smpSynch: 0, k: 1201 },
      { smpCnt: 1199, at: 0.5, smpSynch: 0, k: 2400 }, // after a quarter of a second without frames
      { smpCnt: 1199, at: 2.5, smpSynch: 0, k: 2400 + 9600 }, // after two seconds
    ],
  },
  {
    name: "a publisher that loses its clock goes on, and is resolved again when it has one",
    rate: 4000,
    steps: [
      { smpCnt: 10, at: 0.003, k: 10, marks: None },
      { smpCnt: 11, at: 0.00325, smpSynch: 0, k: 11, marks: FREE },
      { smpCnt: 12, at: 0.0035, smpSynch: 0, k: 12, marks: FREE },
      { smpCnt: 2000, at: 0.502, k: 2000, marks: None },
    ],
  },
  {
    name: "smpSynch 1 and 5 to 254 are local clocks",
    rate: 4000,
    steps: [
      { smpCnt: 10, at: 0.3, smpSynch: 1, k: 10, marks: LocalClock },
      { smpCnt: 11, at: 0.30025, smpSynch: 200, k: 11, marks: LocalClock },
    ],
  },
  {
    name: "1 means a traceable clock where the site says so",
    rate: 4000,
    options: { oneIsGlobal: true },
    steps: [
      { smpCnt: 10, at: 0.003, smpSynch: 1, k: 10, marks: None },
      { smpCnt: 11, at: 0.003, smpSynch: 5, k: 11, marks: LocalClock },
    ],
  },
  {
    name: "local clocks mean UTC where the site says so",
    rate: 4000,
    options: { localIsUtc: true },
    steps: [{ smpCnt: 10, at: 0.003, smpSynch: 77, k: 10, marks: None }],
  },
];

for (const { name, rate, options, steps } of CASES) {
  Deno.test(`sample clock: ${name}`, () => {
    const clock = new SampleClock(rate, options);
    steps.forEach(({ smpCnt, at, smpSynch, k, marks }, i) => {
      assert.equal(next(clock, smpCnt, at, smpSynch ?? 2), k, `step ${i}`);
      if (marks !== undefined) assert.equal(clock.marks, marks, `marks of step ${i}`);
    });
  });
}

Deno.test("sample clock: a count to 65534 or 65535, whatever the rate, is learned", () => {
  for (const modulus of [65_535, 65_536]) {
    const clock = new SampleClock(4000);
    let dropped = 0, jumps = 0, last = -1;
    for (let i = 0; i < 200_000; i++) {
      const k = next(clock, i % modulus, 10 + i / 4000);
      if (Number.isNaN(k)) dropped++;
      else if (last >= 0 && k !== last + 1) jumps++;
      if (!Number.isNaN(k)) last = k;
    }
    assert.ok(clock.isOddCount);
    assert.equal(dropped, 1); // the first count at the rate, until the next one confirms it
    assert.equal(jumps, 1); // where it was found out
    assert.equal(clock.period, modulus);
    assert.equal(clock.marks, FREE);
  }
});

Deno.test("sample clock: one impossible count is not believed", () => {
  const clock = new SampleClock(4000);
  assert.equal(next(clock, 10, 0.003), 10);
  assert.ok(Number.isNaN(next(clock, 50_000, 0.00325)));
  assert.equal(next(clock, 12, 0.0035), 12);
  assert.ok(Number.isNaN(next(clock, 50_002, 0.00375))); // not in a row
  assert.equal(clock.isOddCount, false);
});

Deno.test("sample clock: 96 kHz, with counts of four octets and of two", () => {
  for (const octets of [4, 2]) {
    const clock = new SampleClock(96_000);
    for (let i = 0; i < 250_000; i += octets === 4 ? 1 : 3) {
      const count = octets === 4 ? i % 96_000 : (i % 96_000) % 65_536;
      assert.equal(next(clock, count, (i + 20) / 96_000, 2, octets), i);
    }
  }
});

Deno.test("sample clock: the drift of a free-running clock is followed, and its samples numbered anew far off", () => {
  const rate = 4000, ppm = 40;
  const clock = new SampleClock(rate, { anchorLimitNanos: 3e6 });
  const out = instant(0);
  let worst = 0, rebased = 0;
  for (let i = 0; i < 200 * rate; i++) {
    // The publisher is slow: its samples come later and later. Delay 1 ms and jitter up to 2 ms.
    const time = (i / rate) * (1 + ppm * 1e-6);
    const jitter = ((i * 7919) % 2000) / 1e6;
    const k = next(clock, i % rate, time + 0.001 + jitter, 0) + S * rate;
    if (clock.isRebased) rebased++;
    if (i < 6 * rate) continue;
    clock.instantOf(k, out);
    worst = Math.max(worst, Math.abs(out.seconds - S - time + out.nanos / 1e9 - 0.001));
  }
  assert.ok(rebased >= 2 && rebased <= 4, `anchored ${rebased} times`);
  assert.ok(worst < 0.0025, `off by ${worst}`);
});

Deno.test("sample clock: streams of one local clock agree on its second", () => {
  const localClocks = new LocalClocks();
  const a = new SampleClock(4000, { localClocks }), b = new SampleClock(4800, { localClocks });
  // The local second begins 1 ms before ours: the streams fall to both sides of the allowance.
  assert.equal(next(a, 0, -0.0009, 7), 0);
  assert.equal(next(b, 0, -0.0011, 7), 0);
  const alone = new SampleClock(4800);
  assert.equal(next(alone, 0, -0.0011, 7), -4800);
});

Deno.test("sample clock: refrTm tells the second, the count the place in it", () => {
  const clock = new SampleClock(14_400, { taiMinusUtc: 37 });
  const out = instant(0);
  // A writer that cuts is up to 60 ns early.
  clock.findAt(7, 2, S, Math.floor(7e9 / 14_400) - 60);
  const k = clock.number;
  assert.equal(k, (S + 37) * 14_400 + 7);
  assert.equal(clock.marks, None);
  clock.instantOf(k, out);
  assert.deepEqual(out, { seconds: S, nanos: 486_111 });
  clock.findAt(9, 2, S, Math.floor(8e9 / 14_400));
  assert.equal(clock.marks, TimeSuspect);
  clock.findAt(0, 5, S, 999_999_980);
  assert.equal(clock.number, (S + 38) * 14_400);
  assert.equal(clock.marks, LocalClock);
});
