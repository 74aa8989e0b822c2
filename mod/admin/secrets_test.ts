import assert from "node:assert/strict";
import { configureLog, keptLogLines } from "../gateway/mod.ts";
import { hashToken, tokenText } from "../identity/mod.ts";
import { AdminHost } from "./host.ts";
import { ROUTES } from "./mod.ts";
import { AdminBench, tokenOf, USERS } from "./testing.ts";

const TOKEN = tokenText("ann", new Uint8Array(32).fill(77));
const HASH = await hashToken(TOKEN, new Uint8Array(16).fill(77));
const VARIABLE = "TIELINE_TEST_ANN_HASH";
const ANN = `[admin.user.ann]\nroles = ["VIEWER"]\ntoken = "env:${VARIABLE}" # of ann\n`;

async function withVariable(value: string, test: () => Promise<void>): Promise<void> {
  Deno.env.set(VARIABLE, value);
  try {
    await test();
  } finally {
    Deno.env.delete(VARIABLE);
  }
}

Deno.test("secrets: a token's hash may stand in the environment; it is read anew when the program is told to", async () => {
  await withVariable(`${HASH}\n`, () =>
    AdminBench.with(ANN, async (bench) => {
      const ask = async () => (await bench.ask("GET", "/api/me", { token: TOKEN })).status;
      assert.equal(await ask(), 200);
      Deno.env.set(VARIABLE, TOKEN); // the token itself, by mistake
      assert.equal(await ask(), 200, "it was right, and is not looked at each time");
      bench.app.renew();
      assert.equal(await ask(), 401);
      Deno.env.delete(VARIABLE);
      assert.equal(await ask(), 401);
      Deno.env.set(VARIABLE, HASH);
      assert.equal(await ask(), 200);
      // What it is called is no secret: an operator has to see it.
      const shown = await (await bench.ask("GET", "/api/config")).text();
      assert.ok(shown.includes(ANN));
    }));
});

Deno.test("secrets: a user whose token is not where it should be is no user that can be pushed", async () => {
  await AdminBench.with('[admin]\ninsecure = true\nlisten = "127.0.0.1:0"\n', async (bench) => {
    const host = await AdminHost.start({ ...bench.context });
    try {
      const follow = (next: typeof bench.gateway.config) =>
        host.follow(next, bench.gateway.plan(next));
      const { config } = bench.gateway;
      const user = {
        roles: ["VIEWER"],
        token: `env:${VARIABLE}`,
        pins: [],
        enabled: true,
      } as const;
      const next = {
        ...config,
        admin: { ...config.admin, user: { ...config.admin.user, ann: user } },
      };
      const failed = await follow(next);
      assert.equal(failed.length, 1);
      assert.match(failed[0]!.reason, /^user ann: Cannot read env:TIELINE_TEST_ANN_HASH/);
      await withVariable("not a hash", async () => {
        const [wrong] = await follow(next);
        assert.match(wrong!.reason, /Expected the hash of a token in env:TIELINE_TEST_ANN_HASH/);
        assert.ok(!wrong!.reason.includes("not a hash"));
      });
      await withVariable(HASH, async () => assert.deepEqual(await follow(next), []));
    } finally {
      await host.stop();
    }
  });
});

Deno.test("secrets: no answer, difference, log or audit entry shows one, a walk over all routes", async () => {
  await configureLog("debug");
  await withVariable(HASH, () =>
    AdminBench.with(
      `${ANN}[output.main]\ntype = "sttp"\nlisten = "127.0.0.1:0"\ninsecure = true\n` +
        '[subscriber.client]\nplainAddress = ["127.0.0.1"]\n',
      async (bench) => {
        const key = bench.gateway.identity!.keyPem.split("\n")[1]!;
        const secrets = [
          /\$scrypt\$/,
          /PRIVATE KEY/,
          new RegExp(RegExp.escape(key)),
          new RegExp([TOKEN, ...Object.keys(USERS).map(tokenOf)].map(RegExp.escape).join("|")),
        ];
        const checkShown = (text: string, where: string) => {
          for (const secret of secrets) assert.doesNotMatch(text, secret, where);
        };
        const shown = async (answer: Response, where: string) => {
          checkShown(JSON.stringify([...answer.headers]), where);
          checkShown(await answer.text(), where);
        };
        const text = bench.keeper.text;
        const put = async (body: string, query = "") =>
          await shown(
            await bench.ask("PUT", `/api/config${query}`, { body, headers: bench.match }),
            `PUT ${body.slice(-60)}`,
          );
        // Pushed with all secrets in place, right and wrong ones, at places where they do not belong.
        await put(text.replace("# The site", "# The same site"));
        await put(`${text}[subscriber.other]\nplainAddress = ["127.0.0.2"]\n`, "?dryRun=true");
        await put(`${text}tokn = "${TOKEN}"\n`);
        await put(`${text}[admin.user.eve]\nroles = ["VIEWER"]\ntoken = "${TOKEN}"\n`);
        await put(`${text}[admin.user.eve]\nroles = ["VIEWER"]\ntoken = "${TOKEN}\n`);
        await put(`${text}[admin.user.eve]\nroles = ["${TOKEN}"]\ntoken = "${HASH}"\n`);
        await put(`${text}[admin.user."${TOKEN}"]\nroles = ["VIEWER"]\n`);
        await shown(
          await bench.ask("POST", "/api/users", {
            headers: { "If-Match": "*" },
            body: { name: TOKEN, roles: ["VIEWER"] },
          }),
          "POST /api/users",
        );
        await shown(
          await bench.ask("GET", "/api/me", { token: TOKEN.replace(/.$/, "_") }),
          "a wrong token",
        );
        await shown(await bench.ask("GET", `/api/nothing/${TOKEN}`), "a path that is not there");
        let seen = 0;
        for (const { method, path } of ROUTES) {
          if (method !== "GET" || path === "/api/live" || path.startsWith("/assets")) continue;
          const target = path
            .replace("/versions/:number", "/versions/1")
            .replace(":name", "client")
            .replace(/:\w+/, "0") + (path === "/api/config/diff" ? "?from=1&to=2" : "");
          const answer = await bench.ask("GET", target);
          if (path === "/api/backup") {
            // It makes another board this gateway, so that it holds the hashes; no key and no token.
            checkShown((await answer.text()).replaceAll("$scrypt$", ""), path);
          } else await shown(answer, target);
          if (answer.status === 200) seen++;
        }
        assert.ok(seen > 25, `${seen} routes answered`);
        checkShown(JSON.stringify(keptLogLines(0)), "the log");
        checkShown(JSON.stringify(await bench.audit.entries(1000)), "the audit trail");
      },
    ));
});
