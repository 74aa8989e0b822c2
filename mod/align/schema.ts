/**
 * The schema of `[align.NAME]` in a configuration.
 *
 * @module
 */
import * as v from "valibot";
import { integer, real } from "../config/mod.ts";
import type { AlignerOptions } from "./options.ts";
import { ALIGNER_DEFAULTS } from "./options.ts";

/** `[align.NAME]`: the settings of one aligner and the inputs that it listens to. */
export const alignSchema: v.GenericSchema<unknown, AlignConfig> = v.pipe(
  v.strictObject({
    inputs: v.pipe(
      v.optional(v.pipe(v.array(v.string()), v.minLength(1)), ["*"]),
      v.description('Names of the inputs that are aligned with each other; "*" stands for all.'),
    ),
    framesPerSecond: v.pipe(
      integer(1, 240),
      v.description("Slots per second of the aligned frames."),
    ),
    waitMs: v.pipe(
      real(1, 600_000),
      v.description("How long to wait for the data of a slot, in milliseconds."),
    ),
    leadMs: v.pipe(
      v.optional(real(1, 600_000), ALIGNER_DEFAULTS.leadMs),
      v.description("How far a stamp may lie ahead of real time, in milliseconds."),
    ),
    waitMode: v.pipe(
      v.optional(v.picklist(["absolute", "relative", "dataTime"]), ALIGNER_DEFAULTS.waitMode),
      v.description(
        "What the wait is measured from: the slot's time by the local clock (absolute), the first " +
          "arrival for the slot (relative), or the slot's time by the newest stamp (dataTime).",
      ),
    ),
    badTimestamps: v.pipe(
      v.optional(v.picklist(["drop", "keep", "sortByArrival"]), ALIGNER_DEFAULTS.badTimestamps),
      v.description("What to do with data whose device says that its time is bad."),
    ),
    downsampling: v.pipe(
      v.optional(
        v.picklist(["last", "closest", "filtered", "bestQuality"]),
        ALIGNER_DEFAULTS.downsampling,
      ),
      v.description("How several frames of a source in one slot make one."),
    ),
    slotRule: v.pipe(
      v.optional(v.picklist(["floor", "nearest"]), ALIGNER_DEFAULTS.slotRule),
      v.description("Whether a stamp belongs to the slot that it lies in or to the nearest one."),
    ),
    timeResolutionMs: v.pipe(
      v.optional(real(0, 1000), ALIGNER_DEFAULTS.timeResolutionMs),
      v.description("Slack of the floor rule, for stamps that are cut to it, in milliseconds."),
    ),
    emptySlots: v.pipe(
      v.optional(v.picklist(["frame", "skip"]), ALIGNER_DEFAULTS.emptySlots),
      v.description("Whether a slot without any data makes a frame in which all is missing."),
    ),
    maxFillMs: v.pipe(
      v.optional(real(0, 60_000), ALIGNER_DEFAULTS.maxFillMs),
      v.description("Most empty slots made into frames at once after a pause, in milliseconds."),
    ),
    publishEarly: v.pipe(
      v.optional(v.boolean(), ALIGNER_DEFAULTS.publishEarly),
      v.description("Whether a slot goes out as soon as every source's data are there."),
    ),
  }),
  v.description("Aligns frames of several inputs in time and gives out one frame per slot."),
  v.metadata({ change: "restart" }),
);

/** `[align.NAME]` after checking. */
export interface AlignConfig extends Omit<AlignerOptions, "name"> {
  /** Names of the inputs that are aligned with each other; `*` stands for all. */
  readonly inputs: string[];
}

/** The settings of the aligner called `name`. */
export function alignerOptions(name: string, config: AlignConfig): AlignerOptions {
  const { inputs: _, ...options } = config;
  return { name, ...options };
}
