import assert from "node:assert/strict";
import fc from "fast-check";
import { DecodeError } from "../core/mod.ts";
import {
  type AnalogChannel,
  type ComtradeRecord,
  type DataFormat,
  decodeCff,
  decodePair,
  encodeCff,
  encodePair,
  MISSING,
} from "./mod.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (content: Uint8Array) => new TextDecoder().decode(content);

const CHANNEL: AnalogChannel = {
  name: "Ia",
  phase: "A",
  component: "",
  unit: "A",
  a: 0.001,
  b: 0,
  skew: 0,
  primary: 1,
  secondary: 1,
  side: "P",
  values: Int32Array.of(1, -2, 3),
};

const RECORD: ComtradeRecord = {
  station: "SHELBY",
  device: "MU 1",
  revision: 2013,
  analog: [CHANNEL, {
    ...CHANNEL,
    name: "Ua",
    unit: "V",
    a: 0.01,
    b: -5,
    values: Int32Array.of(7, 8, 9),
  }],
  digital: [{
    name: "Ia invalid",
    phase: "A",
    component: "",
    normalState: 0,
    values: Uint8Array.of(0, 1, 0),
  }],
  frequency: 50,
  rates: [{ hertz: 14_400, lastSample: 3 }],
  samples: 3,
  start: { seconds: 1_735_689_600, nanos: 0 },
  trigger: { seconds: 1_735_689_601, nanos: 250_000_000 },
  timeOffsetMinutes: 0,
  localOffsetMinutes: undefined,
  timeQuality: 0,
  leapSecond: 0,
};

const CFG = [
  "SHELBY,MU 1,2013",
  "3,2A,1D",
  "1,Ia,A,,A,0.001,0,0,-2,3,1,1,P",
  "2,Ua,A,,V,0.01,-5,0,7,9,1,1,P",
  "1,Ia invalid,A,,0",
  "50",
  "1",
  "14400,3",
  "01/01/2025,00:00:00.000000",
  "01/01/2025,00:00:01.250000",
  "BINARY32",
  "1",
  "0,x",
  "0,0",
  "",
];

Deno.test("a configuration of 2013, line by line (7.4)", () => {
  assert.deepEqual(textOf(encodePair(RECORD, "BINARY32").cfg).split("\r\n"), CFG);
});

Deno.test("times to the nanosecond, offsets, quality and leap seconds (7.4.8 to 7.4.12)", () => {
  const record: ComtradeRecord = {
    ...RECORD,
    start: { seconds: 1_735_689_599, nanos: 999_930_556 },
    timeOffsetMinutes: -330,
    localOffsetMinutes: 60,
    timeQuality: 15,
    leapSecond: 3,
  };
  const { cfg, dat } = encodePair(record, "ASCII");
  assert.deepEqual(textOf(cfg).split("\r\n").slice(8), [
    "31/12/2024,18:29:59.999930556",
    "31/12/2024,18:30:01.250000000",
    "ASCII",
    "1000",
    "-5h30,+1",
    "F,3",
    "",
  ]);
  assert.equal(textOf(dat), "1,0,1,7,0\r\n2,69,-2,8,1\r\n3,139,3,9,0\r\n");
  const { stamps, ...read } = decodePair(cfg, dat);
  assert.deepEqual(read, record);
  assert.deepEqual([...stamps!], [0, 69_000, 139_000]);
});

Deno.test("data of each format, byte by byte (8)", () => {
  const one = { ...RECORD, analog: [CHANNEL] };
  const table: [DataFormat, string][] = [
    [
      "BINARY",
      "01000000 00000000 0100 0000" + "02000000 45000000 feff 0100" + "03000000 8b000000 0300 0000",
    ],
    [
      "BINARY32",
      "01000000 00000000 01000000 0000" + "02000000 45000000 feffffff 0100" +
      "03000000 8b000000 03000000 0000",
    ],
    [
      "FLOAT32",
      "01000000 00000000 0000803f 0000" + "02000000 45000000 000000c0 0100" +
      "03000000 8b000000 00004040 0000",
    ],
  ];
  for (const [format, hex] of table) {
    assert.equal(encodePair(one, format).dat.toHex(), hex.replaceAll(" ", ""), format);
  }
});

