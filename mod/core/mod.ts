/**
 * What everything else is built of: instants, signals, layouts, frames, flags, cursors and errors.
 *
 * @module
 */
export * from "./clock_report.ts";
export * from "./cursor.ts";
export * from "./data_set.ts";
export * from "./errors.ts";
export * from "./flags.ts";
export * from "./frame.ts";
export * from "./instant.ts";
export * from "./ip_address.ts";
export * from "./latency_histogram.ts";
export * from "./layout.ts";
export * from "./leap_second.ts";
export * from "./metric.ts";
export * from "./part.ts";
export { type GuidMapEntry } from "./guid_bindings.ts";
export * from "./registry.ts";
export * from "./signal.ts";
export * from "./signal_draft.ts";
export * from "./slot.ts";
export * from "./steps.ts";
export * from "./token_bucket.ts";
export * from "./uuid.ts";
export * from "./version.ts";
export * from "./waveform_ring.ts";
