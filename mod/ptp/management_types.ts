/**
 * What the data of each managementId holds (IEEE 1588, 15.5; linuxptp for `_NP`).
 *
 * @module
 */
import type { ClockQuality, PortIdentity, PtpTimestamp } from "./identity.ts";
import type { TimeInterval } from "./interval.ts";
import type { ManagementId } from "./management_ids.ts";

/** DEFAULT_DATA_SET. */
export interface DefaultDataSet {
  /** twoStepFlag. */
  readonly twoStep: boolean;
  /** slaveOnly. */
  readonly slaveOnly: boolean;
  /** numberPorts. */
  readonly numberPorts: number;
  /** priority1. */
  readonly priority1: number;
  /** clockQuality. */
  readonly clockQuality: ClockQuality;
  /** priority2. */
  readonly priority2: number;
  /** clockIdentity, 16 hex digits. */
  readonly clockIdentity: string;
  /** domainNumber. */
  readonly domainNumber: number;
}

/** CURRENT_DATA_SET. */
export interface CurrentDataSet {
  /** stepsRemoved. */
  readonly stepsRemoved: number;
  /** offsetFromMaster: slave minus master. */
  readonly offsetFromMaster: TimeInterval;
  /** meanPathDelay; 0 in peer-to-peer, where `PortDataSet.peerMeanPathDelay` has it. */
  readonly meanPathDelay: TimeInterval;
}

/** PARENT_DATA_SET. */
export interface ParentDataSet {
  /** The port that Sync comes from; the own clock with port 0 for a grandmaster. */
  readonly parentPortIdentity: PortIdentity;
  /** parentStats. */
  readonly parentStats: number;
  /** observedParentOffsetScaledLogVariance. */
  readonly observedParentOffsetScaledLogVariance: number;
  /** observedParentClockPhaseChangeRate. */
  readonly observedParentClockPhaseChangeRate: number;
  /** grandmasterPriority1. */
  readonly grandmasterPriority1: number;
  /** grandmasterClockQuality. */
  readonly grandmasterClockQuality: ClockQuality;
  /** grandmasterPriority2. */
  readonly grandmasterPriority2: number;
  /** grandmasterIdentity, 16 hex digits. */
  readonly grandmasterIdentity: string;
}

/** TIME_PROPERTIES_DATA_SET. */
export interface TimePropertiesDataSet {
  /** TAI - UTC in seconds. */
  readonly currentUtcOffset: number;
  /** The lower octet of `PtpFlags`. */
  readonly flags: number;
  /** timeSource. */
  readonly timeSource: number;
}

/** PORT_DATA_SET. */
export interface PortDataSet {
  /** The port. */
  readonly portIdentity: PortIdentity;
  /** See `PortState`. */
  readonly portState: number;
  /** logMinDelayReqInterval. */
  readonly logMinDelayReqInterval: number;
  /** Mean delay of the link, peer-to-peer only. */
  readonly peerMeanPathDelay: TimeInterval;
  /** logAnnounceInterval. */
  readonly logAnnounceInterval: number;
  /** announceReceiptTimeout. */
  readonly announceReceiptTimeout: number;
  /** logSyncInterval. */
  readonly logSyncInterval: number;
  /** See `DelayMechanism`. */
  readonly delayMechanism: number;
  /** logMinPdelayReqInterval. */
  readonly logMinPdelayReqInterval: number;
  /** Version, major in the lower nibble, minor in the upper one. */
  readonly versionNumber: number;
}

/** TIME_STATUS_NP. */
export interface TimeStatusNp {
  /** Slave minus master in nanoseconds; stays what it was when the master has gone. */
  readonly masterOffset: number;
  /** When the last Sync came in, in the timescale of the clock that is steered; 0 for never. */
  readonly ingressTime: PtpTimestamp;
  /** In 2^-41. */
  readonly cumulativeScaledRateOffset: number;
  /** scaledLastGmPhaseChange. */
  readonly scaledLastGmPhaseChange: number;
  /** gmTimeBaseIndicator. */
  readonly gmTimeBaseIndicator: number;
  /** 12 octets as hex. */
  readonly lastGmPhaseChange: string;
  /** Whether there is a grandmaster other than the own clock. */
  readonly gmPresent: boolean;
  /** Its identity, 16 hex digits. */
  readonly gmIdentity: string;
}

/** GRANDMASTER_SETTINGS_NP. */
export interface GrandmasterSettingsNp extends TimePropertiesDataSet {
  /** clockQuality. */
  readonly clockQuality: ClockQuality;
}

