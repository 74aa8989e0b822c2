/**
 * The data of management TLVs, both ways. Lengths are exact; variable data may have one octet of padding.
 *
 * @module
 */
import { ByteReader, ByteWriter, DecodeError } from "../core/mod.ts";
import {
  finish,
  readI64,
  readI8,
  readInterval,
  readText,
  readU48,
  readU64LittleEndian,
  writeI64,
  writeInterval,
  writeText,
  writeU48,
  writeU64LittleEndian,
} from "./fields.ts";
import {
  bytesOf,
  hexOf,
  type PtpTimestamp,
  readClockIdentity,
  readClockQuality,
  readPortIdentity,
  writeClockIdentity,
  writeClockQuality,
  writePortIdentity,
} from "./identity.ts";
import { ManagementId, managementName } from "./management_ids.ts";
import type {
  DataId,
  ManagementData,
  PortServiceStatsNp,
  SingleValue,
  TimePropertiesDataSet,
  UnicastMaster,
} from "./management_types.ts";

/** Reads and writes the data of one id. */
interface DataCodec<T> {
  readonly read: (reader: ByteReader) => T;
  readonly write: (writer: ByteWriter, data: T) => void;
  /** Octets of padding that may follow. */
  readonly padding?: number;
}

/** Whether this module reads and writes the data of an id. */
export function hasData(id: number): id is DataId {
  return id in CODECS;
}

/** Reads the data of an id; throws a `DecodeError` of kind `truncated` or `length` when its length is wrong. */
export function decodeManagementData<K extends DataId>(
  id: K,
  data: Uint8Array,
): ManagementData[K] {
  const codec: DataCodec<ManagementData[K]> = CODECS[id];
  const reader = new ByteReader(data);
  const value = codec.read(reader);
  finish(reader, managementName(id), codec.padding ?? 0);
  return value;
}

/** Writes the data of an id, padded to an even length. */
export function encodeManagementData<K extends DataId>(
  id: K,
  data: ManagementData[K],
): Uint8Array<ArrayBuffer> {
  const codec: DataCodec<ManagementData[K]> = CODECS[id];
  const writer = new ByteWriter(64);
  codec.write(writer, data);
  if (writer.length % 2 !== 0) writer.u8(0);
  return writer.bytes();
}

/** Masters that UNICAST_MASTER_TABLE_NP may list, at most. */
const MAX_UNICAST_MASTERS = 256;

