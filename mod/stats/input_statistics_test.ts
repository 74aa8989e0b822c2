import assert from "node:assert/strict";
import type { Frame, SignalType } from "../core/mod.ts";
import { makeFrame, makeLayout, setFromMicros, setFromSlot, StateFlags } from "../core/mod.ts";
import { InputStatistics } from "./input_statistics.ts";
import { MissingFrames } from "./missing_frames.ts";
import { INPUT_STREAM_STATISTICS } from "./statistics.ts";

const START = 1_700_000_000;
const TYPES: SignalType[] = ["FLAG", "FREQ", "DFDT", "VPHM", "VPHA", "FLAG", "FREQ", "DFDT"];
const LAYOUT = makeLayout("in", [0, 1, 2, 3, 4, 5, 6, 7], [
  { device: "SHELBY", offset: 0, count: 5 },
  { device: "FREEPORT", offset: 5, count: 3 },
], 50);

function frameAt(n: number, delayMicros = 30_000): Frame {
  const frame = makeFrame(LAYOUT);
  setFromSlot(frame.instant, START, n, 50);
  frame.values.set([0, 50, 0, 1000, 10, 0, 50.01, 0.1]);
  frame.arrivalMicros = frame.instant.seconds * 1e6 + frame.instant.nanos / 1000 + delayMicros;
  return frame;
}

function makeStatistics(): InputStatistics {
  const s = new InputStatistics(0);
  s.configure(LAYOUT, TYPES);
  s.connection(true);
  return s;
}

Deno.test("an interval of regular frames, by the names that operators know", () => {
  const s = makeStatistics();
  for (let interval = 0; interval < 2; interval++) {
    s.configurationFrame();
    s.headerFrame();
    s.otherFrame();
    for (let n = 0; n < 500; n++) {
      const ms = interval * 10_000 + n * 20;
      s.bytes(100);
      s.dataFrame(frameAt(interval * 500 + n, n % 2 ? 20_000 : 40_000), ms);
      if (ms % 1000 === 0 && n > 0) assert.equal(s.advance(ms), false);
    }
    assert.equal(s.advance(interval * 10_000 + 10_000), true);
  }
  const rows = Object.fromEntries(
    s.rows("IN").map((r) => [`${r.source}${r.suffix} ${r.name}`, r.value]),
  );
  assert.deepEqual(rows, {
    "IN!IS-ST1 Total Frames": 503,
    "IN!IS-ST2 Last Report Time": START % 86_400 + 19.98,
    "IN!IS-ST3 Missing Frames": 0,
    "IN!IS-ST4 CRC Errors": 0,
    "IN!IS-ST5 Out of Order Frames": 0,
    "IN!IS-ST6 Minimum Latency": 20,
    "IN!IS-ST7 Maximum Latency": 40,
    "IN!IS-ST8 Input Stream Connected": 1,
    "IN!IS-ST9 Received Configuration": 1,
    "IN!IS-ST10 Configuration Changes": 0,
    "IN!IS-ST11 Total Data Frames": 500,
    "IN!IS-ST12 Total Configuration Frames": 1,
    "IN!IS-ST13 Total Header Frames": 1,
    "IN!IS-ST14 Average Latency": 30,
    "IN!IS-ST15 Defined Frame Rate": 50,
    "IN!IS-ST16 Actual Frame Rate": 50,
    "IN!IS-ST17 Actual Data Rate": 0.04,
    "IN!IS-ST18 Missing Data": 0,
    "IN!IS-ST19 Total Bytes Received": 50_000,
    "IN!IS-ST20 Lifetime Measurements": 8000,
    "IN!IS-ST21 Lifetime Bytes Received": 100_000,
    "IN!IS-ST22 Minimum Measurements Per Second": 400,
    "IN!IS-ST23 Maximum Measurements Per Second": 400,
    "IN!IS-ST24 Average Measurements Per Second": 400,
    "IN!IS-ST25 Lifetime Minimum Latency": 20,
    "IN!IS-ST26 Lifetime Maximum Latency": 40,
    "IN!IS-ST27 Lifetime Average Latency": 30,
    "IN!IS-ST28 Up Time": 20,
    "SHELBY!PMU-ST1 Data Quality Errors": 0,
    "SHELBY!PMU-ST2 Time Quality Errors": 0,
    "SHELBY!PMU-ST3 Device Errors": 0,
    "SHELBY!PMU-ST4 Measurements Received": 2500,
    "SHELBY!PMU-ST5 Measurements Expected": 2500,
    "SHELBY!PMU-ST6 Measurements With Error": 0,
    "SHELBY!PMU-ST7 Measurements Defined": 5,
    "FREEPORT!PMU-ST1 Data Quality Errors": 0,
    "FREEPORT!PMU-ST2 Time Quality Errors": 0,
    "FREEPORT!PMU-ST3 Device Errors": 0,
    "FREEPORT!PMU-ST4 Measurements Received": 1500,
    "FREEPORT!PMU-ST5 Measurements Expected": 1500,
    "FREEPORT!PMU-ST6 Measurements With Error": 0,
    "FREEPORT!PMU-ST7 Measurements Defined": 3,
  });
});

