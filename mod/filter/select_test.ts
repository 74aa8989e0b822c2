import assert from "node:assert/strict";
import type { DataSet } from "../core/mod.ts";
import { compileFilter, FilterError, type FilterOptions, Run, selectFromTable } from "./mod.ts";
import { DEFAULT_LIMITS } from "./mod.ts";

const GUID = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;

const DATA: DataSet = {
  name: "DataSet",
  tables: [
    {
      name: "ActiveMeasurements",
      columns: [
        { name: "SignalID", type: "guid" },
        { name: "ID", type: "string" },
        { name: "PointTag", type: "string" },
        { name: "SignalType", type: "string" },
        { name: "Value", type: "int32" },
        { name: "Flag", type: "boolean" },
      ],
      rows: [
        [GUID(1), "PPA:1", "GPA_SHELBY:FREQ", "FREQ", 30, true],
        [GUID(2), "PPA:2", "GPA_SHELBY-PM1:V", "VPHM", null, false],
        [GUID(3), "PPA:3", "tag-c", "vphm", 10, null],
        [GUID(4), "PPA:4", "Tag-B", "STAT", 20, true],
        [null, "PPA:5", "odd", "STAT", 10, true],
        ["00000000-0000-0000-0000-000000000000", "PPA:6", "zero", "STAT", 5, true],
      ],
    },
    { name: "Empty", columns: [{ name: "X", type: "int32" }], rows: [] },
  ],
};

function rows(text: string, options?: FilterOptions): number[] {
  return compileFilter(text, DATA, options).selectRows().map((r) => r.row);
}

/** Text, indexes of the rows in order. */
const SELECTIONS: readonly (readonly [text: string, rows: readonly number[]])[] = [
  ["FILTER ActiveMeasurements WHERE SignalType = 'VPHM'", [1, 2]],
  ["filter activemeasurements where signaltype === 'VPHM'", [1]],
  ["SignalType IN ('FREQ', 'STAT') AND Value > 5", [0, 3, 4]],
  ["FILTER TOP 1 ActiveMeasurements WHERE TRUE", [0]],
  ["FILTER ActiveMeasurements TOP 2 WHERE TRUE", [0, 1]],
  ["FILTER TOP -1 ActiveMeasurements WHERE Value = 10", [2, 4]],
  ["FILTER TOP 0 ActiveMeasurements WHERE TRUE", []],
  ["FILTER TOP 99999999999 ActiveMeasurements WHERE TRUE", [0, 1, 2, 3, 4, 5]],
  // Sorted first, then cut; NULL comes first; equal rows keep their order.
  ["FILTER ActiveMeasurements WHERE TRUE ORDER BY Value", [1, 5, 2, 4, 3, 0]],
  ["FILTER TOP 2 ActiveMeasurements WHERE TRUE ORDER BY Value DESC", [0, 3]],
  ["FILTER ActiveMeasurements WHERE TRUE ORDER BY Flag, ID DESC", [2, 1, 5, 4, 3, 0]],
  ["FILTER ActiveMeasurements WHERE TRUE ORDER BY SignalType, PointTag", [0, 4, 3, 5, 1, 2]],
  ["FILTER ActiveMeasurements WHERE TRUE ORDER BY BINARY PointTag", [1, 0, 3, 4, 2, 5]],
  ["FILTER ActiveMeasurements WHERE TRUE ORDER BY === SignalType ASC", [0, 3, 4, 5, 1, 2]],
  // NULL counts as FALSE.
  ["Value > 0 OR SignalType = 'VPHM'", [0, 2, 3, 4, 5]],
  ["NULL", []],
  // Identifiers come first and look without regard to case; no match is no error.
  [`Value = 30; PPA:4; ${GUID(3)}`, [3, 2, 0]],
  ["'00000000-0000-4000-8000-000000000003'; ppa:3; PPA:99", [2]],
  ['"gpa_shelby:freq"; "TAG-B"', [0, 3]],
  [";;PPA:1;;", [0]],
  ["FILTER Empty WHERE X = 1", []],
];

Deno.test("rows are selected in the order that the specification says", () => {
  for (const [text, expected] of SELECTIONS) {
    assert.deepEqual({ text, rows: rows(text) }, { text, rows: expected });
  }
});

Deno.test("signal IDs have no duplicates, and none for rows without one", () => {
  const ids = (text: string) => compileFilter(text, DATA).selectSignalIds();
  assert.deepEqual(ids("TRUE"), [1, 2, 3, 4].map(GUID));
  assert.deepEqual(ids(`PPA:2; TRUE; ${GUID(4)}`), [2, 4, 1, 3].map(GUID));
  assert.deepEqual(ids("99999999-0000-4000-8000-000000000001"), []);
});

Deno.test("bare point tags are read where they are wanted", () => {
  const bare = { bareTags: true };
  assert.deepEqual(rows("GPA_SHELBY:FREQ; tag-b", bare), [0, 3]);
  assert.deepEqual(rows("Value-5 = 5", bare), [2, 4]);
  assert.deepEqual(rows("GPA_SHELBY-PM1:V", bare), [1]);
  assert.throws(() => rows("GPA_SHELBY:FREQ"), { code: "syntax" });
  assert.throws(() => rows("Nothing", bare), { code: "unknownColumn" });
});

