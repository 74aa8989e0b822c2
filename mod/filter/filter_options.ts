/**
 * How a filter text is read and compiled.
 *
 * @module
 */
import { DEFAULT_LIMITS, type FilterLimits } from "./limits.ts";
import type { ParseOptions } from "./parser.ts";

/** The columns of the primary table that identify a signal. */
export interface IdColumns {
  /** Column of the GUID, `SignalID` when left out. */
  readonly signalId?: string;
  /** Column of the measurement key, `ID` when left out. */
  readonly measurementKey?: string;
  /** Column of the point tag, `PointTag` when left out. */
  readonly pointTag?: string;
}

/** How a filter text is read and compiled. */
export interface FilterOptions {
  /** Table of identifier statements and bare expressions; `ActiveMeasurements` when left out. */
  readonly primaryTable?: string;
  /** The columns that identify a signal. */
  readonly idColumns?: IdColumns;
  /** Read arithmetic, and AND with OR, at one level from left to right as the references do. */
  readonly flatPrecedence?: boolean;
  /** Also read point tags such as `GPA_SHELBY:FREQ` that stand alone without quotes. */
  readonly bareTags?: boolean;
  /** What differs from {@linkcode DEFAULT_LIMITS}. */
  readonly limits?: Partial<FilterLimits>;
}

/** What the parser and the compiler are told, with defaults. */
export function parseOptions(options: FilterOptions): ParseOptions {
  return {
    flatPrecedence: options.flatPrecedence ?? false,
    bareTags: options.bareTags ?? false,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
  };
}
