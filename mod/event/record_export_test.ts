import assert from "node:assert/strict";
import { MISSING } from "../comtrade/mod.ts";
import { DecodeError, SampleMarks, setFromSample } from "../core/mod.ts";
import { Encoder } from "../slipstream/mod.ts";
import { Quality } from "../sv/mod.ts";
import {
  comtradeOf,
  csvLines,
  type EventRecordContent,
  type RecordedPiece,
  recordedWaveforms,
} from "./mod.ts";
import { RECORD_ID as ID, sampleRecord } from "./record_testing.ts";

const RATE = 4800;
const START = 1_700_000_000 * RATE;

/** Values of two channels from sample `first` on. */
const valueOf = (k: number, c: number) => (k - START) * 10 + c;

function piece(first: number, count: number, marks: number[], bad?: number): RecordedPiece {
  const values = [0, 1].map((c) =>
    Int32Array.from({ length: count }, (_, i) => valueOf(first + i, c))
  );
  const quality = [0, 1].map((c) =>
    Uint32Array.from(
      { length: count },
      (_, i) => c === 1 && i === bad ? Quality.Invalid : Quality.Good,
    )
  );
  const encoder = new Encoder(ENCODING);
  const time = { seconds: 0, nanos: 0 };
  setFromSample(time, 0, 0, first, RATE);
  const size = encoder.encode(time, { values, quality }, 0, count);
  return { first, count, marks, message: encoder.buffer.slice(0, size) };
}

const ENCODING = { uuid: ID, variables: 2, samplingRate: RATE, samplesPerMessage: 100 };

function record(pieces: RecordedPiece[]): EventRecordContent {
  return sampleRecord({
    id: ID,
    event: ID,
    gateway: { id: ID, name: "SHELBY", company: "", program: "" },
    stream: {
      ...sampleRecord().stream,
      rate: RATE,
      channels: [
        { name: "Ia", phase: "A", unit: "A", scale: 0.001, offset: 0 },
        { name: "Ua", phase: "A", unit: "V", scale: 0.01, offset: -5 },
      ],
    },
    encoding: ENCODING,
    triggers: [{
      name: "over",
      kind: "over",
      source: "BAY1",
      channel: "Ia",
      value: 1,
      at: { seconds: 1_700_000_000, nanos: 208_333 },
      since: { seconds: 1_700_000_000, nanos: 0 },
      settings: {},
    }],
    pieces,
  });
}

Deno.test("pieces that follow each other are one waveform, gaps are filled, jumps begin another", () => {
  const content = record([
    piece(START, 5, [0, 5]),
    piece(START + 5, 3, [SampleMarks.LocalClock, 2, 0, 1], 1),
    piece(START + 10, 2, [0, 2]),
    piece(START + 4, 2, [0, 2]), // the clock was set back
    piece(START + 20 * RATE, 1, [0, 1]), // more than 10 s later
  ]);
  const [first, ...others] = recordedWaveforms(content);
  assert.deepEqual(others.map((each) => [each.first - START, each.count]), [[4, 2], [
    20 * RATE,
    1,
  ]]);
  assert.deepEqual([first!.first, first!.count], [START, 12]);
  assert.deepEqual(first!.time, { seconds: 1_700_000_000, nanos: 0 });
  const { Filled, LocalClock } = SampleMarks;
  assert.deepEqual([...first!.marks], [
    0,
    0,
    0,
    0,
    0,
    LocalClock,
    LocalClock,
    0,
    Filled,
    Filled,
    0,
    0,
  ]);
  for (const c of [0, 1]) {
    const expected = Array.from(
      { length: 12 },
      (_, k) => k === 8 || k === 9 ? 0 : valueOf(START + k, c),
    );
    assert.deepEqual([...first!.values[c]!], expected);
  }
  assert.deepEqual([...first!.quality[1]!], [0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 0, 0]);
});

Deno.test("COMTRADE: scaling, missing samples, states of quality and marks, trigger", () => {
  const content = record([
    piece(START, 5, [0, 5], 2),
    piece(START + 5, 3, [SampleMarks.LocalClock, 2, 0, 1]),
    piece(START + 9, 1, [0, 1]),
    piece(START, 2, [0, 2]),
  ]);
  const [first, second] = recordedWaveforms(content);
  const comtrade = comtradeOf(content, first!);
  assert.deepEqual([comtrade.station, comtrade.device, comtrade.samples], ["SHELBY", "BAY1", 10]);
  assert.deepEqual(comtrade.rates, [{ hertz: RATE, lastSample: 10 }]);
  assert.deepEqual(comtrade.analog.map(({ a, b, unit }) => [a, b, unit]), [[0.001, 0, "A"], [
    0.01,
    -5,
    "V",
  ]]);
  assert.deepEqual(
    [...comtrade.analog[0]!.values],
    [0, 10, 20, 30, 40, 50, 60, 70, MISSING, 90],
  );
  assert.deepEqual(comtrade.digital.map(({ name, values }) => [name, values.join("")]), [
    ["Ia invalid", "0000000010"],
    ["Ua invalid", "0010000010"],
    ["never received", "0000000010"],
    ["local clock", "0000011000"],
  ]);
  assert.deepEqual([comtrade.start, comtrade.trigger], [
    { seconds: 1_700_000_000, nanos: 0 },
    { seconds: 1_700_000_000, nanos: 208_333 },
  ]);
  assert.deepEqual([comtrade.timeQuality, comtrade.timeOffsetMinutes], [15, 0]);
  const clean = comtradeOf(content, second!);
  assert.deepEqual([clean.digital, clean.timeQuality, clean.samples], [[], 0, 2]);
  assert.deepEqual(clean.analog[0]!.values, Int32Array.of(0, 10));
});

Deno.test("CSV: raw with what one is in the head, or in engineering units", () => {
  const content = record([piece(START + 1, 2, [SampleMarks.Simulated, 2], 1)]);
  const [waveform] = recordedWaveforms(content);
  assert.deepEqual([...csvLines(content, waveform!, false)], [
    "time,Ia [0.001 A],Ua [0.01 V -5],Ia quality,Ua quality,marks",
    "2023-11-14T22:13:20.000208333Z,10,11,0,0,16",
    "2023-11-14T22:13:20.000416667Z,20,21,0,1,16",
  ]);
  assert.deepEqual([...csvLines(content, waveform!, true)], [
    "time,Ia [A],Ua [V],Ia quality,Ua quality,marks",
    `2023-11-14T22:13:20.000208333Z,0.010,${11 * 0.01 - 5},0,0,16`,
    `2023-11-14T22:13:20.000416667Z,0.020,${21 * 0.01 - 5},0,1,16`,
  ]);
});

Deno.test("messages that do not fit their pieces are refused", () => {
  const good = piece(START, 5, [0, 5]);
  const table: [string, RecordedPiece[]][] = [
    ["count", [{ ...good, count: 4, marks: [0, 4] }]],
    ["time", [{ ...good, first: START + 2 }]],
    ["damage", [{ ...good, message: good.message.subarray(0, -1) }]],
    [
      "too many",
      [...Array(250).keys()].map((i) => ({ ...good, first: START + i * RATE * 10 + i * 5 })),
    ],
  ];
  for (const [name, pieces] of table) {
    const content = record(pieces);
    const wide = {
      ...content,
      stream: { ...content.stream, rate: name === "too many" ? 300_000 : RATE },
    };
    assert.throws(() => recordedWaveforms(wide), DecodeError, name);
  }
});
