import assert from "node:assert/strict";
import { makeSigningKey } from "../revision/mod.ts";
import { MergingUnitFleet, PcapSink, PmuFleet, WaveformModel } from "../sim/mod.ts";
import { AdminBench, type Asked } from "./testing.ts";
import { until } from "../../tests/support/waiting.ts";

interface Seen {
  readonly id: string;
  readonly acronym: string;
  readonly about: string;
  readonly settings: Record<string, unknown>;
  readonly missing: readonly string[];
}

/** What the input of this name has seen, once that are `count` devices. */
async function unconfigured(bench: AdminBench, input: string, count: number): Promise<Seen[]> {
  let found: Seen[] = [];
  await until(async () => {
    const { inputs } = await bench.json("GET", "/api/inputs", { user: "viewer" });
    // The route's own schema.
    found = (inputs as { name: string; unconfigured: Seen[] }[])
      .find(({ name }) => name === input)!.unconfigured;
    return found.length === count && found.every(({ about }) => !about.includes("not known yet"));
  }, () => `${count} unknown devices, not ${JSON.stringify(found)}`);
  return found;
}

/** Waits until a device has a value. */
function alive(bench: AdminBench, device: string): Promise<void> {
  const filter = encodeURIComponent(`Device = '${device}' AND SignalType = 'FREQ'`);
  return until(async () => {
    const { values } = await bench.json("GET", `/api/values?filter=${filter}`);
    return (values as unknown[]).some((value) => value !== null);
  }, `values of ${device}`);
}

function adopt(bench: AdminBench, input: string, body: unknown, asked: Asked = {}) {
  return bench.ask("POST", `/api/inputs/${input}/adopt`, {
    user: "engineer",
    headers: bench.match,
    body,
    ...asked,
  });
}

Deno.test("adoption: a PMU of a concentrator that was seen goes into the text and is there", async () => {
  const fleet = new PmuFleet();
  const pmu = await fleet.add({
    idCode: 700,
    rate: 30,
    transport: { kind: "tcp", port: 0 },
    devices: [7, 8, 8].map((idCode, device) => ({
      device,
      idCode,
      station: `BAY ${device}`,
      phasors: 1,
    })),
  });
  const site = `
[input.shelby] # by cable
type = "c37118"
host = "127.0.0.1"
port = ${pmu.port} # as the concentrator says
idCode = 700
`;
  try {
    await AdminBench.with(site, async (bench) => {
      const [first, second, third] = await unconfigured(bench, "shelby", 3);
      assert.deepEqual(first, {
        id: "7",
        acronym: "BAY_0",
        about: 'PMU "BAY 0", IDCODE 7, number 1 in its stream',
        settings: { idCode: 7 },
        guessed: [],
        missing: [],
      });
      assert.deepEqual(second!.settings, { idCode: 8, position: 2 });
      const body = { id: "7", acronym: "BAY7" };
      const before = bench.keeper.text;
      for (
        const [asked, status, kind] of [
          [{ body: { ...body, id: "9" } }, 404, "unseenDevice"],
          [{ body: { ...body, acronym: "bad name" } }, 422, "configuration"],
          [{ body: { ...body, settings: { nonsense: 1 } } }, 422, "configuration"],
          [{ headers: {} }, 428, "ifMatch"],
          [{ headers: { "If-Match": `"${"0".repeat(64)}"` } }, 412, "precondition"],
          [{ user: "operator" }, 403, "role"],
        ] as [Asked, number, string][]
      ) {
        const answer = await adopt(bench, "shelby", body, asked);
        const problem = await answer.json();
        assert.deepEqual([answer.status, problem.type], [status, `urn:tieline:problem:${kind}`]);
      }
      assert.equal((await adopt(bench, "nobody", body)).status, 404);
      assert.equal(bench.keeper.text, before);

      const answer = await adopt(bench, "shelby", { ...body, settings: { name: "Bay seven" } });
      assert.equal(answer.status, 200, await answer.text());
      const block =
        '\n[[input.shelby.devices]]\nacronym = "BAY7"\nidCode = 7\nname = "Bay seven"\n';
      assert.equal(bench.keeper.text.replace(block, ""), before, "nothing else differs");
      assert.ok(bench.keeper.text.includes(`idCode = 700\n${block}`));
      await alive(bench, "BAY7");
      assert.deepEqual((await unconfigured(bench, "shelby", 2)).map((d) => d.id), [
        "8 at 2",
        "8 at 3",
      ]);
      assert.equal((await adopt(bench, "shelby", body)).status, 404, "it is configured now");
      assert.equal(
        (await adopt(bench, "shelby", { id: third!.id, acronym: "BAY9" })).status,
        200,
      );
      await alive(bench, "BAY9");
      const { author, cause } = bench.keeper.versions()[0]!;
      assert.deepEqual([author, cause], ["engineer", "edit"]);
      const notes = (await bench.audit.entries(50)).filter((e) => e.action === "input.adopt");
      assert.equal(notes.filter((e) => e.outcome === "done").length, 2);
      assert.ok(notes.some((e) => e.outcome === "refused"));
    });
  } finally {
    await fleet.close();
  }
});

