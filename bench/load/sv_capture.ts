/**
 * A sampled-values input without a gateway: `sv_capture.ts INTERFACE STREAMS HZ RATE FPS WAVEFORM_SECONDS`.
 *
 * Its streams are those of `sv_sender.ts`. It says when it captures; a line makes it begin to count, another one makes
 * it say what it counted: samples, drops, frames, processor time, how late timers of the main thread were, memory.
 *
 * @module
 */
import * as v from "valibot";
import { SignalRegistry } from "../../mod/core/mod.ts";
import { createSvInput, svInputSchema } from "../../mod/input/sv/mod.ts";
import { systemClock } from "../../mod/os/mod.ts";
import { lines } from "./lines.ts";
import { isCapturing, type SvDetail } from "./sv_detail.ts";

const [name, ...numbers] = Deno.args as [string, ...string[]];
const [streams, nominalHz, rate, framesPerSecond, waveformSeconds] = numbers.map(Number) as [
  number,
  number,
  number,
  number,
  number,
];
const options = v.parse(svInputSchema, {
  type: "sv",
  interface: name,
  ringBytes: 24 * 1024 * 1024,
  discovery: false,
  streams: Array.from({ length: streams }, (_, i) => ({
    acronym: `MU${i}`,
    svId: `MU${i}`,
    appid: 0x4000 + i,
    nominalHz,
    rate,
    preset: "F4800S1I4U4",
    asdus: 1,
    framesPerSecond,
    waveformSeconds,
  })),
});
let frames = 0, bad = 0;
/** By layout: frames that are not right since the last one that is; those at the end are the end of sending. */
const pending = new Map<number, number>();
const quiet = () => {};
const part = createSvInput("bus", options, {
  registry: new SignalRegistry("5b1f7c3e-2d64-4f0a-9c55-7e8d1a2b3c4d", "BENCH"),
  sink: {
    accept: ({ layout: { id }, values, flags }) => {
      frames++;
      if (values[0]! > 99.9 && values[0]! < 100.1 && flags[0] === 0) {
        bad += pending.get(id) ?? 0;
        pending.set(id, 0);
      } else pending.set(id, (pending.get(id) ?? 0) + 1);
    },
  },
  log: { debug: quiet, info: quiet, warn: (m) => console.log(m), error: (m) => console.log(m) },
  clock: systemClock(),
  cores: 2,
});

// What the status of this input looks like.
const detail = () => part.status().detail as unknown as SvDetail;

/** What became of the samples of all streams, by the last status. */
function sums(): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { stream } of Object.values(detail().devices)) {
    for (const [key, value] of Object.entries(stream!.samples)) {
      sums[key] = (sums[key] ?? 0) + value;
    }
  }
  return sums;
}

const TIMER_MS = 5;
const late: number[] = [];
function watch(): void {
  const due = performance.now() + TIMER_MS;
  setTimeout(() => {
    late.push(performance.now() - due);
    watch();
  }, TIMER_MS);
}

const orders = lines(Deno.stdin.readable);
await part.start();
while (!isCapturing(detail())) await new Promise((resolve) => setTimeout(resolve, 10));
console.log(JSON.stringify({ ready: true }));
await orders.next();
late.length = 0;
frames = 0;
bad = 0;
pending.clear();
watch();
const before = sums();
await orders.next();
await new Promise((resolve) => setTimeout(resolve, 1500)); // the next status of the Worker
const [worker] = detail().workers;
late.sort((a, b) => a - b);
console.log(JSON.stringify({
  counted: {
    before,
    samples: sums(),
    kernelDrops: worker!.capture!["drops"],
    packets: worker!.capture!["packets"],
    linkDropped: worker!.linkDropped,
    frames,
    bad,
    latePercentile99: late[Math.floor(late.length * 0.99)],
    lateMost: late.at(-1),
  },
}));
await part.stop();
Deno.exit(0);
