/**
 * The grid that the simulated PMUs measure: every value a pure function of seed, device, signal and time.
 *
 * Frequency wanders as two sines and steps once a minute; angles are its exact integral, in closed form, so nothing
 * is accumulated and any frame can be computed again by a test.
 *
 * @module
 */
import { commonStatusOf, FormatBits, nominalHz, toEngineering } from "../c37118/mod.ts";
import type { SimDevice } from "./device.ts";

/** What besides the seed decides the values. */
export interface ModelOptions {
  /** Seed of everything random; default 1. */
  readonly seed?: number;
  /** Largest wander of frequency in hertz; default 0.02. */
  readonly wanderHz?: number;
  /** Largest step of frequency in hertz, one up and one down each minute; default 0.01. */
  readonly stepHz?: number;
  /** Relative noise of magnitudes and, in radians, of angles; default 1e-4. */
  readonly noise?: number;
  /** Whether some seconds have data invalid, device error, lost synchronisation or a trigger; default false. */
  readonly badQuality?: boolean;
  /** Share of phasors and analogs that are missing (NaN, or 0x8000 for integers); default 0. */
  readonly missing?: number;
}

/** Wire values of one PMU in one frame, reused from frame to frame; a `RawBlock` of the codec. */
export interface Block {
  /** STAT. */
  stat: number;
  /** Pairs: counts for integer formats, float32 values otherwise. */
  readonly phasors: [number, number][];
  /** FREQ: mHz from nominal for integers, hertz otherwise. */
  freq: number;
  /** DFREQ: 0.01 Hz/s for integers, Hz/s otherwise. */
  dfreq: number;
  /** Analogs. */
  readonly analogs: number[];
  /** Digital words. */
  readonly digitals: number[];
}

/** Makes an empty block for a device. */
export function makeBlock(device: SimDevice): Block {
  const { phasors, analogs, digitals } = device.configuration;
  return {
    stat: 0,
    phasors: phasors.map(() => [0.5, 0.5]), // fractions, so that all are doubles from the start
    freq: 0.5,
    dfreq: 0.5,
    analogs: analogs.map(() => 0.5),
    digitals: digitals.map(() => 0),
  };
}

/** Integer mark of a value that is missing. */
export const MISSING_COUNT = -32768;

const TWO_PI = 2 * Math.PI;
// Whole seconds, so that the remainder of the second is exact; prime to each other.
const SLOW_SECONDS = 97;
const FAST_SECONDS = 13;
const STEP_SECONDS = 60;

/** The model of one seed. */
export class GridModel {
  readonly #seed: number;
  readonly #wander: number;
  readonly #step: number;
  readonly #noise: number;
  readonly #badQuality: boolean;
  readonly #missing: number;
  #frequency = 0.5;
  #slope = 0.5;
  #angle = 0.5;

  /** Makes a model; equal options give equal values for ever. */
  constructor(options: ModelOptions = {}) {
    this.#seed = options.seed ?? 1;
    this.#wander = options.wanderHz ?? 0.02;
    this.#step = options.stepHz ?? 0.01;
    this.#noise = options.noise ?? 1e-4;
    this.#badQuality = options.badQuality ?? false;
    this.#missing = options.missing ?? 0;
  }

