import assert from "node:assert/strict";
import fc from "fast-check";
import { DecodeError } from "../core/mod.ts";
import {
  commonStatusOf,
  type Configuration,
  configurationWarnings,
  crc16,
  crcMatches,
  decodeFrame,
  encodeCommand,
  encodeConfiguration,
  encodeConfiguration3,
  encodeHeaderFrame,
  encodeRawData,
  fracSecOfSlot,
  FragmentAssembler,
  FrameType,
  parseCommand,
  parseConfiguration,
  parseHeader,
  parseHeaderFrame,
  readRawBlocks,
  sameConfiguration,
  statOfCommonStatus,
} from "./mod.ts";
import { writeCheck } from "./common.ts";
import { RunningCrc } from "./crc.ts";
import { anyBytes, anyConfiguration } from "./arbitraries_test.ts";

Deno.test("crc16 agrees with a bit-by-bit CRC on any bytes", () => {
  const slow = (bytes: Uint8Array) => {
    let crc = 0xffff;
    for (const b of bytes) {
      crc ^= b << 8;
      for (let i = 0; i < 8; i++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : crc << 1;
    }
    return crc;
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
    assert.equal(crc16(bytes), slow(bytes));
  }));
});

Deno.test("RunningCrc agrees with crcMatches on any stretch, also after a shift", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 40, maxLength: 90 }), fc.nat(20), (bytes, start) => {
      writeCheck(bytes, start, 20);
      const running = new RunningCrc();
      running.extend(bytes, 25);
      running.extend(bytes, bytes.length);
      for (const at of [0, start, bytes.length - 20]) {
        assert.equal(running.matches(at, 20), crcMatches(bytes, at, 20));
      }
      running.shift(start);
      assert.ok(running.matches(0, 20));
    }),
  );
});

Deno.test("configurations survive writing and reading", () => {
  for (const type of [FrameType.Config1, FrameType.Config2, FrameType.Config3]) {
    fc.assert(
      fc.property(anyConfiguration(type), (configuration) => {
        const frames = type === FrameType.Config3
          ? encodeConfiguration3(configuration)
          : [encodeConfiguration(configuration)];
        assert.equal(frames.length, 1);
        const again = parseConfiguration(frames[0]!);
        const pmus = again.pmus.map(({ stationRaw: _, ...pmu }) => pmu);
        // A clone has ordinary prototypes, as what is read has.
        assert.deepEqual({ ...again, pmus }, structuredClone(configuration));
        assert.ok(sameConfiguration(again, configuration));
      }),
      { numRuns: 60 },
    );
  }
});

Deno.test("CFG-3 in pieces of any size comes together again", () => {
  fc.assert(
    fc.property(
      anyConfiguration(FrameType.Config3),
      fc.integer({ min: 19, max: 400 }),
      (configuration, maxSize) => {
        const frames = encodeConfiguration3(
          configuration,
          { idCode: configuration.idCode },
          maxSize,
        );
        const assembler = new FragmentAssembler();
        const found = frames.map((frame) => assembler.add(frame, 0));
        assert.deepEqual(found.at(-1), structuredClone(configuration));
        assert.ok(found.slice(0, -1).every((x) => x === undefined));
        assert.equal(assembler.discarded, 0);
      },
    ),
    { numRuns: 60 },
  );
});

const SAMPLE: Configuration = fc.sample(anyConfiguration(FrameType.Config2), {
  seed: 3,
  numRuns: 20,
}).find((c) => c.pmus.length === 3)!;
const SAMPLE3 = fc.sample(anyConfiguration(FrameType.Config3), { seed: 3, numRuns: 1 })[0]!;

