import assert from "node:assert/strict";
import {
  type ClockReport,
  cloneFrame,
  type Frame,
  type Part,
  type PartStatus,
  SignalRegistry,
  StateFlags,
  UNWATCHED_CLOCK,
} from "../../core/mod.ts";
import { encodePdu, encodeSession, fractionOfNanos, writeUtcTime } from "../../sv/mod.ts";
import { systemClock } from "../../os/mod.ts";
import { layCable } from "../../os/testing.ts";
import { createSvInput } from "./input.ts";
import { leStream, LiveSource, MADE_RMS, madeFrame, optionsOf, pcapOfSamples } from "./testing.ts";
import { until } from "../../../tests/support/waiting.ts";
import { freePort } from "../../../tests/support/ports.ts";

const GATEWAY = "5b1f7c3e-2d64-4f0a-9c55-7e8d1a2b3c4d";

interface Rig {
  readonly part: Part;
  readonly frames: Frame[];
  readonly log: string[];
  readonly registry: SignalRegistry;
  detail(): Record<string, unknown>;
}

function rig(toml: string, cores = 2, clockReport?: () => ClockReport): Rig {
  const frames: Frame[] = [], log: string[] = [];
  const registry = new SignalRegistry(GATEWAY, "EDGE");
  const write = (message: string) => void log.push(message);
  const part = createSvInput("mu", optionsOf(toml), {
    registry,
    sink: { accept: (frame) => void frames.push(cloneFrame(frame)) },
    log: { debug: write, info: write, warn: write, error: write },
    clock: systemClock(),
    cores,
    ...(clockReport ? { clockReport } : {}),
  });
  return { part, frames, log, registry, detail: () => ({ ...part.status().detail }) };
}

function wireToml(name: string, more = ""): string {
  return leStream(more).replace('"eth0"', `"${name}"`);
}

Deno.test("sv input: a file becomes frames with metadata, at full speed and without loss", async () => {
  const file = await Deno.makeTempFile({ suffix: ".pcap" });
  await Deno.writeFile(file, pcapOfSamples(1_700_000_000, 0, 20_000));
  const toml = leStream().replace(
    'interface = "eth0"',
    `pcap = { file = "${file}", speed = "fast" }`,
  );
  const { part, frames, registry, detail } = rig(toml);
  try {
    await part.start();
    await until(() => frames.length >= 246, () => [frames.length, detail()]);
    const first = frames[0]!;
    assert.equal(first.layout.source, "mu!MU1");
    const signals = [...first.layout.handles].map((h) => registry.get(h)!);
    const at = (reference: string) => signals.findIndex((s) => s.reference === reference);
    assert.equal(registry.device("MU1")?.framesPerSecond, 50);
    assert.equal(registry.device("MU1")?.protocol, "IEC 61850-9-2");
    assert.deepEqual(
      signals.filter((s) => s.label === "U1").map((s) => [s.type, s.phase, s.unit]),
      [["VPHM", "+", "Volts"], ["VPHA", "+", "Degrees"]],
    );
    frames.forEach(({ values, instant }, i) => {
      const slot = Math.round(
        (instant.seconds - first.instant.seconds) * 50 +
          (instant.nanos - first.instant.nanos) / 20e6,
      );
      assert.equal(slot, i, "every instant once, in order");
      assert.ok(Math.abs(values[at("MU1-FQ")]! - 50) < 1e-4);
      assert.ok(Math.abs(values[at("MU1-PM1")]! - MADE_RMS.current) < 0.01);
    });
    await until(
      () => (detail()["workers"] as { file?: { atEnd: boolean } }[])[0]?.file?.atEnd === true,
      detail,
    );
    const device = (detail()["devices"] as Record<string, Record<string, unknown>>)["MU1"]!;
    const stream = device["stream"] as { samples: Record<string, number> };
    assert.equal(stream.samples["accepted"], 20_000);
    assert.equal((device["books"] as { balance: number }).balance, 0);
    assert.ok(part.metrics().length > 10);
    assert.ok(part.statistics!().length > 20);
  } finally {
    await part.stop();
    await Deno.remove(file);
  }
  assert.equal(registry.device("MU1"), undefined);
});

