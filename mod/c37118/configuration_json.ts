/**
 * Configurations as plain objects with the field names of the test captures.
 *
 * @module
 */
import type { Configuration, PmuConfiguration } from "./types.ts";
import { FrameType, nominalHz } from "./types.ts";
import { type JsonNumber, toJsonNumber } from "./json_number.ts";

/** A configuration; the fields follow the captures' `*.frames.json`. */
export interface ConfigurationJson {
  /** TIME_BASE bits 31 to 24. */
  timeBaseFlags: number;
  /** TIME_BASE bits 23 to 0. */
  timeBase: number;
  /** NUM_PMU. */
  numPmu: number;
  /** One per PMU. */
  pmus: PmuJson[];
  /** DATA_RATE. */
  dataRate: number;
  /** Bytes of padding. */
  trailing: number;
}

/** One PMU of a configuration; fields from `gPmuId` on marked CFG-3 stand only there. */
export interface PmuJson {
  /** CFG-1, CFG-2: STN as hex. */
  stationRawHex?: string;
  /** STN. */
  station: string;
  /** IDCODE of the PMU. */
  idcode: number;
  /** CFG-3: G_PMU_ID as 32 hex digits. */
  gPmuId?: string;
  /** FORMAT. */
  format: number;
  /** Names of phasors. */
  phasorNames: string[];
  /** Names of analogs. */
  analogNames: string[];
  /** Names of bits, 16 for each digital word. */
  digitalNames: string[];
  /** CFG-1, CFG-2: PHUNIT. */
  phunit?: { type: string; typeByte: number; factor: number }[];
  /** CFG-1, CFG-2: ANUNIT. */
  anunit?: { typeByte: number; factor: number }[];
  /** CFG-3: PHSCALE. */
  phscale?: {
    modFlags: number;
    typeByte: number;
    type: string;
    component: number;
    user: number;
    scale: JsonNumber;
    angleOffset: JsonNumber;
  }[];
  /** CFG-3: ANSCALE. */
  anscale?: { scale: JsonNumber; offset: JsonNumber }[];
  /** DIGUNIT. */
  digunit: { normal: number; valid: number }[];
  /** CFG-3: PMU_LAT. */
  lat?: JsonNumber;
  /** CFG-3: PMU_LON. */
  lon?: JsonNumber;
  /** CFG-3: PMU_ELEV. */
  elev?: JsonNumber;
  /** CFG-3: SVC_CLASS. */
  svcClass?: string;
  /** CFG-3: WINDOW in microseconds. */
  window?: number;
  /** CFG-3: GRP_DLY in microseconds. */
  grpDly?: number;
  /** FNOM. */
  fnomRaw: number;
  /** Nominal frequency in hertz. */
  nominalHz: number;
  /** CFGCNT. */
  cfgcnt: number;
}

/** A configuration as a plain, JSON-safe object. */
export function configurationToJson(configuration: Configuration): ConfigurationJson {
  return {
    timeBaseFlags: configuration.timeBaseFlags,
    timeBase: configuration.timeBase,
    numPmu: configuration.pmus.length,
    pmus: configuration.pmus.map((pmu) => pmuToJson(pmu, configuration.type)),
    dataRate: configuration.dataRate,
    trailing: configuration.trailing,
  };
}

