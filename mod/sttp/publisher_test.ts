import assert from "node:assert/strict";
import { Command, Response } from "./constants.ts";
import { commandFrame } from "./framing.ts";
import { FilterReason } from "./publisher_books.ts";
import { TestPeer } from "./publisher_testing.ts";
import { encodeText } from "./text.ts";

const ROOM = 1 << 20;
const TICKS_1970 = 621355968000000000n;

/** A peer that is validated and has rights to signals 0 to 3 of 0 to 5. */
function validated(options: ConstructorParameters<typeof TestPeer>[0] = {}): TestPeer {
  const peer = new TestPeer(options);
  peer.rights.grant([0, 1, 2, 3], [0, 1, 2, 3, 4, 5]);
  peer.hello();
  return peer;
}

function assertBalanced(peer: TestPeer): void {
  assert.deepEqual(peer.books.unbalanced(), []);
}

for (const version of [1, 2, 3]) {
  for (const [format, bits] of [["TSSC", 0xe0000260], ["compact", 0xc0000220]] as const) {
    Deno.test(`PublisherSession: version ${version}, ${format}: values arrive as they were sent`, () => {
      const peer = new TestPeer({ version });
      peer.rights.grant([0, 1, 2, 3], [0, 1, 2, 3, 4, 5]);
      peer.hello(bits);
      peer.subscribe("all");
      assert.equal(peer.texts.at(-1)!.response, Response.Succeeded);
      assert.match(peer.texts.at(-1)!.text, new RegExp(`${format}.* 4 signals`));
      for (let n = 0; n < 50; n++) peer.publish([5, 3, 0], 1_700_000_000 + n, n / 4);
      peer.session.pump(ROOM);
      const got = peer.take();
      assert.equal(got.length, 100);
      assert.equal(peer.codes.filter((c) => c === Response.DataStartTime).length, 1);
      assert.ok(
        peer.codes.indexOf(Response.DataStartTime) < peer.codes.indexOf(Response.DataPacket),
      );
      got.forEach((m, i) => {
        const n = i >> 1, handle = i % 2 === 0 ? 3 : 0;
        assert.equal(m.handle, handle);
        assert.equal(m.value, n / 4 + handle);
        assert.equal(m.ticks, TICKS_1970 + BigInt(1_700_000_000 + n) * 10_000_000n);
        if (format === "TSSC") assert.equal(m.flags, handle);
      });
      assert.equal(peer.gaps, 0);
      assert.equal(peer.books.sentTotal, 100);
      assertBalanced(peer);
    });
  }
}

Deno.test("PublisherSession: unauthorised signals are listed only when asked for by name", () => {
  const peer = validated();
  peer.subscribe("0,4,5");
  assert.equal(peer.caches[0]!.cache.records.length, 1);
  assert.equal(peer.caches[0]!.cache.unauthorized.length, 2);
  peer.subscribe("all");
  assert.equal(peer.caches[1]!.cache.unauthorized.length, 0);
});

Deno.test("PublisherSession: caches alternate, versions 2 and 3 send no data before the confirmation", () => {
  const peer = validated({ version: 3 });
  peer.autoConfirm = false;
  peer.subscribe("all");
  peer.publish([0, 1], 1, 10);
  peer.session.pump(ROOM);
  assert.deepEqual(peer.take(), []);
  assert.equal(peer.books.filteredBy[FilterReason.NoCache], 2);
  peer.confirm();
  peer.publish([0, 1], 2, 10);
  peer.session.pump(ROOM);
  assert.equal(peer.take().length, 2);
  peer.subscribe("0");
  peer.confirm();
  peer.subscribe("1");
  peer.confirm();
  assert.deepEqual(peer.caches.map((c) => c.cacheIndex), [0, 1, 0]);
  assertBalanced(peer);
});

