import assert from "node:assert/strict";
import { join } from "node:path";
import { makeSelfSigned } from "../os/mod.ts";
import { OwnIdentity } from "./own_identity.ts";

Deno.test("gateway: its own pair is read again, and one that does not fit is refused and told once", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tieline-own-" });
  const lines: string[] = [];
  const say = (line: string) => void lines.push(line);
  const log = { debug: say, info: say, warn: say, error: say };
  try {
    const own = await OwnIdentity.load(folder, "GATEWAY", log);
    const before = own.fingerprint256;
    assert.equal(await own.refresh(), false);
    const next = await makeSelfSigned({ commonName: "GATEWAY" });
    await Deno.writeTextFile(join(folder, "key.pem"), next.keyPem);
    assert.equal(await own.refresh(), false, "the key without its certificate");
    assert.equal(await own.refresh(), false);
    assert.equal(own.fingerprint256, before);
    assert.equal(lines.filter((line) => line.startsWith("Kept the own certificate")).length, 1);
    await Deno.writeTextFile(join(folder, "cert.pem"), next.certPem);
    assert.equal(await own.refresh(), true);
    assert.deepEqual([own.keyPem, own.certPem, own.fingerprint256], [
      next.keyPem,
      next.certPem,
      next.fingerprint256,
    ]);
    await Deno.remove(join(folder, "key.pem"));
    assert.equal(await own.refresh(), false);
    assert.equal(own.keyPem, next.keyPem);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
