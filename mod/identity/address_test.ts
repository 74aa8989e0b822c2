import assert from "node:assert/strict";
import fc from "fast-check";
import { AddressList, normalizeAddress } from "./address.ts";

Deno.test("addresses are written in one form", () => {
  const table: [string, string][] = [
    ["10.0.0.1", "10.0.0.1"],
    ["::ffff:10.0.0.1", "10.0.0.1"],
    ["::FFFF:0a00:0001", "10.0.0.1"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["::", "::"],
    ["FE80::1%eth0", "fe80::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["not an address", "not an address"],
    ["", ""],
  ];
  for (const [text, expected] of table) assert.equal(normalizeAddress(text), expected, text);
});

Deno.test("an allow-list holds addresses and blocks", () => {
  const table: [string[], string, boolean][] = [
    [["10.0.0.1"], "10.0.0.1", true],
    [["10.0.0.1"], "::ffff:10.0.0.1", true],
    [["10.0.0.1"], "10.0.0.2", false],
    [["10.0.0.0/8"], "10.255.1.2", true],
    [["10.0.0.0/8"], "11.0.0.0", false],
    [["192.168.4.0/22"], "192.168.7.255", true],
    [["192.168.4.0/22"], "192.168.8.0", false],
    [["0.0.0.0/0"], "1.2.3.4", true],
    [["0.0.0.0/0"], "::1", false],
    [["::/0"], "1.2.3.4", false],
    [["fd00::/8"], "fdff::1", true],
    [["fd00::/8"], "fe00::1", false],
    [["2001:db8::/33"], "2001:db8:7fff::1", true],
    [["2001:db8::/33"], "2001:db8:8000::1", false],
    [["::ffff:10.0.0.0/104"], "10.9.9.9", true],
    [["fe80::1"], "fe80::1%eth0", true],
    [[], "10.0.0.1", false],
    [["10.0.0.1"], "garbage", false],
  ];
  for (const [entries, address, expected] of table) {
    assert.equal(new AddressList(entries).contains(address), expected, `${entries} ${address}`);
  }
});

Deno.test("bad entries of an allow-list are named", () => {
  for (
    const entry of [
      "",
      "10.0.0",
      "10.0.0.1/33",
      "10.0.0.1/8",
      "::/129",
      "10.0.0.0/8/1",
      "10.0.0.0/x",
    ]
  ) {
    assert.throws(() => new AddressList([entry]), RangeError, entry);
  }
});

Deno.test("any IPv6 address keeps its meaning when it is normalised", () => {
  fc.assert(fc.property(fc.oneof(fc.ipV6(), fc.ipV4()), (address) => {
    const once = normalizeAddress(address);
    assert.equal(normalizeAddress(once), once);
    assert.ok(new AddressList([address]).contains(once));
  }));
});

Deno.test("any text is normalised without an exception", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    normalizeAddress(text);
    new AddressList(["::/0"]).contains(text);
  }));
});
