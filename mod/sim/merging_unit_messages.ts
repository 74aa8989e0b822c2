/**
 * What a thread with merging units is told, and what it tells.
 *
 * @module
 */
import type { MergingUnitTotals } from "./merging_unit_account.ts";
import type { MergingUnitOptions } from "./merging_unit_options.ts";
import type { WaveformOptions } from "./waveform_model.ts";

/** What the thread sends, and where. */
export interface MergingUnitThreadOptions {
  /** Interface. */
  readonly interface: string;
  /** The grid that all units measure. */
  readonly waveform: WaveformOptions;
  /** The units. */
  readonly units: readonly Omit<MergingUnitOptions, "model">[];
  /** Frames that are due within this time go together; default 0. */
  readonly gatherNanos?: number;
}

/** What the Worker is told. */
export type MergingUnitOrder =
  | { readonly kind: "start"; readonly options: MergingUnitThreadOptions }
  | { readonly kind: "stop" };

/** What the Worker tells. */
export type MergingUnitNews =
  | { readonly kind: "loaded" }
  | { readonly kind: "running" }
  | { readonly kind: "failed"; readonly error: string }
  | {
    readonly kind: "stopped";
    readonly totals: readonly MergingUnitTotals[];
    readonly refused: number;
  };
