import assert from "node:assert/strict";
import fc from "fast-check";
import * as v from "valibot";
import { DecodeError, SampleMarks } from "../../core/mod.ts";
import {
  decodeEventRecord,
  decodeWaveformBlock,
  type EventRecordContent,
  LIVE_MARK_ANEW,
  marksOfMessage,
  type NamedTrigger,
  orderSchema,
  recordedSamples,
  type TriggerOrder,
  triggerSchema,
} from "../../event/mod.ts";
import { Decoder } from "../../slipstream/mod.ts";
import { CaptureEngine } from "./engine.ts";
import { EventInbox, EventOutbox } from "./event_outbox.ts";
import { liveBlock, type LiveNotice } from "./live_stream.ts";
import { RecordRing } from "./record_ring.ts";
import { type RecordingOptions, recordingSchema } from "./recording.ts";
import { recordContent, RecordType } from "./records.ts";
import { leStream, MADE_RMS, madeFrame, type MadeSample, optionsOf } from "./testing.ts";

const SECOND = 1_700_000_000;
const RATE = 4000;

const twoStreams = leStream(`waveformSeconds = 3`) +
  `[[input.streams]]\nacronym = "MU2"\nsvId = "MU02"\nappid = 0x4001\nnominalHz = 50\npreset = "9-2LE"\n`;

function trigger(name: string, options: Record<string, unknown>): NamedTrigger {
  return { name, options: v.parse(triggerSchema, options) };
}

/** An engine that records, with what it wrote. */
class Bench {
  readonly engine: CaptureEngine;
  readonly records: EventRecordContent[] = [];
  readonly orders: TriggerOrder[] = [];
  readonly notices: LiveNotice[] = [];
  readonly messages: { stream: number; bytes: Uint8Array; marks: readonly number[] }[] = [];
  readonly #ring = new RecordRing(RecordRing.memoryOf(1024 * 1024));
  readonly #commands = new RecordRing(RecordRing.memoryOf(65_536));
  readonly #inbox = new EventInbox();
  #nowMs = 0;

