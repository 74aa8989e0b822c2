import assert from "node:assert/strict";
import { Command, Response } from "./constants.ts";
import { TestPeer } from "./publisher_testing.ts";

/** A peer whose session works on what it is asked for only when told to. */
function slowPeer(): TestPeer {
  const peer = new TestPeer();
  peer.rights.grant([0, 1, 2], [0, 1, 2]);
  peer.hello();
  peer.rights.steps = 50;
  peer.autoWork = false;
  return peer;
}

/** Answers to Subscribe and Unsubscribe so far. */
function answers(peer: TestPeer): string[] {
  return peer.texts
    .filter(({ command }) => command === Command.Subscribe || command === Command.Unsubscribe)
    .map(({ response, text }) => `${response === Response.Succeeded ? "yes" : "no"}: ${text}`);
}

const handlesOf = (peer: TestPeer) => peer.take().map(({ handle }) => handle);

Deno.test("a subscription is worked on in steps, and answered when it begins", () => {
  const peer = slowPeer();
  peer.subscribe("0,1");
  assert.equal(peer.session.isWorking, true);
  assert.deepEqual(answers(peer), []);
  assert.equal(peer.caches.length, 0);
  let steps = 0;
  while (peer.work()) steps++;
  assert.ok(steps > 30, `${steps} steps`);
  assert.equal(answers(peer).length, 1);
  peer.publish([0, 1, 2], 1, 10);
  peer.session.pump(65_536);
  assert.deepEqual(handlesOf(peer), [0, 1]);
});

Deno.test("data of the subscription before go on until the next one begins", () => {
  const peer = slowPeer();
  peer.subscribe("0");
  while (peer.work());
  peer.subscribe("1,2");
  for (let second = 1; peer.session.isWorking; second++) {
    peer.publish([0, 1, 2], second, 10);
    peer.session.pump(65_536);
    assert.deepEqual(handlesOf(peer), [0]);
    peer.work();
  }
  peer.publish([0, 1, 2], 1000, 10);
  peer.session.pump(65_536);
  assert.deepEqual(handlesOf(peer), [1, 2]);
  peer.session.end();
  assert.deepEqual(peer.books.unbalanced(), []);
});

Deno.test("a later command takes the place of a Subscribe that is being worked on", () => {
  const peer = slowPeer();
  peer.subscribe("0");
  peer.work();
  peer.subscribe("1");
  peer.work();
  peer.send(Command.Unsubscribe);
  assert.equal(peer.session.isWorking, false);
  peer.subscribe("2");
  while (peer.work());
  assert.deepEqual(answers(peer), [
    "no: Another subscription was asked for before this one began.",
    "no: The subscription was ended before it began.",
    "yes: Client unsubscribed.",
    "yes: Client subscribed using TSSC compression over TCP with 1 signals.",
  ]);
  peer.publish([0, 1, 2], 1, 10);
  peer.session.pump(65_536);
  assert.deepEqual(handlesOf(peer), [2]);
});

Deno.test("a Subscribe that is refused leaves the subscription before, which follows what has changed", () => {
  const peer = slowPeer();
  peer.subscribe("all");
  while (peer.work());
  peer.rights.grant([0, 1], [0, 1, 2]);
  peer.refresh();
  assert.equal(peer.session.isWorking, true);
  peer.subscribe("bad");
  while (peer.work());
  assert.deepEqual(answers(peer).slice(1), ["no: Cannot parse the filter"]);
  assert.equal(peer.caches.at(-1)!.cache.records.length, 2);
});

Deno.test("rights that change while a cache is made are followed up", () => {
  const peer = slowPeer();
  peer.subscribe("all");
  peer.work();
  peer.rights.grant([0, 1], [0, 1, 2, 3]);
  peer.refresh();
  peer.rights.grant([0, 1, 2, 3], [0, 1, 2, 3]);
  peer.refresh();
  while (peer.work());
  assert.equal(peer.caches.at(-1)!.cache.records.length, 4);
});

Deno.test("a session that ends works no more", () => {
  const peer = slowPeer();
  peer.subscribe("all");
  peer.session.end();
  assert.equal(peer.session.isWorking, false);
  assert.equal(peer.session.work(), false);
  assert.deepEqual(answers(peer), []);
});
