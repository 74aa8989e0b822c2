/**
 * The stream for local PDCs, from simulated PMUs through two whole gateways: align, send, receive again.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  commonStatusOf,
  STAT_ABSENT,
  statFields,
  timeQualityOfClock,
} from "../../mod/c37118/mod.ts";
import { cloneFrame, type Frame, MISSING_FLAGS, StateFlags } from "../../mod/core/mod.ts";
import { type Gateway, readConfig } from "../../mod/gateway/mod.ts";
import { pcapOfSamples } from "../../mod/input/sv/testing.ts";
import { detailOf, GATEWAY_ID, inputsRun, inputToml, Site } from "./site.ts";
import { until } from "../support/waiting.ts";

/** The table of a stream of the aligner `wide` for clients of this host. */
function streamToml(more = ""): string {
  return `
[align.wide]
framesPerSecond = 60
waitMs = 2000

[output.pdc]
type = "c37118"
insecure = true
stream = "wide"
idCode = 77
nominalHz = 60
listen = "127.0.0.1:0"
clients = { local = ["127.0.0.1"] }
allow = ["True"]
settleMs = 300
${more}
`;
}

/** Values of frames by stamp and signal reference, with their flags. */
class Kept {
  readonly frames = new Map<string, Frame>();
  readonly #gateway: Gateway;

  constructor(gateway: Gateway, stream: string, source: string) {
    this.#gateway = gateway;
    gateway.stream(stream)!.listen({
      accept: (frame) => {
        if (frame.layout.source !== source) return;
        this.frames.set(`${frame.instant.seconds}.${frame.instant.nanos}`, cloneFrame(frame));
      },
    });
  }

  /** Value and flags by signal reference. */
  points(stamp: string): Map<string, { value: number; flags: number }> {
    const frame = this.frames.get(stamp)!;
    return new Map(
      [...frame.layout.handles].map((handle, i) => [
        this.#gateway.registry.get(handle)!.reference,
        { value: frame.values[i]!, flags: frame.flags[i]! },
      ]),
    );
  }
}

/** A second gateway that takes the stream, as a device `PDC` of three PMUs. */
function receiverToml(port: number, more = ""): string {
  return `
[input.pdc]
type = "c37118"
host = "127.0.0.1"
port = ${port}
idCode = 77
reconnectMinMs = 50
reconnectMaxMs = 200
${more}
`;
}

const DEVICES = `devices = [
  { acronym = "COPY1", idCode = 1 }, { acronym = "COPY2", idCode = 2 }, { acronym = "COPY3", idCode = 3 },
]`;

/** Port of the stream, once it has a configuration of so many PMUs. */
async function streamPort(gateway: Gateway, pmus: number): Promise<number> {
  const detail = () => detailOf(gateway, "output.pdc");
  await until(
    () => (detail()["pmus"] as unknown[]).length === pmus,
    () => `a stream of ${pmus} PMUs; ${JSON.stringify(detail())}`,
  );
  return Number(detail()["port"]);
}

for (const coordinates of ["polar", "rectangular"] as const) {
  Deno.test(`c37118 output: our own input gets what was aligned, ${coordinates}`, async () => {
    await Site.with(async (site) => {
      const pmus = [];
      for (const n of [1, 2, 3]) {
        pmus.push(
          await site.pmu(n, {
            model: { seed: n, badQuality: true },
            devices: [{
              device: n,
              idCode: n,
              station: `STATION ${n}`,
              phasors: 1 + n,
              analogs: n,
            }],
          }),
        );
      }
      const sender = await site.gateway(
        pmus.map(({ pmu }, i) => inputToml(i + 1, pmu.port)).join("") +
          streamToml(`coordinates = "${coordinates}"`),
      );
      const sent = new Kept(sender, "wide", "wide");
      const port = await streamPort(sender, 3);
      const receiver = await site.gateway(
        receiverToml(port, `configuration = "cfg3"\n${DEVICES}`),
        { name: "CENTER" },
      );
      const got = new Kept(receiver, "received", "pdc");
      await until(
        () => got.frames.size >= 180,
        () => JSON.stringify(detailOf(sender, "output.pdc")),
      );
      const stamps = [...got.frames.keys()];
      let values = 0, missing = 0;
      for (const stamp of stamps) {
        // TIME_BASE 1,000,000 rounds what the slot cuts to 100 ns.
        const [second, nanos] = stamp.split(".").map(Number);
        const index = Math.round(nanos! * 60 / 1e9);
        const from = sent.points(`${second}.${Math.floor(index * 1e7 / 60) * 100}`);
        for (const [reference, { value, flags }] of got.points(stamp)) {
          if (reference.endsWith("-QF")) continue;
          const original = from.get(reference.replace("COPY", "PMU"));
          assert.ok(original, `${stamp} ${reference}`);
          const isRounded = /-P[AM]\d/.test(reference);
          if ((original.flags & MISSING_FLAGS) === MISSING_FLAGS) {
            // Bad time, which the aligner leaves out: a block without data.
            assert.equal(flags, StateFlags.BadData | StateFlags.BadTime);
            const absent = reference.endsWith("-SF") ? commonStatusOf(STAT_ABSENT) : NaN;
            assert.ok(Object.is(value, /-DV\d/.test(reference) ? 0 : absent), reference);
            missing++;
            continue;
          }
          const tolerance = isRounded ? Math.max(1e-5, Math.abs(original.value) * 3e-7) : 0;
          assert.ok(
            Object.is(value, original.value) || Math.abs(value - original.value) <= tolerance,
            `${stamp} ${reference}: sent ${original.value}, received ${value}`,
          );
          assert.equal(flags, original.flags, `${stamp} ${reference}: flags`);
          values++;
        }
      }
      assert.ok(values > 1000, `${values} values, ${missing} missing`);
      // Nothing was left out between the first frame and the last.
      const indexes = stamps.map((s) => {
        const [second, nanos] = s.split(".").map(Number);
        return second! * 60 + Math.round(nanos! * 60 / 1e9);
      });
      assert.deepEqual(indexes, indexes.map((_, i) => indexes[0]! + i));
      const detail = detailOf(sender, "output.pdc");
      const { local } = detail["clients"] as Record<
        string,
        { ledger: { balance: number; sent: number } }
      >;
      assert.equal(local!.ledger.balance, 0);
      assert.ok(local!.ledger.sent > 0);
      await inputsRun(receiver, 1);
    });
  });
}

