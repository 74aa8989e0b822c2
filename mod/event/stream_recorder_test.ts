import assert from "node:assert/strict";
import { SampleMarks, WaveformRing } from "../core/mod.ts";
import { Decoder } from "../slipstream/mod.ts";
import {
  type CaptureOptions,
  type EventRecordContent,
  type NamedTrigger,
  neededRingSeconds,
  pieceSamplesOf,
  recordedSamples,
  type RecordedStream,
  type RecorderMemory,
  StreamRecorder,
  type TriggerOptions,
  type TriggerOrder,
} from "./mod.ts";
import { settings, threePhase, voltages } from "./testing.ts";

const SECOND = 1_700_000_000;
const CAPTURE: CaptureOptions = {
  preMs: 200,
  postMs: 300,
  maxMs: 2000,
  eventsPerMinute: 60,
  memoryMB: 24,
  devices: [],
  deviceMB: 1,
  upstream: true,
};

interface Bench {
  readonly ring: WaveformRing;
  readonly recorder: StreamRecorder;
  readonly records: EventRecordContent[];
  readonly orders: TriggerOrder[];
  /** Writes samples; `value` of channel 0 at sample `k`. */
  play(count: number, value?: (k: number) => number): void;
  jump(k: number, passedSeconds: number): void;
}

function bench(
  triggers: (Partial<TriggerOptions> & { kind: string })[],
  capture: CaptureOptions = CAPTURE,
  name = "bay1",
  memory: RecorderMemory = { bytes: 0, limit: 24e6 },
): Bench {
  const stream: RecordedStream = {
    ...voltages(4800, 50, name),
    title: "Bay 1",
    source: "MU01",
    protocol: "IEC 61850-9-2",
    confRev: 1,
    latitude: NaN,
    longitude: NaN,
  };
  const ring = new WaveformRing(4, 4800, 4800);
  ring.restart(SECOND * 4800);
  const records: EventRecordContent[] = [];
  const orders: TriggerOrder[] = [];
  let ids = 0;
  const named: NamedTrigger[] = triggers.map((options, i) => ({
    name: `t${i}`,
    options: settings(options),
  }));
  const recorder = new StreamRecorder(stream, ring, {
    gateway: { id: "g", name: "GW", company: "", program: "Tieline" },
    capture,
    triggers: named,
    newId: () => `00000000-0000-4000-8000-${String(ids++).padStart(12, "0")}`,
    memory,
  }, { fired: (order) => orders.push(order), recorded: (content) => records.push(content) });
  let arrival = SECOND;
  const play = (count: number, value?: (k: number) => number) => {
    for (let i = 0; i < count; i++) {
      const { next, position } = ring;
      const quiet = threePhase(1000, 50, next / 4800);
      for (let c = 0; c < 4; c++) {
        ring.values[c]![position] = Math.round(100 * (quiet[c] ?? 0));
        ring.quality[c]![position] = next % 1000 === 7 ? 3 : 0;
      }
      if (value) ring.values[0]![position] = value(next);
      ring.marks[position] = next % 1000 < 10 ? SampleMarks.NotSynchronised : 0;
      ring.commit();
      arrival += 1 / 4800;
      if (i % 2 === 0) continue;
      recorder.advance(arrival, 0);
      recorder.cut();
    }
  };
  const jump = (k: number, passedSeconds: number) => {
    arrival += passedSeconds;
    recorder.restarting(k, arrival, 0);
    ring.restart(k);
  };
  return { ring, recorder, records, orders, play, jump };
}

const spike = (at: number) => (k: number) => k === at ? 10_000_000 : 0;
const AT = SECOND * 4800;

Deno.test("a trigger makes a record whose samples are those of the ring, bit for bit", () => {
  const { records, play, ring } = bench([{
    kind: "over",
    measure: "instantaneous",
    limit: 50_000,
  }]);
  const random = Int32Array.from({ length: 9600 }, (_, i) => (Math.imul(i, 2654435761) >> 12));
  play(4800, (k) => k === AT + 3000 ? 10_000_000 : random[k - AT]!);
  assert.equal(records.length, 1);
  const [record] = records;
  assert.equal(recordedSamples(record!), 0.5 * 4800);
  assert.equal(record!.triggers.length, 1);
  const [trigger] = record!.triggers;
  assert.deepEqual(
    [trigger!.name, trigger!.kind, trigger!.source, trigger!.channel, trigger!.value],
    ["t0", "over", "bay1", "Va", 100_000],
  );
  assert.deepEqual(trigger!.at, { seconds: SECOND, nanos: 625_000_000 });
  assert.equal(trigger!.settings.limit, 50_000);
  let k = AT + 3000 - 960;
  const decoder = new Decoder(record!.encoding);
  for (const piece of record!.pieces) {
    assert.equal(piece.first, k);
    assert.ok(piece.count <= 2400);
    const { count, values, quality } = decoder.decode(piece.message);
    assert.equal(count, piece.count);
    const marks = piece.marks.flatMap((mark, i) =>
      i % 2 === 0 ? Array(piece.marks[i + 1]).fill(mark) : []
    );
    assert.equal(marks.length, count);
    for (let i = 0; i < count; i++, k++) {
      const at = k % ring.capacity;
      assert.equal(values[0]![i], k === AT + 3000 ? 10_000_000 : random[k - AT]);
      for (let c = 1; c < 4; c++) assert.equal(values[c]![i], ring.values[c]![at]);
      for (let c = 0; c < 4; c++) assert.equal(quality[c]![i], k % 1000 === 7 ? 3 : 0);
      assert.equal(marks[i], k % 1000 < 10 ? SampleMarks.NotSynchronised : 0);
    }
  }
  assert.equal(k, AT + 3000 + 1440);
});

