import assert from "node:assert/strict";
import { decodeCff, decodePair } from "../comtrade/mod.ts";
import { DecodeError } from "../core/mod.ts";
import { encodeFrameRecord } from "../event/mod.ts";
import { frameRecord, framesAt } from "../event/record_testing.ts";
import { Archive, describeRecord, type ExportFormat, exportRecord } from "./mod.ts";
import { makeEventRecord, OPTIONS, withFolder } from "./testing.ts";
import { until } from "../../tests/support/waiting.ts";

const ID = "01234567-89ab-4cde-8f01-23456789abcd";
const SECOND = 1_700_000_000;
const record = makeEventRecord(ID, SECOND);

const as = (format: ExportFormat, more = {}) =>
  exportRecord(record.slice(), { format, data: "BINARY32", isScaled: false, part: 0, ...more });
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("the index is told what a record is about", () => {
  const { summary, ...facts } = describeRecord(record);
  assert.deepEqual(facts, {
    id: ID,
    event: ID.replace(/^./, "f"),
    stream: "BAY1",
    startMicros: SECOND * 1e6,
    endMicros: SECOND * 1e6 + 499_791,
  });
  assert.deepEqual(summary, {
    title: "Bay 1",
    gateway: "EDGE",
    rate: 4800,
    channels: ["Ia", "n"],
    samples: 2400,
    seconds: 0.5,
    trigger: {
      name: "over",
      kind: "over",
      source: "BAY1",
      channel: "Ia",
      value: 100,
      unit: "A",
      atMicros: SECOND * 1e6 + 100_000,
    },
    triggers: 1,
    continues: null,
    content: "samples",
    lostSamples: 0,
    missingSamples: 0,
    shortSamples: 0,
    jumps: 0,
    isCut: false,
  });
  assert.throws(() => describeRecord(record.subarray(1)), DecodeError);
});

Deno.test("a record is exported as itself, COMTRADE, CSV and JSON, with equal samples", () => {
  assert.deepEqual(as("cbor").bytes, record);
  for (const data of ["BINARY32", "ASCII"]) {
    const both = [
      decodeCff(as("cff", { data }).bytes),
      decodePair(as("cfg", { data }).bytes, as("dat", { data }).bytes),
    ];
    for (const comtrade of both) {
      assert.equal(comtrade.samples, 2400);
      assert.deepEqual(comtrade.analog.map((a) => a.name), ["Ia", "n"]);
      assert.deepEqual([...comtrade.analog[1]!.values], Array.from({ length: 2400 }, (_, i) => i));
      assert.deepEqual(comtrade.trigger, { seconds: SECOND, nanos: 100_000_000 });
    }
  }
  const csv = text(as("csv").bytes).split("\r\n");
  assert.equal(csv.length, 2402); // a head, and nothing after the last end of line
  assert.match(csv[1]!, /^2023-11-14T22:13:20\.000000000Z,0,0,0,0,0$/);
  assert.match(csv[2400]!, /,2399,/);
  assert.match(text(as("csv", { isScaled: true }).bytes), /Ia \[A\]/);
  const json = JSON.parse(text(as("json").bytes));
  assert.equal(json.triggers[0].settings.limit, 90);
  assert.deepEqual(json.pieces.map((p: { count: number }) => p.count), [1200, 1200]);
  assert.equal(as("cff").parts, 1);
});

Deno.test("what cannot be exported is refused in words", () => {
  assert.throws(() => as("csv", { part: 1 }), /expected a part from 0 to 0, found 1/);
  assert.throws(() => as("cff", { data: "BINARY" }), RangeError); // 100,000 does not fit 16 bits
});

Deno.test("a record of synchrophasors is indexed and exported at the rate of its frames", () => {
  const channel = { phase: "A", unit: "V", signal: ID, tag: "GW_SHELBY:VA" };
  const ms = [0, 20, 60];
  const bytes = encodeFrameRecord(frameRecord(ms, {
    id: ID,
    stream: {
      ...frameRecord([]).stream,
      channels: [{ ...channel, name: "VA magnitude", type: "VPHM" }],
    },
    frames: framesAt(ms, [Float32Array.of(63_500.25, 63_501, 63_502)]),
    missingFrames: 1,
    shortFrames: 2,
  }));
  const { summary, ...facts } = describeRecord(bytes);
  assert.deepEqual([facts.stream, facts.startMicros, facts.endMicros], [
    "SHELBY",
    SECOND * 1e6,
    SECOND * 1e6 + 60_000,
  ]);
  assert.deepEqual(
    [summary.content, summary.rate, summary.samples, summary.missingSamples, summary.jumps],
    ["frames", 50, 3, 1, 0],
  );
  const exported = (format: ExportFormat) =>
    exportRecord(bytes, { format, data: undefined, isScaled: true, part: 0 }).bytes;
  const comtrade = decodeCff(exported("cff"));
  assert.deepEqual(comtrade.rates, [{ hertz: 50, lastSample: 4 }]);
  assert.deepEqual([...comtrade.analog[0]!.values], [63_500.25, 63_501, NaN, 63_502]);
  assert.deepEqual(decodePair(exported("cfg"), exported("dat")).analog, comtrade.analog);
  assert.equal(text(exported("csv")).split("\r\n").length, 5);
  const { frames, stream } = JSON.parse(text(exported("json")));
  assert.deepEqual([frames, stream.channels.length], [{ count: 3 }, 1]);
});

Deno.test("the archive's own Worker stores and exports event records", () =>
  withFolder(async (folder) => {
    const quiet = () => {};
    const archive = new Archive(OPTIONS, {
      folder,
      clock: { nowMicros: () => Date.now() * 1000, monotonicMs: () => performance.now() },
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    });
    await archive.start();
    assert.equal(archive.put(record.slice()), true);
    await until(() => archive.status().detail?.queuedRecords === 0, () => archive.status());
    const [entry] = await archive.list();
    assert.equal(entry?.id, ID);
    assert.match(entry!.file, /^20231114T221320\.000Z_BAY1_01234567-.*\.cbor$/);
    const options = { format: "csv", data: "BINARY32", isScaled: false, part: 0 } as const;
    const result = await archive.export(ID, options);
    assert.ok(result && "exported" in result);
    assert.deepEqual(result.exported.bytes, as("csv").bytes);
    assert.deepEqual(await archive.export(ID, { ...options, part: 7 }), {
      refused: "Cannot export: expected a part from 0 to 0, found 7",
    });
    assert.equal(await archive.export("nobody", options), undefined);
    await archive.stop();
  }));
