/**
 * What the cells of several tables have in common.
 *
 * @module
 */
import type { Column, ColumnType, Signal, SignalType } from "../core/mod.ts";

/** Columns from their names and types. */
export function columnsOf(types: Readonly<Record<string, ColumnType>>): Column[] {
  return Object.entries(types).map(([name, type]) => ({ name, type }));
}

/** Plain decimal text of degrees, to a centimetre; null when unknown. */
export function degreesText(degrees: number): string | null {
  if (!Number.isFinite(degrees)) return null;
  const text = degrees.toFixed(7).replace(/\.?0+$/, "");
  return text === "-0" ? "0" : text;
}

/** True for magnitudes and angles. */
export function isPhasor(type: SignalType): boolean {
  return type === "VPHM" || type === "VPHA" || type === "IPHM" || type === "IPHA";
}

/** `V` or `I`, from one signal of a phasor. */
export function phasorType({ type }: Signal): string {
  return type.startsWith("V") ? "V" : "I";
}

/** Phase of a phasor: clients expect one of + - 0 A B C; positive sequence is what the schema has as its default. */
export function phasorPhase({ phase }: Signal): string {
  return phase || "+";
}
