/**
 * Time alignment: frames of many sources in, one frame per slot out, in strict order of time.
 *
 * @module
 */
export * from "./aligner.ts";
export * from "./figures.ts";
export * from "./filters.ts";
export * from "./options.ts";
export * from "./schema.ts";
export * from "./slots.ts";
export type { SourceFigures, WaitAdvice } from "./source_book.ts";
