/**
 * PMUs with a known distance between signal and noise, for what depends on the values: size and speed of TSSC.
 *
 * @module
 */
import { type Configuration, DataDecoder, DataEncoder, FormatBits } from "../../mod/c37118/mod.ts";
import { type Frame, makeFrame, makeLayout } from "../../mod/core/mod.ts";

/** FORMAT of floats in polar form. */
export const FLOAT_POLAR = FormatBits.Polar | FormatBits.PhasorFloat | FormatBits.FrequencyFloat;
/** Frames per second of every device. */
export const RATE = 60;

const PHASORS = 10;

/** One PMU on a grid whose frequency wanders; noise is white and complex, as far below each phasor as asked. */
export class NoisyDevice {
  /** The frame of the last slot, lent. */
  readonly frame: Frame;
  /** Bytes of its C37.118 frame. */
  readonly size: number;
  readonly #configuration: Configuration;
  readonly #encoder: DataEncoder;
  readonly #decoder: DataDecoder;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #values: Float64Array;
  readonly #sigma: number;
  readonly #device: number;
  #seed: number;
  #cycles = 0;
  #lastAngle = 0;
  #lastFrequency = 60;

  /** PMU number `device`, from 0, with handles behind those of the devices before it. */
  constructor(device: number, noiseDb: number) {
    this.#device = device;
    this.#seed = device + 1;
    // Half of the power of the noise lies across the phasor, half along it.
    this.#sigma = 10 ** (-noiseDb / 20) / Math.SQRT2;
    this.#configuration = {
      type: 3,
      version: 1,
      idCode: device + 1,
      timeBase: 1_000_000,
      timeBaseFlags: 0,
      dataRate: RATE,
      trailing: 0,
      pmus: [{
        station: `PMU ${device}`,
        idCode: device + 1,
        format: FLOAT_POLAR,
        phasors: Array.from({ length: PHASORS }, (_, i) => ({
          name: `PH${i}`,
          kind: i < 5 ? "V" as const : "I" as const,
          typeByte: i < 5 ? 0 : 1,
          factor: 1,
        })),
        analogs: [],
        digitals: [],
        fnom: 0,
        cfgCnt: 1,
      }],
    };
    this.#encoder = new DataEncoder(this.#configuration);
    this.#decoder = new DataDecoder(this.#configuration);
    this.size = this.#encoder.size;
    this.#bytes = new Uint8Array(this.size);
    this.#view = new DataView(this.#bytes.buffer);
    this.#values = new Float64Array(this.#encoder.count);
    const first = device * this.#decoder.count;
    const handles = Int32Array.from({ length: this.#decoder.count }, (_, i) => first + i);
    this.frame = makeFrame(makeLayout(`pmu${device}`, handles, [], RATE));
  }

  /** The frame of slot `k`, out of the bytes that the PMU would send. */
  next(k: number): Frame {
    const values = this.#values;
    const t = k / RATE;
    const hertz = 60 + 0.02 * Math.sin(0.5 * t) + 0.004 * Math.sin(4.2 * t + this.#device / 9);
    this.#cycles += (hertz - 60) / RATE;
    for (let i = 0; i < PHASORS; i++) {
      const magnitude = (i < 5 ? 288_675 : 600) * (1 + 0.002 * Math.sin(0.3 * t + i));
      const degrees = 360 * this.#cycles + 3.3 * this.#device + 120 * i +
        (180 / Math.PI) * this.#sigma * this.#gauss();
      values[2 * i] = magnitude * (1 + this.#sigma * this.#gauss());
      values[2 * i + 1] = degrees - 360 * Math.round(degrees / 360);
    }
    // As PMUs do: from the angle that was measured, over the time between two frames.
    const turned = values[1]! - this.#lastAngle;
    const frequency = k === 0 ? 60 : 60 + ((turned - 360 * Math.round(turned / 360)) / 360) * RATE;
    values[2 * PHASORS] = frequency;
    values[2 * PHASORS + 1] = (frequency - this.#lastFrequency) * RATE;
    this.#lastAngle = values[1]!;
    this.#lastFrequency = frequency;
    const second = Math.floor(k / RATE);
    const fraction = Math.floor(((k - second * RATE) * 1e6) / RATE);
    this.#encoder.encode(values, 1_700_000_000 + second, fraction, 0, this.#bytes, 0);
    this.#decoder.decode(this.#bytes, this.#view, 0, this.size, this.frame);
    return this.frame;
  }

  #gauss(): number {
    return Math.sqrt(-2 * Math.log(1 - this.#uniform())) * Math.cos(2 * Math.PI * this.#uniform());
  }

  #uniform(): number {
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0;
    return this.#seed / 2 ** 32;
  }
}
