/**
 * One event of one stream while it is captured.
 *
 * @module
 */
import type { RecordedTrigger } from "./record_content.ts";

/** Most causes that an event lists; further ones are counted. */
export const MAX_CAUSES = 64;

/** What started or prolonged an event, in sample numbers of its stream. */
export interface TriggerCause {
  /** The trigger, as a record tells it. */
  readonly told: RecordedTrigger;
  /** Sample at which it fired. */
  readonly at: number;
  /** Sample at which its condition began. */
  readonly since: number;
}

/** An event that is being captured: a window of sample numbers, some of which are cut already. */
export class CaptureEvent {
  /** Identity, shared by all streams that record the same event. */
  readonly id: string;
  /** Identity of the event that this one goes on from, when the longest record was not enough. */
  readonly continues: string | undefined;
  /** Causes in the order in which they were told. */
  readonly causes: TriggerCause[] = [];
  /** First sample. */
  start: number;
  /** One after the last sample. */
  end: number;
  /** Next sample to be cut. */
  cursor: number;
  /** Samples before `start` at first, asked for later: the next to be cut, up to `prefixEnd`. */
  prefix: number;
  /** End of the prefix. */
  prefixEnd: number;
  /** Causes that are not listed. */
  unlisted = 0;
  /** Samples that were overwritten before they were cut. */
  lost = 0;
  /** Samples of the window that were never received: they fell into a gap. */
  missing = 0;
  /** Samples before the window that were asked for, but older than what the ring held. */
  short = 0;
  /** True if the stream ended before the window did. */
  isCut = false;
  /** Times that the numbering jumped. */
  jumps = 0;

  /** A window from `start` to before `end`. */
  constructor(id: string, start: number, end: number, continues: string | undefined) {
    this.id = id;
    this.start = start;
    this.end = end;
    this.cursor = start;
    this.prefix = start;
    this.prefixEnd = start;
    this.continues = continues;
  }

  /** Adds a cause, as long as there is room. */
  add(cause: TriggerCause): void {
    if (this.causes.length < MAX_CAUSES) this.causes.push(cause);
    else this.unlisted++;
  }
}