Deno.test("PublisherSession: revoked signals are withheld at once, queued frames included, whatever is confirmed", () => {
  const peer = validated();
  peer.subscribe("all");
  peer.publish([0, 1, 2, 3], 1, 0);
  peer.rights.grant([0, 1]); // no refresh, no confirmation: only the version has changed
  peer.session.pump(ROOM);
  assert.deepEqual(peer.take().map((m) => m.handle), [0, 1]);
  assert.equal(peer.books.filteredBy[FilterReason.Rights], 2);
  peer.autoConfirm = false;
  peer.refresh();
  assert.equal(peer.caches.at(-1)!.cache.records.length, 2);
  peer.publish([0, 1, 2, 3], 2, 0);
  peer.session.pump(ROOM);
  assert.deepEqual(peer.take().map((m) => m.handle), [0, 1]);
  assert.equal(peer.gaps, 0);
  assertBalanced(peer);
});

Deno.test("PublisherSession: granted signals join a running filter subscription through a new cache", () => {
  const peer = validated();
  peer.subscribe("all");
  peer.autoConfirm = false;
  peer.rights.grant([0, 4]);
  peer.refresh();
  peer.publish([0, 1, 4], 1, 0);
  peer.session.pump(ROOM);
  assert.deepEqual(peer.take().map((m) => m.handle), [0], "in the old cache and permitted");
  peer.confirm();
  peer.publish([0, 1, 4], 2, 0);
  peer.session.pump(ROOM);
  assert.deepEqual(peer.take().map((m) => m.handle), [0, 4]);
  assert.equal(peer.gaps, 0);
  assertBalanced(peer);
});

Deno.test("PublisherSession: a change while a cache is unconfirmed waits its turn", () => {
  const peer = validated();
  peer.autoConfirm = false;
  peer.subscribe("all");
  peer.rights.grant([0, 1]);
  peer.refresh();
  peer.rights.grant([0, 5]);
  peer.refresh();
  peer.refresh();
  assert.equal(peer.caches.length, 1);
  peer.confirm();
  assert.equal(peer.caches.length, 2);
  assert.deepEqual(peer.caches[1]!.cache.records.map((r) => Number(r.id)), [1, 6]);
  peer.confirm();
  assert.equal(peer.caches.length, 2);
});

Deno.test("PublisherSession: a stalled client loses its oldest frames, counted, and no sequence number", () => {
  const peer = validated({ queueBytes: 2000 });
  peer.subscribe("all");
  peer.publish([0, 1], 1, 0);
  peer.session.pump(ROOM);
  for (let n = 2; n < 500; n++) {
    peer.publish([0, 1], n, n);
    peer.session.pump(0); // the connection has no room
  }
  assert.ok(peer.session.status().queuedBytes <= 2000);
  peer.session.pump(ROOM);
  const got = peer.take();
  assert.equal(peer.gaps, 0);
  assert.equal(got.at(-1)!.value, 500);
  assert.equal(peer.books.droppedBy[0], 2 * 499 - got.length);
  assert.ok(peer.books.droppedBy[0]! > 0);
  assertBalanced(peer);
});

Deno.test("PublisherSession: a pump stops near its room, goes on later, and cuts packets at their limit", () => {
  const peer = validated({ logBytes: 8 << 20, queueBytes: 8 << 20 });
  const many = Array.from({ length: 4000 }, (_, i) => i);
  peer.rights.grant(many, many);
  peer.subscribe("all");
  for (let n = 0; n < 40; n++) peer.publish(many, n + 1, Math.PI * n);
  const first = peer.session.pump(20_000);
  assert.ok(first >= 20_000 && first < 60_000, `${first}`);
  assert.ok(peer.session.status().queuedFrames > 0);
  while (peer.session.pump(20_000) > 0);
  const got = peer.take();
  assert.equal(got.length, 160_000);
  assert.equal(peer.gaps, 0);
  got.forEach((m, i) => {
    const value = Math.fround(Math.PI * Math.floor(i / 4000) + i % 4000);
    assert.equal(m.value, value);
  });
  assertBalanced(peer);
});

