/**
 * Event recording over a wire: merging units at one end, triggers and recorders in the gateway, records on
 * disk and at subscribers.
 *
 * @module
 */
import assert from "node:assert/strict";
import { SampleMarks } from "../../mod/core/mod.ts";
import {
  decodeEventRecord,
  decodeWaveformBlock,
  type EventRecordContent,
  LIVE_MARK_ANEW,
  RecordAssembler,
  recordedWaveforms,
  type WaveformDescriptor,
} from "../../mod/event/mod.ts";
import { layCable } from "../../mod/os/testing.ts";
import { WaveformModel, type WaveformOptions } from "../../mod/sim/mod.ts";
import { Decoder } from "../../mod/slipstream/mod.ts";
import type { Gateway } from "../../mod/gateway/mod.ts";
import { detailOf, keyPair, outputOf, Site, TLS_OUTPUT } from "./site.ts";
import type { Subscriber } from "./subscriber.ts";
import { busListens, busToml, startSource } from "./sv_wire.ts";
import { until } from "../support/waiting.ts";

const RATE = 4000;
const MODEL: WaveformOptions = {
  nominalHz: 50,
  volts: 63_500,
  amperes: 400,
  deviationHz: 0.02,
  noise: 0.001,
  fault: { everySeconds: 3, forSeconds: 0.1, times: 6, timeConstantSeconds: 0.05 },
};
const UNITS = [0, 1].map((unit) => ({
  svId: `EVENT_MU${unit}`,
  rate: RATE,
  unit,
  appid: 0x4000 + unit,
}));
const STREAMS = [0, 1].map((n) =>
  `acronym = "BAY${n}"\nsvId = "EVENT_MU${n}"\nappid = ${
    0x4000 + n
  }\nnominalHz = 50\npreset = "9-2LE"`
);
const EVENTS = `
[event]
preMs = 300
postMs = 700
[trigger.overcurrent]
kind = "over"
measure = "instantaneous"
streams = ["BAY0"]
channels = ["Ia", "Ib", "Ic"]
limit = 1500
holdOffMs = 3600000
record = ["self", "BAY1"]
`;

/** Raw values that a merging unit has sent: currents in milliamperes, voltages in 10 mV. */
function sent(unit: number, sample: number): number[] {
  const model = new WaveformModel(MODEL);
  const phases = new Float64Array(6);
  const second = Math.floor(sample / RATE);
  model.fill(phases, unit, second, (sample - second * RATE) / RATE, sample);
  const [ia, ib, ic, ua, ub, uc] = phases as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return [
    ...[ia, ib, ic, ia + ib + ic].map((a) => a * 1000),
    ...[ua, ub, uc, ua + ub + uc].map((u) => u * 100),
  ];
}

/** Every sample of a record is the one that was sent, or says that it came too late on a busy machine. */
function checkSamples(record: EventRecordContent, unit: number): number {
  let samples = 0, looked = 0, filled = 0;
  for (const { first, count, values, marks } of recordedWaveforms(record)) {
    for (let i = 0; i < count; i += 7) {
      looked++;
      if ((marks[i]! & SampleMarks.Filled) !== 0) {
        filled++;
        continue;
      }
      sent(unit, first + i).forEach((value, c) => {
        assert.ok(Math.abs(values[c]![i]! - value) <= 1, `channel ${c} of sample ${first + i}`);
      });
    }
    samples += count;
  }
  assert.ok(looked - filled > 100, `${filled} of ${looked} samples were filled in`);
  return samples;
}

async function recordsOf(gateway: Gateway): Promise<EventRecordContent[]> {
  const records: EventRecordContent[] = [];
  for (const { id } of await gateway.archive!.list()) {
    const found = await gateway.archive!.get(id);
    if (found) records.push(decodeEventRecord(found.bytes));
  }
  return records;
}

/** The records of one event that both streams have; none if there is no such event. */
async function pairOf(gateway: Gateway): Promise<EventRecordContent[]> {
  const records = await recordsOf(gateway);
  for (const { event } of records) {
    const pair = records.filter((record) => record.event === event);
    if (pair.length === 2) return pair;
  }
  return [];
}

