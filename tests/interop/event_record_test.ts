import assert from "node:assert/strict";
import { setFromSample } from "../../mod/core/mod.ts";
import { encodeCff, encodePair } from "../../mod/comtrade/mod.ts";
import {
  encodeEventRecord,
  encodeFrameRecord,
  type EventRecordContent,
  frameComtradeOf,
  frameParts,
  type FrameRecordContent,
} from "../../mod/event/mod.ts";
import { Encoder, type StreamOptions } from "../../mod/slipstream/mod.ts";
import { PYTHON, pythonProgram, testWith } from "./peers.ts";
import { RandomData } from "./random_data.ts";

const ID = "6f2b0a3c-91d4-4e57-8a10-5c3e7f1d2b90";
const RECORDS = 40;

interface Expected {
  readonly content: EventRecordContent;
  readonly pieces: readonly {
    readonly stamp: string;
    readonly count: number;
    readonly values: readonly (readonly number[])[];
    readonly quality: readonly (readonly number[])[];
    readonly piece: Readonly<Record<string, unknown>>;
  }[];
}

/** A record in random options, and what must be read of it. */
function makeRecord(data: RandomData, index: number): Expected {
  const groups = [1 + data.below(2), data.below(3)] as const;
  const includeNeutral = data.below(2) === 0;
  const isSpatial = data.below(2) === 0;
  const variables = isSpatial
    ? (groups[0] + groups[1]) * (includeNeutral ? 4 : 3) + data.below(2)
    : 1 + data.below(9);
  const samplesPerMessage = index === 0
    ? 4500
    : index % 2 === 0
    ? 1 + data.below(16)
    : 17 + data.below(400);
  const rate = [4000, 4800, 14_400][data.below(3)]!;
  const encoding: StreamOptions = {
    uuid: ID,
    variables,
    samplingRate: rate,
    samplesPerMessage,
    xor: data.below(2) === 0,
    ...(isSpatial && {
      spatial: { voltageGroups: groups[0], currentGroups: groups[1], includeNeutral },
    }),
  };
  const encoder = new Encoder(encoding);
  let first = 1_700_000_000 * rate + data.below(rate);
  const parts = Array.from({ length: 3 }, () => {
    const count = data.below(2) === 0 || index === 0
      ? samplesPerMessage
      : 1 + data.below(samplesPerMessage);
    const bits = 1 + data.below(31);
    // Third differences of -1 are what the words of ones are for.
    const isRun = data.below(4) === 0;
    const values = Array.from(
      { length: variables },
      () =>
        Int32Array.from(
          { length: count },
          (_, k) => isRun ? -(k * (k - 1) * (k - 2)) / 6 : data.next() >> (32 - bits),
        ),
    );
    const quality = Array.from({ length: variables }, () => {
      const word = data.next();
      return Uint32Array.from({ length: count }, () => data.below(5) === 0 ? data.below(3) : word);
    });
    const time = { seconds: 0, nanos: 0 };
    setFromSample(time, 0, 0, first, rate);
    const size = encoder.encode(time, { values, quality }, 0, count);
    const marks = count > 1 ? [0, 1, 5, count - 1] : [2, 1];
    const part = {
      first,
      count,
      marks,
      message: encoder.buffer.slice(0, size),
      values,
      quality,
      time,
    };
    first += count + data.below(2) * 7;
    return part;
  });
  const content: EventRecordContent = {
    id: ID,
    event: ID,
    continues: undefined,
    gateway: { id: ID, name: "GW", company: "", program: "Tieline" },
    stream: {
      name: `BAY${index}`,
      title: "Überlandleitung",
      source: "MU01",
      protocol: "IEC 61850-9-2",
      confRev: 1,
      rate,
      nominalHz: 50,
      latitude: 47.5,
      longitude: NaN,
      channels: Array.from({ length: variables }, (_, i) => ({
        name: `x${i}`,
        phase: "",
        unit: "V",
        scale: 0.01,
        offset: -1.5,
      })),
    },
    encoding,
    triggers: [{
      name: "over",
      kind: "over",
      source: "BAY",
      channel: "x0",
      value: 1200.5,
      at: { seconds: 1_700_000_000, nanos: 5 },
      since: { seconds: 1_700_000_000, nanos: 0 },
      settings: { limit: 1000.25, channels: ["x0"] },
    }],
    unlistedTriggers: 0,
    pieces: parts.map(({ first, count, marks, message }) => ({ first, count, marks, message })),
    lostSamples: 0,
    missingSamples: 0,
    shortSamples: 0,
    jumps: 0,
    isCut: false,
  };
  return {
    content,
    pieces: parts.map(({ first, count, marks, values, quality, time }) => ({
      stamp: String(BigInt(time.seconds) * 1_000_000_000n + BigInt(time.nanos)),
      count,
      values: values.map((column) => [...column]),
      quality: quality.map((column) => [...column]),
      piece: { second: Math.floor(first / rate), sample: first % rate, count, marks },
    })),
  };
}

