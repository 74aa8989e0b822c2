/**
 * The schemas of `[event]` and `[trigger.NAME]` in a configuration.
 *
 * @module
 */
import * as v from "valibot";
import { integer, real } from "../config/mod.ts";
import type { CaptureOptions, LiveOptions, QualityCondition, TriggerOptions } from "./options.ts";

/** Conditions of quality, by the names that a configuration uses. */
export const QUALITY_CONDITIONS: readonly QualityCondition[] = [
  "invalid",
  "questionable",
  "overflow",
  "outOfRange",
  "failure",
  "oldData",
  "inconsistent",
  "test",
  "missing",
  "notSynchronised",
  "localClock",
  "timeSuspect",
];

/** `[event]`: how much is recorded around a trigger. */
export const captureSchema: v.GenericSchema<unknown, CaptureOptions> = v.pipe(
  v.strictObject({
    preMs: field(
      v.optional(real(0, 60_000), 1000),
      "Time before the trigger, in milliseconds; the samples wait in memory",
    ),
    postMs: field(v.optional(real(0, 600_000), 4000), "Time after the trigger, in milliseconds"),
    maxMs: field(
      v.optional(real(100, 600_000), 30_000),
      "Longest record, in milliseconds; a trigger that needs more begins another record",
    ),
    eventsPerMinute: field(
      v.optional(integer(1, 600), 10),
      "Records that one stream may begin per minute; triggers above it are counted",
    ),
    memoryMB: field(
      v.optional(integer(2, 1024), 24),
      "Megabytes that each capture Worker may hold of events on their way to the archive",
    ),
    devices: field(
      names(),
      'Acronyms of devices whose synchrophasors are recorded with each event; "*" stands for all',
    ),
    deviceMB: field(
      v.optional(real(0.01, 256), 1),
      "Megabytes that the newest frames of each of these devices may take",
    ),
    upstream: field(
      v.optional(v.boolean(), true),
      "Whether records also go to STTP subscribers that take buffer blocks and are granted the waveform",
    ),
  }),
  v.check(
    ({ preMs, postMs, maxMs }) => maxMs >= preMs + postMs,
    "expected maxMs to be at least preMs and postMs together",
  ),
  v.description("What is recorded around a trigger."),
  v.metadata({ change: "restart" }),
);

/** `[live.NAME]`: waveforms that go upstream as they come. */
export const liveSchema: v.GenericSchema<unknown, LiveOptions> = v.pipe(
  v.strictObject({
    streams: field(
      v.pipe(v.array(name()), v.minLength(1), v.maxLength(256)),
      'Names of waveform streams; "*" stands for all',
    ),
    samplesPerMessage: field(
      v.optional(integer(1, 4096), 6),
      "Samples of a message: 2 to 8 where delay counts, more where size does",
    ),
    xor: field(
      v.optional(v.boolean(), false),
      "Differences over time are XOR instead of subtraction, as some receivers expect",
    ),
  }),
  v.description("Waveforms that go upstream in STTP buffer blocks as they come."),
  v.metadata({ change: "restart" }),
);

const sources = {
  streams: field(
    names(),
    'Names of waveform streams that are watched; "*" stands for all',
  ),
  devices: field(
    names(),
    'Acronyms of devices whose synchrophasors are watched; "*" stands for all',
  ),
};

const common = {
  delayMs: field(
    v.optional(real(0, 10_000), 0),
    "How long the condition must last, in milliseconds",
  ),
  holdOffMs: field(
    v.optional(real(0, 3_600_000), 1000),
    "How long the trigger rests after it has fired, in milliseconds",
  ),
  extendWhileActive: field(
    v.optional(v.boolean(), false),
    "Whether the recording of its own stream goes on while the condition lasts, up to maxMs",
  ),
  record: field(
    v.optional(v.pipe(v.array(name()), v.maxLength(256)), ["self"]),
    'Waveform streams that are recorded: "self", "*" for all, or names',
  ),
  recordDevices: field(
    v.optional(v.pipe(v.array(name()), v.maxLength(256)), ["*"]),
    'Devices of [event] whose synchrophasors are recorded too: "*" for all of them, names, or none',
  ),
  preMs: field(v.optional(real(0, 60_000)), "Time before the trigger; that of [event] if absent"),
  postMs: field(v.optional(real(0, 600_000)), "Time after the trigger; that of [event] if absent"),
  questionable: field(
    v.optional(v.boolean(), true),
    "Whether data of questionable quality (overflow in a fault, for example) may trigger",
  ),
};

