import assert from "node:assert/strict";
import type { AuditFact } from "../audit/mod.ts";
import { Lockout } from "./lockout.ts";
import { RefusalBook } from "./refusal_book.ts";

const HERE = "192.0.2.1", THERE = "192.0.2.2";

Deno.test("lockout: four failures are free, then each costs twice the wait, up to a quarter of an hour", () => {
  const lockout = new Lockout();
  let now = 0;
  for (let i = 0; i < 4; i++) assert.equal(lockout.failed(HERE, "ann", now), false);
  assert.equal(lockout.leftMs(HERE, "ann", now), 0);
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    assert.equal(lockout.failed(HERE, "ann", now), true);
    const left = lockout.leftMs(HERE, "ann", now);
    waits.push(left / 1000);
    now += left;
    assert.equal(lockout.leftMs(HERE, "ann", now), 0);
  }
  assert.deepEqual(waits, [30, 60, 120, 240, 480, 900, 900, 900]);
  lockout.succeeded(HERE, "ann");
  assert.equal(lockout.failed(HERE, "ann", now), false, "a success begins anew");
  for (let i = 0; i < 4; i++) lockout.failed(HERE, "ann", now);
  now += 31 * 60_000;
  assert.equal(lockout.failed(HERE, "ann", now), false, "half an hour of peace does too");
});

Deno.test("lockout: others are not hurt by a name that fails, until one network or one name has failed often", () => {
  const lockout = new Lockout();
  for (let i = 0; i < 6; i++) lockout.failed(HERE, "ann", 0);
  assert.ok(lockout.leftMs(HERE, "ann", 0) > 0);
  assert.equal(lockout.leftMs(HERE, "bob", 0), 0, "another name at the same console");
  assert.equal(lockout.leftMs(THERE, "ann", 0), 0, "the same name from elsewhere");
  for (let i = 0; i < 14; i++) lockout.failed(HERE, `name ${i}`, 0);
  assert.ok(lockout.leftMs(HERE, "bob", 0) > 0, "names that are tried out lock their network");
  for (let i = 0; i < 20; i++) lockout.failed(`198.51.100.${i}`, "bob", 0);
  assert.ok(lockout.leftMs(THERE, "bob", 0) > 0, "a name that is tried from everywhere");
  assert.equal(lockout.leftMs(THERE, "eve", 0), 0);
});

Deno.test("lockout: who knows a name does not keep its owner out", () => {
  const lockout = new Lockout();
  lockout.succeeded(HERE, "ann");
  for (let i = 0; i < 100; i++) lockout.failed(`198.51.100.${i % 50}`, "ann", 0);
  assert.ok(lockout.leftMs(THERE, "ann", 0) > 0);
  assert.equal(lockout.leftMs(HERE, "ann", 0), 0, "where she has logged in before");
  for (let i = 0; i < 100; i++) lockout.failed(HERE, "ann", 0);
  assert.ok(lockout.leftMs(HERE, "ann", 0) > 0, "somebody else at her console");
  lockout.spare(300_000);
  for (let i = 0; i < 100; i++) lockout.failed(HERE, "ann", 1000);
  assert.equal(lockout.leftMs(HERE, "ann", 299_999), 0, "whoever may reload the program has time");
  assert.ok(lockout.leftMs(HERE, "ann", 300_000) > 0);
});

Deno.test("lockout: an IPv6 host has one count, whatever address of its network it takes", () => {
  const lockout = new Lockout();
  for (let i = 0; i < 6; i++) lockout.failed(`2001:db8:1:2::${i}`, "ann", 0);
  assert.ok(lockout.leftMs("2001:db8:1:2:ffff::1", "ann", 0) > 0);
  assert.equal(lockout.leftMs("2001:db8:1:3::1", "ann", 0), 0);
});

Deno.test("lockout: what is remembered is bounded, the oldest is forgotten", () => {
  const lockout = new Lockout();
  for (let i = 0; i < 10; i++) lockout.failed("first", "ann", 0);
  for (let i = 0; i < 2000; i++) lockout.failed(`address ${i}`, `name ${i}`, 1);
  assert.equal(lockout.leftMs("first", "ann", 2), 0);
  lockout.succeeded("first", "ann");
  for (let i = 0; i < 2000; i++) lockout.succeeded(`address ${i}`, "bob");
  for (let i = 0; i < 30; i++) lockout.failed(`other ${i}`, "ann", 2);
  assert.ok(lockout.leftMs("first", "ann", 2) > 0, "also where somebody has logged in");
});

Deno.test("refusal book: the same attempts of a minute are one entry and a number", () => {
  const facts: AuditFact[] = [];
  let now = 0;
  const audit = {
    note: (fact: AuditFact) => {
      facts.push(fact);
      return Promise.resolve();
    },
  };
  const book = new RefusalBook(audit, { nowMicros: () => 0, monotonicMs: () => now });
  const fact = { who: "ann", from: "192.0.2.1", action: "auth.role", detail: "PUT /api/config" };
  for (let i = 0; i < 100; i++) book.note(fact);
  book.note({ ...fact, who: "bob" });
  assert.deepEqual(facts.map((f) => [f.who, f.outcome, f.detail]), [
    ["ann", "refused", "PUT /api/config"],
    ["bob", "refused", "PUT /api/config"],
  ]);
  now = 60_001;
  book.note(fact);
  assert.deepEqual(facts.slice(2).map((f) => [f.who, f.detail]), [
    ["ann", "PUT /api/config (99 times more)"],
    ["ann", "PUT /api/config"],
  ]);
  book.flush(Infinity);
  assert.equal(facts.length, 4, "nothing more to tell");
  // Ever other attempts: told one by one to a bound, counted beyond it.
  now += 60_001;
  for (let i = 0; i < 1000; i++) book.note({ ...fact, detail: `attempt ${i}` });
  assert.equal(facts.length, 34);
  book.note({ ...fact, from: "192.0.2.2" });
  assert.equal(facts.length, 35, "another address has room of its own");
  book.flush(Infinity);
  assert.deepEqual(facts.slice(35).map((f) => [f.from, f.detail]), [
    ["192.0.2.1", "attempts of further kinds were refused (970 times more)"],
  ]);
  for (let i = 0; i < 5000; i++) book.note({ ...fact, from: `address ${i}` });
  book.flush(Infinity);
  assert.ok(facts.length < 36 + 512 + 600, `${facts.length} entries of 5,000 addresses`);
  const counted = facts.slice(36).reduce(
    (sum, { detail }) => sum + Number(/\((\d+) times more\)/.exec(detail)?.[1] ?? 1),
    0,
  );
  assert.equal(counted, 5000, "none is lost");
});
