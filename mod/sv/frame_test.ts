import assert from "node:assert/strict";
import fc from "fast-check";
import { DecodeError } from "../core/mod.ts";
import { hexText, macBytes, sameBytes, visibleBytes } from "./bytes.ts";
import { encodeFrame, type FrameFields, seqDataOf } from "./encode.ts";
import { parseFrame, SvFrame } from "./frame.ts";
import { frameFromJson, frameToJson } from "./json.ts";
import { rejectWord, SvReject } from "./reject.ts";
import { frameFields } from "./arbitraries_test.ts";

const FIELDS: FrameFields = {
  destination: macBytes("01-0C-CD-04-00-01"),
  source: macBytes("02:10:20:30:40:50"),
  tags: [{}],
  appid: 0x4000,
  asdus: [{
    svID: "MU01",
    smpCnt: 3999,
    confRev: 1,
    smpSynch: 2,
    seqData: seqDataOf([1, -2, 2 ** 31 - 1, -(2 ** 31)], [0, 0x2000, 0xffffffff, 3]),
  }],
};

Deno.test("any frame that is encoded is decoded to the same fields", () => {
  const again = new SvFrame();
  fc.assert(fc.property(frameFields(), fc.nat(40), (fields, shift) => {
    const bytes = encodeFrame(fields);
    const json = frameToJson(parseFrame(bytes), bytes);
    const trailer = fields.trailer ?? new Uint8Array(0);
    assert.deepEqual(encodeFrame({ ...frameFromJson(json), trailer }), bytes);
    assert.equal(json.length + trailer.length, bytes.length - bytesBefore(fields));
    json.asdus.forEach((asdu, i) => {
      const wanted = fields.asdus[i]!;
      assert.equal(asdu.svID, wanted.svID);
      assert.equal(asdu.smpCnt, wanted.smpCnt);
      assert.equal(asdu.confRev, wanted.confRev);
      assert.equal(asdu.smpSynch, wanted.smpSynch ?? null);
      assert.equal(asdu.smpRate, wanted.smpRate ?? null);
      assert.equal(asdu.smpMod, wanted.smpMod ?? null);
      assert.equal(asdu.seqData, hexText(wanted.seqData));
    });
    // In the middle of a larger buffer, and with the outer tag taken out by the kernel.
    const buffer = new Uint8Array(shift + bytes.length + 7).fill(0xa5);
    buffer.set(bytes, shift);
    assert.equal(again.decode(buffer, shift, shift + bytes.length), SvReject.None);
    assert.deepEqual(frameToJson(again, buffer), json);
    if (again.tagCount > 0) {
      const stripped = new Uint8Array(bytes.length - 4);
      stripped.set(bytes.subarray(0, 12));
      stripped.set(bytes.subarray(16), 12);
      const [tci, tpid] = [again.tci[0]!, again.tpid[0]!];
      assert.equal(again.decode(stripped, 0, stripped.length, tci, tpid), SvReject.None);
      assert.deepEqual(frameToJson(again, stripped), json);
    }
  }));
});

Deno.test("any bytes are a frame or a reason, and nothing outside them is read", () => {
  const frame = new SvFrame();
  const check = (bytes: Uint8Array, start: number, end: number) => {
    const reason = frame.decode(bytes, start, end);
    assert.notEqual(rejectWord(reason), "unknown");
    const { pdu } = frame;
    if (reason !== SvReject.None) {
      assert.equal(pdu.noASDU, 0);
      assert.ok(pdu.faultOffset >= start && pdu.faultOffset <= Math.max(end, start + 12));
      return;
    }
    for (let i = 0; i < pdu.noASDU; i++) {
      assert.ok(pdu.svIdOffset[i]! >= start && pdu.svIdOffset[i]! + pdu.svIdLength[i]! <= end);
      assert.ok(pdu.seqDataOffset[i]! + pdu.seqDataLength[i]! <= end - frame.trailerLength);
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
    check(bytes, 0, bytes.length);
    // The same behind a header, so that BER is reached.
    const header = encodeFrame(FIELDS).subarray(0, 26);
    const whole = new Uint8Array([...header, ...bytes]);
    whole[20] = (bytes.length + 8) >>> 8;
    whole[21] = bytes.length + 8;
    check(whole, 0, whole.length);
  }));
  // Every single octet of a good frame, changed to anything.
  fc.assert(
    fc.property(frameFields(), fc.nat(), fc.nat(255), fc.nat(), (fields, at, value, cut) => {
      const bytes = encodeFrame(fields);
      bytes[at % bytes.length] = value;
      check(bytes, 0, bytes.length);
      check(bytes, 0, cut % (bytes.length + 1));
    }),
    { numRuns: 500 },
  );
});

