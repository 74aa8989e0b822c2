import assert from "node:assert/strict";
import { ConfigError } from "../core/mod.ts";
import { readConfig } from "./config.ts";
import { captureOf, liveOf, recordingOf } from "./event_config.ts";
import { memoryNeeds } from "./memory.ts";
import { planChanges } from "./plan.ts";

const BASE = `
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
[[input.bus.streams]]
acronym = "BAY2"
svId = "MU02"
appid = 0x4001
nominalHz = 50
preset = "9-2LE"
`;
const OVER = `
[trigger.over]
kind = "over"
streams = ["BAY1"]
channels = ["Ia"]
limit = 1000
`;

Deno.test("nothing is recorded unless somebody asks for it", () => {
  const config = readConfig(BASE, "test");
  assert.equal(captureOf(config), undefined);
  assert.equal(recordingOf(config), undefined);
  assert.ok(!memoryNeeds(config).some(({ part }) => part === "events" || part === "archive"));
});

Deno.test("triggers alone record with the defaults of [event]", () => {
  const config = readConfig(BASE + OVER, "test");
  assert.equal(captureOf(config)?.postMs, 4000);
  assert.deepEqual(recordingOf(config)?.triggers.map((t) => t.name), ["over"]);
  const needs = memoryNeeds(config).filter(({ part }) => part === "events" || part === "archive");
  assert.equal(needs.length, 2);
  assert.ok(needs.every(({ bytes }) => bytes > 16e6));
});

Deno.test("live streams are those that are named", () => {
  const config = readConfig(
    `${BASE}[live.one]\nstreams = ["BAY2"]\nsamplesPerMessage = 4\n`,
    "test",
  );
  assert.deepEqual(liveOf(config), { BAY2: { samplesPerMessage: 4, xor: false } });
  const all = readConfig(`${BASE}[live.all]\nstreams = ["*"]\nxor = true\n`, "test");
  assert.deepEqual(Object.keys(liveOf(all)), ["BAY1", "BAY2"]);
  assert.equal(recordingOf(all)?.capture, undefined);
});

for (
  const [name, text, message] of [
    [
      "a stream that there is not",
      OVER.replace("BAY1", "BAY9"),
      /trigger.over.streams.0: .*"BAY9"; did you mean/,
    ],
    [
      "a stream to record that there is not",
      `${OVER}record = ["self", "BAYX"]\n`,
      /trigger.over.record.1: expected the name of a waveform stream, found "BAYX"/,
    ],
    [
      "a channel that the stream does not have",
      OVER.replace("Ia", "I1"),
      /trigger.over.channels: expected a channel of BAY1 \(Ia, .*\), found "I1"/,
    ],
    [
      "a device that there is not",
      `[trigger.f]\nkind = "frequency"\ndevices = ["SHELBY"]\nlow = 49\nrecord = ["*"]\n`,
      /trigger.f.devices.0: expected the name of a device, found "SHELBY"/,
    ],
    [
      "more before and after than the longest record",
      `${OVER}preMs = 2000\npostMs = 29000\n`,
      /trigger.over: expected preMs and postMs of at most 30000 ms together .* found 31000 ms/,
    ],
    [
      "a ring that is too short",
      `[event]\npreMs = 3500\n`,
      /waveformSeconds: expected at least 5 for what is recorded before a trigger, found 4/,
    ],
    [
      "an acronym of waveforms",
      `[input.pmu]\ntype = "c37118"\nhost = "10.0.0.1"\nidCode = 1\nacronym = "BAY1!WAVE"\n`,
      /input.pmu.acronym: expected an acronym that does not end in !WAVE/,
    ],
    [
      "a live stream that there is not",
      `[live.a]\nstreams = ["BAY3"]\n`,
      /live.a.streams.0: expected the name of a waveform stream, found "BAY3"/,
    ],
  ] as [string, string, RegExp][]
) {
  Deno.test(`refused: ${name}`, () => {
    assert.throws(
      () => readConfig(BASE + text, "test"),
      (error) => error instanceof ConfigError && message.test(error.message),
    );
  });
}

for (
  const [name, before, after, changes] of [
    ["a trigger comes", "", OVER, [
      "trigger.over added",
      "archive added",
      "events added",
      "input.bus restarted",
    ]],
    ["a limit changes", OVER, OVER.replace("1000", "900"), [
      "trigger.over restarted",
      "events restarted",
      "input.bus restarted",
    ]],
    ["the last trigger goes", OVER, "", [
      "trigger.over removed",
      "archive removed",
      "events removed",
      "input.bus restarted",
    ]],
    ["retention changes", OVER, `${OVER}[archive]\nmaxRecords = 5\n`, ["archive restarted"]],
    ["something else", OVER, `${OVER}[log]\nlevel = "debug"\n`, ["log changed"]],
  ] as [string, string, string, string[]][]
) {
  Deno.test(`what a change restarts: ${name}`, () => {
    const plan = planChanges(readConfig(BASE + before, "a"), readConfig(BASE + after, "b"));
    assert.equal(plan.everything, false);
    assert.deepEqual(
      plan.changes.map(({ part, change }) => `${part} ${change}`).sort(),
      [...changes].sort(),
    );
  });
}
