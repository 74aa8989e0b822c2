import assert from "node:assert/strict";
import fc from "fast-check";
import { type Layout, makeFrame, makeLayout } from "../core/mod.ts";
import {
  type FrameCursor,
  FrameLog,
  type FrameLogReader,
  makeLoggedFrame,
} from "./publisher_log.ts";

function layoutOf(count: number): Layout {
  return makeLayout("test", Array.from({ length: count }, (_, i) => i), [], 50);
}

/** Puts frame number `n` of `layout` in, and spoils the lent buffers afterwards. */
function put(log: FrameLog, layout: Layout, n: number): void {
  const frame = makeFrame(layout);
  frame.instant.seconds = n;
  frame.arrivalMicros = n * 1e6 + 7;
  frame.values.fill(n);
  frame.flags.fill(n + 1);
  log.accept(frame);
  frame.values.fill(NaN);
  frame.flags.fill(0xffffffff);
}

class Reader implements FrameLogReader {
  offeredSeconds: number[] = [];
  lostSeconds: number[] = [];
  offered(_: Layout, second: number): void {
    this.offeredSeconds.push(second);
  }
  lost(_: Layout, second: number): void {
    this.lostSeconds.push(second);
  }
  refused(_: Layout, second: number): void {
    this.lostSeconds.push(second);
  }
}

function takeAll(log: FrameLog, cursor: FrameCursor, most = Infinity): number[] {
  const taken: number[] = [];
  const frame = makeLoggedFrame();
  while (taken.length < most && cursor.peek(frame)) {
    const n = frame.arrivalSecond;
    for (let i = 0; i < frame.count; i++) {
      assert.equal(log.floats[frame.valuesAt + i], n);
      assert.equal(log.words[frame.flagsAt + i], n + 1);
    }
    assert.equal(frame.arrivalMicros, 7);
    assert.equal(frame.count, frame.layout.handles.length);
    taken.push(n);
    cursor.advance();
  }
  return taken;
}

Deno.test("FrameLog: a reader gets what came after it joined, in order", () => {
  const log = new FrameLog(4096);
  const layout = layoutOf(3);
  put(log, layout, 1);
  const reader = new Reader();
  const cursor = log.attach(reader, 4096);
  put(log, layout, 2);
  put(log, layout, 3);
  assert.equal(cursor.behindFrames, 2);
  assert.equal(cursor.behindBytes, 2 * FrameLog.recordBytes(3));
  assert.deepEqual(takeAll(log, cursor), [2, 3]);
  assert.equal(cursor.behindBytes, 0);
  assert.deepEqual(reader.offeredSeconds, [2, 3]);
  cursor.detach();
  put(log, layout, 4);
  assert.deepEqual(reader.offeredSeconds, [2, 3]);
  assert.equal(log.readers, 0);
});

Deno.test("FrameLog: a reader beyond its own limit loses its oldest frames, others lose nothing", () => {
  const log = new FrameLog(65536);
  const layout = layoutOf(10);
  const slow = new Reader(), patient = new Reader();
  const slowCursor = log.attach(slow, 2 * FrameLog.recordBytes(10));
  const patientCursor = log.attach(patient, 65536);
  for (let n = 1; n <= 5; n++) put(log, layout, n);
  assert.deepEqual(slow.lostSeconds, [1, 2, 3]);
  assert.deepEqual(takeAll(log, slowCursor), [4, 5]);
  assert.deepEqual(takeAll(log, patientCursor), [1, 2, 3, 4, 5]);
  assert.deepEqual(patient.lostSeconds, []);
});

Deno.test("FrameLog: a frame larger than half the log is refused, and readers are told", () => {
  const log = new FrameLog(4096);
  const reader = new Reader();
  const cursor = log.attach(reader, 4096);
  put(log, layoutOf(600), 9);
  assert.equal(log.framesRefused, 1);
  assert.deepEqual(reader.lostSeconds, [9]);
  assert.deepEqual(takeAll(log, cursor), []);
});

Deno.test("FrameLog: whatever comes, each reader gets or loses each frame once, in order", () => {
  const step = fc.oneof(
    fc.record({ put: fc.integer({ min: 0, max: 250 }) }),
    fc.record({ reader: fc.integer({ min: 0, max: 2 }), take: fc.integer({ min: 0, max: 9 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: "max" }), (steps) => {
      const log = new FrameLog(4096);
      const layouts = new Map<number, Layout>();
      const limits = [4096, 1500, 300];
      const readers = limits.map(() => new Reader());
      const cursors = readers.map((r, i) => log.attach(r, limits[i]!));
      const taken: number[][] = readers.map(() => []);
      let n = 0;
      for (const s of steps) {
        if ("put" in s) {
          if (!layouts.has(s.put)) layouts.set(s.put, layoutOf(s.put));
          put(log, layouts.get(s.put)!, ++n);
        } else {
          taken[s.reader]!.push(...takeAll(log, cursors[s.reader]!, s.take));
        }
        readers.forEach((reader, i) => {
          const queued: number[] = [];
          cursors[i]!.forEach((_, second) => queued.push(second));
          assert.equal(queued.length, cursors[i]!.behindFrames);
          assert.ok(cursors[i]!.behindBytes <= limits[i]!);
          const all = [...reader.lostSeconds, ...taken[i]!, ...queued].sort((a, b) => a - b);
          assert.deepEqual(all, Array.from({ length: n }, (_, k) => k + 1));
          assert.deepEqual(taken[i], [...taken[i]!].sort((a, b) => a - b));
        });
      }
    }),
    { numRuns: 100 },
  );
});
