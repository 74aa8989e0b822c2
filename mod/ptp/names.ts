/**
 * The numbers of IEEE 1588 and what they mean in words.
 *
 * @module
 */

/** messageType (table 36). */
export const MessageType = {
  /** Event. */
  Sync: 0x0,
  /** Event. */
  DelayReq: 0x1,
  /** Event. */
  PdelayReq: 0x2,
  /** Event. */
  PdelayResp: 0x3,
  /** General. */
  FollowUp: 0x8,
  /** General. */
  DelayResp: 0x9,
  /** General. */
  PdelayRespFollowUp: 0xa,
  /** General. */
  Announce: 0xb,
  /** General. */
  Signaling: 0xc,
  /** General. */
  Management: 0xd,
} as const;

/** One of the ten message types that are in use. */
export type MessageTypeValue = typeof MessageType[keyof typeof MessageType];

const MESSAGE_NAMES: Readonly<Record<number, string>> = {
  0x0: "Sync",
  0x1: "Delay_Req",
  0x2: "Pdelay_Req",
  0x3: "Pdelay_Resp",
  0x8: "Follow_Up",
  0x9: "Delay_Resp",
  0xa: "Pdelay_Resp_Follow_Up",
  0xb: "Announce",
  0xc: "Signaling",
  0xd: "Management",
};

/** The standard's name of a messageType, or `reserved 7`. */
export function messageName(type: number): string {
  return MESSAGE_NAMES[type] ?? `reserved ${type}`;
}

/** Bits of flagField, its first octet in the upper half (table 37). */
export const PtpFlags = {
  /** From a port that is not the master. */
  AlternateMaster: 0x0100,
  /** A Follow_Up will come. */
  TwoStep: 0x0200,
  /** Sent to one receiver. */
  Unicast: 0x0400,
  /** Profile specific 1. */
  ProfileSpecific1: 0x2000,
  /** Profile specific 2. */
  ProfileSpecific2: 0x4000,
  /** Obsolete. */
  Security: 0x8000,
  /** The last minute of this UTC day has 61 seconds. */
  Leap61: 0x0001,
  /** The last minute of this UTC day has 59 seconds. */
  Leap59: 0x0002,
  /** currentUtcOffset is right. */
  CurrentUtcOffsetValid: 0x0004,
  /** Time is TAI; else some timescale of the grandmaster's. */
  PtpTimescale: 0x0008,
  /** Time is traceable to a primary reference. */
  TimeTraceable: 0x0010,
  /** Frequency is traceable to a primary reference. */
  FrequencyTraceable: 0x0020,
  /** The sender is not sure that it is synchronised (2019). */
  SynchronizationUncertain: 0x0040,
} as const;

/** actionField of a management message (table 57). */
export const ManagementAction = {
  /** Ask. */
  Get: 0,
  /** Change. */
  Set: 1,
  /** Answer to GET and SET. */
  Response: 2,
  /** Do. */
  Command: 3,
  /** Answer to COMMAND. */
  Acknowledge: 4,
} as const;

/** The name of an actionField, or its number. */
export function actionName(action: number): string {
  return ["GET", "SET", "RESPONSE", "COMMAND", "ACKNOWLEDGE"][action] ?? String(action);
}

/** portState (table 20). */
export const PortState = {
  /** Starting. */
  Initializing: 1,
  /** Faulty. */
  Faulty: 2,
  /** Disabled. */
  Disabled: 3,
  /** Waiting for Announces. */
  Listening: 4,
  /** About to be master. */
  PreMaster: 5,
  /** Master. */
  Master: 6,
  /** Silent beside a better master. */
  Passive: 7,
  /** Slave that is not yet synchronised. */
  Uncalibrated: 8,
  /** Slave. */
  Slave: 9,
} as const;

const PORT_STATES: readonly string[] = [
  "",
  "INITIALIZING",
  "FAULTY",
  "DISABLED",
  "LISTENING",
  "PRE_MASTER",
  "MASTER",
  "PASSIVE",
  "UNCALIBRATED",
  "SLAVE",
];