/** A configuration as {@linkcode Site.gateway} makes it of `toml`, for the first gateway of the site. */
function nextConfig(site: Site, toml: string) {
  return readConfig(
    `[gateway]\nid = "${GATEWAY_ID}"\nname = "EDGE"\nmemoryMB = 500\nstateDir = "${site.folder}/state1"\n` +
      `[statistics]\nenabled = false\n${toml}`,
    "next",
  );
}

Deno.test("c37118 output: one device as received keeps its stamps, its STAT and its time quality", async () => {
  await Site.with(async (site) => {
    const source = await site.pmu(1, { model: { badQuality: true }, timeBase: 16_777_215 });
    const sender = await site.gateway(
      inputToml(1, source.pmu.port) + streamToml(`
timeBase = 16777215
devices = [{ device = "PMU1" }]
`).replace('stream = "wide"', 'stream = "received"'),
    );
    const sent = new Kept(sender, "received", "pmu1");
    const port = await streamPort(sender, 1);
    const receiver = await site.gateway(receiverToml(port, 'acronym = "COPY1"'), {
      name: "CENTER",
    });
    const got = new Kept(receiver, "received", "pdc");
    await until(() => got.frames.size >= 120, "two seconds of frames");
    for (const stamp of got.frames.keys()) {
      const from = sent.points(stamp); // the same stamp, to the nanosecond
      for (const [reference, { value, flags }] of got.points(stamp)) {
        const original = from.get(reference.replace("COPY", "PMU"));
        assert.ok(original, `${stamp} ${reference}`);
        const tolerance = /-PA/.test(reference) ? 2e-5 : 0;
        assert.ok(
          Object.is(value, original.value) || Math.abs(value - original.value) <= tolerance,
          `${stamp} ${reference}: sent ${original.value}, received ${value}`,
        );
        assert.equal(flags, original.flags, `${stamp} ${reference}: flags`);
      }
      assert.equal(got.frames.get(stamp)!.leap, sent.frames.get(stamp)!.leap);
    }
  });
});

Deno.test("c37118 output: what the clock is said to be stands in the next frame", async () => {
  await Site.with(async (site) => {
    const source = await site.pmu(1);
    const toml = inputToml(1, source.pmu.port) + streamToml();
    const sender = await site.gateway(toml);
    // Joined after the output: what is known of the clock when the output has just made its frame.
    const said = new Map<string, number>();
    sender.stream("wide")!.listen({
      accept: ({ instant: { seconds, nanos } }) => {
        const report = sender.clockReport();
        said.set(
          `${seconds}.${Math.round(nanos * 60 / 1e9)}`,
          report ? timeQualityOfClock(report, seconds) : 0,
        );
      },
    });
    const port = await streamPort(sender, 1);
    const receiver = await site.gateway(receiverToml(port), { name: "CENTER" });
    const got: { stamp: string; quality: number }[] = [];
    receiver.stream("received")!.listen({
      accept: ({ layout, values, instant: { seconds, nanos } }) => {
        if (layout.source !== "pdc") return;
        const last = values.length - 1; // QUAL
        got.push({
          stamp: `${seconds}.${Math.round(nanos * 60 / 1e9)}`,
          quality: values[last]! / 2 ** 24,
        });
      },
    });
    const came = (quality: number) =>
      until(
        () => got.at(-1)?.quality === quality,
        () => `${quality}; ${JSON.stringify(got.at(-1))}`,
      );
    await came(0); // nobody watches the clock: what the device says
    // A clock that has nobody to ask is free, and nothing bounds its error.
    const watched = `${toml}[clock]\norder = ["ntp"]\n[clock.ntp]\nservers = ["127.0.0.1:9"]\n`;
    const { plan } = await sender.apply(nextConfig(site, watched));
    assert.deepEqual(plan.changes.map(({ part, change }) => `${part} ${change}`), ["clock added"]);
    await came(15);
    await sender.apply(nextConfig(site, toml));
    await came(0);
    for (const { stamp, quality } of got) assert.equal(quality, said.get(stamp), stamp);
    const changes = got.filter(({ quality }, i) => i > 0 && quality !== got[i - 1]!.quality);
    assert.deepEqual(changes.map(({ quality }) => quality), [15, 0]);
  });
});

