import assert from "node:assert/strict";
import { threadMicros } from "../../bench/load/clock.ts";
import fc from "fast-check";
import { type BufferBlock, decodeBufferBlock } from "./buffer_block.ts";
import { Command, Response } from "./constants.ts";
import { commandFrame, FrameSplitter, parseResponse } from "./framing.ts";
import { clientModes } from "./operational_modes.ts";
import { PublisherSession } from "./publisher.ts";
import { BlockQueue } from "./publisher_blocks.ts";
import { FrameLog } from "./publisher_log.ts";
import { TestBooks, TestRights, testSignal } from "./publisher_testing.ts";
import { SubscriberSession } from "./subscriber.ts";

const PRESENT = [0, 1, 2, 3];
const ROOM = 1 << 20;
const data = (n: number, size = 4) => new Uint8Array(size).fill(n);

/** Our two sessions; what passes in either direction can be looked at and held back. */
class BlockPair {
  readonly rights = new TestRights();
  readonly publisher: PublisherSession;
  readonly subscriber: SubscriberSession;
  /** Blocks on the wire, repeats included. */
  readonly wire: BufferBlock[] = [];
  /** First byte of the data of delivered blocks, by GUID. */
  readonly delivered: [string | undefined, number][] = [];
  readonly troubles: string[] = [];
  /** Frames of the subscriber that are let through. */
  passes: (frame: Uint8Array) => boolean = () => true;
  nowMs = 0;
  readonly #up: Uint8Array[] = [];
  readonly #down: Uint8Array[] = [];

  constructor(options: { blockBytes?: number; version?: number } = { blockBytes: 1000 }) {
    const version = options.version ?? 2;
    const splitter = new FrameSplitter({
      frame: (body) => {
        const { response, payload } = parseResponse(body);
        if (response === Response.BufferBlock) {
          this.wire.push(decodeBufferBlock(payload.slice(), version));
        }
      },
    }, 1 << 24);
    const note = (kind: string, text: string) => void this.troubles.push(`${kind}: ${text}`);
    this.publisher = new PublisherSession({
      log: new FrameLog(4096),
      rights: this.rights,
      books: new TestBooks(),
      subscriberId: testSignal(99).id,
      queueBytes: 4096,
      nowMs: 0,
      ...(options.blockBytes === undefined ? {} : { blockBytes: options.blockBytes }),
      events: {
        transmit: (bytes) => {
          splitter.push(bytes);
          this.#down.push(bytes.slice());
        },
        metadata: () => {},
        close: (_, message) => note("publisher closes", message),
        complain: note,
        note: () => {},
      },
    });
    this.subscriber = new SubscriberSession({
      nowMs: 0,
      modes: clientModes(version),
      metadata: false,
      request: { filterExpression: "all" },
      events: {
        transmit: (bytes) => void this.#up.push(bytes.slice()),
        close: note,
        complain: note,
        measurements: () => {},
        bufferBlock: (index, bytes, cache) =>
          void this.delivered.push([cache?.signalIdOf(index), bytes[0]!]),
      },
    });
    this.rights.grant(PRESENT, PRESENT);
    this.subscriber.start(0);
    this.deliver();
  }

  block(handle: number, n: number, size = 4): boolean {
    const lent = data(n, size);
    const taken = this.publisher.publishBlock(handle, lent);
    lent.fill(0xff);
    this.publisher.pumpBlocks(ROOM);
    return taken;
  }

