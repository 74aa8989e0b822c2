import assert from "node:assert/strict";
import fc from "fast-check";
import { DecodeError } from "../core/mod.ts";
import { decodeBaseTimes, decodeDataStartTime, encodeDataStartTime } from "./base_times.ts";
import { decodeBufferBlock, encodeBufferBlock } from "./buffer_block.ts";
import { decodeCipherKeys, decryptDataPacket, encryptDataPacket } from "./cipher_keys.ts";
import { parseDataPacketHeader } from "./data_packet.ts";
import { compress, decompress } from "./gzip.ts";
import { decodeNotification, encodeNotification } from "./notify.ts";
import {
  clientModes,
  decodeOperationalModes,
  effectiveCompression,
  encodeOperationalModes,
  parseOperationalModes,
} from "./operational_modes.ts";
import {
  decodeCachePayload,
  decodeSignalIndexCache,
  encodeCachePayload,
  encodeSignalIndexCache,
  type SignalIndexCache,
  splitMeasurementKey,
} from "./signal_index_cache.ts";
import { decodeResponseText, decodeText, encodeText, type TextEncoding } from "./text.ts";

const ENCODINGS: readonly TextEncoding[] = ["utf-8", "utf-16le", "utf-16be"];
const KEYS = {
  activeIndex: 0,
  even: { key: new Uint8Array(32).fill(1), iv: new Uint8Array(16).fill(2) },
  odd: { key: new Uint8Array(32).fill(3), iv: new Uint8Array(16).fill(4) },
} as const;

Deno.test("modes words of the published clients (4.1)", () => {
  assert.deepEqual([1, 2, 3].map((v) => encodeOperationalModes(clientModes(v))), [
    0xe0000261,
    0xe0000262,
    0xe0000263,
  ]);
  assert.equal(encodeOperationalModes(clientModes(2, false)), 0x00000222);
  const udp = effectiveCompression(decodeOperationalModes(0xc0000222));
  assert.deepEqual(udp, { metadata: true, signalIndexCache: true, tssc: false });
  const noGzip = effectiveCompression(decodeOperationalModes(0xe0000202));
  assert.deepEqual(noGzip, { metadata: false, signalIndexCache: false, tssc: false });
  assert.equal(decodeOperationalModes(0xe0000362).encoding, "utf-8"); // ANSI
  assert.throws(() => parseOperationalModes(new Uint8Array(3)), DecodeError);
});

Deno.test("every modes word comes out again, reserved bits aside", () => {
  const reserved = 0x18000000 | 0x80 | 0xfc00;
  fc.assert(fc.property(fc.nat(0xffffffff), (word) => {
    const again = encodeOperationalModes(decodeOperationalModes(word));
    assert.equal(again, (word & ~reserved) >>> 0);
  }));
});

Deno.test("text comes out again in every encoding, byte order marks included", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 20 }), (text) => {
    for (const encoding of ENCODINGS) {
      assert.equal(decodeText(encodeText(text, encoding), encoding), text);
    }
  }));
  assert.equal(decodeResponseText(Uint8Array.of(0, 0, 0, 2, 79, 75), "utf-8"), "OK");
  assert.equal(decodeResponseText(Uint8Array.of(79, 75), "utf-8"), "OK");
});

Deno.test("caches come out again, whatever the version", () => {
  const guid = fc.uuid();
  const record = fc.record({
    signalIndex: fc.nat(0x7fffffff),
    signalId: guid,
    source: fc.string({ unit: "grapheme", maxLength: 12 }),
    id: fc.bigInt(0n, 0xffffffffffffffffn),
  }, { noNullPrototype: true });
  const cache: fc.Arbitrary<SignalIndexCache> = fc.record({
    subscriberId: guid,
    records: fc.array(record, { maxLength: 20 }),
    unauthorized: fc.array(guid, { maxLength: 3 }),
  }, { noNullPrototype: true });
  const encoding = fc.constantFrom(...ENCODINGS);
  fc.assert(
    fc.property(cache, encoding, fc.integer({ min: 1, max: 3 }), fc.boolean(), (c, e, v, gzip) => {
      const format = { version: v, gzip, encoding: e };
      const update = decodeCachePayload(
        encodeCachePayload(encodeSignalIndexCache(c, e), 1, format),
        format,
      );
      assert.deepEqual(update, { cacheIndex: v === 1 ? 0 : 1, cache: c });
    }),
  );
});

Deno.test("caches that lie about their size are refused", () => {
  const body = encodeSignalIndexCache({
    subscriberId: "bab426b4-0afb-49b8-a602-6b6b308509ff",
    records: [],
    unauthorized: [],
  }, "utf-8");
  const table: [string, number, number, string][] = [
    ["2^31 records", 20, 0x80000000, "count"],
    ["2^32-1 records", 20, 0xffffffff, "count"],
    ["2^31 unauthorised", 24, 0x80000000, "count"],
  ];
  for (const [name, at, value, kind] of table) {
    const damaged = body.slice();
    new DataView(damaged.buffer).setUint32(at, value);
    assert.throws(
      () => decodeSignalIndexCache(damaged, "utf-8"),
      { name: "DecodeError", kind },
      name,
    );
  }
  const bomb = compress(new Uint8Array(1 << 20));
  const format = { version: 1, gzip: true, encoding: "utf-8" } as const;
  assert.throws(() => decodeCachePayload(bomb, format, 1000), {
    name: "DecodeError",
    kind: "gzip",
  });
});

