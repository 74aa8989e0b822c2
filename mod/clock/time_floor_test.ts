import assert from "node:assert/strict";
import { TimeFloor } from "./time_floor.ts";

const EARLIEST = Date.UTC(2025, 0, 1) * 1000;

Deno.test("the floor: a board that was never good boots in 1970, and a laboratory means it", async () => {
  const stateDir = await Deno.makeTempDir({ prefix: "tl-floor-" });
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  try {
    const floor = new TimeFloor(stateDir, log);
    await floor.read();
    assert.equal(floor.judge(60e6, false), "before");
    assert.equal(floor.text, "2025-01-01T00:00:00.000Z, when there was no such program");
    assert.equal(floor.judge(EARLIEST, false), "behind");
    const verdicts = Array.from({ length: 5 }, () => floor.judge(60e6, true));
    assert.deepEqual(verdicts, ["before", "before", "before", "before", "wrong"]);
    await floor.lower(60e6);
    const again = new TimeFloor(stateDir, log);
    await again.read();
    assert.equal(again.judge(61e6, false), "behind");
    assert.equal(again.text, "1970-01-01T00:01:00.000Z, when it was good last");
  } finally {
    await Deno.remove(stateDir, { recursive: true });
  }
});

Deno.test("the floor: of several times at once the last one is on disk when all is settled", async () => {
  const stateDir = await Deno.makeTempDir({ prefix: "tl-floor-" });
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  try {
    const floor = new TimeFloor(stateDir, log);
    for (let n = 1; n <= 20; n++) void floor.good(EARLIEST + n, 0, true);
    void floor.lower(60e6);
    await floor.settled();
    const again = new TimeFloor(stateDir, log);
    await again.read();
    assert.equal(again.floorMicros, 60e6);
  } finally {
    await Deno.remove(stateDir, { recursive: true });
  }
});

Deno.test("the floor: what stands in the file, and what cannot", async () => {
  const stateDir = await Deno.makeTempDir({ prefix: "tl-floor-" });
  const lines: string[] = [];
  const log = { debug() {}, info() {}, warn: (text: string) => void lines.push(text), error() {} };
  const read = async (text: string) => {
    await Deno.writeTextFile(`${stateDir}/clock_floor.json`, text);
    const floor = new TimeFloor(stateDir, log);
    await floor.read();
    return floor.floorMicros;
  };
  try {
    assert.equal(await read('{"lastGoodMicros":1795000000000000}'), 1_795_000_000_000_000);
    assert.deepEqual(lines, []);
    const nonsense = ["", "null", "{}", '{"lastGoodMicros":1e30}', '{"lastGoodMicros":-1}'];
    for (const text of nonsense) assert.equal(await read(text), EARLIEST, text);
    assert.equal(lines.length, nonsense.length);
  } finally {
    await Deno.remove(stateDir, { recursive: true });
  }
});
