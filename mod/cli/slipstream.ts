/**
 * `tieline slipstream encode|decode|info FILE`: waveforms of CSV and COMTRADE as Slipstream, and back.
 *
 * The file of Slipstream messages is an event record without triggers (`docs/event-record.md`): what the
 * messages do not say of themselves is in it.
 *
 * @module
 */
import { Command, InvalidArgumentError, Option } from "commander";
import {
  type ComtradeRecord,
  type DataFormat,
  decodeCff,
  decodePair,
  encodeCff,
  encodePair,
} from "../comtrade/mod.ts";
import { DecodeError, messageOf } from "../core/mod.ts";
import {
  comtradeOf,
  csvLines,
  decodeRecord,
  encodeEventRecord,
  type EventRecordContent,
  frameComtradeOf,
  frameCsvLines,
  frameParts,
  isFrameRecord,
  pieceSamplesOf,
  type RecordContent,
  recordedWaveforms,
} from "../event/mod.ts";
import type { SpatialReferences } from "../slipstream/mod.ts";
import { frameInfoOf, frameTextOf } from "./frame_record.ts";
import { CommandError } from "./options.ts";
import { inputOfComtrade, inputOfCsv, type WaveformInput } from "./slipstream_input.ts";
import { compressed, infoOf, textOf } from "./slipstream_record.ts";

/** The `slipstream` command with its sub-commands. */
export function slipstreamCommand(): Command {
  const command = new Command("slipstream")
    .description("compress waveforms of CSV and COMTRADE files without loss, and get them back");
  command.command("encode")
    .description("compress a .csv, .cfg (with its .dat) or .cff file into an event record")
    .argument("<file>", "CSV or COMTRADE")
    .requiredOption("-o, --output <file>", "event record, .cbor")
    .option("--samples <n>", "samples per message; a part of a second, at most 4096", whole)
    .option("--xor", "differences by XOR")
    .addOption(
      new Option("--spatial <v,i>", "voltage groups, current groups; n after them for neutrals")
        .argParser(spatial),
    )
    .option("--uuid <uuid>", "identity of the stream; a new one if left out")
    .option("--rate <hz>", "samples per second, where the file does not tell", whole)
    .option("--scale <x>", "what one raw value is, for values with more than 9 decimals", positive)
    .action((file: string, options: EncodeOptions) => mended(() => encodeFile(file, options)));
  command.command("decode")
    .description("write an event record as .csv, .cfg (with its .dat) or .cff")
    .argument("<file>", "event record")
    .requiredOption("-o, --output <file>", "CSV or COMTRADE, by its ending")
    .addOption(
      new Option("--format <format>", "data of COMTRADE; default what keeps them exact")
        .choices(["ASCII", "BINARY", "BINARY32", "FLOAT32"]),
    )
    .option("--scaled", "CSV in engineering units, not in raw values")
    .action((file: string, options: DecodeOptions) => mended(() => decodeFile(file, options)));
  command.command("info")
    .description("tell what is in an event record")
    .argument("<file>", "event record")
    .option("--json", "as JSON")
    .action((file: string, options: { readonly json?: boolean }) =>
      mended(() => {
        const content = readRecord(file);
        if (isFrameRecord(content)) {
          const info = frameInfoOf(content);
          console.log(options.json ? JSON.stringify(info) : frameTextOf(info));
        } else {
          const info = infoOf(content);
          console.log(options.json ? JSON.stringify(info) : textOf(info));
        }
      })
    );
  return command;
}

/** Options of `encode`. */
export interface EncodeOptions {
  /** Where the record goes. */
  readonly output: string;
  /** Samples per message. */
  readonly samples?: number;
  /** Differences by XOR. */
  readonly xor?: boolean;
  /** References between groups. */
  readonly spatial?: SpatialReferences;
  /** Identity of the stream. */
  readonly uuid?: string;
  /** Samples per second. */
  readonly rate?: number;
  /** What a raw value is. */
  readonly scale?: number;
}

/** Options of `decode`. */
export interface DecodeOptions {
  /** Where the waveform goes. */
  readonly output: string;
  /** Data of COMTRADE; if absent BINARY32 for samples and FLOAT32 for synchrophasors. */
  readonly format?: DataFormat;
  /** CSV in engineering units. */
  readonly scaled?: boolean;
}

/** Compresses a file; returns the record that was written. */
export function encodeFile(file: string, options: EncodeOptions): EventRecordContent {
  const input = readInput(file, options);
  const content = compressed(input, {
    uuid: options.uuid ?? crypto.randomUUID(),
    variables: input.channels.length,
    samplingRate: input.rate,
    samplesPerMessage: options.samples ?? pieceSamplesOf(input.rate),
    xor: options.xor ?? false,
    ...(options.spatial && { spatial: options.spatial }),
  });
  Deno.writeFileSync(options.output, encodeEventRecord(content));
  return content;
}

