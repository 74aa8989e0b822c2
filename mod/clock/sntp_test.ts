import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteWriter, DecodeError } from "../core/mod.ts";
import {
  decodeSntpReply,
  encodeSntpRequest,
  SntpFilter,
  type SntpSample,
  sntpSample,
} from "./sntp.ts";

const NONCE = [0x12345678, 0x9abcdef0] as const;
const SECONDS = 2_208_988_800 + 1_795_000_000;

interface Fields {
  first: number;
  stratum: number;
  precision: number;
  rootDelay: number;
  rootDispersion: number;
  reference: string;
  nonce: readonly number[];
  received: readonly number[];
  sent: readonly number[];
}

function reply(more: Partial<Fields> = {}): Uint8Array {
  const f: Fields = {
    first: 0x24,
    stratum: 1,
    precision: 0xec, // 2^-20 s
    rootDelay: 0x0000_0042,
    rootDispersion: 0x0000_0021,
    reference: "GPS\0",
    nonce: NONCE,
    received: [SECONDS, 0x8000_0000],
    sent: [SECONDS, 0x8000_0000 + 429_497], // 100 us later
    ...more,
  };
  const w = new ByteWriter(48);
  w.u8(f.first).u8(f.stratum).u8(6).u8(f.precision).u32(f.rootDelay).u32(f.rootDispersion);
  for (const c of f.reference) w.u8(c.charCodeAt(0));
  w.u32(SECONDS - 10).u32(0);
  for (const word of [...f.nonce, ...f.received, ...f.sent]) w.u32(word);
  return w.bytes();
}

Deno.test("SNTP: a request is 48 octets with version 4, client, and the nonce", () => {
  const bytes = encodeSntpRequest(NONCE);
  assert.equal(bytes.length, 48);
  assert.equal(bytes[0], 0x23);
  assert.deepEqual([...bytes.subarray(40)], [0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0]);
  assert.ok(bytes.subarray(1, 40).every((b) => b === 0));
});

Deno.test("SNTP: offset, delay and bound of an exchange", () => {
  const r = decodeSntpReply(reply(), NONCE);
  assert.equal(r.stratum, 1);
  assert.equal(r.reference, "GPS");
  assert.equal(r.receivedMicros, 1_795_000_000_500_000);
  assert.ok(Math.abs(r.turnaroundNs - 100_000) < 1);
  assert.ok(Math.abs(r.rootErrorNs - 0x42 / 65536 * 1e9) < 1);
  // Sent 300 us before it came in, received 500 us after it left, by a clock that is 100 us ahead.
  const sent = r.receivedMicros - 300 + 100, received = r.receivedMicros + 100 + 500 + 100;
  const sample = sntpSample(r, sent, received, 5);
  assert.ok(Math.abs(sample.delayNs - 800_000) < 1);
  // Half of the asymmetry, 100 us, is in the offset.
  assert.ok(Math.abs(sample.offsetNs - 200_000) < 1, `${sample.offsetNs}`);
  assert.ok(Math.abs(sample.errorNs - (400_000 + r.rootErrorNs + 2 ** -20 * 1e9)) < 1);
});

Deno.test("SNTP: era 1, leap seconds, other references", () => {
  const after = decodeSntpReply(reply({ received: [5, 0], sent: [5, 1] }), NONCE);
  assert.equal(after.receivedMicros, (2 ** 32 - 2_208_988_800 + 5) * 1e6);
  assert.equal(decodeSntpReply(reply({ first: 0x64 }), NONCE).leap, "insert");
  assert.equal(decodeSntpReply(reply({ first: 0xa4 }), NONCE).leap, "delete");
  const second = decodeSntpReply(reply({ stratum: 2, reference: "\n\x40\x25\x23" }), NONCE);
  assert.equal(second.reference, "10.64.37.35");
});

Deno.test("SNTP: what is refused, and as what", () => {
  const table: [string, Uint8Array, string][] = [
    ["cut", reply().subarray(0, 47), "truncated"],
    ["client mode", reply({ first: 0x23 }), "foreign"],
    ["another nonce", reply({ nonce: [1, 2] }), "foreign"],
    ["kiss of death", reply({ stratum: 0, reference: "RATE" }), "kiss"],
    ["stratum 16", reply({ stratum: 16 }), "unsynchronized"],
    ["leap indicator 3", reply({ first: 0xe4 }), "unsynchronized"],
    ["no transmit time", reply({ sent: [0, 0] }), "value"],
    ["sent before received", reply({ sent: [SECONDS - 1, 0] }), "value"],
    ["far from its reference", reply({ rootDelay: 0x0002_0000 }), "value"],
  ];
  for (const [name, bytes, kind] of table) {
    assert.throws(() => decodeSntpReply(bytes, NONCE), (error) => {
      assert.ok(error instanceof DecodeError, name);
      assert.equal(error.kind, kind, name);
      return true;
    });
  }
});

Deno.test("SNTP: any octets give an answer or a DecodeError", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), fc.boolean(), (bytes, ours) => {
    if (ours && bytes.length >= 32) bytes.set(encodeSntpRequest(NONCE).subarray(40), 24);
    try {
      const r = decodeSntpReply(bytes, NONCE);
      assert.ok(r.stratum >= 1 && r.stratum <= 15 && r.turnaroundNs >= 0);
    } catch (error) {
      assert.ok(error instanceof DecodeError, String(error));
    }
  }));
});

Deno.test("SNTP: of the last eight samples the one with the least delay counts", () => {
  const filter = new SntpFilter();
  const sample = (delayNs: number, ms: number): SntpSample => ({
    offsetNs: ms,
    delayNs,
    errorNs: 0,
    stratum: 1,
    ms,
  });
  assert.equal(filter.add(sample(500, 1)).ms, 1);
  assert.equal(filter.add(sample(100, 2)).ms, 2);
  for (let ms = 3; ms < 10; ms++) assert.equal(filter.add(sample(900 - ms, ms)).ms, 2);
  assert.equal(filter.add(sample(905, 10)).ms, 9); // the second has gone, the ninth is the best of the rest
});
