/**
 * A trigger as it goes from one stream of the gateway to others.
 *
 * @module
 */
import * as v from "valibot";
import type { Instant } from "../core/mod.ts";
import {
  type CaptureOptions,
  TRIGGER_KINDS,
  type TriggerKind,
  type TriggerOptions,
} from "./options.ts";
import type { RecordedTrigger } from "./record_content.ts";

/** An order to record; plain data, so that it goes over any link. */
export interface TriggerOrder extends RecordedTrigger {
  /** Identity of the event. */
  readonly event: string;
  /** Streams that are recorded: `*` for all, or names. */
  readonly streams: readonly string[];
  /** Devices whose synchrophasors are recorded: `*` for all that `[event]` names, or names. */
  readonly devices: readonly string[];
  /** Time before the condition began, in milliseconds. */
  readonly preMs: number;
  /** Time after the trigger, in milliseconds. */
  readonly postMs: number;
}

const instantSchema = v.object({
  seconds: v.pipe(v.number(), v.integer()),
  nanos: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(999_999_999)),
});
const word = v.pipe(v.string(), v.maxLength(4096));

/** An order that has come over a link as JSON, in which a value that is no number is null. */
export const orderSchema: v.GenericSchema<unknown, TriggerOrder> = v.object({
  event: word,
  name: word,
  kind: v.picklist(TRIGGER_KINDS),
  source: word,
  channel: word,
  value: v.pipe(v.nullable(v.number()), v.transform((value) => value ?? NaN)),
  at: instantSchema,
  since: instantSchema,
  settings: v.record(v.string(), v.unknown()),
  streams: v.pipe(v.array(word), v.maxLength(256)),
  devices: v.pipe(v.array(word), v.maxLength(256)),
  preMs: v.pipe(v.number(), v.minValue(0), v.maxValue(60_000)),
  postMs: v.pipe(v.number(), v.minValue(0), v.maxValue(600_000)),
});

/** What an order takes of a trigger's settings, with those of `[event]` where it has none. */
export function orderTimes(
  options: TriggerOptions,
  capture: CaptureOptions,
): { readonly preMs: number; readonly postMs: number } {
  return { preMs: options.preMs ?? capture.preMs, postMs: options.postMs ?? capture.postMs };
}

/** An order that comes from outside: by hand, or of an alarm. */
export interface OutsideTrigger {
  /** Name of the trigger. */
  readonly name: string;
  /** Kind. */
  readonly kind: TriggerKind;
  /** Device that it watches; empty for alarms and orders by hand. */
  readonly source: string;
  /** Label, alarm, or who gave the order. */
  readonly channel: string;
  /** The value that it saw; NaN if there is none. */
  readonly value: number;
  /** When it fired. */
  readonly at: Instant;
  /** When its condition began. */
  readonly since: Instant;
}

/** Makes an order of what came from outside, with the settings of its trigger. */
export function outsideOrder(
  event: string,
  trigger: OutsideTrigger,
  options: TriggerOptions,
  capture: CaptureOptions,
): TriggerOrder {
  return {
    ...trigger,
    event,
    streams: options.record,
    devices: capture.devices.length > 0 ? options.recordDevices : [],
    settings: settingsOf(options),
    ...orderTimes(options, capture),
  };
}

/** Settings of a trigger that a record keeps: what it compares, not what it records. */
export function settingsOf(options: TriggerOptions): Record<string, unknown> {
  const skipped = new Set([
    "kind",
    "streams",
    "devices",
    "record",
    "recordDevices",
    "preMs",
    "postMs",
  ]);
  return Object.fromEntries(
    Object.entries(options).filter(([key, value]) => !skipped.has(key) && value !== undefined),
  );
}
