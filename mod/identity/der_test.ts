import assert from "node:assert/strict";
import fc from "fast-check";
import { DecodeError } from "../core/mod.ts";
import { readCertificate } from "./certificate.ts";
import { DerReader, integerHex, oidText, stringText, Tag, timeMs } from "./der.ts";

const bytes = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (h) => parseInt(h, 16));
const element = (tag: number, text: string) => {
  const content = new TextEncoder().encode(text);
  return { tag, content, whole: content };
};

Deno.test("DER elements are read, other encodings are refused", () => {
  const table: [string, string | undefined][] = [
    ["0403010203", "010203"],
    ["0400", ""],
    [`048180${"00".repeat(128)}`, "00".repeat(128)],
    ["", undefined],
    ["04", undefined],
    ["0404010203", undefined], // longer than what is there
    ["048103010203", undefined], // not the shortest form
    ["04820003010203", undefined],
    ["0480010203", undefined], // indefinite
    ["04850000000001aa", undefined],
    ["1f0100", undefined], // tag of several bytes
    ["0503010203", undefined], // another tag
  ];
  for (const [hex, content] of table) {
    const read = () => new DerReader(bytes(hex)).next("field", Tag.OctetString).content;
    if (content === undefined) assert.throws(read, DecodeError, hex);
    else assert.deepEqual(read(), bytes(content), hex);
  }
});

Deno.test("object identifiers", () => {
  const table: [string, string | undefined][] = [
    ["550403", "2.5.4.3"],
    ["2a864886f70d01010b", "1.2.840.113549.1.1.11"],
    ["8837", "2.999"],
    ["", undefined],
    ["2a86", undefined],
    ["2affffffffffffffffff7f", undefined],
  ];
  for (const [hex, text] of table) {
    if (text === undefined) assert.throws(() => oidText(bytes(hex)), DecodeError, hex);
    else assert.equal(oidText(bytes(hex)), text);
  }
});

Deno.test("integers and times", () => {
  assert.equal(integerHex(bytes("00ff01")), "ff01");
  assert.equal(integerHex(bytes("00")), "0");
  assert.equal(integerHex(bytes("0a")), "a");
  const times: [number, string, string | undefined][] = [
    [Tag.UtcTime, "261121120000Z", "2026-11-21T12:00:00.000Z"],
    [Tag.UtcTime, "491231235959Z", "2049-12-31T23:59:59.000Z"],
    [Tag.UtcTime, "500101000000Z", "1950-01-01T00:00:00.000Z"],
    [Tag.GeneralizedTime, "20500101000000Z", "2050-01-01T00:00:00.000Z"],
    [Tag.GeneralizedTime, "99991231235959Z", "9999-12-31T23:59:59.000Z"],
    [Tag.UtcTime, "2611211200Z", undefined],
    [Tag.UtcTime, "261321120000Z", undefined],
    [Tag.UtcTime, "261121120000+0100", undefined],
    [Tag.GeneralizedTime, "20501301000000Z", undefined],
    [Tag.Utf8String, "20500101000000Z", undefined],
    [Tag.UtcTime, "", undefined],
  ];
  for (const [tag, text, iso] of times) {
    const read = () => timeMs(element(tag, text));
    if (iso === undefined) assert.throws(read, DecodeError, text);
    else assert.equal(new Date(read()).toISOString(), iso);
  }
});

Deno.test("strings of each type", () => {
  const table: [number, string, string | undefined][] = [
    [Tag.Utf8String, "c3bc", "ü"],
    [Tag.Utf8String, "fc", undefined],
    [Tag.TeletexString, "fc", "ü"],
    [Tag.PrintableString, "6162", "ab"],
    [Tag.BmpString, "006100fc", "aü"],
    [Tag.BmpString, "00", undefined],
    [Tag.UniversalString, "0001f600", "😀"],
    [Tag.UniversalString, "ffffffff", undefined],
    [Tag.Sequence, "", undefined],
  ];
  for (const [tag, hex, text] of table) {
    const content = bytes(hex);
    const read = () => stringText({ tag, content, whole: content });
    if (text === undefined) assert.throws(read, DecodeError, hex);
    else assert.equal(read(), text);
  }
});

Deno.test("any bytes are a certificate or a DecodeError", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (content) => {
    // Wrapped, so that the bytes get past the first tag.
    const wrapped = new Uint8Array([
      0x30,
      0x82,
      content.length >> 8,
      content.length & 255,
      ...content,
    ]);
    for (const input of [content, wrapped]) {
      try {
        readCertificate(input);
      } catch (error) {
        assert.ok(error instanceof DecodeError, String(error));
      }
    }
  }));
});
