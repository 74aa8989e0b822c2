import assert from "node:assert/strict";
import fc from "fast-check";
import { type CipherKey, decodeCipherKeys } from "./cipher_keys.ts";
import { Command, DataPacketFlags, Response } from "./constants.ts";
import { FrameSplitter, parseResponse } from "./framing.ts";
import { clientModes } from "./operational_modes.ts";
import { PublisherSession } from "./publisher.ts";
import { datagramDataBytes, type PublisherUdp } from "./publisher_channel.ts";
import { FrameLog } from "./publisher_log.ts";
import { TestBooks, testFrame, TestRights, testSignal } from "./publisher_testing.ts";
import { SubscriberSession } from "./subscriber.ts";

const TICK_MS = 20;

/** Numbers from 0 to 1 that are the same in every run (a linear congruential generator). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

interface Options {
  readonly keys?: boolean;
  readonly version?: number;
  readonly packetBytes?: number;
  readonly keyPeriodMs?: number;
  readonly udp?: PublisherUdp | string;
  /** False loses the datagram on its way. */
  readonly wire?: (datagram: Uint8Array) => boolean;
  /** False finds no room in the socket. */
  readonly room?: () => boolean;
  /** How long datagrams travel, in ticks; TCP is there at once. */
  readonly delayTicks?: number;
}

