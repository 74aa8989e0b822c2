/**
 * What the profiles of the power industry ask of a network, beside the default profile.
 *
 * C37.238-2011, IEC/IEEE 61850-9-3:2016, C37.238-2017 and IEEE 1588 annex J.
 *
 * @module
 */
import { DelayMechanism } from "./names.ts";

/** Name of a profile in configurations and reports. */
export type ProfileName = "default" | "c37.238-2011" | "61850-9-3" | "c37.238-2017";

/** How PTP travels: over Ethernet, or UDP by IPv4 or IPv6 (IEEE 1588-2019, annexes C to E). */
export type PtpTransport = "ethernet" | "udp4" | "udp6";

/** What a profile asks. */
export interface Profile {
  /** Name. */
  readonly name: ProfileName;
  /** Title for people. */
  readonly title: string;
  /** Transports that are allowed. */
  readonly transports: readonly PtpTransport[];
  /** delayMechanism. */
  readonly delayMechanism: number;
  /** Domain unless configured. */
  readonly domainNumber: number;
  /** log2 of the seconds between Announces. */
  readonly logAnnounceInterval: number;
  /** log2 of the seconds between Syncs. */
  readonly logSyncInterval: number;
  /** log2 of the least seconds between delay requests. */
  readonly logMinDelayInterval: number;
  /** Announce intervals without one after which a master is lost. */
  readonly announceReceiptTimeout: number;
  /** PCP that frames must carry in a VLAN tag; undefined if none is asked. */
  readonly vlanPriority?: number;
  /** TLV that Announces must carry. */
  readonly announceTlv?: "power2011" | "power2017";
  /** Whether ALTERNATE_TIME_OFFSET_INDICATOR must be there too. */
  readonly alternateTimeOffset: boolean;
}

/** The profiles by name. */
export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  default: {
    name: "default",
    title: "IEEE 1588 default profile",
    transports: ["ethernet", "udp4", "udp6"],
    delayMechanism: DelayMechanism.E2E,
    domainNumber: 0,
    logAnnounceInterval: 1,
    logSyncInterval: 0,
    logMinDelayInterval: 0,
    announceReceiptTimeout: 3,
    alternateTimeOffset: false,
  },
  "c37.238-2011": {
    name: "c37.238-2011",
    title: "IEEE C37.238-2011",
    transports: ["ethernet"],
    delayMechanism: DelayMechanism.P2P,
    domainNumber: 0,
    logAnnounceInterval: 0,
    logSyncInterval: 0,
    logMinDelayInterval: 0,
    announceReceiptTimeout: 3,
    vlanPriority: 4,
    announceTlv: "power2011",
    alternateTimeOffset: true,
  },
  "61850-9-3": {
    name: "61850-9-3",
    title: "IEC/IEEE 61850-9-3:2016",
    transports: ["ethernet"],
    delayMechanism: DelayMechanism.P2P,
    domainNumber: 0,
    logAnnounceInterval: 0,
    logSyncInterval: 0,
    logMinDelayInterval: 0,
    announceReceiptTimeout: 3,
    alternateTimeOffset: false,
  },
  "c37.238-2017": {
    name: "c37.238-2017",
    title: "IEEE C37.238-2017",
    transports: ["ethernet"],
    delayMechanism: DelayMechanism.P2P,
    domainNumber: 254,
    logAnnounceInterval: 0,
    logSyncInterval: 0,
    logMinDelayInterval: 0,
    announceReceiptTimeout: 3,
    announceTlv: "power2017",
    alternateTimeOffset: false,
  },
};

/** What 61850-9-3 allows from the time source to the consumer, and what each piece of the way may add, in nanoseconds. */
export const TimeBudget = {
  /** In all. */
  TotalNs: 1000,
  /** The grandmaster. */
  GrandmasterNs: 250,
  /** Each transparent clock. */
  TransparentClockNs: 50,
  /** Each boundary clock. */
  BoundaryClockNs: 200,
  /** Each media converter. */
  MediaConverterNs: 50,
} as const;
