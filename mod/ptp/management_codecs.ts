/**
 * The data that IEEE 1588 defines for management ids, both ways.
 *
 * @module
 */
import type { ByteReader, ByteWriter } from "../core/mod.ts";
import {
  readI8,
  readInterval,
  readText,
  readU48,
  writeInterval,
  writeText,
  writeU48,
} from "./fields.ts";
import {
  bytesOf,
  hexOf,
  readClockIdentity,
  readClockQuality,
  readPortIdentity,
  writeClockIdentity,
  writeClockQuality,
  writePortIdentity,
} from "./identity.ts";
import { ManagementId } from "./management_ids.ts";
import type {
  DataId,
  ManagementData,
  SingleValue,
  TimePropertiesDataSet,
} from "./management_types.ts";

/** Reads and writes the data of one id. */
export interface DataCodec<T> {
  readonly read: (reader: ByteReader) => T;
  readonly write: (writer: ByteWriter, data: T) => void;
  /** Octets of padding that may follow. */
  readonly padding?: number;
}

/** A codec for each id. */
export type DataCodecs = { readonly [K in DataId]: DataCodec<ManagementData[K]> };

/** One octet and one that is reserved. */
export const octet: DataCodec<SingleValue> = {
  read: (r) => {
    const value = r.u8("value");
    r.u8("reserved");
    return { value };
  },
  write: (w, { value }) => w.u8(value).u8(0),
};

const signedOctet: DataCodec<SingleValue> = {
  read: (r) => {
    const value = readI8(r, "value");
    r.u8("reserved");
    return { value };
  },
  write: octet.write,
};

/** Time properties, which stand in two sets of data. */
export const timeProperties: DataCodec<TimePropertiesDataSet> = {
  read: (r) => ({
    currentUtcOffset: r.i16("currentUtcOffset"),
    flags: r.u8("timeFlags"),
    timeSource: r.u8("timeSource"),
  }),
  write: (w, d) => w.u16(d.currentUtcOffset).u8(d.flags).u8(d.timeSource),
};

