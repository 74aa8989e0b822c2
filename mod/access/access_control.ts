/**
 * Rights per measurement.
 *
 * @module
 */
import {
  ConfigError,
  type DataSet,
  dataSetOf,
  type DataSetView,
  type DataTable,
  finishSteps,
  type Signal,
  type SignalRegistry,
  type Steps,
} from "../core/mod.ts";
import { type CompiledFilter, type CompiledIdentifier, compileFilterSteps } from "../filter/mod.ts";
import { Rights } from "./rights.ts";
import { compileRules, nameOf, namesOf } from "./rules.ts";
import { activeMeasurementsOf, viewActiveMeasurementsSteps } from "./active_measurements.ts";
import { FILTER_STEPS, filterClock, metadataSteps } from "./metadata.ts";
import { visibleSignalsSteps } from "./tables.ts";
import type { AccessOptions, AccessRules, RuleFault, Selection } from "./types.ts";

/** Signals, or names of signals, that are looked at in one step. */
const STEP_SIGNALS = 2000;

/** Who may see which measurement: rules per subscriber, worked out on the signals of a registry. */
export class AccessControl {
  /** What tables say beside the signals, and what filters may cost. */
  readonly options: AccessOptions;
  readonly #registry: SignalRegistry;
  readonly #limits: { readonly steps: number };
  readonly #subscribers = new Map<string, Subscriber>();
  readonly #listeners = new Set<() => void>();
  readonly #forget: () => void;
  #version = 0;

  /** Makes an access control in which nobody may see anything. */
  constructor(registry: SignalRegistry, options: AccessOptions) {
    this.#registry = registry;
    this.options = options;
    this.#limits = { steps: options.filterSteps ?? FILTER_STEPS };
    this.#forget = registry.onChange(() => this.#changed());
  }

  /** Stops listening to the registry. */
  close(): void {
    this.#forget();
  }

  /** Grows whenever a right or a signal changes. */
  get version(): number {
    return this.#version;
  }

