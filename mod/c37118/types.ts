/**
 * Words of IEEE C37.118: frame types, commands and the configuration of a stream.
 *
 * @module
 */

/** Frame types, bits 6 to 4 of the second SYNC byte (clause 6.2). */
export const FrameType = {
  /** Data frame. */
  Data: 0,
  /** Header frame: text for people. */
  Header: 1,
  /** Configuration frame 1: what the device can report. */
  Config1: 2,
  /** Configuration frame 2: what the data frames carry. */
  Config2: 3,
  /** Command frame. */
  Command: 4,
  /** Configuration frame 3 (2011). */
  Config3: 5,
} as const;

/** CMD words (clause 6.6). */
export const Command = {
  /** Stop sending data. */
  DataOff: 1,
  /** Start sending data. */
  DataOn: 2,
  /** Send the header frame. */
  SendHeader: 3,
  /** Send CFG-1. */
  SendConfig1: 4,
  /** Send CFG-2. */
  SendConfig2: 5,
  /** Send CFG-3. */
  SendConfig3: 6,
  /** Extended frame: EXTFRAME carries user data. */
  Extended: 8,
} as const;

/** What a frame says of itself before its body (clause 6.2). */
export interface CommonHeader {
  /** Frame type, see {@linkcode FrameType}. */
  readonly type: number;
  /** Version: 1 = 2005, 2 = 2011, 0 = draft 6. */
  readonly version: number;
  /** FRAMESIZE in bytes, SYNC through CHK. */
  readonly size: number;
  /** IDCODE of the stream. */
  readonly idCode: number;
  /** SOC: whole seconds since 1970. */
  readonly soc: number;
  /** FRACSEC bits 23 to 0: count of fractions of TIME_BASE. */
  readonly fracSec: number;
  /** FRACSEC bits 31 to 24: time quality byte. */
  readonly timeQuality: number;
}

/** What an encoder needs to know of the common part; times are 0 when left out. */
export interface Prefix {
  /** Version nibble; default 1, for CFG-3 2. */
  readonly version?: number;
  /** IDCODE of the stream. */
  readonly idCode: number;
  /** SOC: whole seconds since 1970. */
  readonly soc?: number;
  /** FRACSEC bits 23 to 0. */
  readonly fracSec?: number;
  /** FRACSEC bits 31 to 24. */
  readonly timeQuality?: number;
}

/** Bits of FORMAT; bits 15 to 4 are unused and ignored. */
export const FormatBits = {
  /** Phasors are magnitude and angle; otherwise real and imaginary. */
  Polar: 1,
  /** Phasors are float; otherwise 16-bit integers. */
  PhasorFloat: 2,
  /** Analogs are float; otherwise 16-bit integers. */
  AnalogFloat: 4,
  /** FREQ and DFREQ are float; otherwise 16-bit integers. */
  FrequencyFloat: 8,
} as const;

/** Scaling of a phasor in CFG-3 (PHSCALE): `X' = scale * X * exp(-j angleOffset)`. */
export interface PhasorScaling {
  /** Modification flags, bits 15 to 0. */
  readonly modFlags: number;
  /** Bits 2 to 0: 0 zero, 1 positive, 2 negative sequence, 4 to 6 phase A to C. */
  readonly component: number;
  /** User byte. */
  readonly user: number;
  /** Factor Y, volts or amperes per count; 1 for floats that are engineering values. */
  readonly scale: number;
  /** Angle offset theta in radians, subtracted. */
  readonly angleOffset: number;
}

/** A phasor of a PMU. */
export interface PhasorChannel {
  /** CHNAM. */
  readonly name: string;
  /** Voltage or current. */
  readonly kind: "V" | "I";
  /** PHUNIT bits 31 to 24, or the type byte of PHSCALE. */
  readonly typeByte: number;
  /** PHUNIT bits 23 to 0: 1e-5 V or A per count, for integer phasors; 0 in CFG-3. */
  readonly factor: number;
  /** PHSCALE, in CFG-3 only. */
  readonly scaling?: PhasorScaling;
}

/** An analog of a PMU. */
export interface AnalogChannel {
  /** CHNAM. */
  readonly name: string;
  /** ANUNIT bits 31 to 24: 0 point on wave, 1 rms, 2 peak, others for users; 0 in CFG-3. */
  readonly typeByte: number;
  /** ANUNIT bits 23 to 0, signed, of user-defined meaning; 0 in CFG-3. */
  readonly factor: number;
  /** ANSCALE `value = scale * raw + offset`, in CFG-3 only. */
  readonly scaling?: { readonly scale: number; readonly offset: number };
}

