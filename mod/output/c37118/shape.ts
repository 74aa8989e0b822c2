/**
 * The shape of a stream: its PMUs and channels, and which signal each value of a data frame is.
 *
 * @module
 */
import type { Device, Layout, Signal, SignalRegistry } from "../../core/mod.ts";
import {
  type AnalogChannel,
  type Configuration,
  type DigitalChannel,
  encodeConfiguration3,
  FormatBits,
  FrameType,
  type PhasorChannel,
  type PmuConfiguration,
} from "../../c37118/mod.ts";
import type { C37118OutputDevice, C37118OutputOptions } from "./options.ts";

/** No signal: the field is always missing. */
export const NO_SIGNAL = -1;

/** One PMU of a stream. */
export interface ShapeBlock {
  /** Acronym of the device. */
  readonly device: string;
  /** Position of its first value among those of a frame. */
  readonly offset: number;
  /** Position of its status word, its last value. */
  readonly status: number;
}

/** What the frames of a stream are made of; CFGCNT is 0 in it. */
export interface StreamShape {
  /** As CFG-1 and CFG-2 say it. */
  readonly configuration: Configuration;
  /** As CFG-3 says it, with whole names. */
  readonly configuration3: Configuration;
  /** Handle of each value in the order of `DataEncoder`, QUAL last; {@linkcode NO_SIGNAL} for none. */
  readonly handles: Int32Array;
  /** The PMUs in order. */
  readonly blocks: readonly ShapeBlock[];
}

/** Factor of TIME_BASE and PHUNIT: counts in 1e-5 V or A. */
const PHUNIT = 1e5;

/**
 * The shape of a stream of frames of `layout`, of which the signals in `permitted` may be sent.
 *
 * Devices that no carried signal is permitted of are left out; undefined if none is left.
 */
export function shapeOf(
  layout: Layout,
  permitted: Uint8Array,
  registry: SignalRegistry,
  options: C37118OutputOptions,
): StreamShape | undefined {
  const wishes = wantedDevices(layout, options);
  const taken = new Set(wishes.map(({ idCode }) => idCode));
  const pmus: PmuConfiguration[] = [], pmus3: PmuConfiguration[] = [];
  const handles: number[] = [], blocks: ShapeBlock[] = [];
  for (const wanted of wishes) {
    const device = registry.device(wanted.device);
    if (!device) continue;
    const channels = channelsOf(signalsOf(layout, wanted.device, permitted, registry));
    if (!channels) continue;
    const offset = handles.length;
    handles.push(...channels.handles);
    blocks.push({ device: wanted.device, offset, status: handles.length - 1 });
    const idCode = wanted.idCode ?? freeIdCode(device.accessId, taken);
    taken.add(idCode);
    const { pmu, pmu3 } = describe(device, wanted, idCode, channels, options);
    pmus.push(pmu);
    pmus3.push(pmu3);
  }
  if (blocks.length === 0) return undefined;
  handles.push(NO_SIGNAL); // QUAL
  const common = {
    version: options.edition === 2011 ? 2 : 1,
    idCode: options.idCode,
    timeBase: options.timeBase,
    timeBaseFlags: 0,
    dataRate: dataRateOf(layout.framesPerSecond),
    trailing: 0,
  };
  return {
    configuration: { ...common, type: FrameType.Config2, pmus },
    configuration3: { ...common, type: FrameType.Config3, version: 2, pmus: pmus3 },
    handles: Int32Array.from(handles),
    blocks,
  };
}

/** True if frames and configurations of both are the same, and of the same signals. */
export function sameShape(a: StreamShape | undefined, b: StreamShape | undefined): boolean {
  if (!a || !b) return a === b;
  return sameBytes(imageOf(a), imageOf(b)) &&
    a.handles.length === b.handles.length && a.handles.every((h, i) => h === b.handles[i]);
}

