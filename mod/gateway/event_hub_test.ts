import assert from "node:assert/strict";
import type { Archive } from "../archive/mod.ts";
import { makeFrame, makeLayout, SignalRegistry, uuidFromName } from "../core/mod.ts";
import {
  decodeRecord,
  decodeWaveformBlock,
  encodeEventRecord,
  isFrameRecord,
  RecordAssembler,
  type TriggerOrder,
  type WaveformBlock,
} from "../event/mod.ts";
import { RECORD_ID, sampleRecord } from "../event/record_testing.ts";
import type { SvInput } from "../input/sv/mod.ts";
import type { BlockOpening } from "../sttp/mod.ts";
import type { BlockTaker, SttpOutput } from "../output/sttp/mod.ts";
import { readConfig } from "./config.ts";
import { EventHub } from "./event_hub.ts";
import { until } from "../../tests/support/waiting.ts";

const CONFIG = `
[gateway]
id = "5b1f7c3e-2d64-4f0a-9c55-7e8d1a2b3c4d"
name = "EDGE"
memoryMB = 400
[input.bus]
type = "sv"
interface = "eth0"
[[input.bus.streams]]
acronym = "BAY1"
svId = "MU01"
nominalHz = 50
preset = "9-2LE"
[input.far]
type = "sv"
interface = "eth1"
[[input.far.streams]]
acronym = "BAY2"
svId = "MU02"
nominalHz = 50
preset = "9-2LE"
[event]
preMs = 500
devices = ["BAY1"]
[trigger.low]
kind = "frequency"
devices = ["BAY1"]
low = 49.5
record = ["*"]
postMs = 2000
[trigger.hot]
kind = "alarm"
alarms = ["OIL"]
record = ["BAY2"]
recordDevices = []
[trigger.drill]
kind = "manual"
postMs = 7000
[live.all]
streams = ["BAY1"]
`;
const NOW = 1_700_000_000e6;

class FakeOutput {
  readonly carried: number[] = [];
  readonly blocks: { handle: number; block: WaveformBlock; version: number }[] = [];
  room: number | undefined = 1 << 20;

  carryBlocks(handles: Iterable<number>): void {
    this.carried.push(...handles);
  }

  publishBlock(handle: number, bytes: Uint8Array, opening: BlockOpening) {
    const block = decodeWaveformBlock(bytes.slice());
    this.blocks.push({ handle, block, version: opening.version });
    assert.equal(decodeWaveformBlock(opening.data).kind, "descriptor");
    if (this.room !== undefined) this.room -= bytes.length;
    return 1;
  }

  blockTakers(): BlockTaker[] {
    if (this.room === undefined) return [];
    return [{
      room: () => this.room,
      publish: (handle, bytes, opening) => void this.publishBlock(handle, bytes, opening!),
    }];
  }
}

function setUp(text = CONFIG) {
  const registry = new SignalRegistry("5b1f7c3e-2d64-4f0a-9c55-7e8d1a2b3c4d", "EDGE");
  const orders: [string, TriggerOrder][] = [];
  const input = (name: string, waveforms: string[]) => ({
    waveforms,
    trigger: (order: TriggerOrder) => orders.push([name, order]) > 0,
  });
  const inputs = [input("bus", ["BAY1"]), input("far", ["BAY2"])];
  const output = new FakeOutput();
  const stored: Uint8Array[] = [];
  const lines: string[] = [];
  const alarms = ["input.bus.failed"], looks = { count: 0 };
  const note = (line: string) => void lines.push(line);
  const hub = new EventHub(readConfig(text, "test"), {
    registry,
    clock: { nowMicros: () => NOW, monotonicMs: () => 0 },
    log: { debug: note, info: note, warn: note, error: note },
    // What the hub uses of the parts.
    archive: () => ({ put: (bytes: Uint8Array) => stored.push(bytes) > 0 }) as unknown as Archive,
    inputs: () => inputs as unknown as SvInput[],
    outputs: () => [output as unknown as SttpOutput],
    alarms: () => {
      looks.count++;
      return alarms;
    },
  });
  return { alarms, looks, hub, registry, orders, output, stored, lines };
}

