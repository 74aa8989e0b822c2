import assert from "node:assert/strict";
import fc from "fast-check";
import { ConfigError, SampleMarks, WaveformRing } from "../core/mod.ts";
import type { TriggerOptions } from "./mod.ts";
import { WaveformTriggers } from "./mod.ts";
import {
  collector,
  type Firing,
  ringOf,
  settings,
  threePhase,
  voltages,
  write,
} from "./testing.ts";

const SECOND = 1_700_000_000;

interface Case {
  readonly name: string;
  readonly options: Partial<TriggerOptions> & { kind: string };
  readonly rate?: number;
  readonly nominalHz?: number;
  /** Values of the channels `seconds` after the start. */
  readonly signal: (seconds: number) => number[];
  readonly seconds?: number;
  /** Spoils the sample that was just written, before it is committed. */
  readonly expect: readonly {
    /** Milliseconds after the start, from and to. */
    readonly ms: readonly [number, number];
    readonly value?: readonly [number, number];
    readonly channel?: number;
  }[];
}

function run(c: Omit<Case, "expect" | "name">, blocks = 7): Firing[] {
  const stream = voltages(c.rate ?? 4800, c.nominalHz ?? 50);
  const ring = ringOf(stream, SECOND);
  const sink = collector();
  const named = [{ name: "test", options: settings(c.options) }];
  const triggers = new WaveformTriggers(stream, ring, named, sink);
  const count = (c.seconds ?? 1) * stream.rate;
  for (let i = 0; i < count; i++) {
    write(ring, stream, c.signal(i / stream.rate));
    if (i % blocks === 0) triggers.advance();
  }
  triggers.advance();
  assert.equal(triggers.skipped, 0);
  return sink.firings.map((f) => ({ ...f, at: f.at - SECOND * stream.rate }));
}

const step = (before: number, after: number, from: number, to = Infinity) => (t: number) =>
  threePhase(t >= from && t < to ? after : before, 50, t);

