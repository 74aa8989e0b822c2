/**
 * The TLS listener against `openssl s_client`: an implementation that is not the platform's.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Identities, type Verdict } from "../identity/mod.ts";
import { issue, type KeyPair, makeCa, makeSelfSigned } from "./certificates.ts";
import type { Connection, Refusal } from "./connection.ts";
import { listenTls } from "./tls.ts";

const DAY = 86_400_000;

async function hasOpenssl(): Promise<boolean> {
  try {
    return (await new Deno.Command("openssl", { args: ["version"], stdout: "null" }).output())
      .success;
  } catch {
    return false;
  }
}

const present = await hasOpenssl();
if (!present) console.log("skipped: openssl is not installed, tests against s_client are left out");

interface Outcome {
  /** What the client printed to its output: the application bytes. */
  received: string;
  reused: boolean;
}

async function sClient(port: number, args: string[]): Promise<Outcome> {
  const child = new Deno.Command("openssl", {
    args: ["s_client", "-connect", `127.0.0.1:${port}`, "-no_ign_eof", ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("hello\n")).catch(() => {}); // it may be thrown out first
  const output = new TextDecoder().decode((await child.output()).stdout);
  await writer.close().catch(() => {});
  return {
    received: output.includes("welcome") ? "welcome" : "",
    reused: /^Reused, /m.test(output),
  };
}

Deno.test({
  name: "openssl s_client is let in and turned away as our own client is",
  ignore: !present,
  async fn(t) {
    const folder = await Deno.makeTempDir();
    const files = async (name: string, pair: KeyPair): Promise<string[]> => {
      const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
      await Deno.writeTextFile(key, pair.keyPem);
      await Deno.writeTextFile(cert, pair.certPem);
      return ["-key", key, "-cert", cert, "-cert_chain", cert];
    };
    const [gateway, right, expired, stranger, revoked, ca] = await Promise.all([
      makeSelfSigned({ commonName: "gateway" }),
      makeSelfSigned({ commonName: "right" }),
      makeSelfSigned({ commonName: "expired", days: 1, notBeforeMs: Date.now() - 2 * DAY }),
      makeSelfSigned({ commonName: "stranger" }),
      makeSelfSigned({ commonName: "revoked" }),
      makeCa({ commonName: "CA" }),
    ]);
    const middle = await makeCa({ commonName: "Middle" }, ca);
    const issued = await issue(middle, { commonName: "pdc" });
    const subscribers = [
      { name: "right", enabled: true, pins: [right.fingerprint256] },
      { name: "expired", enabled: true, pins: [expired.fingerprint256] },
      { name: "revoked", enabled: true, pins: [revoked.fingerprint256] },
      { name: "pdc", enabled: true, issuedBy: { ca: [ca.certPem], subject: "pdc" } },
    ];
    const denying = (fingerprints: string[]) =>
      new Identities({ subscribers, denyList: { fingerprints } });
    let identities = denying([revoked.fingerprint256]);
    let named: string[] = [];
    let refused: Refusal[] = [];
    const welcome = (connection: Connection, name: string) => {
      named.push(name);
      connection.onData = () => {
        connection.write(new TextEncoder().encode("welcome\n"));
        connection.close();
      };
    };
    const listener = await listenTls({
      hostname: "127.0.0.1",
      port: 0,
      keyPem: gateway.keyPem,
      certPem: gateway.certPem,
      handshakeTimeoutMs: 60_000, // a process begins slowly on a busy machine
      judge: (peer): Verdict => identities.identifyTls({ ...peer, nowMs: Date.now() }),
      onPeer: welcome,
      onRefused: (refusal) => refused.push(refusal),
    });
    const cases: [string, string[], string | undefined, string | undefined][] = [
      ["right pin", await files("right", right), "right", undefined],
      ["issued", await files("issued", issued), "pdc", undefined],
      ["no certificate", [], undefined, "noCertificate"],
      ["expired", await files("expired", expired), undefined, "expired"],
      ["unknown", await files("stranger", stranger), undefined, "unknownCertificate"],
      ["revoked", await files("revoked", revoked), undefined, "revoked"],
    ];
    for (const version of ["-tls1_2", "-tls1_3"]) {
      for (const [what, args, name, reason] of cases) {
        await t.step(`${version} ${what}`, async () => {
          [named, refused] = [[], []];
          const outcome = await sClient(listener.port, [version, ...args]);
          assert.deepEqual(named, name === undefined ? [] : [name]);
          assert.deepEqual(refused.map((r) => r.reason), reason === undefined ? [] : [reason]);
          assert.equal(outcome.received, name === undefined ? "" : "welcome");
        });
      }
      await t.step(`${version} a resumed session is judged anew`, async () => {
        const session = join(folder, `session${version}`);
        const args = [version, ...await files("right", right)];
        [named, refused] = [[], []];
        await sClient(listener.port, [...args, "-sess_out", session]);
        const resumed = await sClient(listener.port, [...args, "-sess_in", session]);
        assert.ok(resumed.reused, "expected that the session is resumed");
        assert.deepEqual(named, ["right", "right"]);
        identities = denying([right.fingerprint256]);
        const denied = await sClient(listener.port, [...args, "-sess_in", session]);
        identities = denying([revoked.fingerprint256]);
        assert.equal(denied.received, "");
        assert.deepEqual(refused.map((r) => r.reason), ["revoked"]);
      });
    }
    await listener.close();
    await Deno.remove(folder, { recursive: true });
  },
});
