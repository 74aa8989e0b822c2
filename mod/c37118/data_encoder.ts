/**
 * Values to data frames: the reverse of `DataDecoder` (clause 6.3).
 *
 * @module
 */
import { MAX_FRAME_SIZE, writeCheck } from "./common.ts";
import { DecodeError } from "../core/mod.ts";
import { DEGREES, phasorScale, wrapDegrees } from "./raw.ts";
import { STAT_ABSENT, statOfCommonStatus } from "./status.ts";
import type { Configuration, PmuConfiguration } from "./types.ts";
import { dataFrameSize, FormatBits, nominalHz } from "./types.ts";

/** Choices of a {@linkcode DataEncoder}. */
export interface EncoderOptions {
  /** Version nibble of the frames; default 1 for CFG-1 and CFG-2, as real devices send. */
  readonly version?: number;
  /** STAT of a block whose status word is NaN; default 0xA000. */
  readonly absentStat?: number;
  /** Send float FREQ as deviation from nominal; default false: hertz. */
  readonly floatFrequencyIsDeviation?: boolean;
}

/**
 * Encodes data frames of one configuration from values in the order that `signalsOf` lists.
 *
 * Integers are rounded to nearest and saturate at +-32767 and 65535, which `saturated` counts; NaN
 * becomes NaN, or 0x8000 in integer formats, in both halves of a phasor if it is missing in either.
 */
export class DataEncoder {
  /** FRAMESIZE of every frame. */
  readonly size: number;
  /** Number of values that a frame is made of: all blocks and QUAL. */
  readonly count: number;
  /** Integers that had to be saturated. */
  saturated = 0;
  readonly #configuration: Configuration;
  readonly #version: number;
  readonly #absentStat: number;
  readonly #deviation: boolean;
  readonly #factors: readonly Float64Array[];
  readonly #offsets: readonly Float64Array[];
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** Makes an encoder. Throws a `DecodeError` of kind `size` if frames would exceed 65535 bytes. */
  constructor(configuration: Configuration, options: EncoderOptions = {}) {
    this.size = dataFrameSize(configuration);
    if (this.size > MAX_FRAME_SIZE) {
      throw new DecodeError(
        "size",
        `Cannot encode data frames: expected at most ${MAX_FRAME_SIZE} bytes, found ${this.size}`,
        { field: "FRAMESIZE", value: this.size },
      );
    }
    this.#configuration = configuration;
    this.#version = options.version ?? 1;
    this.#absentStat = options.absentStat ?? STAT_ABSENT;
    this.#deviation = options.floatFrequencyIsDeviation ?? false;
    const scales = configuration.pmus.map((pmu) =>
      pmu.phasors.map((_, i) => phasorScale(pmu, i, true))
    );
    this.#factors = scales.map((s) => Float64Array.from(s, (x) => x.factor));
    this.#offsets = scales.map((s) => Float64Array.from(s, (x) => x.offsetDegrees));
    this.count = configuration.pmus.reduce((sum, pmu) => sum + valueCount(pmu), 1);
  }

