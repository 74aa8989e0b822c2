/**
 * What an alarm looks for, and how it is told.
 *
 * @module
 */

/** Severities by name with their OPC numbers, as historians of synchrophasors know them. */
export const SEVERITIES = {
  none: 0,
  info: 50,
  low: 150,
  mediumLow: 300,
  medium: 500,
  mediumHigh: 700,
  high: 850,
  range: 900,
  critical: 950,
  flatline: 980,
  error: 1000,
} as const;

/** Name of a severity. */
export type AlarmSeverity = keyof typeof SEVERITIES;

/** What every alarm has. */
export interface AlarmCommon {
  /** What is watched: rules on metadata as rights have them; a signal that any of them matches is. */
  readonly signals: readonly string[];
  /** Stream whose frames are looked at. */
  readonly stream: string;
  /** How long the condition must last before the alarm is raised, in milliseconds. */
  readonly delayMs: number;
  /** How long it must be gone before the alarm clears, in milliseconds. */
  readonly clearDelayMs: number;
  /** How much it matters. */
  readonly severity: AlarmSeverity;
  /** Whether values that are flagged as bad are looked at all the same. */
  readonly useBad: boolean;
  /** False for an alarm that is prepared and not in use. */
  readonly enabled: boolean;
  /** Sentence for people; empty if there is none. */
  readonly description: string;
}

/** What is looked for; limits are in the unit of the signals. */
export type AlarmCondition =
  | {
    /** Beyond the limit; `atLeast` and `atMost` hold on the limit too. */
    readonly condition: "over" | "under" | "atLeast" | "atMost";
    /** The limit. */
    readonly limit: number;
    /** How far the value must come back beyond the limit. */
    readonly hysteresis: number;
  }
  | {
    /** Within the tolerance of the limit, or not. */
    readonly condition: "equal" | "notEqual";
    /** The value that is compared with. */
    readonly limit: number;
    /** Half the width of the band that counts as equal. */
    readonly tolerance: number;
    /** How far beyond the edge of the band the value must go. */
    readonly hysteresis: number;
  }
  | {
    /** Below `low` or above `high`. */
    readonly condition: "outside";
    /** Lower limit. */
    readonly low: number;
    /** Upper limit. */
    readonly high: number;
    /** How far inside the range the value must come back. */
    readonly hysteresis: number;
  }
  | {
    /** Changes faster than the limit, up or down. */
    readonly condition: "rateOfChange";
    /** Limit per second. */
    readonly limit: number;
    /** Time over which the change is measured, in milliseconds; 0 from each value to the next. */
    readonly windowMs: number;
    /** How far the rate must fall below the limit. */
    readonly hysteresis: number;
  }
  | {
    /** Does not change for `delayMs`. */
    readonly condition: "flatline";
    /** Largest change that counts as none. */
    readonly tolerance: number;
  }
  | {
    /** Is flagged as bad or with bad time, or missing. */
    readonly condition: "badQuality";
  };

/** `[alarm.NAME]` after checking. */
export type AlarmOptions = AlarmCommon & AlarmCondition;

/** What an alarm looks for, for people: `under 59.95 Hz`. */
export function conditionText(options: AlarmOptions, unit: string): string {
  const u = unit === "" ? "" : ` ${unit}`;
  switch (options.condition) {
    case "over":
    case "under":
      return `${options.condition} ${options.limit}${u}`;
    case "atLeast":
      return `at least ${options.limit}${u}`;
    case "atMost":
      return `at most ${options.limit}${u}`;
    case "equal":
    case "notEqual": {
      const band = options.tolerance > 0 ? ` within ${options.tolerance}${u}` : "";
      return `${
        options.condition === "equal" ? "equal to" : "not equal to"
      } ${options.limit}${u}${band}`;
    }
    case "outside":
      return `outside ${options.low} to ${options.high}${u}`;
    case "rateOfChange":
      return `changing by more than ${options.limit}${u} per second`;
    case "flatline":
      return `unchanged for ${options.delayMs / 1000} s`;
    case "badQuality":
      return "of bad quality";
  }
}

/** A value for people, to the seven digits that a 32-bit float has. */
export function valueText(value: number, unit: string): string {
  if (Number.isNaN(value)) return "missing";
  return `${Number(value.toPrecision(7))}${unit === "" ? "" : ` ${unit}`}`;
}
