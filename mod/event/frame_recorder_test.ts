import assert from "node:assert/strict";
import fc from "fast-check";
import { setFromMicros } from "../core/mod.ts";
import {
  type CaptureOptions,
  type FrameRecordContent,
  FrameRecorder,
  type TriggerOrder,
} from "./mod.ts";
import { phasorDevice, phasorFrame, timesOf } from "./frame_testing.ts";

const SECOND = 1_700_000_000;
const RATE = 50;
const CAPTURE: CaptureOptions = {
  preMs: 200,
  postMs: 300,
  maxMs: 2000,
  eventsPerMinute: 60,
  memoryMB: 24,
  devices: ["*"],
  deviceMB: 1,
  upstream: true,
};

let ids = 0;
const newId = () => `00000000-0000-4000-8000-${(++ids).toString(16).padStart(12, "0")}`;

function order(atMs: number, changes: Partial<TriggerOrder> = {}): TriggerOrder {
  const at = { seconds: 0, nanos: 0 };
  setFromMicros(at, SECOND * 1e6 + atMs * 1000);
  return {
    event: newId(),
    name: "dip",
    kind: "under",
    source: "BAY1",
    channel: "Ua",
    value: 0.5,
    at,
    since: at,
    settings: { limit: 1 },
    streams: [],
    devices: ["*"],
    preMs: CAPTURE.preMs,
    postMs: CAPTURE.postMs,
    ...changes,
  };
}

/** A recorder that is fed with frames in order; time runs as the frames do. */
class Bench {
  readonly records: FrameRecordContent[] = [];
  readonly device = phasorDevice("SHELBY", RATE);
  readonly recorder: FrameRecorder;
  nowMs = 0;

  constructor(capture: Partial<CaptureOptions> = {}) {
    const { device, layout, signals } = this.device;
    const context = {
      gateway: { id: newId(), name: "GW", company: "", program: "test" },
      capture: { ...CAPTURE, ...capture },
      newId,
    };
    const places = Int32Array.from(signals, (_, i) => i);
    this.recorder = new FrameRecorder(context, device, layout.source, signals, places, RATE);
  }

  frame(k: number): void {
    this.nowMs = Math.max(this.nowMs, k * 1000 / RATE);
    const frame = phasorFrame(this.device, SECOND, k);
    if (this.recorder.accept(frame)) this.cut();
    frame.values.fill(NaN); // it was lent
    frame.flags.fill(0xffffffff);
  }

  run(from: number, to: number): void {
    for (let k = from; k < to; k++) this.frame(k);
  }

  cut(nowMs = this.nowMs): void {
    for (let record; (record = this.recorder.cut(nowMs));) this.records.push(record);
  }
}

const range = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => (from + i) * 20);

Deno.test("frames: what was before and after a trigger, to the frame", () => {
  const b = new Bench();
  b.run(0, 101);
  b.recorder.trigger(order(2000), b.nowMs);
  b.run(101, 200);
  const [record, ...none] = b.records;
  assert.deepEqual(none, []);
  assert.deepEqual(timesOf(record!, SECOND), range(90, 115));
  assert.deepEqual([...record!.frames.values[1]!], range(90, 115).map((ms) => 63_500 + ms / 20));
  assert.ok(record!.frames.flags.every((flags) => flags.every((word) => word === 0)));
  const { lostFrames, missingFrames, shortFrames, isCut, stream, triggers } = record!;
  assert.deepEqual([lostFrames, missingFrames, shortFrames, isCut], [0, 0, 0, false]);
  assert.deepEqual(
    [stream.name, stream.source, stream.rate, stream.nominalHz, stream.idCode],
    ["SHELBY", "input.SHELBY", RATE, 50, 7],
  );
  assert.deepEqual(stream.channels.map((c) => `${c.name} [${c.unit}]`), [
    ...["status []", "VA magnitude [V]", "VA angle [deg]", "frequency [Hz]", "ROCOF [Hz/s]"],
    "BREAKERS []",
  ]);
  assert.deepEqual(triggers.map((t) => [t.name, t.channel]), [["dip", "Ua"]]);
});

Deno.test("frames: an order that comes late finds what it asks for, or says how much is too old", () => {
  const b = new Bench({ maxMs: 1000 }); // a ring of (1,000 + 5,000) ms
  b.run(0, 400);
  b.recorder.trigger(order(4000), b.nowMs);
  b.recorder.trigger(order(2100, { preMs: 600, postMs: 200 }), b.nowMs);
  b.recorder.trigger(order(1000), b.nowMs);
  b.cut();
  assert.deepEqual(timesOf(b.records[0]!, SECOND), range(190, 215));
  assert.deepEqual(timesOf(b.records[1]!, SECOND), range(99, 115));
  assert.deepEqual(b.records.map((r) => r.shortFrames), [0, 24]);
  assert.deepEqual(b.recorder.figures().empty, 1);
});