const CASES: readonly Case[] = [
  {
    name: "RMS above the limit, within a cycle of the step",
    options: { kind: "over", limit: 110_000 },
    signal: step(100_000, 150_000, 0.5),
    expect: [{ ms: [500, 520], value: [110_000, 125_000], channel: 0 }],
  },
  {
    name: "RMS that stays below the limit",
    options: { kind: "over", limit: 100_500 },
    signal: step(100_000, 100_400, 0.5),
    expect: [],
  },
  {
    name: "RMS below the limit in each of three phases",
    options: { kind: "under", limit: 90_000, channels: ["Va", "Vb", "Vc"] },
    signal: step(100_000, 50_000, 0.5),
    expect: [0, 1, 2].map(() => ({ ms: [500, 520] as const })),
  },
  {
    name: "a delay that the condition outlasts",
    options: { kind: "over", limit: 110_000, delayMs: 100 },
    signal: step(100_000, 150_000, 0.5),
    expect: [{ ms: [600, 620], value: [149_900, 150_100] }],
  },
  {
    name: "a delay that the condition does not outlast",
    options: { kind: "over", limit: 110_000, delayMs: 100 },
    signal: step(100_000, 150_000, 0.5, 0.58),
    expect: [],
  },
  {
    name: "hysteresis: no second trigger while the value only comes back a little",
    options: { kind: "over", limit: 110_000, hysteresis: 8000 },
    signal: (t) => threePhase(t < 0.3 ? 100_000 : t % 0.2 < 0.1 ? 115_000 : 104_000, 50, t),
    expect: [{ ms: [400, 420] }],
  },
  {
    name: "without hysteresis each crossing triggers",
    options: { kind: "over", limit: 110_000 },
    signal: (t) => threePhase(t < 0.3 ? 100_000 : t % 0.2 < 0.1 ? 104_000 : 115_000, 50, t),
    expect: [{ ms: [300, 320] }, { ms: [500, 520] }, { ms: [700, 720] }, { ms: [900, 920] }],
  },
  {
    name: "hold-off: crossings within it are passed over",
    options: { kind: "over", limit: 110_000, holdOffMs: 350 },
    signal: (t) => threePhase(t < 0.3 ? 100_000 : t % 0.2 < 0.1 ? 104_000 : 115_000, 50, t),
    expect: [{ ms: [300, 320] }, { ms: [700, 720] }],
  },
  {
    name: "a single sample above the limit, to the sample",
    options: { kind: "over", measure: "instantaneous", limit: 200_000 },
    signal: (t) => Math.abs(t - 0.4) < 1e-6 ? [-250_000, 0, 0] : threePhase(100_000, 50, t),
    expect: [{ ms: [400, 400], value: [-250_000, -250_000] }],
  },
  {
    name: "zero crossings are no dip",
    options: { kind: "under", measure: "instantaneous", limit: 130_000 },
    signal: step(100_000, 100_000, 0),
    expect: [],
  },
  {
    name: "a peak of half a cycle below the limit",
    options: { kind: "under", measure: "instantaneous", limit: 130_000 },
    signal: step(100_000, 80_000, 0.5),
    expect: [{ ms: [500, 511] }],
  },
  {
    name: "a step of magnitude",
    options: { kind: "magnitudeStep", limit: 5000, holdOffMs: 100 },
    signal: step(100_000, 93_000, 0.5),
    expect: [{ ms: [500, 522], value: [-7000, -5000] }],
  },
  {
    name: "a slow change of magnitude is no step",
    options: { kind: "magnitudeStep", limit: 5000 },
    signal: (t) => threePhase(100_000 * (1 - 0.5 * t), 50, t),
    expect: [],
  },
  {
    name: "a step of angle",
    options: { kind: "angleStep", limit: 10, minimum: 1000, holdOffMs: 100 },
    signal: (t) => threePhase(100_000, 50, t, t >= 0.5 ? 15 : 0),
    expect: [{ ms: [500, 522], value: [10, 15.5] }],
  },
  {
    name: "another frequency is no step of angle",
    options: { kind: "angleStep", limit: 3, minimum: 1000 },
    signal: (t) => threePhase(100_000, 51, t),
    expect: [],
  },
  {
    name: "noise below the minimum has no angle",
    options: { kind: "angleStep", limit: 10, minimum: 1000 },
    signal: (t) => threePhase(10, 50, t, t >= 0.5 ? 90 : 0),
    expect: [],
  },
  {
    name: "a frequency below the lower limit",
    options: { kind: "frequency", channels: ["Va", "Vb", "Vc"], low: 49.5, high: 50.5 },
    signal: (t) => threePhase(100_000, 49.45, t),
    expect: [{ ms: [110, 130], value: [49.449, 49.451] }],
  },
  {
    name: "a frequency above the upper limit, of one channel",
    options: { kind: "frequency", low: 49.5, high: 50.5 },
    signal: (t) => threePhase(100_000, 51, t),
    expect: [{ ms: [110, 130], value: [50.9, 51.1] }],
  },
  {
    name: "a frequency just within the limits",
    options: { kind: "frequency", channels: ["Va", "Vb", "Vc"], low: 49.5, high: 50.5 },
    signal: (t) => threePhase(100_000, 50.495, t),
    expect: [],
  },
  {
    name: "60 Hz at 4,000 samples per second, no whole number of samples per cycle",
    options: { kind: "frequency", channels: ["Va", "Vb", "Vc"], low: 59.9, high: 60.1 },
    rate: 4000,
    nominalHz: 60,
    signal: (t) => threePhase(100_000, 60, t),
    expect: [],
  },
  {
    name: "RMS there",
    options: { kind: "over", limit: 100_050 },
    rate: 4000,
    nominalHz: 60,
    signal: (t) => threePhase(100_000, 60, t),
    expect: [],
  },
  {
    name: "a falling frequency",
    options: { kind: "rocof", channels: ["Va", "Vb", "Vc"], limit: 1, windowMs: 100 },
    signal: (t) => threePhase(100_000, 50 - 0.5 * 1.5 * t, t),
    expect: [{ ms: [200, 240], value: [-1.51, -1.49] }],
  },
  {
    name: "a frequency that falls too slowly",
    options: { kind: "rocof", channels: ["Va", "Vb", "Vc"], limit: 1, windowMs: 100 },
    signal: (t) => threePhase(100_000, 50 - 0.5 * 0.9 * t, t),
    expect: [],
  },
  {
    name: "negative sequence: one phase at 80 %",
    options: { kind: "unbalance", channels: ["Va", "Vb", "Vc"], limit: 5 },
    signal: (t) => {
      const [a, b, c] = threePhase(100_000, 50, t);
      return t >= 0.5 ? [0.8 * a!, b!, c!] : [a!, b!, c!];
    },
    expect: [{ ms: [500, 522], value: [5, 7.2] }],
  },
  {
    name: "zero sequence: an offset of all phases",
    options: { kind: "unbalance", channels: ["Va", "Vb", "Vc"], limit: 5, sequence: "zero" },
    signal: (t) => {
      const zero = t >= 0.5 ? threePhase(6000, 50, t)[0]! : 0;
      return threePhase(100_000, 50, t).map((v) => v + zero);
    },
    expect: [{ ms: [515, 522], value: [5, 6.1] }],
  },
  {
    name: "wrong phase order is negative sequence",
    options: { kind: "unbalance", channels: ["Va", "Vb", "Vc"], limit: 50, minimum: 0.001 },
    signal: (t) => {
      const [a, b, c] = threePhase(100_000, 50, t);
      return [a!, 0.9 * c!, 0.9 * b!];
    },
    expect: [{ ms: [10, 25] }],
  },
  {
    name: "a breaker that opens",
    options: { kind: "digital", channels: ["breaker"], mask: 0x1, edge: "fall" },
    signal: (t) => [0, 0, 0, t < 0.2 ? 1 : t < 0.4 ? 2 : 3],
    expect: [{ ms: [200, 200], channel: 3, value: [2, 2] }],
  },
  {
    name: "contacts that bounce",
    options: { kind: "digital", channels: ["breaker"], mask: 0x1, edge: "any", delayMs: 20 },
    signal: (t) => [0, 0, 0, t < 0.2 ? 1 : t < 0.21 ? Math.round(t * 1000) & 1 : 0],
    expect: [{ ms: [229, 231] }],
  },
];

