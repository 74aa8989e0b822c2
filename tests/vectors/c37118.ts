/**
 * Runs the C37.118 vectors: every file that the folder's README names, both directions.
 *
 * Raw values must be exact, engineering values within 1e-9 relative, angles within 1e-9 degrees
 * modulo 360; encoding what was expected must give the bytes back.
 *
 * @module
 */
import {
  type BlockJson,
  commonStatusOf,
  type Configuration,
  configurationToJson,
  crc16,
  DataDecoder,
  dataFrameSize,
  decodeFrame,
  encodeFrame,
  fracSecOfSlot,
  FragmentAssembler,
  FrameType,
  parseConfiguration,
  parseHeader,
  readRawBlocks,
  stateFlagsOf,
  statFields,
  statOf,
  StreamParser,
  ticksOfFracSec,
  timeQualityByte,
  timeQualityFields,
} from "../../mod/c37118/mod.ts";
import {
  DecodeError,
  instant,
  makeFrame,
  makeLayout,
  messageOf,
  setFromSocFracSec,
} from "../../mod/core/mod.ts";
import { runAlign } from "./c37118_align.ts";
import { runCapture, runPayload } from "./c37118_capture.ts";
import { compareAngle, compareValue, encodesTo } from "./c37118_compare.ts";
import { runListed } from "./c37118_listed.ts";
import { firstDifference, fromHex, type Report, type VectorFile } from "./report.ts";

/** Runs one file of `vectors/c37118`. */
export function run(file: VectorFile, report: Report): void {
  const { name } = file;
  if (name === "README.md") return report.pass("known");
  if (name.endsWith(".pcap")) return runCapture(file, report);
  if (name.endsWith(".bin")) return runPayload(file, report);
  if (name.endsWith(".frames.json")) return runListed(file, report);
  const runner = RUNNERS[name];
  if (!runner) return report.fail("file", "is of no category that the README names");
  const json = JSON.parse(new TextDecoder().decode(file.bytes));
  if (name === "concentrator-align.json") return runAlign(json, report);
  const cases: unknown = json.vectors;
  if (!Array.isArray(cases)) return report.fail("file", "has no list of vectors");
  cases.forEach((vector, i) => {
    const title = typeof vector.name === "string" ? vector.name : `#${i}`;
    try {
      const difference = runner(vector);
      if (difference === undefined) report.pass(title);
      else report.fail(title, difference);
    } catch (error) {
      report.fail(title, messageOf(error));
    }
  });
}

/** What the JSON of a vector may hold; which fields are there depends on the file. */
interface Vector {
  name: string;
  hex: string;
  note?: string;
  configHex: string;
  // The fields of `expect` are compared one by one.
  // deno-lint-ignore no-explicit-any -- content of test data files, checked by comparison
  expect: any;
  [field: string]: unknown;
}

type Runner = (vector: Vector) => string | undefined;

const RUNNERS: Readonly<Record<string, Runner>> = {
  "crc.json": runCrc,
  "commands.json": runFrame,
  "headers.json": runFrame,
  "config12.json": runFrame,
  "config3.json": runFrame,
  "data.json": runData,
  "config3-data.json": runData,
  "bench.json": runData,
  "config3-fragments.json": runFragments,
  "time.json": runTime,
  "time-quality.json": runTimeQuality,
  "stat.json": runStat,
  "malformed.json": runMalformed,
  "streams.json": runStream,
  "concentrator-align.json": () => undefined,
};

function runCrc(v: Vector): string | undefined {
  return firstDifference(crc16(fromHex(v.hex)), v.crc, "crc");
}

/** Decodes, compares the fields of `expect`, encodes `expect` and compares the bytes. */
function runFrame(v: Vector): string | undefined {
  const bytes = fromHex(v.hex);
  const { json } = decodeFrame(bytes);
  const computed = { ...json, crcComputed: crc16(bytes, 0, bytes.length - 2) };
  return firstDifference(computed, v.expect) ??
    encodesTo(encodeFrame(v.expect), bytes, exceptNames(v));
}

/** What a note lets differ when encoding: text after a NUL in a channel name is lost. */
function exceptNames(v: Vector): string | undefined {
  return v.note?.includes("cut at first NUL") ? v.note : undefined;
}

