import assert from "node:assert/strict";
import fc from "fast-check";
import type { Cell, ColumnType, DataSet } from "../core/mod.ts";
import { DecodeError } from "../core/mod.ts";
import { formatDateTime, parseDateTime } from "./date_time.ts";
import { encodeMetadata, writeMetadataXml } from "./metadata_writer.ts";
import {
  decodeMetadata,
  METADATA_LIMITS,
  readMetadataSteps,
  readMetadataXml,
} from "./metadata_xml.ts";

const MICROS = Date.parse("2024-03-06T11:06:50.120Z") * 1000;

const SAMPLE: DataSet = {
  name: "DataSet",
  tables: [{
    name: "T",
    columns: [
      { name: "B", type: "boolean" },
      { name: "I", type: "int32" },
      { name: "L", type: "int64" },
      { name: "M", type: "decimal" },
      { name: "D", type: "double" },
      { name: "S", type: "string" },
      { name: "G", type: "guid" },
      { name: "U", type: "dateTime" },
    ],
    rows: [
      [true, -5, 2n ** 60n, "-89.80380", 1.5e-7, 'a <b> & "c" ]]>\r\n\t é', GUID(), MICROS],
      [false, 0, 7, null, NaN, "", null, null],
      [null, null, null, null, -Infinity, null, null, null],
    ],
  }],
};

function GUID(): string {
  return "5a898d6a-a0f4-4e29-8865-e01ca3b1129a";
}

Deno.test("the document has the form that all clients read (12.2)", () => {
  const xml = writeMetadataXml({
    name: "DataSet",
    tables: [{
      name: "T",
      columns: [{ name: "G", type: "guid" }, { name: "U", type: "dateTime" }],
      rows: [[GUID().toUpperCase(), MICROS]],
    }],
  });
  assert.equal(
    xml,
    `<?xml version="1.0" encoding="utf-8"?>\n<DataSet><xs:schema id="DataSet" ` +
      `xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:ext="urn:schemas-microsoft-com:xml-msdata">` +
      `<xs:element name="DataSet"><xs:complexType><xs:choice minOccurs="0" maxOccurs="unbounded">` +
      `<xs:element name="T"><xs:complexType><xs:sequence>` +
      `<xs:element name="G" type="xs:string" minOccurs="0" ext:DataType="System.Guid" />` +
      `<xs:element name="U" type="xs:dateTime" minOccurs="0" />` +
      `</xs:sequence></xs:complexType></xs:element>` +
      `</xs:choice></xs:complexType></xs:element></xs:schema>` +
      `<T><G>${GUID()}</G><U>2024-03-06T11:06:50.120+00:00</U></T></DataSet>`,
  );
});

Deno.test("every type comes out again, in every encoding, compressed or not", () => {
  for (const encoding of ["utf-8", "utf-16le", "utf-16be"] as const) {
    for (const gzip of [false, true]) {
      const format = { encoding, gzip };
      assert.deepEqual(decodeMetadata(encodeMetadata(SAMPLE, format), format), SAMPLE);
    }
  }
});

Deno.test("any text of a cell comes out again, what XML cannot carry as blank", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 30 }), (text) => {
    const set = (cell: string): DataSet => ({
      name: "R",
      tables: [{ name: "T", columns: [{ name: "S", type: "string" }], rows: [[cell]] }],
    });
    // deno-lint-ignore no-control-regex
    const carried = text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/gu, " ");
    assert.deepEqual(readMetadataXml(writeMetadataXml(set(text))), set(carried));
  }));
});

function documentOf(type: string, text: string, attribute = ""): string {
  return `<R><xs:schema id="R"><xs:element name="R"><xs:complexType><xs:choice>` +
    `<xs:element name="T"><xs:complexType><xs:sequence>` +
    `<xs:element name="C" type="${type}" ${attribute}/><xs:element name="X" type="xs:anyURI"/>` +
    `</xs:sequence></xs:complexType></xs:element></xs:choice></xs:complexType></xs:element></xs:schema>` +
    `<T><c>${text}</c><X>skipped</X><Other><Deep>skipped</Deep></Other></T><Unknown/></R>`;
}

Deno.test("cells are read as their type, and are null where they are not", () => {
  const table: [string, string, ColumnType, Cell][] = [
    ["xs:boolean", "true", "boolean", true],
    ["xs:boolean", "0", "boolean", false],
    ["xs:boolean", "maybe", "boolean", null],
    ["xs:byte", " 7 ", "int32", 7],
    ["xs:int", "2147483648", "int32", null],
    ["xs:int", "", "int32", null],
    ["xs:unsignedInt", "4294967295", "int64", 4294967295],
    ["xs:unsignedLong", "18446744073709551615", "int64", 18446744073709551615n],
    ["xs:decimal", "35.38710", "decimal", "35.38710"],
    ["xs:decimal", "1e5", "decimal", null],
    ["xs:float", "INF", "double", Infinity],
    ["xs:double", "x", "double", null],
    ["xs:dateTime", "2024-03-06T11:06:50.12Z", "dateTime", MICROS],
    ["xs:dateTime", "2024-03-06T12:06:50.120+01:00", "dateTime", MICROS],
    ["xs:dateTime", "2024-03-06T11:06:05.Z", "dateTime", Date.UTC(2024, 2, 6, 11, 6, 5) * 1000],
    ["xs:dateTime", "2024-02-30T00:00:00", "dateTime", null],
    ["string", "<![CDATA[a&b]]>c", "string", "a&bc"],
  ];
  for (const [type, text, column, cell] of table) {
    const { tables } = readMetadataXml(documentOf(type, text));
    const expected = [{ name: "T", columns: [{ name: "C", type: column }], rows: [[cell]] }];
    assert.deepEqual(tables, expected, `${type} ${text}`);
  }
  const guid = documentOf(
    "xs:string",
    `{${GUID().toUpperCase()}}`,
    `msdata:DataType="System.Guid"`,
  );
  assert.deepEqual(readMetadataXml(guid).tables[0]!.rows, [[GUID()]]);
});