/** What a subscriber got of one waveform signal. */
function received(subscriber: Subscriber, reference: string) {
  const id = subscriber.references().get(reference);
  const assembler = new RecordAssembler();
  const descriptors: WaveformDescriptor[] = [];
  const records: Uint8Array[] = [];
  const messages: { descriptor: WaveformDescriptor; message: Uint8Array; isAnew: boolean }[] = [];
  for (const block of subscriber.blocks) {
    if (block.id !== id) continue;
    const decoded = decodeWaveformBlock(block.bytes);
    if (decoded.kind === "descriptor") descriptors.push(decoded.descriptor);
    else {
      const descriptor = descriptors.at(-1);
      assert.ok(descriptor, "a descriptor goes before everything");
      if (decoded.kind === "message") {
        const { message, marks: [first = 0] } = decoded;
        messages.push({ descriptor, message, isAnew: (first & LIVE_MARK_ANEW) !== 0 });
      } else {
        const whole = assembler.take(decoded);
        if (whole) records.push(whole);
      }
    }
  }
  return { descriptors, records, messages };
}

Deno.test("events: a fault is recorded, across streams, on disk and upstream, by rights", async () => {
  const cable = await layCable("evt", true);
  if (!cable) return;
  try {
    await Site.with(async (site) => {
      const [historian, viewer, narrow] = await Promise.all(
        ["historian", "viewer", "narrow"].map(keyPair),
      );
      const stateDir = `${site.folder}/state`;
      const toml = busToml(cable.near, STREAMS, "reorderMs = 200") + EVENTS + TLS_OUTPUT +
        `[live.one]\nstreams = ["BAY1"]\nsamplesPerMessage = 8\n` +
        `[subscriber.historian]\npins = ["${
          historian!.fingerprint256
        }"]\nallow = ["True"]\nbufferBlocks = true\n` +
        `[subscriber.viewer]\npins = ["${viewer!.fingerprint256}"]\nallow = ["True"]\n` +
        `[subscriber.narrow]\npins = ["${
          narrow!.fingerprint256
        }"]\nallow = ["Device = 'BAY0'"]\nbufferBlocks = true\n`;
      const gateway = await site.gateway(toml, { stateDir });
      await busListens(gateway);
      const [all, plain, few] = [historian!, viewer!, narrow!].map((own) =>
        site.subscriber({
          port: outputOf(gateway).port,
          tls: { own, gatewayPin: gateway.identity!.fingerprint256 },
        })
      );
      // The one fault that is recorded comes when they have all subscribed.
      const waveform = (s: Subscriber) => s.references().has("BAY1!WAVE-AV1");
      const isSubscribed = (s: Subscriber) => s.client.state === "subscribed";
      await until(
        () => waveform(all!) && [all!, plain!, few!].every(isSubscribed),
        "three subscriptions, one with the waveforms",
      );
      const source = await startSource(cable, { model: MODEL, units: UNITS });
      site.atEnd(async () => void await source.stop());
      const stored = () => Number(detailOf(gateway, "archive")["records"]);
      const tell = () =>
        `${stored()} records; ${JSON.stringify(detailOf(gateway, "events")).slice(0, 1000)}; ${
          JSON.stringify(gateway.status().parts["input.bus"]).slice(0, 3000)
        }`;
      let records: EventRecordContent[] = [];
      await until(async () => (records = await pairOf(gateway)).length > 0, tell);
      assert.deepEqual(records.map((r) => r.stream.name).sort(), ["BAY0", "BAY1"]);
      for (const record of records) {
        // A fault that comes when the stream has just begun has less before it, which the record says.
        const samples = checkSamples(record, Number(record.stream.name.slice(3)));
        assert.equal(samples, RATE - record.shortSamples);
        assert.ok(record.shortSamples <= 0.3 * RATE);
        assert.deepEqual(
          [record.lostSamples, record.missingSamples, record.jumps, record.isCut],
          [0, 0, 0, false],
        );
        const [trigger] = record.triggers;
        assert.equal(trigger!.name, "overcurrent");
        assert.equal(trigger!.source, "BAY0");
        assert.ok(Math.abs(trigger!.value) > 1500);
        // Where the faults begin, or where the stream does if that is within a fault.
        const { everySeconds, forSeconds } = MODEL.fault!;
        assert.equal(trigger!.at.seconds % everySeconds, 0);
        assert.ok(trigger!.at.nanos < forSeconds * 1e9, `${trigger!.at.nanos} ns`);
      }

      // The same bytes are at the subscriber that was granted the waveforms and takes blocks.
      const byStream = new Map<string, string>();
      for (const { id, stream: { name } } of records) {
        byStream.set(name, id);
        const upstream = () =>
          received(all!, `${name}!WAVE-AV1`).records.find((b) => decodeEventRecord(b).id === id);
        await until(
          () => upstream() !== undefined,
          () => `the record of ${name} upstream; ${tell()}`,
        );
        assert.deepEqual(upstream(), (await gateway.archive!.get(id))!.bytes);
      }
      const { descriptors, messages } = received(all!, "BAY1!WAVE-AV1");
      assert.ok(descriptors.length >= 1 && messages.length > 100, `${messages.length} messages`);
      let next = -1;
      for (const { descriptor, message, isAnew } of messages) {
        assert.equal(descriptor.stream.name, "BAY1");
        const { time, count, values, quality } = new Decoder(descriptor.encoding!).decode(message);
        const first = time.seconds * RATE + Math.round(time.nanos * RATE / 1e9);
        if (next >= 0 && !isAnew) assert.equal(first, next, "no sample is missing");
        next = first + count;
        // A sample that a busy machine held up for too long is one that has not come, and says so.
        sent(1, first).forEach((value, c) =>
          assert.ok(quality[c]![0]! !== 0 || Math.abs(values[c]![0]! - value) <= 1)
        );
      }

      // Nobody else sees anything of it.
      assert.equal(plain!.blocks.length, 0);
      assert.equal(few!.blocks.length, 0);
      for (const subscriber of [plain!, few!]) {
        await until(() => subscriber.references().size > 0, "metadata");
        assert.ok(![...subscriber.references().keys()].some((r) => r.includes("!WAVE")));
      }

      // By hand, and what was recorded outlives the gateway.
      const { event, streams } = gateway.recordNow({ by: "test", postMs: 100 });
      assert.deepEqual(streams, ["BAY0", "BAY1"]);
      await until(async () => (await gateway.archive!.list({ event })).length === 2, tell);
      assert.ok(await gateway.archive!.protect(byStream.get("BAY0")!, true));
      await gateway.stop();
      const again = await site.gateway(toml, { stateDir });
      const listed = await again.archive!.list();
      assert.equal(listed.filter((e) => [...byStream.values()].includes(e.id)).length, 2);
      assert.deepEqual((await again.archive!.list({ isProtected: true })).map((e) => e.id), [
        byStream.get("BAY0"),
      ]);
    });
  } finally {
    await cable.remove();
  }
});

