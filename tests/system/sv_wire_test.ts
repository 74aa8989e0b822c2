/**
 * Sampled values over a wire between two network namespaces: merging units at one end, the gateway at the other.
 *
 * @module
 */
import assert from "node:assert/strict";
import { layCable } from "../../mod/os/testing.ts";
import { WaveformModel, type WaveformOptions } from "../../mod/sim/mod.ts";
import { run, start, startUnder } from "./program.ts";
import {
  ADMIN_TOML,
  AS_ROOT,
  detailOf,
  inputsRun,
  inputToml,
  keyPair,
  outputOf,
  Site,
  TLS_OUTPUT,
} from "./site.ts";
import type { Subscriber } from "./subscriber.ts";
import { stampOfTime } from "./subscriber.ts";
import { busListens, busToml, startSource, withoutRaw } from "./sv_wire.ts";
import { sleep, until } from "../support/waiting.ts";
import { freePort } from "../support/ports.ts";

const RATE = 50;
const MODEL: WaveformOptions = {
  nominalHz: 50,
  volts: 63_500,
  amperes: 400,
  deviationHz: 0.05,
  lagDegrees: 30,
};
const grid = new WaveformModel(MODEL);
const UNITS = [
  { svId: "WIRE_MU0", rate: 4000, unit: 0 },
  { svId: "WIRE_MU1", rate: 4800, asdus: 2, unit: 1, appid: 0x4001, vlan: 7, priority: 6 },
];
const STREAMS = [
  `acronym = "BAY0"\nsvId = "WIRE_MU0"\nnominalHz = 50\npreset = "9-2LE"\nclass = "both"`,
  `acronym = "BAY1"\nsvId = "WIRE_MU1"\nappid = 0x4001\nvlan = 7\nnominalHz = 50\npreset = "F4800S2I4U4"`,
];

/** A busy machine may hold the merging units up for longer than a network does, and the capture for seconds. */
const PATIENT = "reorderMs = 200\nringBytes = 33550336";

/** Stamps of a signal and what came for each. */
interface Seen {
  readonly second: number;
  readonly index: number;
  readonly value: number;
  readonly flags: number;
}

function seen(subscriber: Subscriber, reference: string): Seen[] {
  const base = Math.floor(Date.now() / 1000) - 3600;
  const found: Seen[] = [];
  for (const [stamp, { value, flags }] of subscriber.seriesOf(reference)) {
    const slot = Math.round((stamp - stampOfTime(base, 0)) / 1e7 * RATE);
    found.push({ second: base + Math.floor(slot / RATE), index: slot % RATE, value, flags });
  }
  return found.sort((a, b) => a.second - b.second || a.index - b.index);
}

/** Greatest total vector error of a phasor in percent, over the instants whose magnitude and angle came good. */
function totalVectorError(
  subscriber: Subscriber,
  device: string,
  number: number,
  unit: number,
  kind: "current" | "voltage",
  phase: number,
): { error: number; instants: number } {
  const angles = new Map(
    seen(subscriber, `${device}-PA${number}`).map((s) => [s.second * RATE + s.index, s]),
  );
  let error = 0, instants = 0;
  for (const magnitude of seen(subscriber, `${device}-PM${number}`)) {
    const angle = angles.get(magnitude.second * RATE + magnitude.index);
    if (!angle || magnitude.flags !== 0 || angle.flags !== 0) continue;
    const truth = grid.phasorAt(kind, unit, phase, magnitude.second, magnitude.index / RATE);
    const turn = (angle.value - truth.angleDegrees) * Math.PI / 180;
    const re = magnitude.value * Math.cos(turn) - truth.magnitude;
    const im = magnitude.value * Math.sin(turn);
    error = Math.max(error, 100 * Math.hypot(re, im) / truth.magnitude);
    instants++;
  }
  return { error, instants };
}

/**
 * Checks that every sample was taken. A sender that a busy machine holds up for longer than the stream is patient
 * sends late, and what it sends next is believed once more of it has come.
 */
function checkWhole(samples: Readonly<Record<string, number>>): void {
  const what = JSON.stringify(samples);
  const [accepted, late, outlier] = [samples["accepted"]!, samples["late"]!, samples["outlier"]!];
  assert.equal(accepted + late + outlier, samples["received"], what);
  assert.ok(outlier < accepted / 100, what);
}

