/**
 * Whether bytes look like the beginning of a frame, given the sizes that are known.
 *
 * @module
 */
import { MIN_SIZE_OF_TYPE } from "./common.ts";

/** How far bytes look like the beginning of a frame; from `Weak` upwards they may be one. */
export const Look = {
  /** No frame begins here. */
  Implausible: 0,
  /** Nothing speaks against it yet, but there are too few bytes to tell. */
  NeedsMore: 1,
  /** A version above 2, or data of a known stream with another size: believed only with right CHK. */
  Weak: 2,
  /** A plausible header. */
  Ordinary: 3,
  /** Data of a known stream with the known size. */
  Strong: 4,
} as const;

/** The data frame sizes of the streams of one connection, by IDCODE. */
export class KnownStreams {
  readonly #streams = new Map<number, { size: number; periodMs: number }>();
  /** How long the rest of a frame is waited for: max(1 s, 3 frame periods), in milliseconds. */
  waitLimitMs = 1000;

  /** Makes a size known. */
  set(idCode: number, size: number, framesPerSecond: number): void {
    const periodMs = framesPerSecond > 0 ? 1000 / framesPerSecond : 0;
    this.#streams.set(idCode, { size, periodMs });
    this.#update();
  }

  /** Forgets one size, or all. */
  forget(idCode?: number): void {
    if (idCode === undefined) this.#streams.clear();
    else this.#streams.delete(idCode);
    this.#update();
  }

  /** The known size of the data frames of a stream; 0 when unknown. */
  sizeOf(idCode: number): number {
    return this.#streams.get(idCode)?.size ?? 0;
  }

  /** Judges `bytes[at..end)`: a value of {@linkcode Look}. */
  look(bytes: Uint8Array, at: number, end: number): number {
    if (at >= end) return Look.NeedsMore;
    if (bytes[at] !== 0xaa) return Look.Implausible;
    if (at + 1 >= end) return Look.NeedsMore;
    const second = bytes[at + 1]!;
    // Reserved bit set gives an index above 7: no such type.
    const minimum = MIN_SIZE_OF_TYPE[second >>> 4] ?? 0;
    if (minimum === 0) return Look.Implausible;
    if (at + 4 > end) return Look.NeedsMore;
    const size = (bytes[at + 2]! << 8) | bytes[at + 3]!;
    if (size < minimum) return Look.Implausible;
    if ((second & 15) > 2) return Look.Weak;
    if (second >>> 4 !== 0) return Look.Ordinary;
    if (at + 6 > end) return Look.NeedsMore;
    const known = this.#streams.get((bytes[at + 4]! << 8) | bytes[at + 5]!);
    if (known === undefined) return Look.Ordinary;
    return known.size === size ? Look.Strong : Look.Weak;
  }

  #update(): void {
    let longest = 0;
    for (const { periodMs } of this.#streams.values()) longest = Math.max(longest, periodMs);
    this.waitLimitMs = Math.max(1000, 3 * longest);
  }
}
