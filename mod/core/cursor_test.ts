import assert from "node:assert/strict";
import fc from "fast-check";
import {
  ByteReader,
  ByteWriter,
  cloneFrame,
  DecodeError,
  makeFrame,
  makeLayout,
  uuidFromBytes,
  uuidFromName,
  uuidToBytes,
} from "./mod.ts";

Deno.test("cursor: what is written is read", () => {
  fc.assert(
    fc.property(
      fc.nat(255),
      fc.nat(65535),
      fc.nat(),
      fc.bigInt(0n, 2n ** 64n - 1n),
      fc.float(),
      fc.uint8Array(),
      (a, b, c, d, e, f) => {
        const bytes = new ByteWriter(1).u8(a).u16(b).u32(c).u64(d).f32(e).raw(f).bytes();
        const r = new ByteReader(bytes);
        assert.deepEqual([r.u8("a"), r.u16("b"), r.u32("c"), r.u64("d"), r.f32("e")], [
          a,
          b,
          c,
          d,
          e,
        ]);
        assert.deepEqual(r.slice(f.length, "f"), f);
        assert.equal(r.remaining, 0);
      },
    ),
  );
});

Deno.test("cursor: signed reads and overwriting", () => {
  const w = new ByteWriter().u16(0).u32(0);
  w.setU16(0, -2);
  w.setU32(2, -3);
  const r = new ByteReader(w.bytes());
  assert.equal(r.i16("a"), -2);
  assert.equal(r.i32("b"), -3);
});

Deno.test("cursor: reading past the end names the field, the offset and what is left", () => {
  const r = new ByteReader(new Uint8Array(3));
  r.u8("A");
  assert.throws(() => r.u32("PHNMR"), (e) => {
    assert.ok(e instanceof DecodeError);
    assert.equal(e.kind, "truncated");
    assert.deepEqual(e.detail, { offset: 1, field: "PHNMR", value: 2 });
    assert.match(e.message, /PHNMR: expected 4 bytes at offset 1, found 2/);
    return true;
  });
  assert.throws(() => r.take(-1, "x"), DecodeError);
});

Deno.test("uuid: bytes, text and names", () => {
  const text = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
  const bytes = new Uint8Array(18);
  uuidToBytes(`{${text.toUpperCase()}}`, bytes, 1);
  assert.equal(uuidFromBytes(bytes, 1), text);
  // The example of RFC 4122, appendix B, as corrected by its errata for version 5.
  assert.equal(uuidFromName(text, "www.example.com"), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
  assert.throws(() => uuidToBytes("no", bytes), DecodeError);
  assert.throws(() => uuidFromBytes(bytes, 5), DecodeError);
});

Deno.test("frame: a copy is its taker's own", () => {
  const layout = makeLayout("x", [3, 4], [{ device: "D", offset: 0, count: 2 }], 60);
  const frame = makeFrame(layout);
  frame.values[0] = 1;
  frame.flags[1] = 7;
  frame.instant.seconds = 9;
  const copy = cloneFrame(frame);
  frame.values.fill(0);
  frame.flags.fill(0);
  frame.instant.seconds = 0;
  assert.deepEqual([copy.values[0], copy.flags[1], copy.instant.seconds], [1, 7, 9]);
  assert.ok(Number.isNaN(copy.values[1]!));
  assert.notEqual(makeLayout("x", [], [], 0).id, layout.id);
});
