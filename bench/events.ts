/**
 * Event recording on a wire: twenty merging units at 14,400 samples per second, one of them recorded, then all.
 *
 * `deno run -P=test bench/events.ts [--short] [--fifo]`. Sender and gateway are processes of their own at the two ends of
 * a virtual Ethernet cable. Needs the rights to lay the cable and to open raw sockets.
 *
 * @module
 */
import { type Figure, figureTable, isReached } from "../mod/cli/bench_figure.ts";
import { machine } from "../mod/cli/machine.ts";
import { layCable } from "../mod/os/testing.ts";
import { LoadProcess, watchHost } from "./load/process.ts";

const STREAMS = 20, RATE = 14_400, ASDUS = 6;
/** Seconds at the beginning that do not count: code gets warm. */
const WARM_UP_SECONDS = 3;

if (import.meta.main) {
  const { figures, notes } = await measureEvents(
    Deno.args.includes("--short"),
    Deno.args.includes("--fifo"),
  );
  console.log(`\n${machine()}, ${new Date().toISOString()}\n`);
  console.log(figureTable(figures));
  console.log(notes.join("\n"));
  Deno.exit(figures.every(isReached) ? 0 : 1);
}

interface Recorded {
  readonly told: number;
  readonly whole: number;
  readonly afterMs: number;
  readonly bytes: number;
}

interface Counted {
  readonly samples: Readonly<Record<string, number>>;
  readonly lost: number;
  readonly kernelDrops: number;
  readonly packets: number;
  readonly linkDropped: number;
  readonly latePercentile99: number;
  readonly lateMost: number;
}

/** The figures; none where no cable can be laid. With `short` one event of one stream alone. */
export async function measureEvents(
  short = false,
  fifo = false,
): Promise<{ figures: Figure[]; notes: string[] }> {
  const cable = await layCable("events");
  if (!cable) return { figures: [], notes: [] };
  const folder = await Deno.makeTempDir({ prefix: "tieline-bench-" });
  const orders = short ? ["one"] as const : ["one", "one", "all"] as const;
  const seconds = WARM_UP_SECONDS + orders.length * 6 + 4;
  const run = (file: string, ...args: (string | number)[]) => [
    "run",
    "--quiet",
    "-A",
    file,
    ...args.map(String),
  ];
  const sender = new LoadProcess(
    run("bench/load/sv_sender.ts", cable.near, STREAMS, RATE, 50, seconds, "-", ASDUS),
    fifo,
  );
  const gateway = new LoadProcess(
    run("bench/load/event_gateway.ts", cable.far, STREAMS, RATE, ASDUS, folder),
    fifo,
  );
  try {
    await sender.next("ready");
    await gateway.next("ready");
    await sender.send("go");
    await sleep(1000 + WARM_UP_SECONDS * 1000);
    await gateway.send("count");
    const host = watchHost();
    const cpu = gateway.cpuSeconds, began = performance.now();
    const recorded: Recorded[] = [];
    for (const order of orders) {
      await gateway.send(`${order} ${recorded.length}`);
      recorded.push(await gateway.next<Recorded>(`recorded ${recorded.length}`));
    }
    const percent = 100_000 * (gateway.cpuSeconds - cpu) / (performance.now() - began);
    const { busyPercent, stolenPercent } = host();
    const sent = await sender.next<Record<string, number>>("sent");
    await sleep(200);
    await gateway.send("say");
    const counted = await gateway.next<Counted>("counted");
    const samples = sent["sent"]! * ASDUS;
    const ones = recorded.filter(({ told }) => told === 1);
    const all = recorded.find(({ told }) => told > 1);
    const name = `${STREAMS} x ${RATE}/s, 1 s + 4 s of one`;
    const figures: Figure[] = [
      {
        name: `${name}: on disk after the end of the window, worst of ${ones.length}`,
        value: Math.max(...ones.map(({ afterMs }) => afterMs)),
        unit: "ms",
        threshold: { atMost: 500 },
      },
      {
        name: `${name}: records with all samples`,
        value: ones.filter(({ whole }) => whole === 1).length,
        unit: `of ${ones.length}`,
        threshold: { atLeast: ones.length },
      },
      {
        name: `${name}: samples of all streams that did not come, or were lost`,
        value: samples - counted.samples["received"]! + counted.lost + counted.kernelDrops,
        unit: `of ${samples}`,
        threshold: { atMost: 0 },
      },
      {
        name: `${name}: main thread late, p99`,
        value: counted.latePercentile99,
        unit: "ms",
        threshold: { atMost: 10 },
      },
      { name: `${name}: size of a record`, value: ones[0]!.bytes / 1000, unit: "kB" },
    ];
    if (all) {
      figures.push(
        { name: `all ${all.told} at once: on disk after the end`, value: all.afterMs, unit: "ms" },
        {
          name: `all ${all.told} at once: records with all samples`,
          value: all.whole,
          unit: `of ${all.told}`,
        },
      );
    }
    const notes = [
      `Events: gateway ${
        percent.toFixed(0)
      } % of a core, with four triggers on each stream; main thread ` +
      `latest ${counted.lateMost.toFixed(1)} ms; sender passed over ${
        sent["missed"]
      }; link dropped ` +
      `${counted.linkDropped}; host ${busyPercent.toFixed(0)} % busy, ${
        stolenPercent.toFixed(1)
      } % stolen; ` +
      `samples ${JSON.stringify(counted.samples)}`,
    ];
    return { figures, notes };
  } catch (error) {
    console.error(sender.text, gateway.text);
    throw error;
  } finally {
    await Promise.all([sender.stop(), gateway.stop()]);
    await cable.remove();
    await Deno.remove(folder, { recursive: true });
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