/** A capture of two seconds of two merging units. */
function capture(path: string): void {
  const model = new WaveformModel({ nominalHz: 50 });
  const fleet = new MergingUnitFleet([
    { svId: "MU 01", rate: 4000, model, appid: 0x4001, vlan: 5 },
    { svId: "MU 02", rate: 4800, asdus: 2, model, appid: 0x4002, unit: 1 },
  ]);
  const sink = new PcapSink(path);
  fleet.start(1_700_000_000, 0);
  fleet.sendDue(sink, 1_700_000_002, 0);
  sink.close();
}

Deno.test("adoption: a stream of sampled values that was seen goes into the text and is there", async () => {
  const pcap = await Deno.makeTempFile({ prefix: "tieline-adopt-", suffix: ".pcap" });
  const site = `
# The process bus
[input.bus]
type = "sv" # recorded
pcap = { file = ${JSON.stringify(pcap)}, repeat = true }
`;
  try {
    capture(pcap);
    await AdminBench.with(site, async (bench) => {
      const before = bench.keeper.text;
      const [plain, other] = await unconfigured(bench, "bus", 2);
      assert.deepEqual(plain, {
        id: "0x4001 5 02:00:00:00:00:01 MU 01",
        acronym: "MU_01",
        about:
          'Stream "MU 01", APPID 0x4001, VLAN 5, from 02:00:00:00:00:01, 4000 samples/s, 1 ASDU of 64 octets',
        settings: {
          svId: "MU 01",
          appid: 0x4001,
          destination: "01:0c:cd:04:00:01",
          vlan: 5,
          nominalHz: 50,
          preset: "9-2LE",
        },
        guessed: [],
        missing: [],
      });
      const missing = await adopt(bench, "bus", { id: other!.id, acronym: "BAY2" });
      assert.equal(missing.status, 422);
      assert.deepEqual((await missing.json()).missing, ["nominalHz"]);
      const given = { nominalHz: 50, class: "M", destination: null };
      const body = { id: other!.id, acronym: "BAY2", settings: given };
      assert.equal(bench.keeper.text, before);
      const answer = await adopt(bench, "bus", body);
      assert.equal(answer.status, 200, await answer.text());
      assert.equal(
        bench.keeper.text,
        before + '\n[[input.bus.streams]]\nacronym = "BAY2"\nsvId = "MU 02"\nappid = 16386\n' +
          'preset = "F4800S2I4U4"\nnominalHz = 50\nclass = "M"\n',
      );
      await alive(bench, "BAY2");
      const [first] = await unconfigured(bench, "bus", 1);
      assert.equal((await adopt(bench, "bus", { id: first!.id, acronym: "BAY1" })).status, 200);
      await alive(bench, "BAY1");
      await alive(bench, "BAY2");
      await unconfigured(bench, "bus", 0);
    });
  } finally {
    await Deno.remove(pcap);
  }
});

Deno.test("adoption: where signers are configured, an edit without their signature is refused", async () => {
  const fleet = new PmuFleet();
  const pmu = await fleet.add({
    idCode: 700,
    rate: 10,
    transport: { kind: "tcp", port: 0 },
    devices: [0, 1].map((device) => ({ device, phasors: 1 })),
  });
  const { signer } = await makeSigningKey();
  const site = `
[input.shelby]
type = "c37118"
host = "127.0.0.1"
port = ${pmu.port}
idCode = 700
[config]
signers = ["${signer}"]
`;
  try {
    await AdminBench.with(site, async (bench) => {
      const [first] = await unconfigured(bench, "shelby", 2);
      const before = bench.keeper.text;
      const answer = await adopt(bench, "shelby", { id: first!.id, acronym: "BAY1" });
      assert.equal(answer.status, 403);
      assert.equal((await answer.json()).type, "urn:tieline:problem:signature");
      assert.equal(bench.keeper.text, before);
    });
  } finally {
    await fleet.close();
  }
});
