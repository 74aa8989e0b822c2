/**
 * Counters by the names that operators know, the books, complaints, and a watch on the clocks of sources.
 *
 * @module
 */
export * from "./complaints.ts";
export * from "./delivery_ledger.ts";
export * from "./ingest_ledger.ts";
export * from "./input_statistics.ts";
export * from "./output_stream_statistics.ts";
export * from "./reporting_interval.ts";
export * from "./source_clock_watch.ts";
export * from "./statistics.ts";
export * from "./system_statistics.ts";
export * from "./traffic_statistics.ts";
export { LatencyHistogram } from "../core/mod.ts";
