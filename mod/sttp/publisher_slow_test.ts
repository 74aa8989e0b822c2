import assert from "node:assert/strict";
import fc from "fast-check";
import { FrameLog } from "./publisher_log.ts";
import { DropReason } from "./publisher_books.ts";
import { TestPeer } from "./publisher_testing.ts";
import type { SlowRule } from "./publisher_types.ts";

const A = [0, 1], B = [2, 3, 4];
const ALL = [...A, ...B];
/** Room for three frames of A and three of B. */
const QUEUE_BYTES = 3 * (FrameLog.recordBytes(2) + FrameLog.recordBytes(3));

function subscribed(slow: SlowRule): TestPeer {
  const peer = new TestPeer({ queueBytes: QUEUE_BYTES, slow });
  peer.rights.grant(ALL, ALL);
  peer.hello();
  peer.subscribe("all");
  return peer;
}

function values(peer: TestPeer): [number, number][] {
  return peer.take().map(({ handle, value }) => [handle, value]);
}

Deno.test("publisher: slow = latest sends the newest frame of each layout until it has caught up", () => {
  const peer = subscribed("latest");
  for (let n = 0; n < 20; n++) {
    peer.publish(A, n, 100 * n);
    if (n < 18) peer.publish(B, n, 100 * n);
  }
  assert.equal(peer.session.status().overruns, 1);
  peer.session.pump(0);
  assert.deepEqual(values(peer), [], "no room");
  peer.session.pump(65536);
  assert.deepEqual(values(peer), [[2, 1702], [3, 1703], [4, 1704], [0, 1900], [1, 1901]]);
  assert.ok(peer.session.status().superseded > 0);
  assert.equal(peer.books.queuedTotal, 0);
  // Now it has: every frame goes again.
  for (let n = 21; n < 23; n++) peer.publish(A, n, 100 * n);
  peer.session.pump(65536);
  assert.deepEqual(values(peer), [[0, 2100], [1, 2101], [0, 2200], [1, 2201]]);
  assert.equal(peer.session.status().overruns, 1);
  assert.equal(peer.gaps, 0);
  assert.deepEqual(peer.books.unbalanced(), []);
  assert.equal(
    peer.books.droppedBy[DropReason.Slow],
    peer.books.offeredTotal - peer.books.sentTotal,
  );
});

Deno.test("publisher: a subscriber that keeps up loses nothing, whatever becomes of slow ones", () => {
  for (const slow of ["drop", "latest", "disconnect"] as const) {
    const peer = subscribed(slow);
    for (let n = 0; n < 100; n++) {
      peer.publish(A, n, n);
      peer.publish(B, n, n);
      if (n % 3 === 2) peer.session.pump(65536);
    }
    peer.session.pump(65536);
    assert.equal(peer.take().length, 500);
    assert.equal(peer.session.status().overruns, 0);
    assert.equal(peer.session.status().superseded, 0);
  }
});

Deno.test("publisher: slow = latest, any order of frames and turns: newest wins, books balance", () => {
  const step = fc.oneof(
    fc.constant("A" as const),
    fc.constant("B" as const),
    fc.integer({ min: 0, max: 400 }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const peer = subscribed("latest");
      let n = 0;
      for (const s of steps) {
        if (typeof s === "number") peer.session.pump(s);
        else peer.publish(s === "A" ? A : B, n, 10 * n++);
      }
      peer.session.pump(1 << 20);
      const got = peer.take();
      assert.equal(peer.gaps, 0);
      assert.equal(peer.books.queuedTotal, 0);
      assert.deepEqual(peer.books.unbalanced(), []);
      assert.equal(peer.books.sentTotal, got.length);
      for (const handle of ALL) {
        const own = got.filter((m) => m.handle === handle).map((m) => m.value);
        assert.deepEqual(own, own.toSorted((a, b) => a - b));
      }
      const frames = steps.filter((step) => typeof step !== "number");
      if (frames.length > 0) {
        const handles = frames.at(-1) === "A" ? A : B;
        assert.equal(got.at(-1)!.value, 10 * (frames.length - 1) + handles.at(-1)!);
      }
    }),
    { numRuns: 200 },
  );
});
