import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { decode, encode } from "cborg";
import fc from "fast-check";
import { decodeCff, encodeCff } from "../comtrade/mod.ts";
import { DecodeError, StateFlags } from "../core/mod.ts";
import {
  decodeEventRecord,
  decodeRecord,
  encodeFrameRecord,
  FRAME_RECORD_VERSION,
  frameComtradeOf,
  frameCsvLines,
  frameParts,
  type FrameRecordContent,
  isFrameRecord,
  RECORD_KIND,
  type RecordContent,
} from "./mod.ts";
import {
  frameRecord,
  framesAt,
  RECORD_ID as ID,
  RECORD_SECOND as SECOND,
} from "./record_testing.ts";

/** A record of frames at these times in milliseconds, of a magnitude, a frequency and a digital word. */
function content(ms: readonly number[], changes: Partial<FrameRecordContent> = {}) {
  const channel = { phase: "", unit: "", signal: ID, tag: "" };
  return frameRecord(ms, {
    stream: {
      ...frameRecord([]).stream,
      longitude: 8.5,
      channels: [
        { ...channel, name: "VA magnitude", phase: "A", unit: "V", type: "VPHM" },
        { ...channel, name: "frequency", unit: "Hz", type: "FREQ" },
        { ...channel, name: "BREAKERS", type: "DIGI" },
      ],
    },
    triggers: [{
      name: "low",
      kind: "frequency",
      source: "SHELBY",
      channel: "",
      value: 49.1,
      at: { seconds: SECOND, nanos: 40_000_000 },
      since: { seconds: SECOND, nanos: 0 },
      settings: { low: 49.2 },
    }],
    unlistedTriggers: 1,
    frames: framesAt(ms, [
      Float32Array.from(ms, (t) => 63_500.25 + t),
      Float32Array.from(ms, (_, k) => k === 1 ? NaN : 49.98),
      Float32Array.from(ms, (_, k) => k % 2 === 0 ? 5 : 1),
    ], [
      Uint32Array.from(ms, (_, k) => k === 2 ? StateFlags.BadData : 0),
      Uint32Array.from(ms, () => StateFlags.SuspectTime),
      new Uint32Array(ms.length),
    ]),
    lostFrames: 1,
    missingFrames: 2,
    shortFrames: 3,
    isCut: true,
    ...changes,
  });
}

function asFrames(record: RecordContent): FrameRecordContent {
  assert.ok(isFrameRecord(record));
  return record;
}

Deno.test("a record of frames is read as it was written, and is none of samples", () => {
  for (
    const c of [
      content([0, 20, 40, 60]),
      content([], { continues: ID, triggers: [], isCut: false }),
      content([5_000_000_000]),
    ]
  ) {
    const bytes = encodeFrameRecord(c);
    assert.deepEqual(decodeRecord(bytes), c);
    assert.throws(() => decodeEventRecord(bytes), /expected 1, a record of samples .*found 2/);
  }
});

Deno.test("a record of frames tells without this program what it is", () => {
  const bytes = encodeFrameRecord(content([0, 20, 40]));
  const [kind, version, body, digest] = decode(bytes) as [string, number, Uint8Array, Uint8Array];
  assert.deepEqual([kind, version], [RECORD_KIND, FRAME_RECORD_VERSION]);
  assert.deepEqual(new Uint8Array(createHash("sha256").update(body).digest()), digest);
  const map = decode(body) as {
    stream: { timeScale: string; latitude: null };
    flagLegend: Record<string, string>;
    frames: { count: number; times: Uint8Array; values: Uint8Array[]; flags: number[][] };
  };
  assert.equal(map.stream.timeScale, "UTC");
  assert.equal(map.stream.latitude, null);
  assert.equal(map.flagLegend["1"], "BadData");
  const { times, values, flags } = map.frames;
  assert.equal(times.subarray(12, 24).toHex(), "000000006553f100" + "01312d00");
  assert.equal(values[0]!.subarray(0, 4).toHex(), "47780c40"); // 63,500.25
  assert.deepEqual(flags, [[0, 2, 1, 1], [0x20000, 3], [0, 3]]);
});

const whole = encodeFrameRecord(content([0, 20, 40]));

Deno.test("every cut and every changed bit of a record of frames is refused", () => {
  for (let length = 0; length < whole.length; length += 3) {
    assert.throws(() => decodeRecord(whole.subarray(0, length)), DecodeError);
  }
  for (let at = 0; at < whole.length; at++) {
    const changed = whole.slice();
    changed[at]! ^= 1 << at % 8;
    assert.throws(() => decodeRecord(changed), DecodeError, `byte ${at}`);
  }
});

/** A container around any content, with the right SHA-256. */
function container(map: unknown): Uint8Array {
  const body = encode(map);
  const digest = new Uint8Array(createHash("sha256").update(body).digest());
  return encode([RECORD_KIND, FRAME_RECORD_VERSION, body, digest]);
}

