import assert from "node:assert/strict";
import {
  type Frame,
  makeFrame,
  makeLayout,
  setFromMicros,
  SignalRegistry,
  type SignalType,
  uuidFromName,
} from "../core/mod.ts";
import {
  type CaptureOptions,
  decodeRecord,
  type FrameRecordContent,
  isFrameRecord,
  type TriggerOrder,
} from "../event/mod.ts";
import { until } from "../../tests/support/waiting.ts";
import { FrameRecording } from "./frame_recording.ts";

const SECOND = 1_700_000_000;
const RATE = 50;
const GATEWAY = "5b1f7c3e-2d64-4f0a-9c55-7e8d1a2b3c4d";

/** A concentrator of two PMUs, and the gateway's own statistics, in front of recorders. */
class Bench {
  readonly records: FrameRecordContent[] = [];
  readonly registry = new SignalRegistry(GATEWAY, "EDGE");
  readonly recording: FrameRecording;
  nowMs = 0;
  #frame: Frame;
  readonly #statistics: Frame;
  #k = 0;

  constructor(devices: string[]) {
    const capture: CaptureOptions = {
      preMs: 200,
      postMs: 300,
      maxMs: 2000,
      eventsPerMinute: 60,
      memoryMB: 24,
      devices,
      deviceMB: 1,
      upstream: true,
    };
    this.recording = new FrameRecording({
      gateway: { id: GATEWAY, name: "EDGE", company: "", program: "test" },
      capture,
      registry: this.registry,
      clock: { nowMicros: () => 0, monotonicMs: () => this.nowMs },
      recorded: (bytes) => {
        const content = decodeRecord(bytes);
        assert.ok(isFrameRecord(content));
        this.records.push(content);
      },
    });
    this.#frame = makeFrame(this.#layout());
    const own = this.#signals("EDGE", ["STAT"]);
    this.#statistics = makeFrame(makeLayout("statistics", own, [], 1));
  }

  /** The concentrator sends another configuration. */
  reconfigure(): void {
    this.#frame = makeFrame(this.#layout());
  }

  run(frames: number): void {
    for (const end = this.#k + frames; this.#k < end; this.#k++) {
      const frame = this.#frame;
      setFromMicros(frame.instant, SECOND * 1e6 + this.#k * 20_000);
      frame.values.forEach((_, i) => frame.values[i] = this.#k + i / 8);
      this.nowMs = this.#k * 20;
      this.recording.accept(frame);
      if (this.#k % RATE === 0) this.recording.accept(this.#statistics);
    }
  }

  order(changes: Partial<TriggerOrder> = {}): string[] {
    const at = { seconds: 0, nanos: 0 };
    setFromMicros(at, SECOND * 1e6 + (this.#k - 1) * 20_000);
    return this.recording.order({
      event: crypto.randomUUID(),
      name: "drill",
      kind: "manual",
      source: "",
      channel: "anna",
      value: NaN,
      at,
      since: at,
      settings: {},
      streams: [],
      devices: ["*"],
      preMs: 200,
      postMs: 300,
      ...changes,
    });
  }

  async until(records: number): Promise<void> {
    await until(() => this.records.length >= records, () => `${this.records.length} records`);
  }

  #layout() {
    const handles = ["SHELBY", "CORDOVA"].flatMap((d) => this.#signals(d, ["FREQ", "VPHM"]));
    return makeLayout("input.pdc", handles, [], RATE);
  }

  #signals(acronym: string, types: SignalType[]): number[] {
    const device = {
      acronym,
      id: uuidFromName(GATEWAY, acronym),
      name: acronym,
      parentAcronym: "",
      protocol: "",
      accessId: 1,
      framesPerSecond: RATE,
      company: "",
      vendor: "",
      longitude: NaN,
      latitude: NaN,
    };
    return this.registry.register(
      device,
      types.map((type) => ({ type, label: "", phase: "", unit: "", index: 0, description: "" })),
    ).signals.map(({ handle }) => handle);
  }
}

Deno.test("frame recording: each device of a concentrator has a record of its own", async () => {
  const b = new Bench(["*"]);
  b.run(101);
  assert.deepEqual(b.order(), ["SHELBY", "CORDOVA"]); // statistics are no synchrophasors
  b.run(20);
  await b.until(2);
  assert.deepEqual(b.records.map((r) => [r.stream.name, r.frames.count]), [
    ["SHELBY", 25],
    ["CORDOVA", 25],
  ]);
  assert.equal(b.records[0]!.event, b.records[1]!.event);
  const [shelby, cordova] = b.records;
  assert.equal(shelby!.frames.values[0]![0], 90);
  assert.equal(cordova!.frames.values[1]![24], 114 + 3 / 8);
  assert.equal(cordova!.triggers[0]!.channel, "anna");
  b.recording.stop();
});

Deno.test("frame recording: orders are for the devices that they name", async () => {
  const b = new Bench(["CORDOVA", "SHELBY"]);
  b.run(50);
  assert.deepEqual(b.order({ devices: [] }), []);
  assert.deepEqual(b.order({ devices: ["NOBODY"] }), []);
  assert.deepEqual(b.order({ devices: ["CORDOVA"] }), ["CORDOVA"]);
  b.run(20);
  await b.until(1);
  assert.deepEqual(b.recording.figures().devices.map((d) => [d.device, d.records]), [
    ["SHELBY", 0],
    ["CORDOVA", 1],
  ]);
  b.recording.stop();
});

Deno.test("frame recording: another configuration, and the end of the gateway, end what is recorded", () => {
  const b = new Bench(["SHELBY"]);
  b.run(50);
  b.order();
  b.run(5);
  b.reconfigure();
  b.run(1);
  assert.deepEqual(b.records.map((r) => [r.frames.count, r.isCut]), [[16, true]]);
  b.run(30);
  b.order();
  b.run(2);
  b.recording.stop();
  assert.deepEqual(b.records.map((r) => [r.frames.count, r.isCut]), [[16, true], [13, true]]);
});

Deno.test("frame recording: a device that falls silent has its record when its frames are overdue", async () => {
  const b = new Bench(["SHELBY"]);
  b.run(50);
  b.order();
  b.nowMs += 10_000;
  await b.until(1);
  assert.deepEqual([b.records[0]!.frames.count, b.records[0]!.isCut], [11, true]);
  b.recording.stop();
});
