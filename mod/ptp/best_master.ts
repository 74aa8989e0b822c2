/**
 * Who is the better clock and why, in words: the best master clock algorithm (IEEE 1588, 9.3).
 *
 * @module
 */
import { type ClockQuality, comparePorts, type PortIdentity, portText } from "./identity.ts";
import type { AnnounceMessage } from "./message.ts";
import { clockAccuracyText, clockClassText } from "./names.ts";

/** What one Announce says of its grandmaster, and on which way it came. */
export interface AnnouncedClock {
  /** grandmasterPriority1. */
  readonly priority1: number;
  /** grandmasterClockQuality. */
  readonly quality: ClockQuality;
  /** grandmasterPriority2. */
  readonly priority2: number;
  /** grandmasterIdentity, 16 hex digits. */
  readonly grandmasterIdentity: string;
  /** stepsRemoved. */
  readonly stepsRemoved: number;
  /** sourcePortIdentity of the Announce. */
  readonly sender: PortIdentity;
  /** The port that received it. */
  readonly receiver: PortIdentity;
}

/** Outcome of a comparison of A with B. */
export type Comparison =
  | "A_BETTER"
  | "A_BETTER_BY_TOPOLOGY"
  | "B_BETTER"
  | "B_BETTER_BY_TOPOLOGY"
  | "ERROR_1"
  | "ERROR_2";

/** A comparison with its reason. */
export interface BestMaster {
  /** Which is better; ERROR_1 is a message of one's own, ERROR_2 a duplicate. */
  readonly result: Comparison;
  /** What decided, for example `clockClass 6 (locked to a primary reference) before 248 (default, not traceable)`. */
  readonly reason: string;
}

/** The clock that an Announce describes, when `receiver` received it. */
export function announcedClock(announce: AnnounceMessage, receiver: PortIdentity): AnnouncedClock {
  return {
    priority1: announce.grandmasterPriority1,
    quality: announce.grandmasterClockQuality,
    priority2: announce.grandmasterPriority2,
    grandmasterIdentity: announce.grandmasterIdentity,
    stepsRemoved: announce.stepsRemoved,
    sender: announce.header.source,
    receiver,
  };
}

/** Compares two clocks by the data set comparison algorithm (figures 34 and 35). */
export function compareClocks(a: AnnouncedClock, b: AnnouncedClock): BestMaster {
  return a.grandmasterIdentity === b.grandmasterIdentity ? compareWays(a, b) : compareGms(a, b);
}

function compareGms(a: AnnouncedClock, b: AnnouncedClock): BestMaster {
  const steps: readonly [string, number, number, (value: number) => string][] = [
    ["priority1", a.priority1, b.priority1, () => ""],
    ["clockClass", a.quality.clockClass, b.quality.clockClass, clockClassText],
    ["clockAccuracy", a.quality.clockAccuracy, b.quality.clockAccuracy, clockAccuracyText],
    [
      "offsetScaledLogVariance",
      a.quality.offsetScaledLogVariance,
      b.quality.offsetScaledLogVariance,
      () => "",
    ],
    ["priority2", a.priority2, b.priority2, () => ""],
  ];
  for (const [name, left, right, words] of steps) {
    if (left === right) continue;
    const [lower, higher] = left < right ? [left, right] : [right, left];
    return {
      result: left < right ? "A_BETTER" : "B_BETTER",
      reason: `${name} ${inWords(lower, words)} before ${inWords(higher, words)}`,
    };
  }
  const first = a.grandmasterIdentity < b.grandmasterIdentity;
  const [lower, higher] = first ? [a, b] : [b, a];
  return {
    result: first ? "A_BETTER" : "B_BETTER",
    reason:
      `equal qualities, identity ${lower.grandmasterIdentity} before ${higher.grandmasterIdentity}`,
  };
}

function compareWays(a: AnnouncedClock, b: AnnouncedClock): BestMaster {
  const difference = a.stepsRemoved - b.stepsRemoved;
  if (Math.abs(difference) > 1) {
    return {
      result: difference < 0 ? "A_BETTER" : "B_BETTER",
      reason: `same grandmaster, ${Math.min(a.stepsRemoved, b.stepsRemoved)} steps before ${
        Math.max(a.stepsRemoved, b.stepsRemoved)
      }`,
    };
  }
  if (difference !== 0) return compareNeighbours(a, b);
  const bySender = comparePorts(a.sender, b.sender);
  if (bySender !== 0) {
    const [lower, higher] = bySender < 0 ? [a, b] : [b, a];
    return {
      result: bySender < 0 ? "A_BETTER_BY_TOPOLOGY" : "B_BETTER_BY_TOPOLOGY",
      reason: `same grandmaster and steps, sender ${portText(lower.sender)} before ${
        portText(higher.sender)
      }`,
    };
  }
  const byReceiver = Math.sign(a.receiver.portNumber - b.receiver.portNumber);
  if (byReceiver === 0) {
    return { result: "ERROR_2", reason: `the same Announce twice from ${portText(a.sender)}` };
  }
  return {
    result: byReceiver < 0 ? "A_BETTER_BY_TOPOLOGY" : "B_BETTER_BY_TOPOLOGY",
    reason: `same sender ${portText(a.sender)}, received on port ${
      Math.min(a.receiver.portNumber, b.receiver.portNumber)
    } before ${Math.max(a.receiver.portNumber, b.receiver.portNumber)}`,
  };
}

/** Steps differ by one: the farther way decides whether the nearer is better in itself or by topology only. */
function compareNeighbours(a: AnnouncedClock, b: AnnouncedClock): BestMaster {
  const near = a.stepsRemoved < b.stepsRemoved ? "A" : "B";
  const far = near === "A" ? b : a;
  const order = comparePorts(far.receiver, far.sender);
  if (order === 0) {
    return {
      result: "ERROR_1",
      reason: `an Announce of its own came back to ${portText(far.sender)}`,
    };
  }
  const steps = `same grandmaster, ${Math.min(a.stepsRemoved, b.stepsRemoved)} steps before ${
    Math.max(a.stepsRemoved, b.stepsRemoved)
  }`;
  if (order < 0) return { result: `${near}_BETTER`, reason: steps };
  return { result: `${near}_BETTER_BY_TOPOLOGY`, reason: `${steps}, by topology` };
}

function inWords(value: number, words: (value: number) => string): string {
  const text = words(value);
  return text === "" ? String(value) : `${value} (${text})`;
}
