import assert from "node:assert/strict";
import { type ClockReport, UNWATCHED_CLOCK } from "../core/mod.ts";
import { smpSynchOfClock } from "./clock_synch.ts";

Deno.test("smpSynch by the state of the clock", () => {
  const table: [Partial<ClockReport>, number][] = [
    [{ state: "locked", errorNs: 500 }, 2],
    [{ state: "holdover", errorNs: 3999, lockedMicros: 1 }, 2],
    [{ state: "holdover", errorNs: 4001, lockedMicros: 1 }, 0],
    [{ state: "holdover", errorNs: 10 }, 0], // held from a clock that was never locked
    [{ state: "local", grandmasterId: 7 }, 7],
    [{ state: "local", grandmasterId: 255 }, 1],
    [{ state: "local", grandmasterId: 3 }, 1],
    [{ state: "local" }, 1],
    [{ state: "free" }, 0],
    [{ state: "fault", errorNs: 0 }, 0],
  ];
  for (const [more, expected] of table) {
    assert.equal(smpSynchOfClock({ ...UNWATCHED_CLOCK, ...more }), expected, JSON.stringify(more));
  }
});
