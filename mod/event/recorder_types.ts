/**
 * What a recorder of samples is told, and what it tells.
 *
 * @module
 */
import type { WindowFigures } from "./capture_window.ts";
import type { CaptureOptions } from "./options.ts";
import type { EventRecordContent, RecordingGateway } from "./record_content.ts";
import type { TriggerOrder } from "./trigger_order.ts";
import type { NamedTrigger, TriggerFigures } from "./waveform_triggers.ts";

/** What all recorders of a gateway share. */
export interface RecorderContext {
  /** Who records. */
  readonly gateway: RecordingGateway;
  /** `[event]`. */
  readonly capture: CaptureOptions;
  /** All triggers of the gateway. */
  readonly triggers: readonly NamedTrigger[];
  /** Makes a new GUID. */
  readonly newId: () => string;
  /** What all recorders hold together. */
  readonly memory: RecorderMemory;
}

/** What several recorders hold of events that are not complete, in bytes. */
export interface RecorderMemory {
  /** Bytes now. */
  bytes: number;
  /** Above it events go on in other records, so that the first can leave. */
  readonly limit: number;
}

/** Takes what a recorder makes. */
export interface RecorderSink {
  /** A trigger of this stream has fired that other streams, or devices, are recorded for. */
  fired(order: TriggerOrder): void;
  /** An event is complete. */
  recorded(content: EventRecordContent): void;
}

/** What a recorder tells of itself; JSON-safe. */
export interface RecorderFigures extends WindowFigures {
  /** Records that were made. */
  readonly records: number;
  /** Bytes of their messages. */
  readonly bytes: number;
  /** Samples that triggers did not look at, because they were overwritten. */
  readonly unwatched: number;
  /** Each trigger of this stream. */
  readonly byTrigger: readonly TriggerFigures[];
}
