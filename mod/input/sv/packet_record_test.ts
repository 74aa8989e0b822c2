import assert from "node:assert/strict";
import fc from "fast-check";
import { DecodeError, ipText } from "../../core/mod.ts";
import { MAX_TAPPED_BYTES, type TappedFrame } from "../../os/mod.ts";
import { LinkParser } from "./link_parser.ts";
import { packetRecord, readPacket } from "./packet_record.ts";
import { RecordType } from "./records.ts";

const FRAME: TappedFrame = {
  transport: "ethernet",
  payload: new Uint8Array([1, 2, 3]),
  sender: "02:ab:00:00:00:7f",
  tci: 0xffff,
  seconds: 1_795_000_000,
  nanos: 999_999_999,
  byAdapter: true,
};

const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const senders = {
  ethernet: octets(6).map((six) =>
    Array.from(six, (o) => o.toString(16).padStart(2, "0")).join(":")
  ),
  udp4: octets(4).map((four) => ipText(four, 0, 4)),
  udp6: octets(16).map((all) => ipText(all, 0, 16)),
};
const kinds = ["ethernet", "udp4", "udp6"] as const;

const frames = fc.constantFrom(...kinds).chain((transport) =>
  fc.record({
    transport: fc.constant(transport),
    payload: fc.uint8Array({ maxLength: MAX_TAPPED_BYTES, size: "max" }),
    sender: senders[transport],
    tci: fc.integer({ min: -1, max: 0xffff }),
    seconds: fc.nat(2 ** 31 - 1),
    nanos: fc.nat(999_999_999),
    byAdapter: fc.boolean(),
  }, { noNullPrototype: true })
);

Deno.test("packet record: a frame comes out as it went in", () => {
  fc.assert(fc.property(frames, (frame) => {
    const seen: TappedFrame[] = [];
    new LinkParser().push(packetRecord(frame), (view, at, length) => {
      assert.equal(view.getUint8(at + 4), RecordType.Packet);
      const got = readPacket(view, at, length);
      seen.push({ ...got, payload: got.payload.slice() });
    });
    assert.deepEqual(seen, [frame]);
  }));
});

type Spoil = readonly [name: string, spoil: (view: DataView) => void, kind: string];
const spoilt: readonly Spoil[] = [
  ["more octets than there are", (view) => view.setUint16(20, 11, true), "length"],
  ["fewer than the record is long for", (view) => view.setUint16(20, 0xffff, true), "length"],
  ["a time before 1970", (view) => view.setFloat64(8, -1, true), "stamp"],
  ["no time", (view) => view.setFloat64(8, NaN, true), "stamp"],
  ["part of a second", (view) => view.setFloat64(8, 1.5, true), "stamp"],
  ["a billion nanoseconds", (view) => view.setUint32(16, 1e9, true), "stamp"],
  ["flags that nobody knows", (view) => view.setUint8(5, 12), "flags"],
];

Deno.test("packet record: what cannot be is refused", async (t) => {
  for (const [name, spoil, kind] of spoilt) {
    await t.step(name, () => {
      const bytes = packetRecord(FRAME), view = new DataView(bytes.buffer);
      spoil(view);
      const isOfKind = (error: unknown) => error instanceof DecodeError && error.kind === kind;
      assert.throws(() => readPacket(view, 0, bytes.length), isOfKind);
    });
  }
  // A whole record that says so, one octet beyond what a frame can have.
  const long = new Uint8Array((38 + MAX_TAPPED_BYTES + 1 + 7) & ~7);
  const view = new DataView(long.buffer);
  view.setUint16(20, MAX_TAPPED_BYTES + 1, true);
  assert.throws(() => readPacket(view, 0, long.length), DecodeError);
});

Deno.test("packet record: any bytes give a frame or a DecodeError", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 8, maxLength: 200, size: "max" }),
      fc.boolean(),
      (bytes, repair) => {
        const copy = bytes.slice(), view = new DataView(copy.buffer);
        const canBe = repair && copy.length >= 40;
        if (canBe) {
          // A head that can be, so that the rest is looked at.
          view.setUint8(5, bytes[5]! % 12);
          view.setFloat64(8, bytes[8]!, true);
          view.setUint32(16, bytes[16]!, true);
          view.setUint16(20, (copy.length & ~7) - 38, true);
        }
        try {
          const { payload, nanos, tci } = readPacket(view, 0, copy.length & ~7);
          assert.ok(
            payload.length <= MAX_TAPPED_BYTES && nanos < 1e9 && tci >= -1 && tci <= 0xffff,
          );
        } catch (error) {
          assert.ok(!canBe && error instanceof DecodeError, String(error));
        }
      },
    ),
    { numRuns: 2000 },
  );
});
