import assert from "node:assert/strict";
import { type CappedConnection, UnsentCap } from "./unsent_cap.ts";

class Wire implements CappedConnection {
  held = false;
  gone = "";
  constructor(readonly name: string, public waitingBytes: number) {}
  destroy(reason: string): void {
    this.gone = reason;
  }
}

Deno.test("UnsentCap: holds the largest back first, ends it after a second, and lets the others be", () => {
  const cap = new UnsentCap(1000);
  const large = new Wire("large", 700),
    middle = new Wire("middle", 200),
    small = new Wire("small", 10);
  let all = [small, large, middle];
  cap.check(all, 0);
  assert.deepEqual(all.map((w) => w.held), [false, false, false]);
  assert.equal(cap.totalBytes, 910);
  assert.equal(cap.tight, true);
  middle.waitingBytes = 400;
  cap.check(all, 50);
  assert.deepEqual(all.map((w) => w.held), [false, true, false]);
  middle.waitingBytes = 500;
  cap.check(all, 100);
  assert.deepEqual(all.map((w) => w.held), [false, true, true]);
  assert.equal(cap.heldBack, 2);
  cap.check([large, middle], 1000);
  assert.equal(cap.disconnected, 0);
  cap.check([large, middle], 1050);
  assert.equal(cap.disconnected, 1);
  assert.match(large.gone, /more than 1000/);
  all = [small, middle];
  cap.check(all, 1060);
  assert.equal(middle.held, false, "it fits again");
  assert.equal(middle.gone, "");
  assert.equal(small.gone, "");
});

Deno.test("UnsentCap: one that reads again is let go before anybody is ended", () => {
  const cap = new UnsentCap(1000);
  const large = new Wire("large", 1500);
  cap.check([large], 0);
  assert.equal(large.held, true);
  large.waitingBytes = 900;
  cap.check([large], 900);
  assert.equal(large.held, true, "until there is some room");
  large.waitingBytes = 1100;
  cap.check([large], 1500);
  assert.equal(large.gone, "", "the second begins anew");
  large.waitingBytes = 0;
  cap.check([large], 1600);
  assert.equal(large.held, false);
  assert.equal(cap.tight, false);
});

Deno.test("UnsentCap: many that exceed it together are ended one by one until the rest fits", () => {
  const cap = new UnsentCap(1000);
  let all = Array.from({ length: 10 }, (_, i) => new Wire(`${i}`, 200 + i));
  for (let nowMs = 0; nowMs < 5000; nowMs += 50) {
    cap.check(all, nowMs);
    all = all.filter((w) => w.gone === "");
  }
  assert.deepEqual(all.map((w) => w.name), ["0", "1", "2", "3"]);
  assert.equal(cap.disconnected, 6);
});