  deliver(): void {
    while (this.#up.length + this.#down.length > 0) {
      for (const bytes of this.#up.splice(0)) {
        if (this.passes(bytes)) this.publisher.receive(bytes, this.nowMs);
      }
      for (const bytes of this.#down.splice(0)) this.subscriber.receive(bytes, this.nowMs);
    }
  }

  advance(ms: number): void {
    this.nowMs += ms;
    this.publisher.tick(this.nowMs, this.nowMs * 1000, ROOM);
    this.publisher.pumpBlocks(ROOM);
    this.subscriber.tick(this.nowMs);
    this.deliver();
  }

  counts() {
    const counts = this.publisher.status().blocks!;
    const { taken, confirmed, withheld, dropped, waiting } = counts;
    assert.equal(taken, confirmed + withheld + dropped + waiting);
    return counts;
  }
}

const confirms = (frame: Uint8Array) => frame[4] === Command.ConfirmBufferBlock;
const id = (handle: number) => testSignal(handle).id;

for (const version of [1, 2, 3]) {
  Deno.test(`blocks: delivered in order and confirmed, version ${version}`, () => {
    const t = new BlockPair({ blockBytes: 1000, version });
    for (let n = 0; n < 20; n++) assert.equal(t.block(n % 4, n), true);
    t.deliver();
    assert.deepEqual(
      t.delivered,
      Array.from({ length: 20 }, (_, n): [string, number] => [id(n % 4), n]),
    );
    assert.deepEqual(t.wire.map((b) => b.sequence), Array.from({ length: 20 }, (_, n) => n));
    assert.deepEqual([t.counts().confirmed, t.counts().waitingBytes], [20, 0]);
    t.advance(60_000);
    assert.equal(t.wire.length, 20);
  });
}

Deno.test("blocks: repeated after five seconds, delivered once", () => {
  const t = new BlockPair();
  t.passes = (frame) => !confirms(frame);
  t.block(0, 7);
  t.deliver();
  t.advance(4900);
  assert.equal(t.wire.length, 1);
  t.advance(200);
  assert.equal(t.wire.length, 2);
  t.passes = () => true;
  t.advance(5100);
  assert.deepEqual(t.wire.map((b) => b.sequence), [0, 0, 0]);
  assert.deepEqual(t.delivered, [[id(0), 7]]);
  const { sent, repeated, confirmed, waiting } = t.counts();
  assert.deepEqual([sent, repeated, confirmed, waiting], [1, 2, 1, 0]);
});

Deno.test("blocks: repeated when a later one is confirmed first, once", () => {
  const t = new BlockPair();
  let lost = 0;
  t.passes = (frame) => !confirms(frame) || ++lost > 2; // the first two confirmations are lost
  for (let n = 0; n < 5; n++) t.block(0, n);
  t.deliver();
  assert.equal(t.wire.length, 5);
  t.advance(20);
  assert.deepEqual(t.wire.slice(5).map((b) => b.sequence), [0, 1]);
  t.advance(20);
  assert.equal(t.counts().confirmed, 5);
  assert.equal(t.delivered.length, 5);
  assert.equal(t.wire.length, 7);
});

Deno.test("blocks: given up when they are never confirmed", () => {
  const t = new BlockPair();
  t.passes = (frame) => !confirms(frame);
  t.block(0, 1);
  for (let i = 0; i < 30; i++) t.advance(5000);
  assert.equal(t.wire.length, 12);
  assert.deepEqual([t.counts().dropped, t.counts().waiting], [1, 0]);
});

Deno.test("blocks: the oldest give way above the limit, without a gap in the sequence", () => {
  const t = new BlockPair({ blockBytes: 100 });
  t.passes = (frame) => !confirms(frame);
  for (let n = 0; n < 4; n++) t.publisher.publishBlock(0, data(n, 40));
  assert.deepEqual([t.counts().dropped, t.counts().waitingBytes], [2, 80]);
  t.publisher.pumpBlocks(ROOM);
  t.publisher.publishBlock(0, data(4, 40)); // takes the room of one that has left
  t.publisher.publishBlock(0, data(5, 101));
  t.publisher.pumpBlocks(ROOM);
  t.deliver();
  assert.deepEqual(t.wire.map((b) => b.sequence), [0, 1, 2]);
  assert.deepEqual(t.delivered.map(([, n]) => n), [2, 3, 4]);
  assert.equal(t.counts().dropped, 4);
});

Deno.test("blocks: empty ones are bounded in number", () => {
  const t = new BlockPair();
  for (let n = 0; n < 5000; n++) t.publisher.publishBlock(0, new Uint8Array(0));
  assert.deepEqual([t.counts().waiting, t.counts().dropped], [4096, 904]);
});

Deno.test("blocks: wait for room, and for the cache of their signal", () => {
  const t = new BlockPair();
  t.publisher.publishBlock(0, data(1));
  t.publisher.pumpBlocks(0);
  assert.equal(t.wire.length, 0);
  t.publisher.pumpBlocks(1);
  assert.equal(t.wire.length, 1);
  t.rights.grant([0, 1], PRESENT);
  t.publisher.refresh();
  t.deliver();
  t.rights.grant([0, 1, 3], PRESENT);
  t.publisher.refresh(); // the cache with signal 3 is on its way
  assert.equal(t.block(3, 9), true);
  t.block(0, 10);
  assert.equal(t.wire.length, 1, "nothing overtakes the block that waits");
  t.deliver();
  t.advance(20);
  assert.deepEqual(t.delivered, [[id(0), 1], [id(3), 9], [id(0), 10]]);
  assert.equal(t.wire.at(-1)!.cacheIndex, 0);
  assert.equal(t.wire.at(-2)!.signalIndex, 2);
});

Deno.test("blocks: only of subscribed signals, under the rights of the moment of sending", () => {
  const t = new BlockPair();
  assert.equal(t.block(7, 1), false, "no such signal");
  t.publisher.publishBlock(2, data(1));
  t.rights.grant([0, 1], PRESENT); // revoked before it was sent
  t.publisher.pumpBlocks(ROOM);
  t.deliver();
  assert.equal(t.wire.length, 0);
  assert.equal(t.counts().withheld, 1);
  t.passes = (frame) => !confirms(frame);
  t.block(1, 5);
  t.deliver();
  t.rights.grant([0], PRESENT); // revoked before it was repeated
  t.advance(6000);
  assert.equal(t.wire.length, 1);
  assert.equal(t.counts().withheld, 2);
  t.subscriber.unsubscribe();
  t.deliver();
  assert.equal(t.block(0, 1), false);
});

Deno.test("blocks: sequence numbers go on over subscriptions, and end with the connection", () => {
  const t = new BlockPair();
  t.block(0, 1);
  t.deliver();
  t.subscriber.subscribe();
  t.deliver();
  t.publisher.publishBlock(0, data(2));
  t.subscriber.subscribe();
  t.deliver(); // drops what was not sent
  t.block(0, 3);
  t.deliver();
  assert.deepEqual(t.wire.map((b) => b.sequence), [0, 1]);
  assert.deepEqual(t.delivered.map(([, n]) => n), [1, 3]);
  t.publisher.publishBlock(0, data(4));
  t.publisher.end();
  assert.deepEqual([t.counts().dropped, t.counts().waiting], [2, 0]);
});

Deno.test("blocks: none without a limit for them; odd confirmations are ignored", () => {
  const without = new BlockPair({});
  assert.equal(without.block(0, 1), false);
  assert.equal(without.publisher.status().blocks, undefined);
  const t = new BlockPair();
  t.publisher.publishBlock(0, data(1));
  for (const bytes of [[], [0, 0, 0], [0, 0, 0, 0], [0xff, 0xff, 0xff, 0xff]]) {
    t.publisher.receive(commandFrame(Command.ConfirmBufferBlock, Uint8Array.from(bytes)), 0);
  }
  assert.equal(t.counts().confirmed, 0, "a block that was not sent cannot be confirmed");
});

Deno.test("blocks: whatever happens, bounds hold, all is accounted for, and no number is left out", () => {
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 0, max: 60 }) }),
    fc.record({ room: fc.integer({ min: 0, max: 100 }), ms: fc.integer({ min: 0, max: 6000 }) }),
    fc.record({ confirm: fc.integer({ min: 0, max: 12 }) }),
    fc.record({ route: fc.constantFrom("never" as const, "later" as const, "here" as const) }),
    fc.constant({ over: true }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const fresh: number[] = [];
      const queue = new BlockQueue(100, 2, (bytes) => {
        const { sequence } = decodeBufferBlock(parseResponse(bytes.subarray(4)).payload, 2);
        if (!fresh.includes(sequence)) fresh.push(sequence);
      });
      let nowMs = 0, route: "never" | "later" | "here" = "here";
      for (const s of steps) {
        if ("add" in s) queue.add(1, new Uint8Array(s.add));
        else if ("confirm" in s) queue.confirm(s.confirm, nowMs);
        else if ("route" in s) route = s.route;
        else if ("over" in s) queue.endSubscription();
        else {
          queue.pump(
            nowMs += s.ms,
            s.room,
            () => route === "here" ? { cacheIndex: 0, signalIndex: 0 } : route,
          );
        }
        const { taken, confirmed, withheld, dropped, waiting, waitingBytes } = queue.counts();
        assert.equal(taken, confirmed + withheld + dropped + waiting);
        assert.ok(waitingBytes <= 100 && waitingBytes >= 0);
      }
      assert.deepEqual(fresh, fresh.map((_, i) => i));
    }),
    { numRuns: 300 },
  );
});

