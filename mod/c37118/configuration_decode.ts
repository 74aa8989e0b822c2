/**
 * Reading CFG-1, CFG-2 and CFG-3 (clauses 6.4 and 6.5).
 *
 * @module
 */
import { ByteReader, DecodeError, uuidFromBytes } from "../core/mod.ts";
import { parseHeader } from "./common.ts";
import { readCountedName, readFixedName } from "./names.ts";
import type {
  AnalogChannel,
  CommonHeader,
  Configuration,
  DigitalChannel,
  PhasorChannel,
  PmuConfiguration,
} from "./types.ts";
import { FrameType } from "./types.ts";

/** Choices of {@linkcode parseConfiguration}. */
export interface ConfigurationOptions {
  /** Read version 0 as draft 6: no CFGCNT, one name per digital word. Default false. */
  readonly draft6?: boolean;
}

/**
 * Reads a whole CFG-1, CFG-2 or unfragmented CFG-3 frame, checking CHK.
 *
 * Throws a `DecodeError` of the kinds of `parseHeader`, or `type` for other frames, `fragment` for a
 * piece of CFG-3, `config-overrun` when the counts ask for more than the frame holds, `time-base`
 * when TIME_BASE is 0.
 */
export function parseConfiguration(
  bytes: Uint8Array,
  options: ConfigurationOptions = {},
): Configuration {
  const header = parseHeader(bytes);
  return parseConfigurationBody(header, bytes.subarray(0, header.size), options);
}

/** As {@linkcode parseConfiguration} for a frame whose common part and CHK have been checked. */
export function parseConfigurationBody(
  header: CommonHeader,
  bytes: Uint8Array,
  options: ConfigurationOptions = {},
): Configuration {
  const reader = new ByteReader(bytes, 14, bytes.length - 2);
  if (header.type === FrameType.Config3) {
    const index = reader.u16("CONT_IDX");
    if (index !== 0) {
      throw new DecodeError(
        "fragment",
        `Cannot read CFG-3 by itself: expected CONT_IDX 0, found ${index}`,
        { offset: 14, field: "CONT_IDX", value: index },
      );
    }
    return readBody(header, reader, options);
  }
  if (header.type !== FrameType.Config1 && header.type !== FrameType.Config2) {
    throw new DecodeError(
      "type",
      `Cannot read a configuration: expected frame type 2, 3 or 5, found ${header.type}`,
      { offset: 1, field: "SYNC", value: header.type },
    );
  }
  return readBody(header, reader, options);
}

/** Reads the body of CFG-3 that was put together from fragments: TIME_BASE through DATA_RATE. */
export function parseAssembledBody(header: CommonHeader, body: Uint8Array): Configuration {
  return readBody(header, new ByteReader(body), {});
}

function readBody(
  header: CommonHeader,
  reader: ByteReader,
  options: ConfigurationOptions,
): Configuration {
  const word = reader.u32("TIME_BASE");
  const timeBase = word & 0xffffff;
  if (timeBase === 0) {
    throw new DecodeError(
      "time-base",
      `Cannot accept a configuration: expected TIME_BASE above 0, found ${word}`,
      { offset: reader.offset - 4, field: "TIME_BASE", value: word },
    );
  }
  const count = reader.u16("NUM_PMU");
  const full = header.type === FrameType.Config3;
  const draft6 = options.draft6 === true && header.version === 0;
  const smallest = full ? FULL_PMU_MINIMUM : draft6 ? PMU_MINIMUM - 2 : PMU_MINIMUM;
  checkRoom(reader, count, smallest, "NUM_PMU");
  const pmus: PmuConfiguration[] = [];
  for (let i = 0; i < count; i++) pmus.push(full ? readFullPmu(reader) : readPmu(reader, draft6));
  const dataRate = reader.i16("DATA_RATE");
  return {
    type: header.type,
    version: header.version,
    idCode: header.idCode,
    timeBase,
    timeBaseFlags: word >>> 24,
    pmus,
    dataRate,
    trailing: reader.remaining,
  };
}

// Smallest blocks: STN to CFGCNT without channels.
const PMU_MINIMUM = 30;
const FULL_PMU_MINIMUM = 1 + 2 + 16 + 8 + 12 + 1 + 8 + 4;

function checkRoom(reader: ByteReader, count: number, size: number, field: string): void {
  if (count * size > reader.remaining) {
    throw new DecodeError(
      "config-overrun",
      `Cannot accept a configuration: ${field} ${count} needs ${count * size} bytes at offset ` +
        `${reader.offset}, found ${reader.remaining}`,
      { offset: reader.offset, field, value: count },
    );
  }
}