Deno.test("hub: a trigger on synchrophasors records the streams of all inputs, as one event", async () => {
  const { hub, registry, orders, stored } = setUp();
  await hub.start();
  const { signals } = registry.register({
    acronym: "BAY1",
    id: uuidFromName(registry.gatewayId, "BAY1"),
    name: "",
    parentAcronym: "",
    protocol: "",
    accessId: 0,
    framesPerSecond: 50,
    company: "",
    vendor: "",
    longitude: NaN,
    latitude: NaN,
  }, [{ type: "FREQ", label: "", phase: "", unit: "Hz", index: 0, description: "" }]);
  const layout = makeLayout("bus!BAY1", signals.map((s) => s.handle), [], 50);
  const frame = makeFrame(layout);
  for (let i = 0; i < 10; i++) {
    frame.instant.seconds = 1_700_000_000;
    frame.instant.nanos = i * 20_000_000;
    frame.values[0] = i < 5 ? 50 : 49;
    hub.accept(frame);
  }
  assert.deepEqual(orders.map(([input, o]) => [input, o.streams, o.name, o.preMs, o.postMs]), [
    ["bus", ["BAY1"], "low", 500, 2000],
    ["far", ["BAY2"], "low", 500, 2000],
  ]);
  assert.equal(orders[0]![1].event, orders[1]![1].event);
  assert.deepEqual(orders[0]![1].at, { seconds: 1_700_000_000, nanos: 100_000_000 });
  assert.equal(orders[0]![1].value, 49);
  // The device's own frames are recorded with it, as far as they have come.
  await hub.stop();
  assert.equal(stored.length, 1);
  const record = decodeRecord(stored[0]!);
  assert.ok(isFrameRecord(record));
  assert.equal(record.event, orders[0]![1].event);
  assert.deepEqual([...record.frames.values[0]!], [...Array(5).fill(50), ...Array(5).fill(49)]);
  assert.deepEqual(record.triggers.map((t) => [t.name, t.source, t.value]), [["low", "BAY1", 49]]);
});

Deno.test("hub: orders of a stream go to others, not back to it", async () => {
  const { hub, orders } = setUp();
  await hub.start();
  hub.alarm("OIL", 95);
  assert.deepEqual(orders.map(([input, o]) => [input, o.streams, o.channel]), [
    ["far", ["BAY2"], "OIL"],
  ]);
  hub.alarm("WATER", 1);
  assert.equal(orders.length, 1);
  const order = { ...orders[0]![1], source: "BAY2", streams: ["*"] };
  hub.eventsOf()!.fired(order);
  assert.deepEqual(orders.slice(1).map(([input, o]) => [input, o.streams]), [["bus", ["BAY1"]]]);
  hub.eventsOf()!.fired({ ...order, streams: ["BAY2"] });
  assert.equal(orders.length, 2);
  assert.equal(hub.status().detail?.unheardOrders, 1);
  await hub.stop();
});

Deno.test("hub: alarms of the gateway itself, once for each time that they are raised", async () => {
  const { hub, orders, alarms, looks } = setUp(CONFIG.replace('["OIL"]', '["*"]'));
  await hub.start();
  const told = () => orders.map(([, o]) => o.channel);
  const passed = () => {
    const before = looks.count;
    return until(() => looks.count > before, "a look at the alarms");
  };
  await passed();
  assert.deepEqual(told(), []); // it was raised before
  alarms.push("archive.full");
  await passed();
  await passed();
  assert.deepEqual(told(), ["archive.full"]);
  alarms.length = 0;
  await passed();
  alarms.push("archive.full");
  await passed();
  assert.deepEqual(told(), ["archive.full", "archive.full"]);
  await hub.stop();
});