/** PORT_DATA_SET_NP. */
export interface PortDataSetNp {
  /** Greatest delay of a link that is still one, in nanoseconds. */
  readonly neighborPropDelayThresh: number;
  /** Whether the neighbour speaks peer delay. */
  readonly asCapable: number;
}

/** SUBSCRIBE_EVENTS_NP. */
export interface SubscribeEventsNp {
  /** Seconds. */
  readonly duration: number;
  /** 64 octets as hex; event n is bit n % 8 of octet n / 8. */
  readonly bitmask: string;
}

/** PORT_PROPERTIES_NP. */
export interface PortPropertiesNp {
  /** The port. */
  readonly portIdentity: PortIdentity;
  /** See `PortState`. */
  readonly portState: number;
  /** 0 software, 1 hardware, 2 legacy hardware, 3 one-step, 4 one-step with peer delay. */
  readonly timestamping: number;
  /** Interface. */
  readonly interface: string;
}

/** PORT_STATS_NP: messages by messageType. */
export interface PortStatsNp {
  /** The port. */
  readonly portIdentity: PortIdentity;
  /** Received, 16 counters. */
  readonly rx: readonly number[];
  /** Sent, 16 counters. */
  readonly tx: readonly number[];
}

/** PORT_SERVICE_STATS_NP. */
export interface PortServiceStatsNp {
  /** The port. */
  readonly portIdentity: PortIdentity;
  /** Announces that did not come. */
  readonly announceTimeout: number;
  /** Syncs that did not come. */
  readonly syncTimeout: number;
  /** Delay requests without answer. */
  readonly delayTimeout: number;
  /** Unicast service that ran out. */
  readonly unicastServiceTimeout: number;
  /** Unicast requests without answer. */
  readonly unicastRequestTimeout: number;
  /** Announces sent late. */
  readonly masterAnnounceTimeout: number;
  /** Syncs sent late. */
  readonly masterSyncTimeout: number;
  /** Qualification that ran out. */
  readonly qualificationTimeout: number;
  /** Syncs without their Follow_Up. */
  readonly syncMismatch: number;
  /** Follow_Ups without their Sync. */
  readonly followupMismatch: number;
}

/** A master of UNICAST_MASTER_TABLE_NP. */
export interface UnicastMaster {
  /** The master's port. */
  readonly portIdentity: PortIdentity;
  /** clockQuality. */
  readonly clockQuality: ClockQuality;
  /** Whether it is the one in use. */
  readonly selected: number;
  /** State of the negotiation; 3 is granted in full. */
  readonly unicastState: number;
  /** priority1. */
  readonly priority1: number;
  /** priority2. */
  readonly priority2: number;
  /** 1 IPv4, 2 IPv6, 3 Ethernet. */
  readonly networkProtocol: number;
  /** Address as hex. */
  readonly address: string;
}

/** UNICAST_MASTER_TABLE_NP. */
export interface UnicastMasterTableNp {
  /** The masters. */
  readonly entries: readonly UnicastMaster[];
}

/** PORT_HWCLOCK_NP. */
export interface PortHwclockNp {
  /** The port. */
  readonly portIdentity: PortIdentity;
  /** Number of /dev/ptp; -1 for none. */
  readonly phcIndex: number;
  /** Whether it is a virtual clock. */
  readonly vclock: boolean;
}

/** POWER_PROFILE_SETTINGS_NP. */
export interface PowerProfileSettingsNp {
  /** 0 none, 1 C37.238-2011, 2 C37.238-2017. */
  readonly version: number;
  /** grandmasterID. */
  readonly grandmasterId: number;
  /** Nanoseconds. */
  readonly grandmasterTimeInaccuracy: number;
  /** Nanoseconds. */
  readonly networkTimeInaccuracy: number;
  /** Nanoseconds. */
  readonly totalTimeInaccuracy: number;
}

/** CMLDS_INFO_NP. */
export interface CmldsInfoNp {
  /** Mean delay of the link. */
  readonly meanLinkDelay: TimeInterval;
  /** In 2^-41. */
  readonly scaledNeighborRateRatio: number;
  /** Whether the neighbour speaks peer delay. */
  readonly asCapable: number;
}

