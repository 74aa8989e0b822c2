/**
 * `tieline bench`: the device-side figures on the machine that the program runs on, as one table.
 *
 * @module
 */
import { Command } from "commander";
import { type AlignSpeed, measureAligning } from "./bench_align.ts";
import { type DecodeSpeed, measureDecoding } from "./bench_decode.ts";
import { type Figure, figureTable } from "./bench_figure.ts";
import { measureTimers, type TimerLateness } from "./bench_timer.ts";
import { measureTls, type TlsSpeed } from "./bench_tls.ts";
import { measureTssc, type TsscSpeed } from "./bench_tssc.ts";
import { machine } from "./machine.ts";
import { seconds } from "./options.ts";
import { VERSION } from "./version.ts";

/** The `bench` command. */
export function benchCommand(): Command {
  return new Command("bench")
    .description("measure this machine: decoding, encoding, alignment, TLS, timers")
    .option("--seconds <n>", "time for each figure", seconds, 1)
    .option("--json", "print one JSON object")
    .action(async (options: { seconds: number; json?: boolean }) => {
      const figures = await deviceFigures(options.seconds * 1000);
      const where = machine();
      if (options.json) {
        console.log(JSON.stringify({ version: VERSION, machine: where, figures }));
      } else {
        console.log(`Tieline ${VERSION} on ${where}; medians, one thread\n`);
        console.log(figureTable(figures));
      }
      // Listeners of the platform may linger for a moment.
      Deno.exit(0);
    });
}

/** Measures everything that needs neither peers nor other processes, each figure for about `forMs` milliseconds. */
async function deviceFigures(forMs: number): Promise<Figure[]> {
  return [
    ...measureDecoding(forMs).map(decodeFigure),
    ...tsscFigures(measureTssc(forMs)),
    ...measureAligning(forMs).map(alignFigure),
    ...(await measureTls(forMs)).flatMap(tlsFigures),
    ...(await measureTimers(forMs)).flatMap(timerFigures),
  ];
}

/** Speed of decoding as a figure. */
export function decodeFigure({ name, framesPerSecond }: DecodeSpeed): Figure {
  return {
    name: `C37.118 bytes to frame, 10 phasors ${name}`,
    value: framesPerSecond,
    unit: "frames/s",
  };
}

/** Speed of TSSC as figures: encoder, decoder, size. */
export function tsscFigures(speed: TsscSpeed): [encode: Figure, decode: Figure, size: Figure] {
  return [
    { name: "TSSC encode", value: speed.encodeNanos, unit: "ns/measurement" },
    { name: "TSSC decode", value: speed.decodeNanos, unit: "ns/measurement" },
    { name: "TSSC size", value: speed.bytesPerMeasurement, unit: "bytes/measurement" },
  ];
}

/** Speed of aligning as a figure. */
export function alignFigure({ name, microsPerFrame }: AlignSpeed): Figure {
  return {
    name: `Align 40 PMUs x 60 x 26 values, ${name}`,
    value: microsPerFrame,
    unit: "us/frame in",
  };
}

/** Speed of TLS as figures: time of a packet, throughput. */
export function tlsFigures(
  { packetBytes, microsPerPacket, megabytesPerSecond }: TlsSpeed,
): Figure[] {
  const name = `TLS write and read, packets of ${packetBytes} bytes`;
  return [
    { name, value: microsPerPacket, unit: "us/packet" },
    { name, value: megabytesPerSecond, unit: "MB/s" },
  ];
}

/** Lateness of a way of waiting as figures: median, 99th percentile. */
export function timerFigures({ name, p50Ms, p99Ms }: TimerLateness): Figure[] {
  const what = `Lateness at 60 deadlines/s, ${name}`;
  return [
    { name: `${what}, p50`, value: p50Ms, unit: "ms" },
    { name: `${what}, p99`, value: p99Ms, unit: "ms" },
  ];
}