function pmuToJson(pmu: PmuConfiguration, type: number): PmuJson {
  const names = {
    format: pmu.format,
    phasorNames: pmu.phasors.map((p) => p.name),
    analogNames: pmu.analogs.map((a) => a.name),
    digitalNames: pmu.digitals.flatMap((d) => d.names),
  };
  const digunit = pmu.digitals.map(({ normal, valid }) => ({ normal, valid }));
  const tail = { fnomRaw: pmu.fnom, nominalHz: nominalHz(pmu), cfgcnt: pmu.cfgCnt };
  if (type === FrameType.Config3) {
    return {
      station: pmu.station,
      idcode: pmu.idCode,
      gPmuId: pmu.extras?.globalId.replaceAll("-", "") ?? "0".repeat(32),
      ...names,
      phscale: pmu.phasors.map((p) => ({
        modFlags: p.scaling?.modFlags ?? 0,
        typeByte: p.typeByte,
        type: p.kind,
        component: p.scaling?.component ?? 0,
        user: p.scaling?.user ?? 0,
        scale: toJsonNumber(p.scaling?.scale ?? 1),
        angleOffset: toJsonNumber(p.scaling?.angleOffset ?? 0),
      })),
      anscale: pmu.analogs.map((a) => ({
        scale: toJsonNumber(a.scaling?.scale ?? 1),
        offset: toJsonNumber(a.scaling?.offset ?? 0),
      })),
      digunit,
      lat: toJsonNumber(pmu.extras?.latitude ?? Infinity),
      lon: toJsonNumber(pmu.extras?.longitude ?? Infinity),
      elev: toJsonNumber(pmu.extras?.elevation ?? Infinity),
      svcClass: pmu.extras?.serviceClass ?? "M",
      window: pmu.extras?.windowMicros ?? 0,
      grpDly: pmu.extras?.groupDelayMicros ?? 0,
      ...tail,
    };
  }
  return {
    ...(pmu.stationRaw ? { stationRawHex: hex(pmu.stationRaw) } : {}),
    station: pmu.station,
    idcode: pmu.idCode,
    ...names,
    phunit: pmu.phasors.map((p) => ({ type: p.kind, typeByte: p.typeByte, factor: p.factor })),
    anunit: pmu.analogs.map((a) => ({ typeByte: a.typeByte, factor: a.factor })),
    digunit,
    ...tail,
  };
}

/** A configuration from its plain object and what the frame around it says. */
export function configurationFromJson(
  json: ConfigurationJson,
  head: { readonly type: number; readonly version: number; readonly idCode: number },
): Configuration {
  return {
    ...head,
    timeBase: json.timeBase,
    timeBaseFlags: json.timeBaseFlags,
    pmus: json.pmus.map(pmuFromJson),
    dataRate: json.dataRate,
    trailing: json.trailing,
  };
}

function pmuFromJson(json: PmuJson): PmuConfiguration {
  return {
    station: json.station,
    ...(json.stationRawHex ? { stationRaw: unhex(json.stationRawHex) } : {}),
    idCode: json.idcode,
    format: json.format,
    phasors: json.phasorNames.map((name, i) => phasorFromJson(json, name, i)),
    analogs: json.analogNames.map((name, i) => {
      const unit = json.anunit?.[i], scale = json.anscale?.[i];
      const plain = { name, typeByte: unit?.typeByte ?? 0, factor: unit?.factor ?? 0 };
      return scale
        ? { ...plain, scaling: { scale: Number(scale.scale), offset: Number(scale.offset) } }
        : plain;
    }),
    digitals: json.digunit.map((masks, i) => ({
      names: json.digitalNames.slice(16 * i, 16 * i + 16),
      ...masks,
    })),
    fnom: json.fnomRaw,
    cfgCnt: json.cfgcnt,
    ...(json.gPmuId === undefined ? {} : {
      extras: {
        globalId: json.gPmuId.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"),
        latitude: Number(json.lat),
        longitude: Number(json.lon),
        elevation: Number(json.elev),
        serviceClass: json.svcClass ?? "M",
        windowMicros: json.window ?? 0,
        groupDelayMicros: json.grpDly ?? 0,
      },
    }),
  };
}

function phasorFromJson(json: PmuJson, name: string, i: number): PmuConfiguration["phasors"][0] {
  const scale = json.phscale?.[i];
  if (!scale) {
    const unit = json.phunit?.[i] ?? { typeByte: 0, factor: 0 };
    return {
      name,
      kind: unit.typeByte === 0 ? "V" : "I",
      typeByte: unit.typeByte,
      factor: unit.factor,
    };
  }
  return {
    name,
    kind: scale.typeByte & 8 ? "I" : "V",
    typeByte: scale.typeByte,
    factor: 0,
    scaling: {
      modFlags: scale.modFlags,
      component: scale.component,
      user: scale.user,
      scale: Number(scale.scale),
      angleOffset: Number(scale.angleOffset),
    },
  };
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (b) => (b + 0x100).toString(16).slice(1)).join("");
}

function unhex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
