import assert from "node:assert/strict";
import { decodeCff } from "../comtrade/mod.ts";
import { encodeEventRecord } from "../event/mod.ts";
import { sampleRecord } from "../event/record_testing.ts";
import { Encoder } from "../slipstream/mod.ts";
import { AdminBench } from "./testing.ts";
import { until } from "../../tests/support/waiting.ts";

const CONFIG = `
[output.main]
type = "sttp"
listen = "127.0.0.1:0"
insecure = true
[subscriber.client]
plainAddress = ["127.0.0.1"]
allow = ["True"]
[input.bus]
type = "sv"
pcap = { file = "/nowhere/at-all.pcap" }
[[input.bus.streams]]
acronym = "BAY1"
svId = "MU01"
nominalHz = 50
preset = "9-2LE"
[event]
[trigger.drill]
kind = "manual"
[archive]
minFreeMB = 0
maxAgeDays = 0
`;

const id = (n: number) => `01234567-89ab-4cde-8f01-23456789000${n}`;

/** A record of 100 samples of one channel that counts them. */
function record(n: number): Uint8Array<ArrayBuffer> {
  const encoding = { uuid: id(9), variables: 1, samplingRate: 4000, samplesPerMessage: 100 };
  const encoder = new Encoder(encoding);
  const second = 1_700_000_000 + n;
  const values = [Int32Array.from({ length: 100 }, (_, i) => i)];
  const size = encoder.encode(
    { seconds: second, nanos: 0 },
    { values, quality: [new Uint32Array(100)] },
    0,
    100,
  );
  return encodeEventRecord(sampleRecord({
    id: id(n),
    event: id(8),
    encoding,
    pieces: [{
      first: second * 4000,
      count: 100,
      marks: [0, 100],
      message: encoder.buffer.slice(0, size),
    }],
  }));
}

function stored(bench: AdminBench, count: number): Promise<void> {
  const status = () => bench.gateway.archive!.status();
  return until(() => status().detail?.["records"] === count, () => [count, "records", status()]);
}

Deno.test("admin: event records are listed, read, exported, protected and removed", () =>
  AdminBench.with(CONFIG, async (bench) => {
    for (let n = 0; n < 3; n++) assert.ok(bench.gateway.archive!.put(record(n)));
    await stored(bench, 3);
    const list = async (query: string) => {
      const { items, next } = await bench.json("GET", `/api/events${query}`, { user: "viewer" });
      const ids = (items as { id: string }[]).map((item) => item.id); // the route's own schema
      return { ids, next };
    };
    assert.deepEqual(await list(""), { ids: [id(2), id(1), id(0)], next: null });
    assert.deepEqual(await list("?limit=2"), { ids: [id(2), id(1)], next: id(1) });
    assert.deepEqual(await list(`?limit=2&after=${id(1)}`), { ids: [id(0)], next: null });
    assert.deepEqual((await list("?from=1700000001000000&to=1700000002000000")).ids, [id(1)]);
    assert.deepEqual((await list("?stream=BAY2")).ids, []);
    assert.deepEqual((await list(`?event=${id(8)}`)).ids.length, 3);
    const one = await bench.json("GET", `/api/events/${id(1)}`);
    assert.equal(one["start"], "2023-11-14T22:13:21.000000Z");
    assert.equal(one["end"], "2023-11-14T22:13:21.024750Z");
    assert.equal(one["protected"], false);

    const body = async (query: string) => {
      const answer = await bench.ask("GET", `/api/events/${id(1)}/record${query}`);
      assert.equal(answer.status, 200, query);
      return { bytes: new Uint8Array(await answer.arrayBuffer()), headers: answer.headers };
    };
    assert.deepEqual((await body("")).bytes, record(1));
    const cff = await body("?format=cff");
    assert.match(
      cff.headers.get("content-disposition")!,
      /^attachment; filename="20231114T221321\.000Z_BAY1_.*\.cff"$/,
    );
    assert.deepEqual([...decodeCff(cff.bytes).analog[0]!.values].slice(-1), [99]);
    const csv = new TextDecoder().decode((await body("?format=csv&scaled=true")).bytes);
    assert.match(csv, /^time,Ia \[A\],.*\r\n/);
    const answer = await bench.ask("GET", `/api/events/${id(1)}/record?format=csv&part=3`);
    assert.equal(answer.status, 422);
    assert.match(await answer.text(), /expected a part from 0 to 0, found 3/);

    await bench.json("PUT", `/api/events/${id(0)}/protection`, {
      user: "operator",
      body: { protected: true },
    });
    assert.deepEqual((await list("?protected=true")).ids, [id(0)]);
    await bench.json("DELETE", `/api/events/${id(2)}`, { user: "engineer" });
    assert.deepEqual((await list("")).ids, [id(1), id(0)]);
    for (
      const [method, path, more] of [
        ["GET", `/api/events/${id(2)}`, {}],
        ["GET", `/api/events/${id(2)}/record`, {}],
        ["DELETE", `/api/events/${id(2)}`, {}],
        ["PUT", `/api/events/${id(2)}/protection`, { body: { protected: true } }],
      ] as const
    ) assert.equal((await bench.ask(method, path, more)).status, 404, path);
    const actions = (await bench.audit.entries(100)).map((entry) => entry.action);
    assert.ok(actions.includes("event.protect") && actions.includes("event.remove"));
  }));

