/**
 * Why a subscriber sees a signal or not: the rules that speak of it.
 *
 * @module
 */
import type { Signal, SignalRegistry } from "../core/mod.ts";
import { compileRules, indexNames } from "./rules.ts";
import { viewActiveMeasurements } from "./active_measurements.ts";
import type { AccessRules } from "./types.ts";

/** What the rules of a subscriber say of one signal. */
export interface Explanation {
  /** Whether it is permitted. */
  readonly permitted: boolean;
  /** Indices of the allow rules that grant it. */
  readonly allowedBy: readonly number[];
  /** Indices of the deny rules that withhold it. */
  readonly deniedBy: readonly number[];
  /** Rules that failed on it; such a deny rule withholds it, such an allow rule grants nothing. */
  readonly faults: readonly {
    readonly list: "allow" | "deny";
    readonly index: number;
    readonly message: string;
  }[];
}

/** What `rules` say of `signal`; rules that cannot be compiled say nothing. */
export function explainRules(
  registry: SignalRegistry,
  nodeId: string,
  rules: AccessRules,
  signal: Signal,
): Explanation {
  const table = viewActiveMeasurements(registry, [signal], { nodeId });
  const names = indexNames([signal]);
  const faults: { list: "allow" | "deny"; index: number; message: string }[] = [];
  const permits = (
    allow: readonly string[],
    deny: readonly string[],
    note?: (message: string) => void,
  ) =>
    compileRules({ allow, deny }).compiled.permittedRows(
      table,
      names,
      ({ message }) => note?.(message),
    )[0] === 1;
  const allowedBy = rules.allow.flatMap((rule, index) => {
    const note = (message: string) => void faults.push({ list: "allow", index, message });
    return permits([rule], [], note) ? [index] : [];
  });
  const deniedBy = rules.deny.flatMap((rule, index) => {
    const note = (message: string) => void faults.push({ list: "deny", index, message });
    return permits(["True"], [rule], note) ? [] : [index];
  });
  return { permitted: allowedBy.length > 0 && deniedBy.length === 0, allowedBy, deniedBy, faults };
}
