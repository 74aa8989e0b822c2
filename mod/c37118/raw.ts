/**
 * Data frames off the hot path: wire values and engineering values as plain objects (clause 6.3).
 *
 * @module
 */
import { ByteReader, type ByteWriter, DecodeError } from "../core/mod.ts";
import { finishFrame, startFrame } from "./common.ts";
import type { Configuration, PmuConfiguration, Prefix } from "./types.ts";
import { dataFrameSize, FormatBits, FrameType, nominalHz } from "./types.ts";

/** The block of one PMU as it stands on the wire: counts, or floats as exact doubles. */
export interface RawBlock {
  /** STAT. */
  readonly stat: number;
  /** Real and imaginary part, or magnitude and angle, by phasor. */
  readonly phasors: readonly (readonly [number, number])[];
  /** FREQ. */
  readonly freq: number;
  /** DFREQ. */
  readonly dfreq: number;
  /** ANALOG. */
  readonly analogs: readonly number[];
  /** DIGITAL. */
  readonly digitals: readonly number[];
}

/** The block of one PMU in engineering units; NaN is missing. */
export interface EngineeringBlock {
  /** Magnitude in volts or amperes (rms) and angle in degrees, (-180, 180], by phasor. */
  readonly phasors: readonly (readonly [number, number])[];
  /** Hertz. */
  readonly freq: number;
  /** Hertz per second. */
  readonly dfreq: number;
  /** Analogs; scaled only by ANSCALE of CFG-3. */
  readonly analogs: readonly number[];
}

/**
 * Reads the wire values of a data frame whose common part has been checked.
 *
 * Throws a `DecodeError` of kind `size-mismatch` when `bytes` is shorter than the configuration says.
 */
export function readRawBlocks(bytes: Uint8Array, configuration: Configuration): RawBlock[] {
  const expected = dataFrameSize(configuration);
  if (bytes.length < expected) {
    throw new DecodeError(
      "size-mismatch",
      `Cannot read a data frame: expected ${expected} bytes by the configuration, found ${bytes.length}`,
      { offset: 2, field: "FRAMESIZE", value: bytes.length },
    );
  }
  const reader = new ByteReader(bytes, 14, bytes.length - 2);
  return configuration.pmus.map((pmu) => readBlock(reader, pmu));
}

function readBlock(reader: ByteReader, pmu: PmuConfiguration): RawBlock {
  const f = pmu.format;
  const polar = (f & FormatBits.Polar) !== 0;
  const stat = reader.u16("STAT");
  const phasors = pmu.phasors.map((): [number, number] => {
    if (f & FormatBits.PhasorFloat) return [reader.f32("PHASORS"), reader.f32("PHASORS")];
    return [polar ? reader.u16("PHASORS") : reader.i16("PHASORS"), reader.i16("PHASORS")];
  });
  const floatFrequency = (f & FormatBits.FrequencyFloat) !== 0;
  const freq = floatFrequency ? reader.f32("FREQ") : reader.i16("FREQ");
  const dfreq = floatFrequency ? reader.f32("DFREQ") : reader.i16("DFREQ");
  const analogs = pmu.analogs.map(() =>
    f & FormatBits.AnalogFloat ? reader.f32("ANALOG") : reader.i16("ANALOG")
  );
  const digitals = pmu.digitals.map(() => reader.u16("DIGITAL"));
  return { stat, phasors, freq, dfreq, analogs, digitals };
}

/** Writes a data frame from wire values. `blocks` must have the shape of the configuration. */
export function encodeRawData(
  configuration: Configuration,
  prefix: Prefix,
  blocks: readonly RawBlock[],
): Uint8Array<ArrayBuffer> {
  if (blocks.length !== configuration.pmus.length) {
    throw new DecodeError(
      "size-mismatch",
      `Cannot write a data frame: expected ${configuration.pmus.length} blocks, found ${blocks.length}`,
    );
  }
  const writer = startFrame(FrameType.Data, prefix, dataFrameSize(configuration));
  configuration.pmus.forEach((pmu, i) => writeBlock(writer, pmu, blocks[i]!));
  return finishFrame(writer);
}

