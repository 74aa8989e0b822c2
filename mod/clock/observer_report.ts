/**
 * What the observer tells of one port, and of the quality of a grandmaster, in words.
 *
 * @module
 */
import {
  clockAccuracyText,
  clockClassText,
  compareClocks,
  type PortIdentity,
  portText,
  timeSourceText,
} from "../ptp/mod.ts";
import type { ObservedPort } from "./observed_port.ts";
import type { ObservedClock } from "./observer_types.ts";

/** Ourselves, as the receiver of Announces: no port of any clock. */
export const RECEIVER: PortIdentity = { clockIdentity: "0000000000000000", portNumber: 1 };

/** Why one port is better than another, which both announce themselves. */
export function whyBetter(better: ObservedPort, other: ObservedPort): string {
  return compareClocks(better.clock(RECEIVER)!, other.clock(RECEIVER)!).reason;
}

/** What an Announce says of its grandmaster, in words. */
export function qualityText(
  { grandmasterClockQuality, grandmasterPriority1, grandmasterPriority2, timeSource }: {
    readonly grandmasterClockQuality: {
      readonly clockClass: number;
      readonly clockAccuracy: number;
    };
    readonly grandmasterPriority1: number;
    readonly grandmasterPriority2: number;
    readonly timeSource: number;
  },
): string {
  const { clockClass, clockAccuracy } = grandmasterClockQuality;
  return `class ${clockClass} (${clockClassText(clockClass)}), ${
    clockAccuracyText(clockAccuracy)
  }, priority ${grandmasterPriority1}/${grandmasterPriority2}, ${timeSourceText(timeSource)}`;
}

/** What is told of a port: `better` is the one before it in rank, from 1 (0: no candidate), at `ms`. */
export function describePort(
  port: ObservedPort,
  role: ObservedClock["role"],
  better: ObservedPort | undefined,
  rank: number,
  ms: number,
): ObservedClock {
  const { announce, identity } = port;
  return {
    port: portText(identity),
    senders: port.senders,
    domain: port.domainNumber,
    role,
    grandmaster: announce?.grandmasterIdentity ?? "",
    rank,
    reason: better ? whyBetter(better, port) : "",
    quality: announce ? qualityText(announce) : "",
    active: port.isSending(ms),
    twoStep: port.twoStep,
    announceSeconds: port.announces.seconds ?? null,
    syncSeconds: port.syncs.seconds ?? null,
    correctionNs: port.correctionNs,
    offsetNs: port.offsetNs ?? null,
    inaccuracyNs: port.inaccuracyNs ?? null,
    grandmasterId: port.grandmasterId,
    silentSeconds: (ms - port.lastMs) / 1000,
  };
}
