import assert from "node:assert/strict";
import {
  type IdentityConfig,
  parseFingerprint,
  parseSerial,
  validateIdentities,
} from "./config.ts";
import { makeCertificate } from "./make_certificate.ts";

const PIN_A = "a".repeat(64);
const PIN_B = "b".repeat(64);
const about = { notBeforeMs: Date.UTC(2026, 0, 1) };
const ca = await makeCertificate({ commonName: "CA", isAuthority: true, ...about });
const leaf = await makeCertificate({ commonName: "leaf", ...about });
const issuedBy = (subject: string) => ({ ca: [ca.certPem], subject });

const GOOD: [string, IdentityConfig][] = [
  ["nobody", { subscribers: [] }],
  ["two pins", { subscribers: [{ name: "a", enabled: true, pins: [PIN_A, PIN_B] }] }],
  ["two subjects", {
    subscribers: [
      { name: "a", enabled: true, issuedBy: issuedBy("a") },
      { name: "b", enabled: true, issuedBy: issuedBy("CN=b,O=Grid") },
    ],
  }],
  ["several authorities in one text", {
    subscribers: [{
      name: "a",
      enabled: true,
      issuedBy: { ca: [`# ours\n${ca.certPem}\n${ca.certPem}`], subject: "a" },
    }],
  }],
  ["plain", { subscribers: [{ name: "a", enabled: true, plainAddress: ["10.0.0.1", "::1"] }] }],
];

for (const [what, config] of GOOD) {
  Deno.test(`identity configuration: ${what}`, () => {
    assert.deepEqual(validateIdentities(config), []);
  });
}

const one = (more: object): IdentityConfig => ({
  subscribers: [{ name: "a", enabled: true, pins: [PIN_A], ...more }],
});
const two = (first: object, second: object): IdentityConfig => ({
  subscribers: [{ name: "a", enabled: true, ...first }, { name: "b", enabled: true, ...second }],
});

const BAD: [string, IdentityConfig, string, RegExp][] = [
  ["short pin", one({ pins: ["abcd"] }), "subscribers.0.pins.0", /64 hex digits, found "abcd"/],
  ["pin with letters", one({ pins: ["g".repeat(64)] }), "subscribers.0.pins.0", /64 hex digits/],
  ["three pins", one({ pins: [PIN_A, PIN_B, "c".repeat(64)] }), "subscribers.0.pins", /found 3/],
  [
    "pin twice",
    one({ pins: [PIN_A, PIN_A.toUpperCase()] }),
    "subscribers.0.pins.1",
    /the same subscriber/,
  ],
  [
    "pin of another",
    two({ pins: [PIN_A] }, { pins: [`sha256:${PIN_A}`] }),
    "subscribers.1.pins.0",
    /subscriber "a"/,
  ],
  ["no way in", one({ pins: [] }), "subscribers.0", /pins, issuedBy or plainAddress/],
  ["no name", one({ name: " " }), "subscribers.0.name", /Expected a name/],
  [
    "name twice",
    two({ pins: [PIN_A] }, { name: "a", pins: [PIN_B] }),
    "subscribers.1.name",
    /once/,
  ],
  ["bad block", one({ addresses: ["10.0.0.0/33"] }), "subscribers.0.addresses.0", /prefix/],
  ["host bits", one({ addresses: ["10.0.0.1/8"] }), "subscribers.0.addresses.0", /zeros/],
  ["empty allow-list", one({ addresses: [] }), "subscribers.0.addresses", /empty list/],
  ["block as plain", one({ plainAddress: ["10.0.0.0/8"] }), "subscribers.0.plainAddress.0", /IP/],
  [
    "plain address of another",
    two({ plainAddress: ["10.0.0.1"] }, { plainAddress: ["::ffff:10.0.0.1"] }),
    "subscribers.1.plainAddress.0",
    /10\.0\.0\.1/,
  ],
  [
    "not PEM",
    one({ issuedBy: { ca: ["hello"], subject: "a" } }),
    "subscribers.0.issuedBy.ca.0",
    /PEM/,
  ],
  [
    "PEM of something else",
    one({
      issuedBy: {
        ca: ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"],
        subject: "a",
      },
    }),
    "subscribers.0.issuedBy.ca.0",
    /Cannot read Certificate/,
  ],
  [
    "bad base64",
    one({
      issuedBy: { ca: ["-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----"], subject: "a" },
    }),
    "subscribers.0.issuedBy.ca.0",
    /base64/,
  ],
  [
    "no authority",
    one({ issuedBy: { ca: [leaf.certPem], subject: "a" } }),
    "subscribers.0.issuedBy.ca.0",
    /CA:TRUE.*CN=leaf/,
  ],
  [
    "no authorities",
    one({ issuedBy: { ca: [], subject: "a" } }),
    "subscribers.0.issuedBy.ca",
    /none/,
  ],
  ["no subject", one({ issuedBy: issuedBy("") }), "subscribers.0.issuedBy.subject", /subject/],
  [
    "bad subject",
    one({ issuedBy: issuedBy("XX=1") }),
    "subscribers.0.issuedBy.subject",
    /CN=pdc-1/,
  ],
  [
    "subject of another",
    two({ issuedBy: issuedBy("x") }, { issuedBy: issuedBy("O=Grid,CN=x") }),
    "subscribers.1.issuedBy.subject",
    /subscriber "a"/,
  ],
  [
    "bad denied fingerprint",
    { subscribers: [], denyList: { fingerprints: ["00"] } },
    "denyList.fingerprints.0",
    /64/,
  ],
  [
    "bad denied serial",
    { subscribers: [], denyList: { serials: [{ issuer: "CA", serial: "xyz" }] } },
    "denyList.serials.0.serial",
    /hex/,
  ],
  [
    "bad denied issuer",
    { subscribers: [], denyList: { serials: [{ issuer: "Q=1", serial: "1" }] } },
    "denyList.serials.0.issuer",
    /subject/,
  ],
];

for (const [what, config, path, message] of BAD) {
  Deno.test(`identity configuration, bad: ${what}`, () => {
    const problems = validateIdentities(config);
    assert.deepEqual(problems.map((problem) => problem.path.join(".")), [path]);
    assert.match(problems[0]!.message, message);
  });
}

Deno.test("fingerprints and serial numbers are read in the forms that tools print", () => {
  const colons = "AB:".repeat(31) + "CD";
  assert.equal(parseFingerprint(`SHA256:${colons}`), "ab".repeat(31) + "cd");
  assert.equal(parseFingerprint(` ${"0F".repeat(32)}\n`), "0f".repeat(32));
  assert.equal(parseSerial("0x0A:bc"), "abc");
  assert.equal(parseSerial("00"), "0");
});
