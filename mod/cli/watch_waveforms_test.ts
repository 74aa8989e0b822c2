import assert from "node:assert/strict";
import fc from "fast-check";
import { SampleMarks, setFromSample } from "../core/mod.ts";
import {
  decodeEventRecord,
  encodeDescriptorBlock,
  LIVE_MARK_ANEW,
  messageHeadBytes,
  recordedWaveforms,
  writeMessageHead,
} from "../event/mod.ts";
import { Encoder } from "../slipstream/mod.ts";
import { WatchWaveforms, type WaveformLine } from "./watch_waveforms.ts";

const UUID = "01234567-89ab-4cde-8f01-23456789abcd";
const RATE = 4000, N = 4, START = 1_700_000_000 * RATE;
const OPTIONS = { uuid: UUID, variables: 1, samplingRate: RATE, samplesPerMessage: N };
const DESCRIPTOR = encodeDescriptorBlock({
  gateway: { id: UUID, name: "GW", company: "", program: "Tieline" },
  stream: {
    name: "BAY/1",
    title: "Bay 1",
    source: "MU01",
    protocol: "IEC 61850-9-2",
    confRev: 1,
    rate: RATE,
    nominalHz: 50,
    latitude: NaN,
    longitude: NaN,
    channels: [{ name: "Ia", phase: "A", unit: "A", scale: 0.001, offset: 0 }],
  },
  encoding: OPTIONS,
});

/** A live block of N samples from number `first`, with these marks; what is filled in is zero. */
function block(first: number, marks: number[], mark = 0): Uint8Array {
  const samples = {
    values: [Int32Array.from(marks, (m, i) => m & SampleMarks.Filled ? 0 : 1000 * (i + 1))],
    quality: [Uint32Array.from(marks, (m) => m & SampleMarks.Filled)],
  };
  const time = { seconds: 0, nanos: 0 };
  setFromSample(time, 0, 0, first, RATE);
  const encoder = new Encoder(OPTIONS);
  const size = encoder.encode(time, samples, 0, N);
  const head = new Uint8Array(messageHeadBytes(N));
  const headSize = writeMessageHead(Uint8Array.from(marks), 0, N, mark, head);
  return Uint8Array.of(...head.subarray(0, headSize), ...encoder.buffer.subarray(0, size));
}

Deno.test("watch: no filled-in sample passes for a measured one, on screen or in a file", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const lines: WaveformLine[] = [], notes: string[] = [];
    const watch = new WatchWaveforms({
      folder,
      message: (line) => lines.push(line),
      record: () => assert.fail("no record was sent"),
      note: (text) => notes.push(text),
    });
    watch.accept("signal", block(START, [0, 0, 0, 0])); // before its descriptor
    watch.accept("signal", DESCRIPTOR);
    watch.accept("signal", block(START, [0, 0, 0, 0]));
    watch.accept("signal", block(START + 4, [0, 1, 3, 0]));
    const damaged = block(START + 8, [0, 0, 0, 0]);
    watch.accept("signal", damaged.subarray(0, damaged.length - 1));
    watch.accept("signal", Uint8Array.of(4, 1, 5, 0, 0, ...damaged.subarray(1))); // marks of too many
    watch.accept("signal", block(START + 12, [2, 2, 2, 2]));
    watch.accept("signal", block(START - 40 * RATE, [0, 0, 0, 0], LIVE_MARK_ANEW));
    watch.finish();
    assert.match(notes[0]!, /expected a descriptor/);
    assert.equal(notes.length, 3, "a truncated message costs only itself");
    assert.deepEqual(
      lines.map(({ missing, anew, marks }) => ({ missing, anew, marks })),
      [
        { missing: 0, anew: false, marks: null },
        { missing: 0, anew: false, marks: [0, 1, 3, 0] },
        { missing: 4, anew: false, marks: [2, 2, 2, 2] },
        { missing: 0, anew: true, marks: null },
      ],
    );
    assert.deepEqual(lines[1]!.values, { Ia: [1, null, null, 4] });
    assert.deepEqual(lines[1]!.quality, { Ia: [0, 1, 1, 0] });

    // What is saved says the same; what was set back is in a file of its own.
    const files = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assert.equal(files.length, 2, files.join());
    assert.ok(files.every((name) => name.startsWith("BAY-1_live_")));
    const [early, late] = files.map((name) =>
      recordedWaveforms(decodeEventRecord(Deno.readFileSync(`${folder}/${name}`)))
    );
    assert.deepEqual(early!.map(({ first, count }) => [first - START, count]), [[-40 * RATE, 4]]);
    assert.deepEqual([...late![0]!.marks], [0, 0, 0, 0, 0, 1, 3, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("watch: whatever is done to a block, it costs only itself", () => {
  const good = block(START + 8, [0, 2, 2, 0]);
  const damage = fc.oneof(
    fc.nat(good.length - 1).map((length) => good.slice(0, length)),
    fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, bits]) =>
      good.map((byte, i) => i === at ? byte ^ bits : byte)
    ),
    fc.uint8Array({ minLength: 1 }).filter((bytes) => bytes[0] !== 1), // no other descriptor
  );
  fc.assert(fc.property(fc.array(damage, { maxLength: 5 }), (blocks) => {
    const lines: WaveformLine[] = [];
    const notes: string[] = [];
    const watch = new WatchWaveforms({
      message: (line) => lines.push(line),
      record: () => {},
      note: (text) => notes.push(text),
    });
    watch.accept("signal", DESCRIPTOR);
    watch.accept("signal", block(START, [0, 0, 0, 0]));
    for (const damaged of blocks) watch.accept("signal", damaged);
    watch.accept("signal", block(START + 20, [0, 1, 0, 0]));
    assert.deepEqual(lines[0]!.values, { Ia: [1, 2, 3, 4] });
    const { values, marks } = lines.at(-1)!;
    assert.deepEqual([values, marks], [{ Ia: [1, null, 3, 4] }, [0, 1, 0, 0]]);
    // Parts of records that are not whole tell nothing; all else is read or told.
    const parts = blocks.filter(([kind]) => kind === 3).length;
    assert.ok(lines.length + notes.length + parts >= 2 + blocks.length);
  }));
});
