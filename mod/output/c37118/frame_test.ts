import assert from "node:assert/strict";
import fc from "fast-check";
import { type ClockReport, StateFlags, UNWATCHED_CLOCK } from "../../core/mod.ts";
import {
  commonStatusOf,
  type Configuration,
  encodeRawData,
  FormatBits,
  messageTimeQuality,
  readRawBlocks,
  statBitsOfClock,
  statFields,
  toEngineering,
} from "../../c37118/mod.ts";
import { asOf2005, type BlockFindings, statOfBlock, withClock } from "./block_status.ts";
import { FrameMaker } from "./frame_maker.ts";
import { shapeOf } from "./shape.ts";
import { onePmu, outputOptions, PART, Station } from "./testing.ts";

const SECOND = 1_700_000_000;

/** What was found where everything came. */
const found = (change: Partial<BlockFindings>): BlockFindings => ({
  word: 0,
  hasWord: true,
  present: 10,
  missing: 0,
  flags: 0,
  ...change,
});

const STATS: [string, Partial<BlockFindings>, number][] = [
  ["all came", {}, 0],
  ["what the device said", { word: commonStatusOf(0x21f3) }, 0x21f3],
  ["a word without its upper half", { word: 0x6c0f }, 0x6c0f],
  ["a value did not come", { missing: 1 }, 0x8000],
  ["the status word did not come", { word: NaN }, 0x8000],
  ["the device has no status word", { word: NaN, hasWord: false }, 0],
  ["nothing came", { word: NaN, present: 0, missing: 10 }, 0xa000],
  ["filler stays filler", { word: commonStatusOf(0xffff), flags: StateFlags.DownSampled }, 0xffff],
  ["bad time of a value", { flags: StateFlags.BadTime }, 0x2000],
  ["a device in error", { flags: StateFlags.SystemError }, 0x4000],
  ["down-sampled", { flags: StateFlags.DownSampled }, 0x0200],
  ["up-sampled", { flags: StateFlags.UpSampled }, 0x0200],
  ["a bad value alone", { flags: StateFlags.BadData }, 0],
];
for (const [name, change, expected] of STATS) {
  Deno.test(`output/c37118: STAT: ${name}`, () => {
    assert.equal(statOfBlock(found(change)), expected);
  });
}

const anyReport = fc.record({
  state: fc.constantFrom<ClockReport["state"]>("locked", "local", "holdover", "free", "fault"),
  errorNs: fc.constantFrom(0, 50, 5e3, 5e5, 5e7, 5e9, Infinity),
  ago: fc.constantFrom(0, 5, 50, 500, 5000, NaN),
});

Deno.test("output/c37118: STAT: no flag and no clock clears what a device has said", () => {
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 0xffff }),
    fc.integer({ min: 0, max: 3 }),
    fc.integer({ min: 0, max: 0x7fffffff }),
    anyReport,
    (stat, missing, flags, { state, errorNs, ago }) => {
      const own = statOfBlock(found({ word: commonStatusOf(stat), missing, flags }));
      assert.equal(own & stat, stat);
      const now = SECOND * 1e6;
      const report = { ...UNWATCHED_CLOCK, state, errorNs, lockedMicros: now - ago * 1e6 };
      const bits = statBitsOfClock(report, now);
      const a = statFields(own), b = statFields(bits), both = statFields(withClock(own, bits));
      assert.deepEqual(both, {
        ...a,
        syncLost: a.syncLost || b.syncLost,
        timeQuality: Math.max(a.timeQuality, b.timeQuality),
        unlocked: Math.max(a.unlocked, b.unlocked),
      });
      const old = asOf2005(own);
      assert.equal(old === 0xffff ? 0 : old & 0x03c0, 0, "what edition 2005 reserves");
    },
  ));
});

/** A station with one device, and a maker of its frames. */
function one(source: Configuration, change: Parameters<typeof outputOptions>[0] = {}) {
  const options = outputOptions(change);
  const station = new Station(options);
  station.device("A", source);
  const { layout } = station.aligned(SECOND, 0, {});
  const permitted = station.access.permitted(PART);
  const shape = shapeOf(layout, permitted, station.registry, options)!;
  const { edition } = options;
  const estimates = () => false;
  const maker = new FrameMaker(shape, layout, permitted, station.registry, { edition, estimates });
  return { station, shape, maker };
}

