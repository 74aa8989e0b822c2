/**
 * IEEE 1588 messages, TLVs and management, best master and delay arithmetic. Pure.
 *
 * @module
 */
export * from "./best_master.ts";
export {
  ALL_PORTS,
  bytesOf,
  type ClockQuality,
  comparePorts,
  hexOf,
  NO_TIMESTAMP,
  type PortIdentity,
  portText,
  type PtpTimestamp,
  samePort,
  timestampDifference,
} from "./identity.ts";
export * from "./interval.ts";
export * from "./json.ts";
export * from "./management.ts";
export * from "./management_data.ts";
export * from "./management_ids.ts";
export * from "./management_types.ts";
export * from "./message.ts";
export * from "./names.ts";
export * from "./profile.ts";
export * from "./timing.ts";
export {
  type AlternateTimeOffsetTlv,
  type FollowUpInformationTlv,
  type ManagementErrorTlv,
  type ManagementTlv,
  MAX_TLVS,
  type OrganizationTlv,
  type PathTraceTlv,
  type Power2011Tlv,
  type Power2017Tlv,
  type Tlv,
  TlvType,
  tlvTypeOf,
  type UnicastCancelTlv,
  type UnicastGrantTlv,
  type UnicastRequestTlv,
  UNKNOWN_INACCURACY,
  type UnknownTlv,
} from "./tlv.ts";
