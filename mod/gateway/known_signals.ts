/**
 * The signals of a gateway as data: those of a running one, or those that it has noted down.
 *
 * @module
 */
import * as v from "valibot";
import {
  acronymOf,
  type Device,
  type GuidMapEntry,
  SIGNAL_SUFFIX,
  type SignalDraft,
  SignalRegistry,
  type SignalType,
  uuidFromName,
} from "../core/mod.ts";
import { devicesOf } from "../input/sv/mod.ts";
import type { GatewayConfig } from "./schema.ts";

/** Devices and signals of a registry, JSON-safe: degrees that are unknown are null. */
export interface KnownSignals {
  /** Every device with its signals, in the order of their registration. */
  readonly devices: readonly {
    /** The device. */
    readonly device: Omit<Device, "longitude" | "latitude"> & {
      /** WGS 84 degrees, east positive. */
      readonly longitude: number | null;
      /** WGS 84 degrees, north positive. */
      readonly latitude: number | null;
    };
    /** Its signals, with GUIDs, tags and keys. */
    readonly signals: readonly SignalDraft[];
  }[];
}

/** What `registry` knows now. */
export function knownSignals(registry: SignalRegistry): KnownSignals {
  const byDevice = new Map<string, SignalDraft[]>();
  for (const s of registry.signals()) {
    const { type, label, phase, unit, index, description, id, pointTag, source, number } = s;
    const key = { source, number };
    const draft = { type, label, phase, unit, index, description, id, pointTag, key };
    const drafts = byDevice.get(s.device);
    if (drafts) drafts.push(draft);
    else byDevice.set(s.device, [draft]);
  }
  return {
    devices: registry.devices().map((device) => ({
      device: {
        ...device,
        longitude: finite(device.longitude),
        latitude: finite(device.latitude),
      },
      signals: byDevice.get(device.acronym) ?? [],
    })),
  };
}

/**
 * A registry with the signals that a running gateway answered as JSON (`/api/signals`).
 *
 * Throws a ValiError for a document of another shape.
 */
export function registryOfKnown(
  { gateway }: Pick<GatewayConfig, "gateway">,
  json: unknown,
): SignalRegistry {
  const registry = new SignalRegistry(gateway.id, gateway.name);
  for (const { device, signals } of v.parse(knownSchema, json).devices) {
    registry.register(
      { ...device, longitude: device.longitude ?? NaN, latitude: device.latitude ?? NaN },
      signals,
    );
  }
  return registry;
}

/**
 * A registry with the signals of the persisted map, as far as a configuration and the map tell of them.
 *
 * It holds what the gateway has ever seen, also of devices that are gone; signals of STTP inputs keep
 * the GUIDs of their publishers and are not in the map, and rates, protocols, coordinates and
 * descriptions, which devices tell themselves, are unknown.
 */
export function registryOfMap(
  config: GatewayConfig,
  map: readonly GuidMapEntry[],
): SignalRegistry {
  const { gateway } = config;
  const registry = new SignalRegistry(gateway.id, gateway.name, map);
  const byDevice = new Map<string, GuidMapEntry[]>();
  for (const entry of [...map].sort((a, b) => a.number - b.number)) {
    const entries = byDevice.get(entry.device);
    if (entries) entries.push(entry);
    else byDevice.set(entry.device, [entry]);
  }
  const owners = ownersOf(config);
  for (const [acronym, entries] of byDevice) {
    const isStatistics = entries.every((e) => e.type === "STAT");
    registry.register({
      acronym,
      id: uuidFromName(gateway.id, `device ${acronym}`),
      name: acronym,
      parentAcronym: "",
      protocol: isStatistics ? "Statistics" : "",
      accessId: 0,
      framesPerSecond: 0,
      company: gateway.company ?? "",
      vendor: "",
      longitude: NaN,
      latitude: NaN,
      ...(isStatistics ? {} : owners.get(acronym) ?? owners.get(acronym.split("!", 1)[0]!)),
    }, entries.map(draftOf));
  }
  return registry;
}

/** What the configuration says of its C37.118 and SV devices, by acronym. */
function ownersOf({ gateway, input }: GatewayConfig): Map<string, Partial<Device>> {
  const owners = new Map<string, Partial<Device>>();
  for (const [name, options] of Object.entries(input)) {
    if (options.type === "sttp") continue;
    const company = options.company ?? gateway.company ?? "";
    const vendor = options.vendor ?? "";
    if (options.type === "sv") {
      for (const { acronym } of devicesOf(options)) owners.set(acronym, { company, vendor });
      continue;
    }
    owners.set(options.acronym ?? acronymOf(name), { company, vendor });
    for (const { acronym } of options.devices) owners.set(acronym, { company, vendor });
  }
  return owners;
}

/** Binding and occurrence give GUID and number of the map again. */
function draftOf({ type, label, phase, unit, reference }: GuidMapEntry): SignalDraft {
  const index = Number(/\d+$/.exec(reference.slice(reference.lastIndexOf("-")))?.[0] ?? 0);
  return { type, label, phase, unit, index, description: "" };
}

function finite(degrees: number): number | null {
  return Number.isFinite(degrees) ? degrees : null;
}

const knownSchema = v.object({
  devices: v.array(v.object({
    device: v.object({
      acronym: v.string(),
      id: v.string(),
      name: v.string(),
      parentAcronym: v.string(),
      protocol: v.string(),
      accessId: v.number(),
      framesPerSecond: v.number(),
      company: v.string(),
      vendor: v.string(),
      longitude: v.nullable(v.number()),
      latitude: v.nullable(v.number()),
    }),
    signals: v.array(v.object({
      // The keys of the table are exactly the signal types.
      type: v.picklist(Object.keys(SIGNAL_SUFFIX) as SignalType[]),
      label: v.string(),
      phase: v.string(),
      unit: v.string(),
      index: v.number(),
      description: v.string(),
      id: v.string(),
      pointTag: v.string(),
      key: v.object({ source: v.string(), number: v.number() }),
    })),
  })),
});