Deno.test("a trigger for other streams is told, with the event that it is part of", () => {
  const cross = bench([
    { kind: "over", measure: "instantaneous", limit: 50_000, record: ["self", "bay2"] },
    { kind: "over", measure: "instantaneous", limit: 60_000, record: ["*"], postMs: 500 },
    { kind: "over", measure: "instantaneous", limit: 70_000, record: ["bay3"] },
  ]);
  cross.play(9600, spike(AT + 3000));
  assert.equal(cross.records.length, 1);
  const { event, triggers } = cross.records[0]!;
  assert.deepEqual(triggers.map((t) => t.name), ["t0", "t1"]);
  assert.deepEqual(cross.orders.map((o) => [o.name, o.streams, o.event === event, o.postMs]), [
    ["t0", ["bay2"], true, 300],
    ["t1", ["*"], true, 500],
    ["t2", ["bay3"], true, 300],
  ]);
  // The other stream, which has nothing to watch, follows the order.
  const other = bench([], CAPTURE, "bay2");
  other.play(3100);
  for (const order of cross.orders) {
    if (order.streams.includes("*") || order.streams.includes("bay2")) {
      // Orders go over the link as text.
      other.recorder.trigger(JSON.parse(JSON.stringify(order)));
    }
  }
  other.play(4800);
  assert.equal(other.records.length, 1);
  assert.equal(other.records[0]!.event, event);
  assert.equal(other.records[0]!.pieces[0]!.first, AT + 3000 - 960);
  assert.equal(recordedSamples(other.records[0]!), 960 + 2400);
});

for (
  const [name, k, passed, samples, missing, jumps] of [
    ["a step of the clock an hour back", AT - 3600 * 4800, 0, 2400, 0, 1],
    ["a step of the clock ahead", AT + 86_400 * 4800, 0, 2400, 0, 1],
    ["a gap of a fifth of a second", AT + 3100 + 960, 0.2, 2400 - 960, 960, 1],
    ["a gap and a step", AT - 4800, 0.2, 2400 - 960, 960, 1],
    ["a gap that outlasts the event", AT + 3100 + 9600, 2, 960 + 100, 1340, 1],
  ] as [string, number, number, number, number, number][]
) {
  Deno.test(`in mid-event, ${name}`, () => {
    const { records, play, jump } = bench([{
      kind: "over",
      measure: "instantaneous",
      limit: 50_000,
    }]);
    play(3100, spike(AT + 3000));
    jump(k, passed);
    play(4800);
    assert.equal(records.length, 1);
    const [record] = records;
    assert.equal(recordedSamples(record!), samples);
    assert.deepEqual([record!.missingSamples, record!.jumps, record!.lostSamples], [
      missing,
      jumps,
      0,
    ]);
    const after = record!.pieces.filter((p) => p.first >= k && p.first < k + 4800);
    assert.equal(after.reduce((sum, p) => sum + p.count, 0), samples - 960 - 100);
  });
}

Deno.test("a stream that stays away ends its event with what is there", () => {
  const { records, play, recorder } = bench([{
    kind: "over",
    measure: "instantaneous",
    limit: 50_000,
  }]);
  play(3100, spike(AT + 3000));
  recorder.stop();
  assert.equal(records.length, 1);
  assert.equal(records[0]!.isCut, true);
  assert.equal(recordedSamples(records[0]!), 960 + 100);
  assert.equal(recorder.isIdle, true);
});

