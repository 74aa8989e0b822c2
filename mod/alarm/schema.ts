/**
 * The schema of `[alarm.NAME]` in a configuration.
 *
 * @module
 */
import * as v from "valibot";
import { real } from "../config/mod.ts";
import { type AlarmOptions, type AlarmSeverity, SEVERITIES } from "./options.ts";

const DAY_MS = 86_400_000;
// The keys of the table itself.
const SEVERITY_NAMES = Object.keys(SEVERITIES) as AlarmSeverity[];

/** A finite number: what a limit may be. */
function limit(): v.GenericSchema<number> {
  return real(-1e30, 1e30);
}

function hysteresis() {
  return field(
    v.optional(real(0, 1e30), 0),
    "How far the value must come back beyond the limit before the alarm clears, in the unit of the signals",
  );
}

const common = {
  signals: field(
    v.pipe(v.array(v.pipe(v.string(), v.minLength(1))), v.minLength(1), v.maxLength(100)),
    "What is watched, by rules as in `allow` of a subscriber: conditions on metadata, GUIDs, keys, tags; new signals join",
  ),
  stream: field(
    v.optional(v.string(), "received"),
    'Stream that is looked at: "received", or the name of an aligner',
  ),
  delayMs: field(
    v.optional(real(0, DAY_MS), 0),
    "How long the condition must last before the alarm is raised, in milliseconds",
  ),
  clearDelayMs: field(
    v.optional(real(0, DAY_MS), 0),
    "How long the condition must be gone before the alarm clears, in milliseconds",
  ),
  severity: field(
    v.optional(v.picklist(SEVERITY_NAMES), "medium"),
    "How much it matters; each name stands for an OPC number (medium is 500, critical 950)",
  ),
  useBad: field(
    v.optional(v.boolean(), false),
    "Whether values that are flagged as bad are looked at all the same; missing ones never are",
  ),
  enabled: field(v.optional(v.boolean(), true), "False for an alarm that is not in use"),
  description: field(v.optional(v.pipe(v.string(), v.maxLength(1024)), ""), "Text for people"),
};

const beyond = { ...common, limit: field(limit(), "The limit"), hysteresis: hysteresis() };
const band = {
  ...common,
  limit: field(limit(), "What the value is compared with"),
  tolerance: field(v.optional(real(0, 1e30), 0), "Differences up to this count as equal"),
  hysteresis: hysteresis(),
};

/** `[alarm.NAME]`: which signals are held against which limit. All of it changes in place. */
export const alarmSchema: v.GenericSchema<unknown, AlarmOptions> = v.pipe(
  v.variant("condition", [
    v.strictObject({ condition: v.literal("over"), ...beyond }),
    v.strictObject({ condition: v.literal("under"), ...beyond }),
    v.strictObject({ condition: v.literal("atLeast"), ...beyond }),
    v.strictObject({ condition: v.literal("atMost"), ...beyond }),
    v.strictObject({ condition: v.literal("equal"), ...band }),
    v.strictObject({ condition: v.literal("notEqual"), ...band }),
    v.strictObject({
      condition: v.literal("outside"),
      ...common,
      low: field(limit(), "Lower limit"),
      high: field(limit(), "Upper limit"),
      hysteresis: hysteresis(),
    }),
    v.strictObject({
      condition: v.literal("rateOfChange"),
      ...common,
      limit: field(real(0, 1e30), "The limit per second, up or down"),
      windowMs: field(
        v.optional(real(0, 3_600_000), 0),
        "Time over which the change is measured, in milliseconds; 0: from each value to the next",
      ),
      hysteresis: hysteresis(),
    }),
    v.strictObject({
      condition: v.literal("flatline"),
      ...common,
      delayMs: field(
        v.optional(real(100, DAY_MS), 10_000),
        "How long the value must stay the same, in milliseconds",
      ),
      tolerance: field(v.optional(real(0, 1e30), 0), "Changes up to this count as none"),
    }),
    v.strictObject({ condition: v.literal("badQuality"), ...common }),
  ]),
  v.check(
    (o) => o.condition !== "outside" || o.low + o.hysteresis <= o.high - o.hysteresis,
    "expected low to be below high by twice the hysteresis at least, or the alarm never clears",
  ),
  v.description("An alarm: signals that are held against a limit."),
  v.metadata({ apply: "live" }),
);

function field<S extends v.GenericSchema>(schema: S, description: string) {
  return v.pipe(schema, v.description(description));
}
