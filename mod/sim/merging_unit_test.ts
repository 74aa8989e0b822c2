import assert from "node:assert/strict";
import { SampleMarks, WaveformRing } from "../core/mod.ts";
import { readCapture } from "../pcap/mod.ts";
import {
  frameToJson,
  parseFrame,
  SampleStream,
  type SampleStreamOptions,
  SvFrame,
  type SvFrameJson,
  SvReject,
} from "../sv/mod.ts";
import type { FrameSink } from "./merging_unit.ts";
import { MergingUnitFleet } from "./merging_unit_fleet.ts";
import type { MergingUnitOptions } from "./merging_unit_options.ts";
import { type BatchSink, MergingUnitPacer, type PacerClock } from "./merging_unit_pacer.ts";
import { PcapSink } from "./pcap_sink.ts";
import { WaveformModel } from "./waveform_model.ts";

const S = 1_700_000_000;
const MODEL = new WaveformModel({ nominalHz: 50, deviationHz: 0.1 });

function options(more: Partial<MergingUnitOptions> = {}): MergingUnitOptions {
  return { svId: "SIM_MU01", rate: 4000, model: MODEL, ...more };
}

/** A receiver: everything goes through the decoder into a ring. */
class Receiver implements FrameSink {
  readonly stream: SampleStream;
  readonly frames: SvFrameJson[] = [];
  readonly #frame = new SvFrame();
  constructor(rate: number, channels = 8, streamOptions: SampleStreamOptions = {}) {
    this.stream = new SampleStream(new WaveformRing(channels, rate, 4 * rate), streamOptions);
  }
  add(bytes: Uint8Array, seconds: number, nanos: number): void {
    assert.equal(this.#frame.decode(bytes, 0, bytes.length), SvReject.None);
    const { pdu } = this.#frame;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.stream.accept(bytes, view, pdu, 0, pdu.noASDU, seconds, nanos, this.#frame.simulation);
    if (this.frames.length < 20) this.frames.push(frameToJson(this.#frame, bytes));
  }
}

function run(unit: MergingUnitOptions, seconds: number, stream: SampleStreamOptions = {}) {
  const channels = (unit.currents ?? 4) + (unit.voltages ?? 4);
  const receiver = new Receiver(unit.rate, channels, stream);
  const fleet = new MergingUnitFleet([unit]);
  fleet.start(S, 0);
  fleet.sendDue(receiver, S + seconds - 1, 999_999_999);
  return { receiver, account: fleet.accounts[0]!, stream: receiver.stream };
}

Deno.test("merging unit: every rate gives whole seconds of the model's samples", () => {
  const rates: [number, number][] = [
    [4000, 1],
    [4800, 2],
    [5760, 1],
    [12_800, 8],
    [14_400, 6],
    [15_360, 8],
    [96_000, 1],
  ];
  for (const [rate, asdus] of rates) {
    const { receiver, account, stream } = run(options({ rate, asdus, latencyNanos: 50_000 }), 1);
    const { counters, ring } = stream;
    assert.equal(account.framesSent, rate / asdus);
    assert.equal(counters.accepted, account.samplesSent);
    assert.deepEqual([counters.missing, counters.resync, counters.irregular], [0, 0, 0]);
    // What was taken before the second may leave in it.
    assert.equal(ring.first, S * rate + Math.ceil(-50_000 * rate / 1e9 / asdus) * asdus);
    const out = new Float64Array(6);
    for (const n of [0, 1, 777, rate / 2 + 3]) {
      const at = (S * rate + n) % ring.capacity;
      MODEL.fill(out, 0, S, n / rate, S * rate + n);
      assert.equal(ring.values[1]![at], Math.round(out[1]! * 1000), `${rate}: sample ${n}`);
      assert.equal(ring.values[6]![at], Math.round(out[5]! * 100));
      assert.equal(ring.values[7]![at], Math.round((out[3]! + out[4]! + out[5]!) * 100) + 0); // never -0
      assert.deepEqual([ring.quality[6]![at], ring.quality[7]![at]], [0, 0x2000]);
      assert.equal(ring.marks[at], SampleMarks.None);
    }
    assert.equal(receiver.frames[0]!.noASDU, asdus);
  }
});

Deno.test("merging unit: the options stand in the frame", () => {
  const { receiver } = run(
    options({
      rate: 4800,
      asdus: 2,
      currents: 3,
      voltages: 1,
      destination: new Uint8Array([1, 12, 205, 4, 1, 255]),
      source: new Uint8Array([2, 1, 2, 3, 4, 5]),
      appid: 0x4123,
      vlan: 5,
      priority: 6,
      confRev: 77,
      simulation: true,
      datSet: "MU/LLN0$D",
      refrTm: true,
      smpRate: true,
      gmIdentity: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]),
      quality: 0x800,
      clock: { smpSynch: 9 },
    }),
    1,
  );
  const [frame] = receiver.frames;
  const { asdus, ...head } = frame!;
  assert.deepEqual(head, {
    destination: "01:0c:cd:04:01:ff",
    source: "02:01:02:03:04:05",
    vlan: { tpid: 0x8100, pcp: 6, dei: false, vid: 5 },
    appid: 0x4123,
    length: head.length,
    reserved1: 0x8000,
    reserved2: 0,
    simulation: true,
    noASDU: 2,
  });
  const second = asdus[1]!;
  assert.deepEqual(
    [second.smpCnt, second.confRev, second.datSet, second.smpSynch, second.smpRate, second.smpMod],
    [1, 77, "MU/LLN0$D", 9, 4800, 1],
  );
  assert.equal(second.gmIdentity, "0102030405060708");
  assert.equal(second.refrTm!.seconds, S);
  assert.ok(Math.abs(second.refrTm!.nanoseconds - 208_333) <= 60);
  assert.deepEqual(second.quality, [0x800, 0x800, 0x800, 0x800]);
});

Deno.test("merging unit: what it is synchronised by may change while it runs", () => {
  const unit = new MergingUnitFleet([
    options({ rate: 4000, refrTm: true, clock: { smpSynch: 2 } }),
  ]);
  const seen: string[] = [];
  const sink = {
    add(frame: Uint8Array) {
      const { smpSynch, refrTm } = frameToJson(parseFrame(frame), frame).asdus[0]!;
      seen.push(`${smpSynch} ${refrTm!.clockNotSynchronized}`);
    },
  };
  unit.start(S, 0);
  unit.sendDue(sink, S, 5e6);
  unit.synchronise(17);
  unit.sendDue(sink, S, 10e6);
  unit.synchronise(0);
  unit.sendDue(sink, S, 15e6);
  assert.deepEqual([...new Set(seen)], ["2 false", "17 false", "0 true"]);
});

Deno.test("merging unit: what goes wrong on the way is in the account, and the receiver finds it", () => {
  const { account, stream } = run(
    options({ impairments: { loss: 0.03, lossBurst: 3, duplicate: 0.05, reorder: 0.04 } }),
    10,
  );
  const { counters } = stream;
  assert.ok(account.lost > 600 && account.lost < 1900, `${account.lost}`);
  assert.ok(account.duplicated > 1000 && account.reordered > 1000);
  assert.equal(account.framesMade, 40_000);
  // A frame that is held at the end has not left.
  const held = account.framesMade - account.lost + account.duplicated - account.framesSent;
  assert.ok(held === 0 || held === 1);
  assert.equal(counters.received, account.samplesSent);
  assert.equal(counters.duplicate, account.duplicated);
  const seconds = account.finished(S + 100);
  assert.deepEqual(seconds.map(({ second }) => second), range(S, S + 9));
  assert.equal(sum(seconds.map(({ framesSent }) => framesSent)), account.framesSent);
  assert.equal(sum(seconds.map(({ lost }) => lost)), account.lost);
  assert.deepEqual(account.finished(S + 100), []);
  assert.deepEqual([counters.resync, counters.conflict, counters.outlier], [0, 0, 0]);
  // Everything that was lost between the first and the last sample is missing.
  assert.ok(counters.missing <= account.lost && counters.missing > account.lost - 100);
});

Deno.test("merging unit: without synchronisation it drifts, and jumps back when it has it again", () => {
  const unsynchronised = { everySeconds: 10, forSeconds: 4 };
  assert.equal(S % 10, 0);
  const { account, stream } = run(
    options({ clock: { unsynchronised, driftPpm: 200 }, latencyNanos: 10_000 }),
    8,
  );
  const { ring, counters } = stream;
  // 200 ppm over 4 s are 0.8 ms: three samples too few, then the count jumps over as many.
  assert.equal(account.samplesSent, 32_000 - 3);
  assert.equal(counters.accepted, account.samplesSent);
  assert.equal(counters.missing + counters.resync > 0, true);
  assert.equal(ring.next, (S + 8) * 4000);
  assert.equal(ring.marks[(ring.next - 1) % ring.capacity], SampleMarks.None);
});

Deno.test("merging unit: a step of its clock changes the count, and what it measures stays", () => {
  const { receiver, stream } = run(
    options({ clock: { step: { everySeconds: 10, forSeconds: 1, nanos: 50_000_000 } } }),
    2,
  );
  const first = receiver.frames[0]!;
  assert.equal(first.asdus[0]!.smpCnt, 200); // 50 ms ahead
  const out = new Float64Array(6);
  MODEL.fill(out, 0, S, 0, 0);
  assert.equal(first.asdus[0]!.values![4], Math.round(out[3]! * 100));
  assert.ok(stream.counters.resync >= 1); // back after a second
  assert.equal(stream.ring.next, (S + 2) * 4000);
});

Deno.test("merging unit: an error of its clock shifts what is measured at a stamp", () => {
  const { receiver } = run(options({ clock: { errorNanos: 1_000_000 } }), 1);
  const out = new Float64Array(6);
  const { smpCnt, values } = receiver.frames[0]!.asdus[0]!;
  assert.equal(smpCnt, 4); // leaves at the second, stamped 1 ms later
  MODEL.fill(out, 0, S, 0, 0);
  assert.equal(values![4], Math.round(out[3]! * 100));
});

Deno.test("merging units: frames of all leave in the order of time", () => {
  const fleet = new MergingUnitFleet([
    options({ svId: "A", rate: 4000, latencyNanos: 30_000 }),
    options({ svId: "B", rate: 4800, asdus: 2, unit: 1 }),
    options({ svId: "C", rate: 14_400, asdus: 6, unit: 2 }),
  ]);
  fleet.start(S, 500_000_000);
  let last = 0, frames = 0;
  const sink: FrameSink = {
    add(_frame, seconds, nanos) {
      const at = (seconds - S) * 1e9 + nanos;
      assert.ok(at >= last);
      last = at;
      frames++;
    },
  };
  assert.equal(fleet.sendDue(sink, S + 1, 499_999_999), frames);
  assert.equal(frames, 4000 + 2400 + 2400);
  fleet.skip(S + 2, 0);
  assert.deepEqual(fleet.accounts.map(({ missed }) => missed), [2000, 1200, 1200]);
  assert.throws(() => new MergingUnitFleet([]), RangeError);
  assert.throws(() => new MergingUnitFleet([options({ rate: 4000, asdus: 3 })]), RangeError);
});

Deno.test("merging units: the pacer sends when frames are due, and passes over what is too late", () => {
  const times: number[] = [];
  const clock = new StepClock();
  const sink: BatchSink = { add: (_f, s, n) => times.push((s - S) * 1e9 + n), flush: () => 0 };
  const pacer = new MergingUnitPacer(new MergingUnitFleet([options()]), sink, clock);
  pacer.run(100);
  assert.equal(times.length, 400);
  assert.ok(pacer.lateMicros.max <= 60);
  assert.ok(clock.sleeps >= 400);
  clock.jump(0.5);
  pacer.run(100);
  // Half a second was slept through: only what came after it is sent.
  assert.ok(times.length >= 795 && times.length <= 805, `${times.length}`);
  times.length = 0;
  const patient = new MergingUnitPacer(new MergingUnitFleet([options()]), sink, clock, 0, 1);
  clock.jump(0.5);
  patient.run(100);
  assert.ok(
    times.length >= 2395 && times.length <= 2405,
    `${times.length}, with all that was late`,
  );
  const gathering = new MergingUnitPacer(
    new MergingUnitFleet([options()]),
    sink,
    clock,
    2_000_000,
  );
  const before = clock.sleeps;
  gathering.run(100);
  assert.ok(clock.sleeps - before < 60, `${clock.sleeps - before}`);
});

Deno.test("merging units: a capture file holds what was sent, with the time to the nanosecond", async () => {
  const file = await Deno.makeTempFile({ suffix: ".pcap" });
  try {
    const fleet = new MergingUnitFleet([options(), options({ unit: 1, svId: "SECOND" })]);
    fleet.start(S, 0);
    const sink = new PcapSink(file);
    fleet.sendDue(sink, S + 1, 0);
    sink.close();
    sink.close();
    const packets = [...readCapture(await Deno.readFile(file))];
    assert.equal(packets.length, 2 * 4001);
    assert.equal(sum(fleet.accounts.map(({ framesSent }) => framesSent)), packets.length);
    assert.equal(Math.round(packets[3]!.timeMicros - S * 1e6), 250);
    const { pdu } = parseFrame(packets[2001]!.bytes);
    assert.equal(pdu.smpCnt[0], 1000);
  } finally {
    await Deno.remove(file);
  }
});

/** A clock that wakes up 50 us late. */
class StepClock implements PacerClock {
  seconds = S;
  nanos = 123_456;
  sleeps = 0;
  read(): void {}
  sleepUntil(seconds: number, nanos: number): void {
    this.sleeps++;
    if (seconds < this.seconds || (seconds === this.seconds && nanos <= this.nanos)) return;
    this.#set(seconds, nanos + 50_000);
  }
  jump(by: number): void {
    this.#set(this.seconds, this.nanos + by * 1e9);
  }
  #set(seconds: number, nanos: number): void {
    this.seconds = seconds + Math.floor(nanos / 1e9);
    this.nanos = nanos % 1e9;
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
