import assert from "node:assert/strict";
import fc from "fast-check";
import { hashToken, isTokenHash, isTokenOf, parseToken, tokenText, withoutTokens } from "./mod.ts";

const RANDOM = Uint8Array.from({ length: 32 }, (_, i) => i * 7);
const SALT = new Uint8Array(16).fill(5);

Deno.test("token: its text comes apart again; others are none", () => {
  const text = tokenText("ann-1", RANDOM);
  assert.match(text, /^tieline\.ann-1\.[A-Za-z0-9_-]{43}$/);
  assert.equal(parseToken(text)?.name, "ann-1");
  for (
    const bad of [
      "",
      text + "x",
      text.slice(0, -1),
      text.replace("ann-1", ""),
      `Bearer ${text}`,
      text.replace("tieline", "other"),
      text.replace("ann-1", "a b"),
    ]
  ) {
    assert.equal(parseToken(bad), undefined, bad);
  }
});

Deno.test("token: only its own hash fits, and hashes of one token differ by salt", async () => {
  const text = tokenText("ann", RANDOM);
  const hash = await hashToken(text, SALT);
  assert.match(hash, /^\$scrypt\$ln=14,r=8,p=1\$/);
  assert.ok(!hash.includes(parseToken(text)!.secret));
  assert.equal(await isTokenOf(text, hash), true);
  assert.equal(await isTokenOf(tokenText("bob", RANDOM), hash), false);
  assert.equal(await isTokenOf(text, await hashToken(text, SALT.map((b) => b + 1))), true);
  assert.notEqual(await hashToken(text, SALT.map((b) => b + 1)), hash);
  assert.equal(await isTokenOf(text, hash.replace("ln=14", "ln=13")), false);
});

Deno.test("token: a known answer of RFC 7914, section 12", async () => {
  // scrypt("pleaseletmein", "SodiumChloride", N=16384, r=8, p=1, dkLen=64)
  const salt = new TextEncoder().encode("SodiumChloride").toBase64({ omitPadding: true });
  const key = Uint8Array.fromHex(
    "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2" +
      "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887",
  ).toBase64({ omitPadding: true });
  assert.equal(await isTokenOf("pleaseletmein", `$scrypt$ln=14,r=8,p=1$${salt}$${key}`), true);
});

Deno.test("token: hashes that cost too much or are none are refused", async () => {
  const good = await hashToken("x", SALT);
  for (
    const bad of [
      "",
      "plain",
      good.replace("ln=14", "ln=20"),
      good.replace("ln=14", "ln=9"),
      good.replace("r=8", "r=99"),
      good.replace("p=1", "p=5"),
      good.slice(0, -30),
      good + "=",
    ]
  ) {
    assert.equal(isTokenHash(bad), false, bad);
    assert.equal(await isTokenOf("x", bad), false);
  }
  fc.assert(fc.property(fc.string(), (text) => {
    assert.equal(typeof isTokenHash(text), "boolean");
    assert.equal(parseToken(text), undefined);
  }));
});

Deno.test("token: neither its secret nor its hash stays in a text that is shown", async () => {
  const token = tokenText("ann", new Uint8Array(32).fill(5));
  const hash = await hashToken(token, new Uint8Array(16).fill(6));
  assert.equal(
    withoutTokens(`{"a":"${token}","b":"${hash}"} ${token} tieline.ann`),
    '{"a":"tieline.ann.redacted","b":"redacted"} tieline.ann.redacted tieline.ann',
  );
});
