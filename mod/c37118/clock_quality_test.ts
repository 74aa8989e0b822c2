import assert from "node:assert/strict";
import { type ClockReport, clockStateFlags, StateFlags, UNWATCHED_CLOCK } from "../core/mod.ts";
import { messageTimeQuality, statBitsOfClock, timeQualityOfClock } from "./clock_quality.ts";

const report = (more: Partial<ClockReport>): ClockReport => ({ ...UNWATCHED_CLOCK, ...more });

Deno.test("MSG_TQ, STAT and state flags by state and error", () => {
  const now = 2_000e6;
  const table: [Partial<ClockReport>, number, number, number][] = [
    [{ state: "locked", errorNs: 800 }, 0, 2 << 6, 0],
    [{ state: "locked", errorNs: 50_000 }, 0, 4 << 6, StateFlags.SuspectTime],
    [{ state: "local", errorNs: 99 }, 3, 0x2000 | 1 << 6 | 3 << 4, StateFlags.SuspectTime],
    [{ state: "local", errorNs: 1000 }, 4, 0x2000 | 3 << 6 | 3 << 4, StateFlags.SuspectTime],
    [
      { state: "holdover", errorNs: 20_000, lockedMicros: now - 5e6 },
      6,
      4 << 6,
      StateFlags.SuspectTime,
    ],
    [
      { state: "holdover", errorNs: 200_000, lockedMicros: now - 50e6 },
      7,
      0x2000 | 5 << 6 | 1 << 4,
      StateFlags.SuspectTime,
    ],
    [
      { state: "free", errorNs: 9e9, lockedMicros: now - 500e6 },
      11,
      0x2000 | 7 << 6 | 2 << 4,
      StateFlags.SuspectTime,
    ],
    [{ state: "free", errorNs: Infinity }, 15, 0x2000 | 7 << 6 | 3 << 4, StateFlags.BadTime],
    [{ state: "fault", errorNs: 1 }, 15, 0x2000 | 7 << 6 | 3 << 4, StateFlags.BadTime],
  ];
  for (const [more, code, stat, flags] of table) {
    const r = report(more);
    assert.deepEqual(
      [messageTimeQuality(r), statBitsOfClock(r, now), clockStateFlags(r)],
      [code, stat, flags],
      JSON.stringify(more),
    );
  }
});

Deno.test("the leap bits of FRACSEC go by the stamp of the frame", () => {
  const atSeconds = 1_735_689_600; // 2025-01-01
  for (const [isDeleted, direction] of [[false, 0], [true, 0x40]] as const) {
    const clock = report({ state: "local", errorNs: 99, leapSecond: { atSeconds, isDeleted } });
    const table: [number, number][] = [
      [-61, 3],
      [-60, 0x13 | direction],
      [-1, 0x13 | direction],
      [0, 0x23 | direction],
      [86_399, 0x23 | direction],
      [86_400, 3],
    ];
    for (const [since, quality] of table) {
      assert.equal(timeQualityOfClock(clock, atSeconds + since), quality, `${since} s`);
    }
  }
  assert.equal(timeQualityOfClock(report({ state: "local", errorNs: 99 }), atSeconds), 3);
});