interface Counts {
  readonly phasors: number;
  readonly analogs: number;
  readonly digitals: number;
}

function readCounts(reader: ByteReader): Counts {
  return {
    phasors: reader.u16("PHNMR"),
    analogs: reader.u16("ANNMR"),
    digitals: reader.u16("DGNMR"),
  };
}

function readPmu(reader: ByteReader, draft6: boolean): PmuConfiguration {
  const stationAt = reader.offset;
  const station = readFixedName(reader, "STN");
  const stationRaw = reader.bytes.slice(stationAt, stationAt + 16);
  const idCode = reader.u16("IDCODE");
  const format = reader.u16("FORMAT");
  const n = readCounts(reader);
  const namesPerWord = draft6 ? 1 : 16;
  checkRoom(reader, n.phasors, 20, "PHNMR");
  checkRoom(reader, n.analogs, 20, "ANNMR");
  checkRoom(reader, n.digitals, 16 * namesPerWord + 4, "DGNMR");
  const names = readNames(reader, n, namesPerWord, readFixedName);
  const phasors = names.phasors.map((name): PhasorChannel => {
    const word = reader.u32("PHUNIT");
    return {
      name,
      kind: word >>> 24 === 0 ? "V" : "I",
      typeByte: word >>> 24,
      factor: word & 0xffffff,
    };
  });
  const analogs = names.analogs.map((name): AnalogChannel => {
    const word = reader.u32("ANUNIT");
    return { name, typeByte: word >>> 24, factor: (word << 8) >> 8 };
  });
  const digitals = names.digitals.map((bits) => readDigital(reader, bits));
  const fnom = reader.u16("FNOM");
  const cfgCnt = draft6 ? 0 : reader.u16("CFGCNT");
  return { station, stationRaw, idCode, format, phasors, analogs, digitals, fnom, cfgCnt };
}

function readFullPmu(reader: ByteReader): PmuConfiguration {
  const station = readCountedName(reader, "STN");
  const idCode = reader.u16("IDCODE");
  const globalId = uuidFromBytes(reader.bytes, reader.take(16, "G_PMU_ID"));
  const format = reader.u16("FORMAT");
  const n = readCounts(reader);
  checkRoom(reader, n.phasors, 13, "PHNMR");
  checkRoom(reader, n.analogs, 9, "ANNMR");
  checkRoom(reader, n.digitals, 20, "DGNMR");
  const names = readNames(reader, n, 16, readCountedName);
  const phasors = names.phasors.map((name) => readScaledPhasor(reader, name));
  const analogs = names.analogs.map((name): AnalogChannel => ({
    name,
    typeByte: 0,
    factor: 0,
    scaling: { scale: reader.f32("ANSCALE"), offset: reader.f32("ANSCALE") },
  }));
  const digitals = names.digitals.map((bits) => readDigital(reader, bits));
  const extras = {
    globalId,
    latitude: reader.f32("PMU_LAT"),
    longitude: reader.f32("PMU_LON"),
    elevation: reader.f32("PMU_ELEV"),
    serviceClass: String.fromCharCode(reader.u8("SVC_CLASS")),
    windowMicros: reader.i32("WINDOW"),
    groupDelayMicros: reader.i32("GRP_DLY"),
  };
  const fnom = reader.u16("FNOM");
  const cfgCnt = reader.u16("CFGCNT");
  return { station, idCode, format, phasors, analogs, digitals, fnom, cfgCnt, extras };
}

function readScaledPhasor(reader: ByteReader, name: string): PhasorChannel {
  const modFlags = reader.u16("PHSCALE");
  const typeByte = reader.u8("PHSCALE");
  return {
    name,
    kind: typeByte & 8 ? "I" : "V",
    typeByte,
    factor: 0,
    scaling: {
      modFlags,
      component: typeByte & 7,
      user: reader.u8("PHSCALE"),
      scale: reader.f32("PHSCALE"),
      angleOffset: reader.f32("PHSCALE"),
    },
  };
}

function readDigital(reader: ByteReader, names: readonly string[]): DigitalChannel {
  return { names, normal: reader.u16("DIGUNIT"), valid: reader.u16("DIGUNIT") };
}

interface Names {
  readonly phasors: string[];
  readonly analogs: string[];
  readonly digitals: string[][];
}

function readNames(
  reader: ByteReader,
  n: Counts,
  perWord: number,
  read: (reader: ByteReader, field: string) => string,
): Names {
  const list = (count: number) => Array.from({ length: count }, () => read(reader, "CHNAM"));
  const phasors = list(n.phasors);
  const analogs = list(n.analogs);
  const digitals = Array.from({ length: n.digitals }, () => list(perWord));
  return { phasors, analogs, digitals };
}
