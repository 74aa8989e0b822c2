import assert from "node:assert/strict";
import { type CellLine, type CellMeasurement, compareCell } from "./cells.ts";
import { ticksOf } from "./received.ts";
import { SentValues, type SimulatedFleet } from "./sent_values.ts";

// The comparison itself: it must find each kind of difference, or the matrix would mean nothing.

const FLEET: SimulatedFleet = { count: 1, rate: 10, seed: 1, missing: 0 };
const SECOND = 1_800_000_000, FRAMES = 10, ID = "id";

const sent = new SentValues(
  FLEET,
  Array.from({ length: FRAMES }, (_, index) => (
    { devices: [0], second: SECOND, index, fate: "sent", receivers: 1 }
  )),
);

function received(index: number): CellMeasurement {
  const ticks = ticksOf(SECOND, index * 100_000);
  const { value, flags } = sent.at("PMU1-FQ", ticks)!;
  const bytes = new DataView(new ArrayBuffer(4));
  bytes.setFloat32(0, value);
  return [ID, ticks, flags!, bytes.getUint32(0).toString(16).padStart(8, "0")];
}

function line(data: CellMeasurement[], more: Partial<CellLine> = {}): CellLine {
  return {
    ...{ cell: "", errors: [], metadata: [[ID, "PMU1-FQ"]], keys: [], tables: {}, rows: [] },
    ...{ status: ["Client subscribed using TSSC"], alive: true },
    events: [["subscribe"], ["cache", [ID]], ["data", data]],
    ...more,
  };
}

const all = Array.from({ length: FRAMES }, (_, i) => received(i));

/** All, with one entry of one measurement replaced. */
function changed(i: number, entry: 1 | 2 | 3, value: string | number): CellMeasurement[] {
  // The entry keeps its type: see the calls.
  return all.map((m, k) => k === i ? m.with(entry, value) as CellMeasurement : m);
}

const CASES: readonly [string, CellLine, RegExp | undefined][] = [
  ["equal", line(all), undefined],
  ["a value differs", line(changed(3, 3, "42700001")), /expected .*, found 60\.0/],
  ["a flag differs", line(changed(3, 2, 1)), /expected flags/],
  ["a stamp that was never sent", line(changed(3, 1, "5")), /never sent/],
  ["one is missing", line(all.filter((_, i) => i !== 4)), /missing/],
  ["one comes twice", line([...all, all[9]!]), /twice/],
  ["too few", line(all.slice(0, 3)), /only 3/],
  ["an error", line(all, { errors: ["lost"] }), /error: lost/],
  ["the wrong encoding", line(all, { status: ["Client subscribed using compact"] }), /answered/],
  ["nothing subscribed", line([], { events: [["subscribe"]] }), /no signals/],
  [
    "data told of before the first cache",
    line([], { events: [["subscribe"], ["data", all], ["cache", [ID]]] }),
    undefined,
  ],
  ["a reader that ended", line(all, { alive: false }), /reader/],
];

for (const [name, cell, fault] of CASES) {
  Deno.test(`cells: ${name}`, () => {
    const faults = compareCell(cell, sent, { atLeast: 8, answer: "TSSC" });
    if (fault === undefined) assert.deepEqual(faults, []);
    else assert.match(faults.join("\n"), fault);
  });
}
