/**
 * Alarms: signals held against limits, with delay, hysteresis and severity.
 *
 * @module
 */
export { AlarmLayout, type AlarmLayoutSink, type WatchedPlace } from "./alarm_layout.ts";
export { type AlarmState, AlarmWatch, type JoinOptions } from "./alarm_watch.ts";
export {
  type AlarmCommon,
  type AlarmCondition,
  type AlarmOptions,
  type AlarmSeverity,
  conditionText,
  SEVERITIES,
  valueText,
} from "./options.ts";
export { alarmSchema } from "./schema.ts";
