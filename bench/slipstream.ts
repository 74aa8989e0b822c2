/**
 * Slipstream: time per value and bytes per message, with the reference implementation where it is installed.
 *
 * Run alone, `deno run -P=test bench/slipstream.ts [--vectors DIR]` prints the table of sizes of `docs/slipstream.md`.
 *
 * @module
 */
import { gunzipSync } from "node:zlib";
import { type Figure, nanosPerUnit } from "../mod/cli/bench_figure.ts";
import { type Columns, Decoder, Encoder, type StreamOptions } from "../mod/slipstream/mod.ts";
import { reasonOf } from "../tests/interop/peers.ts";
import { askReference } from "../tests/interop/slipstream_reference.ts";
import { columnsOf, optionsOf, type StreamVector } from "../tests/vectors/slipstream.ts";
import { waveform, type WaveformKind } from "./waveforms.ts";

const UUID = "6f2b0a3c-91d4-4e57-8a10-5c3e7f1d2b90";
/** Bytes of an SV frame with six samples of the LE data set, which the smallest messages are held against. */
const SV_BYTES = 589;
/** What the reference takes for them on a signal without noise. */
const MOST_BYTES = 121;

/** Bytes of a value and its quality before compression. */
const RAW_BYTES = 8;

/** Times of one combination of rate and message length. */
interface Speed {
  readonly options: StreamOptions;
  readonly encodeNanos: number;
  readonly decodeNanos: number;
}

/** The figures of the issue: speed at two rates and two lengths, and the size of the smallest messages. */
export async function slipstreamFigures(forMs: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  const reason = reasonOf("slipstream");
  if (reason !== undefined) console.log(`skipped: slipstream is not available: ${reason}`);
  for (const samplingRate of [4800, 14_400]) {
    for (const samplesPerMessage of [6, 4800]) {
      const options = { uuid: UUID, variables: 8, samplingRate, samplesPerMessage };
      const columns = waveform("distorted", samplingRate, 4800 * 3 / samplingRate);
      const speed = measure(options, columns, forMs);
      const peer = reason === undefined
        ? await referenceNanos(options, columns, forMs / 1000)
        : undefined;
      figures.push(...speedFigures(speed, peer));
    }
  }
  const options = { uuid: UUID, variables: 8, samplingRate: 14_400, samplesPerMessage: 6 };
  figures.push({
    name: "Slipstream, 14.4 kHz, 6 samples a message, heap for encoding and decoding a message",
    value: leastGrowth(options, waveform("distorted", 14_400, 1)),
    unit: "bytes",
    // Below one object: what the engine itself leaves behind is spread over the messages.
    threshold: { atMost: 8 },
  });
  for (const kind of ["clean", "distorted"] as const) {
    const value = meanBytes(sizesOf(options, waveform(kind, 14_400, 1)));
    figures.push({
      name: `Slipstream, 14.4 kHz, 6 samples of 8 variables, ${kind}, mean of a second`,
      value,
      unit: "bytes",
      ...(kind === "clean" && { threshold: { atMost: MOST_BYTES } }),
      peer: { name: "of an SV frame", ratio: SV_BYTES / value },
    });
  }
  return figures;
}

function speedFigures(
  { options, encodeNanos, decodeNanos }: Speed,
  peer: { readonly encodeNanos: number; readonly decodeNanos: number } | undefined,
): Figure[] {
  const name = `${options.samplingRate / 1000} kHz, ${options.samplesPerMessage} samples a message`;
  const figure = (what: string, nanos: number, theirs: number | undefined): Figure => ({
    name: `Slipstream ${what}, ${name}`,
    value: 1000 / nanos,
    unit: "million values/s",
    ...(theirs !== undefined && {
      peer: { name: "slipstream (Go)", ratio: theirs / nanos, atLeast: 1 },
    }),
  });
  return [
    figure("encode", encodeNanos, peer?.encodeNanos),
    figure("decode", decodeNanos, peer?.decodeNanos),
  ];
}

/** Encodes whole messages of the columns, one after the other, and decodes them. */
function measure(options: StreamOptions, columns: Columns, forMs: number): Speed {
  const { samplesPerMessage, variables } = options;
  const count = columns.values[0]!.length;
  const encoder = new Encoder(options), decoder = new Decoder(options);
  const time = { seconds: 1_700_000_000, nanos: 0 };
  const values = Math.floor(count / samplesPerMessage) * samplesPerMessage * variables;
  const messages: Uint8Array[] = [];
  for (let at = 0; at + samplesPerMessage <= count; at += samplesPerMessage) {
    const size = encoder.encode(time, columns, at, samplesPerMessage);
    messages.push(encoder.buffer.slice(0, size));
  }
  const encodeNanos = nanosPerUnit(forMs / 2, () => {
    for (let at = 0; at + samplesPerMessage <= count; at += samplesPerMessage) {
      encoder.encode(time, columns, at, samplesPerMessage);
    }
    return values;
  });
  const decodeNanos = nanosPerUnit(forMs / 2, () => {
    for (const message of messages) decoder.decode(message);
    return values;
  });
  return { options, encodeNanos, decodeNanos };
}

/** Growth of the heap per message in the calmest of some rounds: collections and compilers disturb the others. */
function leastGrowth(options: StreamOptions, columns: Columns): number {
  const { samplesPerMessage } = options;
  const encoder = new Encoder(options), decoder = new Decoder(options);
  const time = { seconds: 1_700_000_000, nanos: 0 };
  const size = encoder.encode(time, columns, 0, samplesPerMessage);
  const message = encoder.buffer.slice(0, size);
  const count = columns.values[0]!.length;
  let least = Infinity;
  for (let round = 0; round < 20; round++) {
    const before = Deno.memoryUsage().heapUsed;
    let messages = 0;
    for (let again = 0; again < 5; again++) {
      for (let at = 0; at + samplesPerMessage <= count; at += samplesPerMessage) {
        encoder.encode(time, columns, at, samplesPerMessage);
        decoder.decode(message);
        messages++;
      }
    }
    least = Math.min(least, Math.abs(Deno.memoryUsage().heapUsed - before) / messages);
  }
  return least;
}

