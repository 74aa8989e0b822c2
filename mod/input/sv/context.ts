/**
 * What the gateway lends to a sampled-values input.
 *
 * @module
 */
import type { Clock, ClockReport, FrameSink, Log, SignalRegistry } from "../../core/mod.ts";
import type { TriggerOrder } from "../../event/mod.ts";
import type { LiveNotice } from "./live_stream.ts";
import type { RecordingOptions } from "./recording.ts";

/** What the gateway hands to an input. */
export interface SvInputContext {
  /** Gives out handles and GUIDs. */
  readonly registry: SignalRegistry;
  /** Takes the frames, lent. */
  readonly sink: FrameSink;
  /** Where an operator reads. */
  readonly log: Log;
  /** The time. */
  readonly clock: Clock;
  /** What is known of the clock that tells the seconds of samples; undefined if nobody watches it. */
  readonly clockReport?: () => ClockReport | undefined;
  /** Processor cores; default what the platform says. */
  readonly cores?: number;
  /** What is recorded, and who takes it; nothing is recorded without it. */
  readonly events?: SvEvents;
}

/** Event recording, as the gateway wants it. */
export interface SvEvents {
  /** What capture is told. */
  readonly recording: RecordingOptions;
  /** A trigger has fired that other streams are recorded for. */
  fired(order: TriggerOrder): void;
  /** An event record of a stream is complete; its bytes are the taker's. */
  recorded(acronym: string, id: string, bytes: Uint8Array<ArrayBuffer>): void;
  /** From now on the live messages of a stream, by its acronym, are these. */
  liveStream(acronym: string, notice: LiveNotice): void;
  /** A live message of a stream, as the block that subscribers get, lent. */
  live(acronym: string, block: Uint8Array): void;
}