/** Both sessions, with a wire for datagrams between them. */
class UdpPair {
  readonly log = new FrameLog(1 << 20);
  readonly rights = new TestRights();
  readonly books = new TestBooks();
  readonly publisher: PublisherSession;
  readonly subscriber: SubscriberSession;
  /** Values by handle in order of arrival. */
  readonly values = new Map<number, number[]>();
  /** Everything that ended or refused something. */
  readonly troubles: string[] = [];
  readonly texts: string[] = [];
  /** Datagrams that were sent: copies. */
  readonly datagrams: Uint8Array[] = [];
  /** Key messages with the time of their arrival. */
  readonly keyMessages: { readonly atMs: number; readonly payload: Uint8Array }[] = [];
  /** Response codes on TCP. */
  readonly codes: number[] = [];
  readonly openPorts: number[] = [];
  nowMs = 0;
  flushed = true;
  channels = 0;
  closedChannels = 0;
  received = 0;
  #keyNumber = 0;
  readonly #up: Uint8Array[] = [];
  readonly #down: Uint8Array[] = [];
  readonly #air: { readonly atMs: number; readonly bytes: Uint8Array }[] = [];
  readonly #options: Options;
  readonly #tap = new FrameSplitter({
    frame: (body) => {
      const { response, payload } = parseResponse(body);
      this.codes.push(response);
      if (response === Response.UpdateCipherKeys) {
        this.keyMessages.push({ atMs: this.nowMs, payload: payload.slice() });
      }
    },
  }, 1 << 24);

  constructor(options: Options = {}) {
    this.#options = options;
    const note = (kind: string, text: string) => void this.troubles.push(`${kind}: ${text}`);
    this.publisher = new PublisherSession({
      log: this.log,
      rights: this.rights,
      books: this.books,
      subscriberId: testSignal(99).id,
      queueBytes: 1 << 20,
      nowMs: 0,
      udp: options.udp ?? {
        packetBytes: options.packetBytes ?? 1400,
        keyPeriodMs: options.keyPeriodMs ?? 60_000,
        ...(options.keys === false ? {} : { keySource: () => this.#key() }),
        flushed: () => this.flushed,
        open: (port) => this.#open(port),
      },
      events: {
        transmit: (bytes) => void this.#down.push(bytes.slice()),
        metadata: () => {},
        close: (_, message) => note("publisher closes", message),
        complain: note,
        note: () => {},
      },
    });
    this.subscriber = new SubscriberSession({
      nowMs: 0,
      modes: clientModes(options.version ?? 2),
      metadata: false,
      request: { filterExpression: "all", udpPort: 9000 },
      events: {
        transmit: (bytes) => void this.#up.push(bytes.slice()),
        close: (kind, message) => note(`subscriber closes ${kind}`, message),
        complain: (kind, message) => note(`subscriber ${kind}`, message),
        refused: (_, text) => note("refused", text),
        subscribed: (text) => void this.texts.push(text),
        succeeded: (_, text) => void this.texts.push(text),
        measurements: (batch, cache) => {
          for (let i = 0; i < batch.count; i++) {
            const handle = parseInt(cache.signalIdOf(batch.ids[i]!)!.slice(24), 16);
            let list = this.values.get(handle);
            if (!list) this.values.set(handle, list = []);
            list.push(batch.values[i]!);
          }
          this.received += batch.count;
        },
      },
    });
  }

  /** Connects, subscribes and waits until data may flow. */
  begin(handles: readonly number[]): void {
    this.rights.grant(handles, handles);
    this.subscriber.start(0);
    this.deliver();
    this.advance(1100);
  }

  publish(handles: readonly number[], second: number, base: number): void {
    this.log.accept(testFrame(handles, second, base));
    this.publisher.pump(1 << 20);
    this.deliver();
  }

  advance(ms: number): void {
    for (let left = ms; left > 0; left -= TICK_MS) {
      this.nowMs += Math.min(left, TICK_MS);
      this.publisher.tick(this.nowMs, this.nowMs * 1000, 1 << 20);
      this.publisher.pump(1 << 20);
      this.subscriber.tick(this.nowMs);
      this.deliver();
    }
  }

  /** Lets TCP deliver, then the datagrams that have travelled long enough. */
  deliver(): void {
    while (this.#up.length + this.#down.length > 0) {
      for (const bytes of this.#up.splice(0)) this.publisher.receive(bytes, this.nowMs);
      for (const bytes of this.#down.splice(0)) {
        this.#tap.push(bytes.slice());
        this.subscriber.receive(bytes, this.nowMs);
      }
    }
    while (this.#air.length > 0 && this.#air[0]!.atMs <= this.nowMs) {
      this.subscriber.receiveDatagram(this.#air.shift()!.bytes, this.nowMs);
    }
  }

  /** What of the wanted measurements was sent and the books. */
  assertBalanced(): void {
    assert.deepEqual(this.books.unbalanced(), []);
  }

  #key(): CipherKey {
    const n = ++this.#keyNumber;
    return { key: new Uint8Array(32).fill(n), iv: new Uint8Array(16).fill(n) };
  }

  #open(port: number) {
    this.openPorts.push(port);
    this.channels++;
    let open = true;
    return {
      send: (datagram: Uint8Array): boolean => {
        assert.ok(open, "nothing is sent on a closed channel");
        if (this.#options.room?.() === false) return false;
        this.datagrams.push(datagram.slice());
        if (this.#options.wire?.(datagram) ?? true) {
          const atMs = this.nowMs + (this.#options.delayTicks ?? 0) * TICK_MS;
          this.#air.push({ atMs, bytes: datagram });
        }
        return true;
      },
      close: () => {
        assert.ok(open, "a channel is closed once");
        open = false;
        this.closedChannels++;
      },
    };
  }
}

const HANDLES = Array.from({ length: 100 }, (_, i) => i);
const countOf = (d: Uint8Array) => d[7]! * 2 ** 24 + d[8]! * 65536 + d[9]! * 256 + d[10]!;

Deno.test("udp: encrypted data arrive whole, within the size of a datagram", () => {
  const t = new UdpPair();
  t.begin(HANDLES);
  assert.deepEqual(t.texts, [
    "Client subscribed using compact format over encrypted UDP with 100 signals.",
  ]);
  assert.deepEqual(t.openPorts, [9000]);
  assert.deepEqual(
    t.codes.filter((c) => c !== Response.NoOp),
    [
      Response.Succeeded,
      Response.UpdateSignalIndexCache,
      Response.UpdateCipherKeys,
      Response.Succeeded,
    ],
  );
  for (let n = 0; n < 50; n++) t.publish(HANDLES, 1000 + n, n);
  assert.equal(t.received, 5000);
  for (const handle of HANDLES) {
    assert.deepEqual(t.values.get(handle), Array.from({ length: 50 }, (_, n) => n + handle));
  }
  assert.equal(t.datagrams.length, 100); // 81 measurements and the other 19
  for (const d of t.datagrams) {
    assert.ok(d.length <= 1400);
    assert.equal(d[0], Response.DataPacket);
    assert.equal((d.length - 7) % 16, 0);
    assert.equal(d[6]! & (DataPacketFlags.Compressed | DataPacketFlags.CipherIndex), 0);
  }
  const { mode, dataChannel, encrypted, measurements } = t.publisher.status();
  assert.deepEqual([mode, dataChannel, encrypted, measurements], ["compact", "UDP", true, 5000]);
  assert.ok(t.codes.includes(Response.DataStartTime), "the start time is told over TCP");
  assert.equal(t.codes.includes(Response.DataPacket), false);
  assert.deepEqual(t.troubles, []);
  t.assertBalanced();
});

Deno.test("udp: nothing is sent before the first keys have settled", () => {
  const t = new UdpPair();
  t.rights.grant([0], [0]);
  t.subscriber.start(0);
  t.deliver();
  t.flushed = false; // the keys are still in the buffer of the connection
  t.publish([0], 1, 5);
  t.advance(3000);
  assert.equal(t.datagrams.length, 0);
  t.flushed = true;
  t.advance(900);
  assert.equal(t.datagrams.length, 0);
  t.advance(200);
  assert.deepEqual(t.values.get(0), [5]);
  t.assertBalanced();
});

Deno.test("udp: one percent random loss costs at most 1.1 percent of measurements and no connection", () => {
  const random = randomFrom(7);
  let lost = 0, sent = 0;
  const t = new UdpPair({
    keyPeriodMs: 5000,
    delayTicks: 3,
    wire: () => {
      sent++;
      if (random() >= 0.01) return true;
      lost++;
      return false;
    },
  });
  t.begin(HANDLES);
  for (let n = 0; n < 6000; n++) {
    t.publish(HANDLES, 1000 + Math.floor(n / 50), n);
    t.advance(TICK_MS);
  }
  t.advance(200);
  const missing = 600_000 - t.received;
  assert.ok(lost > 80, `${lost} of ${sent} datagrams were lost`);
  assert.ok(missing / 600_000 <= 0.011, `${missing} of 600,000 measurements were lost`);
  assert.equal(t.books.sentTotal, 600_000);
  assert.equal(t.publisher.status().keyRotations, 24);
  assert.deepEqual(t.troubles, []);
  assert.equal(t.subscriber.counters.undecodable, 0);
  t.assertBalanced();
});

Deno.test("udp: keys rotate by time, by command and with the cache, and nothing is lost", () => {
  const t = new UdpPair({ keyPeriodMs: 5000, delayTicks: 40 }); // datagrams travel 800 ms
  t.begin(HANDLES);
  let wanted = 0;
  for (let n = 0; n < 2000; n++) {
    if (n % 170 === 60) t.subscriber.command(Command.RotateCipherKeys);
    if (n % 400 === 100) {
      t.rights.grant(HANDLES.slice(0, 50 + n % 7), HANDLES);
      t.publisher.refresh();
    }
    if (n % 400 === 110) { // a second change while the first is new
      t.rights.grant(HANDLES, HANDLES);
      t.publisher.refresh();
    }
    t.publish([1, 2, 3], 1000 + Math.floor(n / 50), n);
    wanted += 3;
    t.advance(TICK_MS);
  }
  t.advance(2000);
  assert.equal(t.received, wanted);
  for (const handle of [1, 2, 3]) {
    assert.deepEqual(t.values.get(handle), Array.from({ length: 2000 }, (_, n) => n + handle));
  }
  assert.equal(t.subscriber.counters.undecodable, 0);
  assert.deepEqual(t.troubles, []);
  assert.ok(t.publisher.status().keyRotations > 15);
  assert.ok(t.texts.filter((text) => text === "New cipher keys were sent.").length >= 11);
  t.assertBalanced();

  // Each message renews one set at most, never the one in use, never twice within two seconds.
  const flags = new Set(t.datagrams.map((d) => d[6]! & DataPacketFlags.CipherIndex));
  assert.equal(flags.size, 2, "both sets were used");
  for (let i = 1; i < t.keyMessages.length; i++) {
    const before = decodeCipherKeys(t.keyMessages[i - 1]!.payload);
    const after = decodeCipherKeys(t.keyMessages[i]!.payload);
    const active = after.activeIndex === 0 ? "even" : "odd";
    assert.deepEqual(after[active], before[active], "the set in use stays");
  }
});

Deno.test("udp: a new set is used after a second, and the old one is kept for another", () => {
  const t = new UdpPair();
  t.begin([0]);
  t.subscriber.command(Command.RotateCipherKeys);
  t.deliver();
  const index = () => {
    t.publish([0], 1, 1);
    return (t.datagrams.at(-1)![6]! & DataPacketFlags.CipherIndex) === 0 ? 0 : 1;
  };
  t.advance(980);
  assert.equal(index(), 0);
  t.advance(40);
  assert.equal(index(), 1);
  const messages = t.keyMessages.length;
  t.subscriber.command(Command.RotateCipherKeys);
  t.deliver();
  t.advance(900);
  assert.equal(t.keyMessages.length, messages, "the even set may be on its way still");
  t.advance(200);
  assert.equal(t.keyMessages.length, messages + 1);
  assert.equal(t.texts.filter((text) => text === "New cipher keys were sent.").length, 2);
});

Deno.test("udp: keys are rotated at most once per second on command", () => {
  const t = new UdpPair();
  t.begin([0]);
  for (let i = 0; i < 3; i++) t.subscriber.command(Command.RotateCipherKeys);
  t.deliver();
  const refusals = t.troubles.filter((text) =>
    text === "refused: Cipher keys are rotated at most once per second."
  );
  assert.equal(refusals.length, 2);
  assert.equal(t.keyMessages.length, 2);
});

Deno.test("udp: what is changed on the way is dropped without a word to the publisher", () => {
  const t = new UdpPair();
  t.begin(HANDLES);
  t.publish(HANDLES, 1000, 1);
  const good = t.received;
  const [datagram] = t.datagrams;
  const { subscriber } = t;
  for (let at = 7; at < datagram!.length; at++) {
    for (const bit of [1, 0x10, 0x80]) {
      const changed = datagram!.slice();
      changed[at]! ^= bit;
      subscriber.receiveDatagram(changed, t.nowMs);
    }
  }
  for (const bit of [DataPacketFlags.Compact, DataPacketFlags.CipherIndex, 0x08, 0x01, 0x10]) {
    const changed = datagram!.slice();
    changed[6]! ^= bit; // the flags are in clear; what stands for nothing is ignored
    subscriber.receiveDatagram(changed, t.nowMs);
  }
  assert.equal(t.received, good);
  const { length } = datagram!;
  for (const size of [0, 1, 5, 6, 7, 8, 22, 23, 39, length - 16, length - 1]) {
    subscriber.receiveDatagram(datagram!.slice(0, size), t.nowMs);
  }
  // The same in clear, as somebody without the keys would send it.
  const clear = new Uint8Array(6 + 5 + 17);
  clear.set([Response.DataPacket, Command.Subscribe, 0, 0, 0, 22, 2, 0, 0, 0, 1]);
  subscriber.receiveDatagram(clear, t.nowMs);
  subscriber.receiveDatagram(
    Uint8Array.of(Response.BufferBlock, 2, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    t.nowMs,
  );
  t.deliver();
  assert.equal(t.received, good);
  assert.equal(subscriber.counters.bufferBlocks, 0);
  const { undecodable, ignored, withoutCache } = subscriber.counters;
  // Of the flags: TSSC is ignored on UDP, and there is no other cache.
  assert.deepEqual([undecodable, ignored, withoutCache], [3 * (length - 7) + 3 + 11 + 1, 2, 1]);
  assert.equal(t.publisher.status().commands, 3);
  t.publish(HANDLES, 1001, 2);
  assert.equal(t.received, 2 * good);
});

Deno.test("udp: any datagram is taken or dropped", () => {
  const t = new UdpPair();
  t.begin(HANDLES);
  const head = fc.constantFrom([0x82, 2], [0x88, 2], [0x81, 6], [0xff, 0]);
  fc.assert(
    fc.property(head, fc.boolean(), fc.uint8Array({ maxLength: 200 }), (head, sized, rest) => {
      const datagram = new Uint8Array(6 + rest.length);
      datagram.set(head);
      if (sized) datagram[5] = rest.length;
      datagram.set(rest, 6);
      t.subscriber.receiveDatagram(datagram, t.nowMs);
      assert.equal(t.subscriber.state, "subscribed");
      assert.equal(t.received, 0);
    }),
    { numRuns: 500 },
  );
});

Deno.test("udp: a full socket costs datagrams, booked as such, and waits for nothing", () => {
  let full = false;
  const t = new UdpPair({ room: () => !full });
  t.begin(HANDLES);
  t.publish(HANDLES, 1000, 1);
  full = true;
  t.publish(HANDLES, 1001, 2);
  t.publish(HANDLES, 1002, 3);
  full = false;
  t.publish(HANDLES, 1003, 4);
  assert.equal(t.received, 200);
  assert.equal(t.books.sentTotal, 200);
  assert.deepEqual(t.books.droppedBy, [0, 0, 0, 0, 0, 200]);
  assert.equal(t.books.queuedTotal, 0);
  assert.equal(t.publisher.status().measurements, 200);
  t.assertBalanced();
});

Deno.test("udp: a throttled subscription books what its datagrams lose once", () => {
  let full = true;
  const t = new UdpPair({ room: () => !full, keys: false });
  t.begin([0, 1]);
  t.subscriber.subscribe({ throttled: true, publishIntervalSeconds: 0.1 });
  t.deliver();
  t.publish([0, 1], 1000, 1);
  t.advance(200);
  full = false;
  t.advance(300);
  t.publisher.end();
  assert.deepEqual(t.books.droppedBy[5], 2);
  assert.equal(t.books.sentTotal, 0);
  assert.ok(t.received >= 4, "repeats go out");
  assert.equal(t.books.queuedTotal, 0);
  t.assertBalanced();
});

Deno.test("udp: unencrypted where that is granted, without keys", () => {
  const t = new UdpPair({ keys: false, packetBytes: 256 });
  t.begin(HANDLES);
  t.publish(HANDLES, 1000, 1);
  assert.equal(t.received, 100);
  assert.equal(t.keyMessages.length, 0);
  assert.deepEqual(t.datagrams.map(countOf), [14, 14, 14, 14, 14, 14, 14, 2]);
  assert.match(t.texts[0]!, /compact format over UDP with 100 signals/);
  t.subscriber.command(Command.RotateCipherKeys);
  t.deliver();
  assert.match(t.troubles.at(-1)!, /No cipher keys are in use/);
});

Deno.test("udp: resubscription replaces the channel, and keys stay for what goes over TCP", () => {
  const t = new UdpPair();
  t.begin(HANDLES);
  t.subscriber.subscribe({ udpPort: 9001 });
  t.deliver();
  assert.deepEqual([t.channels, t.closedChannels], [2, 1]);
  t.publish(HANDLES, 1000, 1);
  assert.equal(t.received, 100);
  t.subscriber.subscribe({ udpPort: 0 });
  t.deliver();
  t.publish(HANDLES, 1001, 2);
  assert.equal(t.received, 100, "the next cache waits for datagrams with the slot that it takes");
  t.advance(1100);
  assert.deepEqual([t.channels, t.closedChannels], [2, 2]);
  const { dataChannel, mode, encrypted } = t.publisher.status();
  assert.deepEqual([dataChannel, mode, encrypted], ["TCP", "compact", true]);
  assert.match(t.texts.at(-1)!, /compact format over encrypted TCP/);
  t.publish(HANDLES, 1001, 2);
  assert.equal(t.received, 200);
  assert.equal(t.codes.includes(Response.DataPacket), true);
  t.subscriber.subscribe({ udpPort: 9002 });
  t.deliver();
  t.subscriber.unsubscribe();
  t.deliver();
  assert.deepEqual([t.channels, t.closedChannels], [3, 3]);
  t.subscriber.subscribe();
  t.deliver();
  t.publisher.end();
  assert.deepEqual([t.channels, t.closedChannels], [4, 4], "losing TCP ends UDP");
  t.assertBalanced();
});

const subset = fc.subarray([0, 1, 2, 3, 4, 5]);
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ publish: subset }) },
  { weight: 6, arbitrary: fc.record({ advance: fc.integer({ min: 1, max: 3000 }) }) },
  { weight: 2, arbitrary: fc.record({ grant: subset }) },
  { weight: 2, arbitrary: fc.record({ full: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ flushed: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      udpPort: fc.constantFrom(0, 9000, 9001),
      throttled: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ unsubscribe: true }) },
  { weight: 1, arbitrary: fc.constant({ rotate: true }) },
);