Deno.test("PublisherSession: NaN values are left out on request, in both formats", () => {
  for (const bits of [0xe0000260, 0xc0000220]) {
    const peer = new TestPeer();
    peer.rights.grant([0, 1], [0, 1]);
    peer.hello(bits);
    peer.subscribe("all", "requestNaNValueFilter=true");
    peer.publish([0, 1], 1, NaN);
    peer.publish([0, 1], 2, 1);
    peer.session.pump(ROOM);
    assert.deepEqual(peer.take().map((m) => m.value), [1, 2]);
    assert.equal(peer.books.filteredBy[FilterReason.Nan], 2);
    assertBalanced(peer);
  }
});

Deno.test("PublisherSession: throttled: the latest value per signal, again and again, booked once", () => {
  const peer = validated();
  peer.subscribe("all", "throttled=true;publishInterval=1");
  peer.publish([0, 1], 1, 10);
  peer.publish([0, 1], 2, 20);
  peer.publish([1, 2], 3, 30);
  peer.session.pump(ROOM);
  assert.deepEqual(peer.take(), []);
  peer.advance(1000);
  assert.deepEqual(peer.take().map((m) => [m.handle, m.value]), [[0, 20], [1, 31], [2, 32]]);
  assert.equal(peer.books.filteredBy[FilterReason.Throttled], 3);
  assert.equal(peer.books.sentTotal, 3);
  peer.advance(1000);
  assert.equal(peer.take().length, 3);
  assert.equal(peer.books.sentTotal, 3);
  peer.rights.grant([0]);
  peer.advance(1000);
  assert.deepEqual(peer.take().map((m) => m.handle), [0]);
  peer.publish([0, 1], 4, 40);
  peer.session.end();
  assert.equal(peer.books.queuedTotal, 0);
  assertBalanced(peer);
});

Deno.test("PublisherSession: throttled with a reasonability check: bad times are marked", () => {
  const peer = validated();
  peer.nowMicros = 1e9 * 1e6;
  peer.subscribe("all", "throttled=1;enableTimeReasonabilityCheck=1;lagTime=5;leadTime=5");
  peer.publish([0], 1e9, 1);
  peer.publish([1], 1e9 - 60, 1);
  peer.publish([2], 1e9 + 60, 1);
  peer.advance(1000);
  assert.deepEqual(
    peer.take().map((m) => [m.handle, m.value, m.flags]),
    [[0, 1, 0], [1, NaN, 0x10001], [2, NaN, 0x10002]],
  );
});

for (
  const [resolution, ms, periodMs] of [["ticks", "false", 420_000], ["ms", "true", 60_000]] as const
) {
  Deno.test(`PublisherSession: base times rotate, ${resolution}`, () => {
    const peer = new TestPeer();
    peer.rights.grant([0], [0]);
    peer.hello(0xc0000220);
    peer.subscribe("all", `useMillisecondResolution=${ms}`);
    peer.format = { ...peer.format, millisecondResolution: ms === "true" };
    const ticks: bigint[] = [];
    for (let n = 0; n < 5; n++) {
      const second = 1_700_000_000 + n * periodMs / 1000;
      for (const k of [0, 1, 2]) {
        peer.publish([0], second + k, n);
        ticks.push(TICKS_1970 + BigInt(second + k) * 10_000_000n);
      }
      peer.session.pump(ROOM);
      peer.advance(periodMs);
    }
    assert.deepEqual(peer.take().map((m) => m.ticks), ticks);
    assert.equal(peer.codes.filter((c) => c === Response.UpdateBaseTimes).length, 5);
    const python = new TestPeer();
    python.rights.grant([0], [0]);
    python.hello(0xc0000220);
    python.subscribe("all", "assemblyInfo={source=STTP Python Library;version=0.7.4}");
    python.publish([0], 1_700_000_000, 0);
    python.session.pump(ROOM);
    python.advance(1e6);
    assert.ok(!python.codes.includes(Response.UpdateBaseTimes));
    assert.ok(python.complaints.includes("pythonCompact"));
  });
}

Deno.test("PublisherSession: without includeTime compact packets carry no time", () => {
  const peer = new TestPeer();
  peer.rights.grant([0], [0]);
  peer.hello(0xc0000220);
  peer.subscribe("all", "includeTime=false");
  peer.format = { ...peer.format, includeTime: false };
  peer.publish([0], 1_700_000_000, 2);
  peer.session.pump(ROOM);
  assert.deepEqual(peer.take(), [{ handle: 0, value: 2, flags: 0, ticks: 0n }]);
});

