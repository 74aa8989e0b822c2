/**
 * What an aligner can be told, with its defaults (specs/concentrator.md, section 1).
 *
 * @module
 */

/** What the wait is measured from. */
export type WaitMode =
  /** The slot's own time, by the local clock. */
  | "absolute"
  /** The first arrival of data for the slot; the local clock need not be right. */
  | "relative"
  /** The slot's own time, by the newest reasonable stamp received. */
  | "dataTime";

/** What to do with a frame or device whose time is marked bad. */
export type BadTimestamps = "drop" | "keep" | "sortByArrival";

/** How several frames of a source in one slot make one. */
export type Downsampling = "last" | "closest" | "filtered" | "bestQuality";

/** Settings of an aligner. */
export interface AlignerOptions {
  /** Name, which the output layout carries as its source. */
  readonly name: string;
  /** Slots per second, a whole number from 1 to 240. */
  readonly framesPerSecond: number;
  /** How long to wait for the data of a slot, in milliseconds. */
  readonly waitMs: number;
  /** How far a stamp may lie ahead of real time, in milliseconds. */
  readonly leadMs: number;
  /** What the wait is measured from. */
  readonly waitMode: WaitMode;
  /** What to do with data whose time is marked bad. */
  readonly badTimestamps: BadTimestamps;
  /** How several frames in one slot make one. */
  readonly downsampling: Downsampling;
  /** How a stamp finds its slot. */
  readonly slotRule: "floor" | "nearest";
  /** Slack of the floor rule in milliseconds, 0 to 1000. */
  readonly timeResolutionMs: number;
  /** Whether a slot without any data makes a frame. */
  readonly emptySlots: "frame" | "skip";
  /** Most empty frames that are made up at once after a pause of the program or the data, in milliseconds' worth. */
  readonly maxFillMs: number;
  /** Whether a slot goes out as soon as everything expected is there. */
  readonly publishEarly: boolean;
}

/** The defaults of everything but the name, the rate and the wait. */
export const ALIGNER_DEFAULTS = {
  leadMs: 500,
  waitMode: "absolute",
  badTimestamps: "sortByArrival",
  downsampling: "last",
  slotRule: "floor",
  timeResolutionMs: 1,
  emptySlots: "frame",
  maxFillMs: 2000,
  publishEarly: true,
} as const satisfies Partial<AlignerOptions>;

/** Slots that an aligner keeps at once: what fits between the wait and the lead, and a few for rounding. */
export function ringSlots(options: AlignerOptions): number {
  // With relative wait a slot may be opened a whole wait behind the newest one and then wait for as long.
  const waits = options.waitMode === "relative" ? 2 : 1;
  const windowMs = waits * options.waitMs + options.leadMs;
  return Math.ceil((windowMs * options.framesPerSecond) / 1000) + 4;
}

/** Frames of a source of `sourceRate` (0 when unknown) that one slot is to receive. */
export function framesPerSlot(sourceRate: number, framesPerSecond: number): number {
  return Math.max(1, Math.ceil(sourceRate / framesPerSecond - 1e-9));
}

/** Most frames of one source that the filter of one slot keeps; further ones are counted and left out. */
export const MAX_FILTER_DEPTH = 64;

/** Bytes that an aligner of `values` values keeps, its fastest source at `sourceRate` frames per second. */
export function alignerBytes(options: AlignerOptions, values: number, sourceRate: number): number {
  const planes = options.downsampling === "filtered"
    ? Math.min(MAX_FILTER_DEPTH, framesPerSlot(sourceRate, options.framesPerSecond) + 1)
    : 0;
  return ringSlots(options) * (values * 8 * (1 + planes) + 512);
}
