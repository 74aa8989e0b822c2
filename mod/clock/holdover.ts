/**
 * How wrong a clock may be after it has lost its reference: `E0 + |dy| t + D t^2 / 2`.
 *
 * @module
 */

/** What a clock without reference runs on. */
export type Oscillator = "crystal" | "tcxo" | "ocxo";

// Least frequency error (relative) and drift (per second) to be expected of each.
const FLOORS: Readonly<Record<Oscillator, readonly [number, number]>> = {
  crystal: [2e-7, 1e-10],
  tcxo: [2e-8, 1e-12],
  ocxo: [1e-9, 1e-14],
};

const WINDOW_MS = 600_000;
const MOST = 600;

/** The growth of the error, from how the frequency was corrected while there was a reference. */
export class HoldoverModel {
  readonly #floor: number;
  readonly #drift: number;
  #corrections: { readonly ms: number; readonly ppm: number }[] = [];

  /** Makes a model of an oscillator; measured scatter above its floor wins. */
  constructor(oscillator: Oscillator) {
    [this.#floor, this.#drift] = FLOORS[oscillator];
  }

  /** Takes the frequency correction that is in force, in parts per million. */
  correction(ppm: number, nowMs: number): void {
    const newest = this.#corrections.at(-1);
    if (newest && nowMs - newest.ms < WINDOW_MS / MOST) return;
    this.#corrections.push({ ms: nowMs, ppm });
    while (this.#corrections[0]!.ms < nowMs - WINDOW_MS) this.#corrections.shift();
  }

  /** Relative frequency error that must be expected: three standard deviations, the oscillator's floor at least. */
  get frequencyError(): number {
    const n = this.#corrections.length;
    if (n < 2) return this.#floor;
    const mean = this.#corrections.reduce((sum, c) => sum + c.ppm, 0) / n;
    const squares = this.#corrections.reduce((sum, c) => sum + (c.ppm - mean) ** 2, 0);
    return Math.max(this.#floor, 3 * Math.sqrt(squares / (n - 1)) * 1e-6);
  }

  /** Nanoseconds that the bound has grown by after `seconds` without a reference. */
  growthNs(seconds: number): number {
    return (this.frequencyError * seconds + this.#drift * seconds * seconds / 2) * 1e9;
  }
}
