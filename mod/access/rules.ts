/**
 * Rules: checked when they are read, evaluated per signal.
 *
 * @module
 */
import type { DataSet, Signal, TableView } from "../core/mod.ts";
import { signalKey } from "../core/mod.ts";
import {
  type CompiledCondition,
  type CompiledIdentifier,
  compileFilter,
  DEFAULT_LIMITS,
  FilterError,
  Run,
} from "../filter/mod.ts";
import { ACTIVE_MEASUREMENTS } from "./active_measurements.ts";
import type { AccessRules, RuleFault, RuleProblem } from "./types.ts";

/** Every problem of the rules, in their order; none means that they can be used. */
export function checkRules(rules: AccessRules): RuleProblem[] {
  return compileRules(rules).problems;
}

/** The rules of one subscriber, compiled, with what is wrong with them. */
export function compileRules(
  rules: AccessRules,
): { readonly compiled: CompiledRules; readonly problems: RuleProblem[] } {
  const problems: RuleProblem[] = [];
  const allow = rules.allow.map((text, index) => compileRule("allow", index, text, problems));
  const deny = rules.deny.map((text, index) => compileRule("deny", index, text, problems));
  return { compiled: new CompiledRules(allow, deny), problems };
}

/** Signals that carry a key or tag, whatever its case. */
export interface SignalNames {
  /** Rows of ActiveMeasurements by GUID, `k:` and key, or `t:` and tag, both upper case. */
  readonly rows: ReadonlyMap<string, readonly number[]>;
}

/** Makes the index of names for signals in the order of the rows of ActiveMeasurements. */
export function indexNames(signals: readonly Signal[]): SignalNames {
  const rows = new Map<string, number[]>();
  signals.forEach((signal, row) => {
    for (const name of namesOf(signal)) {
      const list = rows.get(name);
      if (list) list.push(row);
      else rows.set(name, [row]);
    }
  });
  return { rows };
}

/** The names by which identifiers may mean a signal, as {@linkcode nameOf} writes them. */
export function namesOf(signal: Signal): [string, string, string] {
  return [
    signal.id,
    `k:${signalKey(signal).toUpperCase()}`,
    `t:${signal.pointTag.toUpperCase()}`,
  ];
}

/** An identifier without regard to case: a GUID, `k:` and a key, or `t:` and a tag. */
export function nameOf({ form, text }: CompiledIdentifier): string {
  return form === "guid" ? text : `${form === "key" ? "k" : "t"}:${text.toUpperCase()}`;
}

/** The rows that an identifier names; keys need not be unique where signals come from several gateways. */
export function rowsNamed(names: SignalNames, identifier: CompiledIdentifier): readonly number[] {
  return names.rows.get(nameOf(identifier)) ?? [];
}

type Failed = (fault: Omit<RuleFault, "signals">, row: number) => void;

/** Works out which rows of ActiveMeasurements are permitted. */
export class CompiledRules {
  readonly #allow: readonly Rule[];
  readonly #deny: readonly Rule[];

  /** Takes rules that have been compiled. */
  constructor(allow: readonly Rule[], deny: readonly Rule[]) {
    this.#allow = allow;
    this.#deny = deny;
  }

  /** One byte per row of `table`, 1 where it is permitted; `failed` hears of each row on which a rule failed. */
  permittedRows(table: TableView, names: SignalNames, failed: Failed): Uint8Array {
    const permitted = new Uint8Array(table.rows.length);
    for (const rule of this.#allow) apply(rule, table, names, permitted, failed);
    for (const rule of this.#deny) apply(rule, table, names, permitted, failed);
    return permitted;
  }
}

interface Rule {
  readonly list: "allow" | "deny";
  readonly index: number;
  readonly conditions: readonly CompiledCondition[];
  readonly identifiers: readonly CompiledIdentifier[];
}

/** Steps that one signal may cost; rules are configuration, so this only ends what runs away. */
const STEPS_PER_SIGNAL = 20_000;

/** Sets what an allow rule grants and clears what a deny rule does not let pass. */
function apply(
  rule: Rule,
  table: TableView,
  names: SignalNames,
  permitted: Uint8Array,
  failed: Failed,
): void {
  const deny = rule.list === "deny";
  const undecided = deny ? 1 : 0;
  const outcome = 1 - undecided;
  for (const identifier of rule.identifiers) {
    for (const row of rowsNamed(names, identifier)) permitted[row] = outcome;
  }
  const steps = Math.max(DEFAULT_LIMITS.steps, table.rows.length * STEPS_PER_SIGNAL);
  const run = new Run({ ...DEFAULT_LIMITS, steps });
  for (const condition of rule.conditions) {
    for (let row = 0; row < permitted.length; row++) {
      if (permitted[row] !== undecided) continue;
      let result: boolean | null;
      try {
        result = condition.test(table.rows.at(row)!, run);
      } catch (error) {
        if (!(error instanceof FilterError)) throw error;
        failed({ list: rule.list, index: rule.index, message: error.message }, row);
        result = null;
      }
      // NULL and failure count against the subscriber: they grant nothing and they do not let pass.
      if (result === true || (deny && result === null)) permitted[row] = outcome;
    }
  }
}

const SCHEMA: DataSet = {
  name: "Rules",
  tables: [{ name: "ActiveMeasurements", columns: ACTIVE_MEASUREMENTS, rows: [] }],
};

/** Why rights must not depend on a column; columns that are not listed may be used. */
const REFUSED_COLUMNS: ReadonlyMap<string, string> = new Map([
  ["Description", "it carries text that a device sends"],
  ["AlternateTag", "it carries text that a device sends"],
  ["Phase", "it is guessed from the label that a device sends"],
  ["DeviceID", "it is a row number that changes as devices come and go"],
  ["PhasorID", "it is a row number that changes as devices come and go"],
  ["Subscribed", "it has the same value for every signal"],
  ["Adder", "it has the same value for every signal"],
  ["Multiplier", "it has the same value for every signal"],
  ["UpdatedOn", "rights do not change with the time"],
]);

function compileRule(
  list: "allow" | "deny",
  index: number,
  text: string,
  problems: RuleProblem[],
): Rule {
  const conditions: CompiledCondition[] = [];
  const identifiers: CompiledIdentifier[] = [];
  const refuse = (offset: number, message: string): void => {
    const column = Math.max(offset, 0) + 1;
    problems.push({ list, index, column, message: `${message} (column ${column} of the rule)` });
  };
  try {
    for (const statement of compileFilter(text, SCHEMA, { bareTags: true }).statements) {
      if (statement.kind === "identifier") {
        identifiers.push(statement);
        continue;
      }
      if (statement.ordered || statement.top !== Infinity) {
        refuse(
          statement.at,
          "expected a condition on each signal, found TOP or ORDER BY, which need all of them",
        );
      }
      if (statement.usesClock) {
        refuse(statement.at, "expected rights that do not depend on the time, found NOW or UTCNOW");
      }
      for (const [name, offset] of statement.columns) {
        const why = REFUSED_COLUMNS.get(name);
        if (why !== undefined) {
          refuse(offset, `expected a column that is configured, found ${name}: ${why}`);
        }
      }
      for (const error of statement.deferred) refuse(error.offset, error.reason);
      conditions.push(statement);
    }
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    refuse(error.offset, error.reason);
  }
  return { list, index, conditions, identifiers };
}
