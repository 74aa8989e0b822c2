/**
 * What simulated merging units measure: three-phase voltages and currents, every value a pure function of time.
 *
 * Frequency wanders as a triangle whose integral has a closed form, so nothing is accumulated: any sample, and the true
 * phasor at any instant, can be computed again by a test.
 *
 * @module
 */

/** What happens again and again: at every second that `everySeconds` divides, for `forSeconds`. */
export interface Recurring {
  /** Whole seconds from one beginning to the next; 0 for never. */
  readonly everySeconds: number;
  /** How long it lasts. */
  readonly forSeconds: number;
}

/** A voltage sag of all phases. */
export interface Sag extends Recurring {
  /** Voltage that is left, as a share of nominal. */
  readonly left: number;
}

/** A fault: current of all phases rises, with a decaying d.c. offset so that it begins without a step. */
export interface Fault extends Recurring {
  /** Current as a multiple of nominal. */
  readonly times: number;
  /** Time constant of the d.c. offset in seconds. */
  readonly timeConstantSeconds: number;
}

/** Choices of a {@linkcode WaveformModel}. */
export interface WaveformOptions {
  /** Nominal frequency in hertz. */
  readonly nominalHz: 50 | 60;
  /** Nominal phase voltage in volts, rms; default 63,500. */
  readonly volts?: number;
  /** Nominal phase current in amperes, rms; default 500. */
  readonly amperes?: number;
  /** Angle by which currents lag in degrees; default 20. */
  readonly lagDegrees?: number;
  /** Constant deviation of frequency in hertz; default 0. */
  readonly deviationHz?: number;
  /** Height of the triangle of frequency in hertz; default 0. */
  readonly rampHz?: number;
  /** Period of the triangle in whole seconds; default 40. The slope is four heights per period. */
  readonly rampPeriodSeconds?: number;
  /** Harmonics: order and share of the fundamental, of voltages and currents. Default none. */
  readonly harmonics?: readonly (readonly [order: number, share: number])[];
  /** Peak of uniform noise as a share of nominal; default 0. */
  readonly noise?: number;
  /** Voltage sag. */
  readonly sag?: Sag;
  /** Fault current. */
  readonly fault?: Fault;
  /** Seed of the noise; default 1. */
  readonly seed?: number;
}

/** Largest number of harmonics. */
const MAX_HARMONICS = 50;
const TWO_PI = 2 * Math.PI;
const THIRD = TWO_PI / 3;
/** Phases are counted from here, so that a constant deviation stays exact. */
const EPOCH = 1_600_000_000;

/** The grid behind merging units; unit `n` sees all angles turned by `n` times 7 degrees. */
export class WaveformModel {
  /** Nominal frequency in hertz. */
  readonly nominalHz: number;
  readonly #peakVolts: number;
  readonly #peakAmperes: number;
  readonly #lag: number;
  readonly #deviation: number;
  readonly #ramp: number;
  readonly #period: number;
  readonly #orders: Float64Array;
  readonly #shares: Float64Array;
  readonly #noise: number;
  readonly #sag: Sag | undefined;
  readonly #fault: Fault | undefined;
  readonly #seed: number;

