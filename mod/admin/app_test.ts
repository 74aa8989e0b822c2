import assert from "node:assert/strict";
import * as v from "valibot";
import { verifyFolder } from "../audit/mod.ts";
import { ROUTES } from "./mod.ts";
import { SECURITY_HEADERS } from "./guard.ts";
import { AdminBench, tokenOf, USERS, USERS_TOML } from "./testing.ts";

const OUTPUT = `
[output.main]
type = "sttp"
listen = "127.0.0.1:0"
insecure = true
[subscriber.client] # the client
plainAddress = ["127.0.0.1"]
allow = ["True"] # everything
`;

/** Who may use what: written out here once more, so that a role cannot be lost unseen. */
const MATRIX: Readonly<Record<string, string>> = {
  "GET /healthz": "open",
  "GET /readyz": "open",
  "GET /api": "open",
  "GET /metrics": "viewer operator engineer secadm secaud",
  "GET /api/me": "viewer operator engineer secadm secaud",
  "GET /api/openapi.json": "viewer operator engineer secadm secaud",
  "GET /api/status": "viewer operator engineer secadm secaud",
  "GET /api/alarms": "viewer operator engineer secadm secaud",
  "GET /api/alarms/limits": "viewer operator engineer secadm secaud",
  "GET /api/alarms/limits/:name": "viewer operator engineer secadm secaud",
  "PUT /api/alarms/limits/:name": "engineer",
  "GET /api/clock": "viewer operator engineer secadm secaud",
  "GET /api/statistics": "viewer operator engineer secadm secaud",
  "GET /api/system": "viewer operator engineer secadm secaud",
  "GET /api/inputs": "viewer operator engineer secadm secaud",
  "POST /api/parts/:name/restart": "operator engineer",
  "POST /api/inputs/:name/adopt": "engineer",
  "GET /api/config": "engineer secadm secaud",
  "PUT /api/config": "engineer secadm",
  "POST /api/config/confirm": "engineer secadm",
  "POST /api/config/cancel": "engineer secadm",
  "GET /api/config/versions": "engineer secadm secaud",
  "GET /api/config/versions/:number": "engineer secadm secaud",
  "POST /api/config/versions/:number/rollback": "engineer secadm",
  "GET /api/config/diff": "engineer secadm secaud",
  "GET /api/signals": "viewer operator engineer secadm secaud",
  "GET /api/signals/:id": "viewer operator engineer secadm secaud",
  "GET /api/devices": "viewer operator engineer secadm secaud",
  "GET /api/metadata": "viewer operator engineer secadm secaud",
  "GET /api/values": "viewer operator engineer secadm secaud",
  "GET /api/live": "viewer operator engineer secadm secaud",
  "GET /api/events": "viewer operator engineer secadm secaud",
  "GET /api/events/:id": "viewer operator engineer secadm secaud",
  "GET /api/events/:id/record": "viewer operator engineer secadm secaud",
  "POST /api/events/trigger": "operator engineer",
  "PUT /api/events/:id/protection": "operator engineer",
  "DELETE /api/events/:id": "engineer",
  "GET /api/subscribers": "viewer operator engineer secadm secaud",
  "GET /api/subscribers/:name": "viewer operator engineer secadm secaud",
  "PUT /api/subscribers/:name/access": "secadm",
  "POST /api/subscribers/:name/disconnect": "operator engineer secadm",
  "POST /api/subscribers/:name/revoke": "operator engineer secadm",
  "DELETE /api/subscribers/:name/revoke": "secadm",
  "GET /api/revocations": "viewer operator engineer secadm secaud",
  "GET /api/access/signals/:id": "viewer operator engineer secadm secaud",
  "GET /api/access/subscribers/:name": "viewer operator engineer secadm secaud",
  "POST /api/access/preview": "viewer operator engineer secadm secaud",
  "POST /api/claim": "claim",
  "GET /api/users": "secadm secaud",
  "POST /api/users": "secadm",
  "POST /api/users/:name/token": "secadm",
  "PUT /api/users/:name": "secadm",
  "DELETE /api/users/:name": "secadm",
  "GET /api/backup": "secadm",
  "POST /api/restore": "secadm",
  "GET /api/logs": "operator engineer secadm secaud",
  "GET /api/audit": "secaud",
  "GET /": "open",
  "GET /assets/:name": "open",
};

