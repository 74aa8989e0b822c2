/**
 * Which devices a configuration stands for, under which names, and in which layout.
 *
 * @module
 */
import {
  acronymOf,
  type Device,
  type Layout,
  type LayoutDevice,
  makeLayout,
  type MeaningChange,
  type SeenDevice,
  type SignalDraft,
  type SignalRegistry,
  type SignalType,
  uuidFromName,
} from "../../core/mod.ts";
import {
  type Configuration,
  framesPerSecond,
  FrameType,
  type PmuConfiguration,
  signalsOf,
} from "../../c37118/mod.ts";
import type { C37118DeviceOptions } from "./options.ts";

/** What the names of a stream's devices are made of. */
export interface NamingOptions {
  /** Acronym of the only PMU, or of the concentrator. */
  readonly acronym: string;
  /** Name for people, or undefined for the station name. */
  readonly name?: string | undefined;
  /** Company acronym. */
  readonly company?: string | undefined;
  /** Vendor acronym. */
  readonly vendor?: string | undefined;
  /** PMUs that are known by configuration. */
  readonly devices: readonly C37118DeviceOptions[];
  /** Rate that stands in for DATA_RATE 0. */
  readonly framesPerSecond: number;
}

/** A device with its part of the layout. */
export interface DeviceEntry {
  /** The device. */
  readonly device: Device;
  /** Its signals, in the order of the layout. */
  readonly drafts: readonly SignalDraft[];
}

/** What a configuration makes of a stream. */
export interface RegisteredStream {
  /** Layout of its frames: all PMU blocks in order, then QUAL. */
  readonly layout: Layout;
  /** Kind of each value of the layout. */
  readonly types: readonly SignalType[];
  /** Positions whose meaning changed since they were last seen. */
  readonly changes: readonly MeaningChange[];
  /** Entries of `devices` that no PMU of the stream answers to. */
  readonly unmatched: readonly string[];
}

/**
 * Registers the devices and signals of a configuration, and makes its layout.
 *
 * Devices of `previous` that are not in the stream any more are taken out of the registry.
 */
export function registerStream(
  source: string,
  configuration: Configuration,
  options: NamingOptions,
  registry: SignalRegistry,
  previous: Layout | undefined,
): RegisteredStream {
  const { entries, unmatched } = devicesOf(configuration, options, registry.gatewayId);
  const names = new Set(entries.map((e) => e.device.acronym));
  for (const { device } of previous?.devices ?? []) {
    if (!names.has(device)) registry.unregister(device);
  }
  const handles: number[] = [];
  const types: SignalType[] = [];
  const parts: LayoutDevice[] = [];
  const changes: MeaningChange[] = [];
  for (const { device, drafts } of entries) {
    const registered = registry.register(device, drafts);
    changes.push(...registered.changes);
    parts.push({ device: device.acronym, offset: handles.length, count: drafts.length });
    for (const signal of registered.signals) {
      handles.push(signal.handle);
      types.push(signal.type);
    }
  }
  const rate = rateOf(configuration, options);
  return { layout: makeLayout(source, handles, parts, rate), types, changes, unmatched };
}

/** Frames per second of a stream; 0 when neither it nor the options tell. */
export function rateOf(configuration: Configuration, options: NamingOptions): number {
  return framesPerSecond(configuration) || options.framesPerSecond;
}

/**
 * The devices of a configuration in the order of the layout.
 *
 * The only PMU of a stream has the acronym of the stream, and QUAL is its last signal. PMUs of a concentrator
 * have the acronym of the entry that names them, otherwise `ACRONYM!IDCODE`, or `ACRONYM!#POSITION` where several
 * have the same IDCODE; QUAL then belongs to the concentrator, which is a device of its own and their parent.
 */
