import assert from "node:assert/strict";
import fc from "fast-check";
import { gunzipSync } from "node:zlib";
import { columnsOf, type StreamVector } from "../../tests/vectors/slipstream.ts";
import { decodeCff, decodePair } from "../comtrade/mod.ts";
import { decodeEventRecord, recordedWaveforms } from "../event/mod.ts";
import { DecodeError } from "../core/mod.ts";
import { csvRows } from "./csv.ts";
import { decodeFile, encodeFile } from "./slipstream.ts";
import { inputOfCsv } from "./slipstream_input.ts";
import { infoOf, textOf } from "./slipstream_record.ts";

const FIXTURES = new URL("../../tests/fixtures/slipstream/", import.meta.url);

function inFolder(test: (folder: string) => void): void {
  const folder = Deno.makeTempDirSync();
  try {
    test(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** A CSV file of a vector's samples, as `decode` writes it. */
function csvOf(name: string): { text: string; samples: number } {
  const text = new TextDecoder().decode(gunzipSync(Deno.readFileSync(new URL(name, FIXTURES))));
  const vector = JSON.parse(text) as StreamVector;
  const { values, quality } = columnsOf(vector);
  const names = ["Ia", "Ib", "Ic", "In", "Ua", "Ub", "Uc", "Un"];
  const head = [
    "time",
    ...names.map((each, i) => `${each} [${i < 4 ? "0.001 A" : "0.01 V -5"}]`),
    ...names.map((each) => `${each} quality`),
    "marks",
  ];
  const rows = vector.input.samples.map((_, k) => {
    const nanos = Math.round(((k % 4800) * 1e9) / 4800);
    const second = String(Math.floor(k / 4800)).padStart(2, "0");
    return [
      `2025-01-01T00:00:${second}.${String(nanos).padStart(9, "0")}Z`,
      ...values.map((column) => column[k]),
      ...quality.map((column) => column[k]),
      k === 7 ? 2 : 0,
    ].join(",");
  });
  return { text: [head.join(","), ...rows, ""].join("\r\n"), samples: rows.length };
}

Deno.test("CSV to messages and back is the same file", () =>
  inFolder((folder) => {
    const { text, samples } = csvOf("s10-4800-4800-partial.json.gz");
    Deno.writeTextFileSync(`${folder}/a.csv`, text);
    for (const options of [{}, { samples: 6 }, { samples: 4800, xor: true }, { samples: 100 }]) {
      encodeFile(`${folder}/a.csv`, { output: `${folder}/a.cbor`, ...options });
      const output = `${folder}/b.csv`;
      assert.deepEqual(decodeFile(`${folder}/a.cbor`, { output, format: "BINARY32" }), [output]);
      assert.equal(Deno.readTextFileSync(output), text);
      const info = infoOf(decodeEventRecord(Deno.readFileSync(`${folder}/a.cbor`)));
      assert.deepEqual([info.samples, info.rate, info.begins], [
        samples,
        4800,
        "2025-01-01T00:00:00.000000000Z",
      ]);
      assert.equal(info.messages, Math.ceil(samples / (options.samples ?? 2400)));
      assert.ok(info.ratio < (options.xor ? 0.4 : 0.5), `${info.ratio}`);
      assert.match(textOf(info), /samples {5}5500 at 4800 Hz\n/);
    }
  }));

Deno.test("COMTRADE to messages and back has the same samples", () =>
  inFolder((folder) => {
    const { text } = csvOf("s10-4800-4800-partial.json.gz");
    Deno.writeTextFileSync(`${folder}/a.csv`, text);
    const content = encodeFile(`${folder}/a.csv`, { output: `${folder}/a.cbor` });
    const [waveform] = recordedWaveforms(content);
    const [cfg, dat] = decodeFile(`${folder}/a.cbor`, {
      output: `${folder}/b.cfg`,
      format: "BINARY32",
    });
    const pair = decodePair(Deno.readFileSync(cfg!), Deno.readFileSync(dat!));
    pair.analog.forEach(({ name, a, b, values }, c) => {
      assert.deepEqual(values, waveform!.values[c], name);
      assert.deepEqual([a, b], c < 4 ? [0.001, 0] : [0.01, -5]);
    });
    // The vector has a run of invalid quality in Uc; the one mark is that of sample 7.
    assert.deepEqual(pair.digital.map(({ name }) => name), [
      "Uc invalid",
      "clock not synchronised",
    ]);
    assert.equal(pair.timeQuality, 15);
    encodeFile(`${folder}/b.cfg`, { output: `${folder}/c.cbor`, samples: 48 });
    decodeFile(`${folder}/c.cbor`, { output: `${folder}/d.cff`, format: "ASCII" });
    const one = decodeCff(Deno.readFileSync(`${folder}/d.cff`));
    assert.equal(one.analog.length, 10); // the status channels have become channels
    pair.analog.forEach(({ values }, c) => assert.deepEqual(one.analog[c]!.values, values));
    pair.digital.forEach(({ values }, i) =>
      assert.deepEqual([...one.analog[8 + i]!.values], [...values])
    );
    assert.deepEqual([one.start, one.trigger], [pair.start, pair.trigger]);
  }));

Deno.test("values in engineering units, times in seconds, references between groups", () =>
  inFolder((folder) => {
    const rows = Array.from({ length: 40 }, (_, k) => {
      const u = (1000 * Math.sin(k / 5)).toFixed(2);
      return `${(10 + k / 4000).toFixed(6)},${u},${u},${u},${u},${u},${u},"7"`;
    });
    const head = '"Time (s)",Ua [V],Ub,Uc,Ua2 [V],Ub2,Uc2,"state, main"';
    Deno.writeTextFileSync(`${folder}/a.csv`, [head, ...rows].join("\n"));
    const spatial = { voltageGroups: 2, currentGroups: 0, includeNeutral: false };
    const content = encodeFile(`${folder}/a.csv`, { output: `${folder}/a.cbor`, spatial });
    assert.deepEqual(content.stream.rate, 4000);
    assert.deepEqual(
      content.stream.channels.map(({ name, unit, scale, phase }) => [name, unit, scale, phase]),
      [
        ["Ua", "V", 0.01, "A"],
        ["Ub", "", 0.01, "B"],
        ["Uc", "", 0.01, "C"],
        ["Ua2", "V", 0.01, ""],
        ["Ub2", "", 0.01, ""],
        ["Uc2", "", 0.01, ""],
        ["state, main", "", 1, ""],
      ],
    );
    decodeFile(`${folder}/a.cbor`, { output: `${folder}/b.csv`, format: "ASCII", scaled: true });
    const [title, ...lines] = csvRows(Deno.readTextFileSync(`${folder}/b.csv`));
    assert.deepEqual(title!.slice(0, 8), [
      "time",
      "Ua [V]",
      "Ub",
      "Uc",
      "Ua2 [V]",
      "Ub2",
      "Uc2",
      "state, main",
    ]);
    assert.deepEqual(
      lines.map((line) => [line[1], line[7]]),
      rows.map((row) => [row.split(",")[1], "7"]),
    );
    assert.equal(lines[1]![0], "1970-01-01T00:00:10.000250000Z");
  }));

Deno.test("what cannot be used is told", () =>
  inFolder((folder) => {
    const csv = (text: string) => {
      Deno.writeTextFileSync(`${folder}/x.csv`, text);
      return `${folder}/x.csv`;
    };
    Deno.writeTextFileSync(`${folder}/x.cbor`, "no record");
    const output = `${folder}/out.cbor`;
    const table: [string, () => unknown, RegExp][] = [
      ["absent", () => encodeFile(`${folder}/none.csv`, { output }), /Cannot read .*none.csv/],
      ["ending", () => encodeFile(`${folder}/x.wav`, { output }), /\.csv, \.cfg or \.cff/],
      ["empty", () => encodeFile(csv(""), { output }), /a head/],
      ["head alone", () => encodeFile(csv("time,Ia\n"), { output }), /a head/],
      ["fields", () => encodeFile(csv("time,Ia\n0,1\n1"), { output }), /2 fields in line 3/],
      ["number", () => encodeFile(csv("time,Ia\n0,1\n1,x"), { output }), /numbers in line 3/],
      ["times", () => encodeFile(csv("time,Ia\n0,1\n0,1"), { output }), /--rate/],
      ["gap", () => encodeFile(csv("time,Ia\n0,1\n1,1\n3,1\n4,1"), { output, rate: 1 }), /line 4/],
      ["decimals", () => encodeFile(csv("time,Ia\n0,0.12345678912\n1,0"), { output }), /--scale/],
      ["32 bits", () => encodeFile(csv("time,Ia\n0,5000000000\n1,0"), { output }), /32 bits/],
      ["quality", () => encodeFile(csv("time,a,a quality\n0,1,-1\n1,0,0"), { output }), /whole/],
      ["message", () =>
        encodeFile(csv("time,a\n0,1\n1,0"), { output, samples: 2 ** 21 }), /samplesPerMessage/],
      ["no record", () =>
        decodeFile(`${folder}/x.cbor`, { output: "a.csv", format: "ASCII" }), /event record/],
      ["output", () =>
        decodeFile(`${folder}/x.cbor`, { output: "a.txt", format: "ASCII" }), /event record|\.csv/],
    ];
    for (const [name, call, message] of table) {
      assert.throws(call, message, name);
    }
    encodeFile(csv("time,a\n0,0.12345678912\n1,1"), { output, scale: 0.5 });
    assert.equal(decodeEventRecord(Deno.readFileSync(output)).stream.channels[0]!.scale, 0.5);
  }));

Deno.test("CSV fields: quotes, commas in them, empty ones", () => {
  assert.deepEqual(csvRows('\ufeffa, b ,c\r\n"x, ""y""",,2\n\n ,"",z'), [
    ["a", "b", "c"],
    ['x, "y"', "", "2"],
    ["", "", "z"],
  ]);
});

Deno.test("any text is a waveform or a DecodeError", () => {
  const cell = fc.oneof(
    fc.constantFrom("time", "Ia [0.001 A]", "Ia quality", "marks", "", "2025-01-01T00:00:00Z", '"'),
    fc.double().map(String),
    fc.nat(9).map(String),
    fc.string({ maxLength: 6 }),
  );
  const text = fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { maxLength: 6 })
    .map((rows) => rows.map((row) => row.join(",")).join("\n"));
  const good = fc.nat(30).map((n) =>
    ["time,a [2 V +1]", ...Array.from({ length: n + 2 }, (_, k) => `${k / 8},${k}`)].join("\n")
  );
  const read = (each: string) => {
    const { waveform, channels } = inputOfCsv(each, "x", {});
    assert.equal(waveform.values.length, channels.length);
    assert.equal(waveform.marks.length, waveform.count);
  };
  fc.assert(fc.property(good, read));
  fc.assert(
    fc.property(text, (each) => {
      try {
        read(each);
      } catch (error) {
        assert.ok(error instanceof DecodeError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});
