import assert from "node:assert/strict";
import fc from "fast-check";
import { DecodeError } from "../core/mod.ts";
import {
  decodeWaveformBlock,
  encodeDescriptorBlock,
  encodeRecordPart,
  LIVE_MARK_ANEW,
  marksOfMessage,
  messageHeadBytes,
  RecordAssembler,
  type WaveformBlock,
  type WaveformDescriptor,
  writeMessageHead,
} from "./mod.ts";
import { voltages } from "./testing.ts";

const ID = "01234567-89ab-4cde-8f01-23456789abcd";

const DESCRIPTOR: WaveformDescriptor = {
  gateway: { id: ID, name: "GW", company: "", program: "Tieline" },
  stream: {
    ...voltages(4800, 50),
    title: "Bay 1",
    source: "MU01",
    protocol: "IEC 61850-9-2",
    confRev: 1,
    latitude: NaN,
    longitude: 8.5,
  },
  encoding: {
    uuid: ID,
    variables: 4,
    samplingRate: 4800,
    samplesPerMessage: 6,
    xor: false,
  },
};

function part(block: Uint8Array): Extract<WaveformBlock, { kind: "part" }> {
  const decoded = decodeWaveformBlock(block);
  assert.ok(decoded.kind === "part");
  return decoded;
}

Deno.test("waveform blocks are read as they were written", () => {
  for (const descriptor of [DESCRIPTOR, { ...DESCRIPTOR, encoding: undefined }]) {
    assert.deepEqual(decodeWaveformBlock(encodeDescriptorBlock(descriptor)), {
      kind: "descriptor",
      descriptor,
    });
  }
  const bytes = new Uint8Array(100).map((_, i) => i);
  assert.deepEqual(decodeWaveformBlock(encodeRecordPart(ID, bytes, 90, 20)), {
    kind: "part",
    record: ID,
    total: 100,
    offset: 90,
    data: bytes.subarray(90),
  });
});

/** The block of a live message whose samples have these marks. */
function liveBlock(marks: Uint8Array, position: number, count: number, first: number) {
  const out = new Uint8Array(messageHeadBytes(count));
  const size = writeMessageHead(marks, position, count, first, out);
  return Uint8Array.of(...out.subarray(0, size), 7, 8, 9);
}

Deno.test("live messages carry the marks of their samples", () => {
  const cases: [string, number[], number, string, number[]][] = [
    ["no marks", [0, 0, 0, 0], 0, "02", [0, 4]],
    ["one for all", [2, 2, 2, 2], 0, "040200", [2, 4]],
    ["a sample that never came", [0, 0, 1, 0], 0, "04000201010000", [0, 2, 1, 1, 0, 1]],
    ["the last never came", [0, 0, 0, 3], 0, "0400030300", [0, 3, 3, 1]],
    ["anew", [0, 0, 0, 0], LIVE_MARK_ANEW, "0420010000", [32, 1, 0, 3]],
    ["long runs", [...Array(200).fill(2), 1], 0, "0402c8010100", [2, 200, 1, 1]],
  ];
  for (const [name, marks, first, head, runs] of cases) {
    const block = liveBlock(Uint8Array.from(marks), 0, marks.length, first);
    assert.equal(block.toHex(), head + "070809", name);
    const decoded = decodeWaveformBlock(block);
    assert.ok(decoded.kind === "message");
    assert.deepEqual(decoded.message, Uint8Array.of(7, 8, 9), name);
    assert.deepEqual(marksOfMessage(decoded.marks, marks.length), runs, name);
  }
});

Deno.test("marks of any samples of a ring are read as they were written", () => {
  const ring = fc.uint8Array({ minLength: 1, maxLength: 300, max: 0x1f });
  fc.assert(fc.property(ring, fc.nat(), fc.nat(), (marks, from, samples) => {
    const position = from % marks.length, count = 1 + samples % marks.length;
    const block = decodeWaveformBlock(liveBlock(marks, position, count, 0));
    assert.ok(block.kind === "message");
    const runs = marksOfMessage(block.marks, count);
    const found = runs.flatMap((n, i) => i % 2 === 0 ? Array<number>(runs[i + 1]!).fill(n) : []);
    const expected = Array.from({ length: count }, (_, i) => marks[(position + i) % marks.length]);
    assert.deepEqual(found, expected);
    if (runs.length > 2) assert.throws(() => marksOfMessage(block.marks, runs[1]!), DecodeError);
  }));
});

Deno.test("any bytes are a waveform block or a DecodeError", () => {
  const refuse = (bytes: Uint8Array) => {
    try {
      decodeWaveformBlock(bytes);
    } catch (error) {
      assert.ok(error instanceof DecodeError, String(error));
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), refuse));
  fc.assert(fc.property(fc.integer({ min: 1, max: 4 }), fc.uint8Array(), (kind, bytes) => {
    refuse(Uint8Array.of(kind, ...bytes));
  }));
  const whole = encodeDescriptorBlock(DESCRIPTOR);
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => decodeWaveformBlock(whole.subarray(0, length)), DecodeError);
  }
  fc.assert(fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
    const changed = whole.slice();
    changed[at] = byte;
    refuse(changed);
  }));
});

Deno.test("records are put together from their parts, whatever their sizes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 500 }), fc.integer({ min: 1, max: 120 }), (
      bytes,
      size,
    ) => {
      const assembler = new RecordAssembler();
      let whole: Uint8Array | undefined;
      for (let at = 0; at < bytes.length; at += size) {
        assert.equal(whole, undefined);
        whole = assembler.take(part(encodeRecordPart(ID, bytes, at, size)));
      }
      assert.deepEqual(whole, new Uint8Array(bytes));
    }),
  );
});

Deno.test("a record with a lost part is given up, and others are not", () => {
  const assembler = new RecordAssembler();
  const bytes = new Uint8Array(100);
  const other = ID.replace("0", "f");
  const take = (id: string, at: number) =>
    assembler.take(part(encodeRecordPart(id, bytes, at, 25)));
  assert.equal(take(ID, 25), undefined); // the begin was lost
  assert.equal(assembler.abandoned, 0);
  take(ID, 0);
  take(other, 0);
  take(ID, 50); // a gap
  assert.equal(assembler.abandoned, 1);
  take(other, 25);
  take(other, 50);
  assert.equal(take(other, 75)?.length, 100);
  // Records that are begun and never finished do not pile up.
  for (let i = 0; i < 10; i++) take(ID.replace("0", String(i)), 0);
  assert.equal(assembler.abandoned, 1 + 6);
  const huge = part(encodeRecordPart(ID, bytes, 0, 25));
  assert.equal(assembler.take({ ...huge, total: 2 ** 31 }), undefined);
});
