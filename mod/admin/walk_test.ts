import assert from "node:assert/strict";
import { until } from "../../tests/support/waiting.ts";
import { decodeCff } from "../comtrade/mod.ts";
import { configureLog } from "../gateway/mod.ts";
import { MergingUnitFleet, PcapSink, PmuFleet, WaveformModel } from "../sim/mod.ts";
import { AdminBench, tokenOf } from "./testing.ts";
import { AnswerCheck, type Json, operationsOf } from "./testing_document.ts";

/** Two PMUs behind one socket, and a capture of one merging unit. */
async function withSources(test: (site: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "tieline-walk-" });
  const fleet = new PmuFleet();
  try {
    const pmu = await fleet.add({
      idCode: 700,
      rate: 25,
      transport: { kind: "tcp", port: 0 },
      devices: [0, 1].map((device) => ({ device, station: `BAY ${device}`, phasors: 1 })),
    });
    const unit = new MergingUnitFleet([
      { svId: "MU01", rate: 4000, model: new WaveformModel({ nominalHz: 50 }) },
    ]);
    const sink = new PcapSink(`${folder}/bus.pcap`);
    // About now: an order to record names a time.
    const second = Math.floor(Date.now() / 1000);
    unit.start(second, 0);
    unit.sendDue(sink, second + 1, 999_999_999); // whole seconds, which follow each other without a gap
    sink.close();
    await test(`
[input.shelby]
type = "c37118"
host = "127.0.0.1"
port = ${pmu.port}
idCode = 700
[input.bus]
type = "sv"
pcap = { file = ${JSON.stringify(`${folder}/bus.pcap`)}, repeat = true }
[[input.bus.streams]]
acronym = "BAY1"
svId = "MU01"
nominalHz = 50
preset = "9-2LE"
[output.main]
type = "sttp"
listen = "127.0.0.1:0"
insecure = true
[subscriber.client] # the client
plainAddress = ["127.0.0.1"]
allow = ["Device = 'BAY1'"]
deny = ["SignalType = 'DIGI'"]
[alarm.low]
signals = ["SignalType = 'FREQ'"]
condition = "under"
limit = 30
[event]
[trigger.drill]
kind = "manual"
[archive]
minFreeMB = 0
maxAgeDays = 0
`);
  } finally {
    await fleet.close();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("admin: a walk over every operation of a gateway that runs, answered as described, and what it does is done", async () => {
  await configureLog("info");
  await withSources((site) =>
    AdminBench.with(site, async (bench) => {
      const document = await bench.json("GET", "/api/openapi.json");
      const check = new AnswerCheck(document);
      const ask = async (operation: string, asked: Parameters<AnswerCheck["ask"]>[2] = {}) => {
        const { status, text } = await check.ask(bench, operation, asked);
        assert.equal(status, 200, `${operation}: ${text}`);
        return text;
      };
      // Their schemas were just checked.
      const json = async (...call: Parameters<typeof ask>) =>
        JSON.parse(await ask(...call)) as Json;
      const list = async (key: string, ...call: Parameters<typeof ask>) =>
        (await json(...call))[key] as Json[];

      await ask("GET /healthz", { user: "none" });
      await until(async () => (await bench.ask("GET", "/readyz")).status === 200, "readiness");
      await ask("GET /readyz", { user: "none" });
      assert.equal((await json("GET /api/me", { user: "operator" }))["name"], "operator");
      await until(
        async () => {
          const { values } = await json("GET /api/values", {
            query: "?filter=SignalType%20%3D%20%27FREQ%27",
          });
          return (values as unknown[]).filter((value) => value !== null).length === 3;
        },
        "the frequencies of three devices",
      );

      // What is there.
      assert.match(await ask("GET /metrics"), /^tieline_input_frames_received_total\{/m);
      const { parts } = await json("GET /api/status");
      assert.ok("input.shelby" in (parts as Json));
      const system = await json("GET /api/system");
      const disk = system["disk"] as { totalBytes: number; freeBytes: number };
      assert.ok(disk.totalBytes > disk.freeBytes && disk.freeBytes > 0);
      assert.ok(
        (system["memory"] as Record<string, number>)["residentBytes"]! > 1e7,
        JSON.stringify(system),
      );
      assert.equal((system["runtime"] as Json)["deno"], Deno.version.deno);
      await ask("GET /api/clock");
      await ask("GET /api/statistics");
      const devices = await json("GET /api/devices", { query: "?limit=2&offset=1" });
      assert.ok(Number(devices["total"]) >= 4 && (devices["items"] as Json[]).length === 2);
      await ask("GET /api/metadata");
      const [signal] = await list("items", "GET /api/signals", {
        query: `?filter=${encodeURIComponent("Device = 'BAY1' AND SignalType = 'FREQ'")}`,
      });
      const id = String(signal!["id"]);
      await until(async () => {
        const latest = (await json("GET /api/signals/{id}", { names: [id] }))["latest"] as Json;
        return latest["value"] !== null && Math.abs(Number(latest["value"]) - 50) < 0.1;
      }, "the frequency of the merging unit");

      // Who sees it, and why; and who would under other rules.
      const [seen] = await list("subscribers", "GET /api/access/signals/{id}", { names: [id] });
      assert.deepEqual(
        [seen!["subscriber"], seen!["sees"], seen!["allowedBy"], seen!["deniedBy"]],
        ["client", true, [{ index: 0, rule: "Device = 'BAY1'" }], []],
      );
      const mine = await json("GET /api/access/subscribers/{name}", { names: ["client"] });
      const rules = { allow: ["SignalType = 'FREQ'"], deny: ["Device = 'BAY1'"] };
      const preview = await json("POST /api/access/preview", { body: rules });
      assert.equal(preview["permitted"], 2);
      await ask("PUT /api/subscribers/{name}/access", {
        names: ["client"],
        body: rules,
        headers: bench.match,
      });
      const [after] = await list("subscribers", "GET /api/access/signals/{id}", { names: [id] });
      assert.equal(after!["sees"], false);
      assert.notEqual(
        (await json("GET /api/access/subscribers/{name}", { names: ["client"] }))["total"],
        mine["total"],
      );
      await ask("GET /api/subscribers");
      assert.equal(
        (await json("GET /api/subscribers/{name}", { names: ["client"] }))["permitted"],
        2,
      );
      await ask("POST /api/subscribers/{name}/disconnect", { names: ["client"] });
      await ask("POST /api/subscribers/{name}/revoke", {
        names: ["client"],
        body: { reason: "stolen" },
      });
      assert.equal((await list("revocations", "GET /api/revocations"))[0]!["reason"], "stolen");
      await ask("DELETE /api/subscribers/{name}/revoke", { names: ["client"] });

      // Alarms: a limit that is passed at once.
      await ask("GET /api/alarms/limits");
      await ask("PUT /api/alarms/limits/{name}", {
        names: ["low"],
        body: { limit: 70 },
        headers: bench.match,
      });
      await until(
        async () =>
          (await list("alarms", "GET /api/alarms")).some((a) => a["signal"] !== undefined),
        "an alarm on a signal",
      );
      const low = await json("GET /api/alarms/limits/{name}", { names: ["low"] });
      assert.equal((low["settings"] as Json)["limit"], 70);

      // An input that is started anew: its neighbours go on.
      const since = (name: string) => bench.gateway.status().parts[name]!.sinceMicros;
      const [before, neighbour] = [since("input.shelby"), since("output.main")];
      await ask("POST /api/parts/{name}/restart", { names: ["input.shelby"], user: "operator" });
      await until(() => since("input.shelby") > before, "the input anew");
      assert.equal(since("output.main"), neighbour);
      await until(
        async () =>
          (await list("inputs", "GET /api/inputs")).some((input) =>
            (input["unconfigured"] as Json[]).length === 2
          ),
        "two PMUs that nobody configured",
      );
      const shelby = (await list("inputs", "GET /api/inputs")).find((i) => i["name"] === "shelby")!;
      await ask("POST /api/inputs/{name}/adopt", {
        names: ["shelby"],
        body: { id: (shelby["unconfigured"] as Json[])[0]!["id"], acronym: "NORTH" },
        headers: bench.match,
      });
      await until(
        async () => (await list("items", "GET /api/devices")).some((d) => d["acronym"] === "NORTH"),
        "the device that was adopted",
      );

      // An event from its order to its end.
      const order = await json("POST /api/events/trigger", {
        user: "operator",
        body: { name: "drill", preMs: 100, postMs: 200 },
      });
      let record: Json | undefined;
      await until(async () => {
        [record] = await list("items", "GET /api/events", { query: `?event=${order["event"]}` });
        return record !== undefined;
      }, "a record of the event");
      const names = [String(record!["id"])];
      await ask("GET /api/events/{id}", { names });
      const file = await bench.ask("GET", `/api/events/${names[0]}/record?format=cff`);
      const comtrade = decodeCff(new Uint8Array(await file.arrayBuffer()));
      const length = comtrade.analog[0]!.values.length;
      assert.ok(
        length >= 1200 && length < 6000,
        `${length} samples of 300 ms and a trigger's span`,
      );
      await ask("GET /api/events/{id}/record", { names, query: "?format=csv&scaled=true" });
      await ask("PUT /api/events/{id}/protection", { names, body: { protected: true } });
      assert.equal(
        (await list("items", "GET /api/events", { query: "?protected=true" })).length,
        1,
      );
      await ask("DELETE /api/events/{id}", { names });
      assert.equal((await bench.ask("GET", `/api/events/${names[0]}`)).status, 404);

      // The configuration: pushed on trial, settled, gone back.
      const text = await ask("GET /api/config");
      const push = async (body: string, query = "") =>
        await json("PUT /api/config", { body, query, headers: bench.match });
      await push(text.replace("limit = 70", "limit = 20"), "?confirmWithin=300");
      await ask("POST /api/config/confirm");
      await push(text.replace("limit = 70", "limit = 10"), "?confirmWithin=300");
      await ask("POST /api/config/cancel");
      assert.ok(bench.keeper.text.includes("limit = 20"));
      const versions = await list("versions", "GET /api/config/versions");
      await ask("GET /api/config/versions/{number}", { names: ["1"] });
      assert.match(
        await ask("GET /api/config/diff", { query: `?from=1&to=${versions[0]!["number"]}` }),
        /^-allow = \["Device = 'BAY1'"\]$/m,
      );
      await ask("POST /api/config/versions/{number}/rollback", {
        names: ["1"],
        headers: bench.match,
      });
      assert.ok(bench.keeper.text.includes("limit = 30"));

      // Users.
      const made = await json("POST /api/users", {
        body: { name: "ann", roles: ["VIEWER"] },
        headers: bench.match,
      });
      assert.equal(
        (await bench.ask("GET", "/api/me", { token: String(made["token"]) })).status,
        200,
      );
      await ask("GET /api/users");
      await ask("PUT /api/users/{name}", {
        names: ["ann"],
        body: { roles: ["OPERATOR"] },
        headers: bench.match,
      });
      await ask("POST /api/users/{name}/token", { names: ["ann"], headers: bench.match });
      await ask("DELETE /api/users/{name}", { names: ["ann"], headers: bench.match });

      // Backup, and back.
      const backup = await json("GET /api/backup");
      await push(text.replace("limit = 70", "limit = 25"));
      await ask("POST /api/restore", { body: backup, headers: bench.match });
      assert.ok(bench.keeper.text.includes("limit = 30"));

      // The log as a tail, and the trail.
      const { newest } = await json("GET /api/logs", { query: "?limit=1" });
      await bench.gateway.restartPart("input.shelby");
      const lines = await list("lines", "GET /api/logs", { query: `?after=${newest}` });
      assert.ok(lines.length > 0 && lines.every((line) => Number(line["number"]) > Number(newest)));
      assert.ok(lines.some((line) => /input\.shelby is started again/.test(String(line["text"]))));
      const [entry] = await list("entries", "GET /api/audit", { query: "?limit=1" });
      assert.equal(entry!["action"], "backup.signals");

      const live = await bench.app.fetch(
        new Request("http://127.0.0.1:8280/api/live?rate=10", {
          headers: { Authorization: `Bearer ${tokenOf("viewer")}` },
        }),
        { address: "127.0.0.1", tls: undefined },
      );
      const reader = live.body!.pipeThrough(new TextDecoderStream()).getReader();
      let events = "";
      while (!events.includes("event: values")) events += (await reader.read()).value ?? "";
      await reader.cancel();
      check.answered.add("GET /api/live").add("GET /api/openapi.json");

      // Nobody is left to claim a gateway that has users; that is the next test's.
      const described = operationsOf(document).map(({ method, path }) => `${method} ${path}`);
      assert.deepEqual(
        described.filter((operation) => !check.answered.has(operation)),
        ["POST /api/claim"],
      );
    })
  );
});

Deno.test("admin: the one operation of a gateway that nobody has claimed", () =>
  AdminBench.with("", async (bench) => {
    const token = bench.context.claim!.text;
    const answer = await bench.ask("POST", "/api/claim", { token, body: { name: "ann" } });
    const text = await answer.text();
    const { token: own } = JSON.parse(text) as { token: string };
    const document = await bench.json("GET", "/api/openapi.json", { token: own });
    new AnswerCheck(document).check("POST /api/claim", answer, text);
  }, { users: false }));