testWith(
  ["cbor2"],
  "event records: a reader of the document alone finds the same in them",
  async () => {
    const data = new RandomData(12);
    const records = Array.from({ length: RECORDS }, (_, i) => makeRecord(data, i));
    const folder = Deno.makeTempDirSync();
    try {
      const files = records.map(({ content }, i) => {
        Deno.writeFileSync(`${folder}/${i}.cbor`, encodeEventRecord(content));
        return `${folder}/${i}.cbor`;
      });
      const { code, stdout, stderr } = await new Deno.Command(PYTHON, {
        args: [pythonProgram("read_record.py"), ...files],
      }).output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      const lines = new TextDecoder().decode(stdout).trim().split("\n");
      assert.equal(lines.length, RECORDS);
      records.forEach(({ content, pieces }, i) => {
        const { stream, triggers, encoding } = content;
        assert.deepEqual(JSON.parse(lines[i]!), {
          stream: stream.name,
          rate: stream.rate,
          channels: stream.channels,
          triggers: triggers.map(({ at, since, ...trigger }) => ({
            ...trigger,
            at: [at.seconds, at.nanos],
            since: [since.seconds, since.nanos],
          })),
          pieces,
        }, JSON.stringify(encoding));
      });
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
);

testWith(
  ["cbor2", "comtrade"],
  "event records: frames are read by the document alone, and as COMTRADE, with equal values",
  async () => {
    const data = new RandomData(5);
    const count = 100;
    const channel = { phase: "A", unit: "V", signal: ID, tag: "GW_SHELBY:VA" };
    const content: FrameRecordContent = {
      id: ID,
      event: ID,
      continues: undefined,
      gateway: { id: ID, name: "GW", company: "", program: "Tieline" },
      stream: {
        name: "SHELBY",
        title: "Überlandleitung",
        source: "input.pdc",
        protocol: "IEEE C37.118.2-2011",
        idCode: 7,
        rate: 60,
        nominalHz: 60,
        latitude: NaN,
        longitude: 8.5,
        channels: [
          { ...channel, name: "VA magnitude", type: "VPHM" },
          { ...channel, name: "VA angle", unit: "deg", type: "VPHA" },
          { ...channel, name: "frequency", phase: "", unit: "Hz", type: "FREQ" },
          { ...channel, name: "BREAKERS", phase: "", unit: "", type: "DIGI" },
        ],
      },
      triggers: [],
      unlistedTriggers: 0,
      frames: {
        count,
        seconds: Float64Array.from({ length: count }, (_, k) => 1_700_000_000 + Math.floor(k / 60)),
        nanos: Uint32Array.from({ length: count }, (_, k) => Math.round((k % 60) * 1e9 / 60)),
        leap: Uint8Array.from({ length: count }, () => data.below(3)),
        values: [
          Float32Array.from({ length: count }, () => 60_000 + data.below(1e6) / 1e3),
          Float32Array.from({ length: count }, () => data.below(36_000) / 100 - 180),
          Float32Array.from({ length: count }, () => 60 + data.below(1000) / 1e4),
          Float32Array.from({ length: count }, () => data.below(2 ** 16)),
        ],
        flags: Array.from(
          { length: 4 },
          () =>
            Uint32Array.from({ length: count }, () => data.below(4) === 0 ? data.next() >>> 0 : 0),
        ),
      },
      lostFrames: 0,
      missingFrames: 0,
      shortFrames: 0,
      isCut: false,
    };
    const { frames, stream } = content;
    const folder = Deno.makeTempDirSync();
    const python = async (program: string, ...args: string[]) => {
      const { code, stdout, stderr } = await new Deno.Command(PYTHON, {
        args: [pythonProgram(program), ...args],
      }).output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      return new TextDecoder().decode(stdout).trim().split("\n").map((line) => JSON.parse(line));
    };
    try {
      Deno.writeFileSync(`${folder}/a.cbor`, encodeFrameRecord(content));
      const [read] = await python("read_record.py", `${folder}/a.cbor`);
      assert.deepEqual(read, {
        stream: "SHELBY",
        rate: 60,
        channels: stream.channels.map(({ name }) => name),
        times: Array.from(
          frames.seconds,
          (s, k) => `${s}${String(frames.nanos[k]).padStart(9, "0")}`,
        ),
        leap: [...frames.leap],
        values: frames.values.map((column) => [...column]),
        flags: frames.flags.map((column) => [...column]),
      });

      const formats = ["FLOAT32", "ASCII", "BINARY32", "BINARY"] as const;
      const [part] = frameParts(content);
      const files = formats.flatMap((format) => {
        const record = frameComtradeOf(content, part!, format);
        const { cfg, dat } = encodePair(record, format);
        Deno.writeFileSync(`${folder}/${format}.cfg`, cfg);
        Deno.writeFileSync(`${folder}/${format}.dat`, dat);
        Deno.writeFileSync(`${folder}/${format}.cff`, encodeCff(record, format));
        return [`${folder}/${format}.cfg`, `${folder}/${format}.cff`];
      });
      const comtrades = await python("comtrade_read.py", ...files);
      assert.equal(comtrades.length, files.length);
      comtrades.forEach((comtrade, i) => {
        const format = formats[i >> 1]!;
        assert.deepEqual(comtrade.rates, [[60, count]]);
        assert.equal(comtrade.analog.length, 3);
        comtrade.analog.forEach(({ values }: { values: number[] }, c: number) => {
          const step = format === "BINARY" ? 0.02 : 1e-4; // the range of a channel by its integers
          const isExact = format === "FLOAT32" || format === "ASCII";
          values.forEach((value, k) => {
            const expected = frames.values[c]![k]!;
            const isEqual = isExact
              ? Math.fround(value) === expected
              : Math.abs(value - expected) <= step;
            assert.ok(isEqual, `${files[i]} ${c} ${k}: ${value}, ${expected}`);
          });
        });
        const bit = comtrade.digital.find(({ name }: { name: string }) =>
          name === "BREAKERS bit 15"
        );
        assert.deepEqual(
          bit.values,
          Array.from(frames.values[3]!, (word) => word >= 2 ** 15 ? 1 : 0),
        );
      });
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
);
