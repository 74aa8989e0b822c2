import assert from "node:assert/strict";
import { type DataSet, finishSteps } from "../core/mod.ts";
import { decompress } from "./gzip.ts";
import { encodeMetadataSteps, metadataDocumentSteps, writeMetadataXml } from "./metadata_writer.ts";
import { decodeMetadata } from "./metadata_xml.ts";
import { encodeText } from "./text.ts";

function dataSet(rows: number): DataSet {
  return {
    name: "DataSet",
    tables: [
      {
        name: "DeviceDetail",
        columns: [{ name: "Acronym", type: "string" }],
        rows: [["A"], ["</DataSet>"], [null]],
      },
      { name: "PhasorDetail", columns: [{ name: "ID", type: "int32" }], rows: [] },
      {
        name: "MeasurementDetail",
        columns: [{ name: "PointTag", type: "string" }, { name: "Internal", type: "boolean" }],
        rows: Array.from({ length: rows }, (_, i) => [`TAG<${i}>`, i % 3 === 0]),
      },
    ],
  };
}

for (const rows of [0, 1, 99, 100, 101, 250, 1001]) {
  Deno.test(`metadata of ${rows} rows are the same in steps, at once and compressed`, () => {
    for (const encoding of ["utf-8", "utf-16le"] as const) {
      const steps = (gzip: boolean) =>
        finishSteps(encodeMetadataSteps(dataSet(rows), { encoding, gzip }));
      const text = encodeText(writeMetadataXml(dataSet(rows), encoding), encoding);
      assert.deepEqual(steps(false), text);
      assert.deepEqual(Uint8Array.from(decompress(steps(true))), text);
    }
  });
}

for (
  const { name, external, internal, tags } of [
    { name: "everything", external: true, internal: true, tags: ["TAG<0>", "TAG<1>", "TAG<2>"] },
    { name: "internal alone", external: false, internal: true, tags: ["TAG<0>"] },
    { name: "external alone", external: true, internal: false, tags: ["TAG<1>", "TAG<2>"] },
  ]
) {
  Deno.test(`metadataDocumentSteps: ${name}, compressed and not`, () => {
    const request = { filter: "", encoding: "utf-8", external, internal } as const;
    const make = (gzip: boolean) =>
      finishSteps(metadataDocumentSteps(dataSet(3), { ...request, gzip }));
    const plain = make(false);
    assert.deepEqual(Uint8Array.from(decompress(make(true))), plain);
    const { tables } = decodeMetadata(plain, { encoding: "utf-8", gzip: false });
    assert.deepEqual(tables.map((t) => t.rows.length), [3, 0, tags.length]);
    assert.deepEqual(tables[2]!.rows.map((row) => row[0]), tags);
  });
}
