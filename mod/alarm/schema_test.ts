import assert from "node:assert/strict";

import * as v from "valibot";
import { parseTomlDocument } from "../config/mod.ts";
import { type AlarmOptions, alarmSchema, conditionText, valueText } from "./mod.ts";

Deno.test("sample.toml passes, with nearly every condition, and shows every key", () => {
  const text = Deno.readTextFileSync(new URL("./sample.toml", import.meta.url));
  // The sample holds tables of alarms.
  const document = parseTomlDocument(text, "sample.toml").value as {
    alarm: Record<string, AlarmOptions>;
  };
  const conditions = new Set<string>();
  for (const [name, alarm] of Object.entries(document.alarm)) {
    const parsed = v.safeParse(alarmSchema, alarm);
    assert.ok(parsed.success, `${name}: ${parsed.issues?.map((i) => i.message).join()}`);
    for (const key of Object.keys(parsed.output)) {
      assert.ok(key in alarm || key in document.alarm["lowFrequency"]!, `${name} shows ${key}`);
    }
    conditions.add(alarm.condition);
  }
  assert.deepEqual([...conditions].sort(), [
    "badQuality",
    "equal",
    "flatline",
    "outside",
    "rateOfChange",
    "under",
  ]);
});

const BASE = { signals: ["True"], condition: "over", limit: 1 };

Deno.test("alarm: what is wrong with a table is told", () => {
  const cases: [string, Record<string, unknown>, RegExp][] = [
    ["no signals", { ...BASE, signals: [] }, /length/],
    ["no condition", { signals: ["True"], limit: 1 }, /condition|type/],
    ["another condition", { ...BASE, condition: "above" }, /condition|type/],
    ["no limit", { signals: ["True"], condition: "over" }, /limit/],
    ["a limit that is no number", { ...BASE, limit: NaN }, /expected|number/],
    ["a negative hysteresis", { ...BASE, hysteresis: -1 }, /from 0/],
    ["a key of another condition", { ...BASE, tolerance: 1 }, /tolerance/],
    ["a delay beyond a day", { ...BASE, delayMs: 1e9 }, /from 0 to 86400000/],
    ["a flatline at once", { signals: ["True"], condition: "flatline", delayMs: 0 }, /from 100/],
    ["another severity", { ...BASE, severity: "urgent" }, /severity|expected/i],
    [
      "a range that never clears",
      { signals: ["True"], condition: "outside", low: 1, high: 2, hysteresis: 0.6 },
      /never clears/,
    ],
  ];
  for (const [name, table, expected] of cases) {
    const { success, issues } = v.safeParse(alarmSchema, table);
    assert.equal(success, false, name);
    const text = issues!.map((i) => `${i.path?.map((p) => p.key).join(".")}: ${i.message}`).join(
      "\n",
    );
    assert.match(text, expected, name);
  }
});

Deno.test("alarm: conditions and values in words", () => {
  const text = (more: Record<string, unknown>, unit = "Hz") =>
    conditionText(v.parse(alarmSchema, { ...BASE, ...more }), unit);
  assert.equal(text({}), "over 1 Hz");
  assert.equal(text({ condition: "atMost" }, ""), "at most 1");
  assert.equal(text({ condition: "atLeast" }, ""), "at least 1");
  assert.equal(text({ condition: "equal" }), "equal to 1 Hz");
  assert.equal(text({ condition: "notEqual", tolerance: 0.5 }), "not equal to 1 Hz within 0.5 Hz");
  assert.equal(text({ condition: "rateOfChange" }), "changing by more than 1 Hz per second");
  const plain = (table: Record<string, unknown>) =>
    conditionText(v.parse(alarmSchema, { signals: ["True"], ...table }), "V");
  assert.equal(plain({ condition: "outside", low: 1, high: 2 }), "outside 1 to 2 V");
  assert.equal(plain({ condition: "flatline" }), "unchanged for 10 s");
  assert.equal(plain({ condition: "badQuality" }), "of bad quality");
  assert.equal(valueText(Math.fround(59.93), "Hz"), "59.93 Hz");
  assert.equal(valueText(NaN, "Hz"), "missing");
});