Deno.test("a fragment set is thrown away by a gap, a repeat, another id, and time", () => {
  const prefix = { idCode: 9 };
  const frames = encodeConfiguration3({ ...SAMPLE3, pmus: [] }, prefix, 20);
  assert.ok(frames.length >= 4);
  const other = encodeConfiguration3({ ...SAMPLE3, pmus: [] }, { idCode: 10 }, 20);
  const [a, b, c] = [frames[0]!, frames[1]!, frames[2]!];
  for (
    const [name, run] of [
      ["gap", [[a, 0], [c, 0]]],
      ["repeat", [[a, 0], [b, 0], [b, 0]]],
      ["other id", [[a, 0], [other[1]!, 0]]],
      ["time", [[a, 0], [b, 10_001]]],
    ] as const
  ) {
    const assembler = new FragmentAssembler();
    for (const [frame, nowMs] of run) assert.equal(assembler.add(frame, nowMs), undefined, name);
    assert.equal(assembler.discarded, 1, name);
    assert.equal(assembler.pending, false, name);
  }
  const small = new FragmentAssembler({ maxBytes: 3 });
  assert.equal(small.add(a, 0), undefined);
  assert.equal(small.add(b, 0), undefined);
  assert.equal(small.discarded, 1);
});

Deno.test("every decoder answers any bytes with a result or a DecodeError", () => {
  const frames = [
    encodeConfiguration(SAMPLE),
    ...encodeConfiguration3(SAMPLE3),
    ...encodeConfiguration3(SAMPLE3, { idCode: 1 }, 60),
    encodeCommand({ idCode: 7 }, 8, new Uint8Array(5)),
    encodeHeaderFrame({ idCode: 7 }, "text"),
  ];
  const assembler = new FragmentAssembler({ maxBytes: 1000 });
  const decoders: ((bytes: Uint8Array) => unknown)[] = [
    parseHeader,
    parseCommand,
    parseHeaderFrame,
    (bytes) => parseConfiguration(bytes),
    (bytes) => parseConfiguration(bytes, { draft6: true }),
    (bytes) => decodeFrame(bytes),
    (bytes) => decodeFrame(bytes, SAMPLE),
    (bytes) => readRawBlocks(bytes, SAMPLE),
    (bytes) => assembler.add(bytes, 0),
  ];
  for (const frame of frames) {
    const takes = (decode: (bytes: Uint8Array) => unknown) => {
      try {
        decode(frame);
        return true;
      } catch {
        return false;
      }
    };
    assert.ok(decoders.some(takes), "a frame as it is has a decoder");
  }
  fc.assert(
    fc.property(anyBytes(frames), fc.boolean(), (bytes, repair) => {
      if (repair && bytes.length >= 18) {
        bytes[2] = bytes.length >> 8;
        bytes[3] = bytes.length & 255;
        writeCheck(bytes, 0, bytes.length);
      }
      for (const decode of decoders) {
        try {
          decode(bytes);
        } catch (error) {
          assert.ok(error instanceof DecodeError, `${error}`);
        }
      }
    }),
    { numRuns: 1500 },
  );
});

Deno.test("commands and headers survive writing and reading", () => {
  fc.assert(
    fc.property(fc.nat(0xffff), fc.nat(0xffff), fc.uint8Array(), (idCode, command, extended) => {
      const found = parseCommand(encodeCommand({ idCode, version: 2 }, command, extended));
      assert.deepEqual(
        [found.idCode, found.version, found.command, [...found.extended]],
        [idCode, 2, command, [...extended]],
      );
    }),
  );
  assert.equal(parseHeaderFrame(encodeHeaderFrame({ idCode: 1 }, "Grüße\0\0")).text, "Grüße");
  assert.equal(parseHeaderFrame(encodeHeaderFrame({ idCode: 1 }, "")).text, "");
});

Deno.test("the command of the specification is made byte by byte", () => {
  const made = encodeCommand(
    { idCode: 60, soc: 0x4899909a, fracSec: 0x902e12 },
    5,
  );
  assert.equal(
    Array.from(made, (b) => b.toString(16).padStart(2, "0")).join(""),
    "aa410012003c4899909a00902e120005168a",
  );
});

