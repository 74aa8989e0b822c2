/**
 * `deno task bench [--short] [--fifo] [--only PART]`: the figures of the program, with peers where they are installed.
 *
 * Exits 1 if a threshold is missed. `--short` is for CI: a few seconds each and no thresholds; only what breaks fails.
 * `--fifo` runs the processes of the load under SCHED_FIFO, for machines that others use at the same time. `--only`
 * measures one part: `decode`, `sv`, `tssc`, `filter`, `phasor`, `slipstream`, `device`, `capture`, `latency`,
 * `triggers`, `alarms`, `c37118`, `events`, `clock`, `dashboard`, `received` or `aligned`. `capture`, `latency`, `events`
 * and `clock` need the rights to lay a virtual cable and to open raw sockets.
 *
 * @module
 */
import {
  alignFigure,
  decodeFigure,
  timerFigures,
  tlsFigures,
  tsscFigures,
} from "../mod/cli/bench.ts";
import { measureAligning } from "../mod/cli/bench_align.ts";
import { measureDecoding } from "../mod/cli/bench_decode.ts";
import { type Figure, figureTable, isReached } from "../mod/cli/bench_figure.ts";
import { measureTimers } from "../mod/cli/bench_timer.ts";
import { measureTls } from "../mod/cli/bench_tls.ts";
import { measureTssc } from "../mod/cli/bench_tssc.ts";
import { machine } from "../mod/cli/machine.ts";
import { alarmFigures } from "./alarms.ts";
import { c37118OutputFigures } from "./c37118_output.ts";
import { measureClock } from "./clock.ts";
import { type LoadResult, measureLoad } from "./gateway_load.ts";
import { measureDashboard } from "./dashboard.ts";
import { measureEvents } from "./events.ts";
import { filterFigures } from "./filter.ts";
import { measureSvCapture } from "./sv_capture.ts";
import { measureSv } from "./sv_decode.ts";
import { measureSvLatency } from "./sv_latency.ts";
import { phasorFigures } from "./phasor_speed.ts";
import { sttpapiNanos, synchrophasorNanos } from "./peers/peers.ts";
import { slipstreamFigures } from "./slipstream.ts";
import { triggerFigures } from "./triggers.ts";

const short = Deno.args.includes("--short");
const fifo = Deno.args.includes("--fifo");
const onlyAt = Deno.args.indexOf("--only");
const only = onlyAt < 0 ? undefined : Deno.args[onlyAt + 1];
const forMs = short ? 300 : 3000;
const loadSeconds = short ? 5 : 60;
const notes: string[] = [];

const PARTS: Readonly<Record<string, () => Promise<Figure[]>>> = {
  decode: decodeFigures,
  sv: () => Promise.resolve(measureSv(forMs)),
  tssc: tsscFiguresWithPeer,
  filter: () => Promise.resolve(filterFigures(forMs)),
  phasor: () => Promise.resolve(phasorFigures(forMs)),
  slipstream: () => slipstreamFigures(forMs),
  device: async () => [
    ...measureAligning(forMs).map(alignFigure),
    ...(await measureTls(forMs)).flatMap(tlsFigures),
    ...(await measureTimers(forMs)).flatMap(timerFigures),
  ],
  capture: async () => noted(await measureSvCapture(loadSeconds, fifo)),
  latency: async () => [
    ...noted(await measureSvLatency(loadSeconds, fifo, false)),
    ...noted(await measureSvLatency(loadSeconds, fifo, true)),
  ],
  triggers: () => Promise.resolve(triggerFigures(forMs)),
  alarms: () => Promise.resolve(alarmFigures(forMs)),
  c37118: () => Promise.resolve(c37118OutputFigures(forMs)),
  events: async () => noted(await measureEvents(short, fifo)),
  clock: () => measureClock(short ? 3 : 30),
  dashboard: () => measureDashboard(short ? 3 : 20),
  received: () => loadFigures(false),
  aligned: () => loadFigures(true),
};

const figures: Figure[] = [];
for (const [name, measure] of Object.entries(PARTS)) {
  if (only !== undefined && only !== name) continue;
  console.error(`measuring: ${name}`);
  figures.push(...await measure());
}
if (figures.length === 0) {
  throw new Error(`Expected --only ${Object.keys(PARTS).join(", ")}, found "${only}"`);
}
console.log(`\n${machine()}, ${new Date().toISOString()}${short ? ", short" : ""}; medians\n`);
console.log(figureTable(short ? figures.map(withoutThreshold) : figures));
if (notes.length > 0) console.log(`\n${notes.join("\n")}`);
Deno.exit(!short && !figures.every(isReached) ? 1 : 0);

async function decodeFigures(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const speed of measureDecoding(forMs)) {
    const peerNanos = await synchrophasorNanos(speed.format, forMs);
    // The issue of this figure holds the first format, float polar, against limits; the others are told.
    const isHeld = figures.length === 0;
    figures.push({
      ...decodeFigure(speed),
      ...(isHeld && { threshold: { atLeast: 1_000_000 } }),
      ...(peerNanos !== undefined && {
        peer: {
          name: "synchrophasor (Python)",
          ratio: (peerNanos * speed.framesPerSecond) / 1e9,
          ...(isHeld && { atLeast: 30 }),
        },
      }),
    });
  }
  return figures;
}

async function tsscFiguresWithPeer(): Promise<Figure[]> {
  const speed = measureTssc(forMs);
  const peer = await sttpapiNanos(forMs);
  const [encode, decode, size] = tsscFigures(speed);
  if (!peer) return [encode, decode, size];
  const name = "sttpapi (Python)";
  return [
    { ...encode, peer: { name, ratio: peer.encodeNanos / speed.encodeNanos } },
    { ...decode, peer: { name, ratio: peer.decodeNanos / speed.decodeNanos } },
    size,
  ];
}

async function loadFigures(aligned: boolean): Promise<Figure[]> {
  return noted(await measureLoad({ seconds: loadSeconds, aligned, fifo }));
}

function noted({ figures, notes: more }: LoadResult): Figure[] {
  notes.push(...more);
  return figures;
}

function withoutThreshold({ name, value, unit, peer }: Figure): Figure {
  return {
    name,
    value,
    unit,
    ...(peer && { peer: { name: peer.name, ratio: peer.ratio } }),
  };
}