/** The ids of IEEE 1588. */
export const STANDARD_CODECS = {
  [ManagementId.ClockDescription]: {
    padding: 1,
    read: (r) => {
      const clockType = r.u16("clockType");
      const physicalLayerProtocol = readText(r, "physicalLayerProtocol");
      const physicalAddress = hexOf(r.slice(r.u16("physicalAddressLength"), "physicalAddress"));
      const networkProtocol = r.u16("networkProtocol");
      const protocolAddress = hexOf(r.slice(r.u16("addressLength"), "addressField"));
      const manufacturerIdentity = hexOf(r.slice(3, "manufacturerIdentity"));
      r.u8("reserved");
      return {
        clockType,
        physicalLayerProtocol,
        physicalAddress,
        networkProtocol,
        protocolAddress,
        manufacturerIdentity,
        productDescription: readText(r, "productDescription"),
        revisionData: readText(r, "revisionData"),
        userDescription: readText(r, "userDescription"),
        profileIdentity: hexOf(r.slice(6, "profileIdentity")),
      };
    },
    write: (w, d) => {
      w.u16(d.clockType);
      writeText(w, d.physicalLayerProtocol);
      w.u16(d.physicalAddress.length / 2).raw(bytesOf(d.physicalAddress));
      w.u16(d.networkProtocol).u16(d.protocolAddress.length / 2).raw(bytesOf(d.protocolAddress));
      w.raw(bytesOf(d.manufacturerIdentity)).u8(0);
      writeText(w, d.productDescription);
      writeText(w, d.revisionData);
      writeText(w, d.userDescription);
      w.raw(bytesOf(d.profileIdentity));
    },
  },
  [ManagementId.UserDescription]: {
    padding: 1,
    read: (r) => ({ userDescription: readText(r, "userDescription") }),
    write: (w, d) => writeText(w, d.userDescription),
  },
  [ManagementId.DefaultDataSet]: {
    read: (r) => {
      const flags = r.u8("flags");
      r.u8("reserved");
      const data = {
        twoStep: (flags & 1) !== 0,
        slaveOnly: (flags & 2) !== 0,
        numberPorts: r.u16("numberPorts"),
        priority1: r.u8("priority1"),
        clockQuality: readClockQuality(r, "clockQuality"),
        priority2: r.u8("priority2"),
        clockIdentity: readClockIdentity(r, "clockIdentity"),
        domainNumber: r.u8("domainNumber"),
      };
      r.u8("reserved");
      return data;
    },
    write: (w, d) => {
      w.u8((d.twoStep ? 1 : 0) | (d.slaveOnly ? 2 : 0)).u8(0).u16(d.numberPorts).u8(d.priority1);
      writeClockQuality(w, d.clockQuality);
      w.u8(d.priority2);
      writeClockIdentity(w, d.clockIdentity);
      w.u8(d.domainNumber).u8(0);
    },
  },
  [ManagementId.CurrentDataSet]: {
    read: (r) => ({
      stepsRemoved: r.u16("stepsRemoved"),
      offsetFromMaster: readInterval(r, "offsetFromMaster"),
      meanPathDelay: readInterval(r, "meanPathDelay"),
    }),
    write: (w, d) => {
      w.u16(d.stepsRemoved);
      writeInterval(w, d.offsetFromMaster);
      writeInterval(w, d.meanPathDelay);
    },
  },
  [ManagementId.ParentDataSet]: {
    read: (r) => {
      const parentPortIdentity = readPortIdentity(r, "parentPortIdentity");
      const parentStats = r.u8("parentStats");
      r.u8("reserved");
      return {
        parentPortIdentity,
        parentStats,
        observedParentOffsetScaledLogVariance: r.u16("observedParentOffsetScaledLogVariance"),
        observedParentClockPhaseChangeRate: r.i32("observedParentClockPhaseChangeRate"),
        grandmasterPriority1: r.u8("grandmasterPriority1"),
        grandmasterClockQuality: readClockQuality(r, "grandmasterClockQuality"),
        grandmasterPriority2: r.u8("grandmasterPriority2"),
        grandmasterIdentity: readClockIdentity(r, "grandmasterIdentity"),
      };
    },
    write: (w, d) => {
      writePortIdentity(w, d.parentPortIdentity);
      w.u8(d.parentStats).u8(0).u16(d.observedParentOffsetScaledLogVariance);
      w.u32(d.observedParentClockPhaseChangeRate).u8(d.grandmasterPriority1);
      writeClockQuality(w, d.grandmasterClockQuality);
      w.u8(d.grandmasterPriority2);
      writeClockIdentity(w, d.grandmasterIdentity);
    },
  },
  [ManagementId.TimePropertiesDataSet]: timeProperties,
  [ManagementId.PortDataSet]: {
    read: (r) => ({
      portIdentity: readPortIdentity(r, "portIdentity"),
      portState: r.u8("portState"),
      logMinDelayReqInterval: readI8(r, "logMinDelayReqInterval"),
      peerMeanPathDelay: readInterval(r, "peerMeanPathDelay"),
      logAnnounceInterval: readI8(r, "logAnnounceInterval"),
      announceReceiptTimeout: r.u8("announceReceiptTimeout"),
      logSyncInterval: readI8(r, "logSyncInterval"),
      delayMechanism: r.u8("delayMechanism"),
      logMinPdelayReqInterval: readI8(r, "logMinPdelayReqInterval"),
      versionNumber: r.u8("versionNumber"),
    }),
    write: (w, d) => {
      writePortIdentity(w, d.portIdentity);
      w.u8(d.portState).u8(d.logMinDelayReqInterval);
      writeInterval(w, d.peerMeanPathDelay);
      w.u8(d.logAnnounceInterval).u8(d.announceReceiptTimeout).u8(d.logSyncInterval);
      w.u8(d.delayMechanism).u8(d.logMinPdelayReqInterval).u8(d.versionNumber);
    },
  },
  [ManagementId.Priority1]: octet,
  [ManagementId.Priority2]: octet,
  [ManagementId.Domain]: octet,
  [ManagementId.SlaveOnly]: octet,
  [ManagementId.LogAnnounceInterval]: signedOctet,
  [ManagementId.AnnounceReceiptTimeout]: octet,
  [ManagementId.LogSyncInterval]: signedOctet,
  [ManagementId.VersionNumber]: octet,
  [ManagementId.ClockAccuracy]: octet,
  [ManagementId.TraceabilityProperties]: octet,
  [ManagementId.TimescaleProperties]: octet,
  [ManagementId.AlternateTimeOffsetEnable]: {
    read: (r) => ({ keyField: r.u8("keyField"), enabled: (r.u8("enabled") & 1) !== 0 }),
    write: (w, d) => w.u8(d.keyField).u8(d.enabled ? 1 : 0),
  },
  [ManagementId.AlternateTimeOffsetName]: {
    padding: 1,
    read: (r) => ({ keyField: r.u8("keyField"), displayName: readText(r, "displayName") }),
    write: (w, d) => writeText(w.u8(d.keyField), d.displayName),
  },
  [ManagementId.AlternateTimeOffsetProperties]: {
    padding: 1,
    read: (r) => ({
      keyField: r.u8("keyField"),
      currentOffset: r.i32("currentOffset"),
      jumpSeconds: r.i32("jumpSeconds"),
      timeOfNextJump: readU48(r, "timeOfNextJump"),
    }),
    write: (w, d) =>
      writeU48(w.u8(d.keyField).u32(d.currentOffset).u32(d.jumpSeconds), d.timeOfNextJump),
  },
  [ManagementId.DelayMechanism]: octet,
  [ManagementId.LogMinPdelayReqInterval]: signedOctet,
} satisfies Partial<DataCodecs>;
