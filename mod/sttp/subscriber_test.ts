import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteWriter } from "../core/mod.ts";
import { encodeBaseTimes, encodeDataStartTime, noBaseTimes } from "./base_times.ts";
import { encodeBufferBlock } from "./buffer_block.ts";
import { encodeCipherKeys, encryptDataPacket } from "./cipher_keys.ts";
import { parseSubscriptionRequest } from "./connection_string.ts";
import { Command, Response } from "./constants.ts";
import { responseFrame } from "./framing.ts";
import { encodeMetadata } from "./metadata_writer.ts";
import { encodeNotification } from "./notify.ts";
import { clientModes } from "./operational_modes.ts";
import { Bench, compactPacket, GUIDS, T_HI } from "./subscriber_testing.ts";
import { TsscEncoder } from "./tssc_encoder.ts";

const metadata = (acronym: string) =>
  encodeMetadata({
    name: "DataSet",
    tables: [{ name: "T", columns: [{ name: "A", type: "string" }], rows: [[acronym]] }],
  }, { encoding: "utf-8", gzip: true });

Deno.test("the default course of a session (4.3)", () => {
  const b = new Bench({ metadata: true }).start();
  assert.deepEqual([...b.sent[0]!], [0, 0, 0, 5, 6, 0xe0, 0, 2, 0x62]);
  assert.deepEqual(b.commands(), [Command.DefineOperationalModes]);
  b.say(Response.NoOp, Command.Subscribe);
  assert.equal(b.session.state, "connecting");
  b.ok(Command.DefineOperationalModes, "hello");
  assert.deepEqual(b.commands(), [Command.MetadataRefresh]);
  b.ok(Command.MetadataRefresh, metadata("A"));
  const request = parseSubscriptionRequest(b.sent[0]!.subarray(5), "utf-8");
  assert.equal(request.filterExpression, "PPA:1;PPA:2");
  assert.deepEqual(b.commands(), [Command.Subscribe]);
  b.cache(0, GUIDS);
  b.ok(Command.Subscribe, "3 signals");
  assert.deepEqual(b.commands(), [Command.ConfirmUpdateSignalIndexCache]);
  b.say(Response.DataStartTime, Command.Subscribe, encodeDataStartTime(1, 2));
  b.tssc(new TsscEncoder(), 0, 5, 77);
  assert.deepEqual(b.got, [[GUIDS[0], 5, 1, 77]]);
  assert.deepEqual(b.tellings(), [
    "accepted hello",
    "metadata 1 true",
    "cache 0 3",
    "subscribed 3 signals",
    "startTime 1 2",
  ]);
  assert.equal(b.session.state, "subscribed");
  b.session.unsubscribe();
  b.tssc(new TsscEncoder(), 0, 5, 77);
  assert.deepEqual([b.commands(), b.got.length], [[Command.Unsubscribe], 1]);
  b.ok(Command.Unsubscribe, "bye");
  assert.deepEqual(b.tellings(), ["succeeded 3 bye"]);
});

Deno.test("data follow the cache that the packet names, each with its own decoder (6.4)", () => {
  const b = new Bench().subscribe();
  const old = new TsscEncoder(), fresh = new TsscEncoder();
  b.tssc(old, 0, 1, 10);
  b.cache(1, [GUIDS[2]!]);
  b.tssc(old, 0, 2, 11);
  b.tssc(fresh, 1, 3, 12);
  assert.deepEqual(b.got.map(([id, , , bits]) => [id, bits]), [
    [GUIDS[0], 10],
    [GUIDS[0], 11],
    [GUIDS[2], 12],
  ]);
  assert.deepEqual(b.commands(), [Command.ConfirmUpdateSignalIndexCache]);
});

Deno.test("protocol version 1 has one cache and no confirmation", () => {
  const b = new Bench({ modes: clientModes(1) }).subscribe();
  b.tssc(new TsscEncoder(), 0, 1, 10);
  b.cache(0, [GUIDS[2]!]);
  b.tssc(new TsscEncoder(), 0, 1, 11);
  assert.deepEqual(b.got.map(([id]) => id), [GUIDS[0], GUIDS[2]]);
  assert.deepEqual(b.commands(), []);
});

