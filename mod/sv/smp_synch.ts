/**
 * What `smpSynch` says of a publisher's clock (IEC 61850-9-2 edition 2, IEC 61869-9).
 *
 * @module
 */

/** Kinds of clocks behind `smpSynch`. */
export const ClockKind = {
  /** Free running: 0, the reserved 3, 4 and 255, and an absent field. */
  Free: 0,
  /** A clock of the site: second boundaries are common, but not traceable to UTC (1, and 5 to 254). */
  Local: 1,
  /** A global, traceable clock (2). */
  Global: 2,
} as const;

/** The kind of a value of `smpSynch`; -1 is an absent field. */
export function clockKindOf(smpSynch: number): number {
  if (smpSynch === 2) return ClockKind.Global;
  if (smpSynch === 1 || (smpSynch >= 5 && smpSynch <= 254)) return ClockKind.Local;
  return ClockKind.Free;
}