Deno.test("admin: recording by hand, and what is refused", () =>
  AdminBench.with(CONFIG, async (bench) => {
    const order = (body: unknown, user = "operator") =>
      bench.ask("POST", "/api/events/trigger", { user, body });
    const answer = await order({ name: "drill", streams: ["BAY1"], postMs: 500 });
    assert.equal(answer.status, 200);
    const { event, streams } = await answer.json();
    assert.match(event, /^[0-9a-f-]{36}$/);
    assert.deepEqual(streams, ["BAY1"]);
    assert.equal((await order({})).status, 200);
    for (
      const [body, status, message] of [
        [{ name: "nobody" }, 422, /manual trigger, found \\"nobody\\"/],
        [{ streams: ["BAY7"] }, 422, /waveform stream, found \\"BAY7\\"/],
        [{ postMs: 100_000 }, 422, /at most 30000 ms together/],
        [{ post: 1 }, 422, /post/],
      ] as const
    ) {
      const refused = await order(body);
      assert.equal(refused.status, status);
      assert.match(await refused.text(), message);
    }
    assert.equal((await order({}, "viewer")).status, 403);
  }));

Deno.test("admin: without [event] there are no records", () =>
  AdminBench.with(CONFIG.replace(/\[event\][\s\S]*/, ""), async (bench) => {
    for (const path of ["/api/events", `/api/events/${id(1)}`, `/api/events/${id(1)}/record`]) {
      const answer = await bench.ask("GET", path);
      assert.equal(answer.status, 404);
      assert.match(await answer.text(), /there is no \[event\]/);
    }
    const answer = await bench.ask("POST", "/api/events/trigger", { body: {} });
    assert.equal(answer.status, 422);
  }));

Deno.test("admin: a disk that takes nothing is an alarm, and nothing else stops", () =>
  AdminBench.with(CONFIG.replace("minFreeMB = 0", "minFreeMB = 1000000"), async (bench) => {
    assert.ok(bench.gateway.archive!.put(record(1)));
    const alarms = async () => {
      const { alarms } = await bench.json("GET", "/api/alarms");
      // The route's own schema.
      return (alarms as { about: string; severity: string; text: string }[])
        .filter(({ about }) => about === "archive");
    };
    let found = await alarms();
    await until(async () => (found = await alarms()).length > 0, "the alarm");
    assert.equal(found[0]?.severity, "alarm");
    assert.match(found[0]!.text, /is full: .* MB are free, 1000000 MB are to stay free/);
    const metrics = await (await bench.ask("GET", "/metrics")).text();
    assert.match(metrics, /tieline_archive_alarm\{part="archive"\} 1\n/);
    assert.equal(bench.gateway.status().parts["output.main"]?.state, "running");
    assert.equal(bench.gateway.archive!.status().state, "running");
  }));
