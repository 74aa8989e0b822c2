/**
 * A gateway that records events: `event_gateway.ts INTERFACE STREAMS RATE ASDUS FOLDER`.
 *
 * Its streams are those of `sv_sender.ts`. It says when it captures. Each line is an order: `one N` records one stream,
 * `all N` records all of them, 1 s before and 4 s after; when the records are on disk it says how long after the end of
 * the window that was. `say` makes it tell what it counted.
 *
 * @module
 */
import { decodeEventRecord, recordedSamples } from "../../mod/event/mod.ts";
import { Gateway, readConfig } from "../../mod/gateway/mod.ts";
import { systemClock } from "../../mod/os/mod.ts";
import { lines } from "./lines.ts";
import { isCapturing, type SvDetail } from "./sv_detail.ts";

const [name, ...numbers] = Deno.args as [string, ...string[]]; // see above
const [streams, rate, asdus] = numbers.map(Number) as [number, number, number];
const folder = numbers[3]!;
const PRE_MS = 1000, POST_MS = 4000;
const WANTED = rate * (PRE_MS + POST_MS) / 1000;

const stream = (i: number) => `
[[input.bus.streams]]
acronym = "MU${i}"
svId = "MU${i}"
appid = ${0x4000 + i}
nominalHz = 50
rate = ${rate}
preset = "F${rate}S${asdus}I4U4"
asdus = ${asdus}
framesPerSecond = 50
waveformSeconds = 4
`;
const TRIGGERS = `
[trigger.over]
kind = "over"
streams = ["*"]
channels = ["Ia", "Ib", "Ic"]
limit = 1000
[trigger.dip]
kind = "under"
streams = ["*"]
channels = ["Ua", "Ub", "Uc"]
limit = 10000
delayMs = 100
holdOffMs = 3600000
[trigger.frequency]
kind = "frequency"
streams = ["*"]
channels = ["Ua", "Ub", "Uc"]
low = 45
high = 55
minimum = 1000
[trigger.unbalance]
kind = "unbalance"
streams = ["*"]
channels = ["Ua", "Ub", "Uc"]
limit = 50
minimum = 1000
`;
const config = readConfig(
  `[gateway]
id = "5b1f7c3e-2d64-4f0a-9c55-7e8d1a2b3c4d"
name = "BENCH"
memoryMB = 2000
stateDir = "${folder}"
[log]
level = "warning"
[statistics]
enabled = false
[input.bus]
type = "sv"
interface = "${name}"
ringBytes = ${24 * 1024 * 1024}
discovery = false
[event]
preMs = ${PRE_MS}
postMs = ${POST_MS}
memoryMB = 128
${TRIGGERS}
${Array.from({ length: streams }, (_, i) => stream(i)).join("")}`,
  "bench",
);
const clock = systemClock();
const gateway = new Gateway(config, clock);
await gateway.start();

const TIMER_MS = 5;
const late: number[] = [];
function watch(): void {
  const due = performance.now() + TIMER_MS;
  setTimeout(() => {
    late.push(performance.now() - due);
    watch();
  }, TIMER_MS);
}

interface Recorded {
  readonly recording: {
    readonly recorder: { readonly lostSamples: number; readonly unwatched: number };
  };
}
// What the status of this input looks like.
const detail = () => gateway.status().parts["input.bus"]!.detail as unknown as SvDetail<Recorded>;
const written = () => Number(gateway.archive!.status().detail?.["written"] ?? 0);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function record(what: string, number: string): Promise<void> {
  const before = written();
  const wanted = what === "one" ? ["MU7"] : ["*"];
  const at = clock.nowMicros();
  const { event, streams: told } = gateway.recordNow({ by: "bench", streams: wanted });
  const end = performance.now() + POST_MS + 15_000;
  while (written() < before + told.length && performance.now() < end) await sleep(1);
  const afterMs = (clock.nowMicros() - at) / 1000 - POST_MS;
  const entries = await gateway.archive!.list({ event, limit: 1000 });
  let whole = 0, bytes = 0;
  for (const { id } of entries) {
    const found = await gateway.archive!.get(id);
    if (!found) continue;
    const content = decodeEventRecord(found.bytes);
    bytes += found.bytes.length;
    const isWhole = recordedSamples(content) === WANTED && content.lostSamples === 0 &&
      content.missingSamples === 0 && content.shortSamples === 0 && content.jumps === 0;
    if (isWhole) whole++;
  }
  const recorded = { told: told.length, whole, afterMs, bytes };
  console.log(JSON.stringify({ [`recorded ${number}`]: recorded }));
}

while (!isCapturing(detail())) await sleep(10);
console.log(JSON.stringify({ ready: true }));
for await (const line of lines(Deno.stdin.readable)) {
  const [order = "", number = ""] = line.split(" ");
  if (order === "count") {
    late.length = 0;
    watch();
  } else if (order === "one" || order === "all") await record(order, number);
  else if (order === "say") {
    await sleep(1200); // the next status of the Workers
    late.sort((a, b) => a - b);
    const samples: Record<string, number> = {};
    let lost = 0;
    for (const { stream } of Object.values(detail().devices)) {
      if (!stream) continue;
      for (const [key, n] of Object.entries(stream.samples)) samples[key] = (samples[key] ?? 0) + n;
      const { recorder } = stream.recording;
      lost += recorder.lostSamples + recorder.unwatched;
    }
    const { workers } = detail();
    const sum = (of: (w: typeof workers[number]) => number) =>
      workers.reduce((n, w) => n + of(w), 0);
    console.log(JSON.stringify({
      counted: {
        samples,
        lost,
        kernelDrops: sum((w) => w.capture?.["drops"] ?? 0),
        packets: sum((w) => w.capture?.["packets"] ?? 0),
        linkDropped: sum((w) => w.linkDropped),
        latePercentile99: late[Math.floor(late.length * 0.99)],
        lateMost: late.at(-1),
      },
    }));
  }
}
await gateway.stop();
Deno.exit(0);
