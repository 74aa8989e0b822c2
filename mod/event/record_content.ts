/**
 * What an event record holds, before it is bytes and after.
 *
 * @module
 */
import type { Instant } from "../core/mod.ts";
import type { StreamOptions } from "../slipstream/mod.ts";
import type { TriggerKind } from "./options.ts";
import type { WaveformStream } from "./waveform_stream.ts";

/** Version of the container of a record of samples. */
export const RECORD_VERSION = 1;

/** Who recorded. */
export interface RecordingGateway {
  /** UUID of the gateway. */
  readonly id: string;
  /** Acronym of the gateway. */
  readonly name: string;
  /** Company acronym, or empty. */
  readonly company: string;
  /** Name and version of the program. */
  readonly program: string;
}

/** A waveform stream with what a reader wants to know of where it came from. */
export interface RecordedStream extends WaveformStream {
  /** Name for people. */
  readonly title: string;
  /** The publisher's own identity of the stream (`svID`), or empty. */
  readonly source: string;
  /** Protocol by name, for example `IEC 61850-9-2`. */
  readonly protocol: string;
  /** The publisher's configuration revision (`confRev`); 0 when unknown. */
  readonly confRev: number;
  /** WGS 84 degrees, north positive; NaN when unknown. */
  readonly latitude: number;
  /** WGS 84 degrees, east positive; NaN when unknown. */
  readonly longitude: number;
}

/** What the publisher said of its clock at the end of the event; each sample says for itself in its marks. */
export interface RecordedClock {
  /** `smpSynch`: 0 not synchronised, 1 and 5 to 254 a local clock, 2 a global one; -1 when unknown. */
  readonly smpSynch: number;
  /** `gmIdentity`, the EUI-64 of the grandmaster, as 16 hex digits; empty when unknown. */
  readonly gmIdentity: string;
}

/** A trigger that started or prolonged the event. */
export interface RecordedTrigger {
  /** Name. */
  readonly name: string;
  /** Kind. */
  readonly kind: TriggerKind;
  /** Stream or device that it watches; empty for alarms and orders. */
  readonly source: string;
  /** Channel, label, alarm, or who gave the order; may be empty. */
  readonly channel: string;
  /** The value that it saw, in the unit of the channel; NaN if there is none. */
  readonly value: number;
  /** When it fired. */
  readonly at: Instant;
  /** When its condition began. */
  readonly since: Instant;
  /** Its settings as they were, for example `limit`; empty if it has none. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A run of samples without a gap, as one Slipstream message. */
export interface RecordedPiece {
  /** Number of its first sample: whole seconds since 1970 times the rate, plus the sample of the second. */
  readonly first: number;
  /** Samples. */
  readonly count: number;
  /** `SampleMarks` of the samples as runs: mark, length, mark, length, and so on. */
  readonly marks: readonly number[];
  /** The message; its options are those of the record. */
  readonly message: Uint8Array;
}

/** Everything that an event record says. */
export interface EventRecordContent {
  /** Identity of the record, a GUID. */
  readonly id: string;
  /** Identity of the event, a GUID that records of several streams may share. */
  readonly event: string;
  /** Identity of the event that this one goes on from; undefined if it is none. */
  readonly continues: string | undefined;
  /** Who recorded. */
  readonly gateway: RecordingGateway;
  /** What was recorded. */
  readonly stream: RecordedStream;
  /** What the publisher said of its clock; undefined when nothing is known. */
  readonly clock?: RecordedClock;
  /** Options of all messages. */
  readonly encoding: StreamOptions;
  /** Triggers in the order in which they were told, the first of which started the event. */
  readonly triggers: readonly RecordedTrigger[];
  /** Triggers that are not listed. */
  readonly unlistedTriggers: number;
  /** The samples in order of time. Where the first of a piece does not follow the last of the one before, there is a gap or a step of the clock. */
  readonly pieces: readonly RecordedPiece[];
  /** Samples that were received and lost before they were recorded. */
  readonly lostSamples: number;
  /** Samples that were never received, beside those that `Filled` marks. */
  readonly missingSamples: number;
  /** Samples before the first one that were asked for, and older than what was kept. */
  readonly shortSamples: number;
  /** Times that the numbering of the samples jumped. */
  readonly jumps: number;
  /** True if the stream ended, or the gateway stopped, before the event did. */
  readonly isCut: boolean;
}

/** Samples of all pieces. */
export function recordedSamples(content: EventRecordContent): number {
  return content.pieces.reduce((sum, piece) => sum + piece.count, 0);
}
