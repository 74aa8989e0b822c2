/**
 * What one accepted configuration means for the frames of a stream: decoder, frame, layout.
 *
 * @module
 */
import { type Frame, type Layout, makeFrame, type SignalRegistry } from "../../core/mod.ts";
import { type Configuration, configurationWarnings, DataDecoder } from "../../c37118/mod.ts";
import { type RegisteredStream, registerStream } from "./devices.ts";
import type { C37118InputOptions } from "./options.ts";

/** Options that say how a stream is named, decoded and timed. */
export type StreamOptions =
  & Pick<
    C37118InputOptions,
    | "idCode"
    | "checkIdCode"
    | "configuration"
    | "draft6"
    | "devices"
    | "framesPerSecond"
    | "timeZone"
    | "timeAdjustMicros"
    | "plausibleDelayMs"
    | "frequencyMode"
    | "applyScaleToFloat"
    | "extendedFlags"
  >
  & {
    /** Acronym of the only PMU, or of the concentrator. */
    readonly acronym: string;
    /** Name for people. */
    readonly name?: string | undefined;
    /** Company acronym. */
    readonly company?: string | undefined;
    /** Vendor acronym. */
    readonly vendor?: string | undefined;
  };

/** Everything that is made anew with each configuration; swapped as a whole. */
export interface StreamPlan {
  /** The configuration. */
  readonly configuration: Configuration;
  /** Decodes the data frames. */
  readonly decoder: DataDecoder;
  /** The one frame that is filled and lent. */
  readonly frame: Frame;
  /** Layout, kinds of values and what changed. */
  readonly registered: RegisteredStream;
  /** By PMU: 1 while STAT bit 10 is set. */
  readonly changing: Uint8Array;
  /**
   * True once a data frame of exactly the right size has come since the configuration: longer ones are then not
   * padded but of another configuration.
   */
  isExact: boolean;
  /** True while it comes from the cache and has not been confirmed by the device. */
  readonly cached: boolean;
  /** What an operator should know of it, in sentences. */
  readonly warnings: readonly string[];
}

/** Registers the devices of `configuration` and compiles its plan; `previous` is the plan that it replaces. */
export function makePlan(
  source: string,
  configuration: Configuration,
  cached: boolean,
  options: StreamOptions,
  registry: SignalRegistry,
  previous: StreamPlan | undefined,
): StreamPlan {
  const registered = registerStream(
    source,
    configuration,
    options,
    registry,
    previous?.registered.layout,
  );
  const decoder = new DataDecoder(configuration, {
    floatFrequency: options.frequencyMode,
    applyScaleToFloat: options.applyScaleToFloat,
    extendedFlags: options.extendedFlags,
  });
  const changing = new Uint8Array(configuration.pmus.length);
  // A PMU that keeps its place keeps its announcement, and what mode "auto" has found out about it.
  previous?.configuration.pmus.forEach((pmu, i) => {
    const now = configuration.pmus[i];
    if (now?.idCode !== pmu.idCode) return;
    changing[i] = previous.changing[i]!;
    if (now.format === pmu.format && now.fnom === pmu.fnom) {
      decoder.deviation[i] = previous.decoder.deviation[i]!;
    }
  });
  return {
    configuration,
    decoder,
    frame: makeFrame(registered.layout),
    registered,
    changing,
    isExact: false,
    cached,
    warnings: warningsOf(configuration, registered, options),
  };
}

/** True if data frames of both configurations are read in the same way, so that the better named one may stay. */
export function sameStructure(a: Configuration, b: Configuration): boolean {
  return a.idCode === b.idCode && a.timeBase === b.timeBase && a.dataRate === b.dataRate &&
    a.pmus.length === b.pmus.length &&
    a.pmus.every((pmu, i) => {
      const other = b.pmus[i]!;
      return pmu.idCode === other.idCode && pmu.cfgCnt === other.cfgCnt &&
        (pmu.format & 15) === (other.format & 15) && (pmu.fnom & 1) === (other.fnom & 1) &&
        pmu.phasors.length === other.phasors.length &&
        pmu.phasors.every((p, k) => p.kind === other.phasors[k]!.kind) &&
        pmu.analogs.length === other.analogs.length &&
        pmu.digitals.length === other.digitals.length;
    });
}

/** Bits of what {@linkcode followChanges} saw. */
export const Change = {
  /** Nothing. */
  None: 0,
  /** A PMU announces a change. */
  Rose: 1,
  /** A PMU announces it no more. */
  Fell: 2,
  /** At least one PMU announces a change. */
  Held: 4,
} as const;

/** Follows STAT bit 10 of each PMU after a frame was decoded; bits of {@linkcode Change}. */
export function followChanges({ decoder, changing }: StreamPlan): number {
  let seen: number = Change.None;
  for (let i = 0; i < changing.length; i++) {
    const stat = decoder.stats[i]!;
    // Filler and blocks in error say nothing by this bit.
    if ((stat & 0x4000) === 0) {
      const isSet = (stat >>> 10) & 1;
      if (isSet > changing[i]!) seen |= Change.Rose;
      else if (isSet < changing[i]!) seen |= Change.Fell;
      changing[i] = isSet;
    }
    if (changing[i] === 1) seen |= Change.Held;
  }
  return seen;
}

/** Names of the devices of a layout, in order. */
export function deviceNames(layout: Layout): string[] {
  return layout.devices.map((d) => d.device);
}

function warningsOf(
  configuration: Configuration,
  registered: RegisteredStream,
  options: StreamOptions,
): string[] {
  const warnings = configurationWarnings(configuration);
  const rate = registered.layout.framesPerSecond;
  if (options.framesPerSecond > 0 && rate !== options.framesPerSecond) {
    warnings.push(`the stream says ${rate} frames/s, ${options.framesPerSecond} are expected`);
  }
  if (configuration.pmus.length === 0) warnings.push("the configuration has no PMU");
  for (const acronym of registered.unmatched) {
    warnings.push(`no PMU of the stream is device ${acronym}`);
  }
  return warnings;
}
