import assert from "node:assert/strict";
import type { AdminConfig, ConfigPlan, GatewayConfig } from "../gateway/mod.ts";
import { callHttp, makeSelfSigned } from "../os/mod.ts";
import { AdminHost } from "./host.ts";
import { AdminBench } from "./testing.ts";
import { freePort } from "../../tests/support/ports.ts";
import { until } from "../../tests/support/waiting.ts";

const PLAN: ConfigPlan = {
  changes: [{ part: "admin", change: "restarted", keys: ["listen"] }],
  everything: false,
  needsProgram: [],
};

async function withHost(
  toml: string,
  test: (host: AdminHost, bench: AdminBench) => Promise<void>,
): Promise<void> {
  await AdminBench.with(toml, async (bench) => {
    const host = await AdminHost.start({ ...bench.context });
    try {
      await test(host, bench);
    } finally {
      await host.stop();
    }
  });
}

async function health(port: number): Promise<number | string> {
  try {
    const answer = await callHttp({ url: `http://127.0.0.1:${port}/healthz` });
    return answer.status;
  } catch {
    return "nobody there";
  }
}

Deno.test("admin host: another address that is taken back at once is the former one again", async () => {
  const [first, second] = [freePort(), freePort()];
  const toml = `[admin]\ninsecure = true\nlisten = "127.0.0.1:${first}"\n`;
  await withHost(toml, async (host, bench) => {
    const { config } = bench.gateway;
    const at = (port: number): GatewayConfig => ({
      ...config,
      admin: { ...config.admin, listen: `127.0.0.1:${port}` } satisfies AdminConfig,
    });
    for (let round = 0; round < 2; round++) {
      assert.deepEqual(await host.follow(at(second), PLAN), []);
      assert.equal(await health(second), 200);
      assert.deepEqual(await host.follow(at(first), PLAN), []);
      assert.equal(host.url, `http://127.0.0.1:${first}`);
      await until(async () => await health(second) !== 200, "the end of the second address");
      assert.equal(await health(first), 200);
    }
  });
});

Deno.test("admin host: a renewed certificate is read at a reload, and one that cannot be used is not", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tieline-admin-host-" });
  const write = async (certPem: string, keyPem: string) => {
    await Deno.writeTextFile(`${folder}/cert.pem`, certPem);
    await Deno.writeTextFile(`${folder}/key.pem`, keyPem);
  };
  const [old, renewed] = [
    await makeSelfSigned({ commonName: "old" }),
    await makeSelfSigned({ commonName: "renewed" }),
  ];
  await write(old.certPem, old.keyPem);
  try {
    await withHost(
      `[admin]\nlisten = "127.0.0.1:0"\ncertificate = "${folder}/cert.pem"\nkey = "${folder}/key.pem"\n`,
      async (host) => {
        const shown = async (pin: string) =>
          (await callHttp({ url: `${host.url}/healthz`, pin }).catch(String)).toString();
        assert.equal(host.pin, `sha256:${old.fingerprint256}`);
        await write(renewed.certPem, old.keyPem); // half of the renewal
        await host.reload();
        assert.equal(host.pin, `sha256:${old.fingerprint256}`);
        await write(renewed.certPem, renewed.keyPem);
        await host.reload();
        assert.equal(host.pin, `sha256:${renewed.fingerprint256}`);
        assert.doesNotMatch(await shown(host.pin), /Error/);
        assert.match(await shown(old.fingerprint256), /Expected a certificate with pin/);
      },
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
