/**
 * What a simulated merging unit is, and what goes wrong with it.
 *
 * @module
 */
import type { Recurring, WaveformModel } from "./waveform_model.ts";

/** What happens to frames on their way; shares from 0 to 1. */
export interface MergingUnitImpairments {
  /** Share of frames that are never sent; default 0. */
  readonly loss?: number;
  /** Frames that are lost in a row; default 1. */
  readonly lossBurst?: number;
  /** Share of frames that are sent twice; default 0. */
  readonly duplicate?: number;
  /** Share of frames that are sent after the next one; default 0. */
  readonly reorder?: number;
}

/** How the clock of a unit behaves. */
export interface MergingUnitClockOptions {
  /** `smpSynch` while synchronised; default 2. */
  readonly smpSynch?: number;
  /** Error of the clock in nanoseconds: positive is ahead, samples are stamped too late. Default 0. */
  readonly errorNanos?: number;
  /** Times without synchronisation; `smpSynch` is 0 then. */
  readonly unsynchronised?: Recurring;
  /** Drift in parts per million while not synchronised: positive is slow. Default 0. */
  readonly driftPpm?: number;
  /** Steps of the clock: forwards at every second that `everySeconds` divides, and back after `forSeconds`. */
  readonly step?: Recurring & {
    /** Size in nanoseconds. */
    readonly nanos: number;
  };
}

/** What a simulated merging unit is. */
export interface MergingUnitOptions {
  /** svID. */
  readonly svId: string;
  /** Samples per second: 4,000, 4,800, 5,760, 12,800, 14,400, 15,360 or any other whole number. */
  readonly rate: number;
  /** ASDUs in a frame; must divide the rate. Default 1. */
  readonly asdus?: number;
  /** Where the values come from. */
  readonly model: WaveformModel;
  /** Number of the unit: turns its angles and seeds its chances. Default 0. */
  readonly unit?: number;
  /** Currents in the data set; default 4. */
  readonly currents?: number;
  /** Voltages in the data set; default 4. */
  readonly voltages?: number;
  /** Quality word of every channel; default 0. The neutral has the derived bit as well. */
  readonly quality?: number;
  /** Destination address; default 01:0c:cd:04:00:01. */
  readonly destination?: Uint8Array;
  /** Source address; default 02:00:00:00:00:01. */
  readonly source?: Uint8Array;
  /** APPID; default 0x4000. */
  readonly appid?: number;
  /** VLAN identifier; without it the frame has no tag. */
  readonly vlan?: number;
  /** Priority of the tag; default 4. */
  readonly priority?: number;
  /** `confRev`; default 1. */
  readonly confRev?: number;
  /** Simulation bit; default false. */
  readonly simulation?: boolean;
  /** `datSet`; default none. */
  readonly datSet?: string;
  /** Whether `refrTm` is in the frame; default false. */
  readonly refrTm?: boolean;
  /** Whether `smpRate` and `smpMod` (samples per second) are in the frame; default false. */
  readonly smpRate?: boolean;
  /** `gmIdentity`, eight octets; default none. */
  readonly gmIdentity?: Uint8Array;
  /** Nanoseconds from the last sample of a frame to its leaving; default 0. */
  readonly latencyNanos?: number;
  /** The clock. */
  readonly clock?: MergingUnitClockOptions;
  /** What happens to frames. */
  readonly impairments?: MergingUnitImpairments;
  /** Seed of the chances; default 1. */
  readonly seed?: number;
}
