/**
 * Whole frames as plain objects, with the field names of the test captures: for people and tools.
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";
import { commandName, encodeCommand, encodeHeaderFrame } from "./command.ts";
import { peekHeader } from "./common.ts";
import { parseConfigurationBody } from "./configuration_decode.ts";
import { encodeConfiguration, encodeConfiguration3 } from "./configuration_encode.ts";
import {
  configurationFromJson,
  type ConfigurationJson,
  configurationToJson,
} from "./configuration_json.ts";
import { crc16 } from "./crc.ts";
import { type JsonNumber, toJsonNumber } from "./json_number.ts";
import { encodeRawData, type RawBlock, readRawBlocks, toEngineering } from "./raw.ts";
import { timeQualityByte, timeQualityFields } from "./status.ts";
import { type Configuration, FrameType, type Prefix } from "./types.ts";

/** The block of one PMU of a data frame. */
export interface BlockJson {
  /** STAT. */
  stat: number;
  /** Wire values of the phasors. */
  ph: [JsonNumber, JsonNumber][];
  /** FREQ on the wire. */
  f: JsonNumber;
  /** DFREQ on the wire. */
  df: JsonNumber;
  /** Analogs on the wire. */
  an: JsonNumber[];
  /** Digital words. */
  dg: number[];
  /** Engineering values. */
  eng?: {
    /** Magnitude and degrees by phasor. */
    phasors: [JsonNumber, JsonNumber][];
    /** Hertz. */
    freq: JsonNumber;
    /** Hertz per second. */
    dfreq: JsonNumber;
    /** Analogs. */
    analogs: JsonNumber[];
  };
}

/** A frame with the field names of the captures' `*.frames.json`. */
export interface FrameJson {
  /** data, header, cfg1, cfg2, cfg3 or command. */
  type: string;
  /** Version nibble. */
  version: number;
  /** FRAMESIZE. */
  size: number;
  /** IDCODE of the stream. */
  idcode: number;
  /** SOC. */
  soc: number;
  /** FRACSEC bits 23 to 0. */
  fracsec: number;
  /** FRACSEC bit 30. */
  leapDirDelete: boolean;
  /** FRACSEC bit 29. */
  leapOccurred: boolean;
  /** FRACSEC bit 28. */
  leapPending: boolean;
  /** FRACSEC bits 27 to 24. */
  timeQuality: number;
  /** CHK as received. */
  crc: number;
  /** Whether CHK is right. */
  crcOk: boolean;
  /** Data: microseconds since 1970, rounded half up; absent without a configuration. */
  timeMicros?: number;
  /** Data: one per PMU; absent without a configuration. */
  blocks?: BlockJson[];
  /** Command: CMD. */
  cmd?: number;
  /** Command: name of CMD. */
  cmdName?: string;
  /** Command: EXTFRAME as hex. */
  ext?: string;
  /** Header: text as hex. */
  textHex?: string;
  /** Header: text. */
  text?: string;
  /** CFG-3: CONT_IDX. */
  contIdx?: number;
  /** Configuration. */
  config?: ConfigurationJson;
  /** Kind of the error that kept the body from being decoded. */
  error?: string;
  /** The whole frame. */
  hex: string;
}

/** What {@linkcode decodeFrame} found. */
export interface DecodedFrame {
  /** The frame as a plain, JSON-safe object. */
  readonly json: FrameJson;
  /** The configuration, of a whole configuration frame with right CHK. */
  readonly configuration?: Configuration;
}

const TYPE_NAMES: readonly string[] = ["data", "header", "cfg1", "cfg2", "command", "cfg3"];

/**
 * Decodes one frame of any type; data with the help of the configuration of their stream.
 *
 * A wrong CHK is told by `crcOk`, a body that cannot be decoded by `error`. Throws a `DecodeError`
 * when there is no whole frame (kinds `sync`, `type`, `size`, `truncated`).
 */
