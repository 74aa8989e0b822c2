/**
 * What an aligner tells its owner: events as they happen, and figures on request.
 *
 * @module
 */
import type { Layout } from "../core/mod.ts";
import type { SourceFigures } from "./source_book.ts";

/** What an aligner tells its owner; each is called before the next frame goes out. */
export interface AlignerEvents {
  /** The output has a new layout, since a source came, went or changed. */
  layoutChanged?(layout: Layout): void;
  /** The host's clock moved by `stepMs` against the monotonic one, by more than the lead. */
  clockStepped?(stepMs: number): void;
  /** The sink threw; the frame counts as published. */
  sinkFailed?(error: unknown): void;
}

/** What an aligner did since its start. */
export interface AlignerFigures {
  /** Frames that came from expected sources: the sum over the sources, and over those that were expected before. */
  readonly received: number;
  /** Frames of layouts that are not expected; they are in no source's book. */
  readonly notExpected: number;
  /** Frames that went out. */
  readonly publishedFrames: number;
  /** Of these, those that went out before their wait was over. */
  readonly framesAheadOfSchedule: number;
  /** Of these, those of slots without any data. */
  readonly emptyFrames: number;
  /** Empty slots that made no frame after a pause, being more than `maxFillMs` at once. */
  readonly skippedSlots: number;
  /** Of the published, those that had to go before their wait was over to make room. */
  readonly forcedFrames: number;
  /** Steps of the host's clock. */
  readonly clockSteps: number;
  /** Times that the sink threw. */
  readonly sinkErrors: number;
  /** Slots that hold data and wait now. */
  readonly openSlots: number;
  /** Median time from a slot's deadline to its going out, in milliseconds; NaN before the first. */
  readonly publishDelayP50Ms: number;
  /** 99th percentile of the same. */
  readonly publishDelayP99Ms: number;
  /** Greatest of the same. */
  readonly publishDelayMaxMs: number;
  /** By source. */
  readonly sources: Readonly<Record<string, Readonly<SourceFigures>>>;
}
