/**
 * What a Subscribe command comes to under the modes of its session (specs/sttp.md 5.3, 5.6, 8.3).
 *
 * @module
 */
import type { SubscriptionRequest } from "./connection_string.ts";
import { effectiveCompression, type OperationalModes } from "./operational_modes.ts";

/** How a subscription wants its data. */
export interface SubscriptionSettings {
  /** Protocol version 1: one cache, which needs no confirmation. */
  readonly singleCache: boolean;
  /** TSSC, not compact measurements. */
  readonly tssc: boolean;
  /** Data go by datagrams. */
  readonly udp: boolean;
  /** Most bytes of compact measurements in one packet. */
  readonly maxDataBytes: number;
  /** Time stamps in compact measurements. */
  readonly includeTime: boolean;
  /** Two-byte offsets in milliseconds, not four-byte offsets in ticks. */
  readonly millisecondResolution: boolean;
  /** Base times are used in compact measurements. */
  readonly baseTimes: boolean;
  /** The local clock is the real time of base times, not the newest time stamp. */
  readonly localClock: boolean;
  /** NaN values are left out. */
  readonly withoutNan: boolean;
  /** Only the latest value of each signal, every so many milliseconds; 0 for every value at once. */
  readonly throttleMs: number;
  /** Window of reasonable time stamps, when it is to be checked. */
  readonly reasonable: { readonly lagSeconds: number; readonly leadSeconds: number } | undefined;
}

/** Shortest and longest period of a throttled subscription, in milliseconds. */
const MIN_THROTTLE_MS = 50, MAX_THROTTLE_MS = 86_400_000;
/** The lag time that clients send when nobody has set it. */
const USUAL_LAG_SECONDS = 10;

/** What the data channel of a subscription demands. */
export interface ChannelSettings {
  /** Data go by datagrams. */
  readonly udp: boolean;
  /** Data packets are encrypted, on either channel. */
  readonly encrypted: boolean;
  /** Most bytes of compact measurements in one packet. */
  readonly maxDataBytes: number;
}

/**
 * Works out the settings.
 *
 * Base times are left off for Python clients, which cannot read them, and for datagrams, which
 * overtake UpdateBaseTimes or are overtaken by it. TSSC is for streams without loss and padding.
 */
export function settingsOf(
  request: SubscriptionRequest,
  modes: OperationalModes,
  baseTimes: "auto" | "never",
  channel: ChannelSettings,
): SubscriptionSettings {
  const tssc = effectiveCompression(modes).tssc && !channel.udp && !channel.encrypted;
  return {
    singleCache: modes.version === 1,
    tssc,
    udp: channel.udp,
    maxDataBytes: channel.maxDataBytes,
    includeTime: request.includeTime,
    millisecondResolution: request.useMillisecondResolution,
    baseTimes: !tssc && !channel.udp && request.includeTime && baseTimes === "auto" &&
      !isPython(request.assemblyInfo.source),
    localClock: request.useLocalClockAsRealTime,
    withoutNan: request.requestNaNValueFilter,
    throttleMs: request.throttled ? throttleMsOf(request) : 0,
    reasonable: request.enableTimeReasonabilityCheck
      ? { lagSeconds: request.lagTimeSeconds, leadSeconds: request.leadTimeSeconds }
      : undefined,
  };
}

/** True if the client names itself as one in Python (13.2). */
export function isPython(source: string): boolean {
  return /python/i.test(source);
}

function throttleMsOf(request: SubscriptionRequest): number {
  let seconds = request.publishIntervalSeconds;
  if (!(seconds > 0)) {
    const lag = request.lagTimeSeconds;
    seconds = lag > 0 && lag !== USUAL_LAG_SECONDS ? lag : 1;
  }
  return Math.min(MAX_THROTTLE_MS, Math.max(MIN_THROTTLE_MS, seconds * 1000));
}
