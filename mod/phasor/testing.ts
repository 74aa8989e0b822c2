/**
 * Test signals with known phasors: what the vectors of this module, its tests and its benchmarks are made of.
 *
 * @module
 */
import { SampleMarks, WaveformRing } from "../core/mod.ts";
import type { PhasorOptions } from "./options.ts";
import type { PhasorReport } from "./report.ts";

/** A phase of a test signal. */
export interface TestPhase {
  /** Name. */
  readonly name: string;
  /** Magnitude against that of the fundamental. */
  readonly gain: number;
  /** Angle against that of the fundamental in degrees. */
  readonly shiftDeg: number;
}

/** A modulation: `depth` is a share of the magnitude, or radians. */
export interface Modulation {
  /** Depth of amplitude modulation. */
  readonly depth?: number;
  /** Depth of phase modulation in radians. */
  readonly depthRad?: number;
  /** Frequency. */
  readonly hz: number;
  /** Angle at the second in degrees. */
  readonly phaseDeg: number;
}

/** A test signal as `vectors/phasor` describes it. */
export interface TestSignal {
  /** The fundamental. */
  readonly fundamental: {
    readonly rms: number;
    readonly frequencyHz: number;
    readonly phaseDeg: number;
    readonly am?: Modulation;
    readonly pm?: Modulation;
    readonly ramp?: { readonly rateHzPerS: number; readonly startS: number; readonly endS: number };
    readonly steps?: readonly {
      readonly atS: number;
      readonly magnitudePct: number;
      readonly phaseDeg: number;
    }[];
  };
  /** Phases. */
  readonly phases: readonly TestPhase[];
  /** Harmonics of each phase's own fundamental; `isPositive` keeps the phases 120 degrees apart. */
  readonly harmonics?: readonly {
    readonly order: number;
    readonly pct: number;
    readonly phaseDeg: number;
    readonly isPositive?: boolean;
  }[];
  /** Other frequencies. */
  readonly interharmonics?: readonly {
    readonly hz: number;
    readonly pct: number;
    readonly phaseDeg: number;
  }[];
  /** Direct component in percent of each phase's amplitude. */
  readonly dcPct?: number;
}

/** Balanced phases A, B, C. */
export const THREE_PHASES: readonly TestPhase[] = [
  { name: "A", gain: 1, shiftDeg: 0 },
  { name: "B", gain: 1, shiftDeg: -120 },
  { name: "C", gain: 1, shiftDeg: 120 },
];

const RAD = Math.PI / 180;
const TURN = 2 * Math.PI;

/** Angle of the fundamental at `t` seconds, in radians, without the shift of a phase. */
export function angleAt({ fundamental: f }: TestSignal, t: number): number {
  let theta = TURN * f.frequencyHz * t + f.phaseDeg * RAD;
  if (f.pm) theta += (f.pm.depthRad ?? 0) * Math.cos(TURN * f.pm.hz * t + f.pm.phaseDeg * RAD);
  if (f.ramp) {
    const { rateHzPerS, startS, endS } = f.ramp;
    const length = endS - startS;
    const u = Math.min(length, Math.max(0, t - startS));
    theta += Math.PI * rateHzPerS * u * u + TURN * rateHzPerS * length * Math.max(0, t - endS);
  }
  for (const step of f.steps ?? []) if (t >= step.atS) theta += step.phaseDeg * RAD;
  return theta;
}

/** Magnitude of the fundamental at `t` seconds against its rms value. */
export function levelAt({ fundamental: f }: TestSignal, t: number): number {
  let level = 1;
  if (f.am) level += (f.am.depth ?? 0) * Math.cos(TURN * f.am.hz * t + f.am.phaseDeg * RAD);
  for (const step of f.steps ?? []) if (t >= step.atS) level *= 1 + step.magnitudePct / 100;
  return level;
}

/** True frequency in Hz at `t` seconds, steps aside. */
export function frequencyAt({ fundamental: f }: TestSignal, t: number): number {
  let hz = f.frequencyHz;
  if (f.pm) {
    hz -= (f.pm.depthRad ?? 0) * f.pm.hz * Math.sin(TURN * f.pm.hz * t + f.pm.phaseDeg * RAD);
  }
  if (f.ramp) {
    const { rateHzPerS, startS, endS } = f.ramp;
    hz += rateHzPerS * Math.min(endS - startS, Math.max(0, t - startS));
  }
  return hz;
}

/** True rate of change of frequency in Hz/s at `t` seconds, steps aside. */
export function rocofAt({ fundamental: f }: TestSignal, t: number): number {
  let rate = 0;
  if (f.pm) {
    const { depthRad = 0, hz, phaseDeg } = f.pm;
    rate -= TURN * depthRad * hz * hz * Math.cos(TURN * hz * t + phaseDeg * RAD);
  }
  if (f.ramp && t >= f.ramp.startS && t <= f.ramp.endS) rate += f.ramp.rateHzPerS;
  return rate;
}

