import assert from "node:assert/strict";
import { makeSigningKey, signText } from "../revision/mod.ts";
import { AdminBench } from "./testing.ts";
import { until } from "../../tests/support/waiting.ts";

const SITE = `
# Shelby, by cable
[input.shelby] # bay 3
type = "c37118"
host = "127.0.0.1"
port = 1 # nobody there
idCode = 5
reconnectMinMs = 60000
reconnectMaxMs = 60000

[output.main]
type = "sttp"
listen = "127.0.0.1:0"
insecure = true

[subscriber.client] # the client
plainAddress = ["127.0.0.1"]
allow = ["True"] # everything
`;

function portOf({ gateway }: AdminBench): number {
  const input = gateway.config.input["shelby"];
  assert.equal(input?.type, "c37118");
  return input.port;
}

interface Change {
  version: number | null;
  digest: string;
  changes: { part: string; change: string; keys: string[] }[];
  diff: string;
  confirmWithin: number | null;
}

async function shown(
  bench: AdminBench,
  user = "engineer",
): Promise<{ text: string; etag: string }> {
  const answer = await bench.ask("GET", "/api/config", { user });
  return { text: await answer.text(), etag: answer.headers.get("etag")! };
}

Deno.test("config API: what is shown has no secrets, and pushed back it changes nothing", async () => {
  await AdminBench.with(SITE, async (bench) => {
    const { text, etag } = await shown(bench);
    assert.ok(!text.includes("$scrypt"));
    assert.match(text, /token = "redacted:[0-9a-f]{16}" # of viewer/);
    const put = (body: string, more: Record<string, string> = {}, query = "", user = "engineer") =>
      bench.ask("PUT", `/api/config${query}`, {
        user,
        body,
        headers: { "If-Match": etag, ...more },
      });
    const same = await (await put(text)).json() as Change;
    assert.deepEqual([same.version, same.changes, same.diff], [null, [], ""]);

    const other = text.replace("port = 1 #", "port = 2 #");
    const dry = await (await put(other, {}, "?dryRun=true")).json() as Change;
    assert.deepEqual(
      [dry.version, dry.changes],
      [null, [{ part: "input.shelby", change: "restarted", keys: ["port"] }]],
    );
    assert.match(
      dry.diff,
      /^--- running\n\+\+\+ new\n@@[^]*-port = 1 # nobody there\n\+port = 2 # nobody there\n/,
    );
    assert.equal(portOf(bench), 1);

    const done = await (await put(other, {}, "?comment=new%20port")).json() as Change;
    assert.equal(done.version, 2);
    assert.equal(portOf(bench), 2);
    const file = await Deno.readTextFile(`${bench.folder}/site.toml`);
    assert.ok(
      file.includes("$scrypt") && file.includes("port = 2 # nobody there"),
      "the file has the secrets",
    );
    const versions = await bench.json("GET", "/api/config/versions", { user: "secaud" });
    const [newest] = versions["versions"] as { author: string; comment: string; outcome: string }[];
    assert.deepEqual([newest!.author, newest!.comment, newest!.outcome], [
      "engineer",
      "new port",
      "good",
    ]);

    // Who comes second with the old ETag is told so.
    const late = await put(other.replace("port = 2", "port = 3"));
    assert.equal(late.status, 412);
    assert.equal(late.headers.get("content-type"), "application/problem+json");
    await late.body?.cancel();
    const diff = await (await bench.ask("GET", "/api/config/diff?from=1&to=2")).text();
    assert.match(diff, /^--- version 1\n\+\+\+ version 2\n[^]*-port = 1[^]*\+port = 2/);
    const first = await (await bench.ask("GET", "/api/config/versions/1")).text();
    assert.equal(first, text);
    const back = await bench.json("POST", "/api/config/versions/1/rollback", {
      user: "engineer",
      headers: bench.match,
    });
    assert.equal(back["version"], 3);
    assert.equal(portOf(bench), 1);
  });
});

Deno.test("config API: a token's hash is not shown in a comment either, and comes back unharmed", async () => {
  const hash = "$scrypt$ln=14,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + "B".repeat(43);
  const gone = `# [admin.user.gone]\n# token = "${hash}" # on leave\n`;
  await AdminBench.with(`${gone}${SITE}`, async (bench) => {
    const { text, etag } = await shown(bench);
    assert.ok(!text.includes("$scrypt"));
    assert.match(text, /# token = "redacted:[0-9a-f]{16}" # on leave\n/);
    const put = async (body: string) => {
      const answer = await bench.ask("PUT", "/api/config", {
        user: "engineer",
        body,
        headers: { "If-Match": etag },
      });
      return [answer.status, await answer.text()] as const;
    };
    const [status, answer] = await put(text.replace("port = 1 #", "port = 2 #"));
    assert.equal(status, 200, answer);
    assert.ok(!answer.includes("$scrypt"));
    assert.ok(bench.keeper.text.includes(gone));
    const unknown = text.replace(
      /redacted:[0-9a-f]{16}" # on leave/,
      `redacted:${"0".repeat(16)}"`,
    );
    assert.equal(
      (await bench.ask("PUT", "/api/config", {
        user: "engineer",
        body: unknown,
        headers: bench.match,
      })).status,
      422,
    );
  });
});

Deno.test("config API: of many pushes at a time one wins, the others get 412", async () => {
  await AdminBench.with(SITE, async (bench) => {
    const { text, etag } = await shown(bench);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        bench.ask("PUT", "/api/config", {
          user: "engineer",
          body: text.replace("port = 1 #", `port = ${i + 10} #`),
          headers: { "If-Match": etag },
        })),
    );
    const statuses = answers.map((a) => a.status).sort();
    await Promise.all(answers.map((a) => a.body?.cancel()));
    assert.deepEqual(statuses, [200, ...Array.from({ length: 7 }, () => 412)]);
    assert.equal(bench.keeper.versions().length, 2);
  });
});