const unwatched = {
  ...sources,
  ...common,
  channels: v.optional(v.pipe(v.array(name()), v.maxLength(0)), []),
  record: field(
    v.optional(v.pipe(v.array(name()), v.maxLength(256)), ["*"]),
    'Waveform streams that are recorded: "*" for all, or names',
  ),
};

const channels = {
  channels: field(
    v.pipe(v.array(name()), v.minLength(1), v.maxLength(64)),
    'Channels of the streams, or labels of the synchrophasors; "*" stands for all with a unit',
  ),
};

const threePhases = {
  channels: field(
    v.pipe(v.array(name()), v.length(3)),
    "The channels of phases A, B and C in this order",
  ),
};

const limit = (what: string) =>
  field(v.pipe(real(0, 1e12), v.check((n) => n > 0, "expected a number above 0")), what);
const hysteresis = (what: string) => field(v.optional(real(0, 1e12), 0), what);
const minimum = field(
  v.optional(real(0, 1e12), 0),
  "Magnitude (RMS, in the unit of the channel) below which nothing is measured",
);

const magnitude = {
  ...sources,
  ...common,
  ...channels,
  measure: field(
    v.optional(v.picklist(["rms", "instantaneous"]), "rms"),
    "RMS of one nominal cycle or single samples; under: the peak of half a cycle",
  ),
  limit: limit("Limit in the unit of the channel"),
  hysteresis: hysteresis("How far the value must come back, in the unit of the channel"),
};