Deno.test("a record that grows too large goes on in another", () => {
  const capture = {
    preMs: 0,
    postMs: 20_000,
    maxMs: 20_000,
    eventsPerMinute: 60,
    memoryMB: 24,
    devices: [],
    deviceMB: 1,
    upstream: true,
  };
  const stream: RecordedStream = {
    ...voltages(4800, 50, "bay1"),
    channels: Array.from({ length: 32 }, (_, i) => ({
      name: `c${i}`,
      phase: "",
      unit: "V",
      scale: 1,
      offset: 0,
    })),
    title: "",
    source: "",
    protocol: "",
    confRev: 0,
    latitude: NaN,
    longitude: NaN,
  };
  const ring = new WaveformRing(32, 4800, 9600);
  ring.restart(AT);
  const records: EventRecordContent[] = [];
  let ids = 0;
  const recorder = new StreamRecorder(stream, ring, {
    gateway: { id: "g", name: "GW", company: "", program: "Tieline" },
    capture,
    triggers: [],
    newId: () => `00000000-0000-4000-8000-${String(ids++).padStart(12, "0")}`,
    memory: { bytes: 0, limit: 24e6 },
  }, { fired: () => {}, recorded: (content) => records.push(content) });
  const at = { seconds: SECOND, nanos: 0 };
  recorder.trigger({
    event: "first",
    name: "drill",
    kind: "manual",
    source: "",
    channel: "test",
    value: NaN,
    at,
    since: at,
    settings: {},
    streams: ["*"],
    devices: [],
    preMs: 0,
    postMs: 20_000,
  });
  let x = 1;
  for (let i = 0; i < 20 * 4800; i++) {
    for (let c = 0; c < 32; c++) {
      x = (Math.imul(x, 1664525) + 1013904223) | 0;
      ring.values[c]![ring.position] = x;
    }
    ring.commit();
    if (i % 100 !== 99) continue;
    recorder.advance(SECOND + i / 4800, 0);
    recorder.cut();
  }
  assert.equal(records.length, 2);
  assert.deepEqual(records.map((r) => r.event), ["first", records[1]!.event]);
  assert.equal(records[1]!.continues, "first");
  assert.equal(recordedSamples(records[0]!) + recordedSamples(records[1]!), 20 * 4800);
  const last = records[0]!.pieces.at(-1)!;
  assert.equal(records[1]!.pieces[0]!.first, last.first + last.count);
});

Deno.test("recorders that hold too much together hand over what they have", () => {
  const memory = { bytes: 0, limit: 400_000 };
  const capture = { ...CAPTURE, preMs: 0, postMs: 8000, maxMs: 8000 };
  const benches = [0, 1].map((n) => bench([], capture, `bay${n}`, memory));
  const at = { seconds: SECOND, nanos: 0 };
  benches.forEach((b, n) => {
    b.recorder.trigger({
      event: `event ${n}`,
      name: "drill",
      kind: "manual",
      source: "",
      channel: "",
      value: NaN,
      at,
      since: at,
      settings: {},
      streams: ["*"],
      devices: [],
      preMs: 0,
      postMs: 8000,
    });
  });
  let most = 0, x = 1;
  for (let i = 0; i < 8 * 48; i++) {
    for (const b of benches) {
      b.play(100, () => x = (Math.imul(x, 1664525) + 1013904223) | 0);
      most = Math.max(most, memory.bytes);
    }
  }
  // Each holds at most what makes a record of its own, and a piece.
  assert.ok(most > 300_000 && most < 400_000 + 2 * (256 * 1024), `${most} bytes`);
  assert.equal(memory.bytes, 0);
  for (const [n, { records }] of benches.entries()) {
    assert.ok(records.length >= 1, `${records.length} records`);
    assert.equal(records[0]!.event, `event ${n}`);
    for (let i = 1; i < records.length; i++) {
      assert.equal(records[i]!.continues, records[i - 1]!.event);
    }
    assert.equal(records.reduce((sum, r) => sum + recordedSamples(r), 0), 8 * 4800);
  }
  assert.ok(benches.some(({ records }) => records.length > 1));
});

Deno.test("the figures of a recorder", () => {
  const { recorder, play } = bench([{ kind: "over", measure: "instantaneous", limit: 50_000 }]);
  play(9600, spike(AT + 3000));
  const { bytes, ...figures } = recorder.figures();
  assert.ok(bytes > 1000);
  assert.deepEqual(figures, {
    triggers: 1,
    started: 1,
    joined: 0,
    limited: 0,
    outOfReach: 0,
    open: 0,
    lostSamples: 0,
    records: 1,
    unwatched: 0,
    byTrigger: [{ name: "t0", fired: 1, heldOff: 0 }],
  });
});

Deno.test("pieces are equal parts of a second, and small enough", () => {
  for (
    const [rate, piece] of [
      [4000, 4000],
      [4800, 2400],
      [12_800, 3200],
      [14_400, 3600],
      [15_360, 3840],
      [96_000, 4000],
      [4099, 2050],
    ]
  ) assert.equal(pieceSamplesOf(rate!), piece);
});

Deno.test("a ring is long enough for what goes before a trigger", () => {
  const t = (options: Partial<TriggerOptions>) => ({
    name: "t",
    options: settings({ kind: "over", ...options }),
  });
  assert.equal(neededRingSeconds("bay1", CAPTURE, []), 1.2);
  assert.equal(neededRingSeconds("bay1", CAPTURE, [t({ preMs: 3000, delayMs: 500 })]), 4.5);
  assert.equal(neededRingSeconds("bay2", CAPTURE, [t({ preMs: 3000 })]), 1.2);
  assert.equal(neededRingSeconds("bay2", CAPTURE, [t({ preMs: 3000, record: ["*"] })]), 4);
});