Deno.test("admin: each route is for the roles that it names, a walk over all routes and users", async () => {
  await AdminBench.with(OUTPUT, async (bench) => {
    assert.deepEqual(ROUTES.map((r) => `${r.method} ${r.path}`).sort(), Object.keys(MATRIX).sort());
    for (const { method, path } of ROUTES) {
      const allowed = MATRIX[`${method} ${path}`]!.split(" ");
      // Names that do not exist: nothing is changed by whoever is let in.
      const target = path.replace(/:\w+/g, "0");
      for (const user of ["none", ...Object.keys(USERS).filter((u) => u !== "root")]) {
        const answer = await bench.ask(method, target, { user });
        await answer.body?.cancel();
        const may = allowed[0] === "open" || allowed.includes(user);
        const expected = may ? "let in" : user === "none" ? 401 : 403;
        const found = [401, 403].includes(answer.status) ? answer.status : "let in";
        assert.equal(found, expected, `${user}: ${method} ${path} answered ${answer.status}`);
        if (!may) {
          assert.equal(answer.headers.get("content-type"), "application/problem+json");
        }
        for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
          if (name !== "Cache-Control") {
            assert.equal(answer.headers.get(name), value, `${path} ${name}`);
          }
        }
        assert.match(answer.headers.get("x-request-id") ?? "", /^[0-9a-f-]{36}$/);
      }
    }
  });
});

Deno.test("admin: what is asked for in a wrong way is refused with a problem document", async () => {
  await AdminBench.with(OUTPUT, async (bench) => {
    const big = { allow: ["x".repeat(2_000_000)], deny: [] };
    const rights = "/api/subscribers/client/access";
    const cases: [string, string, Parameters<AdminBench["ask"]>[2], number, RegExp][] = [
      ["GET", "/api/nothing", {}, 404, /urn:tieline:problem:notFound.*Nothing stands/],
      ["DELETE", "/api/status", {}, 405, /DELETE is not possible/],
      ["PATCH", "/api/config", {}, 405, /not possible/],
      ["GET", "/api/status?x=1", {}, 422, /Expected no parameters, found x/],
      ["GET", "/api/signals?limit=0", {}, 422, /limit: expected a whole number from 1 to 1000/],
      ["GET", "/api/signals?limit=9999", {}, 422, /from 1 to 1000/],
      ["GET", "/api/signals?limit=1&limit=2", {}, 422, /Expected limit once/],
      ["GET", "/api/signals?offset=-1", {}, 422, /offset/],
      ["GET", "/api/signals?limt=1", {}, 422, /limt/],
      ["GET", "/api/signals?filter=FILTER%20Nothing", {}, 422, /urn:tieline:problem:filter/],
      ["GET", "/api/signals?filter=A%20%3D%20%3D%201", {}, 422, /at column 5:.*"offset":4/],
      ["GET", `/api/signals?filter=${"x".repeat(5000)}`, {}, 422, /at most 4096/],
      ["GET", "/api/signals/none", {}, 404, /unknownSignal/],
      ["GET", "/api/access/signals/none", {}, 404, /unknownSignal/],
      ["GET", "/api/subscribers/nobody", {}, 404, /unknownSubscriber/],
      ["GET", "/api/subscribers/__proto__", {}, 404, /unknownSubscriber/],
      ["POST", "/api/subscribers/nobody/disconnect", {}, 404, /unknownSubscriber/],
      ["POST", "/api/parts/input.none/restart", {}, 404, /unknownPart/],
      ["PUT", rights, { body: "allow = []" }, 415, /Expected application\/json/],
      ["PUT", rights, { headers: { "Content-Type": "application/json" } }, 400, /Expected JSON/],
      ["PUT", rights, { body: [] }, 422, /urn:tieline:problem:body/],
      ["PUT", rights, { body: { allow: [1], deny: [] } }, 422, /allow\.0/],
      ["PUT", rights, { body: { allow: [], deny: [], more: 1 } }, 422, /more/],
      ["PUT", rights, { body: big }, 413, /at most 1048576 bytes/],
      ["PUT", rights, { body: { allow: [], deny: [] } }, 428, /If-Match/],
      ["PUT", "/api/config", { body: {} }, 415, /application\/toml/],
      ["PUT", "/api/config", { body: "a = 1" }, 428, /If-Match/],
      ["PUT", "/api/config?confirmWithin=0", { body: "a = 1" }, 422, /confirmWithin/],
      ["PUT", "/api/config?dryRun=yes", { body: "a = 1" }, 422, /dryRun/],
      ["POST", "/api/config/confirm", {}, 409, /nothingPending/],
      ["POST", "/api/config/cancel", {}, 409, /nothingPending/],
      ["GET", "/api/config/versions/99", {}, 404, /There is no version 99/],
      ["GET", "/api/config/versions/x", {}, 404, /There is no version x/],
      ["GET", "/api/config/diff?from=1", {}, 422, /to/],
      ["POST", "/api/users", { body: { name: "a b", roles: ["VIEWER"] } }, 422, /name/],
      ["POST", "/api/users", { body: { name: "ann", roles: ["ROOT"] } }, 422, /roles/],
      ["DELETE", "/api/users/nobody", {}, 404, /unknownUser/],
      ["PUT", "/api/users/nobody", { body: { enabled: true } }, 404, /unknownUser/],
      ["PUT", "/api/users/viewer", { body: {} }, 422, /expected roles, pins or enabled/],
      ["PUT", "/api/users/viewer", { body: { roles: [] } }, 422, /at least one role/],
      ["GET", "/api/logs?level=loud", {}, 422, /level/],
      ["GET", "/api/live?rate=11", {}, 422, /rate/],
    ];
    const before = bench.keeper.text;
    for (const [method, path, asked, status, pattern] of cases) {
      const answer = await bench.ask(method, path, asked);
      const text = await answer.text();
      assert.equal(answer.status, status, `${method} ${path}: ${text}`);
      assert.equal(answer.headers.get("content-type"), "application/problem+json");
      assert.match(text, pattern, path);
      const problem = JSON.parse(text) as { status: number; instance: string };
      assert.equal(problem.status, status);
      assert.equal(problem.instance, `urn:uuid:${answer.headers.get("x-request-id")}`);
    }
    assert.equal(bench.keeper.text, before);
    const notAllowed = await bench.ask("DELETE", "/api/config");
    assert.equal(notAllowed.headers.get("allow"), "GET, PUT, HEAD");
  });
});

