/**
 * Data frames to core frames: a plan compiled from the configuration (clause 6.3).
 *
 * This is the hot path: no allocation, no closure and no object per frame or value. A value is written
 * and then, where it is missing or beyond half a turn, written again: a number that may be one of two,
 * such as `missing ? NaN : value`, is put into a box of 16 octets.
 *
 * @module
 */
import { type Frame, setFromSocFracSec } from "../core/mod.ts";
import { DEGREES, MISSING, phasorScale, wrapDegrees } from "./raw.ts";
import {
  commonStatusOf,
  extendedStateFlagsOf,
  leapOfTimeQuality,
  STAT_FILLER,
  stateFlagsOf,
} from "./status.ts";
import { type Configuration, FormatBits, nominalHz, type PmuConfiguration } from "./types.ts";
import { dataFrameSize } from "./types.ts";
import { StateFlags } from "../core/mod.ts";

/** Choices of a {@linkcode DataDecoder}. */
export interface DecoderOptions {
  /**
   * What float FREQ means: hertz (`absolute`, the default), the deviation from nominal
   * (`deviation`), or whichever the first frames show (`auto`).
   */
  readonly floatFrequency?: "absolute" | "deviation" | "auto";
  /** Float FREQ of exactly 0 stands for a lost PMU: FREQ and DFREQ become NaN. Default true. */
  readonly zeroFrequencyIsMissing?: boolean;
  /** Apply PHSCALE and ANSCALE of CFG-3 to floats too. Default true. */
  readonly applyScaleToFloat?: boolean;
  /** Also translate bit 12, doubtful time quality, clock failure and NaN into flags. Default false. */
  readonly extendedFlags?: boolean;
}

/** Bits of what {@linkcode DataDecoder.decode} noticed in a frame. */
export const Notice = {
  /** Nothing. */
  None: 0,
  /** The frame is shorter than the configuration says; nothing was decoded. */
  Short: 1,
  /** STAT bit 10 is set in a block that is neither filler nor in error. */
  ConfigChange: 2,
  /** A block is filler (STAT 0xFFFF): its values are NaN. */
  Filler: 4,
  /** The fraction count is at or above TIME_BASE and was carried into the next second. */
  TimeOverflow: 8,
  /** Mode `auto` has just found that a PMU sends deviations; told once per PMU. */
  FrequencyMode: 16,
} as const;

/** The part of the plan that belongs to one PMU. */
interface Block {
  readonly phasors: number;
  readonly polar: boolean;
  readonly phasorFloat: boolean;
  readonly factors: Float64Array;
  readonly offsets: Float64Array;
  readonly frequencyFloat: boolean;
  readonly fnom: number;
  readonly analogs: number;
  readonly analogFloat: boolean;
  readonly analogScales: Float64Array;
  readonly analogOffsets: Float64Array;
  readonly digitals: number;
  /** Number of values in the layout. */
  readonly count: number;
}

/** Good frames with a small float FREQ in a row before mode `auto` decides for deviation. */
const AUTO_FRAMES = 20;
/** Largest float FREQ in hertz that mode `auto` takes for a deviation. */
const AUTO_LIMIT_HZ = 10;

/**
 * Decodes the data frames of one configuration into frames of the layout that `signalsOf` lists.
 *
 * CHK is not looked at: whoever found the frame has done that (`StreamParser`, `crcMatches`).
 */
export class DataDecoder {
  /** FRAMESIZE by the configuration. */
  readonly size: number;
  /** Number of values in a frame: all blocks and QUAL. */
  readonly count: number;
  /** STAT of the last frame by PMU, as received. */
  readonly stats: Uint16Array;
  /** 1 for each PMU whose float FREQ is taken as a deviation from nominal. */
  readonly deviation: Uint8Array;
  readonly #timeBase: number;
  readonly #blocks: readonly Block[];
  readonly #auto: boolean;
  readonly #zeroMissing: boolean;
  readonly #extended: boolean;
  readonly #smallInARow: Uint8Array;

