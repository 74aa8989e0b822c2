import assert from "node:assert/strict";
import fc from "fast-check";
import { DecodeError } from "../core/mod.ts";
import { visibleBytes } from "./bytes.ts";
import { encodePdu } from "./encode.ts";
import { rejectWord, SvReject } from "./reject.ts";
import { isC37118, parseSession, PayloadType, SvSession } from "./session.ts";
import { encodeSession, type SessionFields } from "./session_encode.ts";
import { sessionToJson } from "./session_json.ts";
import { SpduSequence } from "./spdu_sequence.ts";
import { SynchrophasorDataSet } from "./synchrophasor.ts";

const APDU = encodePdu([{ svID: "R", smpCnt: 1, confRev: 1, seqData: new Uint8Array(8) }]);
const FIELDS: SessionFields = { spduNumber: 7, payloads: [{ appid: 0x4001, apdu: APDU }] };

Deno.test("any session PDU that is encoded is decoded to the same fields, in both layouts", () => {
  const payload = fc.record({
    type: fc.constantFrom(...Object.values(PayloadType)),
    simulation: fc.boolean(),
    appid: fc.nat(65_535),
  });
  fc.assert(fc.property(
    fc.record({
      sessionId: fc.integer({ min: 0xa0, max: 0xa3 }),
      spduNumber: fc.nat(0xffffffff),
      timeOfCurrentKey: fc.nat(0xffffffff),
      timeToNextKey: fc.nat(65_535),
      keyId: fc.nat(0xffffffff),
      payloads: fc.array(payload, { maxLength: 5 }),
    }),
    fc.option(fc.uint8Array({ maxLength: 16 }), { nil: undefined }),
    fc.integer({ min: 0, max: 5 }),
    (fields, iv, algorithm) => {
      const size = [0, 10, 16, 32, 8, 16][algorithm]!;
      const signature = new Uint8Array(size).fill(0x5a);
      const payloads = fields.payloads.map((p) => ({
        ...p,
        apdu: p.type === PayloadType.SampledValues ? APDU : visibleBytes("anything"),
      }));
      const bytes = encodeSession({
        ...fields,
        payloads,
        ...(iv ? { iv } : { signatureAlgorithm: algorithm }),
        ...(size > 0 && { signature }),
      });
      const { session, pdus } = parseSession(bytes);
      const json = sessionToJson(session, pdus, bytes);
      assert.equal(json.sessionId, fields.sessionId);
      assert.equal(json.spduNumber, fields.spduNumber);
      assert.equal(json.timeOfCurrentKey, fields.timeOfCurrentKey);
      assert.equal(json.timeToNextKey, fields.timeToNextKey);
      assert.equal(json.keyId, fields.keyId);
      assert.equal(json.version, iv ? 2 : 1);
      assert.equal(session.ivLength, iv?.length ?? 0);
      assert.equal(session.signatureLength, size);
      assert.equal(json.spduLength, json.commonHeaderLength + json.payloadLength);
      assert.deepEqual(
        json.payloads.map(({ type, simulation, appid }) => ({ type, simulation, appid })),
        fields.payloads.map((p) => ({ ...p })),
      );
      // Cut anywhere before the end of the payload it is no session PDU.
      const end = bytes.length - (size > 0 ? size + 1 : 0);
      for (let cut = 0; cut < end; cut++) {
        assert.notEqual(session.decode(bytes, 0, cut), SvReject.None, `cut at ${cut} of ${end}`);
        assert.equal(session.payloadCount, 0);
      }
    },
  ));
});

Deno.test("any datagram is a session PDU or a reason", () => {
  const session = new SvSession();
  const good = encodeSession({ ...FIELDS, signatureAlgorithm: 1, signature: new Uint8Array(10) });
  fc.assert(fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(60), (at, value, more) => {
    const bytes = new Uint8Array(good.length + more).fill(value);
    bytes.set(good);
    bytes[at] = value;
    const reason = session.decode(bytes, 0, bytes.length);
    assert.notEqual(rejectWord(reason), "unknown");
    for (let i = 0; i < session.payloadCount; i++) {
      assert.ok(session.apduOffset[i]! + session.apduLength[i]! <= bytes.length);
    }
    try {
      parseSession(bytes);
    } catch (error) {
      assert.ok(error instanceof DecodeError);
    }
  }));
});