Deno.test("PublisherSession: unsubscribe stops data, subscribing anew starts afresh", () => {
  const peer = validated();
  peer.subscribe("all");
  peer.publish([0], 1, 1);
  peer.session.pump(ROOM);
  peer.publish([0], 2, 2);
  peer.send(Command.Unsubscribe);
  peer.publish([0], 3, 3);
  peer.session.pump(ROOM);
  assert.deepEqual(peer.take().map((m) => m.value), [1]);
  assert.equal(peer.texts.at(-1)!.command, Command.Unsubscribe);
  peer.subscribe("all");
  peer.publish([0], 4, 4);
  peer.session.pump(ROOM);
  assert.deepEqual(peer.take().map((m) => m.value), [4]);
  peer.send(Command.Unsubscribe);
  peer.send(Command.Unsubscribe);
  assert.equal(peer.books.droppedBy[3], 1);
  assert.equal(peer.gaps, 0);
  assertBalanced(peer);
});

Deno.test("PublisherSession: NoOP every five seconds from the start", () => {
  const peer = new TestPeer();
  for (let t = 0; t < 21_000; t += 100) peer.advance(100);
  assert.deepEqual(peer.codes, [Response.NoOp, Response.NoOp, Response.NoOp, Response.NoOp]);
});

Deno.test("PublisherSession: metadata requests are answered in order, at most four wait", () => {
  const peer = validated();
  const text = encodeText("FILTER MeasurementDetail WHERE True", "utf-8");
  const payload = new Uint8Array(4 + text.length);
  payload[3] = text.length;
  payload.set(text, 4);
  peer.send(Command.MetadataRefresh, payload);
  peer.send(Command.MetadataRefresh);
  assert.equal(peer.requests.length, 1);
  assert.deepEqual(peer.requests[0], {
    filter: "FILTER MeasurementDetail WHERE True",
    encoding: "utf-8",
    gzip: true,
    external: true,
    internal: true,
  });
  peer.session.answerMetadata(encodeText("one", "utf-8"));
  assert.equal(peer.requests.length, 2);
  assert.equal(peer.requests[1]!.filter, "");
  peer.session.refuseMetadata("no");
  assert.deepEqual(peer.texts.slice(-2).map((t) => [t.response, t.text]), [
    [Response.Succeeded, "one"],
    [Response.Failed, "no"],
  ]);
  for (let i = 0; i < 5; i++) peer.send(Command.MetadataRefresh);
  assert.match(peer.texts.at(-1)!.text, /still being prepared/);
  const overlong = new Uint8Array(8);
  overlong[0] = 0x80;
  const other = validated();
  other.send(Command.MetadataRefresh, overlong);
  assert.equal(other.requests[0]!.filter, "");
});

Deno.test("PublisherSession: ConfigurationChanged goes to validated clients only", () => {
  const peer = new TestPeer();
  peer.session.announceConfiguration();
  assert.deepEqual(peer.codes, []);
  peer.hello();
  peer.session.announceConfiguration();
  assert.equal(peer.codes.at(-1), Response.ConfigurationChanged);
});