function runData(v: Vector): string | undefined {
  const configuration = parseConfiguration(fromHex(v.configHex));
  const bytes = fromHex(v.hex);
  const { json } = decodeFrame(bytes, configuration);
  const { blocks, expectedSize, ...header } = v.expect;
  const computed = { ...json, crcComputed: crc16(bytes, 0, bytes.length - 2) };
  const difference = firstDifference(computed, header) ??
    firstDifference(dataFrameSize(configuration), expectedSize, "expectedSize") ??
    compareBlocks(json.blocks ?? [], blocks) ??
    hotPath(configuration, bytes, blocks);
  if (difference) return difference;
  const again = { ...v.expect, blocks: blocks.map(blockOf) };
  return encodesTo(encodeFrame(again, configuration), bytes, v.note);
}

// deno-lint-ignore no-explicit-any -- content of test data files, checked by comparison
function compareBlocks(found: BlockJson[], blocks: any[]): string | undefined {
  if (found.length !== blocks.length) {
    return `blocks: expected ${blocks.length}, found ${found.length}`;
  }
  for (let i = 0; i < blocks.length; i++) {
    const raw = firstDifference(found[i], blockOf(blocks[i]), `blocks[${i}]`);
    if (raw) return raw;
    const eng = found[i]!.eng;
    const e = blocks[i];
    for (let k = 0; k < e.phasors.length; k++) {
      const where = `blocks[${i}].phasors[${k}]`;
      const difference = compareValue(eng?.phasors[k]?.[0], e.phasors[k][0], where) ??
        compareAngle(eng?.phasors[k]?.[1], e.phasors[k][1], where);
      if (difference) return difference;
    }
    const scalars = [[eng?.freq, e.freq, "freq"], [eng?.dfreq, e.dfreq, "dfreq"]] as const;
    for (const [a, b, field] of scalars) {
      const difference = compareValue(a, b, `blocks[${i}].${field}`);
      if (difference) return difference;
    }
    for (let k = 0; k < e.analogs.length; k++) {
      const difference = compareValue(eng?.analogs[k], e.analogs[k], `blocks[${i}].analogs[${k}]`);
      if (difference) return difference;
    }
  }
  return undefined;
}

/** The raw half of a block under the names of the captures. */
// deno-lint-ignore no-explicit-any -- content of test data files, checked by comparison
function blockOf(e: any): BlockJson {
  return {
    stat: e.stat,
    ph: e.phasorsRaw,
    f: e.freqRaw,
    df: e.dfreqRaw,
    an: e.analogsRaw,
    dg: e.digitals,
  };
}

/** The path that the gateway runs: parser, plan, frame; values must be `Math.fround` of the expected ones. */
function hotPath(
  configuration: Configuration,
  bytes: Uint8Array,
  // deno-lint-ignore no-explicit-any -- content of test data files, checked by comparison
  blocks: any[],
): string | undefined {
  const decoder = new DataDecoder(configuration, { zeroFrequencyIsMissing: false });
  const layout = makeLayout("vectors", new Int32Array(decoder.count), [], 0);
  const frame = makeFrame(layout);
  let taken = 0;
  const parser = new StreamParser((lent) => {
    decoder.decode(lent.bytes, lent.view, lent.offset, lent.size, frame);
    taken++;
  });
  parser.push(bytes, 0);
  if (taken !== 1) return `parser: expected 1 frame, found ${taken}`;
  const expected: number[] = [];
  const flags: number[] = [];
  for (const block of blocks) {
    const from = expected.length;
    for (const [m, d] of block.phasors) expected.push(Number(m), Number(d));
    expected.push(Number(block.freq), Number(block.dfreq), ...block.analogs.map(Number));
    expected.push(...block.digitals, commonStatusOf(block.stat));
    for (let i = from; i < expected.length; i++) flags.push(stateFlagsOf(block.stat));
  }
  expected.push((bytes[10]! << 24) >>> 0);
  flags.push(0);
  return firstDifference([...frame.values], expected.map(Math.fround), "frame.values") ??
    firstDifference([...frame.flags].map((x) => x >>> 0), flags.map((x) => x >>> 0), "frame.flags");
}

function runFragments(v: Vector): string | undefined {
  const assembler = new FragmentAssembler();
  let found: Configuration | undefined;
  const parser = new StreamParser((lent) => {
    const frame = lent.bytes.subarray(lent.offset, lent.offset + lent.size);
    found = assembler.add(frame, 0) ?? found;
  });
  // Test data: a list of hex texts.
  const frames = (v.frames as string[]).map(fromHex);
  for (const frame of frames) parser.push(frame, 0);
  if (v.expectError) return found ? "expected no configuration, found one" : undefined;
  if (!found) return "expected a configuration, found none";
  return firstDifference(configurationToJson(found), v.config, "config");
}