/** Writes a record as CSV or COMTRADE; returns the files. Several waveforms go to numbered files. */
export function decodeFile(file: string, options: DecodeOptions): string[] {
  const content = readRecord(file);
  const match = /^(.*)\.(csv|cfg|cff)$/i.exec(options.output);
  if (!match) throw new CommandError(`Expected a .csv, .cfg or .cff file, found ${options.output}`);
  const [, base, ending] = match;
  const format = options.format ?? (isFrameRecord(content) ? "FLOAT32" : "BINARY32");
  return formsOf(content, format, options.scaled === true).flatMap((form, i) => {
    const name = i === 0 ? base! : `${base}-${i + 1}`;
    return writeForm(form, name, ending!, format);
  });
}

/** One waveform, or one run of frames, as others read it. */
interface Form {
  readonly lines: Iterable<string>;
  readonly comtrade: () => ComtradeRecord;
}

function formsOf(content: RecordContent, format: DataFormat, scaled: boolean): Form[] {
  if (isFrameRecord(content)) {
    return frameParts(content).map((part) => ({
      lines: frameCsvLines(content, part),
      comtrade: () => frameComtradeOf(content, part, format),
    }));
  }
  return recordedWaveforms(content).map((waveform) => ({
    lines: csvLines(content, waveform, scaled),
    comtrade: () => comtradeOf(content, waveform),
  }));
}

function writeForm(
  { lines, comtrade }: Form,
  base: string,
  ending: string,
  format: DataFormat,
): string[] {
  const path = `${base}.${ending}`;
  if (ending.toLowerCase() === "csv") {
    const file = Deno.openSync(path, { write: true, create: true, truncate: true });
    try {
      let chunk = "";
      const flush = () => {
        writeAll(file, new TextEncoder().encode(chunk));
        chunk = "";
      };
      for (const line of lines) {
        chunk += `${line}\r\n`;
        if (chunk.length > CHUNK) flush();
      }
      flush();
    } finally {
      file.close();
    }
    return [path];
  }
  const record = comtrade();
  if (ending.toLowerCase() === "cff") {
    Deno.writeFileSync(path, encodeCff(record, format));
    return [path];
  }
  const { cfg, dat } = encodePair(record, format);
  const data = dataPath(path);
  Deno.writeFileSync(path, cfg);
  Deno.writeFileSync(data, dat);
  return [path, data];
}

/** Bytes of text that are written at once. */
const CHUNK = 1 << 20;

function readInput(file: string, options: EncodeOptions): WaveformInput {
  const name = file.replace(/^.*[/\\]/, "").replace(/\.[^.]*$/, "");
  if (/\.csv$/i.test(file)) {
    return inputOfCsv(new TextDecoder().decode(readFile(file)), name, options);
  }
  return inputOfComtrade(readComtrade(file), options);
}

function readComtrade(file: string): ComtradeRecord {
  if (/\.cff$/i.test(file)) return decodeCff(readFile(file));
  if (/\.cfg$/i.test(file)) return decodePair(readFile(file), readFile(dataPath(file)));
  throw new CommandError(`Expected a .csv, .cfg or .cff file, found ${file}`);
}

/** The data file beside a configuration file, in letters of the same size. */
function dataPath(file: string): string {
  return file.replace(/cfg$/i, (ending) => ending === "CFG" ? "DAT" : "dat");
}

function readRecord(file: string): RecordContent {
  return decodeRecord(readFile(file));
}

function readFile(file: string): Uint8Array<ArrayBuffer> {
  try {
    return Deno.readFileSync(file);
  } catch (error) {
    throw new CommandError(`Cannot read ${file}: ${messageOf(error)}`);
  }
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}

/** Runs `work`; what an operator can mend is told without a stack. */
function mended(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    const isMendable = error instanceof CommandError || error instanceof DecodeError ||
      error instanceof RangeError;
    if (!isMendable) throw error;
    console.error(error.message);
    Deno.exitCode = 1;
  }
}

function whole(text: string): number {
  const value = Number(text);
  if (!(Number.isInteger(value) && value > 0)) {
    throw new InvalidArgumentError(`Expected a whole number above 0, found "${text}".`);
  }
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) {
    throw new InvalidArgumentError(`Expected a number above 0, found "${text}".`);
  }
  return value;
}

function spatial(text: string): SpatialReferences {
  const match = /^(\d+),(\d+)(,n)?$/.exec(text);
  if (!match) {
    throw new InvalidArgumentError(`Expected "2,2" or "2,2,n" with neutrals, found "${text}".`);
  }
  return {
    voltageGroups: Number(match[1]),
    currentGroups: Number(match[2]),
    includeNeutral: match[3] !== undefined,
  };
}
