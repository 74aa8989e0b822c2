/**
 * Management ids of IEEE 1588 (table 59) and of linuxptp (`_NP`), and the errors they are refused with.
 *
 * @module
 */

/** managementId. */
export const ManagementId = {
  /** Nothing; a ping. */
  NullManagement: 0x0000,
  /** Type, protocols, makers. */
  ClockDescription: 0x0001,
  /** Name given by the user. */
  UserDescription: 0x0002,
  /** defaultDS. */
  DefaultDataSet: 0x2000,
  /** currentDS. */
  CurrentDataSet: 0x2001,
  /** parentDS. */
  ParentDataSet: 0x2002,
  /** timePropertiesDS. */
  TimePropertiesDataSet: 0x2003,
  /** portDS. */
  PortDataSet: 0x2004,
  /** priority1. */
  Priority1: 0x2005,
  /** priority2. */
  Priority2: 0x2006,
  /** domainNumber. */
  Domain: 0x2007,
  /** slaveOnly: anything but 0. */
  SlaveOnly: 0x2008,
  /** logAnnounceInterval. */
  LogAnnounceInterval: 0x2009,
  /** announceReceiptTimeout. */
  AnnounceReceiptTimeout: 0x200a,
  /** logSyncInterval. */
  LogSyncInterval: 0x200b,
  /** versionNumber. */
  VersionNumber: 0x200c,
  /** The time; linuxptp knows it and refuses it. */
  Time: 0x200f,
  /** clockAccuracy. */
  ClockAccuracy: 0x2010,
  /** UTC offset; linuxptp knows it and refuses it. */
  UtcProperties: 0x2011,
  /** Flags 0x30 of the time properties. */
  TraceabilityProperties: 0x2012,
  /** Flag 0x08 of the time properties. */
  TimescaleProperties: 0x2013,
  /** Enables an alternate time offset. */
  AlternateTimeOffsetEnable: 0x201e,
  /** Names it. */
  AlternateTimeOffsetName: 0x201f,
  /** Its offsets and jumps. */
  AlternateTimeOffsetProperties: 0x2021,
  /** delayMechanism. */
  DelayMechanism: 0x6000,
  /** logMinPdelayReqInterval. */
  LogMinPdelayReqInterval: 0x6001,
  /** Offset in whole nanoseconds, last Sync, whether there is a grandmaster. */
  TimeStatusNp: 0xc000,
  /** What the clock would announce as grandmaster. */
  GrandmasterSettingsNp: 0xc001,
  /** asCapable. */
  PortDataSetNp: 0xc002,
  /** Push notifications. */
  SubscribeEventsNp: 0xc003,
  /** Interface and kind of time stamps. */
  PortPropertiesNp: 0xc004,
  /** Messages by type. */
  PortStatsNp: 0xc005,
  /** Whether time is uncertain. */
  SynchronizationUncertainNp: 0xc006,
  /** Timeouts and mismatches; from 4.0. */
  PortServiceStatsNp: 0xc007,
  /** Masters by unicast negotiation; from 4.0. */
  UnicastMasterTableNp: 0xc008,
  /** PHC of a port; from 4.0. */
  PortHwclockNp: 0xc009,
  /** C37.238; from 4.0. */
  PowerProfileSettingsNp: 0xc00a,
  /** Peer delay; from 4.3. */
  CmldsInfoNp: 0xc00b,
} as const;

/** One of the ids that this module knows. */
export type ManagementIdValue = typeof ManagementId[keyof typeof ManagementId];

