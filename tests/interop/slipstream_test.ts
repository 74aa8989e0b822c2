import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { type Columns, Decoder, Encoder, type StreamOptions } from "../../mod/slipstream/mod.ts";
import { testWith } from "./peers.ts";
import { RandomData } from "./random_data.ts";
import { askReference, type Job, type ReadMessage } from "./slipstream_reference.ts";

// The reference encodes what our decoder reads and what our encoder must write too; it decodes what our encoder wrote.
// Its known defects are kept away from: its work buffer overflows with wide values and many quality changes, and its
// decoder misreads quality runs between the first and the last, runs of ones, and references of single samples.

/** One stream: options, samples, and how they are cut into messages. */
interface Stream {
  readonly options: StreamOptions;
  readonly columns: Columns;
  readonly counts: readonly number[];
  readonly stamps: readonly bigint[];
}

const STREAMS = 300;
const UUID = "6f2b0a3c-91d4-4e57-8a10-5c3e7f1d2b90";

function makeStream(data: RandomData): Stream {
  const groups = [data.below(3), data.below(3)] as const;
  const isSpatial = data.below(2) === 0;
  const includeNeutral = data.below(2) === 0;
  const variables = isSpatial
    ? (groups[0] + groups[1]) * (includeNeutral ? 4 : 3) + 1 + data.below(3)
    : 1 + data.below(12);
  // Now and then messages that are compressed; mostly around the border between the two forms.
  const pick = data.below(20);
  const samplesPerMessage = pick === 0
    ? 4090 + data.below(20)
    : pick < 10
    ? 1 + data.below(32)
    : 1 + data.below(600);
  const counts: number[] = [];
  for (let m = 0; m < (pick === 0 ? 2 : 5); m++) {
    counts.push(data.below(3) === 0 ? 1 + data.below(samplesPerMessage) : samplesPerMessage);
  }
  const total = counts.reduce((sum, count) => sum + count, 0);
  const bits = data.below(24);
  const noise = data.below(bits + 1);
  const columns: Columns = {
    values: Array.from(
      { length: variables },
      (_, v) =>
        Int32Array.from(
          { length: total },
          (_, k) => Math.round(2 ** bits * Math.sin(k / 15 + v)) + data.below(2 ** noise),
        ),
    ),
    quality: Array.from({ length: variables }, () => {
      // At most two runs in a message: the change comes once in the stream.
      const change = data.below(2 * total), before = data.below(0x4000), after = data.below(0x4000);
      return Uint32Array.from({ length: total }, (_, k) => k < change ? before : after);
    }),
  };
  const options: StreamOptions = {
    uuid: UUID,
    variables,
    samplingRate: [4000, 4800, 14400][data.below(3)]!,
    samplesPerMessage,
    xor: data.below(3) === 0,
    ...(isSpatial && {
      spatial: { voltageGroups: groups[0], currentGroups: groups[1], includeNeutral },
    }),
  };
  const stamps = counts.map((_, m) => 1_735_689_600_000_000_000n + BigInt(m * 69_444));
  return { options, columns, counts, stamps };
}

/** The messages of a stream as our encoder writes them. */
function ourMessages({ options, columns, counts, stamps }: Stream): Uint8Array<ArrayBuffer>[] {
  const encoder = new Encoder(options);
  let at = 0;
  return counts.map((count, m) => {
    const stamp = stamps[m]!;
    const time = { seconds: Number(stamp / 1_000_000_000n), nanos: Number(stamp % 1_000_000_000n) };
    const size = encoder.encode(time, columns, at, count);
    at += count;
    return encoder.buffer.slice(0, size);
  });
}

/** The bytes of a message with its body decompressed. */
function plain(message: Uint8Array, count: number): Uint8Array {
  if (count <= 4096) return message;
  return Uint8Array.from([...message.subarray(0, 26), ...gunzipSync(message.subarray(26))]);
}

testWith(
  ["slipstream"],
  "slipstream: our encoder writes the bytes of the reference, our decoder reads them",
  async () => {
    const data = new RandomData(5);
    const streams = Array.from({ length: STREAMS }, () => makeStream(data));
    const answers = await askReference(streams.map((stream): Job => ({ do: "encode", ...stream })));
    let compared = 0;
    streams.forEach((stream, s) => {
      const { result, ...problem } = answers[s]!;
      assert.deepEqual(problem, {}, `stream ${s}`);
      const theirs = (result as string[]).map((text) => Uint8Array.fromBase64(text));
      const ours = ourMessages(stream);
      const decoder = new Decoder(stream.options);
      let at = 0;
      stream.counts.forEach((count, m) => {
        const name = `stream ${s} (${JSON.stringify(stream.options)}), message ${m}`;
        assert.deepEqual(plain(ours[m]!, count), plain(theirs[m]!, count), name);
        assert.ok(ours[m]!.length <= theirs[m]!.length, `${name}: larger than the reference`);
        const read = decoder.decode(theirs[m]!);
        assert.equal(read.count, count, name);
        stream.columns.values.forEach((column, v) => {
          const quality = stream.columns.quality[v]!;
          assert.deepEqual(
            read.values[v]!.subarray(0, count),
            column.subarray(at, at + count),
            name,
          );
          assert.deepEqual(
            read.quality[v]!.subarray(0, count),
            quality.subarray(at, at + count),
            name,
          );
        });
        at += count;
        compared++;
      });
    });
    assert.ok(compared >= 4 * STREAMS);
  },
);

testWith(["slipstream"], "slipstream: the reference reads what our encoder writes", async () => {
  const data = new RandomData(6);
  const streams = Array.from({ length: STREAMS }, () => makeStream(data)).filter(hasNoDefect);
  assert.ok(streams.length > STREAMS / 2);
  const answers = await askReference(
    streams.map((stream): Job => ({
      do: "decode",
      options: stream.options,
      messages: ourMessages(stream),
    })),
  );
  streams.forEach((stream, s) => {
    const { result, ...problem } = answers[s]!;
    assert.deepEqual(problem, {}, `stream ${s}`);
    let at = 0;
    (result as ReadMessage[]).forEach(({ samples, error }, m) => {
      const name = `stream ${s} (${JSON.stringify(stream.options)}), message ${m}`;
      assert.equal(error, undefined, name);
      assert.equal(samples?.length, stream.counts[m], name);
      samples!.forEach(({ values, quality }, k) => {
        assert.deepEqual(values, stream.columns.values.map((column) => column[at + k]), name);
        assert.deepEqual(quality, stream.columns.quality.map((column) => column[at + k]), name);
      });
      at += stream.counts[m]!;
    });
  });
});

/** False for what the decoder of the reference is known to misread. */
function hasNoDefect({ options, counts }: Stream): boolean {
  return options.spatial === undefined || options.samplesPerMessage > 16 || !counts.includes(1);
}
