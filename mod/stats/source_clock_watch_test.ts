import assert from "node:assert/strict";
import { setFromMicros, setFromSlot, UNWATCHED_CLOCK } from "../core/mod.ts";
import type { ClockVerdictKind, SourceClockWatchOptions } from "./source_clock_watch.ts";
import { SourceClockWatch, withOwnClock } from "./source_clock_watch.ts";

/** Moves `frame` number n: stamp and arrival in microseconds from the true time of the slot. */
type Source = (n: number, trueMicros: number) => { stamp: number; arrival: number };

const START = 1_700_000_000;

/** A repeatable number from 0 to 1. */
function noise(n: number): number {
  const x = Math.sin(n * 12.9898) * 43758.5453;
  return x - Math.floor(x);
}

function run(
  source: Source,
  seconds: number,
  rate = 50,
  options: SourceClockWatchOptions = {},
): SourceClockWatch {
  const watch = new SourceClockWatch(rate, options);
  feed(watch, source, 0, seconds, rate);
  return watch;
}

function feed(watch: SourceClockWatch, source: Source, from: number, to: number, rate = 50): void {
  const stamp = { seconds: 0, nanos: 0 };
  for (let n = from * rate; n < to * rate; n++) {
    setFromSlot(stamp, START, n, rate);
    const time = stamp.seconds * 1e6 + stamp.nanos / 1000;
    const frame = source(n, time);
    if (frame.stamp !== time) setFromMicros(stamp, frame.stamp);
    watch.add(stamp, frame.arrival);
  }
}

const healthy: Source = (n, t) => ({ stamp: t, arrival: t + 25_000 + 8000 * noise(n) });

