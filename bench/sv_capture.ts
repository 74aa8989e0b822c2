/**
 * Capture on a wire: frames per second without a drop, and what twenty merging units with virtual PMUs cost.
 *
 * `deno run -P=test bench/sv_capture.ts [--seconds N] [--fifo]`. Sender and capture are processes of their own at the two
 * ends of a virtual Ethernet cable, each on one core; what is not to pass the filter comes from a third process, on the
 * core of capture, since one core cannot send all of it. Needs the rights to lay the cable and to open raw sockets.
 *
 * @module
 */
import { type Figure, figureTable, isReached } from "../mod/cli/bench_figure.ts";
import { machine } from "../mod/cli/machine.ts";
import { type Cable, layCable } from "../mod/os/testing.ts";
import { sharedMicros } from "./load/clock.ts";
import { allowedCores, LoadProcess, watchHost } from "./load/process.ts";

/** What is sent and made of it. */
interface Load {
  readonly name: string;
  readonly streams: number;
  /** Streams beside them that are not configured: the kernel drops their frames. */
  readonly foreign: number;
  readonly hz: number;
  readonly rate: number;
  readonly framesPerSecond: number;
  readonly waveformSeconds: number;
}

/** The figure of the issue: 125 x 4,000 = 500,000 frames/s; one report a second stands for no estimator. */
const FULL: Load = {
  name: "capture of 500,000 frames/s",
  streams: 125,
  foreign: 0,
  hz: 50,
  rate: 4000,
  framesPerSecond: 1,
  waveformSeconds: 1,
};
/** The same with a storm of 250,000 frames/s of the same EtherType and other APPIDs and addresses. */
const STORM: Load = { ...FULL, name: "500,000 frames/s in a storm of 250,000/s", foreign: 63 };
const SITE: Load = {
  name: "20 x 4,800/s, class P at 60/s",
  streams: 20,
  foreign: 0,
  hz: 60,
  rate: 4800,
  framesPerSecond: 60,
  waveformSeconds: 4,
};
/** Seconds at the beginning that do not count: code gets warm. */
const WARM_UP_SECONDS = 3;

if (import.meta.main) {
  const at = Deno.args.indexOf("--seconds");
  const { figures, notes } = await measureSvCapture(
    at < 0 ? 60 : Number(Deno.args[at + 1]),
    Deno.args.includes("--fifo"),
  );
  console.log(`\n${machine()}, ${new Date().toISOString()}\n`);
  console.log(figureTable(figures));
  console.log(notes.join("\n"));
  Deno.exit(figures.every(isReached) ? 0 : 1);
}

/** Both loads, one after the other; no figures where no cable can be laid. */
export async function measureSvCapture(
  seconds: number,
  fifo = false,
): Promise<{ figures: Figure[]; notes: string[] }> {
  const figures: Figure[] = [], notes: string[] = [];
  for (const load of [FULL, STORM, SITE]) {
    const cable = await layCable("bench");
    if (!cable) break;
    try {
      await run(load, seconds, fifo, cable, figures, notes);
    } finally {
      await cable.remove();
    }
  }
  return { figures, notes };
}

