/**
 * Fraction counts of FRACSEC (clause 6.2).
 *
 * @module
 */

/**
 * The fraction count of frame `index` of a second at `rate` frames per second, rounded half up.
 *
 * From the index, never from a rounded stamp. May equal `timeBase`, which is count 0 of the next second.
 */
export function fracSecOfSlot(index: number, rate: number, timeBase: number): number {
  return Math.floor((2 * index * timeBase + rate) / (2 * rate));
}

/** Ticks of 100 ns beyond the second of a fraction count, rounded half up; exact. */
export function ticksOfFracSec(count: number, timeBase: number): number {
  return Math.floor((count * 1e7 + timeBase / 2) / timeBase);
}