Deno.test("admin: a stream of a body is cut off at its limit, whatever its head says", async () => {
  await AdminBench.with(OUTPUT, async (bench) => {
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 65_536;
        controller.enqueue(new Uint8Array(65_536).fill(32));
      },
    });
    const answer = await bench.app.fetch(
      new Request("http://127.0.0.1:8280/api/access/preview", {
        method: "POST",
        headers: { Authorization: `Bearer ${tokenOf("root")}`, "Content-Type": "application/json" },
        body: endless,
      }),
      { address: "127.0.0.1", tls: undefined },
    );
    assert.equal(answer.status, 413);
    assert.ok(sent < 2_000_000, `${sent} bytes were read`);
  });
});

Deno.test("admin: requests under another name or of another origin are refused before anything else", async () => {
  await AdminBench.with("", async (bench) => {
    const status = async (
      origin: string,
      headers: Record<string, string> = {},
      path = "/healthz",
    ) => (await bench.ask("GET", path, { origin, headers, user: "none" })).status;
    for (
      const host of [
        "evil.example",
        "127.0.0.1.evil.example",
        "10.0.0.1",
        "localhost.evil",
        "[::2]",
      ]
    ) {
      assert.equal(await status(`http://${host}`), 403, host);
      assert.equal(await status(`http://${host}`, {}, "/nothing"), 403, host);
    }
    for (const host of ["localhost", "127.0.0.1", "[::1]", "localhost:8280", "LOCALHOST"]) {
      assert.equal(await status(`http://${host}`), 200, host);
    }
    const here = "https://localhost:8280";
    assert.equal(await status(here, { Origin: here }), 200);
    for (
      const Origin of [
        "http://localhost:8280",
        "https://localhost",
        "https://evil.example",
        "null",
        "",
      ]
    ) {
      assert.equal(await status(here, { Origin }), 403, Origin);
    }
    assert.equal(await status(here, { "Sec-Fetch-Site": "same-origin" }), 200);
    assert.equal(await status(here, { "Sec-Fetch-Site": "none" }), 200);
    for (const site of ["cross-site", "same-site"]) {
      assert.equal(await status(here, { "Sec-Fetch-Site": site }), 403, site);
      assert.equal(
        await status(here, { "Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate" }),
        200,
      );
    }
  });
  await AdminBench.with('[admin]\nhosts = ["gw1.example", "192.0.2.5"]\n', async (bench) => {
    for (
      const [host, status] of [["gw1.example", 200], ["192.0.2.5", 200], [
        "gw2.example",
        403,
      ]] as const
    ) {
      const answer = await bench.ask("GET", "/healthz", { origin: `https://${host}` });
      assert.equal(answer.status, status, host);
    }
  });
});

