import assert from "node:assert/strict";
import { decodeCff, decodePair } from "../comtrade/mod.ts";
import { encodeFrameRecord } from "../event/mod.ts";
import { frameRecord, RECORD_SECOND } from "../event/record_testing.ts";
import { frameInfoOf, frameTextOf } from "./frame_record.ts";
import { decodeFile } from "./slipstream.ts";

const MS = [0, 20, 40, -3_600_000, -3_599_960]; // the device is set back by an hour

const CONTENT = frameRecord(MS, {
  stream: { ...frameRecord([]).stream, title: "Shelby, 110 kV" },
  triggers: [{
    name: "low",
    kind: "frequency",
    source: "SHELBY",
    channel: "",
    value: 49.1,
    at: { seconds: RECORD_SECOND, nanos: 20_000_000 },
    since: { seconds: RECORD_SECOND, nanos: 0 },
    settings: {},
  }],
  missingFrames: 1,
  shortFrames: 3,
  isCut: true,
});

Deno.test("slipstream info: a record of synchrophasors tells what it is and what it lacks", () => {
  assert.equal(
    frameTextOf(frameInfoOf(CONTENT)),
    `device      SHELBY (Shelby, 110 kV)
source      input.pdc, IEEE C37.118.2-2011, ID 7
recorded by EDGE, Tieline 0.1.0
begins      2023-11-14T22:13:20.000000000Z
frames      5 at 50/s in 2 parts; 1 missing, 3 older than what was kept, cut before its end
channels    frequency [Hz]
trigger     2023-11-14T22:13:20.020000000Z low (frequency)`,
  );
});

Deno.test("slipstream decode: a record of synchrophasors as CSV and COMTRADE, part by part", () => {
  const folder = Deno.makeTempDirSync();
  try {
    const file = `${folder}/a.cbor`;
    Deno.writeFileSync(file, encodeFrameRecord(CONTENT));
    const [first, second] = decodeFile(file, { output: `${folder}/b.csv` });
    assert.deepEqual([first, second], [`${folder}/b.csv`, `${folder}/b-2.csv`]);
    assert.equal(
      Deno.readTextFileSync(second!),
      "time,frequency [Hz],frequency flags,leap,marks\r\n" +
        "2023-11-14T21:13:20.000000000Z,49.3,0,0,0\r\n2023-11-14T21:13:20.040000000Z,49.4,0,0,0\r\n",
    );
    const [cff] = decodeFile(file, { output: `${folder}/b.cff` });
    const [cfg, dat, cfg2, dat2] = decodeFile(file, { output: `${folder}/b.cfg`, format: "ASCII" });
    const record = decodeCff(Deno.readFileSync(cff!));
    assert.deepEqual(record.rates, [{ hertz: 50, lastSample: 3 }]);
    assert.deepEqual([...record.analog[0]!.values], [49, 49.1, 49.2].map(Math.fround));
    const text = decodePair(Deno.readFileSync(cfg!), Deno.readFileSync(dat!));
    assert.deepEqual([...text.analog[0]!.values], [49, 49.1, 49.2]);
    const later = decodePair(Deno.readFileSync(cfg2!), Deno.readFileSync(dat2!));
    assert.deepEqual([...later.analog[0]!.values], [49.3, NaN, 49.4]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