Deno.test("a publisher that never sets the cache flag (13.4)", () => {
  const strict = new Bench().subscribe(1);
  strict.tssc(new TsscEncoder(), 0, 1, 10);
  strict.tssc(new TsscEncoder(), 0, 1, 10);
  assert.deepEqual([strict.tellings(), strict.session.counters.withoutCache], [
    ["complain cache"],
    2,
  ]);
  const tolerant = new Bench({ useNewestCache: true }).subscribe(1);
  tolerant.tssc(new TsscEncoder(), 0, 1, 10);
  assert.equal(tolerant.got.length, 1);
});

Deno.test("compact measurements, base times, keys", () => {
  const b = new Bench().subscribe();
  b.say(Response.DataPacket, Command.Subscribe, compactPacket(1));
  const times = noBaseTimes();
  [times.hi[0], times.lo[0]] = [T_HI, 100];
  b.say(Response.UpdateBaseTimes, Command.Subscribe, encodeBaseTimes(times));
  const short = new ByteWriter().u8(2).u32(1).u8(0x40).u32(1).u32(2).u32(11).bytes();
  b.say(Response.DataPacket, Command.Subscribe, short);
  const keys = {
    activeIndex: 0,
    even: { key: new Uint8Array(32), iv: new Uint8Array(16) },
    odd: { key: new Uint8Array(32).fill(1), iv: new Uint8Array(16) },
  } as const;
  b.say(Response.UpdateCipherKeys, Command.Subscribe, encodeCipherKeys(keys));
  const encrypted = encryptDataPacket(compactPacket(3), keys, 1);
  b.say(Response.DataPacket, Command.Subscribe, encrypted);
  b.say(Response.DataPacket, Command.Subscribe, compactPacket(4)); // in clear: dropped
  assert.deepEqual(b.got, [[GUIDS[0], 7, 0, 1], [GUIDS[1], 111, 0, 2], [GUIDS[0], 7, 0, 3]]);
  const datagram = responseFrame(Response.DataPacket, Command.Subscribe, encrypted).subarray(4);
  b.session.receiveDatagram(datagram, b.nowMs);
  b.session.receiveDatagram(datagram.subarray(0, 20), b.nowMs);
  b.session.receiveDatagram(new Uint8Array(3), b.nowMs);
  b.session.receiveDatagram(responseFrame(Response.Succeeded, 2).subarray(4), b.nowMs);
  assert.equal(b.got.length, 4);
  const { undecodable, ignored } = b.session.counters;
  assert.deepEqual([undecodable, ignored, b.session.state], [3, 1, "subscribed"]);
});

Deno.test("buffer blocks and notifications are put in order and confirmed (11.1, 11.2)", () => {
  const b = new Bench().subscribe();
  const block = (sequence: number) => {
    const data = Uint8Array.of(sequence);
    const payload = encodeBufferBlock({ sequence, cacheIndex: 0, signalIndex: 1, data }, 2);
    b.say(Response.BufferBlock, Command.Subscribe, payload);
  };
  for (const sequence of [0, 2, 2, 1, 0]) block(sequence);
  assert.deepEqual(b.tellings(), [0, 1, 2].map((n) => `block 1 ${n} ${GUIDS[1]}`));
  assert.deepEqual(b.sent.splice(0).map((f) => [f[4], f[8]]), [0, 2, 2, 1, 0].map((n) => [8, n]));
  for (let i = 0; i < 300; i++) block(10 + i); // never in order: no more than 256 are kept
  assert.equal(b.sent.splice(0).length, 256);
  const notice = encodeNotification({ hash: 0x01020304, text: "hello" }, "utf-8");
  b.say(Response.Notify, Command.Subscribe, notice);
  assert.deepEqual([...b.sent[0]!], [0, 0, 0, 5, 7, 1, 2, 3, 4]);
  assert.deepEqual(b.tellings(), ["notification hello"]);
});

