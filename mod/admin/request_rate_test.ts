import assert from "node:assert/strict";
import { logFor } from "../gateway/mod.ts";
import { adminApp } from "./app.ts";
import { ProblemError } from "./problem.ts";
import { RequestRate } from "./request_rate.ts";
import { serveAdmin } from "./server.ts";
import { AdminBench, tokenOf } from "./testing.ts";

/** How many of `tries` requests are let through. */
function admitted(
  rate: RequestRate,
  address: string,
  user: string | undefined,
  { tries = 1000, path = "/api/status", nowMs = 0 } = {},
): number {
  let count = 0;
  for (let i = 0; i < tries; i++) {
    try {
      rate.admit(address, user, path, nowMs);
      count++;
    } catch (error) {
      assert.ok(error instanceof ProblemError && error.status === 429);
    }
  }
  return count;
}

Deno.test("request rate: four seconds' worth at once, then the rate, for each user at each address", () => {
  const rate = new RequestRate(() => 50);
  assert.equal(admitted(rate, "192.0.2.1", "ann"), 200);
  assert.equal(admitted(rate, "192.0.2.1", "bob"), 200);
  assert.equal(admitted(rate, "192.0.2.1", undefined), 200, "whom nobody knows");
  assert.equal(admitted(rate, "192.0.2.2", "ann"), 200, "from elsewhere");
  assert.equal(rate.refused, 4 * 800);
  assert.equal(admitted(rate, "192.0.2.1", "ann", { nowMs: 1000 }), 50);
  assert.equal(admitted(rate, "192.0.2.1", "ann", { nowMs: 60_000 }), 200);
  assert.equal(rate.clients, 4);
});

Deno.test("request rate: hosts of one IPv6 network are one client", () => {
  const rate = new RequestRate(() => 50);
  let count = 0;
  for (let i = 0; i < 300; i++) {
    count += admitted(rate, `2001:db8::${i.toString(16)}`, undefined, { tries: 1 });
  }
  assert.deepEqual([count, rate.clients], [200, 1]);
  assert.equal(admitted(rate, "2001:db8:0:1::1", undefined), 200);
});

Deno.test("request rate: pages of the dashboard cost a tenth, other open paths do not", () => {
  const rate = new RequestRate(() => 50);
  assert.equal(admitted(rate, "a", undefined, { path: "/assets/main.js", tries: 5000 }), 2000);
  assert.equal(admitted(rate, "b", undefined, { path: "/", tries: 5000 }), 2000);
  assert.equal(admitted(rate, "c", undefined, { path: "/healthz", tries: 5000 }), 200);
});

Deno.test("request rate: a flood of addresses takes no more memory, who asks goes on being known", () => {
  const rate = new RequestRate(() => 50);
  assert.equal(admitted(rate, "192.0.2.1", "ann"), 200);
  for (let i = 0; i < 5000; i++) {
    rate.admit(`10.1.${i >> 8}.${i & 255}`, undefined, "/", 0);
    if (i % 1000 === 0) assert.equal(admitted(rate, "192.0.2.1", "ann", { tries: 1 }), 0);
  }
  assert.equal(rate.clients, 1024);
});

Deno.test("request rate: another rate holds at once", () => {
  let perSecond = 50;
  const rate = new RequestRate(() => perSecond);
  assert.equal(admitted(rate, "a", "ann"), 200);
  perSecond = 100;
  assert.equal(admitted(rate, "a", "ann"), 400);
});

/** The context of the bench with the configured rate, at a time that stands still. */
function stoodStill(bench: AdminBench, said: string[]) {
  const log = logFor("admin");
  return {
    ...bench.context,
    clock: { ...bench.context.clock, monotonicMs: () => 5000, nowMicros: () => 5e9 },
    log: { ...log, warn: (text: string) => void said.push(text) },
    requests: new RequestRate(() => bench.gateway.config.admin.maxRequestsPerSecond),
  };
}

Deno.test("admin: who asks too often on one kept connection is told so, counted and noted, and nobody else is", async () => {
  await AdminBench.with(
    '[admin]\ninsecure = true\nlisten = "127.0.0.1:8280"\nmaxRequestsPerSecond = 10\n',
    async (bench) => {
      const said: string[] = [], context = stoodStill(bench, said);
      const server = await serveAdmin(context, {
        ...bench.gateway.config.admin,
        listen: "127.0.0.1:0",
      });
      const client = Deno.createHttpClient({ poolMaxIdlePerHost: 1 });
      const ask = (user: string, path = "/api/me") =>
        fetch(server.url + path, {
          client,
          headers: { Authorization: `Bearer ${tokenOf(user)}` },
        });
      try {
        // The first one has not proven its token yet.
        await (await ask("viewer")).body?.cancel();
        const statuses: number[] = [];
        for (let i = 0; i < 50; i++) {
          const answer = await ask("viewer");
          statuses.push(answer.status);
          await answer.body?.cancel();
        }
        assert.deepEqual(statuses, [...Array(40).fill(200), ...Array(10).fill(429)]);
        const refused = await ask("viewer");
        assert.equal(refused.headers.get("Retry-After"), "1");
        assert.equal(refused.headers.get("Content-Type"), "application/problem+json");
        assert.ok(refused.headers.get("X-Request-Id") && refused.headers.get("X-Frame-Options"));
        const problem = await refused.json() as Record<string, unknown>;
        assert.equal(problem["type"], "urn:tieline:problem:tooManyRequests");
        assert.match(String(problem["detail"]), /at most 10 requests per second/);
        // A WebSocket is a request of the same client.
        const socket = new WebSocket(`${server.url.replace("http", "ws")}/api/live`, [
          "tieline",
          `tieline.bearer.${tokenOf("viewer")}`,
        ]);
        assert.equal(
          await new Promise((go) => {
            socket.onopen = () => go("open");
            socket.onerror = () => go("refused");
          }),
          "refused",
        );
        // Others are not hurt, and see it.
        const status = await (await ask("root", "/api/status")).json() as Record<string, unknown>;
        assert.deepEqual(status["admin"], { requestsRefused: 12, certificates: [] });
        const metrics = await (await ask("root", "/metrics")).text();
        assert.match(metrics, /tieline_admin_requests_refused_total\{part="admin"\} 12\n/);
        assert.deepEqual(said, [
          "Refused requests of 127.0.0.1: Expected at most 10 requests per second ([admin] maxRequestsPerSecond)",
        ]);
      } finally {
        client.close();
        await server.stop();
      }
      const noted = (await bench.audit.entries(20)).filter((e) => e.action === "auth.rate");
      assert.deepEqual(
        noted.map(({ who, from, detail }) => [who, from, /\(\d+ times more\)/.exec(detail)?.[0]]),
        [["viewer", "127.0.0.1", "(11 times more)"], ["viewer", "127.0.0.1", undefined]],
      );
    },
  );
});

Deno.test("admin: who has no token uses up nothing of an operator behind the same address", async () => {
  await AdminBench.with("", async (bench) => {
    const app = adminApp(stoodStill(bench, []));
    const ask = async (token: string, path = "/api/me") =>
      (await app.fetch(
        new Request(`http://localhost${path}`, { headers: { Authorization: `Bearer ${token}` } }),
        { address: "192.0.2.7", tls: undefined },
      )).status;
    assert.equal(await ask(tokenOf("operator")), 200);
    for (let i = 0; i < 300; i++) await ask(`made up ${i}`, "/healthz");
    assert.equal(await ask("made up", "/healthz"), 429);
    assert.equal(await ask(tokenOf("operator")), 200);
    app.close();
  });
});
