/**
 * The signals of a device as the columns of a record.
 *
 * @module
 */
import type { Signal, SignalType } from "../core/mod.ts";
import type { FrameChannel } from "./frame_record.ts";

/** What is added to the label of a signal, or stands in its place. */
const WORDS: Readonly<Record<SignalType, string>> = {
  VPHM: "magnitude",
  VPHA: "angle",
  IPHM: "magnitude",
  IPHA: "angle",
  FREQ: "frequency",
  DFDT: "ROCOF",
  ALOG: "",
  DIGI: "",
  FLAG: "status",
  QUAL: "quality",
  CALC: "",
  STAT: "",
  ALRM: "",
};

/** Symbols of units that metadata write out. */
const SYMBOLS: Readonly<Record<string, string>> = { Volts: "V", Amps: "A", Degrees: "deg" };

/** The columns of these signals; names that occur twice have the reference of the signal added. */
export function frameChannels(signals: readonly Signal[]): FrameChannel[] {
  const names = signals.map(nameOf);
  return signals.map(({ type, phase, unit, id, pointTag, reference }, i) => {
    const isUnique = names.indexOf(names[i]!) === names.lastIndexOf(names[i]!);
    return {
      name: isUnique ? names[i]! : `${names[i]} (${reference})`,
      phase,
      unit: SYMBOLS[unit] ?? unit,
      type,
      signal: id,
      tag: pointTag,
    };
  });
}

function nameOf({ type, label, reference }: Signal): string {
  const word = WORDS[type];
  if (word === "") return label === "" ? reference : label;
  return label === "" ? word : `${label} ${word}`;
}
