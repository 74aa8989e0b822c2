/**
 * The low-pass windows of the reference models, as functions of time and not of a sample index.
 *
 * IEC/IEEE 60255-118-1, annex D: a triangle over two nominal cycles for class P, a sinc under a Hamming window for
 * class M.
 *
 * @module
 */

/** Performance class of IEC/IEEE 60255-118-1: P answers fast, M keeps out what is not the fundamental. */
export type PerformanceClass = "P" | "M";

/** Nominal frequency of the power system in Hz. */
export type NominalHz = 50 | 60;

/** A symmetric low-pass window around the reporting instant. */
export interface Window {
  /** Half of its length in seconds; the group delay of a causal form. */
  readonly halfSeconds: number;
  /** Weight at `tau` seconds from the instant, 1 in the middle; 0 outside of the half length. */
  weight(tau: number): number;
}

/** One row of the table of M: reporting rate, filter reference frequency F in Hz, order N at 16 samples per cycle. */
type MRow = readonly [framesPerSecond: number, referenceHz: number, order: number];

const M_ROWS: Readonly<Record<NominalHz, readonly MRow[]>> = {
  50: [[10, 1.779, 806], [25, 4.355, 338], [50, 7.75, 142], [100, 14.1, 66]],
  60: [
    [10, 1.78, 968],
    [12, 2.125, 816],
    [15, 2.64, 662],
    [20, 3.5, 502],
    [30, 5.02, 306],
    [60, 8.19, 164],
    [120, 16.25, 70],
  ],
};

/**
 * The window of a class at a reporting rate.
 *
 * Class M takes the row of the highest listed rate that does not exceed `framesPerSecond` (below 10 the row of 10):
 * a rate between two rows gets the narrower band, so that nothing folds into it, and the longer delay.
 */
export function windowOf(
  performanceClass: PerformanceClass,
  nominalHz: NominalHz,
  framesPerSecond: number,
): Window {
  if (performanceClass === "P") return triangle(nominalHz);
  const [, referenceHz, order] = mRow(nominalHz, framesPerSecond);
  const halfSeconds = order / (32 * nominalHz);
  return {
    halfSeconds,
    weight(tau) {
      if (Math.abs(tau) > halfSeconds) return 0;
      const y = 4 * Math.PI * referenceHz * tau;
      const sinc = y === 0 ? 1 : Math.sin(y) / y;
      return sinc * (0.54 + 0.46 * Math.cos((Math.PI * tau) / halfSeconds));
    },
  };
}

/**
 * How far from nominal, in Hz, class M is right: the range of table 2 for the rate whose row is used.
 *
 * At a rate between two rows, for which the standard demands nothing, it is that of the lower one, whose band is used.
 */
export function mRangeHz(nominalHz: NominalHz, framesPerSecond: number): number {
  if (framesPerSecond < 10) return 2;
  const [rate] = mRow(nominalHz, framesPerSecond);
  return rate < 25 ? rate / 5 : 5;
}

function mRow(nominalHz: NominalHz, framesPerSecond: number): MRow {
  const rows = M_ROWS[nominalHz];
  return rows.findLast(([rate]) => rate <= framesPerSecond) ?? rows[0]!;
}

/** Seconds that the windows of one report span: that of the phasor, and one half a cycle to either side of it. */
export function spanSeconds(
  performanceClass: PerformanceClass,
  nominalHz: NominalHz,
  framesPerSecond: number,
): number {
  return 2 * windowOf(performanceClass, nominalHz, framesPerSecond).halfSeconds + 1 / nominalHz;
}

/** The triangle over two nominal cycles: the filter of P, and the weight of RMS values in both classes. */
export function triangle(nominalHz: NominalHz): Window {
  return {
    halfSeconds: 1 / nominalHz,
    weight: (tau) => Math.max(0, 1 - Math.abs(tau) * nominalHz),
  };
}
