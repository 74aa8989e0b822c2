import assert from "node:assert/strict";
import { TimeFloor } from "./time_floor.ts";

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
    for (const text of nonsense) assert.equal(await read(text), 0, text);
    assert.equal(lines.length, nonsense.length);
  } finally {
    await Deno.remove(stateDir, { recursive: true });
  }
});
