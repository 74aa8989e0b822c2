/**
 * Signals and devices: what is measured, and who measures it.
 *
 * @module
 */

/** Kind of a signal, by the acronyms that STTP metadata and C37.118 users know. */
export type SignalType =
  | "VPHM"
  | "VPHA"
  | "IPHM"
  | "IPHA"
  | "FREQ"
  | "DFDT"
  | "ALOG"
  | "DIGI"
  | "FLAG"
  | "QUAL"
  | "CALC"
  | "STAT"
  | "ALRM";

/** Two-letter suffix of a signal reference for each kind, for example `PM` in `SHELBY-PM4`. */
export const SIGNAL_SUFFIX: Readonly<Record<SignalType, string>> = {
  VPHM: "PM",
  VPHA: "PA",
  IPHM: "PM",
  IPHA: "PA",
  FREQ: "FQ",
  DFDT: "DF",
  ALOG: "AV",
  DIGI: "DV",
  FLAG: "SF",
  QUAL: "QF",
  CALC: "CV",
  STAT: "ST",
  ALRM: "AL",
};

/** Engineering unit of each kind, as STTP metadata names it; empty where the device decides. */
export const SIGNAL_UNIT: Readonly<Record<SignalType, string>> = {
  VPHM: "Volts",
  VPHA: "Degrees",
  IPHM: "Amps",
  IPHA: "Degrees",
  FREQ: "Hz",
  DFDT: "Hz/s",
  ALOG: "",
  DIGI: "",
  FLAG: "",
  QUAL: "",
  CALC: "",
  STAT: "",
  ALRM: "",
};

/** A device as metadata describes it: one PMU, merging unit or the gateway itself. */
export interface Device {
  /** Upper-case acronym, unique in the gateway; rights are written with it. */
  readonly acronym: string;
  /** GUID, lower case. */
  readonly id: string;
  /** Name for people. */
  readonly name: string;
  /** Acronym of the concentrator that carries it; empty for a device of its own. */
  readonly parentAcronym: string;
  /** Protocol by name, for example `IEEE C37.118.2-2011`. */
  readonly protocol: string;
  /** IDCODE or the like. */
  readonly accessId: number;
  /** Reporting rate in frames per second; 0 when unknown. */
  readonly framesPerSecond: number;
  /** Company acronym, or empty. */
  readonly company: string;
  /** Vendor acronym, or empty. */
  readonly vendor: string;
  /** WGS 84 degrees, east positive; NaN when unknown. */
  readonly longitude: number;
  /** WGS 84 degrees, north positive; NaN when unknown. */
  readonly latitude: number;
}

/** What a signal means: the binding that its GUID stands for. */
export interface SignalBinding {
  /** Acronym of the device. */
  readonly device: string;
  /** Kind. */
  readonly type: SignalType;
  /** Channel name in the device; empty for frequency, status and the like. */
  readonly label: string;
  /** Phase: `A`, `B`, `C`, `+`, `-`, `0`, or empty. */
  readonly phase: string;
  /** Engineering unit, or empty. */
  readonly unit: string;
}

/** One thing that is measured, with its metadata. */
export interface Signal extends SignalBinding {
  /** The small integer that stands for it inside the program. */
  readonly handle: number;
  /** GUID, lower case with hyphens. */
  readonly id: string;
  /** Source part of the measurement key (`SOURCE:number`). */
  readonly source: string;
  /** Number part of the measurement key. */
  readonly number: number;
  /** Unique tag, for example `GPA_SHELBY-PM2:ABBI`. */
  readonly pointTag: string;
  /** `ACRONYM-XXn`, for example `SHELBY-PM4`. */
  readonly reference: string;
  /** Index from 1 among the signals of its kind in the device; 0 for kinds that are not indexed. */
  readonly index: number;
  /** Sentence for people. */
  readonly description: string;
}

/** The measurement key of a signal, `SOURCE:number`. */
export function signalKey(signal: Signal): string {
  return `${signal.source}:${signal.number}`;
}
