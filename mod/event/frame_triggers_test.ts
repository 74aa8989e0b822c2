import assert from "node:assert/strict";
import {
  type Frame,
  makeFrame,
  makeLayout,
  type Signal,
  type SignalType,
  StateFlags,
} from "../core/mod.ts";
import type { TriggerOptions } from "./mod.ts";
import { FrameTriggers } from "./mod.ts";
import { collector, settings } from "./testing.ts";

const SIGNALS: readonly [string, SignalType, string][] = [
  ["SHELBY", "FREQ", ""],
  ["SHELBY", "DFDT", ""],
  ["SHELBY", "VPHM", "VA"],
  ["SHELBY", "VPHA", "VA"],
  ["SHELBY", "VPHM", "VB"],
  ["SHELBY", "VPHA", "VB"],
  ["SHELBY", "VPHM", "VC"],
  ["SHELBY", "VPHA", "VC"],
  ["SHELBY", "DIGI", "BREAKERS"],
  ["OTHER", "FREQ", ""],
  ["OTHER", "ALRM", "OIL"],
];

/** Values in a frame, by place. */
type Values = Readonly<Record<number, number>>;
const QUIET: Values = {
  0: 50,
  1: 0,
  2: 63_500,
  3: 0,
  4: 63_500,
  5: -120,
  6: 63_500,
  7: 120,
  8: 3,
  9: 50,
};
const PER_SECOND = 50;

interface Case {
  readonly name: string;
  readonly options: Partial<TriggerOptions> & { kind: string };
  /** What frame `i` has beside the quiet values. */
  readonly frame: (i: number) => Values;
  readonly flags?: (i: number) => Values;
  /** Frames that never come. */
  readonly lost?: (i: number) => boolean;
  /** Frames that trigger. */
  readonly expect: readonly number[];
}

const CASES: readonly Case[] = [
  {
    name: "low frequency",
    options: { kind: "frequency", channels: [], low: 49.5, hysteresis: 0.05 },
    frame: (i) => ({ 0: i < 10 ? 50 : i < 20 ? 49.4 : i < 30 ? 49.52 : i < 40 ? 49.6 : 49.4 }),
    expect: [10, 40],
  },
  {
    name: "a frequency that was low for the delay",
    options: { kind: "frequency", channels: [], low: 49.5, delayMs: 100 },
    frame: (i) => ({ 0: (i >= 10 && i < 14) || i >= 30 ? 49.4 : 50 }),
    expect: [35],
  },
  {
    name: "rate of change of frequency, falling",
    options: { kind: "rocof", channels: [], limit: 1 },
    frame: (i) => ({ 1: i === 7 ? -1.2 : 0.9 }),
    expect: [7],
  },
  {
    name: "a magnitude below a limit, held off",
    options: { kind: "under", channels: ["VA", "VB", "VC"], limit: 57_000, holdOffMs: 200 },
    frame: (i) => ({ 2: i === 5 || i === 9 || i === 15 ? 50_000 : 63_500 }),
    expect: [5, 15],
  },
  {
    name: "a step of magnitude",
    options: { kind: "magnitudeStep", channels: ["*"], limit: 1000 },
    frame: (i) => ({ 4: i < 20 ? 63_500 : 60_000 }),
    expect: [20],
  },
  {
    name: "a step of angle among angles that turn",
    options: { kind: "angleStep", channels: ["VA"], limit: 5, holdOffMs: 100 },
    frame: (i) => ({ 3: ((i * 7 + (i >= 25 ? 10 : 0) + 180) % 360) - 180 }),
    expect: [25],
  },
  {
    name: "negative sequence",
    options: { kind: "unbalance", channels: ["VA", "VB", "VC"], limit: 5 },
    frame: (i) => ({ 2: i < 20 ? 63_500 : 50_000 }),
    expect: [20],
  },
  {
    name: "zero sequence",
    options: { kind: "unbalance", channels: ["VA", "VB", "VC"], limit: 5, sequence: "zero" },
    frame: (i) => ({ 7: i < 20 ? 120 : 100 }),
    expect: [20],
  },
  {
    name: "negative sequence of a dead line",
    options: { kind: "unbalance", channels: ["VA", "VB", "VC"], limit: 5, minimum: 1000 },
    frame: () => ({ 2: 100, 4: 0, 6: 0 }),
    expect: [],
  },
  {
    name: "a bit that falls",
    options: { kind: "digital", channels: ["BREAKERS"], mask: 2, edge: "fall" },
    frame: (i) => ({ 8: i < 10 ? 3 : i < 20 ? 2 : i < 30 ? 1 : 3 }),
    expect: [20],
  },
  {
    name: "an alarm that is raised, as a signal",
    options: { kind: "alarm", channels: [], devices: [], alarms: ["OIL"], delayMs: 40 },
    frame: (i) => ({ 10: (i >= 10 && i < 12) || i >= 20 ? 1 : 0 }),
    expect: [22],
  },
  {
    name: "another alarm",
    options: { kind: "alarm", channels: [], devices: [], alarms: ["WATER"] },
    frame: () => ({ 10: 1 }),
    expect: [],
  },
  {
    name: "bad data do not trigger",
    options: { kind: "frequency", channels: [], low: 49.5 },
    frame: (i) => ({ 0: i > 10 ? 0 : 50 }),
    flags: (i) => ({ 0: i > 10 ? StateFlags.BadData : 0 }),
    expect: [],
  },
  {
    name: "missing values do not trigger",
    options: { kind: "under", channels: ["VA"], limit: 57_000 },
    frame: (i) => ({ 2: i > 10 ? NaN : 63_500 }),
    expect: [],
  },
  {
    name: "suspect data trigger",
    options: { kind: "frequency", channels: [], low: 49.5 },
    frame: (i) => ({ 0: i > 10 ? 49 : 50 }),
    flags: () => ({ 0: StateFlags.SuspectData }),
    expect: [11],
  },
  {
    name: "suspect data do not trigger where they are not wanted",
    options: { kind: "frequency", channels: [], low: 49.5, questionable: false },
    frame: (i) => ({ 0: i > 10 ? 49 : 50 }),
    flags: () => ({ 0: StateFlags.SuspectData }),
    expect: [],
  },
  {
    name: "a delay begins anew after a second without frames",
    options: { kind: "frequency", channels: [], low: 49.5, delayMs: 200 },
    frame: (i) => ({ 0: i >= 10 ? 49 : 50 }),
    lost: (i) => i >= 15 && i < 65,
    expect: [75],
  },
];

