/**
 * What the gateway lends a C37.118 output.
 *
 * @module
 */
import type { AccessControl } from "../../access/mod.ts";
import type { Clock, ClockReport, Log, SignalRegistry } from "../../core/mod.ts";

/** What an aligner did since its start, in measurements; for the statistics of a stream that takes its frames. */
export interface AlignedFigures {
  /** Measurements that came too late, too early or without usable time. */
  readonly discarded: number;
  /** Frames that went out before their wait was over, since everything was there. */
  readonly ahead: number;
}

/** What the gateway lends a C37.118 output. */
export interface C37118OutputContext {
  /** Signals and devices. */
  readonly registry: SignalRegistry;
  /** Who may see what; the stream's rules are set under the name of its part. */
  readonly access: Pick<AccessControl, "version" | "permittedNow" | "permittedSteps">;
  /** What is known of the gateway's clock; undefined if nobody watches it. */
  readonly clockReport: () => ClockReport | undefined;
  /** True if the gateway itself estimates what a device reports. */
  readonly estimates: (device: string) => boolean;
  /** What the aligner of the stream did; undefined for frames as received. */
  readonly aligned: () => AlignedFigures | undefined;
  /** Name of the gateway, for the header frame. */
  readonly gatewayName: string;
  /** Folder for what must survive a restart. */
  readonly stateDir: string;
  /** The time. */
  readonly clock: Clock;
  /** Where events go. */
  readonly log: Log;
}