Deno.test("measurement keys are split at the last colon", () => {
  const table: [string, string, bigint][] = [
    ["PPA:7", "PPA", 7n],
    ["A:B:7", "A:B", 7n],
    ["7", "", 7n],
    ["PPA", "PPA", 0xffffffffffffffffn],
    ["A:x", "A", 0xffffffffffffffffn],
    ["A:99999999999999999999", "A", 0xffffffffffffffffn],
  ];
  for (const [key, source, id] of table) {
    assert.deepEqual(splitMeasurementKey(key), { source, id }, key);
  }
});

Deno.test("gzip bombs and damage are refused", () => {
  const bomb = compress(new Uint8Array(1 << 20));
  assert.throws(() => decompress(bomb, 1000), { name: "DecodeError", kind: "gzip" });
  assert.throws(() => decompress(bomb.subarray(0, 100)), { name: "DecodeError", kind: "gzip" });
});

Deno.test("encrypted packets come out again, and damaged ones are refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.constantFrom(0, 1), (p, i) => {
      const packet = encryptDataPacket(p, KEYS, i as 0 | 1); // one of the two constants above
      assert.equal((packet[0]! & 4) >> 2, i);
      assert.deepEqual([...decryptDataPacket(packet, KEYS)].slice(1), [...p].slice(1));
    }),
  );
  for (const size of [0, 1, 16, 18]) {
    assert.throws(() => decryptDataPacket(new Uint8Array(size), KEYS), { kind: "cipher" });
  }
  assert.throws(() => decryptDataPacket(new Uint8Array(17), KEYS), { kind: "cipher" });
});

Deno.test("blocks, notifications and start times come out again", () => {
  const data = Uint8Array.of(1, 2, 3);
  for (const version of [1, 2, 3]) {
    const block = {
      sequence: 0xfffffffe,
      cacheIndex: version === 1 ? 0 : 1,
      signalIndex: 7,
      data,
    } as const;
    const bytes = encodeBufferBlock(block, version);
    assert.equal(bytes.length, version === 1 ? 11 : 12);
    assert.deepEqual(decodeBufferBlock(bytes, version), block);
  }
  const notification = { hash: 0x7f010203, text: "[now] Störung" };
  for (const encoding of ENCODINGS) {
    const bytes = encodeNotification(notification, encoding);
    assert.deepEqual(decodeNotification(bytes, encoding), notification);
  }
  assert.deepEqual(decodeDataStartTime(encodeDataStartTime(1, 2)), { hi: 1, lo: 2 });
});

Deno.test("heads of data packets that cannot be true are refused", () => {
  const packet = (flags: number, count: number, size: number) => {
    const bytes = new Uint8Array(5 + size);
    bytes[0] = flags;
    new DataView(bytes.buffer).setUint32(1, count);
    return bytes;
  };
  const table: [string, Uint8Array, string][] = [
    ["short", new Uint8Array(4), "truncated"],
    ["no format", packet(0, 0, 9), "flags"],
    ["synchronised", packet(3, 0, 9), "flags"],
    ["two in nine bytes", packet(2, 2, 9), "count"],
    ["2^31", packet(2, 0x80000000, 100), "count"],
    ["TSSC, 2^32-1", packet(8, 0xffffffff, 100), "count"],
  ];
  for (const [name, bytes, kind] of table) {
    assert.throws(() => parseDataPacketHeader(bytes), { name: "DecodeError", kind }, name);
  }
  const { tssc, cacheIndex, count } = parseDataPacketHeader(packet(0x18, 800, 103));
  assert.deepEqual([tssc, cacheIndex, count], [true, 1, 800]);
});

Deno.test("any bytes are decoded or refused", () => {
  const decoders: ((bytes: Uint8Array) => unknown)[] = [
    decodeBaseTimes,
    decodeDataStartTime,
    decodeCipherKeys,
    parseDataPacketHeader,
    parseOperationalModes,
    (b) => decodeBufferBlock(b, 2),
    (b) => decodeNotification(b, "utf-16le"),
    (b) => decodeSignalIndexCache(b, "utf-8"),
    (b) => decodeCachePayload(b, { version: 2, gzip: true, encoding: "utf-16be" }),
    (b) => decryptDataPacket(b, KEYS),
    (b) => decompress(b, 1000),
  ];
  fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
    for (const decode of decoders) {
      try {
        decode(bytes);
      } catch (error) {
        assert.ok(error instanceof DecodeError, String(error));
      }
    }
  }));
});
