/**
 * Event records on disk: written whole, indexed, kept within bounds.
 *
 * @module
 */
export * from "./archive.ts";
export { describeRecord } from "./describe.ts";
export * from "./export.ts";
export * from "./options.ts";
export type { ArchiveRecord, ExportResult, PutResult } from "./protocol.ts";
export type { Describe } from "./record_store.ts";
export { isArchiveWorker } from "./role.ts";
export * from "./schema.ts";
export * from "./types.ts";
export { serveArchiveWorker } from "./worker.ts";
