import assert from "node:assert/strict";
import fc from "fast-check";
import { DecodeError } from "../core/mod.ts";
import {
  buildConnectionString,
  DEFAULT_REQUEST,
  parseConnectionString,
  parseSubscriptionRequest,
  requestOf,
  type SubscriptionRequest,
} from "./connection_string.ts";
import { encodeText } from "./text.ts";

const parse = (text: string) => Object.fromEntries(parseConnectionString(text).values);
const request = (text: string) => requestOf(parseConnectionString(text));

Deno.test("connection strings are cut as 5.2 says", () => {
  const table: [string, string, Record<string, string>][] = [
    ["pairs", "a=1;b=2", { a: "1", b: "2" }],
    ["blanks and case", " A = 1 ; B=2 ", { a: "1", b: "2" }],
    ["last duplicate wins", "a=1;A=2", { a: "2" }],
    ["empty pairs", ";;a=1;;", { a: "1" }],
    ["braces", "a={b=1;c=2};d=3", { a: "b=1;c=2", d: "3" }],
    ["nested braces", "a={{1};{2}}", { a: "{1};{2}" }],
    ["braces that are no wrapping", "a={1}{2}", { a: "{1}{2}" }],
    ["braces in the middle", "a=x{;=}y", { a: "x{;=}y" }],
    ["first = counts", "a=speed=1", { a: "speed=1" }],
    ["no =", "requestNaNValueFilterfalse;a=1", { a: "1" }],
    ["empty value", "a=;b={}", { a: "", b: "" }],
    ["no key", "=1;a=2", { a: "2" }],
  ];
  for (const [name, text, expected] of table) assert.deepEqual(parse(text), expected, name);
});

Deno.test("unbalanced braces are refused", () => {
  for (const text of ["a={", "a=}", "a={{}", "{", "a=1}{"]) {
    assert.throws(() => parseConnectionString(text), { name: "DecodeError", kind: "braces" }, text);
  }
});

Deno.test("values are typed, and what cannot be parsed is the default", () => {
  const table: [string, Partial<SubscriptionRequest>][] = [
    ["throttled=TRUE", { throttled: true }],
    ["trackLatestMeasurements=1", { throttled: true }],
    ["throttled=maybe", { throttled: false }],
    ["includeTime=0", { includeTime: false }],
    ["publishInterval=.5", { publishIntervalSeconds: 0.5 }],
    ["publishInterval=1,5", { publishIntervalSeconds: 1 }],
    ["publishInterval=1e999", { publishIntervalSeconds: 1 }],
    ["lagTime=-3.5e0", { lagTimeSeconds: -3.5 }],
    ["processingInterval=99999999999", { processingIntervalMs: -1 }],
    ["inputMeasurementKeys={PPA:1;PPA:2}", { filterExpression: "PPA:1;PPA:2" }],
    ["dataChannel={localport=5000}", { udpPort: 5000 }],
    ["dataChannel={port=5000}", { udpPort: 5000 }],
    ["dataChannel={localport=0}", { udpPort: 0 }],
    ["dataChannel={localport=65536}", { udpPort: 0 }],
    ["requestNaNValueFilterfalse", { requestNaNValueFilter: false }],
    ["requestNaNValueFiltertrue", { requestNaNValueFilter: true }],
    ["assemblyInfo={source=A;buildDate=B}", {
      assemblyInfo: { source: "A", version: "", updatedOn: "B" },
    }],
    ["own=1;startTimeConstraint=*-5m", {
      others: new Map([["own", "1"]]),
      startTimeConstraint: "*-5m",
    }],
  ];
  for (const [text, expected] of table) {
    assert.deepEqual(request(text), { ...DEFAULT_REQUEST, ...expected }, text);
  }
});

Deno.test("Subscribe payloads that must be answered with Failed", () => {
  const payload = (flags: number, size: number, text: string) =>
    Uint8Array.of(flags, size >>> 24, size >>> 16, size >>> 8, size, ...encodeText(text, "utf-8"));
  const table: [string, Uint8Array, string][] = [
    ["nothing", new Uint8Array(0), "truncated"],
    ["synchronised", payload(3, 3, "a=1"), "synchronized"],
    ["size beyond the payload", payload(2, 4, "a=1"), "truncated"],
    ["size of 2^31", payload(2, 0x80000000, "a=1"), "truncated"],
    ["empty string", payload(2, 0, ""), "empty"],
    ["blank string", payload(2, 2, "  "), "empty"],
    ["unbalanced", payload(2, 3, "a={"), "braces"],
  ];
  for (const [name, bytes, kind] of table) {
    assert.throws(
      () => parseSubscriptionRequest(bytes, "utf-8"),
      { name: "DecodeError", kind },
      name,
    );
  }
  const withTail = payload(2, 3, "a=1 and more");
  assert.deepEqual(parseSubscriptionRequest(withTail, "utf-8").others, new Map([["a", "1"]]));
});

Deno.test("what is built is read again", () => {
  const text = fc.stringMatching(/^[\w :'%<>=,.-]{0,40}$/).map((t) => t.trim());
  fc.assert(fc.property(text, fc.boolean(), fc.nat(65535), text, (filter, flag, udpPort, extra) => {
    const wanted: SubscriptionRequest = {
      ...DEFAULT_REQUEST,
      throttled: flag,
      publishIntervalSeconds: udpPort / 8,
      filterExpression: filter,
      udpPort,
      timeConstraintParameters: extra === "" ? undefined : `{a};${extra}`,
      others: new Map([["own", "a;b=c"]]),
    };
    assert.deepEqual(request(buildConnectionString(wanted)), wanted);
  }));
});

Deno.test("any text is read or refused", () => {
  const character = fc.constantFrom("{", "}", ";", "=", "a", " ", "localport", "dataChannel");
  fc.assert(fc.property(fc.array(character, { maxLength: 60 }), (parts) => {
    try {
      request(parts.join(""));
    } catch (error) {
      assert.ok(error instanceof DecodeError);
    }
  }));
});

Deno.test("a filter of 1 MB is read in one pass", () => {
  const filter = "PPA:1234567;".repeat(90_000);
  assert.equal(request(`filterExpression={${filter}}`).filterExpression.length, filter.length);
});
