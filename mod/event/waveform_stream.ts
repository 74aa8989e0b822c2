/**
 * What the samples of a waveform stream mean.
 *
 * @module
 */

/** One channel of a waveform stream. */
export interface WaveformChannel {
  /** Name, unique in its stream, for example `Ia`. */
  readonly name: string;
  /** Phase: `A`, `B`, `C`, `N`, or empty. */
  readonly phase: string;
  /** Engineering unit of a scaled value, for example `V`; empty for a digital channel. */
  readonly unit: string;
  /** Value = raw x scale + offset. */
  readonly scale: number;
  /** Value = raw x scale + offset. */
  readonly offset: number;
}

/** A waveform stream: what triggers are set on and what is recorded. */
export interface WaveformStream {
  /** Name, unique in the gateway. */
  readonly name: string;
  /** Samples per second. */
  readonly rate: number;
  /** Nominal frequency of the grid in Hz: 50 or 60. */
  readonly nominalHz: number;
  /** Channels in the order of the ring. */
  readonly channels: readonly WaveformChannel[];
}

/**
 * Number of the sample nearest to an instant at `rate` samples per second.
 *
 * Exact for whole rates up to 10^6: the seconds are multiplied by themselves, below 2^53.
 */
export function sampleNumber(seconds: number, nanos: number, rate: number): number {
  return seconds * rate + Math.round((nanos * rate) / 1e9);
}
