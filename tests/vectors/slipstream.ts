/**
 * Runs the Slipstream vectors: every message of every stream written again and read, and the malformed ones refused.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { DecodeError, instant } from "../../mod/core/mod.ts";
import { type Columns, Decoder, Encoder, type StreamOptions } from "../../mod/slipstream/mod.ts";
import { firstByteDifference, type Report, type VectorFile } from "./report.ts";

/** Options as the files have them. */
interface OptionsJson {
  readonly uuid: string;
  readonly variables: number;
  readonly samplingRate: number;
  readonly samplesPerMessage: number;
  readonly xor: boolean;
  readonly spatial: null | {
    readonly count: number;
    readonly countV: number;
    readonly countI: number;
    readonly includeNeutral: boolean;
  };
}

/** A message as the files have it. */
interface MessageJson {
  readonly timestamp: string;
  readonly firstSample: number;
  readonly samples: number;
  readonly gzip: boolean;
  readonly plainBodyLength: number;
  readonly plainBodySha256: string;
  readonly base64: string;
}

/** A file of one stream. */
export interface StreamVector {
  readonly name: string;
  readonly options: OptionsJson;
  readonly input: {
    readonly samples: readonly (readonly number[])[];
    readonly qualityRuns: readonly (readonly (readonly [number, number])[])[];
  };
  readonly output: readonly MessageJson[];
}

/** The file of messages that must be refused. */
export interface MalformedVector {
  readonly cases: readonly {
    readonly name: string;
    readonly options: OptionsJson;
    readonly base64: string;
    readonly reason: string;
  }[];
}

/** Runs one file; a file that is not understood is a failure. */
export function run(file: VectorFile, report: Report): void {
  if (file.name === "README.md") return report.pass("nothing to run");
  const isGzip = file.name.endsWith(".json.gz");
  if (!isGzip && !file.name.endsWith(".json")) {
    return report.fail("file", "expected .json or .json.gz");
  }
  const text = new TextDecoder().decode(isGzip ? gunzipSync(file.bytes) : file.bytes);
  const content: unknown = JSON.parse(text);
  if (typeof content !== "object" || content === null) {
    return report.fail("file", "expected an object");
  }
  // What is read from these is compared with what the codec makes, so a wrong shape fails as a case.
  if ("cases" in content) return runMalformed(content as MalformedVector, report);
  runStream(content as StreamVector, report);
}

/** The samples of a file by variable. */
export function columnsOf({ options, input }: StreamVector): Columns {
  const { variables } = options, count = input.samples.length;
  const values = Array.from({ length: variables }, () => new Int32Array(count));
  input.samples.forEach((row, k) => row.forEach((value, v) => values[v]![k] = value));
  const quality = input.qualityRuns.map((runs) => {
    const words = runs.flatMap(([word, length]) => new Array<number>(length).fill(word));
    return Uint32Array.from(words);
  });
  return { values, quality };
}

/** Options for the codec. */
export function optionsOf({ spatial, ...options }: OptionsJson): StreamOptions {
  return {
    uuid: options.uuid,
    variables: options.variables,
    samplingRate: options.samplingRate,
    samplesPerMessage: options.samplesPerMessage,
    xor: options.xor,
    ...(spatial && {
      spatial: {
        voltageGroups: spatial.countV,
        currentGroups: spatial.countI,
        includeNeutral: spatial.includeNeutral,
      },
    }),
  };
}

