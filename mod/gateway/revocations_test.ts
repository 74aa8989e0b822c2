import assert from "node:assert/strict";
import { type Log } from "../core/mod.ts";
import { Revocations } from "./revocations.ts";

Deno.test("revocations: kept on disk, told at the start, and never left out for a damaged file", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tieline-revocations-" });
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  const log: Log = { debug: say, info: say, warn: say, error: say };
  try {
    const first = await Revocations.open(folder, log);
    assert.deepEqual(first.all(), []);
    const one = { subscriber: "center", author: "ann", reason: "stolen", timeMicros: 1e15 };
    await first.add(one);
    await first.add({ ...one, subscriber: "other" });
    await first.add({ ...one, reason: "lost" });
    assert.equal(first.has("center"), true);
    const path = `${folder}/revocations.json`;
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);

    const second = await Revocations.open(folder, log);
    assert.deepEqual(second.all().map((r) => [r.subscriber, r.reason]), [
      ["center", "lost"],
      ["other", "stolen"],
    ]);
    assert.deepEqual(said, ["center is revoked by ann", "other is revoked by ann"]);
    assert.equal(await second.remove("nobody"), false);
    assert.equal(await second.remove("center"), true);
    assert.deepEqual((await Revocations.open(folder, log)).all().map((r) => r.subscriber), [
      "other",
    ]);

    // Of many at a time none is lost, whatever the disk does first.
    await Promise.all(
      Array.from({ length: 40 }, (_, i) => second.add({ ...one, subscriber: `bay${i}` })),
    );
    assert.deepEqual((await Revocations.open(folder, log)).all(), second.all());

    // A gateway must not start without what was revoked.
    for (const text of ["{", "[{}]", '{"center":true}']) {
      await Deno.writeTextFile(path, text);
      await assert.rejects(Revocations.open(folder, log), text);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
