import assert from "node:assert/strict";
import { configureLog, keptLogLines, logFor } from "./log.ts";

Deno.test("log: lines are kept by number, within bounds, and no token is in them", async () => {
  const written: string[] = [];
  const { writeSync } = Deno.stderr;
  Deno.stderr.writeSync = (bytes) => {
    written.push(new TextDecoder().decode(bytes));
    return bytes.length;
  };
  try {
    await configureLog("info");
    const log = logFor("input", "shelby");
    const before = keptLogLines(0).at(-1)?.number ?? 0, beganMs = Date.now();
    log.debug("not kept");
    log.info("plain {braces} stay");
    log.warn(`a token tieline.ann.${"A".repeat(43)} in a text`);
    const [first, second, ...rest] = keptLogLines(before);
    assert.deepEqual(rest, []);
    assert.deepEqual(
      [first!.number, first!.level, first!.from, first!.text],
      [before + 1, "info", "input.shelby", "plain {braces} stay"],
    );
    assert.equal(second!.text, "a token tieline.ann.redacted in a text");
    assert.match(
      written.at(-1)!,
      /tieline\.input\.shelby: a token tieline\.ann\.redacted in a text\n$/,
    );
    assert.ok(first!.timeMs >= beganMs && first!.timeMs <= Date.now(), `${first!.timeMs}`);
    for (let i = 0; i < 2100; i++) log.info(`line ${i} ${"x".repeat(i === 5 ? 10_000 : 0)}`);
    const kept = keptLogLines(0);
    assert.equal(kept.length, 2000);
    assert.equal(kept.at(-1)!.number, before + 2102);
    assert.ok(kept.every(({ text }) => text.length <= 4096));
    assert.equal(keptLogLines(kept.at(-1)!.number).length, 0);
    assert.equal(keptLogLines(kept.at(-1)!.number - 3).length, 3);
    assert.equal(keptLogLines(kept.at(-1)!.number + 1).length, 2000, "after a new start");
  } finally {
    Deno.stderr.writeSync = writeSync;
  }
});
