import assert from "node:assert/strict";
import fc from "fast-check";
import { DecodeError } from "../core/mod.ts";
import { anyManagement, anyMessage } from "./arbitraries_test.ts";
import { hexOf } from "./identity.ts";
import { messageToJson } from "./json.ts";
import { encodeGet, managementContent } from "./management.ts";
import { decodeManagementData, encodeManagementData, hasData } from "./management_data.ts";
import { ManagementId } from "./management_ids.ts";
import { type AnnounceMessage, decodeMessage, encodeMessage, makeHeader } from "./message.ts";
import { MessageType, PtpFlags } from "./names.ts";
import { MAX_TLVS, type Tlv } from "./tlv.ts";

const SOURCE = { clockIdentity: "020000fffe000a01", portNumber: 1 };

function announce(tlvs: Tlv[]): AnnounceMessage {
  return {
    messageType: MessageType.Announce,
    header: makeHeader(MessageType.Announce, SOURCE, { flags: PtpFlags.PtpTimescale }),
    originTimestamp: { seconds: 0, nanos: 0 },
    currentUtcOffset: 37,
    grandmasterPriority1: 128,
    grandmasterClockQuality: { clockClass: 6, clockAccuracy: 0x21, offsetScaledLogVariance: 1 },
    grandmasterPriority2: 128,
    grandmasterIdentity: SOURCE.clockIdentity,
    stepsRemoved: 0,
    timeSource: 0x20,
    tlvs,
  };
}

Deno.test("a message is the same after encoding and decoding", () => {
  fc.assert(
    fc.property(anyMessage, octetsBehind(), (message, behind) => {
      const bytes = encodeMessage(message);
      const padded = new Uint8Array([...bytes, ...behind]);
      // fast-check makes objects without a prototype; a clone has one.
      assert.deepEqual(decodeMessage(padded), structuredClone(message));
    }),
    { numRuns: 500 },
  );
});