Deno.test("udp: whatever happens, books balance, rights hold, and every datagram can be read", () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60, size: "max" }),
      fc.boolean(),
      fc.integer({ min: 0, max: 45 }),
      (steps, keys, delayTicks) => {
        let full = false, second = 1000;
        const t = new UdpPair({ keys, delayTicks, room: () => !full, packetBytes: 256 });
        t.begin([0, 1, 2, 3, 4, 5]);
        const sent = new Map<number, Set<number>>();
        for (const s of steps) {
          if ("publish" in s) {
            second++;
            for (const h of s.publish) {
              if (t.rights.allows(h)) {
                (sent.get(h) ?? sent.set(h, new Set()).get(h)!).add(100 * second + h);
              }
            }
            t.publish(s.publish, second, 100 * second);
          } else if ("advance" in s) t.advance(s.advance);
          else if ("grant" in s) {
            t.rights.grant(s.grant);
            t.publisher.refresh();
            t.deliver();
          } else if ("full" in s) full = s.full;
          else if ("flushed" in s) t.flushed = s.flushed;
          else if ("udpPort" in s) t.subscriber.subscribe({ ...s, publishIntervalSeconds: 0.1 });
          else if ("unsubscribe" in s) t.subscriber.unsubscribe();
          else t.subscriber.command(Command.RotateCipherKeys);
          t.deliver();
          t.assertBalanced();
        }
        t.flushed = true;
        t.advance(4000);
        // Each value under its own signal: no datagram was read with another's cache or key.
        for (const [handle, values] of t.values) {
          for (const value of values) {
            assert.ok(sent.get(handle)?.has(value), `${handle}: ${value}`);
          }
        }
        assert.equal(t.subscriber.counters.undecodable, 0);
        t.publisher.end();
        t.assertBalanced();
        assert.equal(t.books.queuedTotal, 0);
        assert.equal(t.channels, t.closedChannels);
      },
    ),
    { numRuns: 100 },
  );
});

const REFUSALS: { name: string; options: Options; expected: RegExp }[] = [
  { name: "switched off", options: { udp: "UDP is off here." }, expected: /^refused: UDP is off/ },
  { name: "version 1", options: { version: 1 }, expected: /need protocol version 2 or 3/ },
];
for (const { name, options, expected } of REFUSALS) {
  Deno.test(`udp: refused in words, ${name}`, () => {
    const t = new UdpPair(options);
    t.begin([0]);
    assert.ok(t.troubles.some((text) => expected.test(text)), t.troubles.join("\n"));
    assert.equal(t.channels, 0);
    t.subscriber.subscribe({ udpPort: 0 });
    t.deliver();
    t.publish([0], 1, 4);
    assert.deepEqual(t.values.get(0), [4]);
  });
}

Deno.test("udp: measurements fit the datagram at every size", () => {
  for (let size = 256; size < 1500; size++) {
    const encrypted = datagramDataBytes(size, true);
    const cipher = Math.floor((4 + encrypted) / 16 + 1) * 16;
    assert.ok(7 + cipher <= size && 7 + cipher + 16 > size);
    assert.equal(11 + datagramDataBytes(size, false), size);
  }
});