  /** Makes a model; equal options give equal values for ever. Throws a RangeError for impossible ones. */
  constructor(options: WaveformOptions) {
    this.nominalHz = options.nominalHz;
    this.#peakVolts = (options.volts ?? 63_500) * Math.SQRT2;
    this.#peakAmperes = (options.amperes ?? 500) * Math.SQRT2;
    this.#lag = (options.lagDegrees ?? 20) * Math.PI / 180;
    this.#deviation = options.deviationHz ?? 0;
    this.#ramp = options.rampHz ?? 0;
    this.#period = options.rampPeriodSeconds ?? 40;
    const harmonics = options.harmonics ?? [];
    if (harmonics.length > MAX_HARMONICS || !(this.#period >= 1) || this.#period % 1 !== 0) {
      throw new RangeError(
        `Cannot make a waveform: expected at most ${MAX_HARMONICS} harmonics and a period of whole seconds, ` +
          `found ${harmonics.length} and ${this.#period}`,
      );
    }
    this.#orders = Float64Array.from(harmonics, ([order]) => order);
    this.#shares = Float64Array.from(harmonics, ([, share]) => share);
    this.#noise = options.noise ?? 0;
    this.#sag = options.sag;
    this.#fault = options.fault;
    this.#seed = options.seed ?? 1;
  }

  /**
   * Sets `out` to the phases of unit `unit` at `second + fraction`: currents A, B, C in amperes, then voltages
   * A, B, C in volts. `sample` seeds the noise.
   */
  fill(out: Float64Array, unit: number, second: number, fraction: number, sample: number): void {
    const angle = this.#angle(unit, second, fraction);
    const sag = this.#sag, fault = this.#fault;
    const volts = this.#peakVolts * (sag && isWithin(sag, second, fraction) >= 0 ? sag.left : 1);
    for (let phase = 0; phase < 3; phase++) {
      const turned = angle - phase * THIRD;
      out[3 + phase] = volts * this.#wave(turned) +
        this.#peakVolts * this.#noiseAt(unit, 3 + phase, sample);
      out[phase] = this.#peakAmperes *
        (this.#wave(turned - this.#lag) + this.#noiseAt(unit, phase, sample));
    }
    const since = fault ? isWithin(fault, second, fraction) : -1;
    if (!fault || since < 0) return;
    const begin = this.#angle(unit, second - Math.floor(since), fraction - since % 1);
    const decay = Math.exp(-since / fault.timeConstantSeconds);
    for (let phase = 0; phase < 3; phase++) {
      const shift = -phase * THIRD - this.#lag;
      // What is added is zero at the beginning: the change of the sine, and its offset that decays.
      out[phase]! += this.#peakAmperes * (fault.times - 1) *
        (Math.cos(angle + shift) - Math.cos(begin + shift) * decay);
    }
  }

  /** Frequency in hertz at `second + fraction`. */
  frequencyAt(second: number, fraction: number): number {
    const t = second % this.#period + fraction, quarter = this.#period / 4;
    const x = t / quarter; // 0 to 4: up, down, down, up
    const triangle = x < 1 ? x : x < 3 ? 2 - x : x - 4;
    return this.nominalHz + this.#deviation + this.#ramp * triangle;
  }

  /** Rate of change of frequency in hertz per second at `second + fraction`. */
  rocofAt(second: number, fraction: number): number {
    const x = (second % this.#period + fraction) / (this.#period / 4);
    return (x < 1 || x >= 3 ? 1 : -1) * this.#ramp * 4 / this.#period;
  }

  /**
   * The fundamental of phase `phase` (0 to 2) of unit `unit`, without faults: rms magnitude, and angle in degrees
   * against a cosine of nominal frequency with its peak at the second.
   */
  phasorAt(
    kind: "current" | "voltage",
    unit: number,
    phase: number,
    second: number,
    fraction: number,
  ): { magnitude: number; angleDegrees: number } {
    const lag = kind === "current" ? this.#lag : 0;
    const angle = this.#angle(unit, second, fraction) - phase * THIRD - lag -
      TWO_PI * this.nominalHz * fraction;
    const degrees = angle * 180 / Math.PI;
    const sag = this.#sag && isWithin(this.#sag, second, fraction) >= 0 ? this.#sag.left : 1;
    return {
      magnitude: (kind === "current" ? this.#peakAmperes : this.#peakVolts * sag) / Math.SQRT2,
      angleDegrees: degrees - 360 * Math.round(degrees / 360),
    };
  }

  /** Angle of phase A in radians, whole turns of whole seconds left out. */
  #angle(unit: number, second: number, fraction: number): number {
    const carry = Math.floor(fraction);
    second += carry;
    fraction -= carry;
    const turns = this.nominalHz * fraction +
      this.#deviation * (second - EPOCH) + this.#deviation * fraction +
      this.#ramp * this.#triangleIntegral(second % this.#period + fraction);
    return TWO_PI * (turns - Math.floor(turns)) - unit * 7 * Math.PI / 180;
  }

  /** Integral of the triangle of height 1 from the beginning of its period, which returns to 0. */
  #triangleIntegral(t: number): number {
    const quarter = this.#period / 4;
    const x = t / quarter;
    if (x < 1) return quarter * x * x / 2;
    if (x < 3) return quarter * (1 - (2 - x) * (2 - x) / 2);
    return quarter * (4 - x) * (4 - x) / 2;
  }

  #wave(angle: number): number {
    let value = Math.cos(angle);
    for (let i = 0; i < this.#orders.length; i++) {
      value += this.#shares[i]! * Math.cos(angle * this.#orders[i]!);
    }
    return value;
  }

  #noiseAt(unit: number, channel: number, sample: number): number {
    if (this.#noise === 0) return 0;
    return this.#noise * (hash(this.#seed, unit * 8 + channel, sample) / 2147483648 - 1);
  }
}

/** Seconds since a recurring thing began, or -1 while it does not last. */
export function isWithin(thing: Recurring, second: number, fraction: number): number {
  if (!(thing.everySeconds > 0)) return -1;
  const since = second % thing.everySeconds + fraction;
  return since < thing.forSeconds ? since : -1;
}

/** Three numbers as 32 bits that look random. */
export function hash(seed: number, a: number, b: number): number {
  let h = seed ^ 0x9e3779b9;
  h = mix(h ^ a);
  h = mix(h ^ (b % 4294967296));
  return mix(h ^ Math.floor(b / 4294967296)) >>> 0;
}

function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return h ^ (h >>> 16);
}
