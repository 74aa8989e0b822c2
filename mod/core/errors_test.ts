import assert from "node:assert/strict";
import { DecodeError, messageOf } from "./mod.ts";

Deno.test("errors: whatever is thrown has a message", () => {
  assert.equal(
    messageOf(new DecodeError("crc", "expected CHK 1, found 2")),
    "expected CHK 1, found 2",
  );
  assert.equal(messageOf(new Error("")), "");
  assert.equal(messageOf("closed"), "closed");
  assert.equal(messageOf(undefined), "undefined");
  assert.equal(messageOf({ message: "looks like one" }), "[object Object]");
});
