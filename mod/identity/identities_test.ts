import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import fc from "fast-check";
import { ConfigError } from "../core/mod.ts";
import { readCertificate } from "./certificate.ts";
import type { IdentityConfig } from "./config.ts";
import { Identities, type ShownOverTls } from "./identities.ts";
import {
  type CertificateContent,
  type KeyPair,
  loadX509,
  makeCertificate,
} from "./make_certificate.ts";
import type { RefusalReason } from "./verdict.ts";

const NOW = Date.UTC(2026, 10, 21, 12);
const DAY = 86_400_000;

const content = (commonName: string, more: Partial<CertificateContent> = {}) => ({
  commonName,
  notBeforeMs: NOW - DAY,
  days: 30,
  ...more,
});
const authority = { isAuthority: true };
const der = (pair: KeyPair): Uint8Array => new Uint8Array(new X509Certificate(pair.certPem).raw);
const serial = (pair: KeyPair): string => readCertificate(der(pair)).serial;

const grid = { organization: "Grid" };
const [ca, otherCa, expiredCa] = await Promise.all([
  makeCertificate(content("Root", authority)),
  makeCertificate(content("Root", authority)), // another key under the same name
  makeCertificate(content("Old Root", { ...authority, notBeforeMs: NOW - 40 * DAY })),
]);
const [middle, revokedMiddle, narrow] = await Promise.all([
  makeCertificate(content("Middle", authority), ca),
  makeCertificate(content("Bad Middle", authority), ca),
  makeCertificate(content("Narrow", { ...authority, pathLength: 0 }), ca),
]);
const belowNarrow = await makeCertificate(content("Below Narrow", authority), narrow);
const notAuthority = await makeCertificate(content("Not An Authority"), ca);
const [
  pinA,
  pinB,
  expired,
  future,
  revokedPin,
  disabled,
  serverOnly,
  codeOnly,
  anyAddress,
  stranger,
] = await Promise.all([
  makeCertificate(content("a")),
  makeCertificate(content("a next")),
  makeCertificate(content("expired", { notBeforeMs: NOW - 31 * DAY })),
  makeCertificate(content("future", { notBeforeMs: NOW + DAY })),
  makeCertificate(content("revoked")),
  makeCertificate(content("disabled")),
  makeCertificate(content("server", { usages: ["serverAuth"] })),
  makeCertificate(content("code", { usages: ["codeSigning"] })),
  makeCertificate(content("no usage", { usages: [] })),
  makeCertificate(content("a")),
]);
const [
  issued,
  issuedBySerial,
  wrongSubject,
  sameNameOtherCa,
  viaMiddle,
  viaRevoked,
  viaNarrow,
  tooDeep,
  byLeaf,
  byExpiredCa,
  issuedAuthority,
  issuedExpired,
  otherOrganization,
] = await Promise.all([
  makeCertificate(content("pdc-1", grid), ca),
  makeCertificate(content("pdc-1", grid), ca),
  makeCertificate(content("pdc-9", grid), ca),
  makeCertificate(content("pdc-1", grid), otherCa),
  makeCertificate(content("pdc-1", grid), middle),
  makeCertificate(content("pdc-1", grid), revokedMiddle),
  makeCertificate(content("pdc-1", grid), narrow),
  makeCertificate(content("pdc-1", grid), belowNarrow),
  makeCertificate(content("pdc-1", grid), notAuthority),
  makeCertificate(content("pdc-old"), expiredCa),
  makeCertificate(content("pdc-1", { ...grid, ...authority }), ca),
  makeCertificate(content("pdc-1", { ...grid, notBeforeMs: NOW - 31 * DAY }), ca),
  makeCertificate(content("pdc-1", { organization: "Other" }), ca),
]);

const config: IdentityConfig = {
  subscribers: [
    {
      name: "a",
      enabled: true,
      pins: [
        `sha256:${pinA.fingerprint256}`,
        pinB.fingerprint256.toUpperCase().replace(/(..)(?!$)/g, "$1:"),
      ],
      addresses: ["10.0.0.0/8", "fd00::/8"],
    },
    { name: "expired", enabled: true, pins: [expired.fingerprint256] },
    { name: "future", enabled: true, pins: [future.fingerprint256] },
    { name: "revoked", enabled: true, pins: [revokedPin.fingerprint256] },
    { name: "disabled", enabled: false, pins: [disabled.fingerprint256] },
    { name: "server", enabled: true, pins: [serverOnly.fingerprint256] },
    { name: "code", enabled: true, pins: [codeOnly.fingerprint256] },
    { name: "no usage", enabled: true, pins: [anyAddress.fingerprint256] },
    {
      name: "pdc",
      enabled: true,
      issuedBy: { ca: [ca.certPem], subject: "CN=pdc-1, O=Grid" },
    },
    { name: "pdc-old", enabled: true, issuedBy: { ca: [expiredCa.certPem], subject: "pdc-old" } },
    { name: "plain", enabled: true, plainAddress: ["10.0.0.7", "::ffff:10.0.0.8"] },
    { name: "plain off", enabled: false, plainAddress: ["10.0.0.9"] },
  ],
  denyList: {
    fingerprints: [revokedPin.fingerprint256, revokedMiddle.fingerprint256],
    serials: [{ issuer: "Root", serial: `00:${serial(issuedBySerial)}` }],
  },
};
const identities = new Identities(config);

