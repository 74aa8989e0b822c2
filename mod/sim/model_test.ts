import assert from "node:assert/strict";
import fc from "fast-check";
import { DataDecoder, FrameType, parseConfiguration, signalsOf } from "../c37118/mod.ts";
import { makeFrame, makeLayout, SIGNAL_SUFFIX } from "../core/mod.ts";
import { makeSimDevice, type NumberFormats, signalSuffixes } from "./device.ts";
import { GridModel, makeBlock } from "./model.ts";
import { PmuSimulator } from "./pmu_simulator.ts";
import { SlotScheduler } from "./scheduler.ts";

const clock = { nowMicros: () => 1.7e15, monotonicMs: () => 0 };

const ALL_FORMATS: NumberFormats[] = Array.from({ length: 16 }, (_, f) => ({
  polar: (f & 1) !== 0,
  phasorFloat: (f & 2) !== 0,
  analogFloat: (f & 4) !== 0,
  frequencyFloat: (f & 8) !== 0,
}));

Deno.test("valueAt is what the codec decodes, in all formats, from CFG-2 and CFG-3, several PMUs", () => {
  for (const formats of ALL_FORMATS) {
    const simulator = new PmuSimulator({
      idCode: 7,
      rate: 60,
      transport: { kind: "tcp", port: 0 },
      devices: [0, 1, 2].map((device) => ({ device, formats, phasors: 10 + device, analogs: 2 })),
      model: { badQuality: true, missing: 0.02 },
    }, { clock, scheduler: new SlotScheduler(clock) });
    for (const type of [FrameType.Config1, FrameType.Config2, FrameType.Config3]) {
      const configuration = parseConfiguration(simulator.configurationFrames(type)[0]!);
      assert.equal(configuration.pmus.length, 3);
      const decoder = new DataDecoder(configuration);
      const layout = makeLayout("test", new Int32Array(decoder.count), [], 60);
      const frame = makeFrame(layout);
      for (let second = 1_700_000_000; second < 1_700_000_020; second++) {
        for (const index of [0, 1, 29, 59]) {
          const bytes = simulator.dataFrame(second, index);
          decoder.decode(bytes, new DataView(bytes.buffer), 0, bytes.length, frame);
          assert.equal(frame.instant.seconds, second);
          let at = 0;
          for (const device of simulator.devices) {
            for (let s = 0; s < device.signalCount; s++, at++) {
              const expected = simulator.model.valueAt(device, s, second, index, 60);
              assert.ok(
                Object.is(frame.values[at], expected),
                `${JSON.stringify(formats)} type ${type} ${
                  signalSuffixes(device)[s]
                }: expected ${expected}, found ${frame.values[at]}`,
              );
            }
          }
          assert.equal(at, decoder.count - 1);
        }
      }
    }
  }
});

Deno.test("signal suffixes stand in the order of the codec's layout", () => {
  const simulator = new PmuSimulator({
    idCode: 1,
    rate: 30,
    transport: { kind: "tcp", port: 0 },
    devices: [{ device: 0, phasors: 9, analogs: 3, digitals: 2 }],
  }, { clock, scheduler: new SlotScheduler(clock) });
  const drafts = signalsOf(simulator.configuration).pmus[0]!.drafts;
  assert.deepEqual(
    drafts.map((d) => SIGNAL_SUFFIX[d.type] + (d.index > 0 ? d.index : "")),
    signalSuffixes(simulator.devices[0]!),
  );
  assert.deepEqual(drafts.slice(0, 16).map((d) => d.phase).join(""), "AABBCCAABBCC++++");
});

Deno.test("values depend on seed, device, signal and slot only", () => {
  const device = makeSimDevice({ device: 3 });
  const a = new GridModel({ seed: 5 }),
    b = new GridModel({ seed: 5 }),
    c = new GridModel({ seed: 6 });
  // In another order, so that nothing can have been accumulated.
  const slots = [[1_700_000_000, 0], [1_700_000_059, 59], [1_700_000_060, 0]] as const;
  const first = slots.map(([s, i]) => a.valueAt(device, 0, s, i, 60));
  const second = slots.toReversed().map(([s, i]) => b.valueAt(device, 0, s, i, 60)).toReversed();
  assert.deepEqual(first, second);
  assert.notDeepEqual(first, slots.map(([s, i]) => c.valueAt(device, 0, s, i, 60)));
  assert.notEqual(first[0], a.valueAt(makeSimDevice({ device: 4 }), 0, 1_700_000_000, 0, 60));
  assert.notEqual(first[0], first[1]);
});

Deno.test("the angle is the integral of the frequency and has no jump between slots", () => {
  const model = new GridModel({ noise: 0 });
  const device = makeSimDevice({ device: 1, phasors: 1, analogs: 0, digitals: 0 });
  const block = makeBlock(device);
  const rate = 60;
  let angle = NaN, frequency = NaN;
  for (let slot = 0; slot < 200 * rate; slot++) {
    model.fill(block, device, 1_700_000_000 + Math.floor(slot / rate), slot % rate, rate);
    const turned = block.phasors[0]![1] - angle;
    const step = turned - 2 * Math.PI * Math.round(turned / (2 * Math.PI));
    const mean = (block.freq + frequency) / 2 - 60;
    if (slot > 0) {
      assert.ok(Math.abs(step - 2 * Math.PI * mean / rate) < 2e-3, `slot ${slot}: ${step}`);
      assert.ok(Math.abs(block.freq - frequency) < 0.03);
    }
    angle = block.phasors[0]![1];
    frequency = block.freq;
  }
});

Deno.test("bad quality touches STAT and the time quality byte of the same seconds", () => {
  const model = new GridModel({ badQuality: true });
  const seen = new Set<number>();
  for (let second = 0; second < 400; second++) {
    const stat = model.statAt(2, second);
    seen.add(stat);
    assert.equal(model.timeQualityAt(2, second), (stat & 0x2000) !== 0 ? 15 : 0);
  }
  assert.deepEqual([...seen].sort((a, b) => a - b), [0, 0x0804, 0x21d0, 0x4000, 0x8000]);
  assert.equal(new GridModel().statAt(2, 1), 0);
});

Deno.test("wire values stay within their fields for any time and device", () => {
  const model = new GridModel({ wanderHz: 0.5, stepHz: 0.5, noise: 0.01 });
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0xffffffff }),
      fc.integer({ min: 0, max: 2000 }),
      fc.integer({ min: 1, max: 240 }),
      fc.constantFrom(...ALL_FORMATS),
      (second, number, rate, formats) => {
        const device = makeSimDevice({ device: number, formats });
        const block = makeBlock(device);
        model.fill(block, device, second, rate - 1, rate);
        for (const [a, b] of block.phasors) {
          if (!formats.phasorFloat) {
            assert.ok(formats.polar ? a >= 0 && a <= 65535 : Math.abs(a) <= 32767);
            assert.ok(Math.abs(b) <= (formats.polar ? 31416 : 32767));
          } else assert.ok(Number.isFinite(a) && Number.isFinite(b));
        }
        assert.ok(
          formats.frequencyFloat ? Math.abs(block.freq - 60) < 2 : Math.abs(block.freq) < 2000,
        );
        for (const d of block.digitals) assert.ok(d >= 0 && d <= 65535);
      },
    ),
    { numRuns: 300 },
  );
});
