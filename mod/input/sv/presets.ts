/**
 * The data sets that most merging units have, by name.
 *
 * @module
 */
import { variantOf } from "../../sv/mod.ts";
import type { SvChannelOptions } from "./options.ts";

/** What a preset says of a stream. */
export interface SvPreset {
  /** Samples per second. */
  readonly rate: number;
  /** ASDUs in a frame. */
  readonly asdus: number;
  /** Members of the data set. */
  readonly channels: readonly SvChannelOptions[];
}

/** LSB of a current in amperes and of a voltage in volts (9-2LE, IEC 61869-9). */
const CURRENT_SCALE = 0.001, VOLTAGE_SCALE = 0.01;

/**
 * The preset called `name`: `9-2LE` (80 samples per cycle), `9-2LE-256` (256 per cycle, eight ASDUs), or a
 * variant of IEC 61869-9 such as `F4800S2I4U4`; undefined for anything else.
 */
export function presetOf(name: string, nominalHz: number): SvPreset | undefined {
  const variant = variantOf(name, nominalHz);
  if (!variant) return undefined;
  const { rate, asdus, currents, voltages } = variant;
  return { rate, asdus, channels: channelsOf(currents, voltages) };
}

/** Currents, then voltages, in groups of phases a, b, c and neutral. */
export function channelsOf(currents: number, voltages: number): SvChannelOptions[] {
  return [...group("current", "I", currents), ...group("voltage", "U", voltages)];
}

function group(kind: "current" | "voltage", letter: string, count: number): SvChannelOptions[] {
  const scale = kind === "current" ? CURRENT_SCALE : VOLTAGE_SCALE;
  const member = (label: string, phase: SvChannelOptions["phase"], set: string) => ({
    label,
    kind,
    phase,
    set,
    scale,
    offset: 0,
  });
  if (count === 3) return PHASES.map((p) => member(`${letter}${p}`, upper(p), letter));
  if (count === 0 || count % 4 !== 0) {
    return Array.from({ length: count }, (_, i) => member(`${letter}${i + 1}`, "", letter));
  }
  return Array.from({ length: count / 4 }, (_, i) => {
    const set = count === 4 ? letter : `${letter}${i + 1}`;
    return [
      ...PHASES.map((p) => member(`${set}${p}`, upper(p), set)),
      member(`${set}n`, "", set),
    ];
  }).flat();
}

const PHASES = ["a", "b", "c"] as const;

function upper(phase: "a" | "b" | "c"): "A" | "B" | "C" {
  return phase === "a" ? "A" : phase === "b" ? "B" : "C";
}