/** A digital status word of a PMU. */
export interface DigitalChannel {
  /** CHNAM of bits 0 to 15; one name for the word in draft 6. */
  readonly names: readonly string[];
  /** DIGUNIT word 1: status XOR this is 0 when all is normal. */
  readonly normal: number;
  /** DIGUNIT word 2: mask of valid inputs. */
  readonly valid: number;
}

/** What CFG-3 adds for a PMU. */
export interface PmuExtras {
  /** G_PMU_ID as GUID text in lower case. */
  readonly globalId: string;
  /** PMU_LAT in degrees, north positive; infinity or NaN when not given. */
  readonly latitude: number;
  /** PMU_LON in degrees, east positive; infinity or NaN when not given. */
  readonly longitude: number;
  /** PMU_ELEV in metres; infinity or NaN when not given. */
  readonly elevation: number;
  /** SVC_CLASS, `M` or `P` by the book. */
  readonly serviceClass: string;
  /** WINDOW in microseconds. */
  readonly windowMicros: number;
  /** GRP_DLY in microseconds, already compensated by the sender. */
  readonly groupDelayMicros: number;
}

/** One PMU of a stream; its identity in the stream is its position. */
export interface PmuConfiguration {
  /** STN. */
  readonly station: string;
  /** STN as received, 16 bytes, where it cannot be made again from `station`. */
  readonly stationRaw?: Uint8Array;
  /** IDCODE of the PMU, often another than that of the stream. */
  readonly idCode: number;
  /** FORMAT as received; see {@linkcode FormatBits}. */
  readonly format: number;
  /** Phasors in the order of the data frame. */
  readonly phasors: readonly PhasorChannel[];
  /** Analogs in the order of the data frame. */
  readonly analogs: readonly AnalogChannel[];
  /** Digital status words in the order of the data frame. */
  readonly digitals: readonly DigitalChannel[];
  /** FNOM as received; bit 0 set means 50 Hz. */
  readonly fnom: number;
  /** CFGCNT. */
  readonly cfgCnt: number;
  /** What CFG-3 adds. */
  readonly extras?: PmuExtras;
}

/** The configuration of a stream, from CFG-1, CFG-2 or CFG-3. */
export interface Configuration {
  /** Frame type that it came in: {@linkcode FrameType} 2, 3 or 5. */
  readonly type: number;
  /** Version nibble of that frame. */
  readonly version: number;
  /** IDCODE of the stream. */
  readonly idCode: number;
  /** TIME_BASE bits 23 to 0: counts per second, above 0. */
  readonly timeBase: number;
  /** TIME_BASE bits 31 to 24, ignored. */
  readonly timeBaseFlags: number;
  /** PMUs in the order of the data frame. */
  readonly pmus: readonly PmuConfiguration[];
  /** DATA_RATE: above 0 frames per second, below 0 minus seconds per frame, 0 unknown. */
  readonly dataRate: number;
  /** Bytes of padding after DATA_RATE. */
  readonly trailing: number;
}

/** Nominal frequency in hertz of a PMU: 50 or 60. */
export function nominalHz(pmu: PmuConfiguration): number {
  return (pmu.fnom & 1) === 1 ? 50 : 60;
}

/** Frames per second that DATA_RATE stands for; below 1 for seconds per frame, 0 when unknown. */
export function framesPerSecond(configuration: Configuration): number {
  const rate = configuration.dataRate;
  return rate >= 0 ? rate : 1 / -rate;
}

/** Bytes that a PMU takes in a data frame. */
export function pmuBlockSize(pmu: PmuConfiguration): number {
  const f = pmu.format;
  return 2 + pmu.phasors.length * (f & FormatBits.PhasorFloat ? 8 : 4) +
    (f & FormatBits.FrequencyFloat ? 8 : 4) +
    pmu.analogs.length * (f & FormatBits.AnalogFloat ? 4 : 2) + 2 * pmu.digitals.length;
}

/** FRAMESIZE of the data frames of a configuration. */
export function dataFrameSize(configuration: Configuration): number {
  return configuration.pmus.reduce((sum, pmu) => sum + pmuBlockSize(pmu), 16);
}