Deno.test("one file: sections in order, data by its size (9)", () => {
  const cff = encodeCff(RECORD, "BINARY32");
  const head = textOf(cff).split("\r\n");
  assert.deepEqual(head.slice(0, 20), [
    "--- file type: CFG ---",
    ...CFG.slice(0, -1),
    "--- file type: INF ---",
    "",
    "--- file type: HDR ---",
    "",
    "--- file type: DAT BINARY32: 54 ---",
  ]);
  const { dat } = encodePair(RECORD, "BINARY32");
  assert.deepEqual(cff.slice(-dat.length), dat);
});

const PLAIN = { noNullPrototype: true } as const;

/** Records with values that `format` holds exactly. */
function records(format: DataFormat): fc.Arbitrary<ComtradeRecord> {
  const samples = fc.nat(40);
  const most = format === "BINARY" ? 0x7fff : format === "FLOAT32" ? 0xffffff : 0x7fffffff;
  return samples.chain((count) => {
    const raw = fc.oneof(
      fc.integer({ min: -most, max: most }),
      fc.constantFrom(MISSING, 99999 % most),
    );
    const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9 .]{0,8}[A-Za-z]$/);
    return fc.record({
      station: name,
      device: name,
      revision: fc.constant(2013 as const),
      analog: fc.array(
        fc.record({
          name,
          phase: fc.constantFrom("", "A", "BC"),
          component: name,
          unit: fc.constantFrom("V", "kA", ""),
          a: fc.double({ noNaN: true, noDefaultInfinity: true }).filter((x) => !Object.is(x, -0)),
          b: fc.double({ noNaN: true, noDefaultInfinity: true }).filter((x) => !Object.is(x, -0)),
          skew: fc.nat(100),
          primary: fc.nat(1000),
          secondary: fc.nat(1000),
          side: fc.constantFrom("P" as const, "S" as const),
          values: fc.array(raw, { minLength: count, maxLength: count }).map((values) =>
            format === "FLOAT32"
              ? Float32Array.from(values, (x) => x === MISSING ? NaN : x)
              : Int32Array.from(values)
          ),
        }, PLAIN),
        { maxLength: 4 },
      ),
      digital: fc.array(
        fc.record({
          name,
          phase: fc.constantFrom("", "A"),
          component: name,
          normalState: fc.constantFrom(0 as const, 1 as const),
          values: fc.array(fc.nat(1), { minLength: count, maxLength: count }).map((values) =>
            Uint8Array.from(values)
          ),
        }, PLAIN),
        { maxLength: 20 },
      ),
      frequency: fc.constantFrom(50, 60, 16.7),
      rates: fc.constantFrom(
        [{ hertz: 14_400, lastSample: count }],
        [{ hertz: 4800.5, lastSample: Math.floor(count / 2) }, { hertz: 60, lastSample: count }],
      ),
      samples: fc.constant(count),
      start: fc.record({ seconds: fc.nat(4_000_000_000), nanos: fc.nat(999_999_999) }, PLAIN),
      trigger: fc.record({ seconds: fc.nat(4_000_000_000), nanos: fc.nat(999_999_999) }, PLAIN),
      timeOffsetMinutes: fc.integer({ min: -720, max: 840 }),
      localOffsetMinutes: fc.option(fc.integer({ min: -720, max: 840 }), { nil: undefined }),
      timeQuality: fc.nat(15),
      leapSecond: fc.nat(3),
    }, PLAIN);
  });
}

