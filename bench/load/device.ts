/**
 * One PMU of the load: 10 phasors, frequency, its change and 2 digital words, 26 values with status and quality.
 *
 * @module
 */
import { type Configuration, FormatBits } from "../../mod/c37118/mod.ts";

/** Values that one PMU of 10 phasors gives: those of the frame, the status word and the time quality. */
export const VALUES_PER_DEVICE = 26;

/** Configuration of PMU `device`, IDCODE `device + 1`. */
export function loadConfiguration(device: number, rate: number, phasors = 10): Configuration {
  const names = Array.from({ length: 16 }, (_, i) => `BIT ${i}`);
  const digital = { names, normal: 0, valid: 0xffff };
  return {
    type: 3,
    version: 1,
    idCode: device + 1,
    timeBase: 1_000_000,
    timeBaseFlags: 0,
    dataRate: rate,
    trailing: 0,
    pmus: [{
      station: `LOAD ${device}`,
      idCode: device + 1,
      format: FormatBits.Polar | FormatBits.PhasorFloat | FormatBits.FrequencyFloat,
      phasors: Array.from({ length: phasors }, (_, i) => ({
        name: `PHASOR ${i}`,
        kind: i < phasors / 2 ? "V" as const : "I" as const,
        typeByte: i < phasors / 2 ? 0 : 1,
        factor: 1,
      })),
      analogs: [],
      digitals: [digital, digital],
      fnom: 0,
      cfgCnt: 1,
    }],
  };
}

/** Values that move as a grid does, with the noise of an instrument. */
export class LoadValues {
  readonly #values: Float64Array;
  readonly #device: number;
  readonly #phasors: number;
  #seed: number;

  /** Values of PMU `device`. */
  constructor(device: number, phasors = 10) {
    this.#phasors = phasors;
    this.#values = new Float64Array(2 * phasors + 4);
    this.#device = device;
    this.#seed = device + 1;
  }

  /** Values of a slot, lent until the next call. */
  next(slot: number): Float64Array {
    const values = this.#values;
    const phase = (slot % 1e6) * 0.013 + this.#device;
    const phasors = this.#phasors;
    for (let i = 0; i < phasors; i++) {
      values[2 * i] = (i < phasors / 2 ? 288_675 : 600) * (1 + 0.0004 * Math.sin(phase + i)) +
        this.#noise();
      values[2 * i + 1] = ((phase * 57.3 + 36 * i + this.#noise() / 20) % 360) - 180;
    }
    values[2 * phasors] = 60 + 0.01 * Math.sin(phase) + 0.001 * this.#noise();
    values[2 * phasors + 1] = Math.round(10 * Math.cos(phase)) / 100;
    values[2 * phasors + 2] = 0x00ff;
    values[2 * phasors + 3] = slot % 600 === 0 ? 1 : 0;
    return values;
  }

  #noise(): number {
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0;
    return this.#seed / 2 ** 32 - 0.5;
  }
}
