import assert from "node:assert/strict";
import { MISSING_FLAGS, SampleMarks, StateFlags } from "../core/mod.ts";
import { effectiveRate } from "./constants.ts";
import { flagsOfMarks, flagsOfQuality, Quality } from "./quality.ts";
import { ClockKind, clockKindOf } from "./smp_synch.ts";

const BAD = StateFlags.BadData | StateFlags.ReceivedAsBad;

Deno.test("the quality of a sample becomes state flags", () => {
  const table: [name: string, quality: number, flags: number][] = [
    ["good", 0, 0],
    ["invalid", 1, BAD],
    ["reserved, which some write for invalid", 2, BAD],
    ["questionable", 3, StateFlags.SuspectData],
    ["overflow", 0x4, StateFlags.OverRangeError],
    ["out of range", 0x8, StateFlags.OverRangeError],
    ["bad reference", 0x10, StateFlags.SuspectData],
    ["oscillatory", 0x20, StateFlags.SuspectData],
    ["failure", 0x40, StateFlags.MeasurementError],
    ["old data", 0x80, StateFlags.SuspectData],
    ["inconsistent", 0x100, StateFlags.ComparisonAlarm],
    ["inaccurate", 0x200, StateFlags.SuspectData],
    ["substituted", 0x400, StateFlags.SuspectData],
    ["test", 0x800, StateFlags.SuspectData],
    ["operator blocked", 0x1000, StateFlags.SuspectData],
    ["derived", 0x2000, StateFlags.CalculatedValue],
    ["bits that mean nothing", 0xffffc000, 0],
    ["invalid by failure", 0x41, (BAD | StateFlags.MeasurementError) >>> 0],
    [
      "everything",
      0x3fff,
      (StateFlags.SuspectData | StateFlags.OverRangeError | StateFlags.MeasurementError |
        StateFlags.ComparisonAlarm | StateFlags.CalculatedValue) >>> 0,
    ],
  ];
  for (const [name, quality, flags] of table) assert.equal(flagsOfQuality(quality), flags, name);
  // Each bit that has a name has a meaning.
  for (const [name, bit] of Object.entries(Quality)) {
    if (bit > Quality.Validity) assert.notEqual(flagsOfQuality(bit), 0, name);
  }
});

Deno.test("what the gateway knows of a sample becomes state flags", () => {
  const table: [marks: number, flags: number][] = [
    [SampleMarks.None, 0],
    [SampleMarks.Filled, MISSING_FLAGS],
    [SampleMarks.NotSynchronised, StateFlags.BadTime],
    [SampleMarks.LocalClock, StateFlags.BadTime],
    [SampleMarks.TimeSuspect, StateFlags.SuspectTime],
    [SampleMarks.Simulated, StateFlags.BadData],
    [
      SampleMarks.Filled | SampleMarks.NotSynchronised,
      MISSING_FLAGS | StateFlags.BadTime,
    ],
  ];
  for (const [marks, flags] of table) assert.equal(flagsOfMarks(marks), flags, `${marks}`);
});

Deno.test("every value of smpSynch is of one kind", () => {
  for (let value = -1; value <= 300; value++) {
    const expected = value === 2
      ? ClockKind.Global
      : value === 1 || (value >= 5 && value <= 254)
      ? ClockKind.Local
      : ClockKind.Free;
    assert.equal(clockKindOf(value), expected, `${value}`);
  }
});

Deno.test("smpRate and smpMod announce a rate", () => {
  const table: [smpRate: number, smpMod: number, nominalHz: number, rate: number][] = [
    [80, -1, 50, 4000],
    [80, 0, 60, 4800],
    [256, 0, 50, 12_800],
    [4800, 1, 50, 4800],
    [10, 2, 50, 0.1],
    [0, 1, 50, NaN],
    [-1, 1, 50, NaN],
    [80, 3, 50, NaN],
  ];
  for (const [smpRate, smpMod, nominalHz, rate] of table) {
    assert.equal(effectiveRate(smpRate, smpMod, nominalHz), rate, `${smpRate} ${smpMod}`);
  }
});