Deno.test("a frame that is cut anywhere is rejected", () => {
  const frame = new SvFrame(), bytes = encodeFrame(FIELDS);
  for (let end = 0; end < bytes.length; end++) {
    const reason = frame.decode(bytes, 0, end);
    assert.ok(
      reason === SvReject.Header || reason === SvReject.LengthBeyond,
      `cut at ${end}: ${rejectWord(reason)}`,
    );
  }
});

Deno.test("junk has its reason", () => {
  const good = hexText(encodeFrame({ ...FIELDS, tags: [] }));
  const svData = good.slice(44); // APDU
  const length = (apdu: string) => (apdu.length / 2 + 8).toString(16).padStart(4, "0");
  const withApdu = (apdu: string) => `${good.slice(0, 32)}${length(apdu)}00000000${apdu}`;
  const cases: [name: string, hex: string, reason: number][] = [
    ["good", good, SvReject.None],
    ["GOOSE", good.replace("88ba", "88b8"), SvReject.EtherType],
    ["five tags", good.replace("88ba", "81000000".repeat(5) + "88ba"), SvReject.Tags],
    ["two HSR tags", good.replace("88ba", "892f00000000".repeat(2) + "88ba"), SvReject.EtherType],
    ["noASDU of 9 octets", withApdu("600f8009000000000000000001a2023000"), SvReject.FieldSize],
    ["noASDU 2^56", withApdu("600c80080100000000000000a200"), SvReject.FieldSize],
    ["no seqASDU", withApdu("6003800101"), SvReject.NoAsdu],
    ["noASDU empty", withApdu("60048000a200"), SvReject.FieldSize],
    ["ASDU without anything", withApdu("6007800101a2023000"), SvReject.Missing],
    [
      "refrTm of 7",
      withApdu("60" + "10" + "800101" + "a20b" + "3009" + "8407" + "00".repeat(7)),
      SvReject.FieldSize,
    ],
    [
      "gmIdentity of 9",
      withApdu("60128001" + "01" + "a20d" + "300b" + "8909" + "00".repeat(9)),
      SvReject.FieldSize,
    ],
    ["129 ASDUs", withApdu(manyAsdus(129)), SvReject.TooManyAsdus],
    ["128 ASDUs", withApdu(manyAsdus(128)), SvReject.None],
    ["tag of two octets skipped", withApdu(inserted(svData, "9f8101020102")), SvReject.None],
    [
      "unknown constructed element skipped",
      withApdu(inserted(svData, "ab03020105")),
      SvReject.None,
    ],
    ["unknown element too long", withApdu(inserted(svData, "8b7f")), SvReject.Overrun],
  ];
  for (const [name, hex, reason] of cases) {
    const bytes = new Uint8Array(hex.match(/../g)!.map((pair) => parseInt(pair, 16)));
    const found = new SvFrame().decode(bytes, 0, bytes.length);
    assert.equal(rejectWord(found), rejectWord(reason), name);
    if (reason !== SvReject.None) {
      assert.throws(() => parseFrame(bytes), (error) => {
        assert.ok(error instanceof DecodeError);
        return error.kind === rejectWord(reason);
      });
    }
  }
});

