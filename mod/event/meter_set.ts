/**
 * The meters of one stream, each made once for all triggers that need it.
 *
 * @module
 */
import type { WaveformRing } from "../core/mod.ts";
import {
  type Carrier,
  ChannelSamples,
  type CycleWindow,
  PeakMeter,
  PhasorMeter,
  SquareMeter,
} from "./meters.ts";
import type { WaveformStream } from "./waveform_stream.ts";

/** Meters that several triggers share, by channel and by whether questionable samples count. */
export class Meters {
  /** Samples of channels. */
  readonly channels: Map<string, ChannelSamples> = new Map();
  /** Mean squares. */
  readonly squares: Map<string, SquareMeter> = new Map();
  /** Phasors. */
  readonly phasors: Map<string, PhasorMeter> = new Map();
  /** Peaks. */
  readonly peaks: Map<string, PeakMeter> = new Map();
  readonly #stream: WaveformStream;
  readonly #ring: WaveformRing;
  readonly #window: CycleWindow;
  readonly #carrier: Carrier;

  /** Makes no meter yet. */
  constructor(stream: WaveformStream, ring: WaveformRing, window: CycleWindow, carrier: Carrier) {
    this.#stream = stream;
    this.#ring = ring;
    this.#window = window;
    this.#carrier = carrier;
  }

  /** Samples of channel `index`. */
  channel(index: number, questionable: boolean): ChannelSamples {
    return kept(
      this.channels,
      `${index} ${questionable}`,
      () =>
        new ChannelSamples(
          this.#ring,
          index,
          this.#stream.channels[index]!,
          this.#window,
          questionable,
        ),
    );
  }

  /** Mean square of channel `index`. */
  square(index: number, questionable: boolean): SquareMeter {
    const channel = this.channel(index, questionable);
    return kept(
      this.squares,
      `${index} ${questionable}`,
      () => new SquareMeter(channel, this.#window),
    );
  }

  /** Phasor of channel `index`. */
  phasor(index: number, questionable: boolean): PhasorMeter {
    const channel = this.channel(index, questionable);
    return kept(
      this.phasors,
      `${index} ${questionable}`,
      () => new PhasorMeter(channel, this.#window, this.#carrier),
    );
  }

  /** Peak of channel `index`. */
  peak(index: number, questionable: boolean): PeakMeter {
    const channel = this.channel(index, questionable);
    return kept(
      this.peaks,
      `${index} ${questionable}`,
      () => new PeakMeter(channel, this.#window),
    );
  }
}

function kept<T>(map: Map<string, T>, key: string, make: () => T): T {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
