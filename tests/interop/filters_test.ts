import assert from "node:assert/strict";
import { type CellLine, compareCell, runCells } from "./cells.ts";
import { type Recorded, startGateway, startSimulator } from "./gateway.ts";
import { testWith } from "./peers.ts";
import { SentValues, type SimulatedFleet, simulatorArguments } from "./sent_values.ts";

const FLEET: SimulatedFleet = { count: 2, rate: 30, seed: 7, missing: 0 };
const VECTORS = new URL("../../../shared/vectors/filter/select.json", import.meta.url);
// The two signals of the vectors, by the signals of ours that stand for them.
const STANDS_FOR = {
  "11111111-aaaa-4b0e-8d01-0000000000a1": "PMU1-SF",
  "22222222-bbbb-4c1f-9e02-0000000000b2": "PMU1-FQ",
} as const;
const METADATA_FILTERS = [
  "FILTER MeasurementDetail WHERE SignalAcronym = 'FREQ'",
  "FILTER TOP 3 MeasurementDetail WHERE SignalAcronym = 'VPHM' ORDER BY PointTag DESC",
  "FILTER DeviceDetail WHERE NOT (Acronym IN ('PMU2', 'Apple')); FILTER PhasorDetail WHERE Type = 'V'",
];

interface Vector {
  readonly mode: string;
  readonly expression: string;
  readonly dataset: string;
  readonly expectedError?: boolean;
}

/** Whole filters of the vectors about ActiveMeasurements, in their own words, and keys as in `PPA:1;PPA:2`. */
function vectorFilters(): Vector[] | undefined {
  try {
    // The README beside the file describes its form.
    const vectors = JSON.parse(Deno.readTextFileSync(VECTORS)) as Vector[];
    return vectors.filter((v) =>
      v.expression !== "" && (v.dataset === "twoRows" || v.expression.startsWith("PPA:"))
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const vectors = vectorFilters();

testWith(
  ["sttp"],
  "filters of the vectors select what the Python library's own engine selects, and data follow",
  async () => {
    assert.ok(vectors && vectors.length >= 15, `only ${vectors?.length} vectors`);
    // First the metadata, to know GUIDs and keys; then every filter on one connection.
    const { first, adapted, lines, records } = await run(vectors);
    const sent = new SentValues(FLEET, records);
    const oracle = first.rows;
    let refused = 0;
    adapted.forEach((text, i) => {
      const line = lines.get(`filter ${i}`)!;
      const wanted = oracle[i]!;
      if (vectors[i]!.expectedError || wanted === "error") {
        assert.equal(wanted, "error", text);
        // A word with a dash may be a bare point tag (12.6), which then names nothing.
        const bareTag = /^\w+-\w+$/.test(text);
        const told = line.errors.filter((e) => e.includes("failure code"));
        assert.equal(told.length, bareTag ? 0 : 1, JSON.stringify([text, line.errors]));
        const selected = line.events.flatMap((e) => e[0] === "cache" ? e[1] : []);
        assert.deepEqual(selected, [], text);
        refused += told.length;
        return;
      }
      const cache = line.events.find((e) => e[0] === "cache")?.[1];
      assert.deepEqual([...cache ?? []].sort(), [...wanted].sort(), text);
      assert.ok(wanted.length > 0, text);
      const faults = compareCell(line, sent, { atLeast: 3, answer: `${wanted.length} signals` });
      assert.deepEqual(faults, [], text);
    });
    assert.ok(refused >= 1);
  },
  vectors ? undefined : "../shared/vectors/filter is absent",
);

async function run(cases: readonly Vector[]) {
  const simulator = await startSimulator(FLEET.count, simulatorArguments(FLEET));
  const records: Recorded[] = [];
  try {
    const gateway = await startGateway({
      inputs: simulator.ports.map((port, i) => ({ name: `pmu${i + 1}`, port, idCode: i + 1 })),
      output: "connectionsPerSubscriber = 32",
    });
    try {
      const config = { version: 2 };
      const look = await runCells(gateway.port, [{
        cell: "look",
        config,
        steps: [{ subscribe: "FILTER ActiveMeasurements WHERE True" }, { run: 0.2 }],
      }], 120_000);
      const adapted = cases.map((v) => adapt(v.expression, look.get("look")!));
      const every = await runCells(gateway.port, [
        {
          cell: "first",
          config,
          steps: [
            { subscribe: "FILTER ActiveMeasurements WHERE True" },
            { run: 0.2 },
            { rows: adapted },
          ],
        },
        ...adapted.map((text, i) => ({
          cell: `filter ${i}`,
          config,
          steps: [
            { subscribe: text },
            cases[i]!.expectedError ? { run: 0.4, answered: true } : { run: 0.4, least: 5 },
          ],
        })),
        ...METADATA_FILTERS.map((metadatafilters) => ({
          cell: metadatafilters,
          config: { ...config, metadatafilters },
          steps: [{ subscribe: "FILTER ActiveMeasurements WHERE SignalType = 'FREQ'" }, {
            run: 0.2,
          }],
        })),
      ], 300_000);
      const tables = METADATA_FILTERS.map((f) => every.get(f)!.tables);
      assert.deepEqual(tables.map((t) => [t.DeviceDetail, t.MeasurementDetail, t.PhasorDetail]), [
        [2, 2, 20],
        [2, 3, 20],
        [1, 54, 12],
      ]);
      return { first: every.get("first")!, adapted, lines: every, records };
    } finally {
      await gateway.stop();
    }
  } finally {
    records.push(...await simulator.stop());
  }
}

/** The filter with our signals for those of the vector: GUIDs, keys and the signal types that they have. */
function adapt(expression: string, look: CellLine): string {
  const ids = new Map(look.metadata.map(([id, reference]) => [reference, id]));
  let text = expression;
  for (const [theirs, ours] of Object.entries(STANDS_FOR)) {
    text = text.replaceAll(theirs, ids.get(ours)!);
  }
  return text.replaceAll("'STAT'", "'FLAG'").replaceAll("'ST%'", "'FL%'").replace(
    /PPA:(\d+)/g,
    (_, n: string) => look.keys[Number(n)] ?? "",
  );
}