Deno.test("sv wire: phasors, frequency and RMS at a TLS subscriber are those of the grid, aligned with a PMU", async () => {
  const cable = await layCable("wire", true);
  if (!cable) return;
  try {
    await Site.with(async (site) => {
      const { pmu } = await site.pmu(1, { rate: RATE });
      const own = await keyPair("control-center");
      const gateway = await site.gateway(
        busToml(cable.near, STREAMS, PATIENT) + inputToml(1, pmu.port) + TLS_OUTPUT +
          `[align.wide]\nframesPerSecond = ${RATE}\nwaitMs = 200\n` +
          `[subscriber.center]\npins = ["${own.fingerprint256}"]\nallow = ["True"]\nstream = "wide"\n`,
      );
      await busListens(gateway);
      const source = await startSource(cable, { model: MODEL, units: UNITS });
      site.atEnd(async () => void await source.stop());
      // Metadata that change make a subscriber subscribe anew, which leaves a hole.
      await inputsRun(gateway, 2);
      const subscriber = site.subscriber({
        port: outputOf(gateway).port,
        tls: { own, gatewayPin: gateway.identity!.fingerprint256 },
      });
      const good = (reference: string) =>
        seen(subscriber, reference).filter((s) => s.flags === 0 && !Number.isNaN(s.value));
      const slotsOf = (reference: string) =>
        good(reference).map(({ second, index }) => second * RATE + index);
      // One slot of the aligner has both kinds of devices.
      const common = () => {
        const slots = new Set(slotsOf("BAY1-FQ"));
        return slotsOf("PMU1-FQ").filter((slot) => slots.has(slot));
      };
      const frequencies = ["BAY0_M-FQ", "BAY0_P-FQ", "BAY1-FQ"];
      await until(
        () => frequencies.every((each) => good(each).length >= 3 * RATE) && common().length >= RATE,
        () =>
          `${
            frequencies.map((each) => good(each).length)
          } frequencies, ${common().length} slots with the PMU; ${
            JSON.stringify(gateway.status().parts["input.bus"]).slice(0, 3000)
          }`,
      );
      for (const [device, unit] of [["BAY0_P", 0], ["BAY0_M", 0], ["BAY1", 1]] as const) {
        for (
          const [number, kind, phase] of [
            [1, "current", 0],
            [3, "current", 2],
            [6, "voltage", 1],
            [9, "current", 0], // positive sequences
            [10, "voltage", 0],
          ] as const
        ) {
          const { error, instants } = totalVectorError(
            subscriber,
            device,
            number,
            unit,
            kind,
            phase,
          );
          assert.ok(instants >= 2 * RATE, `${device} phasor ${number}: ${instants} instants`);
          assert.ok(error < 0.05, `${device} phasor ${number}: TVE ${error} %`);
        }
        for (const { second, index, value } of good(`${device}-FQ`)) {
          assert.ok(Math.abs(value - grid.frequencyAt(second, index / RATE)) < 1e-3, `${value} Hz`);
        }
        for (const { value } of good(`${device}-AV6`)) {
          assert.ok(Math.abs(value - 63_500) < 65, `RMS ${value}`); // two cycles of another frequency
        }
      }
      // Every instant once, without a hole.
      const numbers = seen(subscriber, "BAY1-FQ").map((s) => s.second * RATE + s.index);
      assert.equal(numbers.at(-1)! - numbers[0]! + 1, numbers.length);
      assert.deepEqual(subscriber.extra, []);
      // Every frame that was sent has been taken, and every sample of it.
      const { sent } = await source.stop();
      interface Stream {
        readonly frames: { readonly received: number };
        readonly samples: Readonly<Record<string, number>>;
      }
      const streams = () => {
        // What its status looks like.
        const devices = detailOf(gateway, "input.bus")["devices"] as Record<
          string,
          { stream: Stream }
        >;
        return [devices["BAY0_P"]!.stream, devices["BAY1"]!.stream];
      };
      const received = () => streams().reduce((sum, { frames }) => sum + frames.received, 0);
      await until(() => received() === sent, () => `${sent} frames; ${received()} came`);
      for (const { samples } of streams()) checkWhole(samples);
    });
  } finally {
    await cable.remove();
  }
});

Deno.test("sv wire: a storm of junk is dropped in the kernel or counted, and the stream is whole", async () => {
  const cable = await layCable("storm", true);
  if (!cable) return;
  try {
    await Site.with(async (site) => {
      const gateway = await site.gateway(
        busToml(
          cable.near,
          [`${STREAMS[0]}\ndestination = "01:0c:cd:04:00:01"`],
          `discovery = false\n${PATIENT}`,
        ),
      );
      await busListens(gateway);
      const source = await startSource(cable, {
        model: MODEL,
        units: [UNITS[0]!],
        storm: { matching: 20, foreign: 60 },
      });
      interface Bus {
        devices: Record<string, { stream: { samples: Record<string, number> } | null }>;
        workers: {
          totals: { frames: number; rejected: Record<string, number> };
          capture: { drops: number; packets: number };
        }[];
      }
      const bus = () => detailOf(gateway, "input.bus") as unknown as Bus; // what its status looks like
      await until(
        () =>
          (bus().devices["BAY0_P"]?.stream?.samples["accepted"] ?? 0) > 12_000 &&
          (bus().workers[0]?.totals.rejected["overrun"] ?? 0) > 20_000,
        () => JSON.stringify(bus()).slice(0, 3000),
      );
      const { sent, matching, foreign } = await source.stop();
      const accounted = () => bus().workers[0]!.totals.frames + bus().workers[0]!.capture.drops;
      await until(() => accounted() >= sent - foreign, () => [sent, foreign, bus().workers]);
      const { devices, workers: [worker] } = bus();
      const { samples } = devices["BAY0_P"]!.stream!;
      assert.ok(foreign > 60_000, `${foreign} of others`);
      assert.equal(worker!.capture.drops, 0);
      assert.equal(
        worker!.totals.frames,
        sent - foreign,
        "foreign frames are dropped in the kernel",
      );
      assert.equal(worker!.capture.packets, sent - foreign);
      assert.deepEqual(worker!.totals.rejected, { overrun: matching });
      assert.equal(samples["received"], sent - foreign - matching);
      checkWhole(samples);
      const told = site.log.complaints(/element within its parent/);
      assert.ok(told.length >= 1 && told.length <= 2, `told ${told.length} times`);
    });
  } finally {
    await cable.remove();
  }
});