for (const c of CASES) {
  Deno.test(`synchrophasor trigger: ${c.name}`, () => {
    const { sink, feed } = make(c.options);
    for (let i = 0; i < 100; i++) {
      if (!c.lost?.(i)) feed(i, { ...QUIET, ...c.frame(i) }, c.flags?.(i));
    }
    const fired = sink.firings.map((f) => Math.round((f.at / 1e6 - 1_700_000_000) * PER_SECOND));
    assert.deepEqual(fired, c.expect);
  });
}

Deno.test("synchrophasor triggers pass over a frame that is not newer, and follow a clock set back", () => {
  const { sink, feed } = make({ kind: "frequency", channels: [], low: 49.5, holdOffMs: 10_000 });
  feed(10, QUIET);
  feed(10, { ...QUIET, 0: 49 });
  feed(9, { ...QUIET, 0: 49 });
  assert.equal(sink.firings.length, 0);
  feed(11, { ...QUIET, 0: 49 });
  assert.equal(sink.firings.length, 1);
  feed(-200 * PER_SECOND, QUIET);
  feed(-200 * PER_SECOND + 1, { ...QUIET, 0: 49 });
  assert.equal(sink.firings.length, 2);
});

Deno.test("synchrophasor triggers watch the devices that they name", () => {
  const options = { kind: "frequency", channels: [], low: 49.5 } as const;
  const other = make({ ...options, devices: ["OTHER"] });
  other.feed(1, { ...QUIET, 0: 40 });
  assert.equal(other.sink.firings.length, 0);
  other.feed(2, { ...QUIET, 9: 40 });
  assert.equal(other.sink.firings.length, 1);
  const all = make({ ...options, devices: ["*"] });
  all.feed(1, { ...QUIET, 0: 40, 9: 40 });
  assert.deepEqual(all.sink.sources, ["SHELBY ", "OTHER "]);
  const any = make({ kind: "under", channels: ["*"], limit: 1000, devices: ["SHELBY"] });
  any.feed(1, { ...QUIET, 4: 10 });
  assert.deepEqual(any.sink.sources, ["SHELBY VB"]);
  const none = make({ ...options, devices: ["NOBODY"] });
  assert.equal(none.triggers.isEmpty, true);
  assert.deepEqual(all.triggers.figures(), [{ name: "test", fired: 2, heldOff: 0 }]);
});

function make(options: Partial<TriggerOptions> & { kind: string }) {
  const layout = makeLayout("test", SIGNALS.map((_, i) => i), [], PER_SECOND);
  const signals = SIGNALS.map(([device, type, label], handle) =>
    // The other fields of a signal are not looked at.
    ({ handle, device, type, label }) as Signal
  );
  const sink = { ...collector(), sources: [] as string[] };
  const named = settings({ devices: ["SHELBY"], streams: [], ...options });
  const triggers = new FrameTriggers(
    layout,
    (handle) => signals[handle],
    [{ name: "test", options: named }],
    {
      fired: (trigger, at, since, device, label, value) => {
        sink.triggered(trigger, at, since, 0, value);
        sink.sources.push(`${device} ${label}`);
      },
    },
  );
  const frame: Frame = makeFrame(layout);
  const feed = (i: number, values: Values, flags: Values = {}) => {
    const second = Math.floor(i / PER_SECOND);
    frame.instant.seconds = 1_700_000_000 + second;
    frame.instant.nanos = ((i - second * PER_SECOND) * 1e9) / PER_SECOND;
    for (let place = 0; place < SIGNALS.length; place++) {
      frame.values[place] = values[place] ?? NaN;
      frame.flags[place] = flags[place] ?? 0;
    }
    triggers.accept(frame);
    frame.values.fill(12_345); // what was lent is gone
  };
  return { sink, feed, triggers };
}