Deno.test("a datagram of another kind has its reason", () => {
  const changed = (at: number, ...octets: number[]) => {
    const bytes = encodeSession(FIELDS);
    bytes.set(octets, at);
    return bytes;
  };
  const cases: [string, Uint8Array, number][] = [
    ["good", encodeSession(FIELDS), SvReject.None],
    ["C37.118", visibleBytes("\xaa\x01\x00\x12\x00\x07"), SvReject.Transport],
    ["other TPDU", changed(1, 0xe0), SvReject.Transport],
    ["transport header beyond the end", changed(0, 0xff), SvReject.Transport],
    ["session A4", changed(2, 0xa4), SvReject.Session],
    ["common header of 20", changed(5, 20), SvReject.Session],
    ["version 3 with the length of version 1", changed(15, 3), SvReject.Session],
    ["encrypted", changed(22, 1), SvReject.Encrypted],
    ["payload too long", changed(28, 0, 1, 0, 0), SvReject.PayloadLength],
    ["element type 0x80", changed(32, 0x80), SvReject.ElementType],
    ["element beyond the payload", changed(36, 0xff), SvReject.Element],
    ["signature promised, none there", changed(23, 2), SvReject.Signature],
  ];
  for (const [name, bytes, reason] of cases) {
    const found = new SvSession().decode(bytes, 0, bytes.length);
    assert.equal(rejectWord(found), rejectWord(reason), name);
  }
  assert.ok(isC37118(cases[1]![1]));
  const many = Array.from({ length: 65 }, () => ({ appid: 1, apdu: APDU }));
  assert.throws(() => parseSession(encodeSession({ spduNumber: 0, payloads: many })), /64/);
});

Deno.test("transport options and padding are stepped over", () => {
  const plain = encodeSession(FIELDS);
  const padded = [0xaf, 3, 0, 0, 0];
  const bytes = new Uint8Array([
    3,
    0x40,
    0xc1,
    0x00, // an option in the transport header
    ...plain.subarray(2),
    ...padded,
    0x85,
    1,
    2,
    3,
  ]);
  const session = new SvSession();
  bytes[4 + 19 + 2] = 9; // a signature algorithm that nobody knows: the rest is the signature
  assert.equal(session.decode(bytes, 0, bytes.length), SvReject.None);
  assert.equal(session.payloadCount, 1);
  assert.deepEqual([session.signatureOffset, session.signatureLength], [bytes.length - 3, 3]);
});

Deno.test("fields that do not fit are refused", () => {
  const wrong: Partial<SessionFields>[] = [
    { spduNumber: -1 },
    { spduNumber: 2 ** 32 },
    { keyId: 0.5 },
    { iv: new Uint8Array(65) },
    { payloads: [{ appid: 65_536, apdu: APDU }] },
    { payloads: [{ appid: 1, apdu: new Uint8Array(65_536) }] },
    { payloads: [{ appid: 1, apdu: new Uint8Array(65_394) }] },
  ];
  for (const fields of wrong) {
    assert.throws(() => encodeSession({ ...FIELDS, ...fields }), RangeError);
  }
});

Deno.test("SPDU numbers tell losses, duplicates and late ones across the wrap", () => {
  const cases: [name: string, numbers: number[], expected: Partial<SpduSequence>][] = [
    ["in order over the wrap", [2 ** 32 - 2, 2 ** 32 - 1, 0, 1], { received: 4, lost: 0 }],
    ["loss", [5, 6, 9], { received: 3, lost: 2 }],
    ["duplicate", [5, 5, 6], { received: 2, duplicate: 1, lost: 0 }],
    ["swapped", [5, 7, 6, 8], { received: 4, late: 1, lost: 0 }],
    ["restart", [5_000_000, 0, 1], { received: 3, restarts: 1, lost: 0 }],
  ];
  for (const [name, numbers, expected] of cases) {
    const sequence = new SpduSequence();
    for (const n of numbers) sequence.accept(n);
    for (const [key, value] of Object.entries(expected)) {
      assert.equal(sequence[key as keyof SpduSequence], value, `${name}: ${key}`); // its own keys
    }
  }
});

Deno.test("the synchrophasor data set goes both ways, magnitude or angle first", () => {
  const pmus = [{ phasors: 2, analogs: 1, digitals: 1 }, { phasors: 0, analogs: 0, digitals: 2 }];
  const values = [100, 30, 200, -60.5, 50.25, -0.5, 3.5, 0xbeef, 60, 0, 1, 2];
  for (const angleFirst of [false, true]) {
    const dataSet = new SynchrophasorDataSet(pmus, { angleFirst });
    const bytes = dataSet.encode(values, [0x8000, 16]);
    assert.equal(bytes.length, dataSet.size);
    const view = new DataView(bytes.buffer);
    assert.equal(view.getFloat32(angleFirst ? 6 : 2), 100);
    const found = new Float32Array(dataSet.count), stats = new Uint16Array(2);
    assert.ok(dataSet.decode(view, 0, bytes.length, found, stats));
    assert.deepEqual([...found], values);
    assert.deepEqual([...stats], [0x8000, 16]);
    assert.ok(!dataSet.decode(view, 0, bytes.length - 1, found, stats));
  }
});
