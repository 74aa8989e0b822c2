import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type DistinguishedName,
  matchesName,
  nameText,
  overlap,
  parseNamePattern,
} from "./distinguished_name.ts";

const NAME: DistinguishedName = [["C=DE"], ["O=Grid, Inc."], ["CN=pdc-1"]];

Deno.test("a name is matched whole or by its only common name, exactly", () => {
  const table: [string, DistinguishedName, boolean][] = [
    ["pdc-1", NAME, true],
    ["pdc-10", NAME, false],
    ["PDC-1", NAME, false],
    [" pdc-1", NAME, false],
    ["CN=pdc-1,O=Grid\\, Inc.,C=DE", NAME, true],
    ["C = DE, O = Grid\\, Inc., CN = pdc-1", NAME, true],
    ["cn=pdc-1,o=Grid\\, Inc.,c=DE", NAME, true],
    ["CN=pdc-1", NAME, false],
    ["O=Grid\\, Inc.,CN=pdc-1,C=DE", NAME, false],
    ["pdc-1", [["CN=pdc-1"], ["CN=other"]], false],
    ["pdc-1", [["OU=pdc-1"]], false],
    ["pdc-1", [["CN=pdc-1\u0000.evil"]], false],
    ["CN=a,O=b", [["CN=a,O=b"]], false],
    ["CN=a\\,O\\=b", [["CN=a,O=b"]], true],
    ["OU=x+CN=y,O=z", [["O=z"], ["CN=y", "OU=x"]], true],
    ["OU=x,CN=y,O=z", [["O=z"], ["CN=y", "OU=x"]], false],
    ["1.2.3.4=v", [["1.2.3.4=v"]], true],
    ["CN=", [], false],
  ];
  for (const [text, name, expected] of table) {
    if (text === "CN=") assert.throws(() => parseNamePattern(text), RangeError);
    else assert.equal(matchesName(parseNamePattern(text), name), expected, text);
  }
});

Deno.test("patterns overlap if one name matches both", () => {
  const table: [string, string, boolean][] = [
    ["a", "a", true],
    ["a", "b", false],
    ["a", "CN=a,O=x", true],
    ["CN=a,O=x", "a", true],
    ["CN=a,O=x", "O=x,CN=a", true],
    ["CN=a,O=x", "CN=a,O=y", false],
  ];
  for (const [a, b, expected] of table) {
    assert.equal(overlap(parseNamePattern(a), parseNamePattern(b)), expected, `${a} ${b}`);
  }
});

Deno.test("a name in a log holds no control characters", () => {
  assert.equal(nameText([["O=a\nb"], ["CN=x,y\u001b[31m"]]), "CN=x\\,y?[31m,O=a?b");
});

Deno.test("any text is a pattern or a RangeError", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    try {
      matchesName(parseNamePattern(text), NAME);
    } catch (error) {
      assert.ok(error instanceof RangeError);
    }
  }));
});