Deno.test("sv input: streams that find no room in the list of those that are seen are counted", async () => {
  const file = await Deno.makeTempFile({ suffix: ".pcap" });
  // Each of 300 strangers sends a frame, then twelve of them another one: the last ten of those in the list, and two more.
  const stranger = (n: number) => ({ svId: `S${n < 300 ? n : n - 54}` });
  await Deno.writeFile(file, pcapOfSamples(1_700_000_000, 0, 312, stranger, 100));
  const toml = leStream().replace(
    'interface = "eth0"',
    `pcap = { file = "${file}", speed = "fast" }`,
  );
  const { part, detail } = rig(toml);
  try {
    await part.start();
    await until(() => detail()["unlistedFrames"] === 44 + 2, detail);
    assert.equal((detail()["seenButNotConfigured"] as unknown[]).length, 256);
    const metric = part.metrics().find(({ name }) => name === "sv_frames_unlisted_total");
    assert.deepEqual([metric?.type, metric?.value, metric?.labels], ["counter", 46, {
      worker: "0",
    }]);
  } finally {
    await part.stop();
    await Deno.remove(file);
  }
});

Deno.test("sv input: on a wire, with loss, return, foreign frames and an interface that goes down and up", async () => {
  const cable = await layCable("i");
  if (!cable) return;
  const { part, frames, log, detail } = rig(wireToml(cable.far, "oneIsGlobal = true"));
  let live: LiveSource | undefined;
  const foreign = new LiveSource(cable.near, { svId: "STRANGER", frame: { appid: 0x4007 } });
  try {
    await part.start();
    await until(() => interfaceState(part.status()) === "up", detail);
    live = new LiveSource(cable.near, { smpSynch: 1 });
    await until(() => frames.length >= 20, () => [log, detail()]);
    // A sender that a busy machine holds up makes it wait again meanwhile.
    await until(() => part.status().state === "running", () => [log, detail()]);
    // A sender that a busy machine holds up sends late, which flags say.
    const isGood = (frame: Frame) => frame.flags.every((word) => word === 0);
    await until(() => frames.some(isGood), () => frames.at(-1)?.flags);
    const good = frames.findLast(isGood)!;
    assert.ok(Math.abs(good.values[0]! - MADE_RMS.current) < 0.01);
    assert.ok(Math.abs(good.instant.seconds - Date.now() / 1000) < 10);
    // Foreign frames are dropped in the kernel and found by the look that happens beside.
    const found = () => (detail()["seenButNotConfigured"] as Record<string, unknown>[])[0];
    await until(() => found() !== undefined, detail);
    const seen = found();
    assert.equal(seen!["svId"], "STRANGER");
    assert.equal(seen!["appid"], 0x4007);
    assert.match(String(seen!["toml"]), /svId = "STRANGER"\nappid = 0x4007/);
    const totals = (detail()["workers"] as { totals: { unknown: number } }[])[0]!.totals;
    assert.equal(totals.unknown, 0, "the kernel dropped them");

    live.stop();
    await until(() => log.some((m) => /MU1: no sample for/.test(m)), () => log);
    const [, quiet] = log.map((m) => /MU1: no sample for (\d+) ms/.exec(m)).findLast((m) => m)!;
    assert.ok(Number(quiet) <= 20, `told after ${quiet} ms of silence`);
    live = new LiveSource(cable.near, { smpSynch: 1 });
    await until(() => log.some((m) => /MU1: samples come again/.test(m)), () => log);

    // A cable that is new may be down at first, and what comes again within a minute is counted alone.
    const downs = () => (detail()["complaints"] as Record<string, number>)["interface down"] ?? 0;
    const downBefore = downs();
    await cable.set("far", "down");
    await until(() => downs() > downBefore, () => log);
    assert.ok(log.some((m) => /is down/.test(m)));
    const before = frames.length;
    await cable.set("far", "up");
    await until(() => frames.length > before + 60, () => [log, frames.length]);
    await until(() => interfaceState(part.status()) === "up", detail);
    assert.equal(downs(), downBefore + 1, "told once");
  } finally {
    live?.stop();
    foreign.stop();
    await part.stop();
    await cable.remove();
  }
});