async function run(
  load: Load,
  seconds: number,
  fifo: boolean,
  cable: Cable,
  figures: Figure[],
  notes: string[],
): Promise<void> {
  const { streams, foreign, hz, rate, framesPerSecond, waveformSeconds } = load;
  const total = seconds + WARM_UP_SECONDS;
  const args = (file: string, name: string, numbers: readonly number[]) => [
    "run",
    "--quiet",
    "-A",
    file,
    name,
    ...numbers.map(String),
  ];
  const [sending, capturing = sending] = allowedCores() as [number, number?];
  const send = (first: number, count: number, core: number) =>
    new LoadProcess(
      [
        ...args("bench/load/sv_sender.ts", cable.near, [count, rate, hz, total]),
        "-",
        "1",
        String(first),
      ],
      fifo,
      fifo ? undefined : core,
    );
  const sender = send(0, streams, sending);
  const storm = foreign > 0 ? send(streams, foreign, capturing) : undefined;
  const capture = new LoadProcess(
    args("bench/load/sv_capture.ts", cable.far, [
      streams,
      hz,
      rate,
      framesPerSecond,
      waveformSeconds,
    ]),
    fifo,
    fifo ? undefined : capturing,
  );
  try {
    for (const process of [sender, storm, capture]) await process?.next("ready");
    await storm?.send("go");
    await sender.send("go");
    await sleep(1000 + WARM_UP_SECONDS * 1000);
    await capture.send("count");
    const host = watchHost(), from = sharedMicros();
    const before = [capture.cpuSeconds, sender.cpuSeconds];
    await sleep(seconds * 1000 - 500);
    const passed = (sharedMicros() - from) / 1e6;
    const cpu = [capture.cpuSeconds, sender.cpuSeconds].map((now, i) =>
      100 * (now - before[i]!) / passed
    );
    const { busyPercent, stolenPercent } = host();
    const sent = await sender.next<Record<string, number>>("sent");
    const besides = await storm?.next<Record<string, number>>("sent");
    await sleep(200);
    await capture.send("say");
    const counted = await capture.next<Counted>("counted");
    const peak = capture.peakMegabytes;
    const frames = sent["sent"]!, all = frames + (besides?.["sent"] ?? 0);
    const percent = (value: number | undefined) => `${value?.toFixed(1)} %`;
    figures.push(
      {
        name: `${load.name}: frames of configured streams on the wire`,
        value: frames / total,
        unit: "/s",
        ...(load === SITE ? {} : { threshold: { atLeast: 499_000 } }),
      },
      ...(besides
        ? [{
          name: `${load.name}: frames of the storm on the wire`,
          value: besides["sent"]! / total,
          unit: "/s",
          threshold: { atLeast: 249_000 },
        }]
        : []),
      {
        name: `${load.name}: frames that passed the kernel's filter`,
        value: counted.packets,
        unit: `of ${all}`,
        threshold: { atMost: frames },
      },
      {
        name: `${load.name}: dropped by the kernel for want of room`,
        value: counted.kernelDrops,
        unit: `of ${counted.packets}`,
        threshold: { atMost: 0 },
      },
      {
        name: `${load.name}: samples sent that did not come`,
        value: frames - counted.samples["received"]!,
        unit: `of ${frames}`,
        threshold: { atMost: 0 },
      },
      {
        name: `${load.name}: samples that came and did not go into the waveform rings`,
        value: refused(counted.samples) - refused(counted.before),
        unit: "",
        threshold: { atMost: 0 },
      },
      {
        name: `${load.name}: processor time of capture and main thread`,
        value: cpu[0]!,
        unit: "% of a core",
        threshold: { atMost: load === SITE ? 60 : 100 },
      },
      { name: `${load.name}: peak memory`, value: peak, unit: "MB" },
    );
    if (load === SITE) {
      figures.push(
        {
          name: `${load.name}: main thread late, p99`,
          value: counted.latePercentile99,
          unit: "ms",
          threshold: { atMost: 5 },
        },
        {
          name: `${load.name}: synchrophasors that are not right`,
          value: counted.bad,
          unit: `of ${counted.frames}`,
          threshold: { atMost: 0 },
        },
      );
    }
    notes.push(
      `${load.name}: sender ${percent(cpu[1])} of its core, passed over ${
        sent["missed"]
      } samples, refused ${sent["refused"]}; link dropped ${counted.linkDropped}; host ${
        percent(busyPercent)
      } busy, ${percent(stolenPercent)} stolen; samples ${
        JSON.stringify(counted.samples)
      }; main thread latest ${counted.lateMost.toFixed(1)} ms`,
    );
  } catch (error) {
    console.error(sender.text, storm?.text ?? "", capture.text);
    throw error;
  } finally {
    await Promise.all([sender.stop(), storm?.stop(), capture.stop()]);
  }
}

/** Samples that came too late, which a sender that the host holds up brings about, twice, or out of place. */
function refused(samples: Readonly<Record<string, number>>): number {
  return samples["received"]! - samples["accepted"]!;
}

interface Counted {
  readonly before: Readonly<Record<string, number>>;
  readonly samples: Readonly<Record<string, number>>;
  readonly kernelDrops: number;
  readonly packets: number;
  readonly linkDropped: number;
  readonly frames: number;
  readonly bad: number;
  readonly latePercentile99: number;
  readonly lateMost: number;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