  constructor(recording: Partial<RecordingOptions>) {
    const whole = {
      gateway: { id: "id", name: "GW", company: "", program: "test" },
      capture: {
        preMs: 200,
        postMs: 300,
        maxMs: 2000,
        eventsPerMinute: 60,
        memoryMB: 24,
        devices: [],
        deviceMB: 1,
        upstream: true,
      },
      triggers: [],
      live: {},
      ...recording,
    };
    // As it comes over the link.
    const told = v.parse(recordingSchema, JSON.parse(JSON.stringify(whole)));
    this.engine = new CaptureEngine(optionsOf(twoStreams), [0, 1], this.#ring, told);
  }

  sample(sample: MadeSample, frame = {}): void {
    const nanos = Math.round(sample.smpCnt * 1e9 / RATE) + 300_000;
    const second = sample.second + Math.floor(nanos / 1e9);
    const bytes = madeFrame({ ...sample, frame });
    this.engine.batch(this.#nowMs);
    this.engine.ethernet(bytes, 0, bytes.length, -1, 0, second, nanos % 1e9);
  }

  run(
    second: number,
    from: number,
    to: number,
    make: (n: number) => Partial<MadeSample> = () => ({}),
  ) {
    for (let n = from; n < to; n++) {
      const at = { second: second + Math.floor(n / RATE), smpCnt: n % RATE };
      this.sample({ ...at, ...make(n) });
      this.sample({ ...at, svId: "MU02" }, { appid: 0x4001 });
      this.#nowMs += 1000 / RATE;
      if (n % 20 !== 19) continue;
      this.engine.estimate();
      this.engine.tick(this.#nowMs, true);
      this.turn();
    }
  }

  pass(ms: number): void {
    for (let t = 0; t < ms; t += 4) this.engine.tick(this.#nowMs += 4, true);
    this.turn();
  }

  order(order: unknown): void {
    this.#commands.write(RecordType.Trigger, order);
    this.#commands.publish();
  }

  turn(): void {
    this.engine.obey(this.#commands);
    this.engine.work();
    this.#ring.publish();
    this.#ring.read((view, at, length) => {
      const type = view.getUint8(at + 4);
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      if (type === RecordType.EventRecord) {
        const whole = this.#inbox.take(view, at, length);
        if (!whole) return;
        const record = decodeEventRecord(whole.bytes);
        assert.equal(record.id, whole.id);
        assert.equal(record.stream.name, `MU${whole.stream + 1}`);
        this.records.push(record);
      } else if (type === RecordType.Fired) {
        this.orders.push(v.parse(orderSchema, recordContent(bytes, at, length)));
      } else if (type === RecordType.LiveStream) {
        this.notices.push(recordContent(bytes, at, length) as LiveNotice); // the engine writes them
      } else if (type === RecordType.Live) {
        const block = decodeWaveformBlock(liveBlock(view, at, length)!.slice());
        assert.ok(block.kind === "message");
        const { message, marks } = block;
        this.messages.push({ stream: view.getUint16(at + 6, true), bytes: message, marks });
      }
    });
    assert.equal(this.#ring.dropped, 0);
  }
}

const OVER = {
  kind: "over",
  streams: ["MU1"],
  channels: ["Ia"],
  measure: "instantaneous",
  limit: 500,
};
const spike = (at: number) => (n: number) => n === at ? { add: 1_000_000 } : {};

Deno.test("recording: a trigger on one stream makes a record that can be read alone", () => {
  const b = new Bench({ triggers: [trigger("overcurrent", OVER)] });
  b.run(SECOND, 0, 2 * RATE, spike(2000));
  assert.equal(b.records.length, 1);
  const [record] = b.records;
  assert.equal(record!.stream.name, "MU1");
  assert.equal(record!.stream.source, "MU01");
  assert.equal(record!.stream.confRev, 1);
  assert.deepEqual(record!.clock, { smpSynch: 2, gmIdentity: "" });
  assert.deepEqual(record!.stream.channels.map((c) => c.unit).join(""), "AAAAVVVV");
  assert.equal(recordedSamples(record!), 0.5 * RATE);
  assert.deepEqual(record!.triggers.map((t) => [t.name, t.at]), [
    ["overcurrent", { seconds: SECOND, nanos: 500_000_000 }],
  ]);
  const decoder = new Decoder(record!.encoding);
  let k = SECOND * RATE + 2000 - 800;
  for (const piece of record!.pieces) {
    assert.equal(piece.first, k);
    const { count, values } = decoder.decode(piece.message);
    for (let i = 0; i < count; i++, k++) {
      const turns = 50 * (k % RATE) / RATE;
      const add = k % RATE === 2000 ? 1_000_000 : 0;
      const peak = MADE_RMS.current * 1000 * Math.SQRT2;
      assert.equal(values[0]![i], Math.round(peak * Math.cos(2 * Math.PI * turns)) + add);
      assert.equal(values[3]![i], add);
    }
  }
  assert.equal(k, SECOND * RATE + 2000 + 1200);
  const [status] = b.engine.status();
  assert.equal(status!.recording?.recorder?.records, 1);
  assert.deepEqual(b.orders, []);
});

Deno.test("recording: a cross-trigger goes out as an order, and the other stream follows it", () => {
  const b = new Bench({ triggers: [trigger("overcurrent", { ...OVER, record: ["self", "MU2"] })] });
  b.run(SECOND, 0, 2100, spike(2000));
  assert.deepEqual(b.orders.map((o) => o.streams), [["MU2"]]);
  b.order(b.orders[0]);
  b.run(SECOND, 2100, 2 * RATE);
  assert.deepEqual(b.records.map((r) => r.stream.name).sort(), ["MU1", "MU2"]);
  assert.equal(b.records[0]!.event, b.records[1]!.event);
  assert.deepEqual(
    b.records.map((r) => r.pieces[0]!.first),
    [SECOND * RATE + 1200, SECOND * RATE + 1200],
  );
});

Deno.test("recording: 1,000 triggers in a second make few records, and all are told or counted", () => {
  const b = new Bench({
    triggers: [trigger("overcurrent", { ...OVER, holdOffMs: 0, hysteresis: 0 })],
  });
  // Every fourth sample of a second is a spike of its own.
  b.run(
    SECOND,
    0,
    5 * RATE,
    (n) => n >= RATE && n < 2 * RATE && n % 4 === 0 ? { add: 1_000_000 } : {},
  );
  const { recorder } = b.engine.status()[0]!.recording!;
  assert.equal(recorder!.byTrigger[0]!.fired, 1000);
  const told = b.records.reduce((sum, r) => sum + r.triggers.length + r.unlistedTriggers, 0);
  assert.equal(told, 1000);
  assert.equal(b.records.length, 1);
  assert.equal(b.records[0]!.triggers.length, 64);
  assert.ok(Math.abs(recordedSamples(b.records[0]!) - 1.5 * RATE) <= 4);
});

Deno.test("recording: 1,000 orders in a second, each an event of its own, are limited and counted", () => {
  const b = new Bench({});
  b.run(SECOND, 0, 5 * RATE);
  for (let n = 0; n < 1000; n++) {
    const at = { seconds: SECOND + 2, nanos: n * 1_000_000 };
    const event = crypto.randomUUID();
    b.order({
      ...{ event, name: "drill", kind: "manual", source: "", channel: "operator", value: null },
      ...{ at, since: at, settings: {}, streams: ["MU1"], devices: [], preMs: 0, postMs: 0.5 },
    });
    if (n % 10 === 9) b.turn();
  }
  b.run(SECOND, 5 * RATE, 6 * RATE);
  const { recorder } = b.engine.status()[0]!.recording!;
  assert.equal(b.engine.totals().recording?.orders, 1000);
  assert.ok(b.records.length <= 60, `${b.records.length} records`);
  assert.equal(b.records.length + recorder!.limited, 1000);
});

Deno.test("recording: an order by hand records all streams; a bad one is counted", () => {
  const b = new Bench({});
  b.run(SECOND, 0, 2000);
  const at = { seconds: SECOND, nanos: 400_000_000 };
  const order = {
    event: crypto.randomUUID(),
    name: "drill",
    kind: "manual",
    source: "",
    channel: "operator",
    value: null,
    at,
    since: at,
    settings: {},
    streams: ["*"],
    devices: [],
    preMs: 100,
    postMs: 200,
  };
  b.order(order);
  b.order({ ...order, postMs: -1 });
  b.order({});
  b.order(undefined);
  b.run(SECOND, 2000, RATE);
  assert.deepEqual(b.records.map((r) => recordedSamples(r)), [0.3 * RATE, 0.3 * RATE]);
  assert.equal(b.records[0]!.triggers[0]!.channel, "operator");
  const { recording } = b.engine.totals();
  assert.deepEqual([recording?.orders, recording?.badOrders, recording?.heldBytes], [1, 3, 0]);
});

Deno.test("recording: missing samples are marked, and a step of the publisher's clock splits no record", () => {
  const b = new Bench({ triggers: [trigger("overcurrent", OVER)] });
  b.run(SECOND, 0, 2050, spike(2000));
  b.run(SECOND, 2060, 2200); // ten are missing
  b.run(SECOND - 40, 2200, 3 * RATE); // the publisher is set back
  assert.equal(b.records.length, 1);
  const [record] = b.records;
  const marks = record!.pieces.flatMap((p) =>
    p.marks.flatMap((mark, i) => i % 2 === 0 ? Array<number>(p.marks[i + 1]!).fill(mark) : [])
  );
  assert.equal(marks.filter((m) => (m & SampleMarks.Filled) !== 0).length, 10);
  assert.ok(recordedSamples(record!) > 0.49 * RATE && recordedSamples(record!) <= 0.5 * RATE);
  assert.equal(record!.jumps, 1);
});

Deno.test("recording: a stream that stays away ends its record", () => {
  const b = new Bench({ triggers: [trigger("overcurrent", { ...OVER, postMs: 1500 })] });
  b.run(SECOND, 0, 2400, spike(2000));
  b.pass(1500);
  b.turn();
  assert.equal(b.records.length, 1);
  assert.equal(b.records[0]!.isCut, true);
  // What should have come until the loss was told stands in it, marked as missing.
  assert.ok(recordedSamples(b.records[0]!) >= 800 + 400);
});

Deno.test("recording: when the Worker stops, what is being recorded is sent", () => {
  const b = new Bench({ triggers: [trigger("overcurrent", OVER)] });
  b.run(SECOND, 0, 2400, spike(2000));
  assert.equal(b.records.length, 0);
  b.engine.stop();
  b.turn();
  assert.equal(b.records.length, 1);
  assert.equal(recordedSamples(b.records[0]!), 800 + 400);
});

Deno.test("recording: live messages are announced, whole, and in order", () => {
  const b = new Bench({ live: { MU1: { samplesPerMessage: 6, xor: true } } });
  b.run(SECOND, 0, 1000);
  assert.equal(b.notices.length, 1);
  const [notice] = b.notices;
  assert.deepEqual([notice!.stream, notice!.confRev], [0, 1]);
  const check = (
    encoding: LiveNotice["encoding"],
    from: number,
    to: number,
    k: number,
    last: number,
  ) => {
    const decoder = new Decoder(encoding);
    for (const { stream, bytes } of b.messages.slice(from, to)) {
      assert.equal(stream, 0);
      const { count, values, time: instant } = decoder.decode(bytes);
      assert.equal(count, Math.min(6, last - k));
      assert.equal(instant.seconds * RATE + Math.round(instant.nanos * RATE / 1e9), k);
      for (let i = 0; i < count; i++, k++) {
        const peak = MADE_RMS.current * 1000 * Math.SQRT2;
        assert.equal(
          values[0]![i],
          Math.round(peak * Math.cos(2 * Math.PI * 50 * (k % RATE) / RATE)) + 0, // no -0
        );
      }
    }
  };
  assert.equal(b.messages.length, 166);
  check(notice!.encoding, 0, 166, SECOND * RATE, SECOND * RATE + 1000);
  b.run(SECOND, 1000, 2000, () => ({ confRev: 2 }));
  assert.equal(b.notices.length, 2);
  assert.equal(b.notices[1]!.confRev, 2);
  assert.notEqual(b.notices[1]!.encoding.uuid, notice!.encoding.uuid);
  // What waited for a whole message leaves before the change.
  check(notice!.encoding, 0, 167, SECOND * RATE, SECOND * RATE + 1000);
  check(b.notices[1]!.encoding, 167, b.messages.length, SECOND * RATE + 1000, Infinity);
  assert.equal(b.messages.length, 167 + 166);
  const anew = b.messages.map(({ marks }) => marks[0]! & LIVE_MARK_ANEW);
  assert.equal(anew.indexOf(LIVE_MARK_ANEW), 167);
  assert.equal(anew.filter((mark) => mark !== 0).length, 1);
});

Deno.test("recording: live messages say which samples never came, came unsynchronised, or follow a step", () => {
  const b = new Bench({ live: { MU1: { samplesPerMessage: 8, xor: false } } });
  b.run(SECOND, 0, 1003);
  b.run(SECOND, 1010, 1601); // seven are missing
  b.run(SECOND, 1601, 2003, () => ({ smpSynch: 0 }));
  b.run(SECOND - 40, 2003, 3000); // the publisher is set back
  b.engine.stop(); // what waits for a whole message leaves too
  b.turn();
  const decoder = new Decoder(b.notices[0]!.encoding);
  const samples = b.messages.flatMap(({ bytes, marks }) => {
    const { time, count, quality } = decoder.decode(bytes);
    const k = time.seconds * RATE + Math.round(time.nanos * RATE / 1e9);
    const runs = marksOfMessage(marks, count);
    const each = runs.flatMap((n, i) => i % 2 === 0 ? Array<number>(runs[i + 1]!).fill(n) : []);
    return each.map((mark, i) => ({ k: k + i, mark, quality: quality[0]![i]! }));
  });
  const first = SECOND * RATE, back = first - 40 * RATE;
  const bearing = (bit: number) => samples.filter(({ mark }) => mark & bit).map(({ k }) => k);
  const filled = bearing(SampleMarks.Filled);
  assert.deepEqual(filled, Array.from({ length: 7 }, (_, i) => first + 1003 + i));
  assert.ok(
    samples.every(({ mark, quality }) => ((mark & SampleMarks.Filled) !== 0) === (quality !== 0)),
  );
  // A message before the step may be taken for one that is late: what follows it was confirmed.
  const [anew, ...none] = bearing(LIVE_MARK_ANEW);
  assert.deepEqual(none, []);
  assert.ok(anew! >= back + 2003 && anew! <= back + 2005, `${anew! - back}`);
  const unsynchronised = bearing(SampleMarks.NotSynchronised);
  assert.deepEqual([unsynchronised[0], unsynchronised.length], [first + 1601, 2003 - 1601]);
  assert.equal(samples.at(-1)!.k, back + 2999);
  const numbers = samples.map(({ k }) => k);
  const jumps = numbers.flatMap((k, i) => i > 0 && k !== numbers[i - 1]! + 1 ? [i] : []);
  assert.deepEqual(jumps, [2003], "no sample is missing but for the step");
});

Deno.test("recording: a trigger on a channel that a stream does not have is refused", () => {
  assert.throws(
    () => new Bench({ triggers: [trigger("t", { ...OVER, channels: ["I9"] })] }),
    /expected a channel of MU1 .*found "I9"/,
  );
});

Deno.test("event records go over the link in parts, and leave room for frames", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(200_000), { minLength: 1, maxLength: 6 }), (sizes) => {
      const ring = new RecordRing(RecordRing.memoryOf(256 * 1024));
      const outbox = new EventOutbox(ring, 500_000);
      const inbox = new EventInbox();
      const sent: Uint8Array[] = [];
      sizes.forEach((size, i) => {
        const bytes = new Uint8Array(size + 1).fill(i + 1);
        const { dropped } = outbox;
        outbox.add({ stream: i, id: crypto.randomUUID(), bytes });
        if (outbox.dropped === dropped) sent.push(bytes);
      });
      assert.ok(outbox.bytes <= 500_000);
      const received: Uint8Array[] = [];
      for (let i = 0; i < 100 && outbox.bytes > 0; i++) {
        outbox.pump();
        assert.ok(ring.begin(1024, RecordType.Status) >= 0); // there is room for a frame
        ring.publish();
        ring.read((view, at, length) => {
          const whole = inbox.take(view, at, length);
          if (whole) received.push(whole.bytes);
        });
      }
      assert.deepEqual(received, sent);
      assert.equal(outbox.dropped + sent.length, sizes.length);
    }),
    { numRuns: 50 },
  );
});

Deno.test("parts that do not follow each other are refused, and the next record is taken", () => {
  const part = (number: number, total: number, offset: number, length: number) => {
    const bytes = new Uint8Array((40 + length + 7) & ~7);
    const view = new DataView(bytes.buffer);
    [number, total, offset, length].forEach((word, i) => view.setUint32(8 + 4 * i, word, true));
    return [view, 0, bytes.length] as const;
  };
  const inbox = new EventInbox();
  assert.equal(inbox.take(...part(1, 20, 0, 10)), undefined);
  for (const bad of [part(1, 20, 12, 8), part(2, 20, 10, 10), part(1, 20, 10, 10)]) {
    assert.throws(() => inbox.take(...bad), DecodeError);
  }
  assert.throws(() => inbox.take(...part(3, 2 ** 31, 0, 10)), DecodeError);
  assert.throws(() => inbox.take(new DataView(new ArrayBuffer(16)), 0, 16), DecodeError);
  assert.equal(inbox.take(...part(4, 10, 0, 10))?.bytes.length, 10);
});