  /**
   * Writes a frame at `offset` of `out`, which must have room for `size` bytes, and returns `size`.
   *
   * `values` are volts, amperes, degrees, hertz and so on in layout order; the status word of a block
   * is a common status word. `timeQuality` is the whole byte; the QUAL value is not looked at.
   */
  encode(
    values: Float32Array | Float64Array,
    soc: number,
    fracSec: number,
    timeQuality: number,
    out: Uint8Array,
    offset = 0,
  ): number {
    const view = this.#viewOf(out);
    view.setUint16(offset, 0xaa00 | (this.#version & 15));
    view.setUint16(offset + 2, this.size);
    view.setUint16(offset + 4, this.#configuration.idCode);
    view.setUint32(offset + 6, soc);
    view.setUint32(offset + 10, ((timeQuality << 24) | (fracSec & 0xffffff)) >>> 0);
    let at = offset + 14;
    let v = 0;
    const pmus = this.#configuration.pmus;
    for (let i = 0; i < pmus.length; i++) {
      const pmu = pmus[i]!;
      at = this.#writeBlock(view, at, pmu, i, values, v);
      v += valueCount(pmu);
    }
    writeCheck(out, offset, this.size);
    return this.size;
  }

  #writeBlock(
    view: DataView,
    at: number,
    pmu: PmuConfiguration,
    index: number,
    values: Float32Array | Float64Array,
    v: number,
  ): number {
    const status = values[v + valueCount(pmu) - 1]!;
    view.setUint16(at, status === status ? statOfCommonStatus(status | 0) : this.#absentStat);
    at += 2;
    const n = pmu.phasors.length;
    const factors = this.#factors[index]!, offsets = this.#offsets[index]!;
    const float = (pmu.format & FormatBits.PhasorFloat) !== 0;
    const polar = (pmu.format & FormatBits.Polar) !== 0;
    for (let i = 0; i < n; i++, v += 2) {
      const magnitude = values[v]! / factors[i]!;
      const degrees = values[v + 1]! + offsets[i]!;
      const missing = magnitude !== magnitude || degrees !== degrees;
      const radians = wrapDegrees(degrees) / DEGREES;
      const a = missing ? NaN : polar ? magnitude : magnitude * Math.cos(radians);
      const b = missing ? NaN : polar ? radians : magnitude * Math.sin(radians);
      if (float) {
        view.setFloat32(at, a);
        view.setFloat32(at + 4, b);
        at += 8;
      } else {
        if (polar) view.setUint16(at, this.#magnitude(a));
        else view.setInt16(at, this.#int16(a));
        view.setInt16(at + 2, this.#int16(polar ? b * 1e4 : b));
        at += 4;
      }
    }
    at = this.#writeFrequency(view, at, pmu, values, v);
    v += 2;
    for (const channel of pmu.analogs) {
      const s = channel.scaling;
      const value = s ? (values[v]! - s.offset) / s.scale : values[v]!;
      v++;
      if (pmu.format & FormatBits.AnalogFloat) view.setFloat32(at, value);
      else view.setInt16(at, this.#int16(value));
      at += pmu.format & FormatBits.AnalogFloat ? 4 : 2;
    }
    for (let i = 0; i < pmu.digitals.length; i++, at += 2) view.setUint16(at, values[v++]! | 0);
    return at;
  }

  #writeFrequency(
    view: DataView,
    at: number,
    pmu: PmuConfiguration,
    values: Float32Array | Float64Array,
    v: number,
  ): number {
    // From the array, since numbers that are handed over may be boxed.
    const hertz = values[v]!, rate = values[v + 1]!;
    const nominal = nominalHz(pmu);
    if (pmu.format & FormatBits.FrequencyFloat) {
      view.setFloat32(at, this.#deviation ? hertz - nominal : hertz);
      view.setFloat32(at + 4, rate);
      return at + 8;
    }
    view.setInt16(at, this.#int16((hertz - nominal) * 1000));
    view.setInt16(at + 2, this.#int16(rate * 100));
    return at + 4;
  }

  #int16(value: number): number {
    if (value !== value) return -32768;
    const rounded = Math.round(value);
    if (rounded > 32767 || rounded < -32767) {
      this.saturated++;
      return rounded > 0 ? 32767 : -32767;
    }
    return rounded;
  }

  #magnitude(value: number): number {
    if (value !== value) return 0x8000;
    const rounded = Math.round(value);
    if (rounded > 65535 || rounded < 0) {
      this.saturated++;
      return rounded > 0 ? 65535 : 0;
    }
    return rounded;
  }

  #viewOf(out: Uint8Array): DataView {
    // One view per buffer, not per frame.
    if (this.#bytes !== out) {
      this.#bytes = out;
      this.#view = new DataView(out.buffer, out.byteOffset, out.byteLength);
    }
    return this.#view;
  }
}

/** Values of one PMU in the layout. */
function valueCount(pmu: PmuConfiguration): number {
  return 2 * pmu.phasors.length + 3 + pmu.analogs.length + pmu.digitals.length;
}
