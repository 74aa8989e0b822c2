/**
 * The newest samples of one merging unit, as they are kept beside the capture.
 *
 * @module
 */
/** Bits of {@linkcode WaveformRing.marks}: what the gateway knows of a sample beside its own quality. */
export const SampleMarks = {
  /** Nothing to add. */
  None: 0,
  /** The sample never came; zeros with invalid quality stand in its place. */
  Filled: 0x1,
  /** The publisher's clock was not synchronised (`smpSynch` 0, 3, 4 or 255). */
  NotSynchronised: 0x2,
  /** The clock is a local one that nobody has called traceable to UTC. */
  LocalClock: 0x4,
  /** The time was estimated from arrivals, or disagrees with them. */
  TimeSuspect: 0x8,
  /** The simulation bit was set. */
  Simulated: 0x10,
} as const;

/**
 * Samples of one stream at one rate: a ring of `capacity` samples per channel.
 *
 * Samples are numbered: sample `k` was taken at `k / rate` seconds after 1970 in the ring's time
 * scale (whole seconds of the source's clock times rate, plus `smpCnt`), and stands at
 * `k % capacity` of every array. Numbers are whole and far below 2^53. The samples from `first` up
 * to but not including `next` are there, without a hole.
 *
 * The writer fills `values`, `quality` and `marks` at `position` and calls
 * {@linkcode WaveformRing.commit}; nothing is allocated after construction.
 *
 * ```ts
 * import { WaveformRing } from "./waveform_ring.ts";
 *
 * const ring = new WaveformRing(8, 4800, 4 * 4800);
 * ring.restart(1_700_000_000 * 4800);
 * for (let channel = 0; channel < 8; channel++) ring.values[channel]![ring.position] = channel;
 * ring.commit();
 * ```
 */
export class WaveformRing {
  /** Samples per second. */
  readonly rate: number;
  /** Samples that each channel holds. */
  readonly capacity: number;
  /** Raw values, one array per channel. */
  readonly values: readonly Int32Array[];
  /** Quality words (IEC 61850-7-3), one array per channel. */
  readonly quality: readonly Uint32Array[];
  /** {@linkcode SampleMarks} of each sample, for all channels. */
  readonly marks: Uint8Array;
  /** Told of a restart at sample `k` while the samples before it are still there; for one reader that keeps them. */
  beforeRestart: ((k: number) => void) | undefined;
  #first = 0;
  #next = 0;
  #position = 0;
  #restarts = 0;

  /** Makes an empty ring. Throws a RangeError where a size is not a positive whole number. */
  constructor(channels: number, rate: number, capacity: number) {
    for (const [what, value] of [["channels", channels], ["rate", rate], ["capacity", capacity]]) {
      if (!Number.isSafeInteger(value) || Number(value) < 1) {
        throw new RangeError(
          `Cannot make a waveform ring: expected a positive whole number of ${what}, found ${value}`,
        );
      }
    }
    this.rate = rate;
    this.capacity = capacity;
    this.values = Array.from({ length: channels }, () => new Int32Array(capacity));
    this.quality = Array.from({ length: channels }, () => new Uint32Array(capacity));
    this.marks = new Uint8Array(capacity);
  }

  /** Bytes that a ring takes, for the memory budget. */
  static bytes(channels: number, capacity: number): number {
    return capacity * (channels * 8 + 1);
  }

  /** Number of the oldest sample. */
  get first(): number {
    return this.#first;
  }

  /** Number that the next sample will have. */
  get next(): number {
    return this.#next;
  }

  /** Where in the arrays the next sample goes. */
  get position(): number {
    return this.#position;
  }

  /** How often samples were forgotten: a reader that finds another number than last time starts anew. */
  get restarts(): number {
    return this.#restarts;
  }

  /**
   * Where in the arrays the sample goes that follows the next one by `ahead`, below `capacity`.
   *
   * For a writer that gets samples out of order and commits them later: the samples whose places that
   * takes leave the ring now.
   */
  reserve(ahead: number): number {
    const first = this.#next + ahead + 1 - this.capacity;
    if (first > this.#first) this.#first = Math.min(first, this.#next);
    const position = this.#position + ahead;
    return position < this.capacity ? position : position - this.capacity;
  }

  /** Forgets all samples; the next one has the number `k`. */
  restart(k: number): void {
    this.beforeRestart?.(k);
    this.#restarts++;
    this.#first = k;
    this.#next = k;
    this.#position = k % this.capacity;
  }

  /** Takes the sample that was written at `position`; the oldest leaves a full ring. */
  commit(): void {
    this.#next++;
    if (++this.#position === this.capacity) this.#position = 0;
    if (this.#next - this.#first > this.capacity) this.#first = this.#next - this.capacity;
  }
}
