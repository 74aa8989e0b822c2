/**
 * Configuration as data: TOML with positions, checked against one schema, errors with line and column.
 *
 * @module
 */
export * from "./address.ts";
export * from "./check.ts";
export * from "./differences.ts";
export * from "./edit.ts";
export * from "./fields.ts";
export { lineDiff } from "./line_diff.ts";
export * from "./nearest.ts";
export * from "./secret_source.ts";
export * from "./secrets.ts";
export * from "./sha256.ts";
export * from "./toml.ts";
export * from "./variant_option.ts";
export { type AnySchema, type KeyMetadata, metadataAt, unwrap } from "./walk.ts";