  /** Calls `listener` after each growth of {@linkcode version}; returns the way to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Sets the rights of subscriber `name`; the same rules as before change nothing.
   *
   * Throws ConfigError with every problem of the rules, its key `allow[0]` or the like; the rights
   * are then as they were.
   */
  setSubscriber(name: string, rules: AccessRules): void {
    const known = this.#subscribers.get(name);
    const text = JSON.stringify([rules.allow, rules.deny]);
    if (known?.text === text) return;
    const { compiled, problems } = compileRules(rules);
    if (problems.length > 0) {
      throw new ConfigError(
        `rules of ${name}`,
        problems.map(({ list, index, message }) => ({
          line: 0,
          column: 0,
          key: `${list}[${index}]`,
          message,
        })),
      );
    }
    const rights = new Rights(compiled, this.#registry, this.options, known?.rights);
    this.#subscribers.set(name, { text, rights });
    this.#changed();
  }

  /** Names of the subscribers that have rules. */
  subscribers(): string[] {
    return [...this.#subscribers.keys()];
  }

  /** Takes all rights of subscriber `name` away. */
  removeSubscriber(name: string): void {
    if (this.#subscribers.delete(name)) this.#changed();
  }

  /**
   * Rights by handle: 1 where the subscriber may see the signal. Nothing for an unknown name.
   *
   * The array belongs to the access control and is replaced, never changed, when rights change;
   * handles beyond its end are not permitted.
   */
  permitted(name: string): Uint8Array {
    return finishSteps(this.permittedSteps(name));
  }

  /**
   * Rights as {@linkcode permitted} gives them, as far as they are worked out: {@linkcode work} does the rest.
   *
   * A few signals are judged at once. Where many have changed they are not permitted until they are judged; where the
   * rules have changed, those before hold until then. The version grows with each part that is worked out.
   */
  permittedNow(name: string): Uint8Array {
    const rights = this.#subscribers.get(name)?.rights;
    rights?.update();
    return rights?.permitted ?? NOTHING;
  }

  /** Works rights out for about a millisecond; false if there is nothing more to do. */
  work(): boolean {
    for (const { rights } of this.#subscribers.values()) {
      if (!rights.isPending) continue;
      if (rights.step()) this.#changed();
      return true;
    }
    return false;
  }

  /** Rules that failed on some signals when rights were last worked out, for the operator's eyes. */
  faults(name: string): readonly RuleFault[] {
    finishSteps(this.permittedSteps(name));
    return this.#subscribers.get(name)?.rights.faults ?? [];
  }

  /**
   * Runs the filter text of a subscription on what `name` may see: other rows do not exist for it.
   *
   * `nowMicros` (microseconds since 1970) is what NOW and UTCNOW give; without it they are errors.
   * Throws FilterError, whose message is fit for the peer.
   */
  select(name: string, filterText: string, nowMicros?: number): Selection {
    return finishSteps(this.selectSteps(this.permitted(name), filterText, nowMicros));
  }

  /**
   * Does what {@linkcode select} does for whoever may see what is `permitted`, in steps of about a millisecond.
   *
   * Throws FilterError from any of them.
   */
  *selectSteps(permitted: Uint8Array, filterText: string, nowMicros?: number): Steps<Selection> {
    const visible = yield* visibleSignalsSteps(this.#registry, permitted);
    const table = yield* viewActiveMeasurementsSteps(this.#registry, visible, this.options);
    const dataSet: DataSetView = { name: "DataSet", tables: [table] };
    const options = { bareTags: true, limits: this.#limits };
    const filter = yield* compileFilterSteps(filterText, dataSet, options);
    const signals: Signal[] = [];
    let count = 0;
    for (const row of yield* filter.selectIndexesSteps(dataSet, filterClock(nowMicros))) {
      const signal = visible[row]!;
      if (this.#registry.revisionOf(signal.handle) !== 0) signals.push(signal); // it is still there
      if (++count % STEP_SIGNALS === 0) yield;
    }
    return { signals, unauthorized: yield* this.#unauthorizedSteps(filter, permitted) };
  }

  /**
   * The four metadata tables, trimmed to what `name` may see and then by the filter of a refresh
   * command: tables that no statement of it is about stay whole. All four are always there, and
   * SchemaVersion keeps its row. Throws FilterError.
   */
  metadata(name: string, refreshFilter = "", nowMicros?: number): DataSet {
    const query = { permitted: this.permitted(name), filter: refreshFilter, nowMicros };
    return dataSetOf(finishSteps(metadataSteps(this.#registry, this.options, query)));
  }

  /** Does what {@linkcode permitted} does, in steps. */
  *permittedSteps(name: string): Steps<Uint8Array> {
    const rights = this.#subscribers.get(name)?.rights;
    if (!rights) return NOTHING;
    for (rights.update(); rights.isPending; rights.update()) {
      if (rights.step()) this.#changed();
      yield;
    }
    return rights.permitted;
  }

  /** GUIDs of the signals that were asked for by name and are not permitted. */
  *#unauthorizedSteps(filter: CompiledFilter, permitted: Uint8Array): Steps<string[]> {
    const wanted = filter.statements.filter((s) => s.kind === "identifier");
    const found = yield* this.#namedSteps(wanted);
    const unauthorized = new Set<string>();
    let count = 0;
    for (const identifier of wanted) {
      if (++count % STEP_SIGNALS === 0) yield;
      const { form, text } = identifier;
      if (form === "guid") {
        const handle = this.#registry.handleOf(text);
        if (handle === undefined || permitted[handle] !== 1) unauthorized.add(text);
        continue;
      }
      const named = found.get(nameOf(identifier)) ?? [];
      if (named.length === 0 || named.some(({ handle }) => permitted[handle] === 1)) continue;
      unauthorized.add(named[0]!.id);
    }
    return [...unauthorized];
  }

  /** The signals of the keys and tags among `identifiers`, whoever may see them. */
  *#namedSteps(identifiers: readonly CompiledIdentifier[]): Steps<Map<string, Signal[]>> {
    const found = new Map<string, Signal[]>();
    for (const identifier of identifiers) {
      if (identifier.form !== "guid") found.set(nameOf(identifier), []);
    }
    if (found.size === 0) return found;
    let count = 0;
    for (const signal of this.#registry.eachSignal()) {
      for (const name of namesOf(signal)) found.get(name)?.push(signal);
      if (++count % STEP_SIGNALS === 0) yield;
    }
    return found;
  }

  #changed(): void {
    this.#version++;
    for (const listener of this.#listeners) listener();
  }
}

/**
 * The table ActiveMeasurements of all present signals, or of those that are permitted (by handle),
 * with all columns of section 12.4 of the STTP specification.
 */
export function activeMeasurements(
  registry: SignalRegistry,
  nodeId: string,
  permitted?: Uint8Array,
): DataTable {
  const signals = registry.signals().filter(({ handle }) =>
    permitted === undefined || permitted[handle] === 1
  );
  return activeMeasurementsOf(registry, signals, { nodeId });
}

interface Subscriber {
  readonly text: string;
  readonly rights: Rights;
}

const NOTHING = new Uint8Array(0);
