import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { ConfigError } from "../core/mod.ts";
import { issue, loadOrMakeIdentity, makeCa, makeSelfSigned } from "./certificates.ts";
import { sha256Hex } from "./sha256.ts";
import { checkKeyPair } from "./key_pair.ts";

Deno.test("a self-signed certificate says what was asked for", async () => {
  const pair = await makeSelfSigned({
    commonName: "gateway, one",
    days: 2,
    dnsNames: ["gateway.example"],
    ipAddresses: ["192.0.2.1", "::1"],
  });
  const certificate = new X509Certificate(pair.certPem);
  checkKeyPair(pair.keyPem, pair.certPem);
  assert.equal(sha256Hex(certificate.raw), pair.fingerprint256);
  assert.ok(certificate.verify(certificate.publicKey));
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
  assert.equal(certificate.ca, false);
  assert.equal(certificate.checkHost("gateway.example"), "gateway.example");
  assert.match(certificate.subjectAltName ?? "", /192\.0\.2\.1/);
  const days = (Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / 86_400_000;
  assert.equal(days, 2);
  assert.ok(Date.parse(certificate.validFrom) < Date.now() - 3_000_000);
});

Deno.test("an issued certificate brings its intermediate authorities along", async () => {
  const ca = await makeCa({ commonName: "CA" });
  const middle = await makeCa({ commonName: "Middle" }, ca);
  const lower = await makeCa({ commonName: "Lower" }, middle);
  const leaf = await issue(lower, { commonName: "leaf" });
  const chain = leaf.certPem.match(/-----BEGIN[^]*?-----END CERTIFICATE-----/g) ?? [];
  const certificates = chain.map((pem) => new X509Certificate(pem));
  assert.deepEqual(certificates.map((c) => c.subject), ["CN=leaf", "CN=Lower", "CN=Middle"]);
  const above = [...certificates.slice(1), new X509Certificate(ca.certPem)];
  certificates.forEach((c, i) => assert.ok(c.verify(above[i]!.publicKey), c.subject));
  assert.deepEqual(above.map((c) => c.ca), [true, true, true]);
});

Deno.test("a gateway's identity is made once, kept, and readable by its owner only", async () => {
  const parent = await Deno.makeTempDir();
  const folder = join(parent, "identity");
  const request = { commonName: "gateway" };
  const made = await loadOrMakeIdentity(folder, request);
  assert.deepEqual(await loadOrMakeIdentity(folder, request), made);
  for (const name of ["key.pem", "cert.pem"]) {
    assert.equal((await Deno.stat(join(folder, name))).mode! & 0o777, 0o600);
  }
  await Deno.remove(join(folder, "cert.pem"));
  const renewed = await loadOrMakeIdentity(folder, request);
  assert.equal(renewed.keyPem, made.keyPem);
  assert.notEqual(renewed.fingerprint256, made.fingerprint256);
  checkKeyPair(renewed.keyPem, renewed.certPem);

  const other = await makeSelfSigned(request);
  await Deno.writeTextFile(join(folder, "key.pem"), other.keyPem);
  await assert.rejects(loadOrMakeIdentity(folder, request), ConfigError);
  await Deno.remove(join(folder, "key.pem"));
  await assert.rejects(loadOrMakeIdentity(folder, request), ConfigError);
  await Deno.remove(join(folder, "cert.pem"));
  await Deno.writeTextFile(join(folder, "key.pem"), "nonsense");
  await assert.rejects(loadOrMakeIdentity(folder, request), ConfigError);
  assert.equal(await Deno.readTextFile(join(folder, "key.pem")), "nonsense");
  await Deno.remove(parent, { recursive: true });
});