export function devicesOf(
  configuration: Configuration,
  options: NamingOptions,
  gatewayId: string,
): { readonly entries: readonly DeviceEntry[]; readonly unmatched: readonly string[] } {
  const { pmus } = configuration;
  const found = matchAll(pmus, options.devices);
  const unmatched = options.devices.filter((d) => !found.includes(d)).map((d) => d.acronym);
  const single = pmus.length === 1;
  const taken = new Set(options.devices.map((d) => d.acronym));
  const parent = single ? "" : unique(options.acronym, `${options.acronym}!STREAM`, taken);
  const signals = signalsOf(configuration);
  const isAlone = loners(pmus);
  const common = {
    protocol: configuration.type === FrameType.Config3 || configuration.version >= 2
      ? "IEEE C37.118.2-2011"
      : "IEEE C37.118-2005",
    framesPerSecond: rateOf(configuration, options),
    company: options.company ?? "",
    vendor: options.vendor ?? "",
  };
  const entries = pmus.map((pmu, i): DeviceEntry => {
    const entry = found[i];
    const acronym = entry?.acronym ??
      (single
        ? options.acronym
        : isAlone(pmu)
        ? unique(`${options.acronym}!${pmu.idCode}`, `${options.acronym}!#${i + 1}`, taken)
        : unique(`${options.acronym}!#${i + 1}`, `${options.acronym}!#${i + 1}!`, taken));
    const { drafts } = signals.pmus[i]!;
    return {
      device: {
        ...common,
        acronym,
        id: uuidFromName(gatewayId, `device/${acronym}`),
        name: entry?.name ?? (single ? options.name : undefined) ?? (pmu.station || acronym),
        parentAcronym: parent,
        accessId: pmu.idCode,
        longitude: entry?.longitude ?? place(pmu.extras?.longitude, 180),
        latitude: entry?.latitude ?? place(pmu.extras?.latitude, 90),
      },
      drafts: single ? [...drafts, signals.quality] : drafts,
    };
  });
  if (!single) {
    entries.push({
      device: {
        ...common,
        acronym: parent,
        id: uuidFromName(gatewayId, `device/${parent}`),
        name: options.name ?? parent,
        parentAcronym: "",
        accessId: configuration.idCode,
        longitude: NaN,
        latitude: NaN,
      },
      drafts: [signals.quality],
    });
  }
  return { entries, unmatched };
}

/**
 * The entry of each PMU. All keys of an entry have to match. Entries with the same keys are given in order, where
 * there are as many as PMUs that match; an entry that could be several PMUs is none of them.
 */
function matchAll(
  pmus: readonly PmuConfiguration[],
  devices: readonly C37118DeviceOptions[],
): (C37118DeviceOptions | undefined)[] {
  const found = pmus.map((): C37118DeviceOptions | undefined => undefined);
  for (const entry of devices) {
    const alike = devices.filter((d) => sameKeys(d, entry));
    const fitting = pmus.map((_, i) => i).filter((i) => fits(entry, pmus[i]!, i));
    if (fitting.length === alike.length) found[fitting[alike.indexOf(entry)]!] ??= entry;
  }
  return found;
}

/** PMUs of a concentrator that no entry of `devices` names, in the order of the stream. */
export function seenDevices(
  { pmus }: Configuration,
  devices: readonly C37118DeviceOptions[],
): SeenDevice[] {
  if (pmus.length === 1) return []; // it has the acronym of the stream
  const found = matchAll(pmus, devices);
  const isAlone = loners(pmus);
  return pmus.flatMap((pmu, i): SeenDevice[] => {
    if (found[i]) return [];
    return [{
      id: isAlone(pmu) ? `${pmu.idCode}` : `${pmu.idCode} at ${i + 1}`,
      acronym: acronymOf(pmu.station) || `PMU${pmu.idCode}`,
      about: `PMU "${pmu.station}", IDCODE ${pmu.idCode}, number ${i + 1} in its stream`,
      settings: { idCode: pmu.idCode, ...(!isAlone(pmu) && { position: i + 1 }) },
      guessed: [],
      missing: [],
    }];
  });
}

/** Tells which PMUs have an IDCODE that no other has. */
function loners(pmus: readonly PmuConfiguration[]): (pmu: PmuConfiguration) => boolean {
  const counts = new Map<number, number>();
  for (const { idCode } of pmus) counts.set(idCode, (counts.get(idCode) ?? 0) + 1);
  return ({ idCode }) => counts.get(idCode) === 1;
}

function fits(entry: C37118DeviceOptions, pmu: PmuConfiguration, index: number): boolean {
  return (entry.position === undefined || entry.position === index + 1) &&
    (entry.idCode === undefined || entry.idCode === pmu.idCode) &&
    (entry.station === undefined || entry.station.toLowerCase() === pmu.station.toLowerCase());
}

function sameKeys(a: C37118DeviceOptions, b: C37118DeviceOptions): boolean {
  return a.position === b.position && a.idCode === b.idCode &&
    a.station?.toLowerCase() === b.station?.toLowerCase();
}

function unique(wanted: string, otherwise: string, taken: Set<string>): string {
  const acronym = taken.has(wanted) ? otherwise : wanted;
  taken.add(acronym);
  return acronym;
}

function place(degrees: number | undefined, limit: number): number {
  return degrees !== undefined && Math.abs(degrees) <= limit ? degrees : NaN;
}
