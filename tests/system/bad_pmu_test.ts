import assert from "node:assert/strict";
import { encodeRawData } from "../../mod/c37118/mod.ts";
import type { Gateway } from "../../mod/gateway/mod.ts";
import { checkSeries, isSent, stampOfRecord } from "./expected.ts";
import { HandPmu, type HandPmuBehaviour } from "./hand_pmu.ts";
import {
  detailOf,
  inputsRun,
  inputToml,
  outputOf,
  PLAIN_OUTPUT,
  PLAIN_SUBSCRIBER,
  Site,
} from "./site.ts";
import { stampOfTime } from "./subscriber.ts";
import { until } from "../support/waiting.ts";
import { heldBytes } from "../support/figures.ts";

/** What an input says of itself, as far as these tests look. */
interface InputDetail {
  readonly books: {
    readonly received: number;
    readonly accepted: number;
    readonly balance: number;
    readonly dropped: Readonly<Record<string, number>>;
  };
  readonly wire: Readonly<Record<string, number>>;
  readonly connects: number;
  readonly complaints: Readonly<Record<string, number>>;
  readonly configuration: unknown;
}

interface Case {
  readonly name: string;
  /** More of the input's table. */
  readonly toml?: string;
  readonly behaviour?: HandPmuBehaviour;
  /** What the device does on a word of the test, `second` being the present one. */
  readonly act: (device: HandPmu, second: number) => void;
  /** It answers no commands. */
  readonly silent?: boolean;
  /** When it is over. */
  readonly done: (detail: InputDetail) => boolean;
  /** One line of these, and only one, stands in the log. */
  readonly once?: RegExp;
  /** Stamps of PMUn-FQ that must have come, as [second, ticks]. */
  readonly comes?: (second: number) => [number, number][];
}

const TICKS_60 = 166_666;
/** Ticks of slot `index` at 60/s with TIME_BASE 1,000,000. */
const slotTicks = (index: number) => Math.round(index * 1e6 / 60) * 10;
assert.ok(Math.abs(slotTicks(1) - TICKS_60) <= 10);

/** Bytes that look random and are the same in every run. */
function noise(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let x = seed;
  for (let i = 0; i < size; i++) {
    x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d) + 0x9e3779b9 | 0;
    bytes[i] = x >>> 13;
  }
  return bytes;
}

function broken(frame: Uint8Array, at: number, xor: number): Uint8Array {
  const copy = frame.slice();
  copy[at]! ^= xor;
  return copy;
}

const MANY = "maxParseErrors = 100000\n";

