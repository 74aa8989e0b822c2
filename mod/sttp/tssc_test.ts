import assert from "node:assert/strict";
import fc from "fast-check";
import { DecodeError } from "../core/mod.ts";
import { MeasurementBatch } from "./measurement_batch.ts";
import { TsscDecoder } from "./tssc_decoder.ts";
import { TsscEncoder } from "./tssc_encoder.ts";

type Row = readonly [id: number, hi: number, lo: number, flags: number, bits: number];

const T0_HI = 0x08da9f2b;
const OUT_BYTES = 40_000;

/** Encodes one packet; the rows must fit. */
function encode(encoder: TsscEncoder, rows: readonly Row[]): Uint8Array {
  const out = new Uint8Array(OUT_BYTES);
  encoder.begin(out, 0);
  for (const row of rows) assert.ok(encoder.add(...row));
  return out.slice(0, encoder.end());
}

function rowsOf(batch: MeasurementBatch): Row[] {
  return Array.from({ length: batch.count }, (_, i) => [
    batch.ids[i]!,
    batch.ticksHi[i]!,
    batch.ticksLo[i]!,
    batch.flags[i]!,
    batch.valueBits[i]!,
  ]);
}

const bits = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0]!;

Deno.test("the worked example of 9.10", () => {
  const t0 = 638000000000000000n;
  const row = (id: number, step: bigint, value: number, flags = 0): Row => {
    const t = t0 + step;
    return [id, Number(t >> 32n), Number(t & 0xffffffffn), flags, bits(value)];
  };
  const table: [Row[], string][] = [
    [
      [row(0, 0n, 60), row(1, 0n, 61), row(2, 0n, 62)],
      "11 8080ccb5eab3a8ed08 1f 00007042 1f 00007442 1f 00007842",
    ],
    [
      [row(0, 333333n, 60), row(1, 333333n, 61.5), row(2, 333333n, 62)],
      "01 31 18 95ac2c e0 40 0020 00",
    ],
    [
      [row(0, 666666n, 60), row(1, 666666n, 61), row(2, 666666n, 62, 0x1000)],
      "08 a2 74 8020",
    ],
    [
      [row(7, 666666n, 1), row(0, 333333n, 60)],
      "2e 3e 0000803f 03 02 10 00",
    ],
  ];
  const encoder = new TsscEncoder(), decoder = new TsscDecoder(), batch = new MeasurementBatch(1);
  table.forEach(([rows, hex], i) => {
    const packet = encode(encoder, rows);
    const block = [...packet.subarray(3)].map((b) => b.toString(16).padStart(2, "0")).join("");
    assert.equal(block, hex.replaceAll(" ", ""), `packet ${i}`);
    assert.ok(decoder.decode(packet, 0, packet.length, rows.length, batch));
    assert.deepEqual(rowsOf(batch), rows);
  });
});

Deno.test("whatever is encoded is decoded, packet after packet", () => {
  const word = fc.nat(0xffffffff);
  const some = <T>(...values: T[]) => fc.constantFrom(...values);
  const row: fc.Arbitrary<Row> = fc.tuple(
    fc.oneof(fc.nat(20), some(0x7fffffff, -1, -0x80000000, 1 << 18), fc.integer()),
    fc.oneof(some(0, T0_HI, T0_HI | 0xc0000000, 0x7fffffff, 0x80000000), word),
    fc.oneof(fc.nat(5), some(0xffffffff, 333333, 666666), word),
    fc.oneof(some(0, 1, 0x80000000), word),
    fc.oneof(some(0, 0x80000000, 0x7fa00001, bits(60)), word),
  );
  const packet = fc.array(row, { maxLength: 60 });
  const streams = fc.array(packet, { minLength: 1, maxLength: 12 });
  const encoder = new TsscEncoder(), decoder = new TsscDecoder(), batch = new MeasurementBatch(1);
  fc.assert(fc.property(streams, (packets) => {
    encoder.reset(); // instances are used again, so that a bad reset shows
    for (const rows of packets) {
      const unsigned = rows.map(([id, hi, lo, f, b]): Row => [id, hi >>> 0, lo, f, b]);
      const bytes = encode(encoder, unsigned);
      assert.ok(decoder.decode(bytes, 0, bytes.length, rows.length, batch));
      assert.deepEqual(rowsOf(batch), unsigned);
    }
  }));
});

