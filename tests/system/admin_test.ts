import assert from "node:assert/strict";
import { parsePrometheus } from "./prometheus_parser.ts";
import {
  ADMIN_TOML,
  AS_ROOT,
  detailOf,
  inputsRun,
  inputToml,
  outputOf,
  PLAIN_OUTPUT,
  PLAIN_SUBSCRIBER,
  Site,
} from "./site.ts";
import { freePort } from "../support/ports.ts";
import { until } from "../support/waiting.ts";

/** Sends one request as bytes, as no browser would, and returns status line, headers and body. */
async function request(port: number, head: string): Promise<{ status: number; text: string }> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await conn.write(new TextEncoder().encode(`${head}\r\nConnection: close\r\n\r\n`));
  const text = await new Response(conn.readable).text();
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), text };
}

Deno.test("admin: health, readiness, status and metrics over HTTP, for loopback names only", async () => {
  await Site.with(async (site) => {
    const began = Date.now() * 1000;
    const taken = freePort();
    const squatter = Deno.listen({ hostname: "127.0.0.1", port: taken });
    const { pmu } = await site.pmu(1);
    const gateway = await site.gateway(
      ADMIN_TOML + inputToml(1, pmu.port) + PLAIN_OUTPUT + PLAIN_SUBSCRIBER +
        "[align.wide]\nframesPerSecond = 60\nwaitMs = 100\n" +
        `[output.late]\ntype = "sttp"\ninsecure = true\nlisten = "127.0.0.1:${taken}"\n`,
    );
    const { host: admin } = await site.admin(gateway);
    const port = Number(new URL(admin.url).port);
    const get = (path: string) => fetch(`${admin.url}${path}`, { headers: AS_ROOT });

    const health = await get("/healthz");
    assert.deepEqual([health.status, await health.text()], [200, "ok\n"]);
    const waiting = await get("/readyz");
    assert.deepEqual([waiting.status, await waiting.text()], [503, "waiting for 1 parts\n"]);
    squatter.close();
    await until(() => gateway.readiness().ready, "the output that came late");
    const ready = await get("/readyz");
    assert.deepEqual([ready.status, await ready.text()], [200, "ready\n"]);

    await inputsRun(gateway, 1);
    const subscriber = site.subscriber({ port: outputOf(gateway).port });
    await until(() => subscriber.measurements > 200, "data");
    const aligned = () => Number(detailOf(gateway, "align.wide")["publishedFrames"]);
    await until(() => aligned() > 0, "an aligned frame, which waits for its slot to be over");
    const answer = await get("/api/status");
    assert.equal(answer.headers.get("content-type"), "application/json");
    assert.equal(answer.headers.get("cache-control"), "no-store");
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
    // The shape is what this test is about: each field that is used is checked below.
    const status = await answer.json() as {
      name: string;
      id: string;
      fingerprint: string;
      memoryBytes: number;
      signals: number;
      streams: Record<string, { frames: number; errors: number }>;
      parts: Record<string, {
        state: string;
        sinceMicros: number;
        reason?: string;
        detail: Record<string, unknown>;
      }>;
    };
    assert.equal(status.name, "EDGE");
    assert.match(status.fingerprint, /^sha256:[0-9a-f]{64}$/);
    assert.equal(status.signals, gateway.registry.signals().length);
    assert.ok(status.memoryBytes > 1e7);
    assert.deepEqual(Object.keys(status.streams).sort(), ["received", "wide"]);
    assert.ok(status.streams["received"]!.frames > 0);
    const names = ["align.wide", "input.pmu1", "output.late", "output.main"];
    assert.deepEqual(Object.keys(status.parts).sort(), names);
    const now = Date.now() * 1000;
    for (const [name, part] of Object.entries(status.parts)) {
      assert.equal(part.state, "running", name);
      assert.ok(part.sinceMicros > began - 1e6 && part.sinceMicros <= now + 1e6, name);
      assert.ok(Object.keys(part.detail).length > 3, name);
    }
    const books = status.parts["input.pmu1"]!.detail["books"] as Record<string, number>;
    assert.ok(books["received"]! > 0);
    assert.equal(books["balance"], 0);
    const subscribers = status.parts["output.main"]!.detail["subscribers"] as Record<
      string,
      { ledger: { offered: number; sent: number; balance: number }; sessions: { peer: string }[] }
    >;
    assert.ok(subscribers["client"]!.ledger.sent > 200);
    assert.equal(subscribers["client"]!.ledger.balance, 0);
    assert.match(subscribers["client"]!.sessions[0]!.peer, /^127\.0\.0\.1:\d+$/);
    assert.ok(!JSON.stringify(status).includes("PRIVATE KEY"));

    const metrics = await get("/metrics");
    assert.match(metrics.headers.get("content-type")!, /^text\/plain; version=0\.0\.4/);
    const families = parsePrometheus(await metrics.text());
    for (const [name, family] of families) {
      assert.match(name, /^tieline_/);
      assert.equal(name.endsWith("_total"), family.type === "counter", name);
      for (const { labels } of family.samples) assert.ok(labels["part"], name);
    }
    const accepted = families.get("tieline_input_frames_accepted_total")!;
    assert.equal(accepted.type, "counter");
    assert.equal(accepted.samples[0]!.labels["part"], "input.pmu1");
    assert.ok(accepted.samples[0]!.value > 0);
    const sent = families.get("tieline_subscriber_sent_total")!;
    assert.ok(sent.samples.some((s) => s.labels["subscriber"] === "client" && s.value > 200));
    assert.ok(families.get("tieline_align_frames_published_total")!.samples[0]!.value > 0);

    // Only names of this host, only GET and HEAD, nothing else there.
    for (
      const host of ["127.0.0.1", "localhost", `127.0.0.1:${port}`, `localhost:${port}`, "[::1]"]
    ) {
      const { status } = await request(port, `GET /healthz HTTP/1.1\r\nHost: ${host}`);
      assert.equal(status, 200, host);
    }
    const foreign = [
      "evil.example",
      "127.0.0.1.evil.example",
      "localhost.evil.example:80",
      "192.0.2.1",
    ];
    for (const path of ["/healthz", "/readyz", "/api/status", "/metrics", "/nothing"]) {
      for (const host of foreign) {
        const { status, text } = await request(port, `GET ${path} HTTP/1.1\r\nHost: ${host}`);
        assert.equal(status, 403, `${path} for ${host}`);
        assert.ok(!text.includes("EDGE") && !text.includes("tieline_"));
      }
    }
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
      for (const path of ["/healthz", "/readyz", "/api/status", "/metrics"]) {
        const answer = await fetch(`${admin.url}${path}`, { method, headers: AS_ROOT });
        await answer.body?.cancel();
        assert.equal(answer.status, 405, `${method} ${path}`);
        assert.equal(answer.headers.get("allow"), "GET, HEAD");
      }
    }
    const head = await fetch(`${admin.url}/healthz`, { method: "HEAD" });
    assert.deepEqual([head.status, await head.text()], [200, ""]);
    const nothing = await get("/api/nothing");
    assert.equal(nothing.status, 404);
    assert.equal(nothing.headers.get("content-type"), "application/problem+json");
    assert.match((await nothing.json() as { detail: string }).detail, /\/api\/nothing/);
  });
});