interface Case {
  what: string;
  leaf?: KeyPair;
  chain?: KeyPair[];
  address?: string;
  role?: "client" | "server";
  expected: { name: string } | { refused: RefusalReason; subscriber?: string };
}

const CASES: Case[] = [
  { what: "no certificate", expected: { refused: "noCertificate" } },
  { what: "pin", leaf: pinA, expected: { name: "a" } },
  { what: "second pin", leaf: pinB, expected: { name: "a" } },
  { what: "pin, mapped address", leaf: pinA, address: "::ffff:10.9.9.9", expected: { name: "a" } },
  {
    what: "pin, address outside",
    leaf: pinA,
    address: "192.0.2.1",
    expected: { refused: "addressNotAllowed", subscriber: "a" },
  },
  { what: "unknown, same name", leaf: stranger, expected: { refused: "unknownCertificate" } },
  { what: "expired", leaf: expired, expected: { refused: "expired", subscriber: "expired" } },
  { what: "not yet valid", leaf: future, expected: { refused: "notYetValid" } },
  {
    what: "revoked pin",
    leaf: revokedPin,
    expected: { refused: "revoked", subscriber: "revoked" },
  },
  { what: "disabled", leaf: disabled, expected: { refused: "disabled", subscriber: "disabled" } },
  { what: "server usage as client", leaf: serverOnly, expected: { refused: "wrongUsage" } },
  {
    what: "server usage as server",
    leaf: serverOnly,
    role: "server",
    expected: { name: "server" },
  },
  { what: "other usage", leaf: codeOnly, expected: { refused: "wrongUsage" } },
  { what: "no usage says all", leaf: anyAddress, role: "server", expected: { name: "no usage" } },
  { what: "issued", leaf: issued, expected: { name: "pdc" } },
  { what: "issued, root sent too", leaf: issued, chain: [ca], expected: { name: "pdc" } },
  {
    what: "issued, noise sent too",
    leaf: issued,
    chain: [stranger, middle],
    expected: { name: "pdc" },
  },
  {
    what: "issued to another subject",
    leaf: wrongSubject,
    expected: { refused: "unknownCertificate" },
  },
  {
    what: "issued to the name in another organization",
    leaf: otherOrganization,
    expected: { refused: "unknownCertificate" },
  },
  { what: "revoked by serial", leaf: issuedBySerial, expected: { refused: "revoked" } },
  {
    what: "other authority, same name",
    leaf: sameNameOtherCa,
    expected: { refused: "wrongIssuer" },
  },
  {
    what: "other authority, same name, sent too",
    leaf: sameNameOtherCa,
    chain: [otherCa],
    expected: { refused: "wrongIssuer" },
  },
  { what: "intermediate", leaf: viaMiddle, chain: [middle], expected: { name: "pdc" } },
  { what: "intermediate not sent", leaf: viaMiddle, expected: { refused: "wrongIssuer" } },
  {
    what: "revoked intermediate",
    leaf: viaRevoked,
    chain: [revokedMiddle],
    expected: { refused: "revoked" },
  },
  { what: "path length kept", leaf: viaNarrow, chain: [narrow], expected: { name: "pdc" } },
  {
    what: "path length exceeded",
    leaf: tooDeep,
    chain: [belowNarrow, narrow],
    expected: { refused: "wrongIssuer" },
  },
  {
    what: "issued by a certificate that is no authority",
    leaf: byLeaf,
    chain: [notAuthority],
    expected: { refused: "wrongIssuer" },
  },
  { what: "expired authority", leaf: byExpiredCa, expected: { refused: "expired" } },
  { what: "issued and expired", leaf: issuedExpired, expected: { refused: "expired" } },
  { what: "an authority as peer", leaf: issuedAuthority, expected: { refused: "wrongUsage" } },
  {
    what: "self-signed with an issued name",
    leaf: ca,
    expected: { refused: "unknownCertificate" },
  },
];

for (const { what, leaf, chain, address, role, expected } of CASES) {
  Deno.test(`identity over TLS: ${what}`, () => {
    const verdict = identities.identifyTls({
      certificateDer: leaf && der(leaf),
      chainDer: chain?.map(der) ?? [],
      address: address ?? "10.0.0.1",
      nowMs: NOW,
      ...(role ? { role } : {}),
    });
    if ("name" in expected) assert.deepEqual(verdict, expected);
    else {
      assert.ok(verdict.refused !== undefined, "expected a refusal");
      assert.equal(verdict.refused, expected.refused, verdict.message);
      if (expected.subscriber) assert.equal(verdict.subscriber, expected.subscriber);
      assert.match(verdict.message, /^Refused /);
    }
  });
}

