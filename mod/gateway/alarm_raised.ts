/**
 * What is raised, as operators read it.
 *
 * @module
 */
import { type AlarmWatch, conditionText, SEVERITIES, valueText } from "../alarm/mod.ts";
import type { Signal, SignalRegistry } from "../core/mod.ts";

/** An alarm that is raised for a signal. */
export interface RaisedAlarm {
  /** Name, as in `[alarm.NAME]`. */
  readonly name: string;
  /** OPC number of its severity. */
  readonly severity: number;
  /** The signal. */
  readonly signal: Signal;
  /** Its last value; NaN if it is missing. */
  readonly value: number;
  /** What the alarm looks for, in words. */
  readonly limit: string;
  /** What is wrong with it, in words. */
  readonly text: string;
  /** When it was raised, by the stamps of the values: microseconds since 1970. */
  readonly sinceMicros: number;
  /** How often it was raised for this signal. */
  readonly count: number;
}

/** The signals for which an alarm is raised, at most so many. */
export function raisedBy(
  watch: AlarmWatch,
  registry: SignalRegistry,
  most: number,
): RaisedAlarm[] {
  const { name, options } = watch;
  return watch.states().slice(0, most).flatMap(({ handle, value, sinceMicros, count }) => {
    const signal = registry.get(handle);
    if (!signal) return [];
    const { reference, unit } = signal, limit = conditionText(options, unit);
    return [{
      name,
      severity: SEVERITIES[options.severity],
      signal,
      value,
      limit,
      text: `${reference} is ${valueText(value, unit)}: ${limit}`,
      sinceMicros,
      count,
    }];
  });
}