function writeBlock(writer: ByteWriter, pmu: PmuConfiguration, block: RawBlock): void {
  const f = pmu.format;
  writer.u16(block.stat);
  for (const [a, b] of block.phasors) {
    if (f & FormatBits.PhasorFloat) writer.f32(a).f32(b);
    else writer.u16(a).u16(b);
  }
  if (f & FormatBits.FrequencyFloat) writer.f32(block.freq).f32(block.dfreq);
  else writer.u16(block.freq).u16(block.dfreq);
  for (const a of block.analogs) {
    if (f & FormatBits.AnalogFloat) writer.f32(a);
    else writer.u16(a);
  }
  for (const d of block.digitals) writer.u16(d);
}

/** Engineering values of a block; float FREQ is taken as absolute, and 0 is kept. */
export function toEngineering(
  pmu: PmuConfiguration,
  raw: RawBlock,
  applyScaleToFloat = true,
): EngineeringBlock {
  const f = pmu.format;
  const integerFrequency = (f & FormatBits.FrequencyFloat) === 0;
  const fnom = nominalHz(pmu);
  return {
    phasors: pmu.phasors.map((channel, i) => {
      const { factor, offsetDegrees } = phasorScale(pmu, i, applyScaleToFloat);
      const [a, b] = raw.phasors[i]!;
      const integer = (f & FormatBits.PhasorFloat) === 0;
      const polar = (f & FormatBits.Polar) !== 0;
      if (integer && (b === MISSING || (!polar && a === MISSING))) return [NaN, NaN];
      if (Number.isNaN(a) || Number.isNaN(b)) return [NaN, NaN];
      // Without an offset the angle is left alone, so that -0 stays.
      const turn = (degrees: number) =>
        wrapDegrees(channel.scaling && offsetDegrees !== 0 ? degrees - offsetDegrees : degrees);
      if (polar) return [a * factor, turn((integer ? b * 1e-4 : b) * DEGREES)];
      return [Math.sqrt(a * a + b * b) * factor, turn(Math.atan2(b, a) * DEGREES)];
    }),
    freq: integerFrequency ? (raw.freq === MISSING ? NaN : fnom + raw.freq / 1000) : raw.freq,
    dfreq: integerFrequency ? (raw.dfreq === MISSING ? NaN : raw.dfreq / 100) : raw.dfreq,
    analogs: pmu.analogs.map((channel, i) => {
      const a = raw.analogs[i]!;
      const integer = (f & FormatBits.AnalogFloat) === 0;
      if (integer && a === MISSING) return NaN;
      const s = integer || applyScaleToFloat ? channel.scaling : undefined;
      return s ? s.scale * a + s.offset : a;
    }),
  };
}

/** The mark of a missing signed integer: 0x8000. */
export const MISSING = -32768;

/** Degrees in a radian. */
export const DEGREES = 180 / Math.PI;

/** Volts or amperes per count of a phasor, and the angle that is subtracted, in degrees. */
export function phasorScale(
  pmu: PmuConfiguration,
  index: number,
  applyScaleToFloat: boolean,
): { factor: number; offsetDegrees: number } {
  const channel = pmu.phasors[index]!;
  const integer = (pmu.format & FormatBits.PhasorFloat) === 0;
  if (channel.scaling) {
    if (!integer && !applyScaleToFloat) return { factor: 1, offsetDegrees: 0 };
    // A negative factor is a turn by half a circle: magnitudes are never below 0.
    const flip = channel.scaling.scale < 0 ? 180 : 0;
    return {
      factor: Math.abs(channel.scaling.scale),
      offsetDegrees: channel.scaling.angleOffset * DEGREES + flip,
    };
  }
  return { factor: integer ? channel.factor * 1e-5 : 1, offsetDegrees: 0 };
}

/** An angle in degrees brought into (-180, 180]; what is not finite stays as it is. */
export function wrapDegrees(degrees: number): number {
  if (degrees > -180 && degrees <= 180) return degrees;
  if (!Number.isFinite(degrees)) return degrees;
  const rest = degrees % 360; // exact, however many turns
  return rest > 180 ? rest - 360 : rest <= -180 ? rest + 360 : rest;
}