const opening = (version: number) => ({ version, data: Uint8Array.of(200 + version) });

/** First bytes of what was delivered. */
const bytesOf = (t: BlockPair) => t.delivered.map(([, byte]) => byte);

Deno.test("blocks: an opening goes before the first block of each signal, and again when it changes", () => {
  const t = new BlockPair();
  const block = (handle: number, n: number, version: number) =>
    t.publisher.publishBlock(handle, data(n), opening(version));
  for (const [handle, n, version] of [[0, 1, 1], [0, 2, 1], [1, 3, 5], [0, 4, 2], [0, 5, 2]]) {
    assert.equal(block(handle!, n!, version!), true);
  }
  t.publisher.pumpBlocks(ROOM);
  t.deliver();
  assert.deepEqual(bytesOf(t), [201, 1, 2, 205, 3, 202, 4, 5]);
  assert.deepEqual([t.counts().taken, t.counts().confirmed], [8, 8]);
});

Deno.test("blocks: a new subscription has the opening again", () => {
  const t = new BlockPair();
  t.publisher.publishBlock(0, data(1), opening(1));
  t.publisher.pumpBlocks(ROOM);
  t.deliver();
  t.subscriber.subscribe({ filterExpression: "all" });
  t.deliver();
  t.publisher.publishBlock(0, data(2), opening(1));
  t.publisher.pumpBlocks(ROOM);
  t.deliver();
  assert.deepEqual(bytesOf(t), [201, 1, 201, 2]);
});