/** What frames are made with where the clock says nothing. */
const CALM = {
  frameClock: undefined,
  ownClock: UNWATCHED_CLOCK,
  nowMicros: SECOND * 1e6,
  announces: false,
};

Deno.test("output/c37118: every format gives back the values, within what it can tell", () => {
  const value = fc.double({ min: -1e4, max: 1e4, noNaN: true });
  const angle = fc.double({ min: -3, max: 3, noNaN: true });
  const block = fc.record({
    stat: fc.integer({ min: 0, max: 0xfffe }),
    phasors: fc.tuple(
      fc.tuple(fc.double({ min: 0, max: 3e4, noNaN: true }), angle),
      fc.tuple(fc.double({ min: 0, max: 3e3, noNaN: true }), angle),
    ),
    freq: fc.double({ min: 45, max: 65, noNaN: true }),
    dfreq: fc.double({ min: -9, max: 9, noNaN: true }),
    analogs: fc.tuple(value),
    digitals: fc.tuple(fc.integer({ min: 0, max: 0xffff })),
  });
  const format = fc.constantFrom<"float" | "integer">("float", "integer");
  const settings = fc.record({
    phasors: format,
    frequencies: format,
    analogs: format,
    coordinates: fc.constantFrom<"polar" | "rectangular">("polar", "rectangular"),
  });
  const source = onePmu();
  fc.assert(fc.property(block, settings, fc.nat({ max: 49 }), (sent, change, index) => {
    const { station, shape, maker } = one(source, {
      ...change,
      voltsPerCount: 1,
      amperesPerCount: 0.125,
    });
    const bytes = encodeRawData(source, { idCode: 7, soc: SECOND, fracSec: index * 20_000 }, [{
      ...sent,
      phasors: [...sent.phasors],
      analogs: [...sent.analogs],
      digitals: [...sent.digitals],
    }]);
    const made = maker.make(station.aligned(SECOND, index, { A: bytes }), CALM);
    assert.equal(made.length, maker.size);
    const view = new DataView(made.buffer);
    assert.deepEqual([view.getUint32(6), view.getUint32(10) & 0xffffff], [SECOND, index * 20_000]);
    const [pmu] = shape.configuration.pmus;
    const [raw] = readRawBlocks(made, shape.configuration);
    const before = toEngineering(source.pmus[0]!, readRawBlocks(bytes, source)[0]!);
    const after = toEngineering(pmu!, raw!);
    assert.equal(raw!.stat, sent.stat);
    assert.deepEqual(raw!.digitals, sent.digitals);
    const near = (a: number, b: number, step: number, what: string) =>
      assert.ok(
        Math.abs(a - b) <= step + 4e-7 * Math.abs(b),
        `${what}: sent ${b}, found ${a}`,
      );
    const integers = change.phasors === "integer";
    before.phasors.forEach(([magnitude, angle], i) => {
      const [m, a] = after.phasors[i]!;
      const count = i === 0 ? 1 : 0.125;
      near(m, magnitude, integers ? count : 1e-6, "magnitude");
      const turn = Math.abs(a - angle) % 360;
      // In rectangular counts a small magnitude says little of its angle.
      const blur = !integers
        ? 1e-3
        : change.coordinates === "polar"
        ? 6e-3
        : Math.min(180, 60 * count / Math.max(magnitude, 1e-9));
      if (magnitude > 1e-3) assert.ok(Math.min(turn, 360 - turn) <= blur, `${a} and ${angle}`);
    });
    near(after.freq, before.freq, change.frequencies === "integer" ? 5.1e-4 : 0, "frequency");
    near(after.dfreq, before.dfreq, change.frequencies === "integer" ? 5.1e-3 : 0, "rate");
    near(after.analogs[0]!, before.analogs[0]!, change.analogs === "integer" ? 0.51 : 0, "analog");
  }));
});