async function referenceNanos(options: StreamOptions, columns: Columns, seconds: number) {
  const [answer] = await askReference([{ do: "time", options, columns, seconds }]);
  if (answer?.result === undefined) {
    throw new Error(`The reference failed: ${JSON.stringify(answer)}`);
  }
  // The members that go_slipstream/main.go gives for "time".
  return answer.result as { readonly encodeNanos: number; readonly decodeNanos: number };
}

/** Bytes of each message of the columns; the last may be shorter. */
function sizesOf(options: StreamOptions, columns: Columns): number[] {
  const encoder = new Encoder(options);
  const count = columns.values[0]!.length;
  const sizes: number[] = [];
  for (let at = 0; at < count; at += options.samplesPerMessage) {
    const samples = Math.min(options.samplesPerMessage, count - at);
    sizes.push(encoder.encode({ seconds: 1_700_000_000, nanos: 0 }, columns, at, samples));
  }
  return sizes;
}

function meanBytes(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
}

/** Rows of the table over the vectors: bytes of all messages of each, ours and the reference's. */
function vectorRows(folder: string): string[] {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) =>
    /^s\d+.*\.json(\.gz)?$/.test(name)
  ).sort();
  return names.map((name) => {
    const bytes = Deno.readFileSync(`${folder}/${name}`);
    const text = new TextDecoder().decode(name.endsWith(".gz") ? gunzipSync(bytes) : bytes);
    // Files of this shape alone have such names.
    const vector = JSON.parse(text) as StreamVector;
    const encoder = new Encoder(optionsOf(vector.options));
    const columns = columnsOf(vector);
    let ours = 0, theirs = 0;
    for (const { firstSample, samples, base64 } of vector.output) {
      ours += encoder.encode({ seconds: 1, nanos: 0 }, columns, firstSample, samples);
      theirs += Uint8Array.fromBase64(base64).length;
    }
    const raw = RAW_BYTES * columns.values.length * columns.values[0]!.length;
    return row(
      name.replace(/\.json(\.gz)?$/, ""),
      vector.output.length,
      theirs,
      ours,
      share(ours, raw),
    );
  });
}

/** Rows of the table of options over the recordings: bytes per second by message length. */
function recordRows(): string[] {
  const rows: string[] = [];
  for (const kind of ["clean", "distorted", "fault"] satisfies WaveformKind[]) {
    for (const samplingRate of [4800, 14_400]) {
      const columns = waveform(kind, samplingRate, 5);
      const raw = RAW_BYTES * 8 * samplingRate * 5;
      const shares = [1, 2, 6, 16, 17, 100, 480, 4096, samplingRate].map((samplesPerMessage) => {
        const options = { uuid: UUID, variables: 8, samplingRate, samplesPerMessage };
        return share(sizesOf(options, columns).reduce((sum, size) => sum + size, 0), raw);
      });
      const xor = share(
        sizesOf(
          { uuid: UUID, variables: 8, samplingRate, samplesPerMessage: 4096, xor: true },
          columns,
        )
          .reduce((sum, size) => sum + size, 0),
        raw,
      );
      rows.push(row(`${kind}, ${samplingRate / 1000} kHz`, ...shares, xor));
    }
  }
  return rows;
}

/** Two bays on one busbar, as one stream of 16 variables: what references between them bring. */
function spatialRows(): string[] {
  return (["clean", "distorted"] as const).flatMap((kind) =>
    [6, 480, 4096].map((samplesPerMessage) => {
      const bays = [waveform(kind, 14_400, 1, 1), waveform(kind, 14_400, 1, 2)] as const;
      const columns: Columns = {
        values: [4, 0].flatMap((from) => bays.flatMap((bay) => bay.values.slice(from, from + 4))),
        quality: bays.flatMap((bay) => bay.quality),
      };
      const options = { uuid: UUID, variables: 16, samplingRate: 14_400, samplesPerMessage };
      const spatial = { voltageGroups: 2, currentGroups: 2, includeNeutral: true };
      const raw = RAW_BYTES * 16 * 14_400;
      const [without, with_] = [options, { ...options, spatial }].map((each) =>
        share(sizesOf(each, columns).reduce((sum, size) => sum + size, 0), raw)
      );
      return row(kind, samplesPerMessage, without!, with_!);
    })
  );
}

function share(bytes: number, raw: number): string {
  return `${(100 * bytes / raw).toFixed(1)} %`;
}

function row(...cells: (string | number)[]): string {
  return `| ${cells.join(" | ")} |`;
}

if (import.meta.main) {
  const at = Deno.args.indexOf("--vectors");
  const folder = Deno.args[at + 1] ?? "../shared/vectors/slipstream";
  const heads = ["recording", "1", "2", "6", "16", "17", "100", "480", "4096", "1 s", "4096, XOR"];
  console.log([row(...heads), row(...heads.map(() => "---")), ...recordRows()].join("\n"));
  const bays = ["two bays, 14.4 kHz", "samples", "without references", "with"];
  console.log(["", row(...bays), row(...bays.map(() => "---")), ...spatialRows()].join("\n"));
  const columns = ["vector", "messages", "reference", "Tieline", "of raw"];
  console.log(["", row(...columns), row(...columns.map(() => "---"))].join("\n"));
  for (const line of vectorRows(at < 0 ? "tests/fixtures/slipstream" : folder)) console.log(line);
}
