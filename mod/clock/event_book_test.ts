import assert from "node:assert/strict";
import { EventBook } from "./event_book.ts";
import type { ClockEvent } from "./state_machine.ts";

function bench() {
  const lines: string[] = [];
  const note = (level: string) => (text: string) => void lines.push(`${level} ${text}`);
  const log = {
    debug: note("debug"),
    info: note("info"),
    warn: note("warn"),
    error: note("error"),
  };
  const book = new EventBook(log);
  const event = (kind: ClockEvent["kind"], text: string): ClockEvent => ({
    atMicros: 0,
    kind,
    text,
    state: "locked",
  });
  return { book, lines, event };
}

Deno.test("clock events: a network that is never at rest leaves room for what matters, here and in the log", () => {
  const { book, lines, event } = bench();
  book.note(event("state", "locked to holdover"), true, 0);
  for (let i = 0; i < 5000; i++) book.note(event("network", `change ${i}`), false, i * 10);
  assert.deepEqual(book.counts, { state: 1, network: 5000 });
  const kept = book.all();
  assert.equal(kept.length, 101);
  assert.equal(kept[0]!.text, "locked to holdover");
  assert.equal(kept.at(-1)!.text, "change 4999");
  assert.equal(lines.length, 21);
  assert.deepEqual(lines.slice(0, 2), ["warn locked to holdover", "info change 0"]);
  book.note(event("network", "the last"), false, 70_000);
  assert.deepEqual(lines.slice(21), [
    "warn 4980 more events of the kind network were not logged",
    "info the last",
  ]);
});

Deno.test("clock events: the last 200 are kept", () => {
  const { book, event } = bench();
  for (let i = 0; i < 300; i++) book.note(event("state", `${i}`), false, i * 60_000);
  assert.deepEqual([book.all().length, book.all()[0]!.text], [200, "100"]);
});
