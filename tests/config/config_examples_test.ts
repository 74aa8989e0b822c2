/**
 * Every configuration that the repository shows is in order, and grants what its comments say.
 *
 * @module
 */
import assert from "node:assert/strict";
import { AccessControl, type AccessRules } from "../../mod/access/mod.ts";
import { type Device, SignalRegistry, type SignalType } from "../../mod/core/mod.ts";
import { type GatewayConfig, memoryNeeds, readConfig } from "../../mod/gateway/mod.ts";
import { makeCa } from "../../mod/os/mod.ts";

const ROOT = new URL("../../", import.meta.url);

function read(path: string): GatewayConfig {
  return readConfig(Deno.readTextFileSync(new URL(path, ROOT)), path);
}

const examples = [...Deno.readDirSync(new URL("config/", ROOT))]
  .filter(({ name }) => name.endsWith(".toml")).map(({ name }) => name).sort();

Deno.test("config: the examples are those that the README names", () => {
  const readme = Deno.readTextFileSync(new URL("README.md", ROOT));
  const named = [...readme.matchAll(/\(config\/([a-z_]+\.toml)\)/g)].map(([, name]) => name);
  assert.deepEqual([...new Set(named)].sort(), examples);
});

for (const name of examples) {
  Deno.test(`config/${name} is in order, and needs no more than its budget`, () => {
    const config = read(`config/${name}`);
    const needed = memoryNeeds(config).reduce((sum, { bytes }) => sum + bytes, 0);
    assert.ok(needed <= config.gateway.memoryMB * 1e6, `${needed} bytes`);
    assert.ok(Object.keys(config.input).length > 0);
    assert.ok(Object.keys(config.output).length > 0);
    assert.ok(Object.keys(config.subscriber).length > 0);
    for (const [who, { allow, stream }] of Object.entries(config.subscriber)) {
      assert.ok(allow.length > 0, `${who} is granted nothing`);
      assert.ok(stream === "received" || stream in config.align);
    }
  });
}

Deno.test("config: no two examples share the UUID of a gateway", () => {
  const ids = examples.map((name) => read(`config/${name}`).gateway.id);
  assert.equal(new Set(ids).size, ids.length);
});

Deno.test("config/six_pmus.toml: six PMUs, aligned at 60 frames per second", () => {
  const { input, align } = read("config/six_pmus.toml");
  assert.equal(Object.keys(input).length, 6);
  assert.ok(Object.values(input).every(({ type }) => type === "c37118"));
  assert.equal(align["wide"]?.framesPerSecond, 60);
  assert.deepEqual(align["wide"]?.inputs, ["*"]);
});

const TYPES: SignalType[] = ["VPHM", "VPHA", "IPHM", "IPHA", "FREQ", "DFDT", "ALOG", "DIGI"];

/** Signals `DEVICE TYPE` that a subscriber is granted when each of `devices` has one of each kind. */
function granted(config: GatewayConfig, subscriber: string, devices: string[]): string[] {
  return grantedBy(config.subscriber[subscriber]!, devices);
}

function grantedBy({ allow, deny }: AccessRules, devices: string[]): string[] {
  const registry = new SignalRegistry("00000000-0000-4000-8000-000000000000", "EDGE");
  for (const [i, acronym] of devices.entries()) {
    registry.register(
      device(acronym, i),
      TYPES.map((type) => ({
        type,
        label: type,
        phase: "",
        unit: "",
        index: 1,
        description: "",
      })),
    );
  }
  const access = new AccessControl(registry, { nodeId: registry.gatewayId });
  access.setSubscriber("one", { allow, deny });
  const permitted = access.permitted("one");
  return registry.signals().filter((s) => permitted[s.handle] === 1)
    .map((s) => `${s.device} ${s.type}`);
}

function device(acronym: string, accessId: number): Device {
  return {
    acronym,
    id: `00000000-0000-4000-8000-${String(accessId).padStart(12, "0")}`,
    name: acronym,
    parentAcronym: "",
    protocol: "IEEE C37.118.2-2011",
    accessId,
    framesPerSecond: 60,
    company: "",
    vendor: "",
    longitude: NaN,
    latitude: NaN,
  };
}

