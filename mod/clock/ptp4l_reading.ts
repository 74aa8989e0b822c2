/**
 * What a ptp4l's answers are worth as a source of time.
 *
 * @module
 */
import {
  clockAccuracyNs,
  clockAccuracyText,
  clockClassText,
  DelayMechanism,
  intervalNs,
  PortState,
  portStateName,
  PtpFlags,
} from "../ptp/mod.ts";
import type { Ptp4lPicture } from "./ptp4l_picture.ts";
import { noReading, type TimeReading } from "./reading.ts";

/** What the answers do not tell. */
export interface Ptp4lReadingContext {
  /** Milliseconds between looks. */
  readonly intervalMs: number;
  /** Whether a timescale that is not TAI is taken as UTC. */
  readonly acceptArbitraryTimescale: boolean;
  /** Inaccuracy that the grandmaster's C37.238 TLV admits, network included, in nanoseconds; NaN if not seen. */
  readonly announcedInaccuracyNs: number;
  /** grandmasterID of that TLV; 0 if not seen. */
  readonly grandmasterId: number;
  /**
   * System clock minus the hardware clock that ptp4l steers, in nanoseconds, TAI - UTC taken out, with its uncertainty;
   * undefined if it cannot be compared.
   */
  readonly systemPart: { readonly offsetNs: number; readonly uncertaintyNs: number } | undefined;
  /** Bound of that difference when it cannot be compared, in nanoseconds. */
  readonly assumedSystemPartNs: number;
}

/** What 61850-9-3 allows the network for each boundary clock and for the link, when no TLV says more. */
const STEP_NS = 50;
const LINK_NS = 250;
/** A grandmaster of class 6 that does not tell its accuracy. */
const CLASS_6_NS = 1000;
/** Sync intervals without one after which Sync is lost. */
const SYNC_RECEIPT_TIMEOUT = 3;

/** The reading of a ptp4l of which `picture` is known at `nowMs`. */
export function readingOfPtp4l(
  picture: Ptp4lPicture,
  context: Ptp4lReadingContext,
  nowMs: number,
): TimeReading {
  const { defaultDataSet, parent, timeProperties, timeStatus, ports } = picture;
  if (!picture.complete || !defaultDataSet || !parent || !timeProperties || !timeStatus) {
    return noReading("ptp4l has not answered everything yet");
  }
  const sets = [...ports].flatMap(([number, { dataSet }]) => dataSet ? [{ number, dataSet }] : []);
  const slave = sets.find(({ dataSet }) => dataSet.portState === PortState.Slave);
  if (!slave) return noReading(lostText(sets));
  if (!timeStatus.gmPresent) return noReading("grandmaster lost");
  const silentMs = nowMs - picture.syncMs;
  const allowedMs = SYNC_RECEIPT_TIMEOUT * 2 ** slave.dataSet.logSyncInterval * 1000 +
    2 * context.intervalMs;
  if (!(silentMs <= allowedMs)) {
    return noReading(`Sync lost: none for ${(silentMs / 1000).toFixed(1)} s`);
  }
  const { clockClass, clockAccuracy } = parent.grandmasterClockQuality;
  const { flags } = timeProperties;
  const isTai = (flags & PtpFlags.PtpTimescale) !== 0;
  const known = isTai
    ? (flags & PtpFlags.CurrentUtcOffsetValid) !== 0
    : context.acceptArbitraryTimescale;
  const good = (clockClass === 6 || clockClass === 7) && (flags & PtpFlags.TimeTraceable) !== 0;
  const stepsRemoved = picture.currentDataSet?.stepsRemoved ?? 1;
  const hardware = [...ports.values()].some(({ properties }) =>
    (properties?.timestamping ?? 0) > 0
  );
  const part = hardware ? context.systemPart : { offsetNs: 0, uncertaintyNs: 0 };
  const systemNs = part
    ? Math.abs(part.offsetNs) + part.uncertaintyNs
    : context.assumedSystemPartNs;
  const p2p = slave.dataSet.delayMechanism === DelayMechanism.P2P;
  return {
    usable: true,
    reason: `grandmaster ${parent.grandmasterIdentity}, ${clockClassText(clockClass)}, accuracy ${
      clockAccuracyText(clockAccuracy)
    }, ${stepsRemoved} ${stepsRemoved === 1 ? "step" : "steps"} away${
      known ? "" : isTai ? ", UTC offset not valid" : ", not TAI"
    }`,
    traceable: good && known,
    offsetNs: timeStatus.masterOffset,
    delayNs: p2p
      ? intervalNs(slave.dataSet.peerMeanPathDelay)
      : picture.currentDataSet
      ? intervalNs(picture.currentDataSet.meanPathDelay)
      : NaN,
    referenceErrorNs: referenceErrorNs(context, clockClass, clockAccuracy, stepsRemoved) + systemNs,
    toleranceNs: 0,
    sampleMs: picture.syncMs,
    growthNsPerSecond: 0,
    taiUtc: timeProperties.currentUtcOffset,
    taiUtcValid: isTai && known,
    leap: (flags & PtpFlags.Leap61) !== 0
      ? "insert"
      : (flags & PtpFlags.Leap59) !== 0
      ? "delete"
      : "none",
    grandmaster: {
      identity: parent.grandmasterIdentity,
      clockClass,
      clockAccuracy,
      grandmasterId: context.grandmasterId,
      stepsRemoved,
    },
  };
}

function referenceErrorNs(
  { announcedInaccuracyNs }: Ptp4lReadingContext,
  clockClass: number,
  clockAccuracy: number,
  stepsRemoved: number,
): number {
  if (Number.isFinite(announcedInaccuracyNs)) return announcedInaccuracyNs;
  const grandmaster = clockAccuracyNs(clockAccuracy) ?? (clockClass === 6 ? CLASS_6_NS : Infinity);
  return grandmaster + STEP_NS * stepsRemoved + LINK_NS;
}

function lostText(
  sets: readonly { readonly number: number; readonly dataSet: { readonly portState: number } }[],
): string {
  const states = sets.map(({ number, dataSet }) =>
    `port ${number} is ${portStateName(dataSet.portState)}`
  ).join(", ");
  const has = (state: number) => sets.some(({ dataSet }) => dataSet.portState === state);
  if (has(PortState.Uncalibrated)) return `not synchronised yet: ${states}`;
  if (has(PortState.Listening)) return `grandmaster lost: announce timeout, ${states}`;
  if (has(PortState.Master)) return `no grandmaster but the own clock: ${states}`;
  return `no grandmaster: ${states}`;
}