Deno.test("c37118 output: rights, devices and clients change in place, announced and counted", async () => {
  await Site.with(async (site) => {
    const pmus = [await site.pmu(1), await site.pmu(2)];
    const inputs = pmus.map(({ pmu }, i) => inputToml(i + 1, pmu.port)).join("");
    const toml = inputs + streamToml("changeNoticeSeconds = 2");
    const sender = await site.gateway(toml);
    const port = await streamPort(sender, 2);
    const receiver = await site.gateway(receiverToml(port), { name: "CENTER" });
    const got = new Kept(receiver, "received", "pdc");
    await until(() => got.frames.size > 60, "data");
    const references = () => [...got.points([...got.frames.keys()].at(-1)!).keys()];
    const count = references().length;

    const changed = toml.replace('allow = ["True"]', "allow = [\"Device = 'PMU1'\"]");
    const { plan } = await sender.apply(nextConfig(site, changed));
    assert.deepEqual(
      plan.changes.map(({ part, change, keys }) => `${part} ${change} ${keys.join()}`),
      ["output.pdc changed allow"],
    );
    assert.equal(detailOf(sender, "output.pdc")["cfgCnt"], 0);
    await until(
      () => references().length < count,
      () => `a smaller layout; ${JSON.stringify(detailOf(sender, "output.pdc"))}`,
    );
    // What may not be sent any more was missing before, in the layout that clients knew.
    const frames = [...got.frames.keys()].map((stamp) => got.points(stamp));
    const announced = frames[frames.findIndex(({ size }) => size < count) - 1]!;
    assert.equal(announced.size, count);
    const frequencies = [...announced].filter(([reference]) => reference.endsWith("-FQ"));
    assert.deepEqual(frequencies.map(([, { value }]) => Number.isNaN(value)), [false, true]);
    const detail = detailOf(sender, "output.pdc");
    assert.deepEqual([detail["cfgCnt"], detail["accepted"], detail["connections"]], [1, 1, 1]);
    assert.deepEqual((detail["pmus"] as { device: string }[]).map((p) => p.device), ["PMU1"]);

    const moved = changed.replace('local = ["127.0.0.1"]', 'other = ["127.0.0.9"]');
    await sender.apply(nextConfig(site, moved));
    await until(
      () => Number(detailOf(sender, "output.pdc")["connections"]) === 0,
      "the client to be cut off",
    );
    await until(
      () =>
        (detailOf(sender, "output.pdc")["refused"] as Record<string, number>)[
          "addressNotAllowed"
        ]! > 0,
      "its new attempts to be refused",
    );
    const stream = sender.status().streams["wide"]!;
    assert.equal(stream.errors, 0);
  });
});

Deno.test("c37118 output: a virtual PMU has the time quality of the gateway's clock in STAT", async () => {
  await Site.with(async (site) => {
    const file = `${site.folder}/samples.pcap`;
    await Deno.writeFile(file, pcapOfSamples(1_700_000_000, 0, 20_000));
    const toml = `
[input.bus]
type = "sv"
pcap = { file = ${JSON.stringify(file)}, repeat = true }
[[input.bus.streams]]
acronym = "MU1"
svId = "MU01"
nominalHz = 50
preset = "9-2LE"
` + streamToml('devices = [{ device = "MU1" }]').replace('stream = "wide"', 'stream = "received"');
    const clock = '[clock]\norder = ["ntp"]\n[clock.ntp]\nservers = ["127.0.0.1:9"]\n';
    const sender = await site.gateway(toml + clock);
    const port = await streamPort(sender, 1);
    const receiver = await site.gateway(receiverToml(port), { name: "CENTER" });
    const got = new Kept(receiver, "received", "pdc");
    const stat = () => {
      const stamp = [...got.frames.keys()].at(-1);
      const word = stamp === undefined ? undefined : got.points(stamp).get("PDC-SF");
      return word ? statFields(word.value & 0xffff) : undefined;
    };
    const shown = () => JSON.stringify([stat(), detailOf(sender, "output.pdc")]);
    // Free, and never locked: no sync, nothing bounds the error, for longer than can be told.
    await until(() => stat()?.syncLost === true, shown);
    assert.deepEqual([stat()!.timeQuality, stat()!.unlocked], [7, 3]);
    // Nobody watches the clock: what the samples say, which were taken by a global clock.
    await sender.apply(nextConfig(site, toml));
    await until(() => stat()?.syncLost === false, shown);
    assert.deepEqual([stat()!.timeQuality, stat()!.unlocked, stat()!.dataError], [0, 0, 0]);
    const values = got.points([...got.frames.keys()].at(-1)!);
    assert.ok(Math.abs(values.get("PDC-FQ")!.value - 50) < 1e-3);
  });
});
