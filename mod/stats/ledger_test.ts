import assert from "node:assert/strict";
import fc from "fast-check";
import { DeliveryLedger } from "./delivery_ledger.ts";
import { IngestLedger } from "./ingest_ledger.ts";

const S = 1_700_000_000;
const at = (seconds: number) => (S + seconds) * 1e6;

Deno.test("ingest: totals and seconds", () => {
  const ledger = new IngestLedger(["late", "duplicate"], 4);
  for (let i = 0; i < 10; i++) {
    ledger.received(at(i / 2));
    if (i % 5 === 4) ledger.dropped(i === 4 ? 0 : 1, at(i / 2));
    else ledger.accepted(at(i / 2));
  }
  assert.deepEqual(ledger.totals(), {
    received: 10,
    accepted: 8,
    dropped: { late: 1, duplicate: 1 },
    balance: 0,
  });
  assert.deepEqual(ledger.bySecond().map((b) => [b.second - S, b.received, b.accepted]), [
    [1, 2, 2],
    [2, 2, 1],
    [3, 2, 2],
    [4, 2, 1],
  ]);
  ledger.received(at(4));
  assert.equal(ledger.balance(), 1);
  assert.equal(ledger.bySecond().at(-1)!.balance, 1);
  assert.deepEqual(ledger.bySecond(1), ledger.bySecond().slice(-1));
  assert.deepEqual(ledger.bySecond(99), ledger.bySecond());
});

Deno.test("ingest: a second that has left the ring counts in the totals alone", () => {
  const ledger = new IngestLedger([], 3);
  ledger.received(at(10));
  ledger.received(at(7));
  ledger.accepted(at(10));
  ledger.accepted(at(7));
  assert.equal(ledger.totals().received, 2);
  assert.deepEqual(ledger.bySecond().map((b) => b.received), [1]);
});

Deno.test("an unknown reason is refused", () => {
  const ingest = new IngestLedger(["late"]);
  assert.throws(() => ingest.dropped(1, 0), /Cannot book reason 1: expected 0 to 0 \(late\)/);
  const delivery = new DeliveryLedger(["right"], ["full"]);
  assert.throws(() => delivery.filtered(-1, 0, 1), RangeError);
  assert.throws(() => delivery.dropped(NaN, 0, 1), RangeError);
});

Deno.test("delivery: any history balances in total and by second, and does not when a step is left out", () => {
  const step = fc.record({
    second: fc.integer({ min: 0, max: 9 }),
    count: fc.integer({ min: 1, max: 1000 }),
    fate: fc.constantFrom("sent", "filtered", "queued", "queuedSent", "queuedDropped", "dropped"),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const ledger = new DeliveryLedger(["right", "throttled"], ["full", "revoked", "closed"], 10);
    let queued = 0;
    for (const { second, count, fate } of steps) {
      const t = at(second);
      ledger.offered(t, count);
      if (fate === "sent") ledger.sent(t, count);
      if (fate === "filtered") ledger.filtered(count % 2, t, count);
      if (fate === "dropped") ledger.dropped(count % 3, t, count);
      if (fate.startsWith("queued")) ledger.queued(t, count);
      if (fate === "queued") queued += count;
      if (fate === "queuedSent") {
        ledger.queued(t, -count);
        ledger.sent(t, count);
      }
      if (fate === "queuedDropped") {
        ledger.queued(t, -count);
        ledger.dropped(2, t, count);
      }
    }
    assert.equal(ledger.balance(), 0);
    assert.equal(ledger.totals().queued, queued);
    for (const book of ledger.bySecond()) assert.equal(book.balance, 0);
    const sum = ledger.bySecond().reduce((n, b) => n + b.offered, 0);
    assert.equal(sum, ledger.totals().offered);
    ledger.sent(at(3), 5);
    assert.equal(ledger.balance(), -5);
  }));
});
