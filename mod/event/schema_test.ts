import assert from "node:assert/strict";
import { getStaticTOMLValue, parseTOML } from "toml-eslint-parser";
import * as v from "valibot";
import { captureSchema, liveSchema, triggerSchema } from "./mod.ts";

Deno.test("sample.toml passes, with every kind of trigger", () => {
  const text = Deno.readTextFileSync(new URL("./sample.toml", import.meta.url));
  const document = getStaticTOMLValue(parseTOML(text)) as {
    event: unknown;
    trigger: Record<string, { kind: string }>;
    live: Record<string, unknown>;
  };
  assert.deepEqual(v.parse(liveSchema, document.live.all), document.live.all);
  assert.deepEqual(v.parse(liveSchema, { streams: ["*"] }), document.live.all);
  assert.deepEqual(v.parse(captureSchema, document.event), document.event);
  assert.deepEqual({ ...v.parse(captureSchema, {}), devices: ["SHELBY"] }, document.event);
  const kinds = new Set<string>();
  for (const [name, trigger] of Object.entries(document.trigger)) {
    const result = v.safeParse(triggerSchema, trigger);
    assert.ok(result.success, `${name}: ${result.issues?.map((i) => i.message).join()}`);
    kinds.add(trigger.kind);
  }
  assert.deepEqual([...kinds].sort(), [
    "alarm",
    "angleStep",
    "digital",
    "frequency",
    "magnitudeStep",
    "manual",
    "over",
    "quality",
    "rocof",
    "unbalance",
    "under",
  ]);
});

Deno.test("a trigger needs no more than what it is about", () => {
  const trigger = { kind: "over", streams: ["bay1"], channels: ["Ia"], limit: 1000 };
  assert.deepEqual(v.parse(triggerSchema, trigger), {
    ...trigger,
    devices: [],
    delayMs: 0,
    holdOffMs: 1000,
    extendWhileActive: false,
    record: ["self"],
    recordDevices: ["*"],
    questionable: true,
    measure: "rms",
    hysteresis: 0,
  });
  const manual = v.parse(triggerSchema, { kind: "manual" });
  assert.deepEqual(manual.record, ["*"]);
});

const over = { kind: "over", streams: ["bay1"], channels: ["Ia"], limit: 1000 };
for (
  const [name, trigger, message] of [
    ["no kind", { ...over, kind: undefined }, /"over"/],
    ["unknown kind", { ...over, kind: "sag" }, /"over"/],
    ["no source", { ...over, streams: [] }, /either streams .* or devices/],
    ["two sources", { ...over, devices: ["A"], record: ["*"] }, /either streams .* or devices/],
    ["no limit", { ...over, limit: undefined }, /number/],
    ["limit 0", { ...over, limit: 0 }, /above 0/],
    ["limit NaN", { ...over, limit: NaN }, /number/],
    ["hysteresis above the limit", { ...over, hysteresis: 1000 }, /hysteresis below the limit/],
    ["no channels", { ...over, channels: [] }, /length/],
    ["delay -1", { ...over, delayMs: -1 }, /from 0 to 10000, found -1/],
    [
      "a device that prolongs",
      { ...over, streams: [], devices: ["A"], record: ["*"], extendWhileActive: true },
      /extendWhileActive of a trigger on waveforms/,
    ],
    ["nothing to record", { ...over, record: [], recordDevices: [] }, /something to record/],
    ["unknown key", { ...over, delay: 5 }, /never/],
    [
      "a device that records itself",
      { ...over, streams: [], devices: ["A"] },
      /no waveform of its own/,
    ],
    [
      "single samples of a device",
      { ...over, streams: [], devices: ["A"], record: ["*"], measure: "instantaneous" },
      /RMS values/,
    ],
    ["two phases", { ...over, kind: "unbalance", channels: ["a", "b"] }, /length/],
    ["no frequency", { kind: "frequency", streams: ["a"], channels: ["Va"] }, /low, high or both/],
    [
      "frequencies crossed",
      { kind: "frequency", streams: ["a"], channels: ["Va"], low: 51, high: 49 },
      /low to be below high/,
    ],
    [
      "frequency of two channels",
      { kind: "frequency", streams: ["a"], channels: ["Va", "Vb"], low: 49 },
      /one or three channels/,
    ],
    [
      "frequency of a device's channel",
      { kind: "frequency", devices: ["A"], channels: ["Va"], low: 49, record: ["*"] },
      /one or three channels/,
    ],
    ["an alarm with a stream", { kind: "alarm", alarms: ["*"], streams: ["a"] }, /watch none/],
    ["a manual one for itself", { kind: "manual", record: ["self"] }, /no stream of its own/],
    [
      "quality of a device",
      { kind: "quality", devices: ["A"], channels: ["*"], conditions: ["test"], record: ["*"] },
      /quality triggers watch waveforms/,
    ],
  ] as [string, Record<string, unknown>, RegExp][]
) {
  Deno.test(`trigger refused: ${name}`, () => {
    const result = v.safeParse(triggerSchema, trigger);
    assert.equal(result.success, false);
    assert.match(result.issues!.map((i) => i.message).join(), message);
  });
}

Deno.test("capture refused where the longest record is shorter than a plain one", () => {
  const result = v.safeParse(captureSchema, { preMs: 1000, postMs: 4000, maxMs: 4999 });
  assert.match(result.issues!.map((i) => i.message).join(), /maxMs to be at least/);
});
