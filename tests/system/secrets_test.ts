import assert from "node:assert/strict";
import { hashToken, tokenText } from "../../mod/identity/mod.ts";
import { callHttp, makeSelfSigned } from "../../mod/os/mod.ts";
import { freePort } from "../support/ports.ts";
import { until } from "../support/waiting.ts";
import { type Running, startUnder } from "./program.ts";
import { GATEWAY_ID, Site } from "./site.ts";

Deno.test("secrets: keys and a token's hash by the credentials of the unit and by the environment", async () => {
  await Site.with(async ({ folder }) => {
    const [admin, output] = [
      await makeSelfSigned({ commonName: "admin", dnsNames: ["localhost"] }),
      await makeSelfSigned({ commonName: "output" }),
    ];
    const token = tokenText("ann", crypto.getRandomValues(new Uint8Array(32)));
    const hash = await hashToken(token, crypto.getRandomValues(new Uint8Array(16)));
    // As systemd lays credentials out: files of mode 0400 in a folder that the unit is told.
    const credentials = `${folder}/credentials`;
    await Deno.mkdir(credentials, { mode: 0o700 });
    const put = (name: string, text: string) =>
      Deno.writeTextFile(`${credentials}/${name}`, text, { mode: 0o400 });
    await put("ann.hash", `${hash}\n`);
    await put("admin.key", admin.keyPem);
    await Deno.writeTextFile(`${folder}/admin.pem`, admin.certPem);
    await Deno.writeTextFile(`${folder}/output.pem`, output.certPem);
    const port = freePort();
    await Deno.writeTextFile(
      `${folder}/site.toml`,
      `
[gateway]
id = "${GATEWAY_ID}"
name = "EDGE"
memoryMB = 500
stateDir = "${folder}/state"
[admin]
listen = "127.0.0.1:${port}"
maxRequestsPerSecond = 1000 # it is asked without a pause until it is ready
certificate = "${folder}/admin.pem"
key = "credential:admin.key"
[admin.user.ann]
roles = ["VIEWER", "ENGINEER", "OPERATOR"]
token = "credential:ann.hash"
[output.main]
type = "sttp"
listen = "127.0.0.1:0"
certificate = "${folder}/output.pem"
key = "env:TIELINE_TEST_OUTPUT_KEY"
`,
    );
    const program = startUnder(
      [
        "env",
        `CREDENTIALS_DIRECTORY=${credentials}`,
        `TIELINE_TEST_OUTPUT_KEY=${output.keyPem}`,
      ],
      "run",
      `${folder}/site.toml`,
    );
    const ask = (path: string) =>
      callHttp({
        url: `https://127.0.0.1:${port}${path}`,
        pin: admin.fingerprint256,
        headers: { authorization: `Bearer ${token}` },
      });
    try {
      await until(
        async () => (await ask("/readyz").catch(() => undefined))?.status === 200,
        "a gateway whose output has its key",
      );
      const texts = await Promise.all(
        ["/api/me", "/api/status", "/api/config", "/api/logs", "/metrics"].map(async (path) => {
          const { status, text } = await ask(path);
          assert.equal(status, 200, path);
          return text;
        }),
      );
      assert.match(texts[2]!, /key = "credential:admin\.key"/);
      assert.match(texts[2]!, /token = "credential:ann\.hash"/);
      program.child.kill("SIGTERM");
      const { code, stderr } = await program.ended;
      assert.equal(code, 0, stderr);
      for (const text of [...texts, stderr]) {
        assert.doesNotMatch(text, /PRIVATE KEY|\$scrypt/);
        for (
          const secret of [token, admin.keyPem, output.keyPem].map((s) => s.split("\n")[1] ?? s)
        ) {
          assert.ok(!text.includes(secret));
        }
      }
    } finally {
      end(program);
      await program.ended;
    }
  });
});

/** Ends a program that may have ended by itself. */
function end({ child }: Running): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}