Deno.test("sv input: routable sampled values by UDP, with refrTm, losses and a sender that is not heard", async () => {
  const port = freePort();
  const toml = leStream().replace(
    'interface = "eth0"',
    `reorderMs = 200\nudp = { port = ${port}, address = "127.0.0.1" }`,
  );
  const { part, frames, log, detail } = rig(toml);
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  let next = Math.floor(Date.now() * 4), spduNumber = 0, going = true;
  const send = async () => {
    while (going) {
      for (const due = Math.floor(Date.now() * 4); next < due; next++) {
        const second = Math.floor(next / 4000), smpCnt = next % 4000;
        const refrTm = new Uint8Array(8);
        writeUtcTime(refrTm, 0, second, fractionOfNanos(smpCnt * 250_000), 0x8a);
        const seqData = madeFrame({ second, smpCnt }).slice(-64);
        const apdu = encodePdu([{
          svID: "MU01",
          smpCnt,
          confRev: 1,
          refrTm,
          smpSynch: 2,
          seqData,
        }]);
        const pdu = encodeSession({
          spduNumber: spduNumber++,
          payloads: [{ appid: 0x4000, apdu }],
        });
        // One of a thousand is lost; C37.118 frames may share the port.
        if (spduNumber % 1000 === 500) continue;
        await socket.send(pdu, { transport: "udp", hostname: "127.0.0.1", port });
        if (spduNumber % 1000 === 0) {
          await socket.send(Uint8Array.of(0xaa, 0x01), {
            transport: "udp",
            hostname: "127.0.0.1",
            port,
          });
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  let sending: Promise<void> | undefined;
  try {
    await part.start();
    await until(() => ((detail()["workers"] ?? []) as unknown[]).length > 0, detail);
    sending = send();
    // A loss, or a sender that a busy machine holds up, is in the flags of many frames.
    const good = () => frames.filter((f) => f.flags.every((word) => word === 0));
    await until(
      () => frames.length >= 100 && good().length >= 20,
      () => [log, frames.length, good().length, detail()],
    );
    assert.ok(Math.abs(good().at(-1)!.values[0]! - MADE_RMS.current) < 0.01);
    const worker = () =>
      (detail()["workers"] as {
        sessions: Record<string, number>;
        udp: { received: number };
      }[])[0]!;
    await until(() => worker().sessions["lost"]! >= 2 && worker().sessions["c37118"]! >= 1, worker);
    await until(() => worker().udp.received > 4000, worker);
    const accepted = () =>
      (detail()["devices"] as Record<string, { stream: { samples: Record<string, number> } }>)[
        "MU1"
      ]!.stream.samples["accepted"]!;
    await until(() => accepted() > 1000, accepted);
  } finally {
    going = false;
    await sending;
    socket.close();
    await part.stop();
  }
});

Deno.test("sv input: two Workers share the streams of one interface, each with its own filter", async () => {
  const cable = await layCable("w");
  if (!cable) return;
  const second = `
[[input.streams]]
acronym = "MU2"
svId = "MU02"
appid = 0x4001
nominalHz = 50
preset = "9-2LE"
`;
  const toml = wireToml(cable.far, second).replace(
    "interface",
    "workers = 2\nreorderMs = 200\ninterface",
  );
  const { part, frames, log, detail } = rig(toml, 4);
  const sources = [
    new LiveSource(cable.near),
    new LiveSource(cable.near, { svId: "MU02", frame: { appid: 0x4001 } }),
  ];
  try {
    await part.start();
    const of = (device: string) => frames.filter((f) => f.layout.source === `mu!${device}`).length;
    await until(() => of("MU1") >= 50 && of("MU2") >= 50, () => [log, frames.length, detail()]);
    const workers = () => detail()["workers"] as { totals: { frames: number; unknown: number } }[];
    await until(
      () => workers().length === 2 && workers().every(({ totals }) => totals.frames > 100),
      detail,
    );
    assert.deepEqual(
      workers().map(({ totals }) => totals.unknown),
      [0, 0],
      "the other's stay away",
    );
    // Both see the interface go and come, and one line is written.
    interface Capture {
      readonly state: string;
      readonly outages: number;
    }
    const captures = () => (detail()["workers"] as { capture: Capture }[]).map((w) => w.capture);
    await until(() => captures().every(({ state }) => state === "up"), detail);
    const ups = () => log.filter((line) => /is up/.test(line)).length;
    // A cable that is new may be down at first, and what comes again within a minute is counted alone.
    const downs = () => (detail()["complaints"] as Record<string, number>)["interface down"] ?? 0;
    const [downBefore, upBefore] = [downs(), ups()];
    const before = captures().map(({ outages }) => outages);
    await cable.set("far", "down");
    await until(() => captures().every(({ outages }, i) => outages > before[i]!), detail);
    await cable.set("far", "up");
    await until(() => captures().every(({ state }) => state === "up"), detail);
    assert.deepEqual([downs() - downBefore, ups() - upBefore], [1, 1]);
    assert.ok(log.some((line) => /is down/.test(line)));
  } finally {
    for (const source of sources) source.stop();
    await part.stop();
    await cable.remove();
  }
});

Deno.test("sv input: an interface that is taken away and comes back is captured again", async () => {
  let cable = await layCable("g");
  if (!cable) return;
  const { part, frames, log, detail } = rig(wireToml(cable.far));
  let live = new LiveSource(cable.near);
  try {
    await part.start();
    await until(() => frames.length >= 10, () => [log, detail()]);
    live.stop();
    await cable.remove();
    await until(() => log.some((m) => /is gone; it is opened again/.test(m)), () => log);
    const before = frames.length;
    cable = await layCable("g", false, cable);
    assert.ok(cable);
    live = new LiveSource(cable.near);
    await until(() => frames.length >= before + 60, () => [log, detail()]);
    await until(() => interfaceState(part.status()) === "up", detail);
    assert.equal(log.filter((m) => /is gone/.test(m)).length, 1, "told once");
  } finally {
    live.stop();
    await part.stop();
    await cable?.remove();
  }
});

Deno.test("sv input: waits for an interface that is not there, and says so", async () => {
  const { part, log, detail } = rig(wireToml("tl-none7"));
  await part.start();
  await until(() => (detail()["workers"] as unknown[]).length > 0, detail);
  assert.equal(part.status().state, "waiting");
  const [worker] = detail()["workers"] as { capture: { state: string; why: string } }[];
  assert.equal(worker!.capture.state, "closed");
  assert.match(worker!.capture.why, /tl-none7|CAP_NET_RAW/);
  assert.equal(log.filter((m) => /Cannot open a packet socket/.test(m)).length, 1);
  await part.stop();
});

function interfaceState(status: PartStatus): string | undefined {
  const detail = status.detail as { interface?: { state: string } | null } | undefined;
  return detail?.interface?.state;
}

Deno.test("sv input: the seconds of samples are bad while the gateway's clock may be off by half of one", async () => {
  const file = await Deno.makeTempFile({ suffix: ".pcap" });
  await Deno.writeFile(file, pcapOfSamples(1_700_000_000, 0, 8000));
  const toml = leStream().replace(
    'interface = "eth0"',
    `pcap = { file = "${file}", speed = "fast" }`,
  );
  for (const [errorNs, bad] of [[1e6, false], [500e6, true], [Infinity, true]] as const) {
    const { part, frames } = rig(toml, 2, () => ({ ...UNWATCHED_CLOCK, state: "local", errorNs }));
    try {
      await part.start();
      await until(() => frames.length > 10, () => frames.length);
      const marked = frames.filter((f) => f.flags.every((x) => (x & StateFlags.BadTime) !== 0));
      const clean = frames.filter((f) => f.flags.every((x) => (x & StateFlags.BadTime) === 0));
      assert.equal(bad ? marked.length : clean.length, frames.length, `${errorNs} ns`);
    } finally {
      await part.stop();
    }
  }
  await Deno.remove(file);
});