/** CLOCK_DESCRIPTION. */
export interface ClockDescription {
  /** Bit 15 ordinary, 14 boundary, 13 P2P transparent, 12 E2E transparent, 11 management. */
  readonly clockType: number;
  /** For example `IEEE 802.3`. */
  readonly physicalLayerProtocol: string;
  /** As hex. */
  readonly physicalAddress: string;
  /** 1 IPv4, 2 IPv6, 3 Ethernet. */
  readonly networkProtocol: number;
  /** As hex. */
  readonly protocolAddress: string;
  /** OUI as hex. */
  readonly manufacturerIdentity: string;
  /** Maker; model; number. */
  readonly productDescription: string;
  /** Hardware; firmware; software. */
  readonly revisionData: string;
  /** Name given by the user. */
  readonly userDescription: string;
  /** 6 octets as hex. */
  readonly profileIdentity: string;
}

/** Ids whose data is one octet and a reserved one. */
export interface SingleValue {
  /** Signed for the ids whose names begin with LOG. */
  readonly value: number;
}

/** ALTERNATE_TIME_OFFSET_ENABLE. */
export interface AlternateTimeOffsetEnable {
  /** keyField. */
  readonly keyField: number;
  /** Whether the TLV is sent. */
  readonly enabled: boolean;
}

/** ALTERNATE_TIME_OFFSET_NAME. */
export interface AlternateTimeOffsetName {
  /** keyField. */
  readonly keyField: number;
  /** displayName. */
  readonly displayName: string;
}

/** ALTERNATE_TIME_OFFSET_PROPERTIES. */
export interface AlternateTimeOffsetProperties {
  /** keyField. */
  readonly keyField: number;
  /** Seconds to add to PTP time. */
  readonly currentOffset: number;
  /** Size of the next change in seconds. */
  readonly jumpSeconds: number;
  /** Second of the next change. */
  readonly timeOfNextJump: number;
}

/** The number of an id by its name in `ManagementId`. */
export type IdOf<K extends keyof typeof ManagementId> = (typeof ManagementId)[K];

/** The data by managementId, for those that have any. */
export type ManagementData =
  & Record<IdOf<"ClockDescription">, ClockDescription>
  & Record<IdOf<"UserDescription">, { readonly userDescription: string }>
  & Record<IdOf<"DefaultDataSet">, DefaultDataSet>
  & Record<IdOf<"CurrentDataSet">, CurrentDataSet>
  & Record<IdOf<"ParentDataSet">, ParentDataSet>
  & Record<IdOf<"TimePropertiesDataSet">, TimePropertiesDataSet>
  & Record<IdOf<"PortDataSet">, PortDataSet>
  & Record<SingleValueId, SingleValue>
  & Record<IdOf<"AlternateTimeOffsetEnable">, AlternateTimeOffsetEnable>
  & Record<IdOf<"AlternateTimeOffsetName">, AlternateTimeOffsetName>
  & Record<IdOf<"AlternateTimeOffsetProperties">, AlternateTimeOffsetProperties>
  & Record<IdOf<"TimeStatusNp">, TimeStatusNp>
  & Record<IdOf<"GrandmasterSettingsNp">, GrandmasterSettingsNp>
  & Record<IdOf<"PortDataSetNp">, PortDataSetNp>
  & Record<IdOf<"SubscribeEventsNp">, SubscribeEventsNp>
  & Record<IdOf<"PortPropertiesNp">, PortPropertiesNp>
  & Record<IdOf<"PortStatsNp">, PortStatsNp>
  & Record<IdOf<"SynchronizationUncertainNp">, SingleValue>
  & Record<IdOf<"PortServiceStatsNp">, PortServiceStatsNp>
  & Record<IdOf<"UnicastMasterTableNp">, UnicastMasterTableNp>
  & Record<IdOf<"PortHwclockNp">, PortHwclockNp>
  & Record<IdOf<"PowerProfileSettingsNp">, PowerProfileSettingsNp>
  & Record<IdOf<"CmldsInfoNp">, CmldsInfoNp>;

/** Ids whose data is a {@linkcode SingleValue}. */
export type SingleValueId = IdOf<
  | "Priority1"
  | "Priority2"
  | "Domain"
  | "SlaveOnly"
  | "LogAnnounceInterval"
  | "AnnounceReceiptTimeout"
  | "LogSyncInterval"
  | "VersionNumber"
  | "ClockAccuracy"
  | "TraceabilityProperties"
  | "TimescaleProperties"
  | "DelayMechanism"
  | "LogMinPdelayReqInterval"
>;

/** An id that has data. */
export type DataId = keyof ManagementData;