Deno.test("output/c37118: a value that is bad by itself is sent as missing, a bad device as it says", () => {
  const source = onePmu();
  const { station, shape, maker } = one(source);
  const bytes = (stat: number) =>
    encodeRawData(source, { idCode: 7, soc: SECOND }, [{
      stat,
      phasors: [[100, 1], [10, 1]],
      freq: 60,
      dfreq: 0,
      analogs: [5],
      digitals: [1],
    }]);
  const frame = station.aligned(SECOND, 0, { A: bytes(0) });
  frame.flags[4]! |= StateFlags.BadData; // FREQ: as an estimator marks one channel
  const [alone] = readRawBlocks(maker.make(frame, CALM), shape.configuration);
  assert.deepEqual([alone!.stat, alone!.freq, alone!.analogs], [0, NaN, [5]]);
  const all = station.aligned(SECOND, 0, { A: bytes(0x8000) });
  const [device] = readRawBlocks(maker.make(all, CALM), shape.configuration);
  assert.deepEqual([device!.stat, device!.freq, device!.analogs], [0x8000, 60, [5]]);
});

Deno.test("output/c37118: a stamp at the end of a second is carried", () => {
  const source = { ...onePmu(), timeBase: 16_777_215 };
  const { station, maker } = one(source, {
    stream: "received",
    devices: [{ device: "A" }],
    timeBase: 50,
  });
  const bytes = encodeRawData(source, { idCode: 7, soc: SECOND, fracSec: 16_777_000 }, [{
    stat: 0,
    phasors: [[1, 1], [1, 1]],
    freq: 60,
    dfreq: 0,
    analogs: [0],
    digitals: [0],
  }]);
  const made = new DataView(maker.make(station.received("A", bytes), CALM).buffer);
  assert.deepEqual([made.getUint32(6), made.getUint32(10) & 0xffffff], [SECOND + 1, 0]);
});

Deno.test("output/c37118: a rate whose stamps have no whole nanoseconds counts by index", () => {
  const options = outputOptions({ timeBase: 1_000_000 });
  const station = new Station(options, 30);
  station.device("A", onePmu());
  const { layout } = station.aligned(SECOND, 0, {});
  const permitted = station.access.permitted(PART);
  const shape = shapeOf(layout, permitted, station.registry, options)!;
  const maker = new FrameMaker(shape, layout, permitted, station.registry, {
    edition: 2011,
    estimates: () => false,
  });
  const counts = [0, 1, 2, 29].map((index) => {
    const bytes = maker.make(station.aligned(SECOND, index, {}), CALM);
    return new DataView(bytes.buffer).getUint32(10) & 0xffffff;
  });
  assert.deepEqual(counts, [0, 33_333, 66_667, 966_667]);
});

Deno.test("output/c37118: the clock stands in FRACSEC, whatever its state", () => {
  const { station, maker } = one(onePmu());
  fc.assert(fc.property(anyReport, ({ state, errorNs }) => {
    const frameClock = { ...UNWATCHED_CLOCK, state, errorNs };
    const made = maker.make(station.aligned(SECOND, 0, {}), { ...CALM, frameClock });
    assert.equal(made[10], messageTimeQuality(frameClock));
  }));
});

Deno.test("output/c37118: a frame that waited over a leap second says what held at its stamp", () => {
  const { station, maker } = one(onePmu());
  // What is known as the frames are sent: a second was inserted, SECOND is the first one after it.
  const frameClock: ClockReport = {
    ...UNWATCHED_CLOCK,
    state: "locked",
    leapSecond: { atSeconds: SECOND, isDeleted: false },
  };
  const circumstances = { ...CALM, frameClock, nowMicros: SECOND * 1e6 + 40_000 };
  const table: [second: number, index: number, quality: number][] = [
    [SECOND - 61, 49, 0],
    [SECOND - 60, 0, 0x10],
    [SECOND - 1, 49, 0x10], // waited
    [SECOND, 0, 0x20],
  ];
  for (const [second, index, quality] of table) {
    const made = maker.make(station.aligned(second, index, {}), circumstances);
    assert.equal(made[10], quality, `${second - SECOND} s, frame ${index}`);
  }
});

Deno.test("output/c37118: frames above 65535 bytes are refused", () => {
  const many = onePmu({
    phasors: Array.from({ length: 8200 }, (_, i) => ({
      name: `P${i}`,
      kind: "V" as const,
      typeByte: 0,
      factor: 1,
    })),
    format: FormatBits.Polar, // integers, as the device sends them
  });
  assert.throws(() => one(many), { name: "DecodeError", kind: "size" });
});
