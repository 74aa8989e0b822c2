/**
 * Missing frames: what the rate promised and what did not come, so that jitter does not count.
 *
 * @module
 */
import type { Instant } from "../core/mod.ts";

// Positions that are remembered: 17 s at 240 frames/s.
const REMEMBERED = 4096;
// A stamp that lies further than this beyond the time that has passed is a step of the clock, not a gap.
const STEP_SECONDS = 5;

/**
 * Counts frames that are missing by rate (specs/concentrator.md, section 10).
 *
 * Expected is what lies between the stamps, so that neither delay nor a slow clock counts; while
 * nothing comes at all, it is what the time that passes promises. A hole counts as missing when it has
 * lasted from one end of an interval to the next: frames that come out of order fill their holes.
 */
export class MissingFrames {
  #rate = 0;
  #newest = NaN;
  #phase = NaN;
  #lastMs = NaN;
  // Holes up to the position that was newest at the last end, and after it.
  #boundary = -Infinity;
  #oldHoles = 0;
  #newHoles = 0;
  // Of the new and old holes, those that are only promised by the time that passed.
  #promised = 0;
  readonly #came = new Uint8Array(REMEMBERED);

  /** Begins anew with `framesPerSecond` (may be below 1); 0 counts nothing. */
  configure(framesPerSecond: number): void {
    this.#rate = framesPerSecond;
    this.#newest = NaN;
    this.#phase = NaN;
    this.#lastMs = NaN;
    this.#boundary = -Infinity;
    this.#oldHoles = 0;
    this.#newHoles = 0;
    this.#promised = 0;
  }

  /** A data frame with the stamp `stamp` came. */
  received(stamp: Instant, monotonicMs: number): void {
    if (!(this.#rate > 0)) return;
    const position = this.#positionOf(stamp);
    const ahead = position - this.#newest;
    const passed = (monotonicMs - this.#lastMs) / 1000 + STEP_SECONDS;
    if (ahead > 0 && ahead <= passed * this.#rate + 1) {
      for (let i = Math.max(1, ahead - REMEMBERED); i < ahead; i++) this.#set(this.#newest + i, 0);
      this.#newHoles += ahead - 1;
      this.#takeBackPromises();
      this.#newest = position;
      this.#set(position, 1);
    } else if (ahead <= 0 && ahead > -REMEMBERED) {
      this.#fill(position);
    } else {
      // A step of the clock: what the time promised until now stays missing.
      this.#promise(monotonicMs);
      this.#promised = 0;
      this.#newest = position;
      this.#boundary = position;
      this.#came.fill(1);
    }
    this.#lastMs = monotonicMs;
  }

  /** Ends an interval: the number of frames that turned out to be missing. */
  close(monotonicMs: number): number {
    const missing = this.#oldHoles;
    this.#promise(monotonicMs);
    this.#oldHoles = Math.max(0, this.#newHoles);
    this.#newHoles = Math.min(0, this.#newHoles);
    this.#boundary = this.#newest;
    return missing;
  }

  /** The nearest position on a grid that lies where most stamps lie. */
  #positionOf(stamp: Instant): number {
    const exact = stamp.seconds * this.#rate + (stamp.nanos * this.#rate) / 1e9;
    if (this.#phase !== this.#phase) this.#phase = exact - Math.round(exact);
    const position = Math.round(exact - this.#phase);
    this.#phase += (exact - this.#phase - position) / 16;
    return position;
  }

  #promise(monotonicMs: number): void {
    if (this.#lastMs !== this.#lastMs) return;
    const due = Math.floor(((monotonicMs - this.#lastMs) * this.#rate) / 1000) - 1;
    if (due <= this.#promised) return;
    this.#newHoles += due - this.#promised;
    this.#promised = due;
  }

  /** Stamps say now what had only been promised. What was reported already makes the next holes cheaper. */
  #takeBackPromises(): void {
    if (this.#promised === 0) return;
    const fromOld = Math.min(this.#oldHoles, this.#promised);
    this.#oldHoles -= fromOld;
    this.#newHoles -= this.#promised - fromOld;
    this.#promised = 0;
  }

  #fill(position: number): void {
    if (this.#get(position) !== 0) return;
    this.#set(position, 1);
    if (position > this.#boundary) this.#newHoles--;
    else if (this.#oldHoles > 0) this.#oldHoles--;
  }

  #get(position: number): number {
    return this.#came[((position % REMEMBERED) + REMEMBERED) % REMEMBERED]!;
  }
  #set(position: number, came: number): void {
    this.#came[((position % REMEMBERED) + REMEMBERED) % REMEMBERED] = came;
  }
}