for (const format of ["ASCII", "BINARY", "BINARY32", "FLOAT32"] as const) {
  Deno.test(`what is written as ${format} is read again`, () => {
    fc.assert(
      fc.property(records(format), (record) => {
        const { cfg, dat } = encodePair(record, format);
        for (const read of [decodePair(cfg, dat), decodeCff(encodeCff(record, format))]) {
          const { stamps, ...rest } = read;
          assert.deepEqual(rest, record);
          assert.equal(stamps!.length, record.samples);
        }
      }),
      { numRuns: 60 },
    );
  });
}

Deno.test("values that a format cannot hold are RangeErrors", () => {
  const table: [DataFormat, AnalogChannel["values"]][] = [
    ["BINARY", Int32Array.of(0, 0x8000, 0)],
    ["BINARY", Float64Array.of(0, 1.5, 0)],
    ["BINARY32", Float64Array.of(0, 2 ** 31, 0)],
    ["BINARY32", Float64Array.of(0, Infinity, 0)],
  ];
  for (const [format, values] of table) {
    const record = { ...RECORD, analog: [{ ...CHANNEL, values }] };
    assert.throws(() => encodePair(record, format), /channel Ia .* in sample 2/);
  }
});

Deno.test("an ordinary file of 1999 with two rates, blanks, missing samples and reals", () => {
  const cfg = bytes(
    "Station , 12 ,1999\n 3, 2A, 1D\n1,IA, A,Line 1,A, 0.5, ,0, -99999,99998,600,5,s\n" +
      "2,VA,A,,kV,1.0E-3,0,12.5,-99999,99998,132,0.11,P\n1,52a,,,1\n60\n2\n1200,2\n60,3\n" +
      "7/3/2001,1:02:03.5\n07/03/2001,01:02:03.5001\nascii\n\n\u001a",
  );
  const dat = bytes(" 0, 0,  12, 1.5,0\n1,833,99999,-2e2,1\n2,1667,-7,,1\n\u001a");
  const record = decodePair(cfg, dat);
  assert.equal(record.station, "Station");
  assert.deepEqual(record.start, {
    seconds: Date.UTC(2001, 2, 7, 1, 2, 3) / 1000,
    nanos: 500_000_000,
  });
  assert.equal(record.timeOffsetMinutes, undefined);
  assert.deepEqual(record.rates, [{ hertz: 1200, lastSample: 2 }, { hertz: 60, lastSample: 3 }]);
  assert.deepEqual(record.analog[0]!.values, Int32Array.of(12, MISSING, -7));
  assert.deepEqual([...record.analog[1]!.values], [1.5, -200, NaN]);
  assert.deepEqual([record.analog[0]!.side, record.analog[0]!.b, record.analog[1]!.a], [
    "S",
    0,
    0.001,
  ]);
  assert.deepEqual([...record.digital[0]!.values], [0, 1, 1]);
  assert.deepEqual([...record.stamps!], [0, 833_000, 1_667_000]);
});

Deno.test("without rates the stamps alone tell the time, times may be absent", () => {
  const lines = [...CFG];
  lines.splice(6, 4, "0", "0,3", ",", "");
  const { dat } = encodePair(RECORD, "BINARY32");
  const record = decodePair(bytes(lines.join("\n")), dat);
  assert.deepEqual([record.rates, record.samples, record.start], [[], 3, undefined]);
  const again = decodePair(...pairOf(record));
  assert.deepEqual(again, record);
});

function pairOf(record: ComtradeRecord): [Uint8Array, Uint8Array] {
  const { cfg, dat } = encodePair(record, "BINARY32");
  return [cfg, dat];
}