  /** Compiles the plan. */
  constructor(configuration: Configuration, options: DecoderOptions = {}) {
    const n = configuration.pmus.length;
    const applyScale = options.applyScaleToFloat ?? true;
    this.size = dataFrameSize(configuration);
    this.#timeBase = configuration.timeBase;
    this.#blocks = configuration.pmus.map((pmu) => compile(pmu, applyScale));
    this.count = this.#blocks.reduce((sum, block) => sum + block.count, 1);
    this.stats = new Uint16Array(n);
    this.deviation = new Uint8Array(n).fill(options.floatFrequency === "deviation" ? 1 : 0);
    this.#auto = options.floatFrequency === "auto";
    this.#zeroMissing = options.zeroFrequencyIsMissing ?? true;
    this.#extended = options.extendedFlags ?? false;
    this.#smallInARow = new Uint8Array(n);
  }

  /**
   * Decodes the data frame of `size` bytes at `offset` into `frame`, whose layout must have `count` values.
   *
   * `view` is a view of the same bytes with the same offsets. Returns bits of {@linkcode Notice};
   * never throws for wire content. `frame.arrivalMicros` is left alone.
   */
  decode(bytes: Uint8Array, view: DataView, offset: number, size: number, frame: Frame): number {
    if (size < this.size) return Notice.Short;
    const quality = bytes[offset + 10]!;
    const fraction = view.getUint32(offset + 10) & 0xffffff;
    setFromSocFracSec(frame.instant, view.getUint32(offset + 6), fraction, this.#timeBase);
    frame.leap = leapOfTimeQuality(quality);
    let notices: number = fraction >= this.#timeBase ? Notice.TimeOverflow : Notice.None;

    const values = frame.values, flags = frame.flags;
    const blocks = this.#blocks;
    let at = offset + 14;
    let v = 0;
    for (let b = 0; b < blocks.length; b++) {
      const block = blocks[b]!;
      const stat = view.getUint16(at);
      this.stats[b] = stat;
      const first = v;
      at = block.phasorFloat
        ? readFloatPhasors(view, at + 2, block, values, v)
        : readIntegerPhasors(view, at + 2, block, values, v);
      v += 2 * block.phasors;
      if (block.frequencyFloat) {
        const freq = view.getFloat32(at);
        const dfreq = view.getFloat32(at + 4);
        at += 8;
        if (this.#auto && this.deviation[b] === 0 && this.#seemsDeviation(b, freq, stat)) {
          notices |= Notice.FrequencyMode;
        }
        const missing = freq === 0 && this.#zeroMissing;
        values[v] = missing
          ? NaN
          : this.deviation[b] === 1 && freq !== 0
          ? block.fnom + freq
          : freq;
        values[v + 1] = missing ? NaN : dfreq;
      } else {
        const freq = view.getInt16(at);
        const dfreq = view.getInt16(at + 2);
        at += 4;
        values[v] = block.fnom + freq / 1000;
        values[v + 1] = dfreq / 100;
        if (freq === MISSING) values[v] = NaN;
        if (dfreq === MISSING) values[v + 1] = NaN;
      }
      v += 2;
      at = readAnalogs(view, at, block, values, v);
      v += block.analogs;
      for (let i = 0; i < block.digitals; i++, at += 2) values[v++] = view.getUint16(at);
      values[v++] = commonStatusOf(stat);

      let flag = stateFlagsOf(stat);
      if (this.#extended) flag |= extendedStateFlagsOf(stat, quality);
      if (stat === STAT_FILLER) {
        notices |= Notice.Filler;
        values.fill(NaN, first, v - 1);
      } else if ((stat & 0x4400) === 0x0400) {
        notices |= Notice.ConfigChange;
      }
      for (let i = first; i < v; i++) flags[i] = flag;
      if (this.#extended) {
        for (let i = first; i < v; i++) {
          if (values[i] !== values[i]) flags[i]! |= StateFlags.BadData;
        }
      }
    }
    // At most 8 significant bits, so exact as binary32.
    values[v] = quality * 16777216;
    flags[v] = this.#extended ? extendedStateFlagsOf(0, quality) : StateFlags.Normal;
    return notices;
  }

  /** Counts small float FREQs in a row; blocks in error, NaN and 0 neither count nor break the row. */
  #seemsDeviation(b: number, freq: number, stat: number): boolean {
    if ((stat & 0xc000) !== 0 || freq !== freq || freq === 0) return false;
    if (freq > AUTO_LIMIT_HZ || freq < -AUTO_LIMIT_HZ) {
      this.#smallInARow[b] = 0;
      return false;
    }
    if (++this.#smallInARow[b]! < AUTO_FRAMES) return false;
    this.deviation[b] = 1;
    return true;
  }
}

function readFloatPhasors(
  view: DataView,
  at: number,
  block: Block,
  values: Float32Array,
  v: number,
): number {
  const { factors, offsets, polar, phasors } = block;
  for (let i = 0; i < phasors; i++, at += 8, v += 2) {
    const a = view.getFloat32(at);
    const b = view.getFloat32(at + 4);
    const magnitude = polar ? a : Math.sqrt(a * a + b * b);
    const degrees = (polar ? b : Math.atan2(b, a)) * DEGREES - offsets[i]!;
    values[v] = magnitude * factors[i]!;
    values[v + 1] = degrees;
    if (degrees > 180 || degrees <= -180) values[v + 1] = wrapDegrees(degrees);
    if (a !== a || b !== b) values[v] = values[v + 1] = NaN;
  }
  return at;
}

function readIntegerPhasors(
  view: DataView,
  at: number,
  block: Block,
  values: Float32Array,
  v: number,
): number {
  const { factors, offsets, polar, phasors } = block;
  for (let i = 0; i < phasors; i++, at += 4, v += 2) {
    // A magnitude has no sign, and so no mark for a missing value.
    const a = polar ? view.getUint16(at) : view.getInt16(at);
    const b = view.getInt16(at + 2);
    const magnitude = polar ? a : Math.sqrt(a * a + b * b);
    const degrees = (polar ? b * 1e-4 : Math.atan2(b, a)) * DEGREES - offsets[i]!;
    values[v] = magnitude * factors[i]!;
    values[v + 1] = degrees;
    if (degrees > 180 || degrees <= -180) values[v + 1] = wrapDegrees(degrees);
    if (a === MISSING || b === MISSING) values[v] = values[v + 1] = NaN;
  }
  return at;
}

function readAnalogs(
  view: DataView,
  at: number,
  block: Block,
  values: Float32Array,
  v: number,
): number {
  const { analogScales, analogOffsets, analogs } = block;
  if (block.analogFloat) {
    for (let i = 0; i < analogs; i++, at += 4) {
      values[v + i] = view.getFloat32(at) * analogScales[i]! + analogOffsets[i]!;
    }
    return at;
  }
  for (let i = 0; i < analogs; i++, at += 2) {
    const a = view.getInt16(at);
    values[v + i] = a * analogScales[i]! + analogOffsets[i]!;
    if (a === MISSING) values[v + i] = NaN;
  }
  return at;
}

function compile(pmu: PmuConfiguration, applyScaleToFloat: boolean): Block {
  const scales = pmu.phasors.map((_, i) => phasorScale(pmu, i, applyScaleToFloat));
  const analogFloat = (pmu.format & FormatBits.AnalogFloat) !== 0;
  const scaled = !analogFloat || applyScaleToFloat;
  return {
    phasors: pmu.phasors.length,
    polar: (pmu.format & FormatBits.Polar) !== 0,
    phasorFloat: (pmu.format & FormatBits.PhasorFloat) !== 0,
    factors: Float64Array.from(scales, (s) => s.factor),
    offsets: Float64Array.from(scales, (s) => s.offsetDegrees),
    frequencyFloat: (pmu.format & FormatBits.FrequencyFloat) !== 0,
    fnom: nominalHz(pmu),
    analogs: pmu.analogs.length,
    analogFloat,
    analogScales: Float64Array.from(pmu.analogs, (a) => scaled && a.scaling ? a.scaling.scale : 1),
    // -0 leaves -0 as it is, +0 would not.
    analogOffsets: Float64Array.from(
      pmu.analogs,
      (a) => scaled && a.scaling ? a.scaling.offset : -0,
    ),
    digitals: pmu.digitals.length,
    count: 2 * pmu.phasors.length + 2 + pmu.analogs.length + pmu.digitals.length + 1,
  };
}
