import assert from "node:assert/strict";
import { makeFrame, makeLayout } from "../core/mod.ts";
import { AdminBench } from "./testing.ts";
import { until } from "../../tests/support/waiting.ts";

const SITE = `
[alarm.low] # agreed with the control center
condition = "under"
signals = ["SignalType = 'FREQ'"]
limit = 59.95 # Hz
delayMs = 500
[alarm.dead]
condition = "flatline"
signals = ["SignalType = 'VPHM'"]
`;

Deno.test("alarm limits API: read by all, changed by ENGINEER at once, by an edit that keeps comments", async () => {
  await AdminBench.with(SITE, async (bench) => {
    const { alarms } = await bench.json("GET", "/api/alarms/limits", { user: "viewer" });
    assert.deepEqual(
      (alarms as { name: string }[]).map(({ name }) => name),
      ["low", "dead"],
    );
    const low = async () => await bench.json("GET", "/api/alarms/limits/low", { user: "viewer" });
    const { settings, state } = await low() as {
      settings: Record<string, unknown>;
      state: Record<string, unknown>;
    };
    assert.deepEqual([settings["limit"], settings["severity"]], [59.95, "medium"]);
    assert.deepEqual([state["watched"], state["raised"], state["faults"]], [0, 0, []]);

    const texts = (alarms as { limit: string; unit: string }[]).map((a) => [a.limit, a.unit]);
    assert.deepEqual(texts, [["under 59.95", ""], ["unchanged for 10 s", ""]]);
    // The unit is that of the signals, once they come.
    const { signals } = bench.gateway.registry.register({
      ...bench.gateway.registry.device("EDGE!ALARM")!,
      acronym: "PMU",
      framesPerSecond: 50,
    }, [{ type: "FREQ", label: "", phase: "", unit: "Hz", index: 0, description: "" }]);
    const frame = makeFrame(
      makeLayout("pmu", [signals[0]!.handle], [{ device: "PMU", offset: 0, count: 1 }], 50),
    );
    frame.values[0] = 60;
    await until(async () => {
      bench.gateway.stream("received")!.accept(frame);
      return (await low())["unit"] === "Hz";
    }, "the unit of the signals");
    assert.equal((await low())["limit"], "under 59.95 Hz");

    const put = (body: unknown, user = "engineer", headers = bench.match, query = "") =>
      bench.ask("PUT", `/api/alarms/limits/low${query}`, { user, body, headers });
    const before = bench.keeper.text;
    const refused: [string, () => Promise<Response>, number, RegExp][] = [
      ["an operator", () => put({ limit: 59 }, "operator"), 403, /role/],
      ["a security administrator", () => put({ limit: 59 }, "secadm"), 403, /role/],
      ["without If-Match", () => put({ limit: 59 }, "engineer", {}), 428, /ifMatch/],
      [
        "of another version",
        () => put({ limit: 59 }, "engineer", { "If-Match": `"${"0".repeat(64)}"` }),
        412,
        /./,
      ],
      ["nothing", () => put({}), 422, /at least one limit/],
      ["another key", () => put({ signals: ["True"] }), 422, /signals/],
      ["no number", () => put({ limit: "59" }), 422, /limit/],
      ["a key of another condition", () => put({ windowMs: 5 }), 422, /windowMs/],
      ["beyond its range", () => put({ delayMs: 1e12 }), 422, /86400000/],
    ];
    for (const [name, asked, status, text] of refused) {
      const answer = await asked();
      const body = await answer.text();
      assert.equal(answer.status, status, `${name}: ${body}`);
      assert.match(body, text, name);
    }
    const unknown = await bench.ask("PUT", "/api/alarms/limits/other", {
      body: { limit: 1 },
      headers: bench.match,
    });
    assert.match(await unknown.text(), /unknownAlarm/);
    assert.equal(bench.keeper.text, before);

    const dry = await (await put({ limit: 59.9 }, "engineer", bench.match, "?dryRun=true")).json();
    // The shape is that of every change.
    const { changes, diff } = dry as { changes: unknown; diff: string };
    assert.deepEqual(changes, [{ part: "alarm.low", change: "changed", keys: ["limit"] }]);
    assert.match(diff, /-limit = 59.95 # Hz\n\+limit = 59.9 # Hz/);
    assert.equal(bench.keeper.text, before);

    const part = bench.gateway.alarms;
    const answer = await put({ limit: 59.9, hysteresis: 0.02, severity: "critical" });
    assert.equal(answer.status, 200, await answer.text());
    assert.match(
      bench.keeper.text,
      /\[alarm\.low\] # agreed with the control center\n[^]*limit = 59\.9 # Hz\n[^]*hysteresis = 0\.02/,
    );
    assert.equal(bench.gateway.alarms, part, "in place");
    const after = (await low())["settings"] as Record<string, unknown>;
    assert.deepEqual(
      [after["limit"], after["hysteresis"], after["severity"], after["delayMs"]],
      [59.9, 0.02, "critical", 500],
    );
    const trail = (await bench.audit.entries(100)).filter((e) => e.action === "alarm.limits");
    assert.ok(trail.some((e) => e.outcome === "done" && /alarm\.low changed/.test(e.detail)));
    assert.ok(trail.some((e) => e.outcome === "refused"));
  });
});

Deno.test("alarms: come and go with a pushed configuration, also on an aligner that comes with them", async () => {
  await AdminBench.with("", async (bench) => {
    const { gateway, keeper } = bench;
    const plain = keeper.text;
    assert.equal(gateway.alarms, undefined);
    const push = async (text: string) => {
      const { changes } = await bench.json("PUT", "/api/config", {
        body: text,
        headers: bench.match,
      });
      return (changes as { part: string; change: string }[]).map((c) => `${c.part} ${c.change}`);
    };
    const wide = "[align.wide]\nframesPerSecond = 50\nwaitMs = 100\n";
    const alarm = (name: string, stream: string) =>
      `[alarm.${name}]\ncondition = "badQuality"\nsignals = ["True"]\nstream = "${stream}"\n`;
    assert.deepEqual(await push(plain + alarm("bad", "received")), [
      "alarm.bad added",
      "alarms added",
    ]);
    const part = gateway.alarms;
    assert.equal(gateway.status().parts["alarms"]?.state, "running");
    const labels = () => gateway.registry.signals().map((s) => `${s.device} ${s.type} ${s.label}`);
    assert.deepEqual(labels(), ["EDGE!ALARM ALRM bad"]);
    assert.deepEqual(
      (await push(plain + wide + alarm("bad", "received") + alarm("late", "wide"))).sort(),
      ["alarm.late added", "align.wide added"],
    );
    assert.equal(gateway.alarms, part, "the part stays");
    assert.deepEqual(labels(), ["EDGE!ALARM ALRM bad", "EDGE!ALARM ALRM late"]);
    const { signals } = gateway.registry.register({
      ...gateway.registry.device("EDGE!ALARM")!,
      acronym: "PMU",
      framesPerSecond: 50,
    }, [{ type: "FREQ", label: "", phase: "", unit: "Hz", index: 0, description: "" }]);
    const frame = makeFrame(
      makeLayout("wide", [signals[0]!.handle], [{ device: "PMU", offset: 0, count: 1 }], 50),
    );
    const raised = () => gateway.alarms?.raised().map(({ name }) => name) ?? [];
    await until(() => {
      frame.instant.seconds = 1_700_000_000;
      frame.instant.nanos += 1000;
      gateway.stream("wide")!.accept(frame);
      return raised().length > 0;
    }, "the alarm");
    assert.deepEqual(raised(), ["late"]);
    const { alarms } = await bench.json("GET", "/api/alarms", { user: "viewer" });
    const row = (alarms as { about: string; severity: string; signal?: unknown }[]).find((a) =>
      a.about === "alarm.late"
    );
    assert.deepEqual([row!.severity, row!.signal], ["warning", {
      id: signals[0]!.id,
      reference: "PMU-FQ",
      alarm: "late",
      level: 500,
      value: null,
      limit: "of bad quality",
      count: 1,
    }]);
    assert.deepEqual((await push(plain)).sort(), [
      "alarm.bad removed",
      "alarm.late removed",
      "alarms removed",
      "align.wide removed",
    ]);
    assert.equal(gateway.alarms, undefined);
    assert.equal(gateway.registry.device("EDGE!ALARM"), undefined);
  });
});