Deno.test("events: what is being recorded when the gateway stops reaches the archive", async () => {
  const cable = await layCable("evs", true);
  if (!cable) return;
  try {
    await Site.with(async (site) => {
      const stateDir = `${site.folder}/state`;
      const toml = busToml(cable.near, STREAMS.slice(0, 1), "reorderMs = 200") +
        "[event]\npreMs = 500\npostMs = 20000\n";
      const gateway = await site.gateway(toml, { stateDir });
      await busListens(gateway);
      const source = await startSource(cable, { model: MODEL, units: UNITS });
      site.atEnd(async () => void await source.stop());
      const held = () => {
        const { workers } = detailOf(gateway, "input.bus");
        return JSON.stringify(workers).includes('"heldBytes":0') ? 0 : 1;
      };
      // What goes before the order is there: the ring holds more than half a second.
      const ring = () => {
        const { devices } = detailOf(gateway, "input.bus");
        // The shape of the input's report.
        return (devices as Record<string, { stream: { heldSeconds: number } | null }>)["BAY0"]!
          .stream;
      };
      await until(
        () => (ring()?.heldSeconds ?? 0) > 0.7,
        () => ["samples", detailOf(gateway, "input.bus")],
      );
      assert.deepEqual(gateway.recordNow({ by: "test" }).streams, ["BAY0"]);
      await until(() => held() > 0, "pieces of the event");
      await gateway.stop();
      const again = await site.gateway(toml, { stateDir });
      const [record] = await recordsOf(again);
      assert.ok(record, "the record is there");
      assert.equal(record.isCut, true);
      assert.ok(checkSamples(record, 0) > 0.4 * RATE);
    });
  } finally {
    await cable.remove();
  }
});