Deno.test("frames of another shape are refused, with the field", () => {
  const [, , body] = decode(whole) as [string, number, Uint8Array];
  const good = () => decode(body) as Record<string, Record<string, unknown>>;
  assert.equal(decodeRecord(container(good())).id, ID);
  for (
    const [path, value] of [
      ["stream.rate", -1],
      ["stream.channels", []],
      ["stream.channels.0.type", "WAVE"],
      ["frames.count", 2],
      ["frames.count", 2 ** 20],
      ["frames.times", new Uint8Array(36).fill(0xff)],
      ["frames.leap", new Uint8Array(2)],
      ["frames.values", []],
      ["frames.values.0", new Uint8Array(13)],
      ["frames.flags.0", [0, 2]],
      ["frames.flags.0", [0, 2, 1, 2]],
      ["frames.flags.0", [0, 3, 1]],
      ["frames.flags.0", [0, 0, 1, 3]],
      ["triggers.0.kind", "none"],
      ["isCut", 1],
    ] as [string, unknown][]
  ) {
    const map = good();
    const keys = path.split(".");
    let here: Record<string, unknown> = map;
    for (const key of keys.slice(0, -1)) here = here[key] as Record<string, unknown>;
    here[keys.at(-1)!] = value;
    assert.throws(() => decodeRecord(container(map)), DecodeError, `${path} ${value}`);
  }
  fc.assert(fc.property(fc.anything({ values: [fc.integer(), fc.string()] }), (value) => {
    let bytes: Uint8Array;
    try {
      bytes = container(value);
    } catch {
      return; // CBOR does not take it
    }
    assert.throws(() => decodeRecord(bytes), DecodeError);
  }));
});

Deno.test("any frames are read as they were written", () => {
  const frame = fc.record({
    ms: fc.nat(1e9),
    value: fc.float({ noDefaultInfinity: true }),
    flags: fc.nat(0xffffffff),
    leap: fc.nat(7),
  });
  fc.assert(fc.property(fc.array(frame, { maxLength: 60 }), (list) => {
    const plain = content(list.map(({ ms }) => ms));
    const { frames } = plain;
    const c = {
      ...plain,
      frames: {
        ...frames,
        leap: Uint8Array.from(list, ({ leap }) => leap),
        values: frames.values.map(() => Float32Array.from(list, ({ value }) => value)),
        flags: frames.flags.map(() => Uint32Array.from(list, ({ flags }) => flags)),
      },
    };
    assert.deepEqual(decodeRecord(encodeFrameRecord(c)), c);
  }));
});

Deno.test("frames are in order of time, and a step of the clock begins another part", () => {
  const c = content([0, 40, 20, 60, -900_000, -899_980, 0, 40]);
  assert.deepEqual(frameParts(c), [[0, 2, 1, 3], [4, 5], [6, 7]]);
  assert.deepEqual(frameParts(content([])), []);
  assert.deepEqual(frameParts(content([0, 500, 20])), [[0, 2, 1]]);
});

Deno.test("frames as CSV: times, values in units, flags", () => {
  const c = content([0, 20, 40]);
  assert.deepEqual([...frameCsvLines(c, [0, 1, 2])], [
    "time,VA magnitude [V],frequency [Hz],BREAKERS," +
    "VA magnitude flags,frequency flags,BREAKERS flags,leap,marks",
    "2023-11-14T22:13:20.000000000Z,63500.25,49.98,5,0,131072,0,0,8",
    "2023-11-14T22:13:20.020000000Z,63520.25,NaN,1,0,131072,0,0,8",
    "2023-11-14T22:13:20.040000000Z,63540.25,49.98,5,1,131072,0,0,8",
  ]);
});

Deno.test("frames as COMTRADE: the rate of the frames, missing frames, bits and flags", () => {
  const c = asFrames(decodeRecord(encodeFrameRecord(content([0, 20, 40, 100]))));
  for (const format of ["FLOAT32", "ASCII", "BINARY32", "BINARY"] as const) {
    const record = decodeCff(encodeCff(frameComtradeOf(c, [0, 1, 2, 3], format), format));
    assert.equal(record.station, "EDGE");
    assert.equal(record.device, "SHELBY");
    assert.deepEqual(record.rates, [{ hertz: 50, lastSample: 6 }]);
    assert.deepEqual(record.start, { seconds: SECOND, nanos: 0 });
    assert.deepEqual(record.trigger, { seconds: SECOND, nanos: 40_000_000 });
    assert.equal(record.timeQuality, 15);
    const [magnitude, frequency] = record.analog;
    assert.deepEqual([magnitude!.name, magnitude!.unit, magnitude!.phase], [
      "VA magnitude",
      "V",
      "A",
    ]);
    const expected = [63_500.25, 63_520.25, 63_540.25, NaN, NaN, 63_600.25];
    const step = format === "BINARY" ? 100 / 65_534 : format === "BINARY32" ? 1e-6 : 0;
    const { a, b } = magnitude!;
    expected.forEach((value, k) => {
      const raw = magnitude!.values[k]!;
      const isMissing = Number.isNaN(raw) || raw === -0x80000000;
      assert.equal(isMissing, Number.isNaN(value), `${format} ${k}`);
      if (!isMissing) assert.ok(Math.abs(raw * a + b - value) <= step, `${format} ${k}: ${raw}`);
    });
    const found = frequency!.values[0]! * frequency!.a + frequency!.b;
    assert.ok(Math.abs(found - Math.fround(49.98)) < 1e-5, `${format}: ${found}`);
    assert.deepEqual(record.digital.map((d) => [d.name, d.values.join("")]), [
      ["BREAKERS bit 0", "111001"],
      ["BREAKERS bit 2", "101000"],
      ["VA magnitude bad", "001000"],
      ["frame missing", "000110"],
      ["bad time", "111001"],
    ]);
  }
  const slow = { ...c, stream: { ...c.stream, rate: 0 } };
  const record = frameComtradeOf(slow, [0, 1, 2, 3], "FLOAT32");
  assert.deepEqual([...record.stamps!], [0, 20e6, 40e6, 100e6]);
  const long = content([0, ...Array.from({ length: 8400 }, (_, i) => (i + 1) * 10_000)]);
  assert.throws(
    () => frameComtradeOf(long, frameParts(long)[0]!, "ASCII"),
    /at most 4194304 frames/,
  );
});