Deno.test("draft 6 has no CFGCNT and one name per digital word", () => {
  const body = encodeConfiguration({ ...SAMPLE, pmus: [] }, { idCode: 5, version: 0 });
  // A block of draft 6 by hand: STN, IDCODE, FORMAT, counts 0 0 1, one name, DIGUNIT, FNOM.
  const block = new Uint8Array(28 + 16 + 4);
  block.fill(0x20, 0, 16);
  block.set([0x41], 0);
  block.set([0, 9, 0, 0, 0, 0, 0, 0, 0, 1], 16);
  block.set(new TextEncoder().encode("WORD            "), 26);
  block.set([0, 1, 0, 2, 0, 1], 42);
  const frame = new Uint8Array(body.length + block.length);
  frame.set(body.subarray(0, 20));
  frame[19] = 1;
  frame.set(block, 20);
  frame.set(body.subarray(20), 20 + block.length);
  frame[3] = frame.length;
  writeCheck(frame, 0, frame.length);
  const { pmus } = parseConfiguration(frame, { draft6: true });
  assert.deepEqual(pmus[0]?.digitals, [{ names: ["WORD"], normal: 1, valid: 2 }]);
  assert.equal(pmus[0]?.cfgCnt, 0);
  assert.throws(() => parseConfiguration(frame), DecodeError);
});

Deno.test("frames above 65535 bytes are refused", () => {
  assert.throws(() => encodeCommand({ idCode: 1 }, 8, new Uint8Array(65518)), DecodeError);
  assert.equal(encodeCommand({ idCode: 1 }, 8, new Uint8Array(65517)).length, 65535);
});

Deno.test("wire values survive for the extremes of every format", () => {
  fc.assert(
    fc.property(
      anyConfiguration(FrameType.Config2),
      fc.infiniteStream(fc.nat(0xffff)),
      (c, words) => {
        const next = () => words.next().value;
        const signed = () => (next() << 16) >> 16;
        const blocks = c.pmus.map((pmu) => ({
          stat: next(),
          phasors: pmu.phasors.map((): [number, number] => [
            (pmu.format & 3) === 1 ? next() : signed(),
            signed(),
          ]),
          freq: signed(),
          dfreq: signed(),
          analogs: pmu.analogs.map(signed),
          digitals: pmu.digitals.map(next),
        }));
        const frame = encodeRawData(c, { idCode: c.idCode }, blocks);
        assert.deepEqual(readRawBlocks(frame, c), blocks);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("STAT comes back from every common status word", () => {
  for (let stat = 0; stat <= 0xffff; stat++) {
    assert.equal(statOfCommonStatus(commonStatusOf(stat)), stat);
  }
  assert.equal(commonStatusOf(0x8000), 557056);
  assert.equal(statOfCommonStatus(0x8_0045), 0x8045, "upper half rules bits 15 to 12 and 9");
});

Deno.test("slots of 30 a second are exact counts of a million", () => {
  const counts = [0, 1, 2, 3, 29].map((i) => fracSecOfSlot(i, 30, 1_000_000));
  assert.deepEqual(counts, [0, 33333, 66667, 100000, 966667]);
});

Deno.test("strange but legal configurations are named", () => {
  const [pmu] = SAMPLE3.pmus;
  const phasor = {
    name: "VA",
    kind: "V" as const,
    typeByte: 1,
    factor: 0,
    scaling: { modFlags: 0, component: 1, user: 0, scale: 1e6, angleOffset: 0 },
  };
  const odd = { ...pmu!, format: 2, phasors: [phasor], idCode: 4 };
  const found = configurationWarnings({ ...SAMPLE3, trailing: 2, pmus: [odd, odd] });
  assert.equal(found.length, 4);
  assert.ok(!sameConfiguration(SAMPLE3, { ...SAMPLE3, dataRate: SAMPLE3.dataRate + 1 }));
});
