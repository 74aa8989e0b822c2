import assert from "node:assert/strict";
import fc from "fast-check";
import { type Cell, type ColumnType, type DataSet, isUuid } from "../../core/mod.ts";
import { publisherDevice, readCatalog } from "./catalog.ts";

const ID = "8d3b0b34-5f7e-4d1c-a8b3-5b2b1c3d4e5f";
const OWN = "00000000-0000-4000-8000-000000000001";
const NAMES = { prefix: "SUB", deviceId: () => OWN };

function table(name: string, columns: readonly string[], ...rows: Cell[][]) {
  return { name, columns: columns.map((c) => ({ name: c, type: "string" as const })), rows };
}

function dataSet(...tables: DataSet["tables"]): DataSet {
  return { name: "DataSet", tables };
}

const MEASUREMENT = [
  "SignalID",
  "DeviceAcronym",
  "SignalAcronym",
  "SignalReference",
  "PhasorSourceIndex",
];

Deno.test("catalog: devices, phasors and signals, under names that no local device can have", () => {
  const { devices, signals } = readCatalog(
    dataSet(
      table(
        "DeviceDetail",
        ["Acronym", "UniqueID", "Name", "FramesPerSecond", "Longitude", "Latitude", "AccessID"],
        ["SHELBY", ID.toUpperCase(), "Shelby", 30, -89.8, 35.1, 7],
        ["lower case", "no guid", null, null, null, "x", ""],
      ),
      table("PhasorDetail", ["DeviceAcronym", "SourceIndex", "Label", "Phase"], [
        "SHELBY",
        2,
        "Bus 1",
        "B",
      ]),
      table(
        "MeasurementDetail",
        [...MEASUREMENT, "Description"],
        [ID.toUpperCase(), "SHELBY", "VPHA", "SHELBY-PA2", 2, "x".repeat(5000)],
      ),
    ),
    NAMES,
  );
  assert.deepEqual([...devices.keys()], ["SUB!SHELBY", "SUB!LOWER_CASE"]);
  const shelby = devices.get("SUB!SHELBY")!;
  assert.deepEqual(
    [shelby.id, shelby.name, shelby.parentAcronym, shelby.framesPerSecond, shelby.accessId],
    [ID, "Shelby", "SUB", 30, 7],
  );
  const other = devices.get("SUB!LOWER_CASE")!;
  assert.deepEqual([other.id, other.name, other.framesPerSecond, other.accessId], [
    OWN,
    "SUB!LOWER_CASE",
    0,
    0,
  ]);
  assert.ok(Number.isNaN(other.longitude) && Number.isNaN(other.latitude));
  const { device, draft } = signals.get(ID)!;
  assert.equal(device, "SUB!SHELBY");
  assert.deepEqual(
    [draft.id, draft.type, draft.label, draft.phase, draft.unit, draft.index],
    [ID, "VPHA", "Bus 1", "B", "Degrees", 2],
  );
  assert.equal(draft.description.length, 1024);
  assert.deepEqual([draft.key, draft.pointTag], [undefined, undefined], "made by this gateway");
});

Deno.test("catalog: what the rows leave open", () => {
  const cases: [string, Cell[], [string, string, number] | undefined][] = [
    ["no GUID", ["nonsense", "A", "FREQ", "A-FQ", null], undefined],
    ["an unknown kind", [ID, "A", "XYZ", "A-XY1", null], ["CALC", "SUB!A", 1]],
    ["a kind that is a property of objects", [ID, "A", "toString", "A", null], [
      "CALC",
      "SUB!A",
      0,
    ]],
    ["no device", [ID, null, "FREQ", "FQ", null], ["FREQ", "SUB", 0]],
    ["a device that is only signs", [ID, "%%%", "FREQ", "x-FQ", null], ["FREQ", "SUB", 0]],
    ["a device of a device", [ID, "B!C", "ALOG", "B!C-AV12", null], ["ALOG", "SUB!B!C", 12]],
    ["a huge index", [ID, "A", "ALOG", "A-AV99999999", null], ["ALOG", "SUB!A", 0]],
  ];
  for (const [name, row, expected] of cases) {
    const entry = readCatalog(dataSet(table("measurementdetail", MEASUREMENT, row)), NAMES)
      .signals.get(ID);
    assert.deepEqual(entry && [entry.draft.type, entry.device, entry.draft.index], expected, name);
  }
});

Deno.test("catalog: the publisher itself is a device", () => {
  const device = publisherDevice(NAMES);
  assert.deepEqual([device.acronym, device.id, device.parentAcronym], ["SUB", OWN, ""]);
});

Deno.test("catalog: any tables make a catalog, with names under the prefix", () => {
  const cell: fc.Arbitrary<Cell> = fc.oneof(
    fc.string(),
    fc.double(),
    fc.boolean(),
    fc.bigInt(),
    fc.uuid(),
    fc.constant(null),
  );
  const columns = [
    ...MEASUREMENT,
    ...["Acronym", "UniqueID", "Name", "SourceIndex", "Label", "Phase", "Longitude", "Description"],
  ];
  const arbitrary = fc.array(
    fc.record({
      name: fc.constantFrom("DeviceDetail", "MeasurementDetail", "PhasorDetail", "Other"),
      columns: fc.array(
        fc.record({
          name: fc.oneof(fc.constantFrom(...columns), fc.string()),
          type: fc.constant<ColumnType>("string"),
        }),
        { maxLength: 14 },
      ),
      // Rows may be shorter than they should be.
      rows: fc.array(fc.array(cell, { maxLength: 14 }), { maxLength: 5 }),
    }),
    { maxLength: 4 },
  );
  fc.assert(fc.property(arbitrary, (tables) => {
    const { devices, signals } = readCatalog({ name: "DataSet", tables }, NAMES);
    for (const [acronym, device] of devices) {
      assert.ok(acronym === "SUB" || acronym.startsWith("SUB!"));
      assert.equal(device.acronym, acronym);
      assert.ok(isUuid(device.id));
    }
    for (const [id, { device, draft }] of signals) {
      assert.ok(isUuid(id) && draft.id === id);
      assert.ok(device === "SUB" || device.startsWith("SUB!"));
      assert.ok(Number.isSafeInteger(draft.index) && draft.index >= 0);
    }
  }));
});