Deno.test("admin: failed logins lock their address out, others and proven tokens are not hurt", async () => {
  // However long the hashing takes, no lock runs out and all of it is one minute.
  const apiClock = { nowMicros: () => 0, monotonicMs: () => 0 };
  await AdminBench.with("", async (bench) => {
    const wrong = tokenOf("viewer").replace(/.$/, (c) => c === "A" ? "B" : "A");
    const ask = (token: string, address: string) => bench.ask("GET", "/api/me", { token, address });
    assert.equal((await ask(tokenOf("root"), "192.0.2.9")).status, 200);
    const statuses: number[] = [];
    for (let i = 0; i < 7; i++) statuses.push((await ask(wrong, "192.0.2.9")).status);
    assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429]);
    const locked = await ask(tokenOf("viewer"), "192.0.2.9");
    assert.equal(locked.status, 429, "also a right token that was not proven yet");
    assert.equal(locked.headers.get("retry-after"), "30");
    assert.equal((await ask(tokenOf("root"), "192.0.2.9")).status, 200, "a proven token");
    assert.equal((await ask(tokenOf("operator"), "192.0.2.9")).status, 200, "another name");
    assert.equal((await ask(tokenOf("viewer"), "192.0.2.10")).status, 200, "another address");
    for (
      const token of [
        "",
        "x",
        "tieline.nobody." + "A".repeat(43),
        "tieline.__proto__." + "A".repeat(43),
      ]
    ) {
      assert.equal((await ask(token, "192.0.2.11")).status, 401, token);
    }
    const challenge = await bench.ask("GET", "/api/me", { user: "none" });
    assert.equal(challenge.headers.get("www-authenticate"), 'Bearer realm="tieline"');
    // A page that asks for much at once is one login, right or wrong.
    const page = await Promise.all(Array.from({ length: 10 }, () => ask(wrong, "192.0.2.12")));
    assert.deepEqual(page.map((a) => a.status), page.map(() => 401));
    const right = await Promise.all(
      Array.from({ length: 10 }, () => ask(tokenOf("engineer"), "192.0.2.12")),
    );
    assert.deepEqual(right.map((a) => a.status), right.map(() => 200));
    // A flood of logins is not hashed all at once.
    const flood = await Promise.all(
      Array.from({ length: 20 }, (_, i) => ask(wrong, `192.0.2.${100 + i}`)),
    );
    const busy = flood.filter((a) => a.status === 503);
    assert.ok(busy.length >= 15, `${busy.length} of 20 were told to come back`);
    bench.app.renew();
    assert.equal((await ask(tokenOf("viewer"), "192.0.2.9")).status, 200, "after a reload");
    bench.app.close();
    const entries = await bench.audit.entries(50);
    const logins = entries.filter((e) => e.action === "auth.login" && e.from === "192.0.2.9");
    assert.deepEqual(
      logins.map((e) => [e.who, e.outcome, e.detail]),
      [
        ["viewer", "refused", "locked out (2 times more)"],
        ["viewer", "refused", "unknown token (3 times more)"],
        ["viewer", "refused", "locked out"],
        ["viewer", "refused", "unknown token; locked out"],
        ["viewer", "refused", "unknown token"],
      ],
    );
  }, { apiClock });
});

Deno.test("admin: a user that is taken away or gets other roles is another one at once", async () => {
  await AdminBench.with("", async (bench) => {
    assert.equal((await bench.ask("GET", "/api/status", { user: "viewer" })).status, 200);
    await bench.json("DELETE", "/api/users/viewer", { user: "secadm", headers: bench.match });
    assert.equal((await bench.ask("GET", "/api/status", { user: "viewer" })).status, 401);
    assert.ok(!bench.keeper.text.includes("[admin.user.viewer]"));
    assert.ok(bench.keeper.text.includes("# of operator"));
    const own = await bench.ask("DELETE", "/api/users/secadm", {
      user: "secadm",
      headers: bench.match,
    });
    assert.equal(own.status, 409);
    const made = await bench.json("POST", "/api/users", {
      user: "secadm",
      headers: bench.match,
      body: { name: "ann", roles: ["VIEWER"] },
    });
    const token = String(made["token"]);
    assert.equal((await bench.ask("GET", "/api/status", { token })).status, 200);
    assert.ok(!JSON.stringify(made["diff"]).includes("$scrypt"), "the hash is not shown");
    const again = await bench.json("POST", "/api/users/ann/token", { headers: bench.match });
    assert.equal((await bench.ask("GET", "/api/status", { token })).status, 401);
    assert.equal(
      (await bench.ask("GET", "/api/status", { token: String(again["token"]) })).status,
      200,
    );
    const twice = await bench.ask("POST", "/api/users", {
      headers: bench.match,
      body: { name: "ann", roles: ["VIEWER"] },
    });
    assert.equal(twice.status, 409);
  });
});

