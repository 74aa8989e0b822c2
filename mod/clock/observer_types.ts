/**
 * What the passive observer is given and what it tells.
 *
 * @module
 */
import type { ProfileName, PtpTimestamp, PtpTransport } from "../ptp/mod.ts";

/** How a PTP message came. */
export interface ObservedFrame {
  /** Transport. */
  readonly transport: PtpTransport;
  /** Sender: MAC or IP address. */
  readonly sender: string;
  /** PCP of its VLAN tag; undefined for an untagged frame, -1 where tags cannot be seen (a capture of IP). */
  readonly vlanPriority: number | undefined;
  /** VID of its tag; undefined for an untagged frame. */
  readonly vlanId: number | undefined;
  /** When it came, by the host's clock in UTC. */
  readonly stamp: PtpTimestamp;
  /** Monotonic milliseconds. */
  readonly ms: number;
}

/** What the network is judged by. */
export interface ObserverOptions {
  /** Profile that it should keep. */
  readonly profile: ProfileName;
  /** Domain that should be in use; that of the profile unless given. */
  readonly domainNumber?: number | undefined;
  /** Inaccuracy that may be admitted from the source to here, in nanoseconds. */
  readonly budgetNs: number;
  /** Change of the offset that is a step, in nanoseconds. */
  readonly stepNs: number;
}

/** Stable words for what can be wrong. */
export type FindingCode =
  | "no-grandmaster"
  | "grandmaster-lost"
  | "sync-lost"
  | "two-grandmasters"
  | "not-the-best"
  | "two-senders"
  | "domain"
  | "vlan-priority"
  | "transport"
  | "delay-mechanism"
  | "mixed-delay"
  | "announce-rate"
  | "sync-rate"
  | "peer-delay-rate"
  | "interval-field"
  | "tlv-missing"
  | "inaccuracy"
  | "too-many-clocks"
  | "degraded"
  | "utc-offset"
  | "leap-day"
  | "follow-up-missing"
  | "correction-unusable"
  | "malformed";

/** Something that is not as the profile wants it, or that an operator should know. */
export interface Finding {
  /** Stable word. */
  readonly code: FindingCode;
  /** In a sentence. */
  readonly text: string;
  /** Times that it was seen. */
  readonly count: number;
  /** Monotonic milliseconds when it was seen first and last. */
  readonly firstMs: number;
  /** See `firstMs`. */
  readonly lastMs: number;
}

/** A clock that was seen, as JSON. */
export interface ObservedClock {
  /** Port, `IDENTITY-NUMBER`. */
  readonly port: string;
  /** Senders' addresses. */
  readonly senders: readonly string[];
  /** Domain. */
  readonly domain: number;
  /**
   * What it shows: `grandmaster` announces itself, `boundary` another clock; `master` sends Sync and announces neither;
   * `slave` sends Delay_Req; `peer` measures peer delay and nothing else: a transparent clock, a slave or a passive
   * master; `transparent` is one from whose address Syncs of another clock come with corrections; `unknown` none of it.
   */
  readonly role:
    | "grandmaster"
    | "boundary"
    | "master"
    | "slave"
    | "peer"
    | "transparent"
    | "unknown";
  /** Identity of the grandmaster that it announces; empty for none. */
  readonly grandmaster: string;
  /** Place among those that could be grandmaster, from 1; 0 for none. */
  readonly rank: number;
  /** Why the one before it is better; empty for the best. */
  readonly reason: string;
  /** What it announces, in words. */
  readonly quality: string;
  /** Whether it sends Sync now. */
  readonly active: boolean;
  /** One- or two-step; undefined before its first Sync. */
  readonly twoStep: boolean | undefined;
  /** Mean seconds between its Announces and Syncs; null before there are three. */
  readonly announceSeconds: number | null;
  /** See `announceSeconds`. */
  readonly syncSeconds: number | null;
  /** Largest correction of its Syncs, Follow_Up added, in nanoseconds: transparent clocks on the way. */
  readonly correctionNs: number;
  /**
   * Host's clock minus the clock, path delay included, in nanoseconds: the least of the last 16; null if not measured.
   */
  readonly offsetNs: number | null;
  /** Inaccuracy that it admits by C37.238, or by clockAccuracy and steps, in nanoseconds; null if unknown. */
  readonly inaccuracyNs: number | null;
  /** grandmasterID of C37.238; 0 if none. */
  readonly grandmasterId: number;
  /** Seconds since its last message. */
  readonly silentSeconds: number;
}

/** What the observer knows. */
export interface ObserverReport {
  /** Profile that the network is judged by. */
  readonly profile: string;
  /** Domain that should be in use. */
  readonly domain: number;
  /** Identity of the best clock of that domain that announces; empty for none. */
  readonly grandmaster: string;
  /** E2E, P2P, both, or nothing seen. */
  readonly delayMechanism: "E2E" | "P2P" | "mixed" | "unknown";
  /** Turnaround of the last answer to a peer delay request, in nanoseconds; null if none was seen. */
  readonly peerTurnaroundNs: number | null;
  /** Messages by type. */
  readonly messages: Readonly<Record<string, number>>;
  /** Messages that could not be read, by kind of error. */
  readonly refused: Readonly<Record<string, number>>;
  /** Domains that were seen. */
  readonly domains: readonly number[];
  /** Clocks, the best first. */
  readonly clocks: readonly ObservedClock[];
  /** What is wrong now. */
  readonly findings: readonly Finding[];
  /** Times that something wrong was seen for which there was no room among the findings. */
  readonly unlisted: number;
}
