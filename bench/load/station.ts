/**
 * Stations of a large site that is registered and never sends.
 *
 * @module
 */
import type { Device, SignalDraft, SignalType } from "../../mod/core/mod.ts";

/** Station number `d`, with what `change` says otherwise. */
export function station(d: number, change: Partial<Device> = {}): Device {
  return {
    acronym: `STATION${d}`,
    id: `00000000-0000-4000-8000-${String(d).padStart(12, "0")}`,
    name: `Station ${d}`,
    parentAcronym: "",
    protocol: "IEEE C37.118.2-2011",
    accessId: d + 1,
    framesPerSecond: 60,
    company: "GPA",
    vendor: "ABB",
    longitude: -89.8,
    latitude: 35.3,
    ...change,
  };
}

const TYPES: readonly SignalType[] = ["VPHM", "VPHA", "IPHM", "IPHA"];

/** The first `count` signals of station `d`: magnitudes and angles of its lines. */
export function lineDrafts(d: number, count: number): SignalDraft[] {
  return Array.from({ length: count }, (_, i) => ({
    type: TYPES[i % 4]!,
    label: `LINE ${Math.floor(i / 2)}`,
    phase: "ABC"[Math.floor(i / 2) % 3]!,
    unit: "",
    index: Math.floor(i / 2) + 1,
    description: `Station ${d} line ${Math.floor(i / 2)} ${TYPES[i % 4]}`,
  }));
}