Deno.test("a change of configuration asks for metadata, and subscribes anew on a change (11.3)", () => {
  const b = new Bench({ metadata: true, metadataFilter: "FILTER T WHERE True" }).start();
  b.ok(Command.DefineOperationalModes);
  b.ok(Command.MetadataRefresh, metadata("A"));
  b.ok(Command.Subscribe);
  b.commands();
  for (let i = 0; i < 100; i++) b.say(Response.ConfigurationChanged, Command.Subscribe);
  b.later(1000);
  b.later(100);
  assert.equal(new TextDecoder().decode(b.sent[0]!.subarray(9)), "FILTER T WHERE True");
  assert.deepEqual(b.commands(), [Command.MetadataRefresh]);
  b.ok(Command.MetadataRefresh, metadata("A"));
  assert.deepEqual(b.commands(), []);
  b.say(Response.ConfigurationChanged, Command.Subscribe);
  b.later(1000);
  b.ok(Command.MetadataRefresh, metadata("B"));
  assert.deepEqual(b.commands(), [Command.MetadataRefresh, Command.Subscribe]);
  b.ok(Command.MetadataRefresh, metadata("C"));
  assert.equal(b.session.counters.ignored, 1, "nobody asked for it");
});

Deno.test("a change while metadata are awaited asks again once they have come", () => {
  const b = new Bench({ metadata: true }).start();
  b.ok(Command.DefineOperationalModes);
  b.ok(Command.MetadataRefresh, metadata("A"));
  b.ok(Command.Subscribe);
  b.commands();
  b.say(Response.ConfigurationChanged, Command.Subscribe);
  b.later(1000);
  b.say(Response.ConfigurationChanged, Command.Subscribe);
  b.later(5000);
  assert.deepEqual(b.commands(), [Command.MetadataRefresh], "one is under way");
  b.ok(Command.MetadataRefresh, metadata("A"));
  b.later(100);
  assert.deepEqual(b.commands(), [Command.MetadataRefresh], "it may be older than the change");
  b.ok(Command.MetadataRefresh, metadata("A"));
  b.later(5000);
  assert.deepEqual(b.commands(), []);
  assert.equal(b.session.counters.ignored, 0);
});

Deno.test("a publisher that hands over caches itself is not subscribed to anew", () => {
  const b = new Bench({ metadata: true }).start();
  b.ok(Command.DefineOperationalModes);
  b.ok(Command.MetadataRefresh, metadata("A"));
  b.cache(0, GUIDS);
  b.ok(Command.Subscribe);
  b.cache(1, GUIDS.slice(0, 2));
  b.commands();
  b.say(Response.ConfigurationChanged, Command.Subscribe);
  b.later(1000);
  b.ok(Command.MetadataRefresh, metadata("B"));
  assert.deepEqual(b.commands(), [Command.MetadataRefresh]);
});

Deno.test("refusals", () => {
  const table: [string, (b: Bench) => void, string[], string][] = [
    ["of the modes", (b) => b.say(Response.Failed, Command.DefineOperationalModes, "no"), [
      "close refused",
    ], "ended"],
    ["of the connection", (b) => b.say(Response.Failed, Command.Connect, "full"), [
      "close refused",
    ], "ended"],
    [
      "of metadata",
      (b) => {
        b.ok(Command.DefineOperationalModes);
        b.say(Response.Failed, Command.MetadataRefresh, "no");
      },
      ["accepted ", "refused 1 no", "complain metadata"],
      "subscribing",
    ],
    [
      "metadata without a byte",
      (b) => {
        b.ok(Command.DefineOperationalModes);
        b.ok(Command.MetadataRefresh);
      },
      ["accepted ", "complain metadata"],
      "subscribing",
    ],
    [
      "of the subscription",
      (b) => {
        b.ok(Command.DefineOperationalModes);
        b.ok(Command.MetadataRefresh, metadata("A"));
        b.say(Response.Failed, Command.Subscribe, "\0\0\0\x02no"); // with the length that Python writes
      },
      ["accepted ", "metadata 1 true", "refused 2 no"],
      "validated",
    ],
  ];
  for (const [name, play, told, state] of table) {
    const b = new Bench({ metadata: true }).start();
    play(b);
    assert.deepEqual([b.tellings(), b.session.state], [told, state], name);
  }
});