const octet: DataCodec<SingleValue> = {
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

const timeProperties: DataCodec<TimePropertiesDataSet> = {
  read: (r) => ({
    currentUtcOffset: r.i16("currentUtcOffset"),
    flags: r.u8("timeFlags"),
    timeSource: r.u8("timeSource"),
  }),
  write: (w, d) => w.u16(d.currentUtcOffset).u8(d.flags).u8(d.timeSource),
};

const SERVICE_COUNTERS = [
  "announceTimeout",
  "syncTimeout",
  "delayTimeout",
  "unicastServiceTimeout",
  "unicastRequestTimeout",
  "masterAnnounceTimeout",
  "masterSyncTimeout",
  "qualificationTimeout",
  "syncMismatch",
  "followupMismatch",
] as const satisfies readonly (keyof PortServiceStatsNp)[];

const CODECS: { readonly [K in DataId]: DataCodec<ManagementData[K]> } = {
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
  [ManagementId.TimeStatusNp]: {
    read: (r) => ({
      masterOffset: readI64(r, "master_offset"),
      ingressTime: readNanoseconds(r, "ingress_time"),
      cumulativeScaledRateOffset: r.i32("cumulativeScaledRateOffset"),
      scaledLastGmPhaseChange: r.i32("scaledLastGmPhaseChange"),
      gmTimeBaseIndicator: r.u16("gmTimeBaseIndicator"),
      lastGmPhaseChange: hexOf(r.slice(12, "lastGmPhaseChange")),
      gmPresent: r.i32("gmPresent") !== 0,
      gmIdentity: readClockIdentity(r, "gmIdentity"),
    }),
    write: (w, d) => {
      writeI64(w, d.masterOffset);
      writeNanoseconds(w, d.ingressTime);
      w.u32(d.cumulativeScaledRateOffset).u32(d.scaledLastGmPhaseChange);
      w.u16(d.gmTimeBaseIndicator).raw(bytesOf(d.lastGmPhaseChange)).u32(d.gmPresent ? 1 : 0);
      writeClockIdentity(w, d.gmIdentity);
    },
  },
  [ManagementId.GrandmasterSettingsNp]: {
    read: (r) => ({ clockQuality: readClockQuality(r, "clockQuality"), ...timeProperties.read(r) }),
    write: (w, d) => {
      writeClockQuality(w, d.clockQuality);
      timeProperties.write(w, d);
    },
  },
  [ManagementId.PortDataSetNp]: {
    read: (r) => ({
      neighborPropDelayThresh: r.u32("neighborPropDelayThresh"),
      asCapable: r.i32("asCapable"),
    }),
    write: (w, d) => w.u32(d.neighborPropDelayThresh).u32(d.asCapable),
  },
  [ManagementId.SubscribeEventsNp]: {
    read: (r) => ({ duration: r.u16("duration"), bitmask: hexOf(r.slice(64, "bitmask")) }),
    write: (w, d) => w.u16(d.duration).raw(bytesOf(d.bitmask)),
  },
  [ManagementId.PortPropertiesNp]: {
    padding: 1,
    read: (r) => ({
      portIdentity: readPortIdentity(r, "portIdentity"),
      portState: r.u8("portState"),
      timestamping: r.u8("timestamping"),
      interface: readText(r, "interface"),
    }),
    write: (w, d) => {
      writePortIdentity(w, d.portIdentity);
      writeText(w.u8(d.portState).u8(d.timestamping), d.interface);
    },
  },
  [ManagementId.PortStatsNp]: {
    read: (r) => ({
      portIdentity: readPortIdentity(r, "portIdentity"),
      rx: readCounters(r, 16, "rx"),
      tx: readCounters(r, 16, "tx"),
    }),
    write: (w, d) => {
      writePortIdentity(w, d.portIdentity);
      for (const counter of d.rx) writeU64LittleEndian(w, counter);
      for (const counter of d.tx) writeU64LittleEndian(w, counter);
    },
  },
  [ManagementId.SynchronizationUncertainNp]: octet,
  [ManagementId.PortServiceStatsNp]: {
    read: (r) => {
      const portIdentity = readPortIdentity(r, "portIdentity");
      const c = readCounters(r, SERVICE_COUNTERS.length, "counter");
      return {
        portIdentity,
        announceTimeout: c[0]!,
        syncTimeout: c[1]!,
        delayTimeout: c[2]!,
        unicastServiceTimeout: c[3]!,
        unicastRequestTimeout: c[4]!,
        masterAnnounceTimeout: c[5]!,
        masterSyncTimeout: c[6]!,
        qualificationTimeout: c[7]!,
        syncMismatch: c[8]!,
        followupMismatch: c[9]!,
      };
    },
    write: (w, d) => {
      writePortIdentity(w, d.portIdentity);
      for (const name of SERVICE_COUNTERS) writeU64LittleEndian(w, d[name]);
    },
  },
  [ManagementId.UnicastMasterTableNp]: {
    padding: 1,
    read: (r) => {
      const count = r.u16("actualTableSize");
      if (count > MAX_UNICAST_MASTERS) {
        throw new DecodeError(
          "bound",
          `Cannot read UNICAST_MASTER_TABLE_NP: expected at most ${MAX_UNICAST_MASTERS} entries, found ${count}`,
          { offset: 0, field: "actualTableSize", value: count },
        );
      }
      return { entries: Array.from({ length: count }, () => readUnicastMaster(r)) };
    },
    write: (w, d) => {
      w.u16(d.entries.length);
      for (const entry of d.entries) writeUnicastMaster(w, entry);
    },
  },
  [ManagementId.PortHwclockNp]: {
    read: (r) => {
      const portIdentity = readPortIdentity(r, "portIdentity");
      const phcIndex = r.i32("phcIndex");
      const vclock = (r.u8("flags") & 1) !== 0;
      r.u8("reserved");
      return { portIdentity, phcIndex, vclock };
    },
    write: (w, d) => {
      writePortIdentity(w, d.portIdentity);
      w.u32(d.phcIndex).u8(d.vclock ? 1 : 0).u8(0);
    },
  },
  [ManagementId.PowerProfileSettingsNp]: {
    read: (r) => ({
      version: r.u16("version"),
      grandmasterId: r.u16("grandmasterID"),
      grandmasterTimeInaccuracy: r.u32("grandmasterTimeInaccuracy"),
      networkTimeInaccuracy: r.u32("networkTimeInaccuracy"),
      totalTimeInaccuracy: r.u32("totalTimeInaccuracy"),
    }),
    write: (w, d) => {
      w.u16(d.version).u16(d.grandmasterId).u32(d.grandmasterTimeInaccuracy);
      w.u32(d.networkTimeInaccuracy).u32(d.totalTimeInaccuracy);
    },
  },
  [ManagementId.CmldsInfoNp]: {
    read: (r) => ({
      meanLinkDelay: readInterval(r, "meanLinkDelay"),
      scaledNeighborRateRatio: r.i32("scaledNeighborRateRatio"),
      asCapable: r.u32("asCapable"),
    }),
    write: (w, d) => {
      writeInterval(w, d.meanLinkDelay);
      w.u32(d.scaledNeighborRateRatio).u32(d.asCapable);
    },
  },
};

function readCounters(reader: ByteReader, count: number, field: string): number[] {
  return Array.from({ length: count }, () => readU64LittleEndian(reader, field));
}

function readUnicastMaster(r: ByteReader): UnicastMaster {
  return {
    portIdentity: readPortIdentity(r, "portIdentity"),
    clockQuality: readClockQuality(r, "clockQuality"),
    selected: r.u8("selected"),
    unicastState: r.u8("portState"),
    priority1: r.u8("priority1"),
    priority2: r.u8("priority2"),
    networkProtocol: r.u16("networkProtocol"),
    address: hexOf(r.slice(r.u16("addressLength"), "addressField")),
  };
}

function writeUnicastMaster(w: ByteWriter, d: UnicastMaster): void {
  writePortIdentity(w, d.portIdentity);
  writeClockQuality(w, d.clockQuality);
  w.u8(d.selected).u8(d.unicastState).u8(d.priority1).u8(d.priority2);
  w.u16(d.networkProtocol).u16(d.address.length / 2).raw(bytesOf(d.address));
}

/** Signed 64 bits of nanoseconds as seconds and nanoseconds, exact: long division in steps of 16 bits. */
function readNanoseconds(reader: ByteReader, field: string): PtpTimestamp {
  const hi = reader.i32(field), lo = reader.u32(field);
  const top = Math.floor(hi / 1e9);
  let rest = hi - top * 1e9;
  const middle = rest * 65536 + (lo >>> 16);
  const second = Math.floor(middle / 1e9);
  rest = middle - second * 1e9;
  const low = rest * 65536 + (lo & 0xffff);
  const third = Math.floor(low / 1e9);
  return { seconds: (top * 65536 + second) * 65536 + third, nanos: low - third * 1e9 };
}

function writeNanoseconds(writer: ByteWriter, time: PtpTimestamp): void {
  writer.u64(BigInt.asUintN(64, BigInt(time.seconds) * 1_000_000_000n + BigInt(time.nanos)));
}