for (const c of CASES) {
  Deno.test(`waveform trigger: ${c.name}`, () => {
    const firings = run(c);
    const rate = c.rate ?? 4800;
    assert.equal(firings.length, c.expect.length, JSON.stringify(firings));
    c.expect.forEach(({ ms, value, channel }, i) => {
      const f = firings[i]!;
      const at = (f.at / rate) * 1000;
      assert.ok(at >= ms[0] - 1e-6 && at <= ms[1] + 1e-6, `fired at ${at} ms`);
      if (value) assert.ok(f.value >= value[0] && f.value <= value[1], `value ${f.value}`);
      if (channel !== undefined) assert.equal(f.channel, channel);
    });
  });
}

Deno.test("waveform triggers do not depend on how samples come in blocks", () => {
  for (const c of CASES.slice(0, 8)) {
    const one = run(c, 1);
    for (const blocks of [6, 50, 1000]) assert.deepEqual(run(c, blocks), one);
  }
});

Deno.test("waveform trigger: the condition began before the delay", () => {
  const [f] = run({
    options: { kind: "over", measure: "instantaneous", limit: 120_000, delayMs: 0 },
    signal: step(80_000, 100_000, 0.5),
  });
  assert.equal(f!.since - SECOND * 4800, f!.at);
  const [late] = run({
    options: { kind: "over", limit: 110_000, delayMs: 100 },
    signal: step(100_000, 150_000, 0.5),
  });
  assert.equal(late!.at - (late!.since - SECOND * 4800), 480);
});

