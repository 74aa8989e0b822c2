import assert from "node:assert/strict";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { DecodeError, WaveformRing } from "../core/mod.ts";
import { modelMessage, type Sample, samples } from "./arbitraries_test.ts";
import { type Columns, Decoder, Encoder, SampleEncoder, type StreamOptions } from "./mod.ts";

const UUID = "00112233-4455-6677-8899-aabbccddeeff";
const OPTIONS: StreamOptions = {
  uuid: UUID,
  variables: 2,
  samplingRate: 4800,
  samplesPerMessage: 3,
};

/** The bytes of one message. */
function encoded({ options, columns, count, time }: Omit<Sample, "options"> & {
  options: StreamOptions;
}): Uint8Array<ArrayBuffer> {
  const encoder = new Encoder(options);
  return encoder.buffer.slice(0, encoder.encode(time, columns, 0, count));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Columns with the same values in each sample. */
function constant(variables: number, count: number, value = 0): Columns {
  return {
    values: Array.from({ length: variables }, () => new Int32Array(count).fill(value)),
    quality: Array.from({ length: variables }, () => new Uint32Array(count)),
  };
}

function assertSame(read: Columns, expected: Columns, count: number): void {
  for (let v = 0; v < expected.values.length; v++) {
    assert.deepEqual(read.values[v]!.subarray(0, count), expected.values[v]!.subarray(0, count));
    assert.deepEqual(read.quality[v]!.subarray(0, count), expected.quality[v]!.subarray(0, count));
  }
}

Deno.test("worked examples of the specification (11)", () => {
  const a = encoded({
    options: OPTIONS,
    columns: {
      values: [Int32Array.of(1, 1, 1), Int32Array.of(-2, -2, -2)],
      quality: [Uint32Array.of(0, 0, 0), Uint32Array.of(1, 1, 1)],
    },
    count: 3,
    time: { seconds: 0, nanos: 1 },
  });
  assert.equal(
    hex(a),
    "00112233445566778899aabbccddeeff" + "0000000000000001" + "06" + "02030000000000000100",
  );
  const cubes = Int32Array.from({ length: 20 }, (_, k) => 7 * k ** 3);
  const b = encoded({
    options: { ...OPTIONS, samplesPerMessage: 20 },
    columns: {
      values: [cubes, cubes.map((x) => x + 1000)],
      quality: constant(2, 20).quality,
    },
    count: 20,
    time: { seconds: 0, nanos: 5 },
  });
  assert.equal(
    hex(b),
    "00112233445566778899aabbccddeeff" + "0000000000000005" + "28" +
      "80a952a54a950700" + "80a952a54a952a54" + "c00a8015002a0054" +
      "b05405405400e7d0" + "80a952a54a952a54" + "9054545454545454" + "00000000",
  );
});

Deno.test("what is encoded is what the text of the specification says, and is decoded again", () => {
  fc.assert(
    fc.property(samples(300), (sample) => {
      const message = encoded(sample);
      assert.equal(hex(message), hex(modelMessage(sample)));
      const read = new Decoder(sample.options).decode(message);
      assert.deepEqual(read.time, sample.time);
      assert.equal(read.count, sample.count);
      assertSame(read, sample.columns, sample.count);
    }),
    { numRuns: 500 },
  );
});

Deno.test("a column that ends in ones is a run only to its very end (5.2)", () => {
  // Third differences of -1 are ones; the numbers of samples give 240, 120, 60 and what is left.
  for (const count of [123, 124, 243, 244, 363, 603]) {
    for (const last of [0, 1]) {
      const x = Int32Array.from({ length: count }, (_, k) => -(k * (k - 1) * (k - 2)) / 6);
      x[count - 1]! += last;
      const options = { ...OPTIONS, variables: 1, samplesPerMessage: 700 };
      const columns = { values: [x], quality: [new Uint32Array(count)] };
      const sample = { options, columns, count, time: { seconds: 1, nanos: 0 } };
      const message = encoded(sample);
      assert.equal(hex(message), hex(modelMessage(sample)));
      assertSame(new Decoder(options).decode(message), columns, count);
    }
  }
});

Deno.test("above 4096 samples the body is one gzip member, and only there (7)", () => {
  for (const count of [4096, 4097, 5000]) {
    const options = { ...OPTIONS, samplesPerMessage: 5000 };
    const columns = {
      values: [0, 1].map((v) =>
        Int32Array.from({ length: count }, (_, k) => Math.round(1e5 * Math.sin(k / 30 + v)))
      ),
      quality: [0, 1].map(() =>
        Uint32Array.from({ length: count }, (_, k) => k % 1000 === 0 ? 1 : 0)
      ),
    };
    const sample = {
      options,
      columns,
      count,
      time: { seconds: 1_700_000_000, nanos: 999_999_999 },
    };
    const message = encoded(sample), model = modelMessage(sample);
    assert.equal(hex(message.subarray(0, 26)), hex(model.subarray(0, 26)));
    if (count > 4096) {
      assert.equal(hex(message.subarray(26, 36)), "1f8b080000096e8802ff");
      assert.deepEqual(gunzipSync(message.subarray(26)), gunzipSync(model.subarray(26)));
    } else {
      assert.deepEqual(message, model);
    }
    for (const bytes of [message, model]) {
      const read = new Decoder(options).decode(bytes);
      assert.deepEqual(read.time, sample.time);
      assertSame(read, columns, count);
    }
  }
});

Deno.test("gzip: damage, two members, bytes after it and bodies beyond the bound are refused", () => {
  const options = { ...OPTIONS, variables: 1, samplesPerMessage: 5000 };
  const message = encoded({
    options,
    columns: constant(1, 5000, 7),
    count: 5000,
    time: { seconds: 1, nanos: 0 },
  });
  const header = message.subarray(0, 26), body = gunzipSync(message.subarray(26));
  const withBody = (...parts: Uint8Array[]) =>
    Uint8Array.from([header, ...parts].flatMap((part) => [...part]));
  const damaged = gzipSync(body);
  damaged[damaged.length - 6]! ^= 1; // CRC-32
  const table: [string, Uint8Array, string][] = [
    ["CRC", withBody(damaged), "gzip"],
    ["cut", message.subarray(0, message.length - 1), "gzip"],
    ["no member", header, "gzip"],
    ["plain body", withBody(body), "gzip"],
    ["two members", withBody(gzipSync(body.subarray(0, 9)), gzipSync(body.subarray(9))), "gzip"],
    ["zeros after it", withBody(gzipSync(body), new Uint8Array(9)), "gzip"],
    ["other bytes after it", withBody(gzipSync(body), Uint8Array.of(1, 2, 3)), "gzip"],
    ["bomb", withBody(gzipSync(new Uint8Array(18 * 5000 + 1))), "gzip"],
    ["longer body", withBody(gzipSync(Uint8Array.from([...body, 0]))), "trailing"],
    ["shorter body", withBody(gzipSync(body.subarray(0, -1))), "truncated"],
  ];
  const decoder = new Decoder(options);
  for (const [name, bytes, kind] of table) {
    assert.throws(
      () => decoder.decode(bytes),
      (e) => e instanceof DecodeError && e.kind === kind,
      name,
    );
  }
  assertSame(decoder.decode(withBody(gzipSync(body, { level: 1 }))), constant(1, 5000, 7), 5000);
});

Deno.test("what a strict decoder refuses (10)", () => {
  const rows = { ...OPTIONS, variables: 1 };
  const packed = { ...rows, samplesPerMessage: 300 };
  const head = "00112233445566778899aabbccddeeff" + "0000000000000001";
  const table: [string, StreamOptions, string, string | undefined][] = [
    ["good, varints", rows, "02" + "02" + "0000", undefined],
    ["good, last run with its length", rows, "06" + "020000" + "0001" + "0102", undefined],
    ["good, packed", packed, "02" + "f000000000000002" + "0000", undefined],
    ["varint of five bytes", rows, "02" + "ffffffff0f" + "0000", undefined],
    ["varint with 33 bits", rows, "02" + "ffffffff1f" + "0000", "varint"],
    ["varint of six bytes", rows, "02" + "808080808000" + "0000", "varint"],
    ["quality with 33 bits", rows, "02" + "02" + "ffffffff1f00", "varint"],
    ["count 0", rows, "00", "count"],
    ["count -1", rows, "01", "count"],
    ["count 4 of 3", rows, "08" + "02000000" + "0000", "count"],
    ["no count", rows, "", "truncated"],
    ["values cut", rows, "04" + "02", "truncated"],
    ["varint cut", rows, "02" + "80", "truncated"],
    ["quality missing", rows, "02" + "02", "truncated"],
    ["run missing", rows, "02" + "02" + "00", "truncated"],
    ["run too long", rows, "06" + "020000" + "0004", "quality"],
    ["run too long by much", rows, "06" + "020000" + "00ffffffff0f", "quality"],
    ["byte left over", rows, "02" + "02" + "0000" + "00", "trailing"],
    ["word cut", packed, "02" + "f00000000000", "truncated"],
    ["word beyond the column", packed, "02" + "e000000000000002" + "0000", "values"],
    ["run beyond the column", packed, "02" + "0000000000000000" + "0000", "values"],
    ["number of 33 bits", packed, "02" + "f000000100000000" + "0000", "values"],
  ];
  for (const [name, options, tail, kind] of table) {
    const bytes = Uint8Array.from((head + tail).match(/../g)!, (byte) => parseInt(byte, 16));
    const decoder = new Decoder(options);
    if (kind === undefined) assert.ok(decoder.decode(bytes).count > 0, name);
    else {assert.throws(
        () => decoder.decode(bytes),
        (e) => e instanceof DecodeError && e.kind === kind,
        name,
      );}
  }
});

Deno.test("any bytes are a message or a DecodeError, and leave no trace", () => {
  const damage = fc.record({
    at: fc.nat(400),
    byte: fc.nat(255),
    cut: fc.option(fc.nat(400), { nil: undefined }),
    tail: fc.uint8Array({ maxLength: 20 }),
  });
  fc.assert(
    fc.property(samples(60), damage, (sample, { at, byte, cut, tail }) => {
      const message = encoded(sample);
      const decoder = new Decoder(sample.options);
      const bad = message.slice();
      bad[24 + at % (bad.length - 24)] = byte;
      for (
        const bytes of [
          bad,
          message.slice(0, cut),
          Uint8Array.from([...message.subarray(0, 24), ...tail]),
        ]
      ) {
        try {
          const { count } = decoder.decode(bytes);
          assert.ok(count >= 1 && count <= sample.options.samplesPerMessage);
        } catch (error) {
          assert.ok(error instanceof DecodeError, String(error));
        }
        const again = decoder.decode(message);
        assert.equal(again.count, sample.count);
        assertSame(again, sample.columns, sample.count);
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("a refused message leaves the one that was lent before as it was", () => {
  const decoder = new Decoder(OPTIONS);
  const columns = {
    values: [Int32Array.of(5, 6, 7), Int32Array.of(-1, 0, 9)],
    quality: [Uint32Array.of(1, 2, 2), Uint32Array.of(0, 0, 3)],
  };
  const bytes = encoded({ options: OPTIONS, columns, count: 3, time: { seconds: 9, nanos: 8 } });
  const lent = decoder.decode(bytes);
  const other = encoded({
    options: OPTIONS,
    columns: constant(2, 2, 77),
    count: 2,
    time: { seconds: 1, nanos: 1 },
  });
  for (const bad of [other.subarray(0, -1), Uint8Array.from([...other, 0])]) {
    assert.throws(() => decoder.decode(bad), DecodeError);
    assert.deepEqual([lent.count, lent.time], [3, { seconds: 9, nanos: 8 }]);
    assertSame(lent, columns, 3);
  }
});

Deno.test("samples that wrap around in a ring give the bytes of those that do not", () => {
  for (
    const [samplesPerMessage, xor] of [[6, false], [6, true], [40, false], [40, true]] as const
  ) {
    const options: StreamOptions = {
      uuid: UUID,
      variables: 6,
      samplingRate: 4800,
      samplesPerMessage,
      xor,
      spatial: { voltageGroups: 2, currentGroups: 0, includeNeutral: false },
    };
    const ring = new WaveformRing(6, 4800, 50);
    for (let k = 0; k < 103; k++) {
      for (let v = 0; v < 6; v++) {
        ring.values[v]![ring.position] = Math.round(1e4 * Math.sin(k / 9 + v));
        ring.quality[v]![ring.position] = k > 60 && v === 2 ? 64 : 0;
      }
      ring.commit();
    }
    const first = ring.next - samplesPerMessage - 2;
    assert.ok(first % 50 + samplesPerMessage > 50, "does not wrap");
    const straight: Columns = {
      values: ring.values.map((x) =>
        Int32Array.from({ length: samplesPerMessage }, (_, i) => x[(first + i) % 50]!)
      ),
      quality: ring.quality.map((x) =>
        Uint32Array.from({ length: samplesPerMessage }, (_, i) => x[(first + i) % 50]!)
      ),
    };
    const encoder = new Encoder(options), time = { seconds: 3, nanos: 4 };
    const size = encoder.encode(time, ring, first % 50, samplesPerMessage);
    assert.deepEqual(
      encoder.buffer.slice(0, size),
      encoded({ options, columns: straight, count: samplesPerMessage, time }),
    );
  }
});

Deno.test("samples one by one give the messages of blocks, flushed early too", () => {
  fc.assert(fc.property(samples(40), fc.nat(40), (sample, flushAt) => {
    const { options, columns, count, time } = sample;
    const encoder = new SampleEncoder(options);
    assert.equal(encoder.flush(), 0);
    let start = 0;
    for (let k = 0; k < count; k++) {
      const at = { seconds: time.seconds, nanos: k };
      let size = encoder.push(
        at,
        columns.values.map((x) => x[k]!),
        columns.quality.map((x) => x[k]!),
      );
      assert.equal(size > 0, k + 1 - start === options.samplesPerMessage);
      if (size === 0 && (k === flushAt || k === count - 1)) size = encoder.flush();
      if (size === 0) continue;
      const block = new Encoder(options);
      const expected = block.encode(
        { seconds: time.seconds, nanos: start },
        columns,
        start,
        k + 1 - start,
      );
      assert.deepEqual(encoder.buffer.subarray(0, size), block.buffer.subarray(0, expected));
      assert.equal(encoder.pending, 0);
      start = k + 1;
    }
    assert.equal(start, count);
  }));
});

Deno.test("the worst values and qualities fit (9.1)", () => {
  for (const samplesPerMessage of [16, 20, 5000]) {
    const options = { ...OPTIONS, samplesPerMessage };
    const columns = {
      values: [0, 1].map((v) =>
        Int32Array.from(
          { length: samplesPerMessage },
          (_, k) => (k * 2654435761 + v * 0x55555555) | 0,
        )
      ),
      quality: [0, 1].map(() =>
        Uint32Array.from({ length: samplesPerMessage }, (_, k) => 0xffffffff - k * 7919)
      ),
    };
    const message = encoded({
      options,
      columns,
      count: samplesPerMessage,
      time: { seconds: 1, nanos: 1 },
    });
    assertSame(new Decoder(options).decode(message), columns, samplesPerMessage);
  }
});

Deno.test("options and arguments that cannot be used are RangeErrors", () => {
  const bad: [string, Partial<StreamOptions>][] = [
    ["uuid", { uuid: "0011" }],
    ["variables", { variables: 0 }],
    ["variables", { variables: 1025 }],
    ["samplingRate", { samplingRate: 4800.5 }],
    ["samplesPerMessage", { samplesPerMessage: 0 }],
    ["samplesPerMessage", { samplesPerMessage: 2 ** 20 + 1 }],
    ["values per message", { variables: 1000, samplesPerMessage: 5000 }],
    ["spatial", { spatial: { voltageGroups: 1, currentGroups: 0, includeNeutral: false } }],
    ["voltageGroups", { spatial: { voltageGroups: -1, currentGroups: 0, includeNeutral: false } }],
  ];
  for (const [what, change] of bad) {
    for (const make of [Encoder, Decoder, SampleEncoder]) {
      assert.throws(
        () => new make({ ...OPTIONS, ...change }),
        (e) => e instanceof RangeError && e.message.includes(what),
        what,
      );
    }
  }
  const encoder = new Encoder(OPTIONS), columns = constant(2, 3), time = { seconds: 1, nanos: 0 };
  const calls: [string, () => number][] = [
    ["0 samples", () => encoder.encode(time, columns, 0, 0)],
    ["4 samples", () => encoder.encode(time, columns, 0, 4)],
    ["position", () => encoder.encode(time, columns, 3, 1)],
    ["short columns", () => encoder.encode(time, constant(2, 2), 0, 3)],
    ["one column", () => encoder.encode(time, constant(1, 3), 0, 3)],
    ["before 1970", () => encoder.encode({ seconds: -1, nanos: 0 }, columns, 0, 3)],
    ["after 2554", () => encoder.encode({ seconds: 18_446_744_073, nanos: 0 }, columns, 0, 3)],
    ["nanos", () => encoder.encode({ seconds: 1, nanos: 1e9 }, columns, 0, 3)],
    ["sample", () => new SampleEncoder(OPTIONS).push(time, [1], [1])],
  ];
  for (const [name, call] of calls) assert.throws(call, RangeError, name);
});
