/**
 * What an estimator is made for: class, rates, channels and what frequency is taken from.
 *
 * @module
 */
import type { InstantOptions } from "./instants.ts";

/** One channel of the ring that becomes a phasor and an RMS value. */
export interface PhasorChannel {
  /** Name, for example `Ua`; unique. */
  readonly name: string;
  /** Which array of the ring. */
  readonly index: number;
  /** What it measures. */
  readonly quantity: "voltage" | "current";
  /** Physical value of one count: `value = raw x scale + offset` (9-2LE: 0.01 V, 0.001 A). */
  readonly scale: number;
  /** Physical value of raw 0; default 0. */
  readonly offset?: number;
  /** Ratio to the side that is wanted, applied after scale and offset; default 1. */
  readonly ratio?: number;
  /** Rated rms value on the wanted side; below the floor, a percentage of it, there is no frequency. */
  readonly rating?: number;
}

/** Three channels that form a three-phase set and give sequence phasors. */
export interface PhaseSet {
  /** Name, for example `U`; unique among sets. */
  readonly name: string;
  /** Names of the channels of phases a, b and c. */
  readonly channels: readonly [a: string, b: string, c: string];
}

/** What {@linkcode PhasorEstimator} is made of. */
export interface PhasorOptions extends InstantOptions {
  /** Channels, in the order of the report. */
  readonly channels: readonly PhasorChannel[];
  /** Three-phase sets, in the order of the report; default none. */
  readonly sets?: readonly PhaseSet[];
  /**
   * Names of the channels that frequency and ROCOF come from: three (their positive sequence) or one. Default: the
   * first set of voltages, else the first set, else the first voltage, else the first channel.
   */
  readonly frequency?: readonly string[];
  /**
   * Takes the image of the negative frequency and the droop of the filter out of every phasor, by the frequency that
   * was found; default true. False leaves the plain reference models: single phases of class M are then off by up to
   * 0.06 % at nominal.
   */
  readonly imageRemoval?: boolean;
  /** Percentage of the rating below which a phasor gives no frequency; default 5. */
  readonly floorPercent?: number;
  /** ROCOF in Hz/s above which frequency and ROCOF of the window are called doubtful; default 5. */
  readonly doubtfulRocof?: number;
  /** Longest run of missing samples that is interpolated; default 2, 0 for none. */
  readonly maxGap?: number;
  /** Percentage of the window that may be interpolated; default 1. */
  readonly maxGapPercent?: number;
}

/** One phasor of a report. */
export interface PhasorDefinition {
  /** Name of the channel, or of the set with `1`, `2` or `0` behind it. */
  readonly name: string;
  /** What it measures. */
  readonly quantity: "voltage" | "current";
  /** A single phase, or which symmetrical component. */
  readonly component: "phase" | "positive" | "negative" | "zero";
}

/** Options with every default in its place and names turned into numbers. */
export interface ResolvedOptions {
  /** Physical value of a count on the wanted side. */
  readonly gain: Float64Array;
  /** Counts to add before the gain. */
  readonly rawOffset: Float64Array;
  /** Array of the ring for each channel. */
  readonly ringIndex: Int32Array;
  /** Magnitude below which a channel gives no frequency. */
  readonly floor: Float64Array;
  /** Magnitude below which a channel's image is left alone. */
  readonly imageFloor: Float64Array;
  /** Rating, or 1 where none is known. */
  readonly rating: Float64Array;
  /** Channels of the sets, three by three. */
  readonly setChannels: Int32Array;
  /** Channels of the frequency. */
  readonly frequency: Int32Array;
  /** Channels in the order in which they stand in for the frequency: voltages first. */
  readonly isVoltage: Uint8Array;
  /** Phasors of the report. */
  readonly phasors: readonly PhasorDefinition[];
}