/** The standard's name of a portState, or `reserved 11`. */
export function portStateName(state: number): string {
  return PORT_STATES[state] || `reserved ${state}`;
}

/** delayMechanism (table 21). */
export const DelayMechanism = {
  /** End to end. */
  E2E: 1,
  /** Peer to peer. */
  P2P: 2,
  /** Common mean link delay service. */
  CommonP2P: 3,
  /** None. */
  None: 0xfe,
} as const;

/** The short name of a delayMechanism. */
export function delayMechanismName(mechanism: number): string {
  if (mechanism === DelayMechanism.E2E) return "E2E";
  if (mechanism === DelayMechanism.P2P) return "P2P";
  if (mechanism === DelayMechanism.CommonP2P) return "common P2P";
  return mechanism === DelayMechanism.None ? "none" : `reserved ${mechanism}`;
}

/** What a clockClass says of its clock, in words (table 4). */
export function clockClassText(clockClass: number): string {
  switch (clockClass) {
    case 6:
      return "locked to a primary reference";
    case 7:
      return "holdover within specification";
    case 13:
      return "locked to an application's own timescale";
    case 14:
      return "holdover of an application's own timescale";
    case 52:
      return "degraded, never a slave";
    case 58:
      return "degraded, of an application's own timescale, never a slave";
    case 187:
      return "degraded, may become a slave";
    case 193:
      return "degraded, of an application's own timescale, may become a slave";
    case 248:
      return "default, not traceable";
    case 255:
      return "slave only";
  }
  return `class ${clockClass} of a profile`;
}

// clockAccuracy 0x17 (1 ps) to 0x30 (10 s), in nanoseconds (table 5).
const ACCURACY_NS: readonly number[] = [
  ...[1e-3, 2.5e-3, 10e-3, 25e-3, 100e-3, 250e-3, 1, 2.5, 10],
  ...[25, 100, 250, 1e3, 2.5e3, 10e3, 25e3, 100e3, 250e3],
  ...[1e6, 2.5e6, 10e6, 25e6, 100e6, 250e6, 1e9, 10e9],
];

/** The bound in nanoseconds that a clockAccuracy promises; undefined for unknown and for worse than 10 s. */
export function clockAccuracyNs(code: number): number | undefined {
  return ACCURACY_NS[code - 0x17];
}

/** `within 100 ns`, `worse than 10 s` or `unknown`. */
export function clockAccuracyText(code: number): string {
  const ns = clockAccuracyNs(code);
  if (ns !== undefined) return `within ${durationText(ns)}`;
  return code === 0x31 ? "worse than 10 s" : "unknown";
}

/** A duration in its handiest unit: `250 ns`, `2.5 us`, `1 ms`, `10 s`. */
export function durationText(ns: number): string {
  const size = Math.abs(ns);
  const units: readonly [number, string][] = [[1e9, "s"], [1e6, "ms"], [1e3, "us"], [1, "ns"]];
  for (const [unit, name] of units) {
    if (size >= unit) return `${Number((ns / unit).toPrecision(6))} ${name}`;
  }
  return size === 0 ? "0 ns" : `${Number((ns * 1e3).toPrecision(6))} ps`;
}

const TIME_SOURCES: Readonly<Record<number, string>> = {
  0x10: "atomic clock",
  0x20: "GNSS",
  0x30: "terrestrial radio",
  0x39: "serial time code",
  0x40: "PTP",
  0x50: "NTP",
  0x60: "set by hand",
  0x90: "other",
  0xa0: "internal oscillator",
};

/** Where a grandmaster has its time from, in words (table 6). */
export function timeSourceText(code: number): string {
  return TIME_SOURCES[code] ?? `source 0x${code.toString(16).padStart(2, "0")}`;
}

/** The standard deviation in seconds that an offsetScaledLogVariance stands for; undefined if unknown (7.6.3). */
export function deviationSeconds(offsetScaledLogVariance: number): number | undefined {
  if (offsetScaledLogVariance === 0xffff) return undefined;
  return Math.sqrt(2 ** ((offsetScaledLogVariance - 0x8000) / 256));
}
