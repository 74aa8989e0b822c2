/**
 * A part: what the gateway supervises. It may fail, it is restarted, its neighbours do not notice.
 *
 * @module
 */
import type { Metric } from "./metric.ts";

/** Where a part writes what an operator should read; a LogTape logger fits. */
export interface Log {
  /** For those who look for a fault. */
  debug(message: string, properties?: Record<string, unknown>): void;
  /** Ordinary events: started, connected, configuration received. */
  info(message: string, properties?: Record<string, unknown>): void;
  /** Something is wrong and work goes on. */
  warn(message: string, properties?: Record<string, unknown>): void;
  /** Something does not work. */
  error(message: string, properties?: Record<string, unknown>): void;
}

/** The time, handed in so that tests can run a virtual one. */
export interface Clock {
  /** UTC in microseconds since 1970; may step when the host's clock is set. */
  nowMicros(): number;
  /** Milliseconds that never step, from an arbitrary start. */
  monotonicMs(): number;
}

/** State of a part as status shows it. */
export type PartState = "stopped" | "starting" | "running" | "waiting" | "failed";

/** A part's own account of itself: JSON-safe, without secrets. */
export interface PartStatus {
  /** What it is doing. */
  readonly state: PartState;
  /** Since when: microseconds since 1970. */
  readonly sinceMicros: number;
  /** Why, in a sentence, when it is not simply running. */
  readonly reason?: string;
  /** Anything that the part wants an operator to see. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** One of the common time-series statistics, by the names that operators and historians know. */
export interface StatisticDefinition {
  /** Tag suffix, for example `!IS-ST3`. */
  readonly suffix: string;
  /** Name. */
  readonly name: string;
  /** Unit of the value; empty for counts and booleans. */
  readonly unit: string;
  /** Sentence for people. */
  readonly description: string;
}

/** One statistic with its value; a boolean is 0 or 1, NaN means no data. */
export interface StatisticRow {
  /** Acronym of what the statistic is about, without the suffix: a stream, a device, an output. */
  readonly source: string;
  /** Tag suffix, for example `!IS-ST3`. */
  readonly suffix: string;
  /** Name. */
  readonly name: string;
  /** Value. */
  readonly value: number;
}

/** A device that a part has met on the wire and that no configuration names. */
export interface SeenDevice {
  /** What an adoption names it by: unique within the part, and the same as long as the device is. */
  readonly id: string;
  /** Acronym that it could have; an operator chooses. */
  readonly acronym: string;
  /** What it is, in one line. */
  readonly about: string;
  /** Keys beside `acronym` that would configure it. */
  readonly settings: Readonly<Record<string, string | number>>;
  /** Keys of `settings` that are a guess: to be looked at. */
  readonly guessed: readonly string[];
  /** Keys that have to be given because the wire does not tell them. */
  readonly missing: readonly string[];
}

/** What a part has met and could take in. */
export interface SeenDevices {
  /** Key of the part's table that lists its devices, to which an adoption adds one. */
  readonly list: string;
  /** The devices. */
  readonly devices: readonly SeenDevice[];
}

/** Something that the gateway starts, watches and stops. */
export interface Part {
  /** Unique name, for example `input.shelby`. */
  readonly name: string;
  /** Begins work; resolves when the part is able to work, rejects when it cannot. */
  start(): Promise<void>;
  /** Ends work and frees everything; safe to call twice and before `start`. */
  stop(): Promise<void>;
  /** What it is doing. */
  status(): PartStatus;
  /** Its numbers. */
  metrics(): Metric[];
  /**
   * Ends the reporting interval and gives what it counted; absent if the part has no statistics.
   *
   * Called by one caller alone, at the end of each interval of the gateway.
   */
  statistics?(): StatisticRow[];
  /** Devices that were met and are not configured; absent if the part takes in no devices by name. */
  seen?(): SeenDevices;
}
