/**
 * What a trigger and the capture are told, after checking.
 *
 * @module
 */

/** What all triggers have. */
export interface TriggerCommon {
  /** Waveform streams that are watched; `*` stands for all. Empty for synchrophasors. */
  readonly streams: readonly string[];
  /** Acronyms of the devices whose synchrophasors are watched; `*` stands for all. Empty for waveforms. */
  readonly devices: readonly string[];
  /** Channels of the waveform streams, or labels of the synchrophasors. */
  readonly channels: readonly string[];
  /** How long the condition must last, in milliseconds. */
  readonly delayMs: number;
  /** How long the trigger rests after it has fired, in milliseconds. */
  readonly holdOffMs: number;
  /** Whether a recording goes on while the condition lasts. */
  readonly extendWhileActive: boolean;
  /** Streams that are recorded: `self`, `*` for all, or names. */
  readonly record: readonly string[];
  /** Devices of `[event]` whose synchrophasors are recorded too: `*` for all of them, or names. */
  readonly recordDevices: readonly string[];
  /** Time before the condition began, in milliseconds; that of `[event]` if absent. */
  readonly preMs?: number | undefined;
  /** Time after the trigger, in milliseconds; that of `[event]` if absent. */
  readonly postMs?: number | undefined;
  /** Whether samples or values of questionable quality may trigger. */
  readonly questionable: boolean;
}

/** A magnitude beyond a limit. */
export interface MagnitudeTrigger extends TriggerCommon {
  /** Above or below the limit. */
  readonly kind: "over" | "under";
  /** RMS of one nominal cycle, or single samples; synchrophasors are RMS. */
  readonly measure: "rms" | "instantaneous";
  /** In the unit of the channel. */
  readonly limit: number;
  /** In the unit of the channel. */
  readonly hysteresis: number;
}

/** A magnitude that differs from that of one nominal cycle (one frame) before. */
export interface MagnitudeStepTrigger extends TriggerCommon {
  /** Kind. */
  readonly kind: "magnitudeStep";
  /** In the unit of the channel. */
  readonly limit: number;
  /** In the unit of the channel. */
  readonly hysteresis: number;
}

/** An angle that jumps by more than the frequency explains. */
export interface AngleStepTrigger extends TriggerCommon {
  /** Kind. */
  readonly kind: "angleStep";
  /** Degrees. */
  readonly limit: number;
  /** Degrees. */
  readonly hysteresis: number;
  /** Magnitude below which an angle means nothing, in the unit of the channel. */
  readonly minimum: number;
}

/** A frequency outside limits. */
export interface FrequencyTrigger extends TriggerCommon {
  /** Kind. */
  readonly kind: "frequency";
  /** Hz; none if absent. */
  readonly low?: number | undefined;
  /** Hz; none if absent. */
  readonly high?: number | undefined;
  /** Hz. */
  readonly hysteresis: number;
  /** Magnitude below which a frequency means nothing, in the unit of the channel; waveforms only. */
  readonly minimum: number;
  /** What the frequency is measured over, in milliseconds; waveforms only. */
  readonly windowMs: number;
}

/** A rate of change of frequency, rising or falling, beyond a limit. */
export interface RocofTrigger extends TriggerCommon {
  /** Kind. */
  readonly kind: "rocof";
  /** Hz/s. */
  readonly limit: number;
  /** Hz/s. */
  readonly hysteresis: number;
  /** Magnitude below which a frequency means nothing, in the unit of the channel; waveforms only. */
  readonly minimum: number;
  /** What each of the two frequencies that are compared is measured over, in milliseconds; waveforms only. */
  readonly windowMs: number;
}

/** Negative or zero sequence over positive sequence beyond a limit. */
export interface UnbalanceTrigger extends TriggerCommon {
  /** Kind. */
  readonly kind: "unbalance";
  /** What is compared with the positive sequence. */
  readonly sequence: "negative" | "zero";
  /** Percent. */
  readonly limit: number;
  /** Percent. */
  readonly hysteresis: number;
  /** Positive sequence below which the ratio means nothing, in the unit of the channel. */
  readonly minimum: number;
}

/** A change of bits. */
export interface DigitalTrigger extends TriggerCommon {
  /** Kind. */
  readonly kind: "digital";
  /** Bits that are looked at. */
  readonly mask: number;
  /** Which changes count. */
  readonly edge: "any" | "rise" | "fall";
}

/** A condition of quality that starts a quality trigger. */
export type QualityCondition =
  | "invalid"
  | "questionable"
  | "overflow"
  | "outOfRange"
  | "failure"
  | "oldData"
  | "inconsistent"
  | "test"
  | "missing"
  | "notSynchronised"
  | "localClock"
  | "timeSuspect";

/** A loss of quality: the one trigger that bad samples start. */
export interface QualityTrigger extends TriggerCommon {
  /** Kind. */
  readonly kind: "quality";
  /** Any of these. */
  readonly conditions: readonly QualityCondition[];
}

/** An alarm that is raised. */
export interface AlarmTrigger extends TriggerCommon {
  /** Kind. */
  readonly kind: "alarm";
  /** Names of alarms. */
  readonly alarms: readonly string[];
}

/** An order over HTTP or the command line that names this trigger. */
export interface ManualTrigger extends TriggerCommon {
  /** Kind. */
  readonly kind: "manual";
}

/** One `[trigger.NAME]`. */
export type TriggerOptions =
  | MagnitudeTrigger
  | MagnitudeStepTrigger
  | AngleStepTrigger
  | FrequencyTrigger
  | RocofTrigger
  | UnbalanceTrigger
  | DigitalTrigger
  | QualityTrigger
  | AlarmTrigger
  | ManualTrigger;

/** A kind of trigger. */
export type TriggerKind = TriggerOptions["kind"];

/** All kinds of trigger. */
export const TRIGGER_KINDS: readonly TriggerKind[] = [
  "over",
  "under",
  "magnitudeStep",
  "angleStep",
  "frequency",
  "rocof",
  "unbalance",
  "digital",
  "quality",
  "alarm",
  "manual",
];

/** `[event]`: what is captured. */
export interface CaptureOptions {
  /** Time before the trigger, in milliseconds. */
  readonly preMs: number;
  /** Time after the trigger, in milliseconds. */
  readonly postMs: number;
  /** Longest record, in milliseconds; what goes on after it makes a record of its own. */
  readonly maxMs: number;
  /** Records that one stream may begin per minute; more triggers are counted. */
  readonly eventsPerMinute: number;
  /** Megabytes that each capture Worker may hold of events that are being recorded or handed over. */
  readonly memoryMB: number;
  /** Devices whose synchrophasors are recorded with each event; `*` stands for all. */
  readonly devices: readonly string[];
  /** Megabytes that the frames of each of these devices may take. */
  readonly deviceMB: number;
  /** Event records go upstream in STTP buffer blocks too. */
  readonly upstream: boolean;
}

/** `[live.NAME]`: waveforms that go upstream as they come. */
export interface LiveOptions {
  /** Waveform streams; `*` stands for all. */
  readonly streams: readonly string[];
  /** Samples of a message: 2 to 8 where delay counts. */
  readonly samplesPerMessage: number;
  /** Differences over time are XOR instead of subtraction. */
  readonly xor: boolean;
}

/** Takes what triggers find. */
export interface TriggerSink {
  /**
   * A trigger has fired: the number of the trigger, when it fired, when its condition began (both
   * sample numbers, or microseconds since 1970 for synchrophasors), the channel (its index in the
   * stream, or in the trigger's list of labels), and the value.
   */
  triggered(trigger: number, at: number, since: number, channel: number, value: number): void;
}
