/**
 * Figures of benchmarks: measured in rounds, told as medians, printed as one table.
 *
 * @module
 */

/** One measured figure. */
export interface Figure {
  /** What was measured. */
  readonly name: string;
  /** The median, unless the name says otherwise. */
  readonly value: number;
  /** Unit of the value. */
  readonly unit: string;
  /** What it is held against. */
  readonly threshold?: Threshold;
  /** The same work done by somebody else in the same run. */
  readonly peer?: PeerFigure;
}

/** A value that a figure must reach, or must not exceed. */
export type Threshold = { readonly atLeast: number } | { readonly atMost: number };

/** What a peer needed for the same work. */
export interface PeerFigure {
  /** Name of the peer. */
  readonly name: string;
  /** How many times slower the peer is; below 1 it is faster. */
  readonly ratio: number;
  /** The ratio that must be reached. */
  readonly atLeast?: number;
}

/** True if a figure and its ratio reach what they are held against. */
export function isReached({ value, threshold, peer }: Figure): boolean {
  if (peer?.atLeast !== undefined && !(peer.ratio >= peer.atLeast)) return false;
  if (!threshold) return true;
  return "atLeast" in threshold ? value >= threshold.atLeast : value <= threshold.atMost;
}

/** All figures as one table, columns without content left out. */
export function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.name,
    shown(figure.value),
    figure.unit,
    thresholdText(figure.threshold),
    peerText(figure.peer),
    figure.threshold || figure.peer?.atLeast !== undefined
      ? isReached(figure) ? "reached" : "MISSED"
      : "",
  ]);
  const heads = ["figure", "value", "unit", "threshold", "peer", ""];
  const columns = heads.map((_, i) => i).filter((i) => i < 3 || rows.some((row) => row[i] !== ""));
  const width = columns.map((i) => Math.max(...[heads, ...rows].map((row) => row[i]!.length)));
  const line = (row: readonly string[]) =>
    columns.map((c, i) => c === 1 ? row[c]!.padStart(width[i]!) : row[c]!.padEnd(width[i]!))
      .join("  ").trimEnd();
  return [line(heads), ...rows.map(line)].join("\n");
}

/** The median of at least one value. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Rounds in which a figure is measured: enough that a disturbance of a few does not move the median. */
const ROUNDS = 15;

/**
 * Calls `work` again and again for `forMs` in all, after a tenth of that to warm up, and returns the median over
 * rounds of the nanoseconds per unit; `work` returns how many units it did.
 */
export function nanosPerUnit(forMs: number, work: () => number): number {
  oneRound(forMs / 10, work);
  return median(Array.from({ length: ROUNDS }, () => oneRound(forMs / ROUNDS, work)));
}

function oneRound(forMs: number, work: () => number): number {
  const begun = performance.now();
  let units = 0, passed = 0;
  do {
    units += work();
    passed = performance.now() - begun;
  } while (passed < forMs);
  return (passed * 1e6) / units;
}

function shown(value: number): string {
  const digits = Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 100 ? 1 : 2;
  return value.toLocaleString("en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

function thresholdText(threshold: Threshold | undefined): string {
  if (!threshold) return "";
  return "atLeast" in threshold
    ? `>= ${threshold.atLeast.toLocaleString("en")}`
    : `<= ${threshold.atMost.toLocaleString("en")}`;
}

function peerText(peer: PeerFigure | undefined): string {
  if (!peer) return "";
  const goal = peer.atLeast === undefined ? "" : ` (>= ${peer.atLeast})`;
  return `${shown(peer.ratio)} x ${peer.name}${goal}`;
}