Deno.test("validity is judged to the second", () => {
  const at = (nowMs: number) =>
    identities.identifyTls({ certificateDer: der(pinA), address: "10.0.0.1", nowMs }).refused;
  const [first, last] = [NOW - DAY, NOW + 29 * DAY];
  assert.equal(at(first - 1), "notYetValid");
  assert.equal(at(first), undefined);
  assert.equal(at(last + 999), undefined);
  assert.equal(at(last + 1000), "expired");
});

Deno.test("identity without TLS", () => {
  const table: [string, string | undefined, RefusalReason | undefined][] = [
    ["10.0.0.7", "plain", undefined],
    ["::ffff:10.0.0.7", "plain", undefined],
    ["10.0.0.8", "plain", undefined],
    ["10.0.0.9", undefined, "disabled"],
    ["10.0.0.1", undefined, "addressNotAllowed"], // allowed for a TLS peer, which is no help here
    ["nonsense", undefined, "addressNotAllowed"],
  ];
  for (const [address, name, refused] of table) {
    const verdict = identities.identifyPlain({ address });
    assert.equal(verdict.refused, refused, address);
    if (verdict.refused === undefined) assert.equal(verdict.name, name);
  }
});

Deno.test("a critical extension that is not understood breaks a chain", async () => {
  const x509 = await loadX509();
  const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
    "sign",
    "verify",
  ]);
  const constrained = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: ["Constrained"] }],
    notBefore: new Date(NOW - DAY),
    notAfter: new Date(NOW + DAY),
    keys,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.Extension("2.5.29.30", true, new Uint8Array([0x30, 0])), // nameConstraints
    ],
  });
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  const pair: KeyPair = {
    keyPem: x509.PemConverter.encode(pkcs8, "PRIVATE KEY"),
    certPem: constrained.toString("pem"),
    fingerprint256: "",
  };
  const leaf = await makeCertificate(content("peer"), pair);
  const judge = new Identities({
    subscribers: [{ name: "p", enabled: true, issuedBy: { ca: [pair.certPem], subject: "peer" } }],
  });
  const verdict = judge.identifyTls({ certificateDer: der(leaf), address: "::1", nowMs: NOW });
  assert.equal(verdict.refused, "wrongIssuer");
});

Deno.test("a bad configuration is a ConfigError", () => {
  assert.throws(
    () => new Identities({ subscribers: [{ name: "a", enabled: true, pins: ["zz"] }] }),
    (error) => error instanceof ConfigError && error.problems[0]?.key === "subscribers.0.pins.0",
  );
});

const judgeBytes = (certificateDer: Uint8Array, chainDer: Uint8Array[]): string => {
  const shown: ShownOverTls = { certificateDer, chainDer, address: "10.0.0.1", nowMs: NOW };
  const verdict = identities.identifyTls(shown);
  return verdict.refused === undefined ? verdict.name : verdict.refused;
};

Deno.test("any bytes as a certificate are a refusal, never an exception", () => {
  const refusals = new Set<string>(["noCertificate", "malformedCertificate", "unknownCertificate"]);
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400 }),
      fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 3 }),
      (bytes, chain) => assert.ok(refusals.has(judgeBytes(bytes, chain))),
    ),
    { numRuns: 500 },
  );
});

Deno.test("a flip of any one bit of an issued certificate makes it a refusal", () => {
  const changed = der(issued);
  for (let bit = 0; bit < 8 * changed.length; bit++) {
    changed[bit >> 3]! ^= 1 << (bit & 7);
    assert.notEqual(judgeBytes(changed, []), "pdc", `bit ${bit & 7} of byte ${bit >> 3}`);
    changed[bit >> 3]! ^= 1 << (bit & 7);
  }
  assert.equal(judgeBytes(changed, []), "pdc");
});

Deno.test("any change to an issued certificate makes it a refusal", () => {
  const original = der(issued);
  fc.assert(
    fc.property(
      fc.nat(original.length - 1),
      fc.integer({ min: 1, max: 255 }),
      fc.nat(original.length),
      (at, flip, cut) => {
        const changed = original.slice();
        changed[at]! ^= flip;
        assert.notEqual(judgeBytes(changed, []), "pdc", `byte ${at} ^ ${flip}`);
        assert.equal(
          judgeBytes(original.subarray(0, Math.min(cut, original.length - 1)), [])
            .match(/noCertificate|malformedCertificate/)?.length,
          1,
        );
        judgeBytes(der(viaMiddle), [changed]);
      },
    ),
    { numRuns: 400 },
  );
});