Deno.test("waits end", () => {
  const silent = new Bench({ modes: clientModes(3) }).start();
  silent.later(4999);
  assert.deepEqual(silent.tellings(), []);
  silent.later(1);
  assert.deepEqual(silent.tellings(), ["close handshake"]);

  const old = new Bench({ metadata: true }).start(); // one that does not answer, as version 1 may
  old.later(5000);
  assert.deepEqual(old.tellings(), ["complain handshake"]);
  old.commands();
  for (let i = 0; i < 3; i++) {
    old.say(Response.NoOp, Command.Subscribe);
    old.later(10_000);
  }
  assert.deepEqual([old.tellings(), old.commands()], [["complain metadata"], [Command.Subscribe]]);
  for (let i = 0; i < 3; i++) {
    old.say(Response.NoOp, Command.Subscribe);
    old.later(10_000);
  }
  assert.deepEqual(old.tellings(), ["close timeout"]);

  const dead = new Bench().subscribe();
  dead.later(19_999);
  assert.equal(dead.session.state, "subscribed");
  dead.later(1);
  assert.deepEqual(dead.tellings(), ["close silence"]);
  dead.later(1);
  dead.say(Response.NoOp, Command.Subscribe);
  assert.deepEqual([dead.tellings(), dead.session.state], [[], "ended"]);
});

Deno.test("a stream that lost its sequence is subscribed anew once, then given up (9.2)", () => {
  const b = new Bench().subscribe();
  const encoder = new TsscEncoder();
  b.tssc(encoder, 0, 1, 1);
  encoder.begin(new Uint8Array(500), 0);
  encoder.end(); // this one is lost
  b.tssc(encoder, 0, 2, 2);
  assert.deepEqual([b.got.length, b.tellings(), b.commands()], [1, ["complain sequence"], []]);
  b.nowMs += 5000;
  b.tssc(encoder, 0, 3, 3);
  assert.deepEqual(b.commands(), [Command.Subscribe]);
  b.cache(1, GUIDS);
  b.ok(Command.Subscribe);
  b.commands();
  b.tssc(encoder, 1, 4, 4); // the encoder was not reset, as with the Python publisher
  b.nowMs += 5000;
  b.tssc(encoder, 1, 5, 5);
  assert.deepEqual(b.tellings().slice(-1), ["close sequence"]);
  assert.deepEqual([b.session.counters.outOfSequence, b.session.counters.resubscriptions], [4, 1]);
});

Deno.test("what ends a session", () => {
  const packet = (...bytes: number[]) => Uint8Array.from(bytes);
  const data = (b: Bench, payload: Uint8Array) => b.say(Response.DataPacket, 2, payload);
  const table: [string, string, (b: Bench) => void][] = [
    ["length of 2^31", "oversize", (b) => b.session.receive(packet(0x80, 0, 0, 0), 0)],
    ["short response", "truncated", (b) => b.session.receive(packet(0, 0, 0, 2, 0x80, 6), 0)],
    ["no format", "flags", (b) => data(b, packet(0, 0, 0, 0, 0))],
    ["too many", "count", (b) => data(b, packet(2, 0x80, 0, 0, 0))],
    ["TSSC of version 84", "tssc", (b) => data(b, packet(8, 0, 0, 0, 0, 84, 0, 0))],
    ["bytes behind the last", "trailing", (b) => data(b, packet(...compactPacket(1), 0))],
    ["cache that lies", "count", (b) => {
      const body = new ByteWriter().u8(0).u32(28).raw(new Uint8Array(16)).u32(0x80000000).u32(0);
      b.say(Response.UpdateSignalIndexCache, 2, body.bytes());
    }],
    ["base time 2", "timeIndex", (b) => b.say(Response.UpdateBaseTimes, 2, packet(0, 0, 0, 2))],
    [
      "keys of other sizes",
      "keySize",
      (b) => b.say(Response.UpdateCipherKeys, 2, packet(0, 0, 0, 0, 1)),
    ],
  ];
  for (const [name, kind, play] of table) {
    const b = new Bench().subscribe();
    play(b);
    assert.deepEqual([b.tellings(), b.session.state], [[`close ${kind}`], "ended"], name);
  }
  const early = new Bench().start();
  early.session.receive(packet(0, 0, 0x20, 6), 0);
  assert.deepEqual(early.tellings(), ["close oversize"], "8198 bytes before the handshake");
});