Deno.test("RMS agrees with a direct sum, whatever came before", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), {
        minLength: 200,
        maxLength: 600,
      }),
      fc.integer({ min: 1, max: 1e7 }),
      (raw, limit) => {
        const stream = voltages(4800, 50);
        const ring = ringOf(stream);
        const sink = collector();
        const options = settings({ kind: "over", limit });
        const triggers = new WaveformTriggers(stream, ring, [{ name: "t", options }], sink);
        const expected: number[] = [];
        let was = false;
        let sensitive = false;
        raw.forEach((value, i) => {
          ring.values[0]![ring.position] = value;
          ring.commit();
          triggers.advance();
          if (i < 96) return; // the window and the sample before it
          let sum = 0;
          for (let j = i - 95; j <= i; j++) sum += (raw[j]! * 0.01) ** 2;
          const mean = sum / 96;
          sensitive ||= Math.abs(mean / limit ** 2 - 1) < 1e-9;
          const is = mean > limit ** 2;
          if (is && !was) expected.push(i);
          was = is;
        });
        if (!sensitive) {
          assert.deepEqual(sink.firings.map((f) => f.at - 1_700_000_000 * 4800), expected);
        }
      },
    ),
    { numRuns: 50 },
  );
});

for (
  const [name, quality, marks, questionable, fires] of [
    ["good", 0, 0, true, true],
    ["invalid", 1, 0, true, false],
    ["reserved", 2, 0, true, false],
    ["questionable", 3, 0, true, true],
    ["questionable, not wanted", 3, 0, false, false],
    ["overflow", 3 | 4, 0, true, true],
    ["missing", 0, SampleMarks.Filled, true, false],
  ] as [string, number, number, boolean, boolean][]
) {
  Deno.test(`a sample triggers by its quality: ${name}`, () => {
    const stream = voltages(4800, 50);
    const ring = ringOf(stream);
    const sink = collector();
    const triggers = new WaveformTriggers(stream, ring, [
      {
        name: "peak",
        options: settings({ kind: "over", measure: "instantaneous", limit: 200_000, questionable }),
      },
      { name: "rms", options: settings({ kind: "over", limit: 120_000, questionable }) },
      { name: "dip", options: settings({ kind: "under", limit: 90_000, questionable }) },
      { name: "step", options: settings({ kind: "magnitudeStep", limit: 10_000, questionable }) },
      { name: "angle", options: settings({ kind: "angleStep", limit: 5, questionable }) },
      {
        name: "unbalance",
        options: settings({
          kind: "unbalance",
          channels: ["Va", "Vb", "Vc"],
          limit: 5,
          questionable,
        }),
      },
    ], sink);
    for (let i = 0; i < 4800; i++) {
      const at = ring.position;
      const isBad = i >= 2400 && i < 2440;
      write(ring, stream, isBad ? [900_000, 0, 0, 0] : threePhase(100_000, 50, i / 4800));
      if (isBad) {
        for (const channel of ring.quality) channel[at] = quality;
        ring.marks[at] = marks;
      }
      triggers.advance();
    }
    const fired = new Set(sink.firings.map((f) => f.trigger));
    assert.deepEqual([...fired].sort(), fires ? [0, 1, 3, 4, 5] : []);
  });
}

for (
  const [name, conditions, quality, marks, fires] of [
    ["invalid", ["invalid"], 1, 0, true],
    ["invalid, as some write it", ["invalid"], 2, 0, true],
    ["questionable is not invalid", ["invalid"], 3, 0, false],
    ["questionable", ["questionable"], 3, 0, true],
    ["overflow", ["overflow"], 4, 0, true],
    ["missing", ["missing"], 1, SampleMarks.Filled, true],
    ["missing is not invalid", ["invalid"], 1, SampleMarks.Filled, false],
    ["not synchronised", ["notSynchronised"], 0, SampleMarks.NotSynchronised, true],
    ["another condition", ["test"], 4, SampleMarks.TimeSuspect, false],
  ] as [string, string[], number, number, boolean][]
) {
  Deno.test(`quality trigger: ${name}`, () => {
    const stream = voltages(4800, 50);
    const ring = ringOf(stream);
    const sink = collector();
    const options = settings({ kind: "quality", conditions } as never);
    const triggers = new WaveformTriggers(stream, ring, [{ name: "q", options }], sink);
    for (let i = 0; i < 100; i++) {
      const at = ring.position;
      write(ring, stream, [0, 0, 0, 0]);
      if (i === 50) {
        ring.quality[0]![at] = quality;
        ring.marks[at] = marks;
      }
      triggers.advance();
    }
    assert.deepEqual(
      sink.firings.map((f) => f.at - SECOND * 4800),
      fires ? [50] : [],
    );
  });
}