/** The values of a signal, one phase after the other. */
export class SignalSource {
  readonly #signal: TestSignal;

  /** Makes a source of `signal`. */
  constructor(signal: TestSignal) {
    this.#signal = signal;
  }

  /** Writes the value of each phase at `t` seconds into `out`. */
  write(t: number, out: Float64Array): void {
    const signal = this.#signal;
    const { phases, harmonics = [], interharmonics = [], dcPct = 0 } = signal;
    const theta = angleAt(signal, t), level = levelAt(signal, t);
    phases.forEach(({ gain, shiftDeg }, p) => {
      const amplitude = Math.SQRT2 * signal.fundamental.rms * gain, shift = shiftDeg * RAD;
      let x = level * Math.cos(theta + shift) + dcPct / 100;
      for (const { order, pct, phaseDeg, isPositive } of harmonics) {
        const angle = isPositive ? order * theta + shift : order * (theta + shift);
        x += (pct / 100) * Math.cos(angle + phaseDeg * RAD);
      }
      for (const { hz, pct, phaseDeg } of interharmonics) {
        x += (pct / 100) * Math.cos(TURN * hz * t + phaseDeg * RAD + shift);
      }
      out[p] = amplitude * x;
    });
  }
}

/** Seconds after 1970 that tests call zero: large, as real ones are. */
export const TEST_SECOND = 1_700_000_000;

/** Feeds a signal into a ring, sample by sample. */
export class RingFeeder {
  /** The ring. */
  readonly ring: WaveformRing;
  readonly #source: SignalSource;
  readonly #lsb: number;
  readonly #now: Float64Array;
  readonly #phases: number;

  /** Makes a ring of `seconds` whose first sample lies `fromS` after the second that tests call zero. */
  constructor(signal: TestSignal, rate: number, lsb: number, seconds: number, fromS: number) {
    this.#phases = signal.phases.length;
    this.ring = new WaveformRing(this.#phases, rate, Math.ceil(seconds * rate));
    this.ring.restart(TEST_SECOND * rate + Math.floor(fromS * rate));
    this.#source = new SignalSource(signal);
    this.#lsb = lsb;
    this.#now = new Float64Array(this.#phases);
  }

  /** Seconds after the second that tests call zero at which the next sample is taken. */
  get nextS(): number {
    return (this.ring.next - TEST_SECOND * this.ring.rate) / this.ring.rate;
  }

  /** Adds one sample. */
  feed(mark = 0, quality = 0): void {
    const { ring } = this;
    this.#source.write(this.nextS, this.#now);
    for (let c = 0; c < this.#phases; c++) {
      ring.values[c]![ring.position] = Math.round(this.#now[c]! / this.#lsb);
      ring.quality[c]![ring.position] = quality;
    }
    ring.marks[ring.position] = mark;
    ring.commit();
  }

  /** Adds what stands for a sample that never came. */
  skip(): void {
    const { ring } = this;
    for (let c = 0; c < this.#phases; c++) {
      ring.values[c]![ring.position] = 0;
      ring.quality[c]![ring.position] = 1;
    }
    ring.marks[ring.position] = SampleMarks.Filled;
    ring.commit();
  }
}

/** Options for the phases of a signal of 63.5 kV in steps of 10 mV, with the set `U` where there are three. */
export function testOptions(
  phases: readonly TestPhase[],
  options: Partial<PhasorOptions> = {},
): PhasorOptions {
  const [a, b, c] = phases;
  return {
    performanceClass: "P",
    nominalHz: 50,
    framesPerSecond: 50,
    sampleRate: 4000,
    difference: "half-cycle",
    channels: phases.map(({ name }, index) => ({
      name,
      index,
      quantity: "voltage",
      scale: TEST_LSB,
      rating: TEST_RMS,
    })),
    ...(a && b && c ? { sets: [{ name: "U", channels: [a.name, b.name, c.name] }] } : {}),
    ...options,
  };
}

/** Volts of one count of a test signal. */
export const TEST_LSB = 0.01;
/** Volts of the fundamental of a test signal: a line of 110 kV. */
export const TEST_RMS = 63_508.53;

/** Total vector error in percent of a phasor at `place` of a report against the signal's phase shifted by `shiftDeg`. */
export function totalVectorError(
  signal: TestSignal,
  nominalHz: number,
  report: PhasorReport,
  place: number,
  framesPerSecond: number,
  gain = 1,
  shiftDeg = 0,
): number {
  const t = report.second - TEST_SECOND + report.index / framesPerSecond;
  const angle = angleAt(signal, t) - TURN * nominalHz * t + shiftDeg * RAD;
  const turn = report.angles[place]! * RAD - angle;
  const ratio = report.magnitudes[place]! / (signal.fundamental.rms * gain * levelAt(signal, t));
  return 100 * Math.hypot(ratio * Math.cos(turn) - 1, ratio * Math.sin(turn));
}