Deno.test("what is odd is borne, and complained of once", () => {
  const b = new Bench().subscribe();
  for (let i = 0; i < 50; i++) b.say(0x8b + (i % 10), Command.Subscribe);
  b.say(Response.UserResponse00, Command.UserCommand00, "abc");
  b.say(Response.ProcessingComplete, Command.Subscribe, "done");
  b.ok(Command.RotateCipherKeys, "keys");
  b.session.receive(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0), b.nowMs);
  assert.deepEqual(b.tellings(), [
    "complain response",
    "user 224 208 3",
    "processingComplete done",
    "succeeded 4 keys",
  ]);
  assert.equal(b.session.counters.ignored, 50);
});

Deno.test("any bytes and any order of responses end in events", () => {
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.constantFrom(metadata("A"), compactPacket(1), compactPacket(1, 18)),
  );
  const code = fc.oneof(
    fc.constantFrom(...Object.values(Response)),
    fc.nat(255),
  );
  const response = fc.tuple(code, fc.constantFrom(...Object.values(Command)), payload);
  const step = fc.oneof(
    { weight: 5, arbitrary: response.map(([r, c, p]) => (b: Bench) => b.say(r, c, p)) },
    { weight: 1, arbitrary: fc.constant((b: Bench) => b.cache(0, GUIDS)) },
    { weight: 1, arbitrary: fc.constant((b: Bench) => b.tssc(new TsscEncoder(), 0, 1, 1)) },
    { weight: 1, arbitrary: fc.nat(9000).map((ms) => (b: Bench) => b.later(ms)) },
    { weight: 1, arbitrary: fc.constant((b: Bench) => b.session.subscribe()) },
    { weight: 1, arbitrary: fc.constant((b: Bench) => b.session.unsubscribe()) },
    { weight: 1, arbitrary: fc.constant((b: Bench) => b.session.end()) },
  );
  const version = fc.integer({ min: 1, max: 3 });
  fc.assert(
    fc.property(version, fc.boolean(), fc.array(step, { maxLength: 40 }), (v, early, steps) => {
      const b = new Bench({ modes: clientModes(v), metadata: early });
      b.start();
      if (!early) b.ok(Command.DefineOperationalModes);
      for (const play of steps) play(b);
      const closes = b.told.filter((t) => t.startsWith("close")).length;
      assert.ok(closes <= 1);
      if (closes === 1) assert.equal(b.session.state, "ended");
    }),
    { numRuns: 300 },
  );
  fc.assert(fc.property(fc.array(fc.uint8Array()), (chunks) => {
    const b = new Bench().start();
    for (const chunk of chunks) b.session.receive(chunk, b.nowMs);
    assert.ok(b.told.filter((t) => t.startsWith("close")).length <= 1);
  }));
});

Deno.test("a frame that never ends holds no more than its limit", () => {
  const b = new Bench({ maxFrameBytes: 1 << 20 }).subscribe();
  b.session.receive(Uint8Array.of(0, 0x10, 0, 0, 0x80, 9), b.nowMs); // 1 MiB announced
  const chunk = new Uint8Array(65_536);
  for (let i = 0; i < 15; i++) b.session.receive(chunk, b.nowMs);
  assert.equal(b.session.counters.frames, 3);
  for (let i = 0; i < 2; i++) b.session.receive(chunk, b.nowMs);
  assert.equal(b.session.counters.frames, 4);
});
