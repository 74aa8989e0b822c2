import assert from "node:assert/strict";
import fc from "fast-check";
import { DecodeError, makeFrame, makeLayout } from "../../core/mod.ts";
import { LinkParser } from "./link_parser.ts";
import { RecordRing } from "./record_ring.ts";
import {
  FRAME_VALUES,
  frameRecordBytes,
  MAX_RECORD_BYTES,
  readFrame,
  recordContent,
  RecordType,
  textRecord,
} from "./records.ts";

function writeFrame(ring: RecordRing, n: number, count: number): boolean {
  const at = ring.begin(frameRecordBytes(count), RecordType.Frame, n & 0xffff, 2);
  if (at < 0) return false;
  const { view } = ring;
  view.setFloat64(at + 8, n + 0.5, true);
  view.setFloat64(at + 16, n, true);
  view.setUint32(at + 24, 123_456_700, true);
  view.setUint32(at + 28, count, true);
  for (let i = 0; i < count; i++) {
    view.setFloat32(at + FRAME_VALUES + 4 * i, n + i, true);
    view.setUint32(at + FRAME_VALUES + 4 * (count + i), i, true);
  }
  ring.commit();
  return true;
}

Deno.test("record ring: frames and texts come out as they went in, around the end many times", () => {
  const writer = new RecordRing(RecordRing.memoryOf(4096));
  const reader = new RecordRing(writer.memory);
  const layouts = [1, 2, 7, 30].map((n) =>
    makeFrame(makeLayout("x", Array.from({ length: n }, (_, i) => i), [], 50))
  );
  let read = 0, written = 0;
  for (let turn = 0; turn < 500; turn++) {
    for (let i = 0; i < turn % 5; i++) {
      const frame = layouts[written % 4]!;
      const ok = written % 7 === 6
        ? writer.write(RecordType.Event, { n: written, text: "é".repeat(written % 40) })
        : writeFrame(writer, written, frame.values.length);
      if (ok) written++;
    }
    assert.equal(reader.read(() => assert.fail("nothing is published")), 0);
    writer.publish();
    reader.read((view, at, length) => {
      if (read % 7 === 6) {
        const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
        assert.deepEqual(recordContent(bytes, at, length), {
          n: read,
          text: "é".repeat(read % 40),
        });
      } else {
        const frame = layouts[read % 4]!;
        readFrame(view, at, length, frame);
        assert.equal(view.getUint16(at + 6, true), read & 0xffff);
        assert.deepEqual(frame.instant, { seconds: read, nanos: 123_456_700 });
        assert.equal(frame.leap, 2);
        assert.equal(frame.arrivalMicros, read + 0.5);
        assert.equal(frame.values.at(-1), read + frame.values.length - 1);
        assert.equal(frame.flags.at(-1), frame.values.length - 1);
      }
      read++;
    });
    assert.equal(read, written);
  }
  assert.ok(written > 900);
  assert.equal(writer.dropped, 0);
});

Deno.test("record ring: what finds no room is counted, and what is there stays whole", () => {
  const ring = new RecordRing(RecordRing.memoryOf(1024));
  let kept = 0;
  for (let n = 0; n < 100; n++) if (writeFrame(ring, n, 8)) kept++;
  assert.equal(kept, Math.floor(1024 / frameRecordBytes(8)));
  assert.equal(ring.dropped, 100 - kept);
  assert.ok(ring.isHalfFull);
  ring.publish();
  const seen: number[] = [];
  ring.read((view, at) => void seen.push(view.getFloat64(at + 16, true)));
  assert.deepEqual(seen, Array.from({ length: kept }, (_, i) => i));
  assert.ok(!ring.isHalfFull);
  assert.equal(ring.begin(2048, RecordType.Frame), -1, "longer than the ring");
  assert.throws(() => RecordRing.memoryOf(1000), RangeError);
});

Deno.test("record ring: a reader that waits is woken by what is published, and by stop", async () => {
  const ring = new RecordRing(RecordRing.memoryOf(1024));
  // Waiting in shared memory does not keep the event loop alive; in the program its Workers do.
  const alive = setInterval(() => {}, 1000);
  let isAwake = false;
  const waiting = ring.wait(10_000).then(() => isAwake = true);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(isAwake, false);
  writeFrame(ring, 1, 1);
  ring.publish();
  await waiting;
  await ring.wait(10_000); // returns at once: something is not read
  ring.read(() => {});
  const stopped = ring.wait(10_000);
  ring.stop();
  await stopped;
  assert.ok(ring.stopped);
  clearInterval(alive);
});

Deno.test("link parser: records come whole however the bytes are cut", () => {
  const records = Array.from(
    { length: 30 },
    (_, n) => textRecord(RecordType.Status, { n, text: "x".repeat(n === 17 ? 200_000 : 37 * n) }),
  );
  const stream = new Uint8Array(records.reduce((sum, r) => sum + r.length, 0));
  let at = 0;
  for (const record of records) {
    stream.set(record, at);
    at += record.length;
  }
  for (const size of [7, 1000, 65_536, stream.length]) {
    const parser = new LinkParser();
    const seen: number[] = [];
    for (let from = 0; from < stream.length; from += size) {
      parser.push(stream.subarray(from, from + size), (view, start, length) => {
        const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
        // The records above hold objects.
        seen.push((recordContent(bytes, start, length) as { n: number }).n);
      });
    }
    assert.deepEqual(seen, records.map((_, n) => n), `pieces of ${size}`);
  }
});

Deno.test("link parser: a length that cannot be is refused", () => {
  for (const length of [0, 7, 12, MAX_RECORD_BYTES + 8, 0xffffffff]) {
    const bytes = new Uint8Array(16);
    new DataView(bytes.buffer).setUint32(0, length, true);
    assert.throws(() => new LinkParser().push(bytes, () => {}), DecodeError, String(length));
  }
});

Deno.test("link parser: any bytes give records or a DecodeError", () => {
  const frame = makeFrame(makeLayout("x", [0, 1, 2], [], 50));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, repair) => {
      const copy = bytes.slice();
      // Half of them get a length that can be, so that bodies are looked at too.
      if (repair && copy.length >= 8) {
        new DataView(copy.buffer).setUint32(0, copy.length & ~7, true);
      }
      try {
        new LinkParser().push(copy, (view, at, length) => {
          const all = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
          if (view.getUint8(at + 4) % 2 === 0) readFrame(view, at, length, frame);
          else recordContent(all, at, length);
        });
      } catch (error) {
        assert.ok(error instanceof DecodeError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
