/**
 * Routes of configured alarms: their limits, which change at once, and their state.
 *
 * @module
 */
import * as v from "valibot";
import { type AlarmOptions, conditionText, SEVERITIES } from "../alarm/mod.ts";
import { editKeys } from "../config/mod.ts";
import { changeByEdit, changeQuery } from "./config_changes.ts";
import type { AdminContext } from "./context.ts";
import { ProblemError } from "./problem.ts";
import { type Route, route } from "./route.ts";
import { changeSchema } from "./schemas.ts";

const alarm = v.object({
  name: v.string(),
  settings: v.record(v.string(), v.unknown()),
  limit: v.string(),
  unit: v.string(),
  state: v.nullable(v.record(v.string(), v.unknown())),
});

const number = v.optional(v.pipe(v.number(), v.finite()));
/** What may be changed; whether it fits the condition is checked with the whole configuration. */
const limits = v.pipe(
  v.strictObject({
    limit: number,
    low: number,
    high: number,
    tolerance: number,
    hysteresis: number,
    windowMs: number,
    delayMs: number,
    clearDelayMs: number,
    severity: v.optional(v.picklist(Object.keys(SEVERITIES))),
    enabled: v.optional(v.boolean()),
  }),
  v.check((body) => Object.keys(body).length > 0, "expected at least one limit"),
);

/** Routes of configured alarms. */
export const ALARM_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/api/alarms/limits",
    access: ["VIEWER"],
    summary: "The alarms of the configuration: what they look for, and their state",
    answer: v.object({ alarms: v.array(alarm) }),
    handle: ({ context }) => ({
      alarms: Object.keys(context.gateway.config.alarm).map((name) => alarmOf(context, name)),
    }),
  }),
  route({
    method: "GET",
    path: "/api/alarms/limits/:name",
    access: ["VIEWER"],
    summary: "One alarm of the configuration",
    answer: alarm,
    handle: ({ context, params }) => alarmOf(context, nameOf(context, params)),
  }),
  route({
    method: "PUT",
    path: "/api/alarms/limits/:name",
    access: ["ENGINEER"],
    summary:
      "Changes limits and times of an alarm at once, those that are given: an edit of the configuration, comments kept",
    query: v.strictObject(changeQuery),
    body: limits,
    ifMatch: true,
    answer: changeSchema,
    action: "alarm.limits",
    handle: (call) => {
      const name = nameOf(call.context, call.params);
      return changeByEdit(
        call,
        (text) => editKeys(text, ["alarm", name], call.body),
      );
    },
  }),
];

/** The name in the path. Throws {@linkcode ProblemError} for one that is not configured. */
function nameOf({ gateway }: AdminContext, params: Readonly<Record<string, string>>): string {
  const name = params["name"] ?? "";
  if (!Object.hasOwn(gateway.config.alarm, name)) {
    throw new ProblemError(404, "unknownAlarm", `There is no alarm ${name}`);
  }
  return name;
}

function alarmOf({ gateway }: AdminContext, name: string): v.InferOutput<typeof alarm> {
  const options: AlarmOptions = gateway.config.alarm[name]!; // the callers have looked
  const state = gateway.alarms?.stateOf(name), unit = gateway.alarms?.unitOf(name) ?? "";
  return {
    name,
    settings: { ...options },
    limit: conditionText(options, unit),
    unit,
    state: state ? { ...state } : null,
  };
}