Deno.test("sv wire: tieline capture captures for a gateway that holds neither CAP_NET_RAW nor FFI", async () => {
  const prefix = await withoutRaw();
  if (!prefix) return console.log("skipped: setpriv cannot take CAP_NET_RAW away");
  const cable = await layCable("two", true);
  if (!cable) return;
  try {
    await Site.with(async (site) => {
      const own = await keyPair("control-center");
      const port = freePort(), adminPort = freePort();
      const socket = `${site.folder}/run/capture.sock`, config = `${site.folder}/gateway.toml`;
      await Deno.writeTextFile(
        config,
        `[gateway]\nid = "0d9ac3b4-5e0f-4c7e-9f1a-77a8c8a3f2d7"\nname = "EDGE"\nmemoryMB = 500\n` +
          `stateDir = "${site.folder}/state"\n` +
          ADMIN_TOML.replace("127.0.0.1:0", `127.0.0.1:${adminPort}`) +
          busToml(
            cable.near,
            STREAMS,
            `capture = "process"\ncaptureSocket = "${socket}"\n${PATIENT}`,
          ) +
          TLS_OUTPUT.replace("127.0.0.1:0", `127.0.0.1:${port}`) +
          `[subscriber.center]\npins = ["${own.fingerprint256}"]\nallow = ["True"]\n`,
      );
      // A gateway that could open raw sockets itself is refused.
      const refused = await run("run", config);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /Expected a process without CAP_NET_RAW/);

      const capture = () => start("capture", "--socket", socket, "--interface", cable.near);
      let capturing = capture();
      site.atEnd(async () => {
        capturing.child.kill("SIGTERM");
        assert.equal((await capturing.ended).code, 0);
      });
      const gateway = startUnder(prefix, "run", config);
      site.atEnd(async () => {
        gateway.child.kill("SIGTERM");
        const { code, stderr } = await gateway.ended;
        assert.equal(code, 0, stderr);
      });
      const source = await startSource(cable, { model: MODEL, units: UNITS });
      site.atEnd(async () => void await source.stop());
      const status = async () => {
        const url = `http://127.0.0.1:${adminPort}/api/status`;
        const response = await fetch(url, { headers: AS_ROOT });
        return await response.json();
      };
      let pin = "";
      await untilAsync(async () => {
        const { fingerprint, parts } = await status();
        pin = fingerprint;
        return parts["input.bus"].state === "running";
      });
      const { parts } = await status();
      assert.deepEqual(parts["input.bus"].detail.rights, { ffi: false, netRaw: null });
      assert.equal(parts["input.bus"].detail.capture, "process");
      const subscriber = site.subscriber({ port: port!, tls: { own, gatewayPin: pin } });
      const count = () => seen(subscriber, "BAY1-FQ").filter((s) => s.flags === 0).length;
      await until(() => count() >= RATE, () => `${count()} frequencies`);
      const { error } = totalVectorError(subscriber, "BAY1", 10, 1, "voltage", 0);
      assert.ok(error < 0.05, `TVE ${error} %`);

      // Capture may go and come back; the gateway waits for it.
      capturing.child.kill("SIGKILL");
      await capturing.ended;
      await untilAsync(async () => (await status()).parts["input.bus"].state === "waiting");
      capturing = capture();
      await untilAsync(async () => (await status()).parts["input.bus"].state === "running");
      const before = count();
      await until(() => count() >= before + RATE, () => `${count()} after ${before}`);
    });
  } finally {
    await cable.remove();
  }
});

async function untilAsync(condition: () => Promise<boolean>, limitMs = 60_000): Promise<void> {
  const end = performance.now() + limitMs;
  let last: unknown = "it did not hold";
  while (performance.now() < end) {
    try {
      if (await condition()) return;
    } catch (error) {
      last = error; // it may not be there yet
    }
    await sleep(50);
  }
  throw new Error(`Waited ${limitMs} ms for ${condition}: ${last}`);
}