export function decodeFrame(bytes: Uint8Array, configuration?: Configuration): DecodedFrame {
  const header = peekHeader(bytes);
  const size = header.size;
  if (bytes.length < size) {
    throw new DecodeError(
      "truncated",
      `Cannot decode a frame: expected FRAMESIZE ${size} bytes, found ${bytes.length}`,
      { offset: 2, field: "FRAMESIZE", value: size },
    );
  }
  const frame = bytes.subarray(0, size);
  const quality = timeQualityFields(header.timeQuality);
  const crc = (frame[size - 2]! << 8) | frame[size - 1]!;
  const json: FrameJson = {
    type: TYPE_NAMES[header.type]!,
    version: header.version,
    size,
    idcode: header.idCode,
    soc: header.soc,
    fracsec: header.fracSec,
    leapDirDelete: quality.leapDirDelete,
    leapOccurred: quality.leapOccurred,
    leapPending: quality.leapPending,
    timeQuality: quality.code,
    crc,
    crcOk: crc16(frame, 0, size - 2) === crc,
    hex: hexOf(frame),
  };
  switch (header.type) {
    case FrameType.Data:
      addData(json, frame, configuration);
      return { json };
    case FrameType.Header:
      json.textHex = hexOf(frame.subarray(14, size - 2));
      json.text = new TextDecoder().decode(frame.subarray(14, size - 2));
      return { json };
    case FrameType.Command:
      json.cmd = (frame[14]! << 8) | frame[15]!;
      json.cmdName = commandName(json.cmd);
      json.ext = hexOf(frame.subarray(16, size - 2));
      return { json };
  }
  if (header.type === FrameType.Config3) {
    json.contIdx = (frame[14]! << 8) | frame[15]!;
    if (json.contIdx !== 0) return { json };
  }
  try {
    const parsed = parseConfigurationBody(header, frame);
    json.config = configurationToJson(parsed);
    return json.crcOk ? { json, configuration: parsed } : { json };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    json.error = error.kind;
    return { json };
  }
}

function addData(json: FrameJson, frame: Uint8Array, configuration?: Configuration): void {
  if (!configuration) {
    json.error = "no-config";
    return;
  }
  const base = configuration.timeBase;
  json.timeMicros = json.soc * 1e6 + Math.floor((json.fracsec * 1e6 + base / 2) / base);
  try {
    const raw = readRawBlocks(frame, configuration);
    json.blocks = raw.map((block, i) => {
      const eng = toEngineering(configuration.pmus[i]!, block);
      return {
        stat: block.stat,
        ph: block.phasors.map(pair),
        f: toJsonNumber(block.freq),
        df: toJsonNumber(block.dfreq),
        an: block.analogs.map(toJsonNumber),
        dg: [...block.digitals],
        eng: {
          phasors: eng.phasors.map(pair),
          freq: toJsonNumber(eng.freq),
          dfreq: toJsonNumber(eng.dfreq),
          analogs: eng.analogs.map(toJsonNumber),
        },
      };
    });
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    json.error = error.kind;
  }
}

/**
 * Encodes a frame from its plain object; FRAMESIZE and CHK are computed anew, `hex`, `size` and `crc`
 * are not looked at. Data need the configuration of their stream.
 *
 * Throws a `DecodeError` of kind `value` when something that the frame type needs is missing.
 */
export function encodeFrame(
  json: Omit<FrameJson, "hex" | "size" | "crc" | "crcOk">,
  configuration?: Configuration,
): Uint8Array<ArrayBuffer> {
  const prefix: Prefix = {
    version: json.version,
    idCode: json.idcode,
    soc: json.soc,
    fracSec: json.fracsec,
    timeQuality: timeQualityByte({ ...json, code: json.timeQuality }),
  };
  switch (json.type) {
    case "data":
      return encodeRawData(
        need(configuration, "a configuration"),
        prefix,
        need(json.blocks, "blocks").map(rawBlock),
      );
    case "header":
      return encodeHeaderFrame(prefix, bytesOf(need(json.textHex, "textHex")));
    case "command":
      return encodeCommand(prefix, need(json.cmd, "cmd"), bytesOf(json.ext ?? ""));
    case "cfg1":
    case "cfg2":
    case "cfg3": {
      const type = TYPE_NAMES.indexOf(json.type);
      const head = { type, version: json.version, idCode: json.idcode };
      const parsed = configurationFromJson(need(json.config, "config"), head);
      if (json.type !== "cfg3") return encodeConfiguration(parsed, prefix, type);
      return encodeConfiguration3(parsed, prefix)[0]!; // at least one frame always comes out
    }
  }
  throw new DecodeError("value", `Cannot encode a frame: type "${json.type}" is not known`);
}

function need<T>(value: T | undefined, what: string): T {
  if (value !== undefined) return value;
  throw new DecodeError("value", `Cannot encode a frame: expected ${what}, found nothing`);
}

function rawBlock(block: BlockJson): RawBlock {
  return {
    stat: block.stat,
    phasors: block.ph.map(([a, b]) => [Number(a), Number(b)] as const),
    freq: Number(block.f),
    dfreq: Number(block.df),
    analogs: block.an.map(Number),
    digitals: block.dg,
  };
}

function pair(values: readonly [number, number]): [JsonNumber, JsonNumber] {
  return [toJsonNumber(values[0]), toJsonNumber(values[1])];
}

function hexOf(bytes: Uint8Array): string {
  let hex = "";
  for (let i = 0; i < bytes.length; i++) hex += HEX[bytes[i]!]!;
  return hex;
}

const HEX: readonly string[] = Array.from(
  { length: 256 },
  (_, b) => (b + 0x100).toString(16).slice(1),
);

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(hex.length >> 1);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}