function runTime(v: Vector): string | undefined {
  const timeBase = Number(v.timeBase), fracsec = Number(v.fracsec);
  const found = instant(0);
  setFromSocFracSec(found, 1_700_000_000, fracsec, timeBase);
  const nanos = (found.seconds - 1_700_000_000) * 1e9 + found.nanos;
  const made = fracSecOfSlot(Number(v.frameIndex), Number(v.rate), timeBase);
  return firstDifference(nanos, v.nanosBeyondSecond, "nanosBeyondSecond") ??
    firstDifference(ticksOfFracSec(fracsec, timeBase), v.ticksBeyondSecond, "ticksBeyondSecond") ??
    firstDifference(made, v.fracsec, "fracsec of the slot");
}

function runTimeQuality(v: Vector): string | undefined {
  const byte = Number(v.byte);
  const fields = timeQualityFields(byte);
  return firstDifference({ ...fields, byte }, v) ??
    firstDifference(timeQualityByte(fields), byte & 0x7f, "byte");
}

function runStat(v: Vector): string | undefined {
  const stat = Number(v.stat);
  const fields = statFields(stat);
  const all = {
    stat: statOf(fields),
    ...fields,
    stateFlags: stateFlagsOf(stat),
    commonStatus: commonStatusOf(stat),
  };
  return firstDifference(all, v);
}

const ERROR_KINDS: Readonly<Record<string, readonly string[]>> = {
  crc: ["crc"],
  sync: ["sync"],
  size: ["size"],
  type: ["type"],
  "size-mismatch": ["size-mismatch"],
  "no-config": ["no-config"],
  "config-overrun": ["config-overrun", "truncated"],
  "time-base": ["time-base"],
};

function runMalformed(v: Vector): string | undefined {
  const category = String(v.error);
  const tolerable = category.endsWith("-tolerable");
  const wanted = ERROR_KINDS[category];
  if (!wanted && !tolerable) return `error category "${category}" is not known`;
  const bytes = fromHex(v.hex), configuration = parseConfiguration(fromHex(v.configHex));
  const found = errorOf(bytes, configuration);
  const taken = framesTaken(bytes, configuration);
  if (tolerable) return undefined;
  if (found === undefined || !wanted?.includes(found)) {
    return `expected error ${category}, found ${found ?? "none"}`;
  }
  return taken.length === 0 ? undefined : `parser: expected nothing to use, found ${taken}`;
}

/** Takes a frame as a client does and returns the kind of the error, if any. */
function errorOf(bytes: Uint8Array, configuration: Configuration): string | undefined {
  try {
    const header = parseHeader(bytes);
    if (header.type !== 0) {
      parseConfiguration(bytes);
      return undefined;
    }
    if (header.idCode !== configuration.idCode) return "no-config";
    readRawBlocks(bytes.subarray(0, header.size), configuration);
    return undefined;
  } catch (error) {
    if (error instanceof DecodeError) return error.kind;
    throw error;
  }
}

/** What the parser gives out as fit for use, with the configuration known; a configuration is judged by its codec. */
function framesTaken(bytes: Uint8Array, configuration: Configuration): string[] {
  const taken: string[] = [];
  const parser = new StreamParser((lent) => {
    if (lent.type === FrameType.Data && (lent.fit === "exact" || lent.fit === "padded")) {
      taken.push(`data of ${lent.size} bytes`);
    }
  });
  parser.expect(configuration.idCode, dataFrameSize(configuration));
  parser.push(bytes, 0);
  parser.datagram(bytes);
  return taken;
}

function runStream(v: Vector): string | undefined {
  const bytes = fromHex(v.hex);
  // Test data: a list of hex texts.
  const expected = v.expectFrames as string[];
  for (const cut of [bytes.length, 1, 2, 3, 7, 16, 43, 44, 45, 100, 1000]) {
    for (const knowing of [false, true]) {
      const found: string[] = [];
      const parser = new StreamParser((lent) => {
        const frame = lent.bytes.subarray(lent.offset, lent.offset + lent.size);
        const { json, configuration } = decodeFrame(frame);
        found.push(json.hex);
        if (knowing && configuration) {
          parser.expect(lent.idCode, dataFrameSize(configuration), configuration.dataRate);
        }
      });
      for (let at = 0; at < bytes.length; at += cut) parser.push(bytes.subarray(at, at + cut), at);
      const difference = firstDifference(found, expected, `cut ${cut}: frames`);
      if (difference) return difference;
    }
  }
  return undefined;
}