Deno.test("a restarted ring makes no trigger, and triggers work after it", () => {
  const stream = voltages(4800, 50);
  const ring = ringOf(stream);
  const sink = collector();
  const all = ["Va", "Vb", "Vc"];
  const triggers = new WaveformTriggers(stream, ring, [
    { name: "rms", options: settings({ kind: "over", limit: 120_000, holdOffMs: 10_000 }) },
    { name: "step", options: settings({ kind: "magnitudeStep", limit: 5000 }) },
    { name: "angle", options: settings({ kind: "angleStep", limit: 5 }) },
    { name: "f", options: settings({ kind: "frequency", channels: all, low: 49, high: 51 }) },
  ], sink);
  const play = (count: number, rms: number, degrees: number) => {
    for (let i = 0; i < count; i++) {
      write(ring, stream, threePhase(rms, 50, ring.next / 4800, degrees));
      triggers.advance();
    }
  };
  play(2000, 100_000, 0);
  ring.restart((SECOND - 3600) * 4800 + 17); // an hour back
  triggers.restarted();
  play(2000, 100_000, 77);
  assert.equal(sink.firings.length, 0);
  play(500, 150_000, 77);
  assert.ok(sink.firings.some((f) => f.trigger === 0));
  const before = sink.firings.length;
  ring.restart((SECOND - 7200) * 4800); // the hold-off was in the old numbers
  triggers.restarted();
  play(500, 100_000, 0);
  play(500, 150_000, 0);
  assert.ok(sink.firings.slice(before).some((f) => f.trigger === 0));
  assert.deepEqual(triggers.figures().map((f) => f.name), ["rms", "step", "angle", "f"]);
});

Deno.test("samples that were overwritten before they were looked at are counted", () => {
  const stream = voltages(4800, 50);
  const ring = ringOf(stream);
  const sink = collector();
  const options = settings({ kind: "under", limit: 90_000 });
  const triggers = new WaveformTriggers(stream, ring, [{ name: "t", options }], sink);
  for (let i = 0; i < 4800 * 3; i++) write(ring, stream, threePhase(100_000, 50, i / 4800));
  triggers.advance();
  // The ring holds 9,600; one cycle of 96 and one more sample must still stand behind the oldest.
  assert.equal(triggers.skipped, 4800 + 97);
  assert.equal(sink.firings.length, 0);
});

Deno.test("extending follows the condition of the triggers that ask for it", () => {
  const stream = voltages(4800, 50);
  const ring = ringOf(stream);
  const triggers = new WaveformTriggers(stream, ring, [
    { name: "plain", options: settings({ kind: "over", limit: 110_000 }) },
    { name: "long", options: settings({ kind: "over", limit: 140_000, extendWhileActive: true }) },
  ], collector());
  const at = (rms: number) => {
    for (let i = 0; i < 200; i++) write(ring, stream, threePhase(rms, 50, ring.next / 4800));
    triggers.advance();
    return triggers.isExtending;
  };
  assert.deepEqual([100_000, 120_000, 150_000, 120_000].map(at), [false, false, true, false]);
});

Deno.test("channels that a stream does not have are refused by name, and passed over for all streams", () => {
  const stream = voltages(4800, 50);
  const ring = ringOf(stream);
  const wrong = settings({ kind: "over", limit: 1, channels: ["Va", "Ix"] });
  assert.throws(
    () => new WaveformTriggers(stream, ring, [{ name: "t", options: wrong }], collector()),
    (error) =>
      error instanceof ConfigError && /expected a channel of bay1 .*"Ix"/.test(error.message),
  );
  const options = { ...wrong, streams: ["*"] };
  const triggers = new WaveformTriggers(stream, ring, [{ name: "t", options }], collector());
  assert.deepEqual(triggers.figures(), [{ name: "t", fired: 0, heldOff: 0 }]);
  assert.throws(
    () => new WaveformTriggers(stream, new WaveformRing(4, 4800, 190), [], collector()),
    RangeError,
  );
});
