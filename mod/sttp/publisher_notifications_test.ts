import assert from "node:assert/strict";
import fc from "fast-check";
import { Command, Response } from "./constants.ts";
import { commandFrame, FrameSplitter, parseResponse } from "./framing.ts";
import { decodeNotification } from "./notify.ts";
import { PublisherSession } from "./publisher.ts";
import { FrameLog } from "./publisher_log.ts";
import { NotificationStore } from "./publisher_notifications.ts";
import { TestBooks, TestRights, testSignal } from "./publisher_testing.ts";

/** One connection of a subscriber and the notifications that it got, in its encoding. */
function connect(notifications: NotificationStore, encoding: "utf-8" | "utf-16le" = "utf-8") {
  const got: { readonly text: string; readonly hash: Uint8Array }[] = [];
  const codes: number[] = [];
  const splitter = new FrameSplitter({
    frame: (body) => {
      const { response, payload } = parseResponse(body);
      codes.push(response);
      if (response !== Response.Notify) return;
      got.push({ text: decodeNotification(payload, encoding).text, hash: payload.slice(0, 4) });
    },
  });
  const session = new PublisherSession({
    log: new FrameLog(4096),
    rights: new TestRights(),
    books: new TestBooks(),
    subscriberId: testSignal(9).id,
    queueBytes: 4096,
    nowMs: 0,
    notifications,
    events: {
      transmit: (bytes) => splitter.push(bytes),
      metadata: () => {},
      close: () => {},
      complain: () => {},
      note: () => {},
    },
  });
  const send = (command: number, payload: Uint8Array) =>
    session.receive(commandFrame(command, payload), 0);
  const hello = () =>
    send(
      Command.DefineOperationalModes,
      Uint8Array.of(0, 0, encoding === "utf-8" ? 2 : 0, 2),
    );
  const confirm = (hash: Uint8Array) => send(Command.ConfirmNotification, hash);
  const texts = () => got.map((n) => n.text);
  return { session, hello, confirm, got, texts, codes };
}

Deno.test("notifications: kept until confirmed, over connections, never twice within one", () => {
  const store = new NotificationStore();
  store.add("one");
  const first = connect(store);
  assert.deepEqual(first.texts(), [], "nothing before the session is validated");
  first.hello();
  assert.deepEqual(first.codes, [Response.Succeeded, Response.Notify]);
  store.add("two");
  first.session.sendNotifications();
  first.session.sendNotifications();
  first.hello();
  assert.deepEqual(first.texts(), ["one", "two"]);
  first.confirm(first.got[1]!.hash);
  first.confirm(first.got[1]!.hash);
  assert.deepEqual([store.size, store.confirmed], [1, 1]);
  first.session.end();
  store.add("three");
  first.session.sendNotifications();

  const second = connect(store, "utf-16le");
  second.hello();
  assert.deepEqual(second.texts(), ["one", "three"]);
  for (const { hash } of second.got) second.confirm(hash);
  const third = connect(store);
  third.hello();
  assert.deepEqual(third.texts(), []);
  assert.deepEqual([store.size, store.bytes, store.confirmed, store.dropped], [0, 0, 3, 0]);
});

Deno.test("notifications: two connections of a subscriber, either may confirm", () => {
  const store = new NotificationStore();
  const one = connect(store), two = connect(store);
  one.hello();
  two.hello();
  store.add("both");
  one.session.sendNotifications();
  two.session.sendNotifications();
  assert.deepEqual([one.texts(), two.texts()], [["both"], ["both"]]);
  two.confirm(one.got[0]!.hash);
  assert.equal(store.size, 0);
});

Deno.test("notifications: odd confirmations are ignored", () => {
  const store = new NotificationStore();
  store.add("one");
  const peer = connect(store);
  peer.hello();
  for (const bytes of [[], [0], [0, 0, 0], [9, 9, 9, 9], [0xff, 0xff, 0xff, 0xff]]) {
    peer.confirm(Uint8Array.from(bytes));
  }
  assert.equal(store.size, 1);
  peer.confirm(Uint8Array.of(...peer.got[0]!.hash, 1, 2, 3));
  assert.equal(store.size, 0);
  assert.deepEqual(peer.codes, [Response.Succeeded, Response.Notify]);
});

Deno.test("notifications: the oldest give way when there are too many or too much", () => {
  const store = new NotificationStore({ count: 3, bytes: 20 });
  for (const text of ["a", "b", "c", "d"]) store.add(text);
  assert.deepEqual([store.size, store.dropped], [3, 1]);
  store.add("eeeeeeee");
  assert.equal(store.add("f".repeat(11)), false);
  const peer = connect(store);
  peer.hello();
  assert.deepEqual(peer.texts(), ["c", "d", "eeeeeeee"]);
  assert.deepEqual([store.bytes, store.dropped], [20, 3]);
});

Deno.test("notifications: hashes differ, and their bytes are below 0x80", () => {
  const store = new NotificationStore({ count: 40_000 });
  for (let i = 0; i < 40_000; i++) store.add("");
  const hashes = new Set<number>();
  store.sendAfter(0, ({ hash }) => {
    hashes.add(hash);
    assert.equal(hash & 0x80808080, 0);
  });
  assert.equal(hashes.size, 40_000);
});

Deno.test("notifications: whatever is added and confirmed, bounds hold and all is accounted for", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string({ maxLength: 30 }), fc.nat({ max: 40 })), { maxLength: 60 }),
      (steps) => {
        const store = new NotificationStore({ count: 5, bytes: 100 });
        for (const step of steps) {
          if (typeof step === "string") store.add(step);
          else store.confirm(step);
          assert.ok(store.size <= 5 && store.bytes <= 100);
          assert.equal(store.added, store.size + store.confirmed + store.dropped);
        }
      },
    ),
  );
});
