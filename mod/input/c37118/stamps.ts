/**
 * What the stamps of data frames tell about their order: copies, and frames that were overtaken.
 *
 * @module
 */
import type { Instant } from "../../core/mod.ts";

const SLOTS = 256;
const WINDOW_MS = 900; // below a second: the frames of a repeated leap second are no copies

/** Finds exact copies of recent frames: the same SOC, FRACSEC, size and CHK. Allocates nothing per frame. */
export class RecentStamps {
  readonly #soc = new Uint32Array(SLOTS);
  readonly #fraction = new Uint32Array(SLOTS);
  readonly #size = new Uint32Array(SLOTS);
  readonly #check = new Uint32Array(SLOTS);
  readonly #atMs = new Float64Array(SLOTS).fill(-Infinity);

  /** True if the frame of `size` bytes at `offset` is a copy of one that came within the last second. */
  isCopy(view: DataView, offset: number, size: number, nowMs: number): boolean {
    const soc = view.getUint32(offset + 6);
    const fraction = view.getUint32(offset + 10);
    const check = view.getUint16(offset + size - 2);
    const slot = (Math.imul(soc ^ Math.imul(fraction, 0x9e3779b1), 0x85ebca6b) >>> 16) % SLOTS;
    const known = this.#soc[slot] === soc && this.#fraction[slot] === fraction &&
      this.#size[slot] === size && this.#check[slot] === check &&
      nowMs - this.#atMs[slot]! < WINDOW_MS;
    if (known) return true;
    this.#soc[slot] = soc;
    this.#fraction[slot] = fraction;
    this.#size[slot] = size;
    this.#check[slot] = check;
    this.#atMs[slot] = nowMs;
    return false;
  }
}

const CLOCK_STEP_SECONDS = 5;

/** Finds stamps that go back; a step of the source's clock counts once, not until time has caught up. */
export class StampOrder {
  #seconds = -Infinity;
  #nanos = 0;

  /** True if a frame with a later stamp came before. */
  isBehind({ seconds, nanos }: Instant): boolean {
    const behind = this.#seconds - seconds;
    const isBehind = behind > 0 || (behind === 0 && nanos < this.#nanos);
    if (isBehind && behind < CLOCK_STEP_SECONDS) return true;
    this.#seconds = seconds;
    this.#nanos = nanos;
    return isBehind;
  }
}