Deno.test("config/six_pmus.toml: each subscriber is granted what the comments say", () => {
  const config = read("config/six_pmus.toml");
  const devices = Object.keys(config.input).map((name) => name.toUpperCase());
  const all = devices.flatMap((d) => TYPES.map((t) => `${d} ${t}`));
  assert.deepEqual(
    granted(config, "control_center", devices),
    all.filter((s) => !/ (ALOG|DIGI)$|^SOUTH_2 I/.test(s)),
  );
  assert.deepEqual(
    granted(config, "neighbour", devices),
    all.filter((s) => /^TIE_. (FREQ|VPHM|VPHA)$/.test(s)),
  );
  assert.equal(config.subscriber["control_center"]?.stream, "wide");
  assert.equal(config.subscriber["neighbour"]?.stream, "received");
});

Deno.test("config/local_pdc.toml: the stream may hold what the comments say", () => {
  const { output } = read("config/local_pdc.toml");
  const pdc = output["pdc"];
  assert.ok(pdc?.type === "c37118" && pdc.insecure);
  const devices = pdc.devices.map(({ device }) => device);
  const all = devices.flatMap((d) => TYPES.map((t) => `${d} ${t}`));
  assert.deepEqual(grantedBy(pdc, devices), all.filter((s) => !/^TIE I/.test(s)));
  assert.deepEqual(grantedBy(pdc, ["OTHER"]), []);
});

Deno.test("config: the chained gateways fit each other", () => {
  const lower = read("config/chained_substation.toml");
  const upper = read("config/chained_control_center.toml");
  const link = upper.input["substation_a"];
  assert.ok(link?.type === "sttp");
  assert.ok(lower.output["upstream"]?.listen.endsWith(`:${link.port}`));
  const own = ["SUBSTATION_A!LINE_1", "SUBSTATION_A!BUS_220", "LINE_1"];
  assert.deepEqual(
    granted(upper, "historian", own),
    own.slice(0, 2).flatMap((d) => TYPES.map((t) => `${d} ${t}`)),
  );
  assert.deepEqual(granted(upper, "oscilloscope", own), ["SUBSTATION_A!LINE_1 FREQ"]);
});

/** What a sample refers to beside its own tables. */
const AROUND: Readonly<Record<string, string>> = {
  "mod/event/sample.toml": `
[input.bus]
type = "sv"
interface = "eth0"
[[input.bus.streams]]
acronym = "BAY1"
svId = "MU01"
nominalHz = 50
preset = "9-2LE"
[input.shelby]
type = "c37118"
host = "127.0.0.1"
idCode = 7
`,
  "mod/output/c37118/sample.toml": "[align.wide]\nframesPerSecond = 50\nwaitMs = 100\n",
  "mod/output/sttp/sample.toml": "[align.wide]\nframesPerSecond = 60\nwaitMs = 100\n",
};

const samples = [
  "mod/alarm",
  "mod/align",
  "mod/archive",
  "mod/clock",
  "mod/event",
  "mod/input/c37118",
  "mod/input/sttp",
  "mod/input/sv",
  "mod/output/c37118",
  "mod/output/sttp",
].map((folder) => `${folder}/sample.toml`);

Deno.test("config: every sample is tested here", async () => {
  const found: string[] = [];
  const walk = async (folder: string): Promise<void> => {
    for await (const entry of Deno.readDir(new URL(folder, ROOT))) {
      if (entry.isDirectory) await walk(`${folder}${entry.name}/`);
      else if (entry.name === "sample.toml") found.push(`${folder}${entry.name}`);
    }
  };
  await walk("mod/");
  assert.deepEqual(found.sort(), samples);
});

for (const path of samples) {
  Deno.test(`${path} is in order within a whole configuration`, async () => {
    const ca = await Deno.makeTempFile({ suffix: ".pem" });
    try {
      await Deno.writeTextFile(ca, (await makeCa({ commonName: "Grid CA" })).certPem);
      const text = (await Deno.readTextFile(new URL(path, ROOT)))
        .replace(/(ca = \[)"[^"]+"/g, `$1"${ca}"`);
      const config = readConfig(
        `[gateway]\nid = "1f0e9c1a-6a52-4bb1-9d53-7c8f0a1b2c3d"\nname = "EDGE1"\nmemoryMB = 400\n` +
          `${AROUND[path] ?? ""}${text}`,
        path,
      );
      assert.ok(
        Object.keys({
          ...config.input,
          ...config.output,
          ...config.align,
          ...config.clock,
          ...config.archive,
        }).length > 0,
      );
    } finally {
      await Deno.remove(ca);
    }
  });
}
