/**
 * How long a filter over the signals of a site takes: 20,000 rows of ActiveMeasurements, compiled and in order.
 *
 * @module
 */
import { activeMeasurements } from "../mod/access/mod.ts";
import { type Figure, median } from "../mod/cli/bench_figure.ts";
import { type SignalDraft, SignalRegistry } from "../mod/core/mod.ts";
import { compileFilter } from "../mod/filter/mod.ts";
import { station } from "./load/station.ts";

const GATEWAY_ID = "6d1b5f2e-6f0b-4c7e-9d57-2f6f3a6f1a11";
const ROWS = 20_000, PER_DEVICE = 20;
/** The expression of the issue; half of the devices match, and eleven of the twenty signals of each. */
const EXPRESSION = "FILTER ActiveMeasurements WHERE SignalType IN ('FREQ','VPHM') " +
  "AND Device LIKE 'S%' ORDER BY PointTag";
const FOUND = ROWS / 2 / PER_DEVICE * 11;

function table() {
  const registry = new SignalRegistry(GATEWAY_ID, "BENCH");
  for (let d = 0; d < ROWS / PER_DEVICE; d++) {
    const drafts = Array.from({ length: PER_DEVICE }, (_, i): SignalDraft => ({
      type: i === 0 ? "FREQ" : i <= 10 ? "VPHM" : "IPHM",
      label: `LINE ${i}`,
      phase: "ABC"[i % 3]!,
      unit: "",
      index: i + 1,
      description: `Station ${d} line ${i}`,
    }));
    const acronym = `${d % 2 === 0 ? "STATION" : "PLANT"}${d}`;
    registry.register(station(d, { acronym }), drafts);
  }
  return activeMeasurements(registry, GATEWAY_ID);
}

/** Milliseconds of one filter, from its text to the rows, in the median. */
export function filterFigures(forMs: number): Figure[] {
  const dataSet = { name: "DataSet", tables: [table()] };
  const times: number[] = [];
  for (const end = performance.now() + forMs; performance.now() < end || times.length < 3;) {
    const began = performance.now();
    const found = compileFilter(EXPRESSION, dataSet).selectRows(dataSet);
    times.push(performance.now() - began);
    if (found.length !== FOUND) throw new Error(`Expected ${FOUND} rows, found ${found.length}`);
  }
  return [{
    name: `filter with ORDER BY over ${ROWS} rows`,
    value: median(times),
    unit: "ms",
    threshold: { atMost: 20 },
  }];
}
