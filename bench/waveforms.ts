/**
 * Recordings of a simulated bay, for sizes and speeds of compression.
 *
 * @module
 */
import { WaveformModel } from "../mod/sim/mod.ts";
import type { Columns } from "../mod/slipstream/mod.ts";

/** What is in the waveform beside its fundamental. */
export type WaveformKind =
  /** Nothing. */
  | "clean"
  /** Harmonics of a loaded feeder, and noise of an instrument (0.01 % of the amplitude). */
  | "distorted"
  /** As distorted; after 1 s a fault of 80 ms: currents rise to 18 times, with an offset, voltages fall to a quarter. */
  | "fault";

/** Scale of the 9-2 LE data set: 1 mA and 10 mV. */
const CURRENT_SCALE = 1000;
const VOLTAGE_SCALE = 100;
const DISTORTION = {
  harmonics: [[3, 0.01], [5, 0.03], [7, 0.02], [11, 0.01], [13, 0.006]],
  noise: 1e-4,
} as const;
const FAULT = { everySeconds: 60, forSeconds: 0.08 } as const;
/** A second that begins one second before the recurring fault. */
const BEGIN = 1_699_999_979;

/** `seconds` of the eight variables of the LE data set: Ia, Ib, Ic, In, Ua, Ub, Uc, Un; 100 A and 110 kV (RMS, line to line). Quality is 0. */
export function waveform(kind: WaveformKind, rate: number, seconds: number, unit = 0): Columns {
  const model = new WaveformModel({
    nominalHz: 50,
    volts: 110_000 / Math.sqrt(3),
    amperes: 100,
    deviationHz: 0.02,
    ...(kind !== "clean" && DISTORTION),
    ...(kind === "fault" && {
      fault: { ...FAULT, times: 18, timeConstantSeconds: 0.045 },
      sag: { ...FAULT, left: 0.25 },
    }),
    seed: unit + 1,
  });
  const count = Math.round(rate * seconds);
  const values = Array.from({ length: 8 }, () => new Int32Array(count));
  const quality = Array.from({ length: 8 }, () => new Uint32Array(count));
  const phases = new Float64Array(6);
  for (let k = 0; k < count; k++) {
    // The same angles for each unit: bays on one busbar.
    model.fill(phases, 0, BEGIN + Math.floor(k / rate), (k % rate) / rate, k);
    let currents = 0, voltages = 0;
    for (let phase = 0; phase < 3; phase++) {
      const i = Math.round(CURRENT_SCALE * phases[phase]!);
      const u = Math.round(VOLTAGE_SCALE * phases[phase + 3]!);
      values[phase]![k] = i;
      values[phase + 4]![k] = u;
      currents += i;
      voltages += u;
    }
    // The neutrals are computed by the merging unit.
    values[3]![k] = currents;
    values[7]![k] = voltages;
  }
  return { values, quality };
}