const cases: {
  name: string;
  source: Source;
  kind: ClockVerdictKind;
  text: RegExp;
  rate?: number;
}[] = [
  { name: "healthy", source: healthy, kind: "ok", text: /regular/ },
  {
    name: "healthy, stamps cut to milliseconds",
    source: (n, t) => ({ stamp: Math.floor(t / 1000) * 1000, arrival: t + 9000 + 4000 * noise(n) }),
    kind: "ok",
    text: /regular/,
    rate: 60,
  },
  {
    name: "healthy, late now and then",
    source: (n, t) => ({ stamp: t, arrival: t + 20_000 + (n % 97 === 0 ? 300_000 : 0) }),
    kind: "ok",
    text: /regular/,
  },
  {
    name: "one second behind",
    source: (n, t) => ({ stamp: t - 1e6, arrival: t + 25_000 + 8000 * noise(n) }),
    kind: "off",
    text: /1\.0\d\d s behind their arrival: one whole second, as by a leap second fault/,
  },
  {
    name: "one second ahead",
    source: (n, t) => ({ stamp: t + 1e6, arrival: t + 25_000 + 8000 * noise(n) }),
    kind: "off",
    text: /0\.9\d\d s ahead of their arrival: one whole second/,
  },
  {
    name: "two hours ahead",
    source: (_, t) => ({ stamp: t + 7200e6, arrival: t + 25_000 }),
    kind: "off",
    text: /about 2 h, as by a wrong time zone/,
  },
  {
    name: "37 seconds ahead, as TAI",
    source: (_, t) => ({ stamp: t + 37e6, arrival: t + 25_000 }),
    kind: "off",
    text: /37 whole seconds, as by stamps in TAI$/,
  },
  {
    name: "37 seconds behind",
    source: (_, t) => ({ stamp: t - 37e6, arrival: t + 25_000 }),
    kind: "off",
    text: /37 whole seconds, as by TAI - UTC taken off twice$/,
  },
  {
    name: "18 seconds ahead, as GPS time",
    source: (_, t) => ({ stamp: t + 18e6, arrival: t + 25_000 }),
    kind: "off",
    text: /18 whole seconds, as by stamps in GPS time$/,
  },
  {
    name: "three seconds behind",
    source: (_, t) => ({ stamp: t - 3e6, arrival: t + 25_000 }),
    kind: "off",
    text: /3\.025 s behind their arrival: about 3 whole seconds$/,
  },
  {
    name: "one and a half seconds behind",
    source: (_, t) => ({ stamp: t - 1.5e6, arrival: t + 25_000 }),
    kind: "off",
    text: /1\.5\d\d s behind their arrival$/,
  },
  {
    name: "one and a half seconds ahead",
    source: (_, t) => ({ stamp: t + 1.5e6, arrival: t + 25_000 }),
    kind: "off",
    text: /1\.4\d\d s ahead of their arrival$/,
  },
  {
    name: "5 hours 45 minutes ahead",
    source: (_, t) => ({ stamp: t + 20_700e6, arrival: t + 25_000 }),
    kind: "off",
    text: /about 5\.75 h, as by a wrong time zone$/,
  },
  {
    name: "half a second behind",
    source: (n, t) => ({ stamp: t, arrival: t + 525_000 + 8000 * noise(n) }),
    kind: "late",
    text: /0\.5\d\d s behind their arrival: the clock is behind, the way is long/,
  },
  {
    name: "as late as class M may be, over a slow network",
    source: (n, t) => ({ stamp: t, arrival: t + 340_000 + 20_000 * noise(n) }),
    kind: "ok",
    text: /arrive after 0\.3\d\d s/,
  },
  {
    name: "ten frames a second, which class M may report after 700 ms",
    source: (n, t) => ({ stamp: t, arrival: t + 750_000 + 20_000 * noise(n) }),
    kind: "ok",
    text: /arrive after 0\.7\d\d s/,
    rate: 10,
  },
  {
    name: "200 ms ahead",
    source: (_, t) => ({ stamp: t + 200_000, arrival: t }),
    kind: "off",
    text: /0\.\d+ s ahead of their arrival$/,
  },
  {
    name: "slow by 20 ppm",
    source: (n, t) => ({ stamp: t, arrival: t + 25_000 + 20 * (n / 50) + 3000 * noise(n) }),
    kind: "drifting",
    text: /(19|20)\.\d ppm slow/,
  },
  {
    name: "fast by 12 ppm",
    source: (n, t) => ({ stamp: t, arrival: t + 25_000 - 12 * (n / 50) + 3000 * noise(n) }),
    kind: "drifting",
    text: /1[12]\.\d ppm fast/,
  },
  {
    name: "arrivals five at a time",
    source: (n, t) => ({ stamp: t, arrival: t + (4 - (n % 5)) * 20_000 + 5000 + (n % 5) * 20 }),
    kind: "bunched",
    text: /arrive in bunches: 80 % came right behind another, about 5 at a time/,
  },
  {
    name: "stamps two at a time",
    source: (n, t) => ({ stamp: t - (n % 2) * 20_000, arrival: t + 25_000 }),
    kind: "bunched",
    text: /stamps are bunched: 50 %/,
  },
  {
    name: "stamps beside the grid",
    source: (_, t) => ({ stamp: t + 7000, arrival: t + 32_000 }),
    kind: "irregular",
    text: /100 % of the stamps lie off the grid of 50 frames\/s/,
  },
];

for (const { name, source, kind, text, rate } of cases) {
  Deno.test(`clock watch: ${name}`, () => {
    const verdict = run(source, 320, rate).verdict();
    assert.equal(verdict.kind, kind, verdict.text);
    assert.match(verdict.text, text);
  });
}

Deno.test("nothing is said of a clock before enough has come; one that is off is named after two seconds", () => {
  const off: Source = (_, t) => ({ stamp: t - 1.5e6, arrival: t + 25_000 });
  const burst: Source = (n, t) => ({ stamp: t, arrival: t + (4 - (n % 5)) * 20_000 + 5000 });
  const table: { source: Source; kinds: Record<number, ClockVerdictKind> }[] = [
    { source: healthy, kinds: { 1: "unknown", 3: "unknown", 13: "ok" } },
    { source: off, kinds: { 1: "unknown", 3: "off", 13: "off" } },
    { source: burst, kinds: { 3: "unknown", 13: "unknown", 24: "bunched" } },
  ];
  for (const { source, kinds } of table) {
    for (const [seconds, kind] of Object.entries(kinds)) {
      assert.equal(run(source, Number(seconds)).verdict().kind, kind, `${kind} after ${seconds} s`);
    }
  }
  const slow = run(off, 9, 1); // ten frames are the least
  assert.equal(slow.verdict().kind, "unknown");
  assert.equal(run(off, 12, 1).verdict().kind, "off");
});