  /** Fills `out` with the wire values of slot `index` of `second` at `rate`. */
  fill(out: Block, device: SimDevice, second: number, index: number, rate: number): void {
    const { format, phasors } = device.configuration;
    const n = device.device;
    this.#grid(n, second, index / rate);
    out.stat = this.statAt(n, second);
    const polar = (format & FormatBits.Polar) !== 0;
    const float = (format & FormatBits.PhasorFloat) !== 0;
    for (let i = 0; i < phasors.length; i++) {
      const pair = out.phasors[i]!;
      if (this.#isMissing(n, i, second, index)) {
        pair[0] = float ? NaN : polar ? 0 : MISSING_COUNT;
        pair[1] = float ? NaN : MISSING_COUNT;
        continue;
      }
      const magnitude = device.magnitudes[i]! *
        (1 + 0.2 * this.#slope + this.#noise * signed(this.#hash(n, 2 * i, second, index)));
      const angle = wrapRadians(
        this.#angle + device.angleOffsets[i]! +
          this.#noise * signed(this.#hash(n, 2 * i + 1, second, index)),
      );
      const size = float ? magnitude : magnitude * 1e5 / phasors[i]!.factor;
      if (polar) {
        pair[0] = float ? Math.fround(size) : whole(size);
        pair[1] = float ? Math.fround(angle) : whole(angle * 1e4);
      } else {
        const real = size * Math.cos(angle), imaginary = size * Math.sin(angle);
        pair[0] = float ? Math.fround(real) : whole(real);
        pair[1] = float ? Math.fround(imaginary) : whole(imaginary);
      }
    }
    if ((format & FormatBits.FrequencyFloat) !== 0) {
      out.freq = Math.fround(this.#frequency + nominalHz(device.configuration));
      out.dfreq = Math.fround(this.#slope);
    } else {
      out.freq = whole(this.#frequency * 1000);
      out.dfreq = whole(this.#slope * 100);
    }
    const analogFloat = (format & FormatBits.AnalogFloat) !== 0;
    for (let i = 0; i < out.analogs.length; i++) {
      const value = 100 * (i + 1) + 10 * Math.sin(TWO_PI * (index / rate + i / 7)) +
        5 * signed(this.#hash(n, 4096 + i, second, index));
      if (this.#isMissing(n, 4096 + i, second, index)) {
        out.analogs[i] = analogFloat ? NaN : MISSING_COUNT;
      } else out.analogs[i] = analogFloat ? Math.fround(value) : whole(value);
    }
    for (let i = 0; i < out.digitals.length; i++) {
      out.digitals[i] = this.#hash(n, 8192 + i, second, 0) & 0xffff;
    }
  }

  /**
   * The value that a receiver has to get for signal `signalIndex` (order of `signalSuffixes`) of a device in slot
   * `index` of `second` at `rate`: the wire value as float32 in volts, amperes, degrees, hertz; NaN when missing.
   */
  valueAt(
    device: SimDevice,
    signalIndex: number,
    second: number,
    index: number,
    rate: number,
  ): number {
    const block = makeBlock(device);
    this.fill(block, device, second, index, rate);
    return blockValue(block, device, signalIndex);
  }

  /** STAT of a device in a second, without bit 10. */
  statAt(device: number, second: number): number {
    if (!this.#badQuality) return 0;
    switch (this.#hash(device, 16384, second, 0) % 16) {
      case 0:
        return 0x8000; // data invalid
      case 1:
        return 0x4000; // device error
      case 2:
        return 0x21d0; // not in sync, time quality 7, unlocked for 10 s
      case 3:
        return 0x0804; // trigger: frequency
      default:
        return 0;
    }
  }

  /** Time quality byte of a device in a second: clock failure code 15 while not in sync, else locked. */
  timeQualityAt(device: number, second: number): number {
    return (this.statAt(device, second) & 0x2000) !== 0 ? 15 : 0;
  }

  #isMissing(device: number, signal: number, second: number, index: number): boolean {
    return this.#missing > 0 &&
      this.#hash(device, 32768 + signal, second, index) < this.#missing * 4294967296;
  }

  /** Sets deviation of frequency (Hz), its slope (Hz/s) and the angle (radians) at `second + fraction`. */
  #grid(device: number, second: number, fraction: number): void {
    const slow = TWO_PI * ((second % SLOW_SECONDS + fraction) / SLOW_SECONDS);
    const fast = TWO_PI * ((second % FAST_SECONDS + fraction) / FAST_SECONDS) + device * 0.1;
    const a = this.#wander * 0.8, b = this.#wander * 0.2;
    const minute = Math.floor(second / STEP_SECONDS);
    const t = second - minute * STEP_SECONDS + fraction;
    const size = this.#step * signed(this.#hash(0, 65536, minute, 0));
    const up = t < STEP_SECONDS / 2;
    this.#frequency = a * Math.sin(slow) + b * Math.sin(fast) + (up ? size : -size);
    this.#slope = TWO_PI * (a * Math.cos(slow) / SLOW_SECONDS + b * Math.cos(fast) / FAST_SECONDS);
    // The integral of each term; that of the steps is a triangle that returns to 0 each minute.
    this.#angle = -a * SLOW_SECONDS * Math.cos(slow) - b * FAST_SECONDS * Math.cos(fast) +
      TWO_PI * size * (up ? t : STEP_SECONDS - t) - 0.2 * device;
  }

  #hash(device: number, signal: number, second: number, index: number): number {
    let h = this.#seed ^ 0x9e3779b9;
    h = mix(h ^ device);
    h = mix(h ^ signal);
    h = mix(h ^ second);
    return mix(h ^ index) >>> 0;
  }
}

/** The value at `signalIndex` of a block as a receiver has to get it; see {@linkcode GridModel.valueAt}. */
export function blockValue(block: Block, device: SimDevice, signalIndex: number): number {
  const { phasors, analogs, digitals } = device.configuration;
  const values = toEngineering(device.configuration, block);
  let at = signalIndex;
  if (at < 2 * phasors.length) return Math.fround(values.phasors[at >> 1]![at & 1]!);
  at -= 2 * phasors.length;
  if (at < 2) return Math.fround(at === 0 ? values.freq : values.dfreq);
  at -= 2;
  if (at < analogs.length) return Math.fround(values.analogs[at]!);
  at -= analogs.length;
  return at < digitals.length ? block.digitals[at]! : commonStatusOf(block.stat);
}

function wrapRadians(radians: number): number {
  return radians - TWO_PI * Math.round(radians / TWO_PI);
}

/** The nearest whole number; never -0, which the wire does not know. */
function whole(value: number): number {
  return Math.round(value) + 0;
}

/** A hash as a number from -1 to 1. */
function signed(hash: number): number {
  return hash / 2147483648 - 1;
}

/** Spreads 32 bits over 32 bits (a published integer hash without multiplication tables). */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return h ^ (h >>> 16);
}
