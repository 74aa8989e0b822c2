import assert from "node:assert/strict";
import type { Log } from "../core/mod.ts";
import { Complaints } from "./complaints.ts";

function memory(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const at = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  return {
    lines,
    log: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") },
  };
}

Deno.test("a flood is one line at once and one line a minute", () => {
  const { log, lines } = memory();
  const complaints = new Complaints(log);
  for (let ms = 0; ms < 60_000; ms += 10) {
    complaints.note("crc", "Cannot read a frame: CHK is wrong", ms);
    if (ms % 1000 === 0) complaints.flush(ms);
  }
  assert.deepEqual(lines, ["warn Cannot read a frame: CHK is wrong"]);
  complaints.flush(60_000);
  assert.equal(lines[1], "warn Cannot read a frame: CHK is wrong (again 5,999 times in 60 s)");
  complaints.flush(90_000);
  complaints.flush(120_000);
  assert.equal(lines.length, 2);
  assert.deepEqual(complaints.totals(), { crc: 6000 });
});

Deno.test("after a quiet minute a kind is told at once again", () => {
  const { log, lines } = memory();
  const complaints = new Complaints(log, { everyMs: 1000 });
  complaints.note("a", "first", 0, "error");
  complaints.note("a", "second", 500, "error");
  complaints.flush(1000);
  complaints.flush(2000);
  complaints.note("a", "third", 2001);
  assert.deepEqual(lines, ["error first", "error second (again once in 1 s)", "warn third"]);
});

Deno.test("kinds are told apart up to a bound", () => {
  const { log, lines } = memory();
  const complaints = new Complaints(log, { maxKinds: 3 });
  for (let i = 0; i < 1000; i++) complaints.note(`kind ${i}`, `message ${i}`, i);
  assert.deepEqual(lines, ["warn message 0", "warn message 1", "warn message 2", "warn message 3"]);
  assert.deepEqual(complaints.totals(), { "kind 0": 1, "kind 1": 1, "kind 2": 1, other: 997 });
});

Deno.test("where nobody flushes, the next one after a minute tells how many came before", () => {
  const { log, lines } = memory();
  const complaints = new Complaints(log);
  for (const ms of [0, 10, 20, 59_999, 60_000, 60_001, 300_000]) {
    complaints.note("login", "Refused", ms);
  }
  assert.deepEqual(lines, [
    "warn Refused",
    "warn Refused (again 4 times in 60 s)",
    "warn Refused (again 2 times in 240 s)",
  ]);
});