const REFUSED: readonly (readonly [text: string, code: string, column?: number])[] = [
  ["FILTER ActiveMeasurements", "syntax", 26],
  ["FILTER WHERE TRUE", "syntax", 8],
  ["FILTER TOP 1 ActiveMeasurements TOP 2 WHERE TRUE", "syntax", 33],
  ["FILTER TOP 0x1 ActiveMeasurements WHERE TRUE", "syntax", 12],
  ["FILTER TOP 1.5 ActiveMeasurements WHERE TRUE", "syntax", 12],
  ["FILTER Nothing WHERE TRUE", "unknownTable", 8],
  ["TRUE; FILTER __proto__ WHERE TRUE", "unknownTable", 14],
  ["FILTER ActiveMeasurements WHERE Nothing = 1", "unknownColumn", 33],
  ["FILTER ActiveMeasurements WHERE TRUE ORDER BY Nothing", "unknownColumn", 47],
  ["FILTER ActiveMeasurements WHERE TRUE ORDER Value", "syntax", 44],
  ["FILTER ActiveMeasurements WHERE Value", "notBoolean", 33],
  ["FILTER ActiveMeasurements WHERE IIF(Flag, 1, 'a')", "notBoolean"],
  ["FILTER Empty WHERE X = {00000000-0000-4000-8000-000000000001}", "type", 22],
  ["1 / (Value - 10) = 1", "divideByZero", 3],
  ["TRUE; 1 +", "syntax", 10],
  ["UtcNow() > #2020-01-01#", "clock", 1],
  [`TRUE ${"ORDER".repeat(1)}`, "syntax", 6],
  [`FILTER ActiveMeasurements WHERE TRUE ORDER BY ${"ID,".repeat(32)}ID`, "limit"],
  [`Value IN (${"1,".repeat(10_000)}1)`, "limit"],
  ["TRUE;".repeat(1_001), "limit"],
  [`Value = 1 ${" ".repeat(65_536)} AND TRUE`, "limit"],
  ["x".repeat(1_000_000), "limit"],
  ["PPA:1;".repeat(170_000), "limit"],
  [`"${"é".repeat(500_000)}"`, "limit"],
];

Deno.test("a filter that cannot be used is refused with code and column", () => {
  for (const [text, code, column] of REFUSED) {
    assert.throws(() => rows(text), (error) => {
      assert.ok(error instanceof FilterError, `${text.slice(0, 80)}: ${error}`);
      assert.equal(error.code, code, `${text.slice(0, 80)}: ${error.message}`);
      if (column !== undefined) assert.equal(error.column, column, error.message);
      return true;
    });
  }
});

Deno.test("work is limited, also by expressions that grow", () => {
  const limits = { steps: 1_000 };
  assert.throws(() => rows(`Value = 1${" OR Value = 1".repeat(100)}`, { limits }), {
    code: "limit",
  });
  const doubled = "Replace(".repeat(30) + "'aaaa'" + ", 'a', 'aaaa')".repeat(30) + " = 'a'";
  assert.throws(() => rows(doubled), { code: "limit" });
  const rowsLimit = { limits: { rows: 3 } };
  assert.throws(() => rows("TRUE", rowsLimit), { code: "limit" });
});

Deno.test("identifier lists may be long", () => {
  const text = "00000000-0000-4000-8000-000000000003;".repeat(25_000);
  assert.deepEqual(rows(text), [2]);
});

Deno.test("a compiled filter runs on another data set of the same form", () => {
  const filter = compileFilter("Value = 10; PPA:1", DATA);
  const [table, empty] = DATA.tables;
  const other = { name: "Other", tables: [{ ...table!, rows: table!.rows.slice(2) }, empty!] };
  assert.deepEqual(filter.selectRows(other).map((r) => r.row), [0, 2]);
  assert.throws(() => filter.selectRows({ name: "None", tables: [empty!] }), FilterError);
  assert.throws(
    () => compileFilter("TRUE", DATA).selectRows({ name: "None", tables: [empty!] }),
    { code: "unknownTable" },
  );
});

Deno.test("conditions can be tested row by row", () => {
  const [statement] = compileFilter("1 / (Value - 10) < 1", DATA).statements;
  assert.ok(statement?.kind === "condition");
  assert.deepEqual([...statement.columns.keys()], ["Value"]);
  const run = new Run(DEFAULT_LIMITS);
  const table = DATA.tables[0]!;
  assert.equal(statement.test(table.rows[0]!, run), true);
  assert.equal(statement.test(table.rows[1]!, run), null);
  assert.throws(() => statement.test(table.rows[2]!, run), { code: "divideByZero" });
});

Deno.test("select from table takes condition, order and limit apart", () => {
  const table = DATA.tables[0]!;
  assert.deepEqual(selectFromTable(table, "", "", -1), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(selectFromTable(table, "Value > 5", "Value DESC, ID", 2), [0, 3]);
  assert.throws(() => selectFromTable(table, "TRUE; TRUE", "", 0), { code: "syntax" });
  assert.throws(() => selectFromTable(table, "TRUE ORDER BY ID", "", 0), { code: "syntax" });
  assert.throws(() => selectFromTable(table, "TRUE", "ID; ID", 0), { code: "syntax" });
});
