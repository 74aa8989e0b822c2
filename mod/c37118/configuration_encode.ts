/**
 * Writing CFG-1, CFG-2 and CFG-3 (clauses 6.4 and 6.5).
 *
 * @module
 */
import { ByteWriter, DecodeError, uuidToBytes } from "../core/mod.ts";
import { finishFrame, MAX_FRAME_SIZE, PREFIX_SIZE, startFrame } from "./common.ts";
import { writeCountedName, writeFixedName } from "./names.ts";
import type { Configuration, PmuConfiguration, Prefix } from "./types.ts";
import { FrameType } from "./types.ts";

/**
 * Writes a configuration as one CFG-1 or CFG-2 frame.
 *
 * `type` is the frame type to write, by default that of the configuration, or CFG-2 for one that
 * came as CFG-3. Throws a `DecodeError` of kind `size` above 65535 bytes.
 */
export function encodeConfiguration(
  configuration: Configuration,
  prefix: Prefix = configuration,
  type: number = configuration.type === FrameType.Config1 ? FrameType.Config1 : FrameType.Config2,
): Uint8Array<ArrayBuffer> {
  if (type !== FrameType.Config1 && type !== FrameType.Config2) {
    throw new DecodeError(
      "type",
      `Cannot write a configuration: expected type 2 or 3, found ${type}`,
    );
  }
  const writer = startFrame(type, prefix, 1024);
  writeHead(writer, configuration);
  for (const pmu of configuration.pmus) writePmu(writer, pmu);
  writeTail(writer, configuration);
  return finishFrame(writer);
}

/**
 * Writes a configuration as CFG-3: one frame with CONT_IDX 0, or several when it exceeds `maxSize`
 * bytes. Each of several is a legal frame with its own CHK, CONT_IDX 1, 2 ... 65535.
 */
export function encodeConfiguration3(
  configuration: Configuration,
  prefix: Prefix = configuration,
  maxSize: number = MAX_FRAME_SIZE,
): Uint8Array<ArrayBuffer>[] {
  const version = configuration.type === FrameType.Config3 ? configuration.version : 2;
  const common: Prefix = { ...prefix, version: Math.max(prefix.version ?? 0, version) };
  const writer = new ByteWriter(1024);
  writeHead(writer, configuration);
  for (const pmu of configuration.pmus) writeFullPmu(writer, pmu);
  writeTail(writer, configuration);
  const body = writer.bytes();
  const room = Math.min(maxSize, MAX_FRAME_SIZE) - OVERHEAD;
  if (room < 1) {
    throw new DecodeError(
      "size",
      `Cannot write CFG-3: expected room for more than ${OVERHEAD} bytes a frame, found ${maxSize}`,
    );
  }
  if (body.length <= room) return [fragment(common, 0, body)];
  const frames: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0, index = 1; at < body.length; at += room, index++) {
    const last = at + room >= body.length;
    frames.push(fragment(common, last ? LAST_FRAGMENT : index, body.subarray(at, at + room)));
  }
  return frames;
}

/** CONT_IDX of the last fragment. */
export const LAST_FRAGMENT = 65535;

// Common part, CONT_IDX and CHK.
const OVERHEAD = PREFIX_SIZE + 4;

function fragment(prefix: Prefix, index: number, body: Uint8Array): Uint8Array<ArrayBuffer> {
  return finishFrame(
    startFrame(FrameType.Config3, prefix, body.length + OVERHEAD).u16(index).raw(body),
  );
}

function writeHead(writer: ByteWriter, configuration: Configuration): void {
  writer.u32(((configuration.timeBaseFlags << 24) | (configuration.timeBase & 0xffffff)) >>> 0);
  writer.u16(configuration.pmus.length);
}

function writeTail(writer: ByteWriter, configuration: Configuration): void {
  writer.u16(configuration.dataRate);
  for (let i = 0; i < configuration.trailing; i++) writer.u8(0);
}

function writePmu(writer: ByteWriter, pmu: PmuConfiguration): void {
  if (pmu.stationRaw?.length === 16) writer.raw(pmu.stationRaw);
  else writeFixedName(writer, pmu.station);
  writer.u16(pmu.idCode);
  writeCounts(writer, pmu);
  for (const name of channelNames(pmu)) writeFixedName(writer, name);
  for (const p of pmu.phasors) {
    // A phasor of a CFG-3 has no PHUNIT: volts or amperes per count become units of 1e-5.
    const factor = p.scaling ? Math.round(Math.abs(p.scaling.scale) * 1e5) : p.factor;
    const typeByte = p.scaling ? (p.kind === "I" ? 1 : 0) : p.typeByte;
    writer.u32(((typeByte << 24) | Math.min(factor, 0xffffff)) >>> 0);
  }
  for (const a of pmu.analogs) writer.u32(((a.typeByte << 24) | (a.factor & 0xffffff)) >>> 0);
  for (const d of pmu.digitals) writer.u16(d.normal).u16(d.valid);
  writer.u16(pmu.fnom).u16(pmu.cfgCnt);
}

function writeFullPmu(writer: ByteWriter, pmu: PmuConfiguration): void {
  writeCountedName(writer, pmu.station);
  writer.u16(pmu.idCode);
  const id = new Uint8Array(16);
  if (pmu.extras) uuidToBytes(pmu.extras.globalId, id);
  writer.raw(id);
  writeCounts(writer, pmu);
  for (const name of channelNames(pmu)) writeCountedName(writer, name);
  const integers = (pmu.format & 2) === 0;
  for (const p of pmu.phasors) {
    // PHUNIT counts in 1e-5 and applies to integers only; PHSCALE has no such factor.
    const s = p.scaling ??
      { modFlags: 0, user: 0, scale: integers ? p.factor * 1e-5 : 1, angleOffset: 0 };
    writer.u16(s.modFlags).u8(p.scaling ? p.typeByte : (p.kind === "I" ? 8 : 0) | 1).u8(s.user)
      .f32(s.scale).f32(s.angleOffset);
  }
  for (const a of pmu.analogs) writer.f32(a.scaling?.scale ?? 1).f32(a.scaling?.offset ?? 0);
  for (const d of pmu.digitals) writer.u16(d.normal).u16(d.valid);
  const x = pmu.extras;
  writer.f32(x?.latitude ?? Infinity).f32(x?.longitude ?? Infinity).f32(x?.elevation ?? Infinity)
    .u8((x?.serviceClass ?? "M").charCodeAt(0) & 0xff)
    .u32(x?.windowMicros ?? 0).u32(x?.groupDelayMicros ?? 0)
    .u16(pmu.fnom).u16(pmu.cfgCnt);
}

function writeCounts(writer: ByteWriter, pmu: PmuConfiguration): void {
  writer.u16(pmu.format).u16(pmu.phasors.length).u16(pmu.analogs.length).u16(pmu.digitals.length);
}

function* channelNames(pmu: PmuConfiguration): Generator<string> {
  for (const p of pmu.phasors) yield p.name;
  for (const a of pmu.analogs) yield a.name;
  for (const d of pmu.digitals) {
    // A word of draft 6 has one name: it names bit 0.
    for (let bit = 0; bit < 16; bit++) yield d.names[bit] ?? "";
  }
}