Deno.test("config API: a bad configuration is told with line, column and key, and changes nothing", async () => {
  await AdminBench.with(SITE, async (bench) => {
    const { text, etag } = await shown(bench);
    const bad = text.replace("idCode = 5", "idCod = 5").replace(
      "insecure = true",
      'insecure = "yes"',
    );
    const answer = await bench.ask("PUT", "/api/config", {
      user: "engineer",
      body: bad,
      headers: { "If-Match": etag },
    });
    assert.equal(answer.status, 422);
    const { errors } = await answer.json() as {
      errors: { line: number; column: number; key: string; message: string }[];
    };
    const lineOf = (part: string) => bad.split("\n").findIndex((l) => l.includes(part)) + 1;
    assert.deepEqual(
      errors.filter((e) => e.key !== "input.shelby.idCode").map((e) => [e.line, e.column, e.key]),
      [[lineOf("idCod ="), 1, "input.shelby.idCod"], [
        lineOf("insecure ="),
        1,
        "output.main.insecure",
      ]],
    );
    assert.equal(bench.keeper.versions().length, 1);
  });
});

Deno.test("config API: a part that cannot work takes the whole change back", async () => {
  await AdminBench.with(SITE, async (bench) => {
    const squatter = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { text, etag } = await shown(bench);
    const answer = await bench.ask("PUT", "/api/config", {
      user: "engineer",
      body: text.replace('listen = "127.0.0.1:0"', `listen = "127.0.0.1:${squatter.addr.port}"`),
      headers: { "If-Match": etag },
    });
    squatter.close();
    assert.equal(answer.status, 409);
    const problem = await answer.json() as {
      type: string;
      failed: { part: string; reason: string }[];
    };
    assert.equal(problem.type, "urn:tieline:problem:failed");
    assert.deepEqual(problem.failed.map((f) => f.part), ["output.main"]);
    assert.equal(bench.gateway.status().parts["output.main"]!.state, "running");
    assert.equal((await shown(bench)).etag, etag);
  });
});

