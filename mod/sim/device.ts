/**
 * What a simulated PMU reports: its channels, number formats and identity (C37.118 clause 6.4).
 *
 * @module
 */
import { uuidFromName } from "../core/mod.ts";
import type {
  AnalogChannel,
  DigitalChannel,
  PhasorChannel,
  PmuConfiguration,
} from "../c37118/mod.ts";
import { FormatBits } from "../c37118/mod.ts";

/** Number formats and coordinates of a simulated PMU; the default is all float, polar. */
export interface NumberFormats {
  /** Magnitude and angle; otherwise real and imaginary. */
  readonly polar: boolean;
  /** Phasors are float; otherwise 16-bit integers. */
  readonly phasorFloat: boolean;
  /** FREQ and DFREQ are float; otherwise 16-bit integers. */
  readonly frequencyFloat: boolean;
  /** Analogs are float; otherwise 16-bit integers. */
  readonly analogFloat: boolean;
}

/** All float, polar. */
export const FLOAT_POLAR: NumberFormats = {
  polar: true,
  phasorFloat: true,
  frequencyFloat: true,
  analogFloat: true,
};

/** What one simulated PMU is like; everything but the number has a default. */
export interface SimDeviceOptions {
  /** Number from 0, the `device` of `valueAt`; devices of one seed and number send equal values. */
  readonly device: number;
  /** STN, at most 16 characters; default `SIM n` with n from 1. */
  readonly station?: string;
  /** IDCODE of the PMU; default number + 1. */
  readonly idCode?: number;
  /** Number of phasors; default 10. */
  readonly phasors?: number;
  /** Number of analogs; default 1. */
  readonly analogs?: number;
  /** Number of digital words; default 2. */
  readonly digitals?: number;
  /** Nominal frequency; default 60. */
  readonly nominalHz?: 50 | 60;
  /** Number formats; default all float, polar. */
  readonly formats?: NumberFormats;
  /** CFGCNT; default 0. */
  readonly cfgCnt?: number;
}

/** A simulated PMU with all defaults put in. */
export interface SimDevice {
  /** Number from 0. */
  readonly device: number;
  /** Its block of CFG-1 and CFG-2. */
  readonly configuration: PmuConfiguration;
  /** Its block of CFG-3: the same data, with PHSCALE, ANSCALE and place. */
  readonly configuration3: PmuConfiguration;
  /** Phase angle in radians of each phasor against phase A. */
  readonly angleOffsets: Float64Array;
  /** Mean magnitude of each phasor in volts or amperes. */
  readonly magnitudes: Float64Array;
  /** Values in one frame, STAT included. */
  readonly signalCount: number;
}

const SQRT3 = Math.sqrt(3);
const THIRD = 2 * Math.PI / 3;
/** Order of the phasors of one bay: phase, kind, sequence component of PHSCALE, angle. */
const BAY = [
  { label: "VA", kind: "V", component: 4, angle: 0 },
  { label: "VB", kind: "V", component: 5, angle: -THIRD },
  { label: "VC", kind: "V", component: 6, angle: THIRD },
  { label: "IA", kind: "I", component: 4, angle: -0.3 },
  { label: "IB", kind: "I", component: 5, angle: -0.3 - THIRD },
  { label: "IC", kind: "I", component: 6, angle: -0.3 + THIRD },
  { label: "V1", kind: "V", component: 1, angle: 0 },
  { label: "I1", kind: "I", component: 1, angle: -0.3 },
] as const;
const VOLTS = [500_000 / SQRT3, 230_000 / SQRT3, 115_000 / SQRT3];
const AMPERES = [600, 400, 250];
// Full scale of integer phasors leaves room for the largest voltage and current above.
// Both are exact as float32, so that CFG-2 and CFG-3 give equal values.
const VOLT_FACTOR = 1_200_000; // 12 V per count
const AMPERE_FACTOR = 3_125; // 0.03125 A per count
/** Name space for G_PMU_ID. */
const SPACE = "5a7c6a52-4c1b-5b7a-9a36-6c2f0f6f2b11";