const CASES: readonly Case[] = [
  {
    name: "random bytes",
    act: (device, second) => {
      device.sendFrames(second, 0, 1);
      device.send(noise(1_000_000, 1));
      device.sendFrames(second, 1, 5);
    },
    done: (d) => d.wire["skippedBytes"]! > 900_000 && d.books.accepted >= 6,
    once: /Bytes that are no frame/,
  },
  {
    name: "random bytes between good frames",
    toml: MANY,
    act: (device, second) => {
      for (let i = 0; i < 40; i++) {
        device.sendFrames(second, i, 1);
        device.send(noise(37, i));
      }
      device.sendFrames(second, 40, 5);
    },
    done: (d) => d.books.accepted >= 45,
    once: /Bytes that are no frame/,
    comes: (second) => [0, 20, 39, 44].map((i) => [second, slotTicks(i)]),
  },
  {
    name: "truncated frames",
    toml: MANY,
    act: (device, second) => {
      for (let i = 0; i < 20; i += 2) {
        device.sendFrames(second, i, 1);
        device.send(device.simulator.dataFrame(second, i + 1).subarray(0, 20));
      }
      device.sendFrames(second, 20, 5);
    },
    done: (d) => d.books.accepted >= 15,
    once: /Bytes that are no frame|wrong CHK/,
    comes: (second) => [0, 2, 18, 20, 24].map((i) => [second, slotTicks(i)]),
  },
  {
    name: "a frame that says 65,535 bytes",
    toml: MANY,
    act: (device, second) => {
      const frame = device.simulator.dataFrame(second, 0).slice();
      frame[2] = frame[3] = 0xff;
      device.send(frame);
      device.sendFrames(second, 1, 10);
    },
    done: (d) => d.books.accepted >= 10,
    once: /Bytes that are no frame|wrong CHK/,
    comes: (second) => [1, 10].map((i) => [second, slotTicks(i)]),
  },
  {
    name: "frames with a wrong CHK",
    toml: MANY,
    act: (device, second) => {
      for (let i = 0; i < 50; i++) {
        device.send(broken(device.simulator.dataFrame(second, i), 20, 1));
      }
      device.sendFrames(second, 50, 5);
    },
    done: (d) => d.books.dropped["crc"] === 50 && d.books.accepted === 5,
    once: /wrong CHK/,
    comes: (second) => [50, 54].map((i) => [second, slotTicks(i)]),
  },
  {
    name: "data before the configuration",
    behaviour: {
      connected: (device) => {
        if (device.connections === 1) return;
        const second = Math.floor(Date.now() / 1000);
        device.answers = false;
        device.sendFrames(second, 0, 30);
        setTimeout(() => {
          device.sendConfiguration();
          device.sendFrames(second, 30, 10);
        }, 200);
      },
    },
    act: (device) => device.hangUp(),
    done: (d) => d.books.dropped["noConfig"] === 30 && d.books.accepted === 10,
  },
  {
    name: "the wrong IDCODE",
    act: (device, second) => {
      for (let i = 0; i < 40; i++) {
        const { configuration } = device.simulator;
        const blocks = configuration.pmus.map((p) => ({
          stat: 0,
          phasors: p.phasors.map((): [number, number] => [1, 0]),
          freq: 60,
          dfreq: 0,
          analogs: p.analogs.map(() => 0),
          digitals: p.digitals.map(() => 0),
        }));
        device.send(encodeRawData(configuration, { idCode: 999, soc: second, fracSec: i }, blocks));
      }
      device.sendFrames(second, 0, 5);
    },
    done: (d) => d.books.dropped["wrongId"] === 40 && d.books.accepted === 5,
    once: /Frames of stream 999 were dropped/,
  },
  {
    name: "a time in 1970, 2106 and now",
    act: (device, second) => {
      device.sendFrames(0, 0, 5);
      device.sendFrames(0xffffffff, 0, 5);
      device.sendFrames(second, 0, 5);
    },
    done: (d) => d.books.accepted === 15,
    comes: (second) => [[0, 0], [0xffffffff, slotTicks(4)], [second, slotTicks(4)]],
  },
  {
    name: "a device that connects and says nothing",
    toml: "configurationTimeoutMs = 100\n",
    silent: true,
    act: () => {},
    done: (d) => d.connects >= 2,
    once: /no configuration after 3 requests/,
  },
  {
    name: "frames of another size than the configuration says",
    toml: MANY,
    act: (device, second) => {
      const { configuration } = device.simulator;
      const short = {
        ...configuration,
        pmus: configuration.pmus.map((p) => ({ ...p, analogs: [] })),
      };
      for (let i = 0; i < 20; i++) {
        const blocks = short.pmus.map((p) => ({
          stat: 0,
          phasors: p.phasors.map((): [number, number] => [1, 0]),
          freq: 60,
          dfreq: 0,
          analogs: [],
          digitals: p.digitals.map(() => 0),
        }));
        const prefix = { idCode: configuration.idCode, soc: second, fracSec: i };
        device.send(encodeRawData(short, prefix, blocks));
      }
      device.sendFrames(second, 0, 5);
    },
    done: (d) => d.books.dropped["sizeMismatch"] === 20 && d.books.accepted === 5,
    once: /A data frame of \d+ bytes was dropped/,
  },
];

function inputDetail(gateway: Gateway, name: string): InputDetail {
  return detailOf(gateway, name) as unknown as InputDetail; // the shape of the input's report
}

Deno.test("bad PMUs: each is told of once and counted, the neighbour loses nothing, memory is bounded", async (t) => {
  await Site.with(async (site) => {
    const good = await site.pmu(1);
    const second = Math.floor(Date.now() / 1000);
    let toml = inputToml(1, good.pmu.port);
    const devices: HandPmu[] = [];
    for (const [i, { toml: more, behaviour, silent }] of CASES.entries()) {
      const { pmu } = await site.pmu(i + 2, { hostname: "127.0.0.1" });
      const device = new HandPmu(pmu, behaviour);
      device.answers = silent !== true;
      site.atEnd(() => device.close());
      devices.push(device);
      toml += inputToml(i + 2, device.port, `dataLossMs = 60000\n${more ?? ""}`);
    }
    // An aligner meets stamps of 1970 and 2106 as well.
    const gateway = await site.gateway(
      toml + PLAIN_OUTPUT + PLAIN_SUBSCRIBER +
        "[align.wide]\nframesPerSecond = 60\nwaitMs = 2000\n",
    );
    await inputsRun(gateway, 1);
    // All configurations first: a client subscribes anew when metadata change, and loses data by that.
    await until(
      () =>
        CASES.every(({ silent }, i) =>
          silent || inputDetail(gateway, `input.pmu${i + 2}`).configuration !== null
        ),
      "the configurations of all devices",
    );
    const held = heldBytes();
    const subscriber = site.subscriber({ port: outputOf(gateway).port });
    await until(() => subscriber.measurements > 100, "data");
    CASES.forEach(({ act }, i) => act(devices[i]!, second));
    for (const [i, { name, done, once }] of CASES.entries()) {
      await t.step(name, async () => {
        const part = `input.pmu${i + 2}`;
        const now = () => inputDetail(gateway, part);
        await until(
          () => done(now()),
          () => `${name}: ${JSON.stringify(now())}`,
        );
        assert.equal(now().books.balance, 0);
        if (once) {
          // Each kind of complaint once, however often it happened.
          const texts = site.log.complaints(/./).filter(({ from }) => from === part).map((l) =>
            l.text
          );
          assert.ok(texts.some((text) => once.test(text)), JSON.stringify(texts));
          assert.equal(new Set(texts).size, texts.length, JSON.stringify(texts));
          assert.ok(texts.length <= 3, JSON.stringify(texts));
        }
      });
    }
    const aligned = detailOf(gateway, "align.wide");
    const awaited = () =>
      CASES.flatMap(({ name, comes }, i) => {
        const series = subscriber.seriesOf(`PMU${i + 2}-FQ`);
        return (comes?.(second) ?? [])
          .filter(([s, ticks]) => !series.has(stampOfTime(s, ticks)))
          .map(([s, ticks]) => `${name}: ${s} + ${ticks} ticks`);
      });
    await until(() => awaited().length === 0, awaited);
    await site.fleet.close();
    const last = stampOfRecord(good.records.findLast(isSent)!);
    await until(() => subscriber.seriesOf("PMU1-FQ").has(last), "the neighbour's last frame");
    await t.step("what was good of them came, and the neighbour is whole", () => {
      checkSeries(subscriber, [good]);
      assert.equal(subscriber.client.counters?.outOfSequence, 0);
      assert.equal(outputOf(gateway).subscribers()["client"]!.ledger.balance, 0);
    });
    await t.step("the aligner has refused impossible times and gone on", () => {
      // The shape of the aligner's figures.
      const sources = aligned["sources"] as Record<string, Record<string, number>>;
      const times = sources[`pmu${CASES.findIndex((c) => c.name.startsWith("a time")) + 2}`]!;
      assert.ok(times["late"]! >= 5 && times["future"]! >= 5, JSON.stringify(times));
      assert.equal(sources["pmu1"]!["late"], 0);
      assert.equal(aligned["clockSteps"], 0);
    });
    const growth = (heldBytes() - held) / 1e6;
    assert.ok(growth < 120, `memory grew by ${growth} MB`);
  });
});