const NAMES: ReadonlyMap<number, string> = new Map([
  [ManagementId.NullManagement, "NULL_MANAGEMENT"],
  [ManagementId.ClockDescription, "CLOCK_DESCRIPTION"],
  [ManagementId.UserDescription, "USER_DESCRIPTION"],
  [ManagementId.DefaultDataSet, "DEFAULT_DATA_SET"],
  [ManagementId.CurrentDataSet, "CURRENT_DATA_SET"],
  [ManagementId.ParentDataSet, "PARENT_DATA_SET"],
  [ManagementId.TimePropertiesDataSet, "TIME_PROPERTIES_DATA_SET"],
  [ManagementId.PortDataSet, "PORT_DATA_SET"],
  [ManagementId.Priority1, "PRIORITY1"],
  [ManagementId.Priority2, "PRIORITY2"],
  [ManagementId.Domain, "DOMAIN"],
  [ManagementId.SlaveOnly, "SLAVE_ONLY"],
  [ManagementId.LogAnnounceInterval, "LOG_ANNOUNCE_INTERVAL"],
  [ManagementId.AnnounceReceiptTimeout, "ANNOUNCE_RECEIPT_TIMEOUT"],
  [ManagementId.LogSyncInterval, "LOG_SYNC_INTERVAL"],
  [ManagementId.VersionNumber, "VERSION_NUMBER"],
  [ManagementId.Time, "TIME"],
  [ManagementId.ClockAccuracy, "CLOCK_ACCURACY"],
  [ManagementId.UtcProperties, "UTC_PROPERTIES"],
  [ManagementId.TraceabilityProperties, "TRACEABILITY_PROPERTIES"],
  [ManagementId.TimescaleProperties, "TIMESCALE_PROPERTIES"],
  [ManagementId.AlternateTimeOffsetEnable, "ALTERNATE_TIME_OFFSET_ENABLE"],
  [ManagementId.AlternateTimeOffsetName, "ALTERNATE_TIME_OFFSET_NAME"],
  [ManagementId.AlternateTimeOffsetProperties, "ALTERNATE_TIME_OFFSET_PROPERTIES"],
  [ManagementId.DelayMechanism, "DELAY_MECHANISM"],
  [ManagementId.LogMinPdelayReqInterval, "LOG_MIN_PDELAY_REQ_INTERVAL"],
  [ManagementId.TimeStatusNp, "TIME_STATUS_NP"],
  [ManagementId.GrandmasterSettingsNp, "GRANDMASTER_SETTINGS_NP"],
  [ManagementId.PortDataSetNp, "PORT_DATA_SET_NP"],
  [ManagementId.SubscribeEventsNp, "SUBSCRIBE_EVENTS_NP"],
  [ManagementId.PortPropertiesNp, "PORT_PROPERTIES_NP"],
  [ManagementId.PortStatsNp, "PORT_STATS_NP"],
  [ManagementId.SynchronizationUncertainNp, "SYNCHRONIZATION_UNCERTAIN_NP"],
  [ManagementId.PortServiceStatsNp, "PORT_SERVICE_STATS_NP"],
  [ManagementId.UnicastMasterTableNp, "UNICAST_MASTER_TABLE_NP"],
  [ManagementId.PortHwclockNp, "PORT_HWCLOCK_NP"],
  [ManagementId.PowerProfileSettingsNp, "POWER_PROFILE_SETTINGS_NP"],
  [ManagementId.CmldsInfoNp, "CMLDS_INFO_NP"],
]);

/** The name of a managementId, or its number as hex. */
export function managementName(id: number): string {
  return NAMES.get(id) ?? `0x${id.toString(16).padStart(4, "0")}`;
}

/** managementErrorId (table 109). */
export const ManagementError = {
  /** The answer would not fit. */
  ResponseTooBig: 1,
  /** This version does not know the id. */
  NoSuchId: 2,
  /** Data of wrong length. */
  WrongLength: 3,
  /** Value or port that does not exist. */
  WrongValue: 4,
  /** Cannot be set. */
  NotSetable: 5,
  /** Known and not supported. */
  NotSupported: 6,
  /** Anything else. */
  GeneralError: 0xfffe,
} as const;

/** The standard's name of a managementErrorId, or its number as hex. */
export function managementErrorName(id: number): string {
  if (id === ManagementError.GeneralError) return "GENERAL_ERROR";
  return [
    undefined,
    "RESPONSE_TOO_BIG",
    "NO_SUCH_ID",
    "WRONG_LENGTH",
    "WRONG_VALUE",
    "NOT_SETABLE",
    "NOT_SUPPORTED",
  ][id] ?? `0x${id.toString(16).padStart(4, "0")}`;
}