/** All that clients are told of a shape but CFGCNT, to compare it and to recognise it after a restart. */
export function imageOf(shape: StreamShape): Uint8Array {
  const { configuration, configuration3 } = withCount(shape, 0);
  // CFG-3 has everything but the factors of integers exactly, which are in PHUNIT.
  const factors = configuration.pmus.flatMap(({ phasors }) => phasors.map((p) => p.factor));
  const prefix = { idCode: configuration.idCode, version: configuration.version };
  const parts = [
    ...encodeConfiguration3(configuration3, prefix),
    new TextEncoder().encode(`${configuration.version}/${factors.join()}`),
  ];
  const all = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A shape whose PMUs all have this CFGCNT. */
export function withCount(shape: StreamShape, cfgCnt: number): StreamShape {
  const counted = (c: Configuration): Configuration => ({
    ...c,
    pmus: c.pmus.map((pmu) => ({ ...pmu, cfgCnt })),
  });
  return {
    ...shape,
    configuration: counted(shape.configuration),
    configuration3: counted(shape.configuration3),
  };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** DATA_RATE: frames per second, or minus the seconds per frame; 0 where it is neither. */
function dataRateOf(framesPerSecond: number): number {
  const rate = framesPerSecond >= 1 || framesPerSecond <= 0
    ? Math.round(framesPerSecond)
    : -Math.round(1 / framesPerSecond);
  return Math.max(-32768, Math.min(32767, rate));
}

/** What is configured, or every device by acronym: the order in which sources came would change with a restart. */
function wantedDevices(layout: Layout, options: C37118OutputOptions): C37118OutputDevice[] {
  if (options.devices.length > 0) return [...options.devices];
  const names = new Set(layout.devices.map(({ device }) => device));
  return [...names].sort().map((device) => ({ device }));
}

/** The permitted signals of a device, in the order of the layout. */
function signalsOf(
  layout: Layout,
  device: string,
  permitted: Uint8Array,
  registry: SignalRegistry,
): Signal[] {
  const signals: Signal[] = [];
  for (const part of layout.devices) {
    if (part.device !== device) continue;
    for (let i = part.offset; i < part.offset + part.count; i++) {
      const handle = layout.handles[i]!;
      const signal = registry.get(handle);
      if (signal && permitted[handle] === 1) signals.push(signal);
    }
  }
  return signals;
}

/** The channels of a PMU, and the handles of its values in the order of a data frame. */
interface Channels {
  readonly phasors: readonly Signal[]; // magnitudes, whose angle is there too
  readonly analogs: readonly Signal[];
  readonly digitals: readonly Signal[];
  readonly handles: readonly number[];
}

/** What a PMU can carry of the signals; undefined if that is nothing but status. */
function channelsOf(signals: readonly Signal[]): Channels | undefined {
  const of = (...types: string[]) => signals.filter(({ type }) => types.includes(type));
  const angles = of("VPHA", "IPHA");
  const phasors: Signal[] = [], handles: number[] = [];
  for (const magnitude of of("VPHM", "IPHM")) {
    const kind = magnitude.type[0];
    const angle = angles.find((a) => a.index === magnitude.index && a.type[0] === kind);
    if (!angle) continue; // half a phasor has no place on the wire
    phasors.push(magnitude);
    handles.push(magnitude.handle, angle.handle);
  }
  const frequency = of("FREQ")[0], rate = of("DFDT")[0];
  const analogs = of("ALOG", "CALC"), digitals = of("DIGI");
  if (phasors.length + analogs.length + digitals.length === 0 && !frequency && !rate) {
    return undefined;
  }
  handles.push(frequency?.handle ?? NO_SIGNAL, rate?.handle ?? NO_SIGNAL);
  for (const { handle } of [...analogs, ...digitals]) handles.push(handle);
  handles.push(of("FLAG")[0]?.handle ?? NO_SIGNAL);
  return { phasors, analogs, digitals, handles };
}

/** The IDCODE of a device where it is legal and not taken, otherwise the next one that is not. */
function freeIdCode(wanted: number, taken: ReadonlySet<number | undefined>): number {
  let idCode = wanted >= 1 && wanted <= 65534 ? wanted : 1;
  while (taken.has(idCode)) idCode = idCode % 65534 + 1;
  return idCode;
}

function describe(
  device: Device,
  wanted: C37118OutputDevice,
  idCode: number,
  channels: Channels,
  options: C37118OutputOptions,
): { readonly pmu: PmuConfiguration; readonly pmu3: PmuConfiguration } {
  const integers = options.phasors === "integer";
  const nominalHz = wanted.nominalHz ?? options.nominalHz;
  const phasors = channels.phasors.map((signal): PhasorChannel => {
    const isVoltage = signal.type === "VPHM";
    return {
      name: nameOf(signal),
      kind: isVoltage ? "V" : "I",
      typeByte: isVoltage ? 0 : 1,
      factor: Math.round((isVoltage ? options.voltsPerCount : options.amperesPerCount) * PHUNIT),
    };
  });
  const analogs = channels.analogs.map((signal): AnalogChannel => ({
    name: nameOf(signal),
    typeByte: 1, // rms
    factor: 1,
  }));
  const pmu: PmuConfiguration = {
    station: wanted.station ?? device.name,
    idCode,
    format: (options.coordinates === "polar" ? FormatBits.Polar : 0) |
      (integers ? 0 : FormatBits.PhasorFloat) |
      (options.analogs === "float" ? FormatBits.AnalogFloat : 0) |
      (options.frequencies === "float" ? FormatBits.FrequencyFloat : 0),
    phasors,
    analogs,
    digitals: channels.digitals.map(digitalOf),
    fnom: nominalHz === 50 ? 1 : 0,
    cfgCnt: 0,
  };
  return {
    pmu,
    pmu3: {
      ...pmu,
      phasors: phasors.map((phasor, i): PhasorChannel => {
        const component = COMPONENTS[channels.phasors[i]!.phase] ?? 1;
        return {
          ...phasor,
          typeByte: component | (phasor.kind === "I" ? 8 : 0),
          factor: 0,
          scaling: {
            modFlags: 0,
            component,
            user: 0,
            scale: integers ? phasor.factor / PHUNIT : 1,
            angleOffset: 0,
          },
        };
      }),
      analogs: analogs.map(({ name }) => ({
        name,
        typeByte: 0,
        factor: 0,
        scaling: { scale: 1, offset: 0 },
      })),
      extras: {
        globalId: device.id,
        latitude: Number.isFinite(device.latitude) ? device.latitude : Infinity,
        longitude: Number.isFinite(device.longitude) ? device.longitude : Infinity,
        elevation: Infinity,
        serviceClass: "M",
        windowMicros: 0,
        groupDelayMicros: 0,
      },
    },
  };
}

/** PHSCALE, bits 2 to 0, of a phase. */
const COMPONENTS: Readonly<Record<string, number>> = {
  "0": 0,
  "+": 1,
  "-": 2,
  A: 4,
  B: 5,
  C: 6,
};

/** CHNAM: the name in the device, or what tells a nameless one apart. */
function nameOf(signal: Signal): string {
  return signal.label || signal.reference.slice(signal.reference.lastIndexOf("-") + 1);
}

/** One name per bit where an input has joined them, otherwise the name of the word on its first bit. */
function digitalOf(signal: Signal): DigitalChannel {
  const names = nameOf(signal).split("|");
  return {
    names: Array.from({ length: 16 }, (_, bit) => names[bit] ?? ""),
    normal: 0,
    valid: 0xffff,
  };
}