/** Checks the options and resolves names. Throws a RangeError that names what is wrong. */
export function resolveOptions(options: PhasorOptions): ResolvedOptions {
  const { channels, sets = [] } = options;
  if (channels.length === 0) fail("at least one channel", "none");
  const numbers = new Map<string, number>();
  channels.forEach((channel, i) => {
    const { name, index, scale, offset = 0, ratio = 1, rating = 1 } = channel;
    if (numbers.has(name)) fail("names of channels that differ", `"${name}" twice`);
    numbers.set(name, i);
    if (!Number.isInteger(index) || index < 0) fail(`a place in the ring for "${name}"`, index);
    if (!(Number.isFinite(scale) && scale !== 0)) fail(`a scale other than 0 for "${name}"`, scale);
    if (!Number.isFinite(offset)) fail(`a finite offset for "${name}"`, offset);
    if (!(Number.isFinite(ratio) && ratio !== 0)) fail(`a ratio other than 0 for "${name}"`, ratio);
    if (!(Number.isFinite(rating) && rating > 0)) fail(`a positive rating for "${name}"`, rating);
  });
  const numberOf = (name: string): number =>
    numbers.get(name) ?? fail(`one of the channels ${[...numbers.keys()].join(", ")}`, name);
  const setChannels = sets.map((set) => set.channels.map(numberOf));
  for (const set of sets) {
    const quantities = new Set(set.channels.map((name) => channels[numberOf(name)]!.quantity));
    if (quantities.size > 1) fail(`one quantity in set "${set.name}"`, [...quantities].join(", "));
  }
  const frequency = (options.frequency ?? defaultFrequency(options)).map(numberOf);
  if (frequency.length !== 1 && frequency.length !== 3) {
    fail("one or three channels for frequency", frequency.length);
  }
  requireFigures(options);
  const gain = Float64Array.from(channels, ({ scale, ratio = 1 }) => scale * ratio);
  const floorShare = (options.floorPercent ?? 5) / 100;
  // Without a rating only noise of a few counts is told from a signal.
  const floorOf = (share: number) =>
    Float64Array.from(
      channels,
      ({ rating }, i) => Math.max(NOISE_COUNTS * Math.abs(gain[i]!), share * (rating ?? 0)),
    );
  return {
    gain,
    rawOffset: Float64Array.from(channels, ({ scale, offset = 0 }) => offset / scale),
    ringIndex: Int32Array.from(channels, ({ index }) => index),
    floor: floorOf(floorShare),
    imageFloor: floorOf(IMAGE_SHARE),
    rating: Float64Array.from(channels, ({ rating }) => rating ?? 1),
    setChannels: Int32Array.from(setChannels.flat()),
    frequency: Int32Array.from(frequency),
    isVoltage: Uint8Array.from(channels, ({ quantity }) => quantity === "voltage" ? 1 : 0),
    phasors: [
      ...channels.map(({ name, quantity }): PhasorDefinition => ({
        name,
        quantity,
        component: "phase",
      })),
      ...sets.flatMap(({ name, channels: [a] }): PhasorDefinition[] => {
        const { quantity } = channels[numberOf(a)]!;
        return [
          { name: `${name}1`, quantity, component: "positive" },
          { name: `${name}2`, quantity, component: "negative" },
          { name: `${name}0`, quantity, component: "zero" },
        ];
      }),
    ],
  };
}

/** Below as many counts a magnitude is taken for noise. */
const NOISE_COUNTS = 10;
/** Images are not removed below this share of the rating. */
const IMAGE_SHARE = 0.02;

function defaultFrequency({ channels, sets = [] }: PhasorOptions): readonly string[] {
  const isVoltage = (name: string) =>
    channels.some((c) => c.name === name && c.quantity === "voltage");
  const set = sets.find((s) => isVoltage(s.channels[0])) ?? sets[0];
  if (set) return set.channels;
  const single = channels.find((c) => c.quantity === "voltage") ?? channels[0]!;
  return [single.name];
}

function requireFigures(options: PhasorOptions): void {
  const { floorPercent = 5, doubtfulRocof = 5, maxGap = 2, maxGapPercent = 1 } = options;
  if (!(floorPercent >= 0 && floorPercent <= 100)) fail("a floor of 0 to 100 %", floorPercent);
  if (!(doubtfulRocof > 0)) fail("a positive limit of doubtful ROCOF", doubtfulRocof);
  if (!(Number.isInteger(maxGap) && maxGap >= 0 && maxGap <= 8)) fail("a gap of 0 to 8", maxGap);
  if (!(maxGapPercent >= 0 && maxGapPercent <= 5)) fail("gaps of 0 to 5 %", maxGapPercent);
}

function fail(expected: string, found: string | number): never {
  throw new RangeError(`Cannot estimate phasors: expected ${expected}, found ${found}`);
}
