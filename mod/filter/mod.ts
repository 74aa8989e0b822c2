/**
 * The filter expression language of STTP: `FILTER ActiveMeasurements WHERE ...`, lists of signals and
 * expressions over tables of metadata.
 *
 * @module
 */
export type { Row } from "./compiled.ts";
export type { CompiledCondition } from "./condition.ts";
export { evaluate, evaluateOnRow, selectFromTable } from "./evaluate.ts";
export { CompiledFilter, compileFilter, compileFilterSteps } from "./filter.ts";
export type { CompiledIdentifier, CompiledStatement, SelectedRow } from "./filter.ts";
export { FilterError } from "./filter_error.ts";
export type { FilterErrorCode } from "./filter_error.ts";
export type { FilterOptions, IdColumns } from "./filter_options.ts";
export { DEFAULT_LIMITS, Run } from "./limits.ts";
export type { FilterClock, FilterLimits } from "./limits.ts";
export { VALUE_TYPES } from "./values.ts";
export type { FilterValue, ValueType } from "./values.ts";
