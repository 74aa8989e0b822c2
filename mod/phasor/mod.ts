/**
 * The virtual PMU: synchrophasors, frequency, ROCOF and RMS values of sampled waveforms.
 *
 * IEC/IEEE 60255-118-1, classes P and M. Pure computation beside the ring of samples: no clock, nothing allocated for
 * a report.
 *
 * @module
 */
export * from "./estimator.ts";
export {
  type Difference,
  type InstantOptions,
  Instants,
  type PlacedTaps,
  type ReportingInstant,
  SharedInstants,
  weightBytes,
} from "./instants.ts";
export {
  type PhaseSet,
  type PhasorChannel,
  type PhasorDefinition,
  type PhasorOptions,
} from "./options.ts";
export { NO_ESTIMATE_FLAGS, PhasorReport, StatBits } from "./report.ts";
export type { SampledWindow, Taps } from "./taps.ts";
export { type NominalHz, type PerformanceClass, spanSeconds } from "./window.ts";