Deno.test("config API: confirmed in time it holds, cancelled or forgotten it is undone", async () => {
  await AdminBench.with(SITE, async (bench) => {
    const push = async (port: number, within: number) => {
      const { text, etag } = await shown(bench);
      const answer = await bench.ask("PUT", `/api/config?confirmWithin=${within}`, {
        user: "engineer",
        body: text.replace(/port = \d+ #/, `port = ${port} #`),
        headers: { "If-Match": etag },
      });
      return await answer.json() as Change;
    };
    const port = () => portOf(bench);
    assert.equal((await push(2, 300)).confirmWithin, 300);
    const status = await bench.json("GET", "/api/status", { user: "viewer" });
    const { pending } = status["configuration"] as {
      pending: { version: number; secondsLeft: number };
    };
    assert.equal(pending.version, 2);
    const alarms = await bench.json("GET", "/api/alarms", { user: "viewer" });
    assert.match(JSON.stringify(alarms), /version 2 is undone in \d+ s unless it is confirmed/);
    const second = await bench.ask("PUT", "/api/config", {
      body: "x = 1",
      headers: { "If-Match": "*" },
    });
    assert.equal(second.status, 409);
    await second.body?.cancel();
    await bench.json("POST", "/api/config/confirm", { user: "engineer" });
    assert.equal(port(), 2);
    await push(3, 300);
    await bench.json("POST", "/api/config/cancel", { user: "engineer" });
    assert.equal(port(), 2);
    // It may be over before anything else is asked.
    const { version, changes } = await push(4, 1);
    assert.deepEqual(changes.map((c) => [c.part, c.change]), [["input.shelby", "restarted"]]);
    const newest = () => bench.keeper.versions()[0]!;
    await until(() => newest().outcome === "undone", "the end of the time for a confirmation");
    assert.equal(newest().number, version);
    assert.equal(port(), 2);
  });
});

Deno.test("config API: who may not make a change may not settle it either", async () => {
  await AdminBench.with(SITE, async (bench) => {
    const settle = async (what: string, user: string) =>
      (await bench.ask("POST", `/api/config/${what}`, { user })).status;
    const change = { allow: [], deny: [] };
    for (const [what, rules] of [["cancel", ["True"]], ["confirm", []]] as const) {
      await bench.json("PUT", "/api/subscribers/client/access?confirmWithin=300", {
        user: "secadm",
        headers: bench.match,
        body: change,
      });
      assert.equal(await settle("cancel", "engineer"), 403);
      assert.equal(await settle("confirm", "engineer"), 403);
      assert.equal(await settle(what, "secadm"), 200);
      assert.deepEqual(bench.gateway.config.subscriber["client"]!.allow, rules);
    }
    const refused = (await bench.audit.entries(20)).filter((e) => e.outcome === "refused");
    assert.deepEqual(refused.map((e) => e.action).sort(), [
      "config.cancel",
      "config.cancel",
      "config.confirm",
      "config.confirm",
    ]);
  });
});

Deno.test("config API: security is for SECADM, the rest for ENGINEER, whatever the route", async () => {
  await AdminBench.with(SITE, async (bench) => {
    const { text, etag } = await shown(bench);
    const push = async (user: string, body: string) => {
      const answer = await bench.ask("PUT", "/api/config?dryRun=true", {
        user,
        body,
        headers: { "If-Match": etag },
      });
      return [answer.status, await answer.text()] as const;
    };
    const port = text.replace("port = 1 #", "port = 2 #");
    const rights = text.replace('allow = ["True"]', "allow = []");
    const users = text.replace('roles = ["ENGINEER"]', 'roles = ["ENGINEER","SECADM","SECAUD"]');
    const signers = `${text}[config]\nsigners = ["${(await makeSigningKey()).signer}"]\n`;
    const revoked = `${text}[revoked]\nfingerprints = ["${"ab".repeat(32)}"]\n`;
    assert.equal((await push("engineer", port))[0], 200);
    assert.match(
      (await push("secadm", port)).join(" "),
      /^403 .*input\.shelby needs the role ENGINEER/,
    );
    for (const body of [rights, users, signers, revoked]) {
      assert.match((await push("engineer", body)).join(" "), /^403 .*needs the role SECADM/);
      assert.equal((await push("secadm", body))[0], 200);
      assert.equal((await push("root", body))[0], 200);
    }
  });
});

Deno.test("config API: with signers every change needs a signature, edits by the API too", async () => {
  const key = await makeSigningKey();
  await AdminBench.with(`${SITE}[config]\nsigners = ["${key.signer}"]\n`, async (bench) => {
    const text = await Deno.readTextFile(`${bench.folder}/site.toml`);
    const body = text.replace("port = 1 #", "port = 2 #");
    const put = (body: string, signature?: string) =>
      bench.ask("PUT", "/api/config", {
        body,
        headers: { ...bench.match, ...(signature && { "Tieline-Signature": signature }) },
      });
    for (const answer of [await put(body), await put(body, await signText(text, key.keyPem))]) {
      assert.equal(answer.status, 403);
      assert.match(await answer.text(), /urn:tieline:problem:signature/);
    }
    const signed = await put(body, await signText(body, key.keyPem));
    assert.equal(signed.status, 200, await signed.text());
    // An edit: its text is known beforehand, so it can be signed.
    const rights = { allow: ["Device = 'SHELBY'"], deny: [] };
    const edited = body.replace('allow = ["True"]', `allow = ["Device = 'SHELBY'"]`)
      .replace("# everything\n", "# everything\ndeny = []\n");
    const change = (signature?: string) =>
      bench.ask("PUT", "/api/subscribers/client/access", {
        body: rights,
        headers: { ...bench.match, ...(signature && { "Tieline-Signature": signature }) },
      });
    assert.equal((await change()).status, 403);
    const answer = await change(await signText(edited, key.keyPem));
    assert.equal(answer.status, 200, await answer.text());
    assert.deepEqual(bench.gateway.config.subscriber["client"]!.allow, rights.allow);
  });
});

Deno.test("config API: rights change at once by an edit that keeps comments; who sees what, and why", async () => {
  await AdminBench.with(SITE, async (bench) => {
    bench.gateway.registry.register(
      {
        acronym: "SHELBY",
        id: "5b1f7c3e-2d64-4f0a-9c55-7e8d1a2b3c4d",
        name: "Shelby",
        parentAcronym: "",
        protocol: "",
        accessId: 5,
        framesPerSecond: 30,
        company: "",
        vendor: "",
        longitude: NaN,
        latitude: NaN,
      },
      (["FREQ", "DFDT"] as const).map((type) => ({
        type,
        label: "",
        phase: "",
        unit: "Hz",
        index: 0,
        description: "",
      })),
    );
    const rights = {
      allow: ["SignalType = 'FREQ'", "Device = 'SHELBY'"],
      deny: ["SignalType = 'DFDT'"],
    };
    const preview = await bench.json("POST", "/api/access/preview", {
      user: "viewer",
      body: rights,
    });
    assert.deepEqual([preview["total"], preview["permitted"]], [2, 1]);
    const wrong = await bench.json("POST", "/api/access/preview", {
      body: { allow: ["Nothing = 1"], deny: [] },
    });
    assert.match(JSON.stringify(wrong["problems"]), /Nothing/);
    const answer = await bench.json("PUT", "/api/subscribers/client/access", {
      user: "secadm",
      body: rights,
      headers: bench.match,
    });
    assert.deepEqual(
      (answer as unknown as Change).changes,
      [{ part: "subscriber.client", change: "changed", keys: ["allow", "deny"] }],
    );
    assert.match(
      bench.keeper.text,
      /\[subscriber\.client\] # the client\n[^]*allow = \["SignalType = 'FREQ'", [^\n]* # everything\n/,
    );
    const seen = await bench.json("GET", "/api/access/subscribers/client");
    const items = seen["items"] as { id: string; type: string }[];
    assert.deepEqual(items.map((s) => s.type), ["FREQ"]);
    const all = (await bench.json("GET", "/api/signals"))["items"] as {
      id: string;
      type: string;
    }[];
    const why = async (type: string) => {
      const { id } = all.find((s) => s.type === type)!;
      const { subscribers } = await bench.json("GET", `/api/access/signals/${id}`);
      return (subscribers as {
        sees: boolean;
        allowedBy: { index: number; rule: string }[];
        deniedBy: { index: number }[];
      }[])[0]!;
    };
    const freq = await why("FREQ");
    assert.deepEqual([freq.sees, freq.allowedBy.map((r) => r.index), freq.deniedBy], [
      true,
      [0, 1],
      [],
    ]);
    const dfdt = await why("DFDT");
    assert.deepEqual([
      dfdt.sees,
      dfdt.allowedBy.map((r) => r.rule),
      dfdt.deniedBy.map((r) => r.index),
    ], [
      false,
      ["Device = 'SHELBY'"],
      [0],
    ]);
    // A revocation stands above all of it, over a restart, and goes by name.
    await bench.json("POST", "/api/subscribers/client/revoke", { user: "operator", body: {} });
    assert.equal((await why("FREQ")).sees, false);
    assert.match(await Deno.readTextFile(`${bench.folder}/state/revocations.json`), /"client"/);
    assert.equal(
      (await bench.ask("DELETE", "/api/subscribers/client/revoke", { user: "operator" })).status,
      403,
    );
    await bench.json("DELETE", "/api/subscribers/client/revoke", { user: "secadm" });
    assert.equal((await why("FREQ")).sees, true);
    assert.equal(
      (await bench.ask("DELETE", "/api/subscribers/client/revoke", { user: "secadm" })).status,
      404,
    );
  });
});

Deno.test("config API: a backup taken back makes the gateway what it was, on another board too", async () => {
  let backup: Record<string, unknown> = {};
  await AdminBench.with(SITE, async (bench) => {
    bench.gateway.registry.register({
      acronym: "SHELBY",
      id: crypto.randomUUID(),
      name: "",
      parentAcronym: "",
      protocol: "",
      accessId: 5,
      framesPerSecond: 30,
      company: "",
      vendor: "",
      longitude: NaN,
      latitude: NaN,
    }, [{ type: "FREQ", label: "", phase: "", unit: "Hz", index: 0, description: "" }]);
    await bench.json("POST", "/api/subscribers/client/revoke", { body: { reason: "stolen" } });
    assert.equal((await bench.ask("GET", "/api/backup", { user: "engineer" })).status, 403);
    backup = await bench.json("GET", "/api/backup", { user: "secadm" });
    assert.ok(!JSON.stringify(backup).includes("PRIVATE KEY"));
  });
  await AdminBench.with("", async (bench) => {
    const restore = (body: unknown, query = "") =>
      bench.ask("POST", `/api/restore${query}`, { body, headers: bench.match });
    assert.equal((await restore({ ...backup, format: "other" })).status, 422);
    assert.equal((await restore({ ...backup, signals: [{ id: 5 }] })).status, 422);
    // The former board's state folder is another one here.
    const text = String(backup["config"]).replace(
      /stateDir = .*/,
      `stateDir = ${JSON.stringify(`${bench.folder}/state`)}`,
    );
    assert.equal((await restore({ ...backup, config: text }, "?dryRun=true")).status, 200);
    assert.equal(bench.gateway.config.input["shelby"], undefined);
    const answer = await restore({ ...backup, config: text });
    assert.equal(answer.status, 200, await answer.text());
    assert.equal(portOf(bench), 1);
    assert.deepEqual(bench.gateway.revocations().map((r) => [r.subscriber, r.reason]), [[
      "client",
      "stolen",
    ]]);
    const kept = await Deno.readTextFile(`${bench.folder}/state/signals.restored.json`);
    assert.deepEqual(JSON.parse(kept), backup["signals"]);
    await bench.gateway.stop();
    await bench.gateway.start();
    assert.deepEqual(bench.gateway.registry.toMap(), backup["signals"]);
  });
});