/** Makes a simulated PMU from what is given and defaults. */
export function makeSimDevice(options: SimDeviceOptions): SimDevice {
  const n = options.phasors ?? 10;
  const formats = options.formats ?? FLOAT_POLAR;
  const phasors: PhasorChannel[] = [];
  const phasors3: PhasorChannel[] = [];
  const angleOffsets = new Float64Array(n);
  const magnitudes = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const bay = Math.floor(i / BAY.length);
    const pattern = BAY[i % BAY.length]!;
    const voltage = pattern.kind === "V";
    angleOffsets[i] = pattern.angle - 0.05 * bay;
    magnitudes[i] = (voltage ? VOLTS : AMPERES)[bay % VOLTS.length]!;
    const factor = voltage ? VOLT_FACTOR : AMPERE_FACTOR;
    const name = `BAY ${bay + 1} ${pattern.label}`;
    phasors.push({ name, kind: pattern.kind, typeByte: voltage ? 0 : 1, factor });
    const scale = formats.phasorFloat ? 1 : voltage ? 12 : 0.03125;
    phasors3.push({
      name,
      kind: pattern.kind,
      typeByte: pattern.component | (voltage ? 0 : 8),
      factor: 0,
      scaling: { modFlags: 0, component: pattern.component, user: 0, scale, angleOffset: 0 },
    });
  }
  const analogs: AnalogChannel[] = [];
  for (let i = 0; i < (options.analogs ?? 1); i++) {
    analogs.push({ name: `ANALOG ${i + 1}`, typeByte: 1, factor: 1 });
  }
  const digitals: DigitalChannel[] = [];
  for (let i = 0; i < (options.digitals ?? 2); i++) {
    digitals.push({
      names: Array.from({ length: 16 }, (_, bit) => `WORD ${i + 1} BIT ${bit}`),
      normal: 0,
      valid: 0xffff,
    });
  }
  const station = options.station ?? `SIM ${options.device + 1}`;
  const configuration: PmuConfiguration = {
    station,
    idCode: options.idCode ?? options.device + 1,
    format: (formats.polar ? FormatBits.Polar : 0) |
      (formats.phasorFloat ? FormatBits.PhasorFloat : 0) |
      (formats.analogFloat ? FormatBits.AnalogFloat : 0) |
      (formats.frequencyFloat ? FormatBits.FrequencyFloat : 0),
    phasors,
    analogs,
    digitals,
    fnom: (options.nominalHz ?? 60) === 50 ? 1 : 0,
    cfgCnt: options.cfgCnt ?? 0,
  };
  return {
    device: options.device,
    configuration,
    configuration3: {
      ...configuration,
      phasors: phasors3,
      analogs: analogs.map(({ name }) => ({
        name,
        typeByte: 0,
        factor: 0,
        scaling: { scale: 1, offset: 0 },
      })),
      extras: {
        globalId: uuidFromName(SPACE, `${station}/${options.device}`),
        latitude: 47 + (options.device % 16) / 8,
        longitude: 8 + (options.device % 16) / 8,
        elevation: 400,
        serviceClass: "M",
        windowMicros: 100_000,
        groupDelayMicros: 50_000,
      },
    },
    angleOffsets,
    magnitudes,
    signalCount: 1 + 2 * n + 2 + analogs.length + digitals.length,
  };
}

/**
 * Signals of a device in the order of `valueAt`, which is that of the codec's `signalsOf`, as suffixes of signal
 * references: `PM1`, `PA1`, `PM2` ..., `FQ`, `DF`, `AV1` ..., `DV1` ..., `SF` (specification section 11).
 */
export function signalSuffixes(device: SimDevice): string[] {
  const { phasors, analogs, digitals } = device.configuration;
  return [
    ...phasors.flatMap((_, i) => [`PM${i + 1}`, `PA${i + 1}`]),
    "FQ",
    "DF",
    ...analogs.map((_, i) => `AV${i + 1}`),
    ...digitals.map((_, i) => `DV${i + 1}`),
    "SF",
  ];
}
