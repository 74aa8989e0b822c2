import assert from "node:assert/strict";
import fc from "fast-check";
import {
  encodeCommand,
  encodeConfiguration,
  encodeConfiguration3,
  encodeRawData,
  parseConfiguration,
} from "../c37118/mod.ts";
import { DecodeError } from "../core/mod.ts";
import { decodeFile, type FileFrame, printFile } from "./decode.ts";

const CONFIGURATION = {
  type: 3,
  version: 1,
  idCode: 60,
  timeBase: 1_000_000,
  timeBaseFlags: 0,
  pmus: [{
    station: "PMU1",
    idCode: 61,
    format: 3,
    phasors: [{ name: "VA", kind: "V" as const, typeByte: 0, factor: 1 }],
    analogs: [],
    digitals: [],
    fnom: 1,
    cfgCnt: 0,
  }],
  dataRate: 50,
  trailing: 0,
};

const DATA = encodeRawData(CONFIGURATION, { idCode: 60, soc: 1000, fracSec: 20_000 }, [
  {
    stat: 0,
    phasors: [[100, Math.fround(Math.PI / 2)]],
    freq: 10,
    dfreq: -32768,
    analogs: [],
    digitals: [],
  },
]);

function concat(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((p) => [...p]));
}

Deno.test("raw frames: command, configuration, data with engineering values", () => {
  const file = concat(encodeCommand({ idCode: 60 }, 5), encodeConfiguration(CONFIGURATION), DATA);
  const [command, configuration, data, ...rest] = [...decodeFile(file)];
  assert.deepEqual(rest, []);
  assert.deepEqual([command?.type, command?.cmdName, command?.pkt], [
    "command",
    "sendCfg2",
    undefined,
  ]);
  assert.equal(configuration?.config?.pmus[0]?.station, "PMU1");
  assert.equal(data?.timeMicros, 1_000_020_000);
  const eng = data?.blocks?.[0]?.eng;
  assert.ok(Math.abs(Number(eng?.phasors[0]?.[1]) - 90) < 1e-5);
  assert.deepEqual([eng?.freq, eng?.dfreq], [50.01, "NaN"]);
});

Deno.test("data before a configuration and data that are shorter than it say so", () => {
  const cut = encodeRawData({ ...CONFIGURATION, pmus: [] }, { idCode: 60 }, []);
  const frames = [...decodeFile(concat(DATA, encodeConfiguration(CONFIGURATION), cut))];
  assert.deepEqual(frames.map((f) => f.error), ["no-config", undefined, "size-mismatch"]);
});

Deno.test("a configuration in pieces serves the data behind it", () => {
  const full = parseConfiguration(encodeConfiguration3(CONFIGURATION)[0]!);
  const pieces = encodeConfiguration3(full, { idCode: 60 }, 60);
  const frames: FileFrame[] = [...decodeFile(concat(...pieces, DATA))];
  assert.ok(pieces.length > 1);
  assert.equal(frames.at(-2)?.config?.pmus[0]?.station, "PMU1");
  assert.equal(frames.at(-1)?.blocks?.[0]?.ph[0]?.[0], 100);
});

Deno.test("any file gives frames or a DecodeError", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (noise, capture) => {
    const head = capture ? [0xd4, 0xc3, 0xb2, 0xa1] : [];
    try {
      for (const frame of decodeFile(concat(Uint8Array.from(head), noise, DATA))) {
        JSON.stringify(frame);
      }
    } catch (error) {
      assert.ok(error instanceof DecodeError, `${error}`);
    }
  }));
});

Deno.test("the command prints a line per frame, and complains about what is wrong", () => {
  const path = Deno.makeTempFileSync();
  try {
    const run = (bytes: Uint8Array) => {
      Deno.writeFileSync(path, bytes);
      const lines: string[] = [], complaints: string[] = [];
      const code = printFile(path, (l) => lines.push(l), (l) => complaints.push(l));
      return { code, lines, complaints };
    };
    const good = run(concat(encodeConfiguration(CONFIGURATION), DATA));
    assert.deepEqual([good.code, good.lines.length, good.complaints], [0, 2, []]);
    assert.equal(JSON.parse(good.lines[1]!).type, "data");
    const bad = DATA.slice();
    bad[20]! ^= 1;
    const damaged = run(concat(encodeConfiguration(CONFIGURATION), bad, DATA));
    assert.equal(damaged.lines.length, 2);
    assert.match(damaged.complaints[0]!, /1 damaged frames/);
    assert.equal(run(Uint8Array.of(1, 2, 3)).code, 1);
    assert.equal(run(Uint8Array.of(0xd4, 0xc3, 0xb2, 0xa1, 0)).code, 1);
  } finally {
    Deno.removeSync(path);
  }
  assert.equal(printFile("/nonexistent/file", () => {}, () => {}), 1);
});