Deno.test("blocks: openings are the last to give way", () => {
  const t = new BlockPair({ blockBytes: 100 });
  t.passes = (frame) => !confirms(frame);
  for (let n = 0; n < 50; n++) t.publisher.publishBlock(n % 2, data(n, 20), opening(1));
  t.publisher.pumpBlocks(ROOM);
  t.deliver();
  assert.deepEqual(bytesOf(t), [201, 201, 46, 47, 48, 49]);
  assert.equal(t.counts().dropped, 46);
  // Where nothing but openings is left they go too, and come again with the next block.
  const small = new BlockQueue(10, 2, () => {});
  const first = { version: 1, data: data(2, 9) }, second = { version: 2, data: data(3, 9) };
  small.add(0, data(1, 9), first);
  assert.deepEqual([small.counts().taken, small.counts().dropped], [2, 1]);
  small.add(1, data(1, 9), second);
  assert.deepEqual([small.counts().taken, small.counts().dropped], [4, 3]);
  small.add(1, data(1, 1), second);
  assert.equal(small.counts().taken, 5);
  small.add(0, data(1, 1), first);
  assert.equal(small.counts().taken, 7);
});

Deno.test("blocks: a subscriber that never confirms costs little", () => {
  const queue = new BlockQueue(1 << 20, 2, () => {});
  const bytes = data(1, 144);
  const before = threadMicros();
  for (let n = 0; n < 50_000; n++) {
    queue.add(0, bytes);
    queue.pump(n / 2.4, ROOM, () => ({ cacheIndex: 0, signalIndex: 0 }));
  }
  const { taken, dropped, waiting, waitingBytes } = queue.counts();
  assert.deepEqual([taken, dropped + waiting, waiting], [50_000, 50_000, 4096]);
  assert.ok(waitingBytes <= 1 << 20);
  const usedMs = (threadMicros() - before) / 1000;
  assert.ok(usedMs < 5000, `${usedMs} ms of processor time`);
});

Deno.test("blocks: room is what is free, and nobody waits for a subscriber that confirms nothing", () => {
  const t = new BlockPair({ blockBytes: 1000 });
  assert.equal(t.publisher.blockRoom(0), 1000);
  assert.equal(t.publisher.blockRoom(77), undefined);
  t.passes = (frame) => !confirms(frame);
  t.block(0, 1, 300);
  t.deliver();
  assert.equal(t.publisher.blockRoom(0), 700);
  t.advance(9000);
  assert.equal(t.publisher.blockRoom(0), 700);
  t.advance(2000);
  assert.equal(t.publisher.blockRoom(0), 1000);
  t.passes = () => true;
  t.advance(5000); // it is sent again, and confirmed
  assert.equal(t.publisher.blockRoom(0), 1000);
  assert.equal(t.counts().confirmed, 1);
});