const REFUSED: [string, (peer: TestPeer) => void, number, RegExp][] = [
  ["UDP", (p) => p.subscribe("all", "dataChannel={localport=9000}"), Command.Subscribe, /UDP/],
  [
    "temporal",
    (p) => p.subscribe("all", "startTimeConstraint=*-5m"),
    Command.Subscribe,
    /[Tt]emporal/,
  ],
  ["bad filter", (p) => p.subscribe("bad"), Command.Subscribe, /filter/],
  ["1 MB filter", (p) => p.subscribe("0,".repeat(500_000)), Command.Subscribe, /at most 524288/],
  ["no connection string", (p) => p.send(Command.Subscribe), Command.Subscribe, /./],
  [
    "synchronised",
    (p) => p.send(Command.Subscribe, Uint8Array.of(1, 0, 0, 0, 0)),
    Command.Subscribe,
    /synchron/,
  ],
  [
    "processing interval",
    (p) => p.send(Command.UpdateProcessingInterval, new Uint8Array(4)),
    5,
    /[Tt]emporal/,
  ],
  ["cipher keys", (p) => p.send(Command.RotateCipherKeys), 4, /UDP/],
  ["user command", (p) => p.send(0xd3), 0xd3, /User command 0xD3/],
  ["unknown command", (p) => p.send(0x77), 0x77, /0x77 is unknown/],
  ["schema", (p) => p.send(Command.GetPrimaryMetadataSchema), 0x0c, /Schemas/],
];
for (const [name, act, command, expected] of REFUSED) {
  Deno.test(`PublisherSession: ${name} is refused in words, and the session goes on`, () => {
    const peer = validated();
    peer.subscribe("all");
    act(peer);
    assert.equal(peer.texts.at(-1)!.response, Response.Failed);
    assert.equal(peer.texts.at(-1)!.command, command);
    assert.match(peer.texts.at(-1)!.text, expected);
    assert.equal(peer.closed, undefined);
    peer.publish([0], 1, 7);
    peer.session.pump(ROOM);
    assert.deepEqual(
      peer.take().map((m) => m.value),
      [7],
      "the subscription before stays in force",
    );
  });
}

Deno.test("PublisherSession: port 0 means no UDP, confirmations of nothing are ignored", () => {
  const peer = validated();
  for (const command of [7, 8, 9, 10, 11]) peer.send(command);
  assert.equal(peer.texts.length, 1);
  peer.subscribe("all", "dataChannel={localport=0}");
  assert.equal(peer.texts.at(-1)!.response, Response.Succeeded);
});

const BROKEN: [string, Uint8Array, RegExp][] = [
  [
    "a command before the modes",
    commandFrame(Command.Subscribe),
    /expected DefineOperationalModes/,
  ],
  ["a length of 2^31", Uint8Array.of(0x80, 0, 0, 0, 6), /at most 8197/],
  ["a length of 8198 before validation", Uint8Array.of(0, 0, 0x20, 6, 6), /at most 8197/],
  ["version 4", commandFrame(6, Uint8Array.of(0, 0, 2, 4)), /version 4/],
  ["truncated modes", commandFrame(6, Uint8Array.of(0, 0)), /operational modes/],
];
for (const [name, bytes, expected] of BROKEN) {
  Deno.test(`PublisherSession: ${name} ends the session`, () => {
    const peer = new TestPeer();
    peer.sendRaw(bytes);
    assert.match(peer.closed!, expected);
    assert.equal(peer.complaints.length >= 1, true);
    peer.hello();
    assert.equal(peer.session.status().state, "ended");
    assert.equal(peer.codes.includes(Response.Succeeded), false);
  });
}

Deno.test("PublisherSession: after validation a length of 2^31 ends the session too", () => {
  const peer = validated();
  peer.sendRaw(Uint8Array.of(0x80, 0, 0, 0));
  assert.match(peer.closed!, /found 2147483648/);
});

Deno.test("PublisherSession: floods of work are refused, floods of commands end the session", () => {
  const peer = validated();
  for (let i = 0; i < 30; i++) peer.subscribe("0");
  assert.match(peer.texts.at(-1)!.text, /Too many requests/);
  peer.advance(5000);
  peer.subscribe("0");
  assert.equal(peer.texts.at(-1)!.response, Response.Succeeded);
  for (let i = 0; i < 3000; i++) peer.send(0x0b);
  assert.match(peer.closed!, /hundreds of commands/);
  assert.equal(peer.books.queuedTotal, 0);
});

Deno.test("PublisherSession: commands may come byte by byte", () => {
  const peer = new TestPeer();
  peer.rights.grant([0], [0]);
  const hello = commandFrame(6, Uint8Array.of(0xe0, 0, 2, 0x62));
  for (const byte of hello) peer.sendRaw(Uint8Array.of(byte));
  assert.equal(peer.session.status().state, "validated");
});