Deno.test("runs make the bytes that single measurements make, whatever fits a packet", () => {
  const word = fc.oneof(fc.constantFrom(0, 1, 0x80000000), fc.nat(0xffffffff));
  // Ids that come in order nearly always, values that often repeat: the ways that runs take.
  const row = fc.record({
    id: fc.option(fc.oneof(fc.nat(12), fc.integer()), { freq: 8 }),
    flags: fc.option(word, { freq: 5 }),
    value: fc.oneof(word, fc.constantFrom(bits(60), bits(60.01), bits(59.99))),
  });
  const frames = fc.array(
    fc.tuple(fc.nat(3), fc.array(row, { minLength: 1, maxLength: 60 })),
    { minLength: 1, maxLength: 12 },
  );
  fc.assert(fc.property(frames, fc.integer({ min: 120, max: 700 }), (frames, bytes) => {
    const one = new TsscEncoder(), many = new TsscEncoder();
    const out = [new Uint8Array(bytes), new Uint8Array(bytes)] as const;
    frames.forEach(([lo, rows]) => {
      one.begin(out[0], 0);
      many.begin(out[1], 0);
      const { length } = rows;
      const indexes = Int32Array.from(rows, ({ id }, i) => id ?? i);
      const words = Int32Array.from([
        ...rows.map(({ value }) => value | 0),
        ...rows.map(({ flags }) => (flags ?? 0) | 0),
      ]);
      let taken = 0;
      const add = (i: number) => one.add(indexes[i]!, 7, lo, words[length + i]!, words[i]!);
      while (taken < length && add(taken)) taken++;
      const positions = Int32Array.from(indexes.keys());
      const run = { words, valuesAt: 0, flagsAt: length, positions, indexes };
      assert.equal(many.addRun(run, 0, length, 7, lo), taken);
      assert.equal(many.count, one.count);
      const [end, endMany] = [one.end(), many.end()];
      assert.deepEqual(out[1].subarray(0, endMany), out[0].subarray(0, end));
    });
  }));
});

Deno.test("a full packet refuses and changes nothing", () => {
  const out = new Uint8Array(200);
  const small = new TsscEncoder(), large = new TsscEncoder();
  small.begin(out, 0);
  const taken: Row[] = [];
  const row = (i: number): Row => [i * 1000, T0_HI, i * 77777, i, bits(i + 0.5)];
  while (small.add(...row(taken.length))) taken.push(row(taken.length));
  assert.equal(small.add(5, 1, 2, 3, 4), false);
  assert.equal(small.count, taken.length);
  const first = out.slice(0, small.end());
  assert.deepEqual(first, encode(large, taken));
  assert.deepEqual(encode(small, [row(9)]), encode(large, [row(9)]));
  assert.equal(small.add(...row(1)), false, "no packet is begun");
});

Deno.test("sequence numbers run 0 to 65535, then 1, and only 0 starts anew", () => {
  const encoder = new TsscEncoder(), decoder = new TsscDecoder(), batch = new MeasurementBatch();
  const out = new Uint8Array(OUT_BYTES);
  const seen: number[] = [];
  for (let i = 0; i < 65_538; i++) {
    encoder.begin(out, 0);
    encoder.add(0, T0_HI, i, 0, i);
    const end = encoder.end();
    assert.ok(decoder.decode(out, 0, end, 1, batch), `packet ${i}`);
    if (i === 0 || i >= 65_534) seen.push((out[1]! << 8) | out[2]!);
  }
  assert.deepEqual(seen, [0, 65534, 65535, 1, 2]);
});

Deno.test("packets out of sequence are dropped and leave the state as it was", () => {
  const encoder = new TsscEncoder(), decoder = new TsscDecoder(), batch = new MeasurementBatch();
  const packets = [0, 1, 2].map((i) => encode(encoder, [[1, T0_HI, i, 0, i + 1]]));
  const decode = (i: number) => decoder.decode(packets[i]!, 0, packets[i]!.length, 1, batch);
  assert.deepEqual([decode(1), decode(0), decode(2), decode(1), decode(1)], [
    false,
    true,
    false,
    true,
    false,
  ]);
  assert.equal(decoder.expected, 2);
  assert.ok(decode(0), "0 starts anew at any time");
});

Deno.test("damaged packets are refused", () => {
  const good = encode(new TsscEncoder(), [[0, T0_HI, 1, 0, bits(60)], [1, T0_HI, 1, 0, bits(61)]]);
  const block = (...bytes: number[]) => Uint8Array.of(85, 0, 0, ...bytes);
  const table: [string, Uint8Array, number][] = [
    ["no header", Uint8Array.of(85, 0), 0],
    ["other version", Uint8Array.of(84, ...good.subarray(1)), 2],
    ["fewer than counted", good, 3],
    ["more than counted", good, 1],
    ["cut off", good.subarray(0, good.length - 2), 2],
    ["empty but counted", block(), 1],
    ["two id codes", block(0x01, 0x10, 0x11), 1],
    ["two time codes", block(0x10, 0x10, 0x10), 1],
  ];
  for (const [name, bytes, count] of table) {
    const decoder = new TsscDecoder();
    const decode = () => decoder.decode(bytes, 0, bytes.length, count, new MeasurementBatch());
    assert.throws(decode, { name: "DecodeError", kind: "tssc" }, name);
  }
});

Deno.test("any bytes are decoded or refused, and the number of points is bounded", () => {
  const batch = new MeasurementBatch();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(400), (bytes, count) => {
      const decoder = new TsscDecoder(50);
      const packet = Uint8Array.of(85, 0, 0, ...bytes);
      try {
        assert.ok(decoder.decode(packet, 0, packet.length, count, batch));
        assert.equal(batch.count, count);
      } catch (error) {
        assert.ok(error instanceof DecodeError, String(error));
      }
    }),
    { numRuns: 500 },
  );
  const rows = Array.from({ length: 60 }, (_, i): Row => [i * 7, T0_HI, 1, 0, 1]);
  const bytes = encode(new TsscEncoder(), rows);
  assert.throws(() => new TsscDecoder(50).decode(bytes, 0, bytes.length, 60, batch), {
    name: "DecodeError",
    kind: "points",
  });
});
