import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { decode, encode } from "cborg";
import fc from "fast-check";
import { DecodeError } from "../core/mod.ts";
import {
  decodeEventRecord,
  encodeEventRecord,
  type EventRecordContent,
  RECORD_KIND,
  RECORD_VERSION,
} from "./mod.ts";
import { RECORD_ID as ID, sampleRecord } from "./record_testing.ts";

function content(changes: Partial<EventRecordContent> = {}): EventRecordContent {
  return sampleRecord({
    stream: {
      ...sampleRecord().stream,
      title: "Bay 1, 110 kV",
      confRev: 4_000_000_000,
      rate: 4800,
      latitude: 47.5,
      channels: [
        { name: "Ia", phase: "A", unit: "A", scale: 0.001, offset: 0 },
        { name: "Ua", phase: "A", unit: "V", scale: 0.01, offset: -5 },
      ],
    },
    clock: { smpSynch: 2, gmIdentity: "00000000000000ff" },
    encoding: {
      uuid: ID,
      variables: 2,
      samplingRate: 4800,
      samplesPerMessage: 2400,
      xor: true,
      spatial: { voltageGroups: 0, currentGroups: 0, includeNeutral: true },
    },
    triggers: [{
      name: "over",
      kind: "over",
      source: "BAY1",
      channel: "Ia",
      value: 1200.5,
      at: { seconds: 1_700_000_000, nanos: 208_333 },
      since: { seconds: 1_700_000_000, nanos: 0 },
      settings: { limit: 1000, channels: ["Ia"] },
    }, {
      name: "drill",
      kind: "manual",
      source: "",
      channel: "operator",
      value: NaN,
      at: { seconds: 1_700_000_001, nanos: 0 },
      since: { seconds: 1_700_000_001, nanos: 0 },
      settings: {},
    }],
    unlistedTriggers: 936,
    pieces: [
      {
        first: 1_700_000_000 * 4800 - 100,
        count: 100,
        marks: [0, 60, 1, 40],
        message: Uint8Array.of(1, 2, 3),
      },
      { first: 1_700_000_000 * 4800, count: 5, marks: [2, 5], message: new Uint8Array(0) },
    ],
    lostSamples: 1,
    missingSamples: 2,
    shortSamples: 3,
    jumps: 4,
    isCut: true,
    ...changes,
  });
}

function withoutClock(): EventRecordContent {
  const { clock: _, ...rest } = content();
  return rest;
}

Deno.test("a record is read as it was written", () => {
  for (
    const c of [
      content(),
      content({ continues: ID, pieces: [], triggers: [], isCut: false }),
      content({ encoding: { ...content().encoding, xor: false } }),
      withoutClock(),
    ]
  ) assert.deepEqual(decodeEventRecord(encodeEventRecord(c)), c);
});

Deno.test("a record tells without this program what it is", () => {
  const bytes = encodeEventRecord(content());
  assert.equal(new TextDecoder().decode(bytes.subarray(2, 22)), RECORD_KIND);
  const [kind, version, body, digest] = decode(bytes) as [string, number, Uint8Array, Uint8Array];
  assert.deepEqual([kind, version], [RECORD_KIND, RECORD_VERSION]);
  assert.deepEqual(new Uint8Array(createHash("sha256").update(body).digest()), digest);
  const map = decode(body) as Record<string, Record<string, unknown>>;
  assert.equal(map.stream!.timeScale, "UTC");
  assert.equal(map.stream!.longitude, null);
  assert.equal(map.encoding!.codec, "slipstream");
  assert.match(String(map.markLegend!["1"]), /never received/);
});

const whole = encodeEventRecord(content());

Deno.test("every cut and every changed bit of a record is refused", () => {
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => decodeEventRecord(whole.subarray(0, length)), DecodeError);
  }
  for (let at = 0; at < whole.length; at++) {
    for (const bit of [1, 0x80]) {
      const changed = whole.slice();
      changed[at]! ^= bit;
      assert.throws(() => decodeEventRecord(changed), DecodeError, `byte ${at}`);
    }
  }
  assert.throws(() => decodeEventRecord(new Uint8Array([...whole, 0])), DecodeError);
});

Deno.test("any bytes are a record or a DecodeError", () => {
  const refuse = (bytes: Uint8Array) => {
    try {
      decodeEventRecord(bytes);
    } catch (error) {
      assert.ok(error instanceof DecodeError, String(error));
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), refuse));
  refuse(new Uint8Array(1_000_000).fill(0x81)); // a million arrays in each other
});

/** A container around any content, with the right SHA-256. */
function container(map: unknown): Uint8Array {
  const body = encode(map);
  const digest = new Uint8Array(createHash("sha256").update(body).digest());
  return encode([RECORD_KIND, RECORD_VERSION, body, digest]);
}

Deno.test("content of another shape is refused, with the field", () => {
  const [, , body] = decode(whole) as [string, number, Uint8Array];
  const good = () => decode(body) as Record<string, Record<string, unknown>>;
  assert.equal(decodeEventRecord(container(good())).id, ID);
  for (
    const [path, value] of [
      ["id", "x"],
      ["stream.rate", 0],
      ["stream.rate", 1.5],
      ["stream.channels", []],
      ["encoding.codec", "zip"],
      ["encoding.samplesPerMessage", 50],
      ["triggers", {}],
      ["pieces.0.count", 101],
      ["pieces.0.marks", [0, 100, 1]],
      ["pieces.0.second", -1],
      ["pieces.0.message", "text"],
      ["lostSamples", null],
      ["clock.gmIdentity", "xyz"],
      ["gateway", undefined],
    ] as [string, unknown][]
  ) {
    const map = good();
    const keys = path.split(".");
    let here: Record<string, unknown> = map;
    for (const key of keys.slice(0, -1)) here = here[key] as Record<string, unknown>;
    if (value === undefined) delete here[keys.at(-1)!];
    else here[keys.at(-1)!] = value;
    assert.throws(() => decodeEventRecord(container(map)), DecodeError, path);
  }
});

Deno.test("any content in a right container is a record or a DecodeError", () => {
  fc.assert(fc.property(
    fc.anything({
      withNullPrototype: false,
      values: [fc.integer(), fc.string(), fc.constant(null)],
    }),
    (value) => {
      let bytes: Uint8Array;
      try {
        bytes = container(value);
      } catch {
        return; // CBOR does not take it
      }
      assert.throws(() => decodeEventRecord(bytes), DecodeError);
    },
  ));
});