Deno.test("bad PMUs: a configuration that changes in mid-stream: old GUIDs stay, new signals join a running FILTER", async () => {
  await Site.with(async (site) => {
    const device = { device: 1, station: "STATION 1" };
    const good = await site.pmu(2);
    const { pmu } = await site.pmu(1, { devices: [{ ...device, phasors: 2 }] });
    const gateway = await site.gateway(
      inputToml(1, pmu.port) + inputToml(2, good.pmu.port) + PLAIN_OUTPUT + PLAIN_SUBSCRIBER,
    );
    await inputsRun(gateway, 2);
    const subscriber = site.subscriber({
      port: outputOf(gateway).port,
      filter: "FILTER ActiveMeasurements WHERE SignalType IN ('VPHM', 'IPHM', 'FREQ')",
    });
    // One that asks for no metadata does not subscribe anew, and so has to have everything.
    const steady = site.subscriber({ port: outputOf(gateway).port, metadata: false });
    await until(() => subscriber.measurements > 100 && steady.measurements > 100, "data");
    const before = new Map(subscriber.references());
    assert.ok(!before.has("PMU1-PM4"));
    pmu.reconfigure([{ ...device, phasors: 4 }]);
    await until(
      () => subscriber.seriesOf("PMU1-PM4").size > 10 && subscriber.seriesOf("PMU1-PM3").size > 10,
      () => `the new phasors; ${JSON.stringify(detailOf(gateway, "input.pmu1")).slice(0, 3000)}`,
    );
    await until(() => steady.signals().length === gateway.registry.signals().length, "a cache");
    const after = subscriber.references();
    for (const [reference, id] of before) assert.equal(after.get(reference), id, reference);
    for (const one of [subscriber, steady]) {
      assert.equal(one.client.connects, 1);
      assert.equal(one.client.counters?.outOfSequence, 0);
      assert.deepEqual(one.extra, []);
    }
    const added = after.get("PMU1-PM4")!;
    await until(
      () => (steady.series.get(added)?.size ?? 0) > 10,
      "the new phasor without metadata",
    );
    // The neighbour in the same subscription has all that was sent.
    const stamps = steady.order.get(after.get("PMU2-FQ")!)!;
    const [first, last] = [stamps[0]!, stamps.at(-1)!];
    const missing = good.records.filter((r) => r.receivers > 0).map(stampOfRecord)
      .filter((stamp) => stamp >= first && stamp <= last && !stamps.includes(stamp));
    assert.deepEqual(
      missing,
      [],
      JSON.stringify([
        outputOf(gateway).subscribers()["client"],
        steady.client.counters,
        detailOf(gateway, "input.pmu2")["books"],
        good.pmu.account,
      ]),
    );
    // Less than before: what is gone leaves the cache and the metadata.
    pmu.reconfigure([{ ...device, phasors: 1 }]);
    await until(() => !subscriber.references().has("PMU1-PM2"), "metadata without the old phasors");
    assert.equal(subscriber.references().get("PMU1-PM1"), before.get("PMU1-PM1"));
    await until(() => !subscriber.signals().includes(before.get("PMU1-PM2")!), "a smaller cache");
  });
});