Deno.test("hub: orders by hand", async () => {
  const { hub, orders } = setUp();
  await hub.start();
  const { event, streams } = hub.order({ by: "anna" });
  assert.deepEqual(streams, ["BAY1", "BAY2"]);
  assert.deepEqual(orders.map(([, o]) => [o.event, o.name, o.channel, o.postMs]), [
    [event, "manual", "anna", 4000],
    [event, "manual", "anna", 4000],
  ]);
  hub.order({ by: "anna", name: "drill", streams: ["BAY2"], preMs: 100 });
  assert.deepEqual(
    [orders[2]![1].name, orders[2]![1].preMs, orders[2]![1].postMs, orders[2]![0]],
    ["drill", 100, 7000, "far"],
  );
  for (
    const [order, message] of [
      [{ name: "low" }, /manual trigger, found "low"/],
      [{ name: "nobody" }, /manual trigger, found "nobody"/],
      [{ streams: ["BAY7"] }, /waveform stream, found "BAY7"/],
      [{ postMs: 1e6 }, /at most 30000 ms together/],
      [{ preMs: NaN }, /at most 30000 ms together/],
    ] as [object, RegExp][]
  ) assert.throws(() => hub.order({ by: "anna", ...order }), message);
  assert.equal(orders.length, 3);
  await hub.stop();
});

const RECORD = encodeEventRecord(sampleRecord({
  encoding: { ...sampleRecord().encoding, samplesPerMessage: 100_000 },
  pieces: [{ first: 0, count: 100_000, marks: [0, 100_000], message: new Uint8Array(100_000) }],
}));

Deno.test("hub: records go to the archive, and upstream as there is room", async () => {
  const { hub, output, stored } = setUp();
  await hub.start();
  output.room = 70_000;
  hub.eventsOf()!.recorded("BAY1", RECORD_ID, RECORD.slice());
  assert.deepEqual(stored, [RECORD]);
  assert.ok(output.blocks.length >= 1);
  const before = output.blocks.length;
  assert.ok(before * 16_384 < RECORD.length);
  output.room = 1 << 20;
  await until(() => output.blocks.length * 16_384 >= RECORD.length, "the rest of the record");
  const assembler = new RecordAssembler();
  let whole: Uint8Array | undefined;
  for (const { block } of output.blocks) {
    assert.ok(block.kind === "part");
    whole = assembler.take(block) ?? whole;
  }
  assert.deepEqual(whole, RECORD);
  output.room = undefined; // nobody has subscribed
  hub.eventsOf()!.recorded("BAY1", RECORD_ID, RECORD.slice());
  assert.deepEqual(hub.status().detail?.records, 2);
  assert.equal(stored.length, 2);
  await hub.stop();
});

Deno.test("hub: live messages go upstream under a descriptor, anew after each change", async () => {
  const { hub, registry, output } = setUp();
  await hub.start();
  const events = hub.eventsOf()!;
  const signal = registry.signals().find((s) => s.device === "BAY1!WAVE")!;
  assert.ok(output.carried.includes(signal.handle));
  const encoding = {
    uuid: "01234567-89ab-4cde-8f01-23456789abcd",
    variables: 8,
    samplingRate: 4000,
    samplesPerMessage: 6,
    xor: false,
  };
  events.liveStream("BAY1", { stream: 0, encoding, confRev: 1 });
  events.live("BAY1", Uint8Array.of(2, 1, 2, 3));
  events.live("BAY1", Uint8Array.of(4, 1, 0, 4));
  events.liveStream("BAY1", { stream: 0, encoding, confRev: 2 });
  events.live("BAY1", new Uint8Array(10_000).fill(2));
  events.live("NOBODY", Uint8Array.of(2, 5));
  assert.deepEqual(output.blocks.map((b) => b.handle), Array(3).fill(signal.handle));
  assert.deepEqual(output.blocks.slice(0, 2).map((b) => b.block), [
    { kind: "message", marks: [0, 0], message: Uint8Array.of(1, 2, 3) },
    { kind: "message", marks: [1, 0], message: Uint8Array.of(4) },
  ]);
  const versions = output.blocks.map((b) => b.version);
  assert.equal(versions[0], versions[1]);
  assert.notEqual(versions[1], versions[2]);
  await hub.stop();
  assert.equal(registry.signals().some((s) => s.device.endsWith("!WAVE")), false);
});

Deno.test("hub: without [event] there is nothing to order", async () => {
  const { hub } = setUp(CONFIG.replace(/\[event\][\s\S]*(?=\[live)/, ""));
  await hub.start();
  assert.throws(() => hub.order({ by: "anna" }), /there is no \[event\]/);
  hub.alarm("OIL", 1);
  assert.equal(hub.eventsOf()?.recording.capture, undefined);
  await hub.stop();
});