Deno.test("tags, HSR and PRP are told", () => {
  const frame = parseFrame(encodeFrame({
    ...FIELDS,
    tags: [{ tpid: 0x88a8, vid: 7, pcp: 1, dei: true }, { vid: 4095, pcp: 7 }],
    hsr: { path: 9, sequence: 0xfffe },
    trailer: new Uint8Array([0, 0, 0, 0x4d, 0xb0, 0x6d, 0x88, 0xfb]),
  }));
  assert.deepEqual([...frame.tpid].slice(0, 2), [0x88a8, 0x8100]);
  assert.deepEqual([...frame.tci].slice(0, 2), [0x3007, 0xefff]);
  assert.deepEqual(
    [frame.tagCount, frame.vid, frame.hsrPath, frame.hsrSequence, frame.prpLan, frame.prpSequence],
    [2, 4095, 9, 0xfffe, 11, 0x4d],
  );
  const without = parseFrame(encodeFrame({ ...FIELDS, tags: [] }));
  assert.deepEqual([without.vid, without.hsrPath, without.prpLan], [-1, -1, -1]);
});

Deno.test("the size of a frame is the standard's", () => {
  const sizes = [1, 2, 6, 8].map((count) =>
    encodeFrame({
      ...FIELDS,
      asdus: Array.from({ length: count }, (_, i) => ({
        svID: "SIZE_MU01",
        smpCnt: i,
        confRev: 1,
        smpSynch: 2,
        seqData: new Uint8Array(64),
      })),
    }).length
  );
  assert.deepEqual(sizes, [116 + 9, 201 + 18, 535 + 54, 701 + 72]);
});

Deno.test("fields that do not fit are refused", () => {
  const asdu = FIELDS.asdus[0]!;
  const wrong: Partial<FrameFields>[] = [
    { destination: new Uint8Array(5) },
    { appid: 65_536 },
    { tags: [{ vid: 4096 }] },
    { tags: [{ pcp: 8 }] },
    { asdus: [] },
    { asdus: [{ ...asdu, svID: "" }] },
    { asdus: [{ ...asdu, svID: "x".repeat(130) }] },
    { asdus: [{ ...asdu, svID: "€" }] },
    { asdus: [{ ...asdu, smpCnt: -1 }] },
    { asdus: [{ ...asdu, smpCnt: 2 ** 32 }] },
    { asdus: [{ ...asdu, smpSynch: 256 }] },
    { asdus: [{ ...asdu, confRev: 0.5 }] },
    { asdus: [{ ...asdu, gmIdentity: new Uint8Array(7) }] },
    { asdus: [{ ...asdu, seqData: new Uint8Array(1500) }] },
    { asdus: [{ ...asdu, seqData: new Uint8Array(65_536) }] },
  ];
  for (const fields of wrong) {
    assert.throws(() => encodeFrame({ ...FIELDS, ...fields }), RangeError, JSON.stringify(fields));
  }
});

Deno.test("svID is compared octet by octet", () => {
  const bytes = visibleBytes("xMU01x");
  assert.ok(sameBytes(bytes, 1, 4, visibleBytes("MU01")));
  assert.ok(!sameBytes(bytes, 1, 4, visibleBytes("MU02")));
  assert.ok(!sameBytes(bytes, 1, 4, visibleBytes("MU011")));
  assert.ok(!sameBytes(bytes, 1, 5, visibleBytes("MU01")));
  assert.throws(() => macBytes("01:0c:cd:04:00"), RangeError);
});

function bytesBefore(fields: FrameFields): number {
  return 14 + 4 * (fields.tags?.length ?? 0) + (fields.hsr ? 6 : 0);
}

function manyAsdus(count: number): string {
  const asdu = "300e" + "800131" + "82020000" + "830101" + "8700"; // 3 + 4 + 3 + 2 octets
  const one = asdu.replace("300e", "300c");
  const sequence = one.repeat(count);
  const seq = `a282${(sequence.length / 2).toString(16).padStart(4, "0")}${sequence}`;
  const content = `8001${count.toString(16).padStart(2, "0")}${seq}`;
  return `6082${(content.length / 2).toString(16).padStart(4, "0")}${content}`;
}

/** `apdu`, which has short lengths, with an element in front of noASDU. */
function inserted(apdu: string, element: string): string {
  const size = parseInt(apdu.slice(2, 4), 16) + element.length / 2;
  return `60${size.toString(16).padStart(2, "0")}${element}${apdu.slice(4)}`;
}
