/**
 * Access control: who may see which measurement.
 *
 * @module
 */
export * from "./access_control.ts";
export { explainRules, type Explanation } from "./explain.ts";
export { type MetadataQuery, metadataSteps } from "./metadata.ts";
export { checkRules } from "./rules.ts";
export * from "./types.ts";
