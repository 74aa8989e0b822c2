import assert from "node:assert/strict";
import { commonStatusOf, stateFlagsOf } from "../../mod/c37118/mod.ts";
import { GridModel, makeSimDevice, signalSuffixes } from "../../mod/sim/mod.ts";
import { type Recorded, startGateway, startSimulator } from "./gateway.ts";
import { GO_CLIENT, LineProcess, type Peer, PYTHON, pythonProgram, testWith } from "./peers.ts";
import { collect, floatOf, type Received, ticksOf } from "./received.ts";
import { freePort } from "../support/ports.ts";
import { until } from "../support/waiting.ts";

// As many values as the Python client decodes in time on a busy machine; a few seconds of its stall fill the queue.
const COUNT = 4, RATE = 60, SECONDS = 30, PHASORS = 40;
/** What a second of all PMUs is: two numbers of each phasor, frequency, its rate and STAT. */
const SECOND_OF_ALL = COUNT * RATE * (2 * PHASORS + 3);

const CLIENTS: [string, Peer[], string, string[]][] = [
  ["Python", ["sttp"], PYTHON, [pythonProgram("sttp_client.py")]],
  ["Go", ["goapi", "sttp"], GO_CLIENT, []],
];

for (const [name, peers, command, first] of CLIENTS) {
  testWith(
    peers,
    `a ${name} client that stalls loses data and nothing else, without subscribing anew`,
    async () => {
      const simulator = await startSimulator(COUNT, [
        ...["--rate", String(RATE), "--phasors", String(PHASORS)],
      ]);
      let records: Recorded[] = [], received: Received | undefined, dropped = 0, subscribed = 0;
      try {
        const gateway = await startGateway({
          inputs: simulator.ports.map((port, i) => ({ name: `pmu${i + 1}`, port, idCode: i + 1 })),
          output: "logBytes = 1048576\nqueueBytes = 65536\nunsentBytes = 16384",
        });
        const listen = freePort();
        const pipe = new LineProcess(PYTHON, [
          pythonProgram("slow_pipe.py"),
          ...[String(listen), "127.0.0.1", String(gateway.port)],
        ]);
        await pipe.line("listening");
        const client = new LineProcess(command, [
          ...first,
          ...["127.0.0.1", String(listen), "FILTER ActiveMeasurements WHERE Device LIKE 'PMU%'"],
          String(SECONDS),
        ]);
        try {
          const ledger = async () => ledgerOf(await gateway.status());
          await until(async () => (await ledger()).sent > 0, "data to flow");
          pipe.signal("SIGUSR1");
          // As long as that every PMU has a gap, and not only the one whose frame was the first too many.
          await until(
            async () => (dropped = (await ledger()).dropped.slow) > SECOND_OF_ALL,
            () => `a full queue, dropped ${dropped}`,
          );
          pipe.signal("SIGUSR2");
          received = await collect(client, 180_000);
          subscribed = client.lines.filter((line) => "subscribed" in line).length;
        } finally {
          await client.stop();
          await pipe.stop();
          await gateway.stop();
        }
      } finally {
        records = await simulator.stop();
      }
      assert.ok(received);
      assert.deepEqual(received.summary.errors, []);
      assert.deepEqual(received.extra, []);
      assert.equal(subscribed, 1);
      check(received, records);
    },
  );
}

/** What came is right, it has a gap, and data flow again after it. */
function check(received: Received, records: readonly Recorded[]): void {
  const model = new GridModel();
  for (let i = 0; i < COUNT; i++) {
    const device = makeSimDevice({ device: i, phasors: PHASORS });
    const slots = new Map(
      records.filter((r) => r.devices[0] === i).map((r) => [
        ticksOf(r.second, Math.round(r.index * 1e6 / RATE)),
        r,
      ]),
    );
    signalSuffixes(device).forEach((suffix, s) => {
      const series = received.series.get(`PMU${i + 1}-${suffix}`);
      assert.ok(series);
      for (const [ticks, { bits, flags }] of series) {
        const slot = slots.get(ticks);
        assert.ok(slot, `PMU${i + 1}-${suffix} at ${ticks} was never sent`);
        const stat = model.statAt(i, slot.second);
        const expected = suffix === "SF"
          ? commonStatusOf(stat)
          : model.valueAt(device, s, slot.second, slot.index, RATE);
        assert.ok(Object.is(floatOf(bits), expected), `PMU${i + 1}-${suffix} at ${ticks}`);
        assert.equal(flags, stateFlagsOf(stat));
      }
      const stamps = [...series.keys()].map((t) => Number(BigInt(t) / 10_000n)).sort((a, b) =>
        a - b
      );
      // The queue is small: a client that gets too little time may lose a few frames besides.
      const ends = stamps.slice(1).filter((t, k) => t - stamps[k]! > 40);
      assert.ok(ends.length >= 1, `PMU${i + 1}-${suffix}: no gap`);
      const after = stamps.at(-1)! - ends[0]!;
      assert.ok(after > 1000, `PMU${i + 1}-${suffix}: data for only ${after} ms after the gap`);
    });
  }
}

/** What became of the measurements for the client. */
interface Ledger {
  readonly sent: number;
  readonly dropped: { readonly slow: number };
}

function ledgerOf(status: unknown): Ledger {
  // The shape of a status page.
  const { parts } = status as {
    parts: Record<string, { detail: { subscribers: Record<string, { ledger: Ledger }> } }>;
  };
  return parts["output.main"]!.detail.subscribers["client"]!.ledger;
}
