/**
 * What the options of `tieline sim sv` say, as merging units.
 *
 * @module
 */
import { InvalidArgumentError, Option } from "commander";
import { messageOf } from "../core/mod.ts";
import {
  MergingUnitFleet,
  type MergingUnitOptions,
  type Recurring,
  WaveformModel,
  type WaveformOptions,
} from "../sim/mod.ts";
import { macBytes, type SvVariant } from "../sv/mod.ts";

/** Values of the options, as `--help` explains them. */
export interface SvOptions {
  readonly interface?: string;
  readonly pcap?: string;
  readonly start?: number;
  readonly for?: number;
  readonly count: number;
  readonly nominal: "50" | "60";
  readonly profile: string;
  readonly svId: string;
  readonly appid: number;
  readonly vlan?: number;
  readonly priority: number;
  readonly destination: Uint8Array;
  readonly source?: Uint8Array;
  readonly confRev: number;
  readonly synch: number;
  readonly simulation?: boolean;
  readonly datSet?: string;
  readonly refrTm?: boolean;
  readonly smpRate?: boolean;
  readonly gmIdentity?: Uint8Array;
  readonly quality: number;
  readonly latency: number;
  readonly gather: number;
  readonly volts: number;
  readonly amperes: number;
  readonly lag: number;
  readonly deviation: number;
  readonly ramp: number;
  readonly rampPeriod: number;
  readonly harmonics: [number, number][];
  readonly noise: number;
  readonly sag: Recurring;
  readonly sagLeft: number;
  readonly fault: Recurring;
  readonly faultTimes: number;
  readonly faultConstant: number;
  readonly clockError: number;
  readonly unsynchronised: Recurring;
  readonly drift: number;
  readonly clock: "ideal" | "kernel";
  readonly step: Recurring;
  readonly stepSize: number;
  readonly loss: number;
  readonly lossBurst: number;
  readonly duplicate: number;
  readonly reorder: number;
  readonly seed: number;
  readonly record?: string;
  readonly json?: boolean;
}

/** What never happens. */
const NEVER: Recurring = { everySeconds: 0, forSeconds: 0 };

/** The units that the options ask for; `hardwareAddress` is their source unless one is given. */
export function makeFleet(
  options: SvOptions,
  variant: SvVariant,
  hardwareAddress: Uint8Array,
): MergingUnitFleet {
  const model = new WaveformModel(waveformOf(options));
  return new MergingUnitFleet(Array.from({ length: options.count }, (_, unit) => {
    return unitOf(options, variant, model, unit, hardwareAddress);
  }));
}

function waveformOf(options: SvOptions): WaveformOptions {
  return {
    nominalHz: options.nominal === "50" ? 50 : 60,
    volts: options.volts,
    amperes: options.amperes,
    lagDegrees: options.lag,
    deviationHz: options.deviation,
    rampHz: options.ramp,
    rampPeriodSeconds: options.rampPeriod,
    harmonics: options.harmonics,
    noise: options.noise,
    seed: options.seed,
    sag: { ...options.sag, left: options.sagLeft },
    fault: {
      ...options.fault,
      times: options.faultTimes,
      timeConstantSeconds: options.faultConstant / 1000,
    },
  };
}

function unitOf(
  options: SvOptions,
  variant: SvVariant,
  model: WaveformModel,
  unit: number,
  hardwareAddress: Uint8Array,
): MergingUnitOptions {
  const { vlan, datSet, gmIdentity } = options;
  return {
    ...variant,
    svId: `${options.svId}${String(unit + 1).padStart(2, "0")}`,
    model,
    unit,
    appid: (options.appid + unit) & 0xffff,
    destination: plus(options.destination, unit),
    source: options.source ? plus(options.source, unit) : hardwareAddress,
    ...(vlan !== undefined && { vlan }),
    priority: options.priority,
    confRev: options.confRev,
    simulation: options.simulation ?? false,
    ...(datSet !== undefined && { datSet }),
    refrTm: options.refrTm ?? false,
    smpRate: options.smpRate ?? false,
    ...(gmIdentity && { gmIdentity }),
    quality: options.quality,
    latencyNanos: Math.round(options.latency * 1000),
    seed: options.seed,
    clock: {
      smpSynch: options.synch,
      errorNanos: Math.round(options.clockError * 1000),
      unsynchronised: options.unsynchronised,
      driftPpm: options.drift,
      step: { ...options.step, nanos: options.stepSize * 1e6 },
    },
    impairments: {
      loss: options.loss,
      lossBurst: options.lossBurst,
      duplicate: options.duplicate,
      reorder: options.reorder,
    },
  };
}

/** An address whose last two octets are `n` further. */
function plus(address: Uint8Array, n: number): Uint8Array {
  const next = address.slice();
  const last = (next[4]! << 8) + next[5]! + n;
  next[4] = last >>> 8;
  next[5] = last;
  return next;
}

/** A MAC address. */
export function mac(text: string): Uint8Array {
  try {
    return macBytes(text);
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error));
  }
}

/** Sixteen hex digits as octets. */
export function identity(text: string): Uint8Array {
  if (!/^[0-9a-f]{16}$/i.test(text)) throw new InvalidArgumentError("expected 16 hex digits");
  return Uint8Array.from(text.match(/../g)!, (pair) => parseInt(pair, 16)); // eight pairs, as was checked
}

function recurring(text: string): Recurring {
  const match = /^(\d{1,6}):(\d+(?:\.\d+)?)$/.exec(text);
  const [everySeconds, forSeconds] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || !(everySeconds >= 1) || !(forSeconds <= everySeconds)) {
    throw new InvalidArgumentError("expected EVERY:FOR in seconds, for example 10:0.2");
  }
  return { everySeconds, forSeconds };
}

/** An option for something that happens again and again, by default never. */
export function often(flags: string, description: string): Option {
  return new Option(flags, description).argParser(recurring).default(NEVER, "never");
}

/** Orders and shares of harmonics. */
export function harmonics(text: string): [number, number][] {
  return text.split(",").map((part) => {
    const match = /^(\d{1,2}):(0?\.\d+|0|1)$/.exec(part);
    if (!match) {
      throw new InvalidArgumentError("expected ORDER:SHARE, ..., for example 3:0.02,5:0.04");
    }
    return [Number(match[1]), Number(match[2])];
  });
}
