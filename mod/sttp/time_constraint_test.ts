import assert from "node:assert/strict";
import fc from "fast-check";
import { DecodeError } from "../core/mod.ts";
import { parseTimeConstraint } from "./time_constraint.ts";

const NOW = 1_700_000_000_000_000;

Deno.test("time constraints of 5.7", () => {
  const at = (iso: string) => Date.parse(iso) * 1000;
  const table: [string, number][] = [
    ["*", NOW],
    ["*-20s", NOW - 20e6],
    ["* + 5m", NOW + 300e6],
    ["*-2h", NOW - 7200e6],
    ["*-1d", NOW - 86400e6],
    ["2024-01-01 00:00:00", at("2024-01-01T00:00:00Z")],
    ["2024-02-29T12:34:56.789", at("2024-02-29T12:34:56.789Z")],
    ["2024/01/01 00:00:00.5", at("2024-01-01T00:00:00.5Z")],
    ["01-31-2024 23:59:59", at("2024-01-31T23:59:59Z")],
    ["01/31/2024 23:59:59.123456", at("2024-01-31T23:59:59.123Z") + 456],
    ["2024-01-01 00:00:00 +02:00", at("2023-12-31T22:00:00Z")],
    ["2024-01-01 00:00:00-0530", at("2024-01-01T05:30:00Z")],
    ["2024-01-01 00:00:00Z", at("2024-01-01T00:00:00Z")],
  ];
  for (const [text, expected] of table) {
    assert.equal(parseTimeConstraint(text, NOW), expected, text);
  }
});

Deno.test("other texts and dates that do not exist are refused", () => {
  const texts = ["", "now", "*-5", "*-5w", "2024-02-30 00:00:00", "2024-13-01 00:00:00"];
  for (const text of [...texts, "2024-01-01 24:00:00", "2024-01-01", "*-9999999999s"]) {
    assert.throws(() => parseTimeConstraint(text, NOW), DecodeError, text);
  }
  fc.assert(fc.property(fc.string(), (text) => {
    try {
      assert.ok(Number.isFinite(parseTimeConstraint(text, NOW)));
    } catch (error) {
      assert.ok(error instanceof DecodeError);
    }
  }));
});