Deno.test("hostile documents are refused", () => {
  const limits = { ...METADATA_LIMITS, maxRows: 2, maxCellLength: 10, maxColumns: 2, maxTables: 1 };
  const bomb = `<!DOCTYPE R [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>`;
  const row = "<T><C>1</C></T>";
  const good = documentOf("xs:string", "1");
  const columns = ["d", "e"].map((n) => `<xs:element name="${n}" type="xs:int"/>`).join("");
  const table: [string, string, string][] = [
    ["not XML", "hello", "xml"],
    ["nothing", "", "xml"],
    ["cut off", good.slice(0, -5), "xml"],
    ["document type", bomb + good, "doctype"],
    ["entity", documentOf("xs:string", "&b;"), "xml"],
    ["no schema", "<R><T/></R>", "schema"],
    ["deep", "<a>".repeat(20), "depth"],
    ["long name", `<${"a".repeat(300)}/>`, "name"],
    ["rows", good.replace("</R>", `${row.repeat(3)}</R>`), "rows"],
    ["long cell", documentOf("xs:string", "12345678901"), "cell"],
    ["columns", good.replace("</xs:sequence>", `${columns}</xs:sequence>`), "columns"],
    ["tables", good.replace("</xs:choice>", `<xs:element name="U"/></xs:choice>`), "tables"],
  ];
  for (const [name, xml, kind] of table) {
    assert.throws(() => readMetadataXml(xml, limits), { name: "DecodeError", kind }, name);
  }
  const zipped = encodeMetadata(SAMPLE, { encoding: "utf-8", gzip: true });
  assert.throws(
    () => decodeMetadata(zipped, { encoding: "utf-8", gzip: true }, { ...limits, maxBytes: 100 }),
    { name: "DecodeError", kind: "gzip" },
  );
  assert.throws(
    () =>
      decodeMetadata(new Uint8Array(101), { encoding: "utf-8", gzip: false }, {
        ...limits,
        maxBytes: 100,
      }),
    { name: "DecodeError", kind: "oversize" },
  );
});

Deno.test("any bytes and any damage are read or refused", () => {
  const bytes = encodeMetadata(SAMPLE, { encoding: "utf-8", gzip: false });
  const damage = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 5 });
  const read = (input: Uint8Array) => {
    try {
      decodeMetadata(input, { encoding: "utf-8", gzip: true });
    } catch (error) {
      assert.ok(error instanceof DecodeError, String(error));
    }
  };
  fc.assert(fc.property(damage, (changes) => {
    const damaged = bytes.slice();
    for (const [at, value] of changes) damaged[at] = value;
    read(damaged);
  }));
  fc.assert(fc.property(fc.uint8Array(), read));
});

Deno.test("a date that cannot be written is left out", () => {
  const columns = [{ name: "U", type: "dateTime" }] as const;
  const rows = [[NaN], [1e18], [MICROS]];
  const read = readMetadataXml(
    writeMetadataXml({ name: "R", tables: [{ name: "T", columns, rows }] }),
  );
  assert.deepEqual(read.tables[0]!.rows, [[null], [null], [MICROS]]);
  assert.doesNotMatch(
    writeMetadataXml({ name: "R", tables: [{ name: "T", columns, rows }] }),
    /<U></,
  );
});

Deno.test("dates come out again to the millisecond", () => {
  // Microseconds in a double are exact until 2255.
  const earliest = Date.UTC(1700, 0), latest = Date.UTC(2255, 0);
  fc.assert(fc.property(fc.integer({ min: earliest, max: latest }), (ms) => {
    assert.equal(parseDateTime(formatDateTime(ms * 1000)), ms * 1000);
  }));
});

Deno.test("a document that is read in steps is the one that is read at once, wherever it is cut", () => {
  // Characters of one to four bytes, so that pieces end within them, markup and entities.
  const rows = Array.from({ length: 4000 }, (_, n) => ["aé€𝄞\r\n&<".repeat(n % 7) + n]);
  const dataSet: DataSet = {
    name: "DataSet",
    tables: [{ name: "T", columns: [{ name: "S", type: "string" }], rows }],
  };
  for (const encoding of ["utf-8", "utf-16le", "utf-16be"] as const) {
    const bytes = encodeMetadata(dataSet, { encoding, gzip: false });
    const steps = readMetadataSteps(bytes, encoding);
    let count = 1;
    for (;; count++) {
      const { done, value } = steps.next();
      if (!done) continue;
      assert.deepEqual(value, dataSet);
      break;
    }
    assert.ok(count >= 3, `${count} steps`);
  }
});

Deno.test("rows that are empty take no room beyond the limit of cells", () => {
  const columns = Array.from(
    { length: 100 },
    (_, i) => ({ name: `C${i}`, type: "string" as const }),
  );
  const empty = columns.map(() => null);
  const rows = Array.from({ length: 1000 }, () => empty);
  const xml = writeMetadataXml({ name: "D", tables: [{ name: "T", columns, rows }] });
  const limits = { ...METADATA_LIMITS, maxCells: 100_000 };
  assert.equal(readMetadataXml(xml, limits).tables[0]!.rows.length, 1000);
  assert.throws(() => readMetadataXml(xml, { ...limits, maxCells: 99_999 }), {
    name: "DecodeError",
    kind: "cells",
  });
});