Deno.test("admin: roles, pins and the right to enter change at once, nobody takes them from themselves", async () => {
  await AdminBench.with("", async (bench) => {
    const put = (name: string, body: unknown) =>
      bench.ask("PUT", `/api/users/${name}`, { user: "secadm", headers: bench.match, body });
    const log = () => bench.ask("GET", "/api/logs", { user: "viewer" });
    assert.equal((await log()).status, 403);
    assert.equal((await put("viewer", { roles: ["OPERATOR"] })).status, 200);
    assert.equal((await log()).status, 200);
    assert.ok(bench.keeper.text.includes("# of viewer"), "comments are kept");

    const pin = `sha256:${"ab".repeat(32)}`;
    assert.equal((await put("viewer", { pins: [pin] })).status, 200);
    const { users } = await bench.json("GET", "/api/users", { user: "secaud" });
    assert.deepEqual((users as { name: string }[])[0], {
      name: "viewer",
      roles: ["OPERATOR"],
      enabled: true,
      hasToken: true,
      pins: [pin],
    });
    const wrong = await put("viewer", { pins: ["nothing"] });
    assert.equal(wrong.status, 422);
    assert.match(await wrong.text(), /viewer.*64 hex digits/);
    // One pin is one user.
    assert.equal((await put("operator", { pins: [pin] })).status, 422);

    assert.equal((await put("viewer", { enabled: false })).status, 200);
    assert.equal((await log()).status, 401);
    for (const body of [{ enabled: false }, { roles: ["VIEWER"] }]) {
      assert.equal((await put("secadm", body)).status, 409);
    }
    assert.equal((await put("secadm", { roles: ["SECADM", "SECAUD"] })).status, 200);
    const made = await bench.json("POST", "/api/users", {
      user: "secadm",
      headers: bench.match,
      body: { name: "ann", roles: ["VIEWER"], pins: [pin.replaceAll("ab", "cd")] },
    });
    assert.match(String(made["token"]), /^tieline\.ann\./);
    assert.match(bench.keeper.text, /pins = \["sha256:cdcd/);
  });
});

Deno.test("admin: a gateway that got its users by an edit of the file is not claimed any more", async () => {
  await AdminBench.with("", async (bench) => {
    const token = bench.context.claim!.text;
    assert.equal(
      (await bench.ask("GET", "/api/me", { token })).status,
      403,
      "it is good for a claim",
    );
    await Deno.writeTextFile(`${bench.folder}/site.toml`, bench.keeper.text + USERS_TOML);
    await bench.keeper.reload();
    const claim = await bench.ask("POST", "/api/claim", { token, body: { name: "eve" } });
    assert.equal(claim.status, 401);
    const alarms = await bench.json("GET", "/api/alarms");
    assert.doesNotMatch(JSON.stringify(alarms), /nobody has claimed/);
  }, { users: false });
});

Deno.test("admin: a new gateway is claimed once", async () => {
  await AdminBench.with("", async (bench) => {
    const token = bench.context.claim!.text;
    assert.equal((await Deno.stat(bench.context.claim!.path)).mode! & 0o777, 0o600);
    assert.equal((await Deno.readTextFile(bench.context.claim!.path)).trim(), token);
    for (const path of ["/api/status", "/api/config", "/api/me"]) {
      assert.equal((await bench.ask("GET", path, { token })).status, 403, path);
    }
    // A bad name does not cost the token; of several at a time one wins.
    const bad = await bench.ask("POST", "/api/claim", { token, body: { name: "a b" } });
    assert.equal(bad.status, 422);
    const all = await Promise.all(
      ["ann", "bob", "eve"].map((name) =>
        bench.ask("POST", "/api/claim", { token, body: { name } })
      ),
    );
    assert.deepEqual(all.map((a) => a.status).sort(), [200, 409, 409]);
    const made = await all.find((a) => a.status === 200)!.json() as { name: string; token: string };
    const me = await bench.json("GET", "/api/me", { token: made.token });
    assert.deepEqual(me["may"], ["VIEWER", "OPERATOR", "ENGINEER", "SECADM", "SECAUD"]);
    assert.equal(
      (await bench.ask("POST", "/api/claim", { token, body: { name: "bob" } })).status,
      401,
    );
    await assert.rejects(Deno.stat(`${bench.folder}/state/claim-token`), Deno.errors.NotFound);
    assert.match(
      await Deno.readTextFile(`${bench.folder}/site.toml`),
      new RegExp(`^# The site\\n[^]*\\[admin\\.user\\.${made.name}\\]`),
    );
  }, { users: false });
});

Deno.test("admin: answers have the shape that is described", async () => {
  await AdminBench.with(`${OUTPUT}[event]\n`, async (bench) => {
    let checked = 0;
    for (const route of ROUTES) {
      if (route.method !== "GET" || !route.answer || route.path.includes(":")) continue;
      const answer = await bench.json("GET", route.path);
      const result = v.safeParse(route.answer, answer);
      assert.ok(result.success, `${route.path}: ${JSON.stringify(result.issues?.[0]?.message)}`);
      checked++;
    }
    assert.ok(checked > 15, String(checked));
  });
});

Deno.test("admin: a defect behind a route is an answer without its inside, and does not end anything", async () => {
  await AdminBench.with("", async (bench) => {
    const broken = {
      ...bench.context,
      gateway: Object.create(bench.gateway, {
        clock: {
          value: () => {
            throw new Error("a secret of the inside");
          },
        },
        config: { value: bench.gateway.config },
      }) as typeof bench.gateway,
    }; // all but one method are the gateway's own
    const { adminApp } = await import("./app.ts");
    const answer = await adminApp(broken).fetch(
      new Request("http://localhost/api/clock", {
        headers: { Authorization: `Bearer ${tokenOf("root")}` },
      }),
      { address: "127.0.0.1", tls: undefined },
    );
    assert.equal(answer.status, 500);
    const text = await answer.text();
    assert.ok(!text.includes("secret"), text);
  });
});

Deno.test("admin: what is done and refused is in the audit trail, which is whole", async () => {
  await AdminBench.with(OUTPUT, async (bench) => {
    await bench.ask("POST", "/api/parts/output.main/restart", { user: "viewer" });
    await bench.json("POST", "/api/parts/output.main/restart", { user: "operator" });
    await bench.ask("PUT", "/api/config", { user: "engineer", body: "= =", headers: bench.match });
    // Whatever it is refused for, and by whomever.
    await bench.ask("PUT", "/api/subscribers/client/access", {
      user: "secadm",
      body: { allow: 1 },
    });
    await bench.ask("DELETE", "/api/users/secadm", { user: "secadm", headers: bench.match });
    await bench.ask("PUT", "/api/config", { user: "none", body: "x = 1" });
    await bench.ask("GET", "/api/me", { user: "none" });
    await bench.json("POST", "/api/subscribers/client/revoke", {
      user: "operator",
      body: { reason: "stolen" },
    });
    bench.app.close();
    const { entries } = await bench.json("GET", "/api/audit", { user: "secaud" });
    // The shape was checked above.
    const shown = (entries as {
      who: string;
      from: string;
      action: string;
      outcome: string;
      request?: string;
    }[])
      .map((e) => [e.who, e.from, e.action, e.outcome]);
    assert.deepEqual(shown, [
      ["operator", "127.0.0.1", "subscriber.revoke", "done"],
      ["", "127.0.0.1", "auth.login", "refused"],
      ["secadm", "127.0.0.1", "user.remove", "refused"],
      ["secadm", "127.0.0.1", "access.change", "refused"],
      ["engineer", "127.0.0.1", "config.push", "refused"],
      ["operator", "127.0.0.1", "part.restart", "done"],
      ["viewer", "127.0.0.1", "auth.role", "refused"],
    ]);
    assert.match(
      JSON.stringify(entries),
      /"without a token: Pushes a configuration[^"]+".*"allow: Invalid type/,
    );
    const syslog = await (await bench.ask("GET", "/api/audit?format=syslog", { user: "secaud" }))
      .text();
    assert.match(
      syslog,
      /^<108>1 \S+ EDGE tieline - auth\.role \[audit@32473 number="1" who="viewer"/,
    );
    await bench.audit.seal();
    const { problems } = await verifyFolder(
      `${bench.folder}/state/audit`,
      [bench.gateway.identity!.certPem],
    );
    assert.deepEqual(problems, []);
  });
});