Deno.test("a limit that is configured stands for both", () => {
  const at = (ms: number): Source => (_, t) => ({ stamp: t, arrival: t + ms * 1000 });
  assert.equal(run(at(800), 60, 50, { plausibleDelayMs: 1200 }).verdict().kind, "ok");
  assert.equal(run(at(1300), 60, 50, { plausibleDelayMs: 1200 }).verdict().kind, "off");
  assert.equal(run(at(100), 60, 50, { plausibleDelayMs: 60 }).verdict().kind, "off");
});

Deno.test("who blames a source says so when the own clock is no better", () => {
  const off = { kind: "off", text: "stamps lie 1.525 s behind their arrival" } as const;
  const own = (state: "locked" | "local" | "holdover" | "free" | "fault") =>
    withOwnClock(off, { ...UNWATCHED_CLOCK, state }).text;
  for (const state of ["locked", "local", "holdover"] as const) assert.equal(own(state), off.text);
  assert.match(own("free"), /behind their arrival; but this clock itself is free/);
  assert.match(own("fault"), /behind their arrival; but this clock itself is known to be wrong/);
  assert.equal(withOwnClock(off, undefined), off);
  const ok = { kind: "ok", text: "stamps are regular" } as const;
  assert.equal(withOwnClock(ok, UNWATCHED_CLOCK), ok);
});

Deno.test("one odd window changes nothing, two do, and three good ones clear", () => {
  const watch = new SourceClockWatch(50);
  const off: Source = (n, t) => ({ stamp: t - 1e6, arrival: healthy(n, t).arrival });
  feed(watch, healthy, 0, 40);
  feed(watch, off, 40, 50);
  feed(watch, healthy, 50, 71);
  assert.equal(watch.verdict().kind, "ok");
  feed(watch, off, 71, 100);
  assert.equal(watch.verdict().kind, "off");
  feed(watch, healthy, 100, 121);
  assert.equal(watch.verdict().kind, "off");
  feed(watch, healthy, 121, 150);
  assert.equal(watch.verdict().kind, "ok");
});

Deno.test("a figure near its limit does not make the verdict flicker", () => {
  const watch = new SourceClockWatch(50, { plausibleDelayMs: 500 });
  const at = (ms: number): Source => (_, t) => ({ stamp: t, arrival: t + ms * 1000 });
  feed(watch, at(540), 0, 40);
  assert.equal(watch.verdict().kind, "off");
  feed(watch, at(450), 40, 100);
  assert.equal(watch.verdict().kind, "off");
  feed(watch, at(300), 100, 150);
  assert.equal(watch.verdict().kind, "ok");
});

Deno.test("figures give the percentiles of the delay", () => {
  const watch = run((n, t) => ({ stamp: t, arrival: t + 1000 * (1 + (n % 100)) }), 31);
  const f = watch.figures()!;
  assert.ok(f.frames >= 490 && f.frames <= 510);
  for (const [got, want] of [[f.p50Micros, 50_500], [f.p95Micros, 95_500], [f.p99Micros, 99_500]]) {
    assert.ok(Math.abs(got! - want!) < 0.05 * want!, `${got} is not near ${want}`);
  }
  assert.equal(f.minMicros, 1000);
});

Deno.test("a host clock that is set back begins a new window", () => {
  const watch = run(healthy, 25);
  feed(watch, (n, t) => ({ stamp: t - 600e6, arrival: healthy(n, t).arrival - 600e6 }), 25, 80);
  assert.equal(watch.verdict().kind, "ok");
});

Deno.test("without a rate offset is judged and the grid is not", () => {
  const odd = run((_, t) => ({ stamp: t + 3000, arrival: t + 9000 }), 60, 50);
  assert.equal(odd.verdict().kind, "irregular");
  const watch = new SourceClockWatch(0);
  feed(watch, (_, t) => ({ stamp: t + 3000, arrival: t + 9000 }), 0, 60);
  assert.equal(watch.verdict().kind, "ok");
});