Deno.test("frames: triggers of one event, and those that overlap, share a record up to the longest", () => {
  const b = new Bench();
  b.run(0, 101);
  const first = order(2000);
  b.recorder.trigger(first, b.nowMs);
  b.recorder.trigger(order(2100, { event: first.event, name: "again" }), b.nowMs);
  b.run(101, 120);
  b.recorder.trigger(order(2380, { name: "third", postMs: 600 }), b.nowMs);
  b.run(120, 200);
  assert.equal(b.records.length, 1);
  assert.deepEqual(timesOf(b.records[0]!, SECOND), range(90, 149));
  assert.deepEqual(b.records[0]!.triggers.map((t) => t.name), ["dip", "again", "third"]);
  assert.equal(b.records[0]!.event, first.event);

  // What needs more than the longest record goes on in another that says so.
  b.recorder.trigger(order(4000, { postMs: 1500 }), b.nowMs);
  b.run(200, 260);
  b.recorder.trigger(order(5100, { postMs: 1500 }), b.nowMs);
  b.run(260, 400);
  assert.deepEqual(timesOf(b.records[1]!, SECOND), range(190, 290));
  assert.deepEqual(timesOf(b.records[2]!, SECOND), range(290, 330));
  assert.equal(b.records[2]!.continues, b.records[1]!.event);
});

Deno.test("frames: missing frames are counted, and frames out of order are kept", () => {
  const b = new Bench();
  b.run(0, 101);
  b.recorder.trigger(order(2000), b.nowMs);
  for (const k of [101, 103, 102, 106, 107, 108]) b.frame(k);
  b.run(109, 130);
  const times = timesOf(b.records[0]!, SECOND);
  assert.deepEqual(times.slice(10, 15), [2000, 2020, 2060, 2040, 2120]);
  assert.equal(b.records[0]!.missingFrames, 2);
});

Deno.test("frames: a device that falls silent ends its record when its frames are overdue", () => {
  const b = new Bench();
  b.run(0, 101);
  b.recorder.trigger(order(2000), b.nowMs);
  b.run(101, 105);
  b.cut(b.nowMs + 4000);
  assert.equal(b.records.length, 0);
  b.cut(b.nowMs + 6000);
  assert.deepEqual(timesOf(b.records[0]!, SECOND), range(90, 105));
  assert.equal(b.records[0]!.isCut, true);
  assert.equal(b.recorder.isIdle, true);
});

Deno.test("frames: a step of the source's clock in an event is in the record as it came", () => {
  const b = new Bench();
  b.run(0, 101);
  b.recorder.trigger(order(2000), b.nowMs);
  b.run(101, 105);
  b.run(60, 120); // set back by 0.9 s
  assert.deepEqual(timesOf(b.records[0]!, SECOND), [...range(90, 105), ...range(90, 115)]);
});

Deno.test("frames: a ring that is too small loses the oldest, and says so", () => {
  const frameBytes = 13 + 6 * 8;
  const b = new Bench({ deviceMB: 20 * frameBytes / 1e6 });
  b.run(0, 101);
  b.recorder.trigger(order(2000), b.nowMs);
  b.run(101, 200);
  // The first frame after the window was in the ring when it was cut.
  assert.deepEqual(timesOf(b.records[0]!, SECOND), range(96, 115));
  assert.deepEqual([b.records[0]!.lostFrames, b.records[0]!.shortFrames], [6, 0]);
});

Deno.test("frames: 1,000 triggers in a second make one record, or are limited", () => {
  const b = new Bench({ eventsPerMinute: 3 });
  b.run(0, 101);
  for (let i = 0; i < 1000; i++) b.recorder.trigger(order(2000 + i), b.nowMs);
  assert.equal(b.recorder.figures().open, 1);
  for (let i = 0; i < 1000; i++) b.recorder.trigger(order(60_000 + 1000 * i), b.nowMs);
  assert.deepEqual([b.recorder.figures().open, b.recorder.figures().limited], [3, 998]);
  b.run(101, 200);
  assert.equal(b.records.length, 1);
  assert.equal(b.records[0]!.triggers.length + b.records[0]!.unlistedTriggers, 1000);
  assert.equal(b.records[0]!.triggers.length, 64);
});

Deno.test("frames: whatever the orders, records hold each frame of their time once", () => {
  const orders = fc.array(
    fc.tuple(fc.nat(400), fc.nat(6000), fc.nat(500), fc.nat(1500)),
    { maxLength: 8 },
  );
  fc.assert(fc.property(orders, (list) => {
    const b = new Bench({ eventsPerMinute: 600 });
    for (let k = 0; k < 500; k++) {
      b.frame(k);
      for (const [when, atMs, preMs, postMs] of list) {
        if (when === k) b.recorder.trigger(order(atMs, { preMs, postMs }), b.nowMs);
      }
    }
    b.cut(Infinity);
    assert.equal(b.recorder.isIdle, true);
    for (const record of b.records) {
      const times = timesOf(record, SECOND);
      assert.deepEqual(times, range(times[0]! / 20, times[0]! / 20 + times.length));
      assert.ok(times.length <= 2 * RATE);
      assert.equal(record.missingFrames, 0);
    }
  }));
});
