import assert from "node:assert/strict";
import { Validator } from "@seriousme/openapi-schema-validator";
import fc from "fast-check";
import { ROUTES } from "./mod.ts";
import { AdminBench } from "./testing.ts";
import { AnswerCheck, type Json, operationsOf } from "./testing_document.ts";

const SITE = `
[input.shelby]
type = "c37118"
host = "127.0.0.1"
port = 1
idCode = 5
reconnectMinMs = 60000
reconnectMaxMs = 60000
[output.main]
type = "sttp"
listen = "127.0.0.1:0"
insecure = true
[subscriber.client]
plainAddress = ["127.0.0.1"]
allow = ["True"]
[alarm.low]
signals = ["SignalType = 'FREQ'"]
condition = "under"
limit = 49.5
`;

async function description(bench: AdminBench): Promise<Json> {
  return await bench.json("GET", "/api/openapi.json");
}

Deno.test("openapi: an independent validator takes the document, and it has every route", async () => {
  await AdminBench.with("", async (bench) => {
    const document = await description(bench);
    const result = await new Validator().validate(structuredClone(document));
    assert.ok(result.valid, JSON.stringify(result.errors, null, 1));
    assert.equal(document["openapi"], "3.1.0");
    const described = operationsOf(document).map(({ method, path }) => `${method} ${path}`).sort();
    const routes = ROUTES.filter(({ path }) =>
      path !== "/" && path !== "/api" && !path.startsWith("/assets/")
    )
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`).sort();
    assert.deepEqual(described, routes);
    const ids = Object.values(
      document["paths"] as Record<string, Record<string, { operationId: string }>>,
    )
      .flatMap((methods) => Object.values(methods).map((o) => o.operationId));
    assert.equal(new Set(ids).size, ids.length, "each operation has an identifier of its own");
  });
});

Deno.test("openapi: each path answers the methods that are described, and no others", async () => {
  await AdminBench.with(SITE, async (bench) => {
    const document = await description(bench);
    const paths = document["paths"] as Record<string, Json>;
    for (const path of Object.keys(paths)) {
      // `/api/events/trigger` may be a record's name too.
      const described = Object.entries(paths)
        .filter(([other]) =>
          new RegExp(`^${RegExp.escape(other).replace(/\\\{\w+\\\}/g, "[^/]+")}$`).test(path)
        )
        .flatMap(([, methods]) => Object.keys(methods).map((method) => method.toUpperCase()));
      for (const method of ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"]) {
        if (path === "/api/live" && (method === "GET" || method === "HEAD")) continue; // it has no end
        const answer = await bench.ask(method, path.replace(/\{\w+\}/g, "0"), { user: "viewer" });
        const text = await answer.text();
        const isThere = described.includes(method) ||
          (method === "HEAD" && described.includes("GET"));
        assert.equal(answer.status !== 405, isThere, `${method} ${path}: ${answer.status} ${text}`);
        if (isThere) continue;
        const allow = [...described, ...(described.includes("GET") ? ["HEAD"] : [])];
        assert.deepEqual(answer.headers.get("allow")?.split(", ").sort(), allow.sort(), path);
      }
    }
  });
});

Deno.test("openapi: the page for people has every operation, and no script", async () => {
  await AdminBench.with("", async (bench) => {
    const answer = await bench.ask("GET", "/api", { user: "none" });
    assert.equal(answer.headers.get("content-type"), "text/html; charset=utf-8");
    const page = await answer.text();
    for (const { method, path } of operationsOf(await description(bench))) {
      assert.ok(page.includes(`<code>${method} ${path}</code>`), `${method} ${path}`);
    }
    assert.doesNotMatch(page, /<script|style=|onclick/);
    assert.ok(!page.includes("EDGE"), "nothing of the gateway");
    assert.equal(page.split("<details>").length, page.split("</details>").length);
  });
});

Deno.test("openapi: what the document allows is answered as it says, whatever the values", async () => {
  await AdminBench.with(SITE, async (bench) => {
    const document = await description(bench);
    const checked = new AnswerCheck(document);
    const before = bench.keeper.text;
    const statuses: Record<string, number> = {};
    for (const operation of operationsOf(document)) {
      // Names that exist and names that do not; what cannot be tried only hits what does not.
      const safe = operation.method === "GET" ||
        operation.parameters.some((p) => p.name === "dryRun");
      const path = fc.record(Object.fromEntries(
        operation.parameters.filter((p) => p.in === "path").map((p) => [
          p.name,
          safe
            ? fc.oneof(
              fc.constantFrom("client", "shelby", "1", "output.main", "viewer", "low"),
              fc.string({ minLength: 1 }),
            )
            : fc.constantFrom("nobody", "9999", "a b", "..", "__proto__"),
        ]),
      ));
      const query = fc.record(
        Object.fromEntries(
          operation.parameters.filter((p) => p.in === "query").map((
            p,
          ) => [p.name, valueOf(p.schema)]),
        ),
        {
          requiredKeys: operation.parameters.filter((p) => p.in === "query" && p.required).map((
            p,
          ) => p.name),
        },
      );
      const match = operation.parameters.some((p) => p.name === "If-Match")
        ? fc.oneof(
          fc.constantFrom("*", bench.match["If-Match"]!, undefined),
          fc.stringMatching(/^[!-~]{1,80}$/),
        )
        : fc.constant(undefined);
      const body = operation.bodyType === "application/json"
        ? fc.oneof({ weight: 3, arbitrary: valueOf(operation.bodySchema) }, fc.jsonValue())
        : fc.string();
      await fc.assert(
        fc.asyncProperty(path, query, body, match, async (names, parameters, content, etag) => {
          if (operation.path === "/api/live") return; // an endless answer, tested on its own
          const target = operation.path.replace(
            /\{(\w+)\}/g,
            (_, name: string) => encodeURIComponent(String(names[name])),
          );
          const search = new URLSearchParams(
            Object.entries(parameters).filter(([, value]) => value !== undefined).map((
              [k, value],
            ) => [k, String(value)]),
          );
          // Whatever changes something is tried only.
          if (operation.parameters.some((p) => p.name === "dryRun")) search.set("dryRun", "true");
          const answer = await bench.ask(
            operation.method,
            `${target}?${search}`.replace(/\?$/, ""),
            {
              ...(operation.bodyType && { body: content }),
              headers: {
                ...(operation.bodyType && { "Content-Type": operation.bodyType }),
                ...(etag !== undefined && { "If-Match": etag }),
              },
            },
          );
          const text = await answer.text();
          const what = `${operation.method} ${target}?${search} ${
            JSON.stringify(content)?.slice(0, 200)
          }: ${answer.status} ${text.slice(0, 300)}`;
          const kind = `${Math.floor(answer.status / 100)}xx`;
          statuses[kind] = (statuses[kind] ?? 0) + 1;
          assert.ok(answer.status < 500 || answer.status === 503, what);
          checked.check(`${operation.method} ${operation.path}`, answer, text);
        }),
        { numRuns: 25 },
      );
    }
    console.log(`openapi: fuzzed, answers by class: ${JSON.stringify(statuses)}`);
    // Sure of each: what takes no names is there, and "nobody" is not.
    assert.ok(statuses["2xx"]! > 0 && statuses["4xx"]! > 0, JSON.stringify(statuses));
    assert.equal(bench.keeper.text, before, "nothing was changed");
    assert.equal((await bench.ask("GET", "/api/status")).status, 200);
  });
});

/** Values that a JSON schema allows, as far as this API uses it. */
function valueOf(schema: Json): fc.Arbitrary<unknown> {
  const { type, minimum, maximum, minLength, maxLength, properties, required, items } = schema as {
    type?: string;
    minimum?: number;
    maximum?: number;
    minLength?: number;
    maxLength?: number;
    properties?: Record<string, Json>;
    required?: string[];
    items?: Json;
  };
  const options = (schema["enum"] ?? schema["anyOf"]) as unknown[] | undefined;
  if (schema["enum"]) return fc.constantFrom(...options!);
  if (schema["anyOf"]) return fc.oneof(...(options as Json[]).map(valueOf));
  if (type === "object") {
    return fc.record(
      Object.fromEntries(Object.entries(properties ?? {}).map(([k, s]) => [k, valueOf(s)])),
      { requiredKeys: required ?? [] },
    );
  }
  if (type === "array") return fc.array(valueOf(items ?? {}), { maxLength: 3 });
  if (type === "integer") {
    return fc.integer({ min: minimum ?? -1000, max: Math.min(maximum ?? 1000, 2 ** 31 - 1) });
  }
  if (type === "number") {
    return fc.double({ min: minimum ?? -1e6, max: maximum ?? 1e6, noNaN: true });
  }
  if (type === "boolean") return fc.boolean();
  if (type === "string") {
    return fc.oneof(
      fc.constantFrom("SignalType = 'FREQ'", "Device = 'SHELBY'", "VIEWER", "x"),
      fc.string({ minLength: minLength ?? 0, maxLength: Math.min(maxLength ?? 40, 40) }),
    ).filter((s) => s.length >= (minLength ?? 0));
  }
  return fc.jsonValue();
}
