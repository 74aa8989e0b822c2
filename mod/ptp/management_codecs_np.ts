/**
 * The data of management ids that are not portable: those of linuxptp, both ways.
 *
 * @module
 */
import { type ByteReader, type ByteWriter, DecodeError } from "../core/mod.ts";
import {
  readI64,
  readInterval,
  readText,
  readU64LittleEndian,
  writeI64,
  writeInterval,
  writeText,
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
import { type DataCodecs, octet, timeProperties } from "./management_codecs.ts";
import { ManagementId } from "./management_ids.ts";
import type { PortServiceStatsNp, UnicastMaster } from "./management_types.ts";

/** Masters that UNICAST_MASTER_TABLE_NP may list, at most. */
const MAX_UNICAST_MASTERS = 256;

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

/** The ids of linuxptp. */
export const NP_CODECS = {
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
} satisfies Partial<DataCodecs>;

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