Deno.test("quality bits count per device and frame, values per measurement; fillers do not count", () => {
  const s = makeStatistics();
  const bad = frameAt(0);
  bad.flags.fill(StateFlags.BadData | StateFlags.BadTime, 0, 5);
  bad.flags.fill(StateFlags.SystemError, 5);
  bad.values[3] = NaN;
  s.dataFrame(bad, 0);
  const filler = frameAt(1);
  filler.values[6] = 0;
  s.dataFrame(filler, 20);
  s.advance(10_000);
  const shelby = s.device("SHELBY")!, freeport = s.device("FREEPORT")!;
  assert.deepEqual(
    [shelby.dataQualityErrors, shelby.timeQualityErrors, shelby.deviceErrors],
    [1, 1, 0],
  );
  assert.deepEqual([shelby.measurementsReceived, shelby.measurementsWithError], [9, 4]);
  assert.deepEqual([freeport.dataQualityErrors, freeport.deviceErrors], [0, 1]);
  assert.deepEqual([freeport.measurementsReceived, freeport.measurementsWithError], [4, 3]);
  assert.equal(s.device("NOBODY"), undefined);
});

Deno.test("counters, connection and latencies beyond an hour", () => {
  const s = new InputStatistics(0);
  s.crcError();
  s.outOfOrder();
  s.configurationChanged();
  s.missingData(7);
  s.dataFrame(frameAt(0, 4000e6), 5);
  s.advance(10_000);
  let f = s.inputStream();
  assert.deepEqual(
    [f.crcErrors, f.outOfOrderFrames, f.configurationChanges, f.missingData, f.dataFrames],
    [1, 1, 1, 7, 1],
  );
  assert.deepEqual([f.connected, f.receivedConfiguration, f.definedFrameRate], [false, false, 0]);
  assert.ok(Number.isNaN(f.maxLatencyMs));
  s.connection(true);
  s.advance(20_000);
  f = s.inputStream();
  assert.deepEqual([f.crcErrors, f.connected], [0, false]);
  s.advance(30_000);
  assert.equal(s.inputStream().connected, true);
  s.connection(false);
  s.connection(true);
  s.advance(40_000);
  assert.equal(s.inputStream().connected, false);
  assert.equal(s.totals().missingData, 7);
});

const missing: { name: string; comes: (n: number) => number | undefined; expected: number[] }[] = [
  { name: "regular", comes: (n) => n * 20, expected: [0, 0, 0, 0] },
  {
    name: "jitter of 300 ms over the ends",
    comes: (n) => n * 20 + ((n * 7919) % 300),
    expected: [0, 0, 0, 0],
  },
  { name: "sender slow by 50 ppm", comes: (n) => n * 20 * 1.00005, expected: [0, 0, 0, 0] },
  {
    name: "a delay that grows by 200 ms",
    comes: (n) => n * 20 + (n > 700 ? 200 : 0),
    expected: [0, 0, 0, 0],
  },
  {
    name: "an outage of 3 s",
    comes: (n) => n >= 450 && n < 600 ? undefined : n * 20,
    expected: [0, 0, 150, 0],
  },
  { name: "sender fast by 50 ppm", comes: (n) => n * 20 * 0.99995, expected: [0, 0, 0, 0] },
  {
    name: "three lost in the first interval",
    comes: (n) => n > 99 && n < 103 ? undefined : n * 20,
    expected: [0, 3, 0, 0],
  },
  {
    name: "one in ten lost throughout",
    comes: (n) => n % 10 === 9 ? undefined : n * 20,
    expected: [0, 49, 50, 50],
  },
  {
    name: "nothing after 10 s",
    comes: (n) => n < 500 ? n * 20 : undefined,
    expected: [0, 0, 500, 500],
  },
];
for (const { name, comes, expected } of missing) {
  Deno.test(`missing frames: ${name}`, () => {
    const s = makeStatistics();
    const arrivals: { n: number; ms: number }[] = [];
    for (let n = 0; n < 2000; n++) {
      const ms = comes(n);
      if (ms !== undefined) arrivals.push({ n, ms });
    }
    arrivals.sort((a, b) => a.ms - b.ms);
    const found: number[] = [];
    let next = 0;
    for (let end = 10_000; end <= 40_000; end += 10_000) {
      while (next < arrivals.length && arrivals[next]!.ms < end) {
        s.dataFrame(frameAt(arrivals[next]!.n), arrivals[next]!.ms);
        next++;
      }
      s.advance(end);
      found.push(s.inputStream().missingFrames);
    }
    assert.deepEqual(found, expected);
  });
}

