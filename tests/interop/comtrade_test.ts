import assert from "node:assert/strict";
import {
  type ComtradeRecord,
  type DataFormat,
  encodeCff,
  encodePair,
} from "../../mod/comtrade/mod.ts";
import { formatInstant } from "../../mod/core/mod.ts";
import { PYTHON, pythonProgram, testWith } from "./peers.ts";
import { RandomData } from "./random_data.ts";

/** What comtrade_read.py prints of a file. */
interface Read {
  readonly analog: readonly { readonly name: string; readonly values: readonly number[] }[];
  readonly digital: readonly { readonly name: string; readonly values: readonly number[] }[];
  readonly lastTime: number;
}

const RATE = 14_400;
const SAMPLES = 2 * RATE;

/** Two seconds of a bay; its values fit `format`. */
function makeRecord(format: DataFormat): ComtradeRecord {
  const data = new RandomData(9);
  const bits = { ASCII: 31, BINARY: 15, BINARY32: 31, FLOAT32: 24 }[format];
  const names = ["Ia", "Ib", "Ic", "In", "Ua", "Ub", "Uc", "Un"];
  return {
    station: "SHELBY",
    device: "MU 1",
    revision: 2013,
    analog: names.map((name, i) => ({
      name,
      phase: name.slice(1).toUpperCase(),
      component: "",
      unit: i < 4 ? "A" : "V",
      a: i < 4 ? 0.001 : 0.01,
      b: i === 7 ? -12.5 : 0,
      skew: 0,
      primary: 1,
      secondary: 1,
      side: "P",
      values: Int32Array.from(
        { length: SAMPLES },
        (_, k) =>
          k % 100 === 99
            ? data.below(2 ** bits) - 2 ** (bits - 1) + 1
            : Math.round(2 ** (bits - 2) * Math.sin(k / 40 + i)),
      ),
    })),
    digital: Array.from({ length: 19 }, (_, i) => ({
      name: `S${i}`,
      phase: "",
      component: "",
      normalState: 0,
      values: Uint8Array.from({ length: SAMPLES }, () => data.below(2)),
    })),
    frequency: 50,
    rates: [{ hertz: RATE, lastSample: SAMPLES }],
    samples: SAMPLES,
    start: { seconds: 1_767_225_599, nanos: 123_456_000 },
    trigger: { seconds: 1_767_225_600, nanos: 999_999_000 },
    timeOffsetMinutes: 0,
    localOffsetMinutes: 60,
    timeQuality: 0,
    leapSecond: 0,
  };
}

testWith(["comtrade"], "comtrade: the Python package reads our files, samples equal", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const files: { path: string; record: ComtradeRecord; format: DataFormat }[] = [];
    for (const format of ["ASCII", "BINARY", "BINARY32", "FLOAT32"] as const) {
      const record = makeRecord(format);
      const { cfg, dat } = encodePair(record, format);
      Deno.writeFileSync(`${folder}/${format}.cfg`, cfg);
      Deno.writeFileSync(`${folder}/${format}.dat`, dat);
      Deno.writeFileSync(`${folder}/${format}.cff`, encodeCff(record, format));
      for (const kind of ["cfg", "cff"]) {
        files.push({ path: `${folder}/${format}.${kind}`, record, format });
      }
    }
    const { code, stdout, stderr } = await new Deno.Command(PYTHON, {
      args: [pythonProgram("comtrade_read.py"), ...files.map(({ path }) => path)],
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    const lines = new TextDecoder().decode(stdout).trim().split("\n");
    assert.equal(lines.length, files.length);
    files.forEach(({ path, record, format }, i) => {
      // The members that comtrade_read.py prints, compared below.
      const { analog, digital, lastTime, ...rest } = JSON.parse(lines[i]!) as Read;
      const time = (at: ComtradeRecord["start"]) => formatInstant(at!).slice(0, -4);
      assert.deepEqual(rest, {
        station: record.station,
        device: record.device,
        revision: "2013",
        format,
        frequency: 50,
        rates: [[RATE, SAMPLES]],
        start: time(record.start),
        trigger: time(record.trigger),
        samples: SAMPLES,
      }, path);
      assert.equal(lastTime, (SAMPLES - 1) / RATE);
      assert.equal(analog.length, record.analog.length);
      analog.forEach(({ name, values }, c) => {
        const channel = record.analog[c]!;
        assert.equal(name, channel.name);
        const expected = Array.from(channel.values, (x) => channel.a * x + channel.b);
        assert.deepEqual(values, expected, `${path}, ${name}`);
      });
      digital.forEach(({ name, values }, c) => {
        assert.equal(name, record.digital[c]!.name);
        assert.deepEqual(values, [...record.digital[c]!.values], `${path}, ${name}`);
      });
      assert.equal(digital.length, 19);
    });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