Deno.test("what is malformed is a DecodeError that names the field", () => {
  const { dat } = encodePair(RECORD, "BINARY32");
  const swapped = dat.slice();
  swapped[18] = 9;
  const line = (at: number, text: string) =>
    CFG.map((old, i) => i === at ? text : old).join("\r\n");
  const good = CFG.join("\r\n");
  const table: [string, string, Uint8Array, RegExp][] = [
    ["revision", line(0, "A,B,1991"), dat, /rev_year/],
    ["no revision", line(0, "A,B"), dat, /rev_year/],
    ["sum of channels", line(1, "4,2A,1D"), dat, /TT/],
    ["letters", line(1, "3,2D,1A"), dat, /##A/],
    ["too many", line(1, "99999,99999A,0D"), dat, /##A/],
    ["multiplier", line(2, "1,Ia,A,,A,x,0,0,-2,3,1,1,P"), dat, /Cannot read a:/],
    ["side", line(2, "1,Ia,A,,A,1,0,0,-2,3,1,1,Q"), dat, /PS/],
    ["fields", line(2, "1,Ia"), dat, /13 fields/],
    ["state", line(4, "1,x,,,2"), dat, /y/],
    ["rates", line(6, "-1"), dat, /nrates/],
    ["rate 0", line(7, "0,3"), dat, /samp/],
    ["day", line(8, "30/02/2025,00:00:00.0"), dat, /calendar/],
    ["time", line(8, "soon"), dat, /dd\/mm\/yyyy/],
    ["format", line(10, "BINARY64"), dat, /ft/],
    ["offset", line(12, "1:30,0"), dat, /time_code/],
    ["clock", line(13, "G,0"), dat, /tmq_code/],
    ["leap", line(13, "0,4"), dat, /leapsec/],
    ["cut configuration", CFG.slice(0, 8).join("\n"), dat, /end of the configuration/],
    ["cut data", good, dat.subarray(0, -1), /3 samples of 18 bytes/],
    ["data too long", good, Uint8Array.from([...dat, ...dat]), /3 samples of 18 bytes/],
    ["order", good, swapped, /sample number 2/],
    ["too many samples", line(7, "14400,4294967294"), dat, /values/],
  ];
  for (const [name, cfg, data, message] of table) {
    assert.throws(
      () => decodePair(bytes(cfg), data),
      (error) => error instanceof DecodeError && message.test(error.message),
      name,
    );
  }
  const cff = textOf(encodeCff(RECORD, "ASCII"));
  const files: [string, string][] = [
    ["first line", `x${cff}`],
    ["data first", cff.replace("CFG", "DAT ASCII")],
    ["no data", cff.slice(0, cff.indexOf("--- file type: DAT"))],
    ["another format", cff.replace("DAT ASCII", "DAT BINARY")],
    ["size", cff.replace("DAT ASCII", "DAT ASCII: 999")],
    ["empty", ""],
  ];
  for (const [name, file] of files) {
    assert.throws(() => decodeCff(bytes(file)), DecodeError, name);
  }
});

Deno.test("any bytes are a record or a DecodeError", () => {
  const formats = fc.constantFrom<DataFormat>("ASCII", "BINARY", "BINARY32", "FLOAT32");
  const edits = fc.array(
    fc.record({ at: fc.nat(2000), gone: fc.nat(5), put: fc.uint8Array({ maxLength: 5 }) }),
    { minLength: 1, maxLength: 4 },
  );
  fc.assert(
    fc.property(formats, edits, fc.uint8Array({ maxLength: 300 }), (format, list, other) => {
      let file = Uint8Array.from(encodeCff({ ...RECORD, analog: [CHANNEL] }, format));
      for (const { at, gone, put } of list) {
        const place = at % file.length;
        file = Uint8Array.from([
          ...file.subarray(0, place),
          ...put,
          ...file.subarray(place + gone),
        ]);
      }
      for (
        const read of [() => decodeCff(file), () => decodeCff(other), () => decodePair(file, other)]
      ) {
        try {
          const record = read();
          for (const { values } of record.analog) assert.equal(values.length, record.samples);
        } catch (error) {
          assert.ok(error instanceof DecodeError, String(error));
        }
      }
    }),
    { numRuns: 1000 },
  );
});