Deno.test("any octets give a message that encodes to as many, or a DecodeError", () => {
  const types = [0, 1, 2, 3, 8, 9, 10, 11, 12, 13];
  const start = fc.constantFrom(...types.map((t) => [t, 2, 0]));
  fc.assert(
    fc.property(start, fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 200 }), (
      head,
      length,
      rest,
    ) => {
      const bytes = new Uint8Array([...head, length, ...rest]);
      readOrRefuse(bytes);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("any damage to a message gives a message or a DecodeError", () => {
  fc.assert(
    fc.property(anyMessage, fc.nat(), fc.nat(255), fc.nat(), (message, at, value, cut) => {
      const bytes = encodeMessage(message);
      bytes[at % bytes.length] = value;
      readOrRefuse(bytes);
      readOrRefuse(bytes.subarray(0, cut % (bytes.length + 1)));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("management data of any octets is read and written back, or refused", () => {
  const ids = Object.values(ManagementId).filter(hasData);
  fc.assert(
    fc.property(fc.constantFrom(...ids), fc.uint8Array({ maxLength: 300 }), (id, bytes) => {
      let data;
      try {
        data = decodeManagementData(id, bytes);
      } catch (error) {
        assert.ok(error instanceof DecodeError, String(error));
        return;
      }
      const again = encodeManagementData(id, data);
      assert.deepEqual(decodeManagementData(id, again), data);
    }),
    { numRuns: 5000 },
  );
});

Deno.test("management data of fixed length survive in full, 64-bit counters up to 2^53", () => {
  const lengths = new Map<number, number>();
  for (const id of Object.values(ManagementId).filter(hasData)) {
    for (let size = 0; size <= 300; size++) {
      try {
        decodeManagementData(id, new Uint8Array(size));
        if (!lengths.has(id)) lengths.set(id, size);
      } catch (error) {
        assert.ok(error instanceof DecodeError);
      }
    }
  }
  const expected: [number, number][] = [
    [ManagementId.DefaultDataSet, 20],
    [ManagementId.CurrentDataSet, 18],
    [ManagementId.ParentDataSet, 32],
    [ManagementId.TimePropertiesDataSet, 4],
    [ManagementId.PortDataSet, 26],
    [ManagementId.TimeStatusNp, 50],
    [ManagementId.GrandmasterSettingsNp, 8],
    [ManagementId.PortDataSetNp, 8],
    [ManagementId.SubscribeEventsNp, 66],
    [ManagementId.PortStatsNp, 266],
    [ManagementId.PortServiceStatsNp, 90],
    [ManagementId.PortHwclockNp, 16],
    [ManagementId.PowerProfileSettingsNp, 16],
    [ManagementId.CmldsInfoNp, 16],
    [ManagementId.AlternateTimeOffsetProperties, 15],
  ];
  for (const [id, size] of expected) assert.equal(lengths.get(id), size, id.toString(16));
});

Deno.test("ingress times far from now are exact, before 1970 too", () => {
  const status = {
    masterOffset: -1,
    cumulativeScaledRateOffset: 0,
    scaledLastGmPhaseChange: 0,
    gmTimeBaseIndicator: 0,
    lastGmPhaseChange: "0".repeat(24),
    gmPresent: true,
    gmIdentity: "0".repeat(16),
  };
  for (
    const ingressTime of [
      { seconds: 1_795_209_656, nanos: 112_074_261 },
      { seconds: 9_223_372_036, nanos: 854_775_807 },
      { seconds: -1, nanos: 999_999_999 },
      { seconds: -9_223_372_037, nanos: 145_224_192 },
    ]
  ) {
    const bytes = encodeManagementData(ManagementId.TimeStatusNp, { ...status, ingressTime });
    const data = decodeManagementData(ManagementId.TimeStatusNp, bytes);
    assert.deepEqual(data, { ...status, ingressTime });
  }
});

Deno.test("what is refused, and as what", () => {
  const good = encodeMessage(announce([{ kind: "pathTrace", pathSequence: ["0".repeat(16)] }]));
  const change = (at: number, ...values: number[]) => {
    const bytes = good.slice();
    bytes.set(values, at);
    return bytes;
  };
  const many = encodeMessage(announce(Array.from({ length: MAX_TLVS }, (): Tlv => ({
    kind: "unknown",
    tlvType: 0x2000,
    value: new Uint8Array(),
  }))));
  const more = new Uint8Array(many.length + 4);
  more.set(many);
  more.set([0x20, 0, 0, 0], many.length);
  more.set([more.length >> 8, more.length & 255], 2);
  const management = encodeGet({ source: SOURCE, domainNumber: 0 }, 1, 0x2000);
  const table: [string, Uint8Array, string][] = [
    ["nothing", new Uint8Array(), "truncated"],
    ["half a header", good.subarray(0, 20), "truncated"],
    ["version 1", change(1, 1), "version"],
    ["reserved type", change(0, 7), "type"],
    ["messageLength beyond the end", change(2, 0, good.length + 1), "truncated"],
    ["messageLength below the fixed part", change(2, 0, 63), "length"],
    ["TLV beyond messageLength", change(66, 0, 10), "truncated"],
    ["TLV of odd length", change(66, 0, 7), "length"],
    ["path of half an identity", change(66, 0, 4), "length"],
    ["two octets of a TLV", change(2, 0, 66), "truncated"],
    ["nanoseconds", change(40, 0x3b, 0x9a, 0xca, 0x00), "timestamp"],
    ["too many TLVs", more, "bound"],
    [
      "management of nothing",
      management.slice(0, 48).fill(48, 3, 4),
      "tlv",
    ],
    ["management of a path", management.slice().fill(8, 49, 50).fill(0, 51, 52), "truncated"],
  ];
  for (const [name, bytes, kind] of table) {
    assert.throws(() => decodeMessage(bytes), (error) => {
      assert.ok(error instanceof DecodeError, name);
      assert.equal(error.kind, kind, `${name}: ${error.message}`);
      return true;
    });
  }
});

Deno.test("a power TLV without its reserved octets is read, and written as it came", () => {
  const tlv = { kind: "power2017" as const, grandmasterId: 7, totalTimeInaccuracy: 5 };
  const short = announce([{ ...tlv, tail: new Uint8Array() }]);
  const bytes = encodeMessage(short);
  assert.equal(bytes.length, 64 + 4 + 16);
  assert.deepEqual(decodeMessage(bytes), short);
});

Deno.test("every message has a JSON form", () => {
  fc.assert(fc.property(anyMessage, (message) => {
    let json;
    try {
      json = messageToJson(message);
    } catch (error) {
      // Random data of a known managementId.
      assert.ok(error instanceof DecodeError);
      return;
    }
    assert.ok(JSON.stringify(json).includes(message.header.source.clockIdentity));
  }));
});

Deno.test("a management message tells its error, and unknown data as they are", () => {
  fc.assert(fc.property(anyManagement, (message) => {
    const tlv = message.tlvs[0];
    let content;
    try {
      content = managementContent(message);
    } catch (error) {
      assert.ok(error instanceof DecodeError);
      return;
    }
    if (tlv?.kind === "managementError") {
      assert.deepEqual(content, {
        id: tlv.managementId,
        error: tlv.errorId,
        text: tlv.displayData,
      });
    } else if ("raw" in content) {
      assert.ok(tlv?.kind === "management" && hexOf(content.raw) === hexOf(tlv.data));
    }
  }));
});

Deno.test("the random messages cover every message type and every kind of TLV", () => {
  const types = new Set<number>(), kinds = new Set<string>();
  for (const message of fc.sample(anyMessage, { numRuns: 3000, seed: 1 })) {
    types.add(message.messageType);
    for (const tlv of message.tlvs) kinds.add(tlv.kind);
  }
  assert.equal(types.size, Object.keys(MessageType).length);
  assert.equal(kinds.size, 13, [...kinds].join());
});

function octetsBehind(): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ maxLength: 8 });
}

function readOrRefuse(bytes: Uint8Array): void {
  try {
    const message = decodeMessage(bytes);
    const again = encodeMessage(message);
    // Octets that are not UTF-8 become U+FFFD, three octets.
    assert.ok(again.length <= 3 * bytes.length, `${hexOf(again)} from ${hexOf(bytes)}`);
    assert.deepEqual(decodeMessage(again), message);
  } catch (error) {
    assert.ok(error instanceof DecodeError, String(error));
  }
}