/** `[trigger.NAME]`: one trigger. */
export const triggerSchema: v.GenericSchema<unknown, TriggerOptions> = v.pipe(
  v.variant("kind", [
    v.strictObject({ kind: v.literal("over"), ...magnitude }),
    v.strictObject({ kind: v.literal("under"), ...magnitude }),
    v.strictObject({
      kind: v.literal("magnitudeStep"),
      ...sources,
      ...common,
      ...channels,
      limit: limit(
        "Difference of the RMS values of neighbouring cycles, in the unit of the channel",
      ),
      hysteresis: hysteresis("How far the difference must come back, in the unit of the channel"),
    }),
    v.strictObject({
      kind: v.literal("angleStep"),
      ...sources,
      ...common,
      ...channels,
      limit: field(
        v.pipe(real(0, 180), v.check((n) => n > 0, "expected a number above 0")),
        "Jump of the angle in degrees, beyond what the frequency explains",
      ),
      hysteresis: hysteresis("How far the jump must come back, in degrees"),
      minimum,
    }),
    v.strictObject({
      kind: v.literal("frequency"),
      ...sources,
      ...common,
      channels: field(
        v.optional(v.pipe(v.array(name()), v.maxLength(3)), []),
        "Waveforms: one channel, or three for the positive sequence. Synchrophasors: none",
      ),
      low: field(v.optional(real(1, 100)), "Lowest frequency in Hz"),
      high: field(v.optional(real(1, 100)), "Highest frequency in Hz"),
      hysteresis: field(
        v.optional(real(0, 10), 0.01),
        "How far the frequency must come back, in Hz",
      ),
      minimum,
      windowMs: field(
        v.optional(real(20, 1000), 100),
        "What the frequency of a waveform is measured over, in milliseconds",
      ),
    }),
    v.strictObject({
      kind: v.literal("rocof"),
      ...sources,
      ...common,
      channels: field(
        v.optional(v.pipe(v.array(name()), v.maxLength(3)), []),
        "Waveforms: one channel, or three for the positive sequence. Synchrophasors: none",
      ),
      limit: limit("Rate of change of frequency, rising or falling, in Hz/s"),
      hysteresis: field(v.optional(real(0, 1000), 0), "How far the rate must come back, in Hz/s"),
      minimum,
      windowMs: field(
        v.optional(real(20, 1000), 250),
        "What each of the two compared frequencies is measured over, in milliseconds",
      ),
    }),
    v.strictObject({
      kind: v.literal("unbalance"),
      ...sources,
      ...common,
      ...threePhases,
      sequence: field(
        v.optional(v.picklist(["negative", "zero"]), "negative"),
        "Sequence component that is compared with the positive one",
      ),
      limit: field(
        v.pipe(real(0, 10_000), v.check((n) => n > 0, "expected a number above 0")),
        "Ratio in percent",
      ),
      hysteresis: field(
        v.optional(real(0, 100), 0),
        "How far the ratio must come back, in percent",
      ),
      minimum,
    }),
    v.strictObject({
      kind: v.literal("digital"),
      ...sources,
      ...common,
      ...channels,
      mask: field(v.optional(integer(1, 0xffffffff), 0xffffffff), "Bits that are looked at"),
      edge: field(v.optional(v.picklist(["any", "rise", "fall"]), "any"), "Which changes count"),
    }),
    v.strictObject({
      kind: v.literal("quality"),
      ...sources,
      ...common,
      ...channels,
      conditions: field(
        v.pipe(v.array(v.picklist(QUALITY_CONDITIONS)), v.minLength(1)),
        "What starts a recording: bits of the quality, missing samples, loss of synchronisation",
      ),
    }),
    v.strictObject({
      kind: v.literal("alarm"),
      ...unwatched,
      alarms: field(
        v.pipe(v.array(name()), v.minLength(1), v.maxLength(64)),
        "Alarms that start a recording: signals of type ALRM by label or tag, those of the gateway " +
          '("input.bus.failed", "archive.full", "clock.fault"); "*" stands for all',
      ),
    }),
    v.strictObject({ kind: v.literal("manual"), ...unwatched }),
  ]),
  v.check(
    (t) => isUnwatched(t) || (t.streams.length > 0) !== (t.devices.length > 0),
    "expected either streams (waveforms) or devices (synchrophasors)",
  ),
  v.check(
    (t) => !isUnwatched(t) || (t.streams.length === 0 && t.devices.length === 0),
    "expected neither streams nor devices: alarm and manual triggers watch none",
  ),
  v.check(
    (t) => !isUnwatched(t) || !t.record.includes("self"),
    'expected names of streams or "*" in record: there is no stream of its own',
  ),
  v.check(
    (t) => t.devices.length === 0 || !t.record.includes("self"),
    'expected names of streams or "*" in record: a device has no waveform of its own',
  ),
  v.check(
    (t) => t.streams.length > 0 || !t.extendWhileActive,
    "expected extendWhileActive of a trigger on waveforms: others fire once and tell no end",
  ),
  v.check(
    (t) => t.record.length > 0 || t.recordDevices.length > 0,
    "expected something to record: streams in record, or devices in recordDevices",
  ),
  v.check(
    (t) => t.kind !== "frequency" || t.low !== undefined || t.high !== undefined,
    "expected low, high or both",
  ),
  v.check(
    (t) => t.kind !== "frequency" || !((t.low ?? 0) >= (t.high ?? 1e9)),
    "expected low to be below high",
  ),
  v.check(
    (t) =>
      (t.kind !== "frequency" && t.kind !== "rocof") ||
      (t.devices.length > 0
        ? t.channels.length === 0
        : t.channels.length === 1 || t.channels.length === 3),
    "expected one or three channels of a waveform, and none of a device",
  ),
  v.check(
    (t) => t.kind !== "quality" || t.devices.length === 0,
    "expected streams: quality triggers watch waveforms",
  ),
  v.check(
    (t) => t.devices.length === 0 || !("measure" in t) || t.measure === "rms",
    'expected measure = "rms": synchrophasors are RMS values',
  ),
  v.check(
    (t) => !("limit" in t) || t.hysteresis < t.limit || t.kind === "under",
    "expected a hysteresis below the limit",
  ),
  v.description("One trigger of event recordings."),
  v.metadata({ change: "restart" }),
);

function isUnwatched(trigger: { readonly kind: string }): boolean {
  return trigger.kind === "alarm" || trigger.kind === "manual";
}

function field<S extends v.GenericSchema>(schema: S, description: string) {
  return v.pipe(schema, v.description(description));
}

function name() {
  return v.pipe(v.string(), v.minLength(1), v.maxLength(128));
}

function names() {
  return v.optional(v.pipe(v.array(name()), v.maxLength(256)), []);
}