/** Bytes of base64 text. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function runStream(vector: StreamVector, report: Report): void {
  const options = optionsOf(vector.options);
  const encoder = new Encoder(options), decoder = new Decoder(options);
  const columns = columnsOf(vector);
  vector.output.forEach((message, i) => {
    const { firstSample, samples, timestamp } = message;
    const nanos = BigInt(timestamp);
    const time = instant(Number(nanos / 1_000_000_000n), Number(nanos % 1_000_000_000n));
    const size = encoder.encode(time, columns, firstSample, samples);
    const written = encoder.buffer.subarray(0, size);
    const name = `message ${i}`;
    const difference = message.gzip
      ? gzipDifference(written, message)
      : firstByteDifference(written, fromBase64(message.base64));
    if (difference === undefined) report.pass(`${name} written`);
    else report.fail(`${name} written`, difference);
    const read = decoder.decode(fromBase64(message.base64));
    const wrong = read.time.seconds !== time.seconds || read.time.nanos !== time.nanos
      ? `expected ${time.seconds} s ${time.nanos} ns, found ${read.time.seconds} s ${read.time.nanos} ns`
      : read.count !== samples
      ? `expected ${samples} samples, found ${read.count}`
      : columnDifference(read, columns, firstSample, samples);
    if (wrong === undefined) report.pass(`${name} read`);
    else report.fail(`${name} read`, wrong);
  });
}

/** Compared after decompression; the message must also be no larger than that of the reference. */
function gzipDifference(written: Uint8Array, message: MessageJson): string | undefined {
  const expected = fromBase64(message.base64);
  const start = expected.findIndex((_, i) =>
    i > 24 && expected[i] === 0x1f && expected[i + 1] === 0x8b
  );
  // The header of the message, and that of the gzip member.
  const header = firstByteDifference(
    written.subarray(0, start + 10),
    expected.subarray(0, start + 10),
  );
  if (header !== undefined) return header;
  const body = gunzipSync(written.subarray(start));
  if (body.length !== message.plainBodyLength) {
    return `expected a body of ${message.plainBodyLength} bytes, found ${body.length}`;
  }
  const digest = createHash("sha256").update(body).digest("hex");
  if (digest !== message.plainBodySha256) {
    return `expected a body with SHA-256 ${message.plainBodySha256}, found ${digest}`;
  }
  return written.length <= expected.length
    ? undefined
    : `expected at most ${expected.length} bytes, found ${written.length}`;
}

function columnDifference(
  read: Columns,
  expected: Columns,
  first: number,
  count: number,
): string | undefined {
  for (let v = 0; v < expected.values.length; v++) {
    for (let k = 0; k < count; k++) {
      const value = read.values[v]![k], word = read.quality[v]![k];
      const rightValue = expected.values[v]![first + k],
        rightWord = expected.quality[v]![first + k];
      if (value !== rightValue || word !== rightWord) {
        return `variable ${v}, sample ${k}: expected ${rightValue} (quality ${rightWord}), ` +
          `found ${value} (quality ${word})`;
      }
    }
  }
  return undefined;
}

/** Each message is refused with a DecodeError, and the decoder then still reads the next one. */
function runMalformed({ cases }: MalformedVector, report: Report): void {
  for (const { name, options: json, base64, reason } of cases) {
    const options = optionsOf(json);
    const decoder = new Decoder(options);
    const good = goodMessage(options);
    try {
      decoder.decode(fromBase64(base64));
      report.fail(name, `expected a DecodeError (${reason}), found a message`);
      continue;
    } catch (error) {
      if (!(error instanceof DecodeError)) {
        report.fail(name, `expected a DecodeError (${reason}), found ${error}`);
        continue;
      }
    }
    const difference = columnDifference(decoder.decode(good.bytes), good.columns, 0, good.count);
    if (difference === undefined) report.pass(name);
    else report.fail(name, `the message after it: ${difference}`);
  }
}

function goodMessage(options: StreamOptions) {
  const count = Math.min(options.samplesPerMessage, 3);
  const columns: Columns = {
    values: Array.from({ length: options.variables }, (_, v) => Int32Array.of(v, -v, 7 * v + 1)),
    quality: Array.from({ length: options.variables }, (_, v) => Uint32Array.of(0, v, v)),
  };
  const encoder = new Encoder(options);
  const size = encoder.encode(instant(1), columns, 0, count);
  return { bytes: encoder.buffer.slice(0, size), columns, count };
}
