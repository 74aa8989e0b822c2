/**
 * Variants of merging units by name.
 *
 * @module
 */

/** Rate and data set of a variant. */
export interface SvVariant {
  /** Samples per second. */
  readonly rate: number;
  /** ASDUs in a frame. */
  readonly asdus: number;
  /** Currents, before the voltages. */
  readonly currents: number;
  /** Voltages. */
  readonly voltages: number;
}

/** Quantities that one data set may hold (IEC 61869-9). */
const MAX_QUANTITIES = 24;

/**
 * The variant called `name` at `nominalHz`: `9-2LE` (80 samples per cycle), `9-2LE-256` (256 per cycle, eight
 * ASDUs), or as IEC 61869-9 clause 6.903 writes it, `F4800S2I4U4`; undefined for anything else.
 */
export function variantOf(name: string, nominalHz: number): SvVariant | undefined {
  if (name === "9-2LE") return { rate: 80 * nominalHz, asdus: 1, currents: 4, voltages: 4 };
  if (name === "9-2LE-256") return { rate: 256 * nominalHz, asdus: 8, currents: 4, voltages: 4 };
  const match = /^F(\d{1,6})S(\d{1,2})I(\d{1,2})U(\d{1,2})$/.exec(name);
  if (!match) return undefined;
  const variant = {
    rate: Number(match[1]),
    asdus: Number(match[2]),
    currents: Number(match[3]),
    voltages: Number(match[4]),
  };
  const quantities = variant.currents + variant.voltages;
  const isPossible = variant.rate >= 1 && variant.asdus >= 1 && quantities >= 1 &&
    quantities <= MAX_QUANTITIES;
  return isPossible ? variant : undefined;
}