Deno.test("missing frames: hours of a slow clock count nothing, and single losses are each found", () => {
  const s = makeStatistics();
  const frame = frameAt(0);
  let lost = 0, found = 0, end = 10_000;
  for (let n = 0; n < 720_000; n++) {
    const ms = n * 20 * 1.00004;
    for (; ms >= end; end += 10_000) {
      s.advance(end);
      found += s.inputStream().missingFrames;
    }
    setFromSlot(frame.instant, START, n, 50);
    if (n % 5003 === 5002) lost++;
    else s.dataFrame(frame, ms);
  }
  s.advance(end);
  found += s.inputStream().missingFrames;
  assert.equal(found, lost);
});

const stamps: { name: string; stamp: (n: number) => number; expected: number }[] = [
  { name: "cut to milliseconds", stamp: (n) => Math.floor(n * 1000 / 60) * 1000, expected: 0 },
  {
    name: "half an interval off the grid, with noise",
    stamp: (n) => Math.round((n + 0.5) * 1e6 / 60) + ((n * 7919) % 900),
    expected: 0,
  },
  {
    name: "one hour ahead from the middle on",
    stamp: (n) => n * 1e6 / 60 + (n > 900 ? 3600e6 : 0),
    expected: 0,
  },
  {
    name: "one second back from the middle on",
    stamp: (n) => n * 1e6 / 60 - (n > 900 ? 1e6 : 0),
    expected: 0,
  },
  { name: "one stamp in 1970", stamp: (n) => n === 900 ? -START * 1e6 : n * 1e6 / 60, expected: 0 },
  { name: "every other slot", stamp: (n) => 2 * n * 1e6 / 60, expected: 1800 },
];
for (const { name, stamp, expected } of stamps) {
  Deno.test(`missing frames by stamps: ${name}`, () => {
    const frames = new MissingFrames();
    frames.configure(60);
    const at = { seconds: 0, nanos: 0 };
    const step = expected > 0 ? 2000 / 60 : 1000 / 60;
    for (let n = 0; n < 1800; n++) {
      setFromMicros(at, START * 1e6 + Math.round(stamp(n)));
      frames.received(at, n * step);
    }
    frames.close(1800 * step);
    assert.equal(frames.close(1800 * step), expected);
  });
}

Deno.test("a new configuration replaces the devices and keeps the count of frames", () => {
  const s = makeStatistics();
  s.dataFrame(frameAt(0), 0);
  const other = makeLayout("in", [0, 1], [{ device: "OTHER", offset: 0, count: 2 }], 50);
  s.configure(other, ["FLAG", "FREQ"]);
  s.dataFrame(frameAt(1), 20); // a frame of the old layout: a frame, but no measurements
  s.advance(10_000);
  assert.equal(s.inputStream().dataFrames, 2);
  assert.equal(s.totals().measurements, 8);
  assert.equal(s.device("SHELBY"), undefined);
  assert.equal(s.device("OTHER")!.measurementsReceived, 0);
  assert.equal(s.device("OTHER")!.measurementsDefined, 2);
});

Deno.test("the figures have one field per statistic of the table", () => {
  assert.equal(Object.keys(makeStatistics().inputStream()).length, INPUT_STREAM_STATISTICS.length);
});
