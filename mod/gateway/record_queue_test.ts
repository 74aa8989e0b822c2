import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeWaveformBlock, RecordAssembler } from "../event/mod.ts";
import type { BlockTaker } from "../output/sttp/mod.ts";
import { until } from "../../tests/support/waiting.ts";
import { RecordQueue } from "./record_queue.ts";

const CARRIER = { handle: 3, opening: { version: 1, data: new Uint8Array(0) } };

/** A subscriber that confirms when it is told to. */
class FakeTaker implements BlockTaker {
  left: number | undefined;
  readonly records: Uint8Array[] = [];
  abandoned = 0;
  readonly #assembler = new RecordAssembler();

  constructor(readonly limit: number) {
    this.left = limit;
  }

  room(): number | undefined {
    return this.left;
  }

  publish(_handle: number, bytes: Uint8Array): void {
    assert.ok(this.left !== undefined && this.left >= bytes.length, "no part gives way to another");
    this.left -= bytes.length;
    const block = decodeWaveformBlock(bytes);
    assert.ok(block.kind === "part");
    const whole = this.#assembler.take(block);
    if (whole) this.records.push(whole);
    this.abandoned = this.#assembler.abandoned;
  }
}

const id = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}`;

Deno.test("records: a subscriber that confirms nothing delays nobody", async () => {
  const queue = new RecordQueue(1 << 22);
  const prompt = new FakeTaker(1 << 17), mute = new FakeTaker(1 << 17);
  const records = [1, 2, 3].map((n) => new Uint8Array(500_000).fill(n));
  records.forEach((bytes, n) => queue.add(id(n), bytes, CARRIER, [mute, prompt]));
  await until(() => {
    prompt.left = prompt.limit; // it confirms
    return prompt.records.length === 3;
  }, () => `${prompt.records.length} records`);
  assert.deepEqual(prompt.records, records);
  assert.equal(mute.records.length, 0);
  assert.ok(mute.left! >= 0, "the mute one has what it has room for");
  assert.equal(queue.bytes, 1_500_000, "what the mute one waits for is kept, once");
  mute.left = undefined; // it goes
  await until(() => queue.bytes === 0, () => `${queue.bytes} bytes`);
  assert.deepEqual([queue.sent, queue.dropped], [3, 0]);
});

Deno.test("records: what is too much is given up oldest first, by those who wait for it", () => {
  const queue = new RecordQueue(1_000_000);
  const prompt = new FakeTaker(Infinity), mute = new FakeTaker(1 << 17);
  const sizes = [400_000, 400_000, 400_000, 1_000_001, 900_000];
  const given = sizes.map((size, n) =>
    queue.add(id(n), new Uint8Array(size).fill(n), CARRIER, [mute, prompt])
  );
  // The third has no room beside the first two; the fourth has none at all; the fifth needs it all.
  assert.deepEqual(given, [0, 0, 1, 2, 2]);
  assert.deepEqual(prompt.records.map((bytes) => bytes[0]), [0, 1, 2, 4]);
  assert.deepEqual([queue.sent, queue.dropped, queue.bytes], [4, 5, 900_000]);
  assert.equal(queue.add(id(9), new Uint8Array(9), CARRIER, []), 0);
  queue.clear();
  assert.equal(queue.bytes, 0);
});

Deno.test("records: each subscriber gets whole records in order, however it confirms", async () => {
  const seeds = fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1, maxLength: 6 });
  const limits = fc.array(fc.integer({ min: 65_536, max: 400_000 }), {
    minLength: 1,
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(seeds, limits, async (sizes, rooms) => {
      const queue = new RecordQueue(1 << 22);
      const takers = rooms.map((room) => new FakeTaker(room));
      const records = sizes.map((size, n) => new Uint8Array(size).fill(n));
      records.forEach((bytes, n) => queue.add(id(n), bytes, CARRIER, takers));
      let round = 0;
      await until(() => {
        takers.forEach((taker, i) => {
          if (round % (i + 1) === 0) taker.left = taker.limit;
        });
        round++;
        return queue.bytes === 0;
      }, () => `${queue.bytes} bytes`);
      for (const taker of takers) assert.deepEqual(taker.records, records);
      assert.equal(queue.sent, sizes.length * rooms.length);
    }),
    { numRuns: 5 },
  );
});
