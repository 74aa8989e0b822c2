/**
 * The rights of one subscriber, signal by signal, and how they follow what changes.
 *
 * A verdict holds until the signal or its device changes. What is to be judged is judged in steps where it is much, so
 * that a hundred thousand signals do not hold up data; until then a signal that has changed is not permitted.
 *
 * @module
 */
import type { Signal, SignalRegistry } from "../core/mod.ts";
import { type CompiledRules, indexNames } from "./rules.ts";
import { viewActiveMeasurements } from "./active_measurements.ts";
import type { RuleFault, TableOptions } from "./types.ts";

/** Signals that are judged in one step: about a millisecond. */
const STEP_SIGNALS = 400;

/** Rights worked out on the signals of a registry. */
export class Rights {
  readonly #registry: SignalRegistry;
  readonly #options: TableOptions;
  readonly #rules: CompiledRules;
  readonly #faults = new Map<string, FaultyRule>();
  /** By handle: the revision of the signal that was judged. */
  #judged: Float64Array = new Float64Array(0);
  /** By handle: 1 where it was judged to be permitted. */
  #verdicts: Uint8Array = new Uint8Array(0);
  #published: Uint8Array = new Uint8Array(0);
  /** What holds until these rules are worked out: the rights of those before. */
  #held: Verdicts | undefined;
  #registryVersion = NaN;
  /** Handles that are still to be judged, from `#next` on. */
  #pending: Int32Array = NOTHING_PENDING;
  #next = 0;
  #publishAt = 0;

  /** Rights by `rules`; `before` are those that hold until they are worked out. */
  constructor(
    rules: CompiledRules,
    registry: SignalRegistry,
    options: TableOptions,
    before?: Rights,
  ) {
    this.#rules = rules;
    this.#registry = registry;
    this.#options = options;
    this.#held = before === undefined ? undefined : before.#effective();
  }

  /** 1 by handle where the signal is permitted, as far as that is worked out; replaced, never changed. */
  get permitted(): Uint8Array {
    return this.#published;
  }

  /** True while signals are to be judged. */
  get isPending(): boolean {
    return this.#next < this.#pending.length;
  }

  /** Rules that failed on signals that are present. */
  get faults(): RuleFault[] {
    return [...this.#faults.values()]
      .filter(({ handles }) => handles.size > 0)
      .map(({ list, index, handles, message }) => ({
        list,
        index,
        signals: handles.size,
        message,
      }));
  }

  /** Takes note of what has changed in the registry; a few signals are judged at once. */
  update(): void {
    const registry = this.#registry;
    if (registry.version === this.#registryVersion) return;
    this.#registryVersion = registry.version;
    const { size } = registry;
    if (size > this.#judged.length) {
      const judged = new Float64Array(size), verdicts = new Uint8Array(size);
      judged.set(this.#judged);
      verdicts.set(this.#verdicts);
      this.#judged = judged;
      this.#verdicts = verdicts;
    }
    const published = new Uint8Array(size);
    // What is permitted now is judged first: it may have to stop.
    const granted: number[] = [], others: number[] = [];
    for (let handle = 0; handle < size; handle++) {
      const revision = registry.revisionOf(handle);
      if (revision === this.#judged[handle]) {
        published[handle] = this.#verdicts[handle]!;
        continue;
      }
      this.#forget(handle);
      if (revision === 0) continue;
      const holds = this.#held?.revisions[handle] === revision &&
        this.#held.verdicts[handle] === 1;
      if (holds) published[handle] = 1;
      (holds ? granted : others).push(handle);
    }
    this.#published = published;
    this.#pending = Int32Array.from([...granted, ...others]);
    this.#next = 0;
    this.#publishAt = granted.length;
    if (this.#pending.length <= STEP_SIGNALS && this.isPending) this.step();
  }

  /** Judges some more; true if `permitted` was replaced. */
  step(): boolean {
    if (!this.isPending) return false;
    // The verdicts on what was permitted are published by themselves, and the rest at the end.
    const goal = this.#next < this.#publishAt ? this.#publishAt : this.#pending.length;
    const end = Math.min(this.#next + STEP_SIGNALS, goal);
    this.#judge(this.#pending.subarray(this.#next, end));
    this.#next = end;
    if (end < goal) return false;
    this.#held = undefined; // all that was granted by it has been judged
    if (!this.isPending) this.#pending = NOTHING_PENDING;
    this.#publish();
    return true;
  }

  /** Every verdict with the revision of its signal, those that are only held included. */
  #effective(): Verdicts {
    const revisions = this.#judged.slice(), verdicts = this.#verdicts.slice();
    const held = this.#held;
    for (let handle = 0; held && handle < held.revisions.length; handle++) {
      if (handle < revisions.length && revisions[handle] === 0) {
        revisions[handle] = held.revisions[handle]!;
        verdicts[handle] = held.verdicts[handle]!;
      }
    }
    return { revisions, verdicts };
  }

  #publish(): void {
    const published = new Uint8Array(this.#verdicts.length);
    for (let handle = 0; handle < published.length; handle++) {
      if (this.#registry.revisionOf(handle) === this.#judged[handle]) {
        published[handle] = this.#verdicts[handle]!;
      }
    }
    this.#published = published;
  }

  #judge(handles: Int32Array): void {
    const signals: Signal[] = [];
    for (const handle of handles) {
      const signal = this.#registry.get(handle);
      if (signal && this.#registry.revisionOf(handle) !== 0) signals.push(signal);
    }
    const table = viewActiveMeasurements(this.#registry, signals, this.#options);
    const rows = this.#rules.permittedRows(table, indexNames(signals), (fault, row) => {
      const key = `${fault.list} ${fault.index}`;
      let faulty = this.#faults.get(key);
      if (!faulty) this.#faults.set(key, faulty = { ...fault, handles: new Set() });
      faulty.handles.add(signals[row]!.handle);
    });
    signals.forEach(({ handle }, row) => {
      this.#verdicts[handle] = rows[row]!;
      this.#judged[handle] = this.#registry.revisionOf(handle);
    });
  }

  #forget(handle: number): void {
    this.#judged[handle] = 0;
    this.#verdicts[handle] = 0;
    for (const { handles } of this.#faults.values()) handles.delete(handle);
  }
}

/** By handle: revision of the signal that was judged, and 1 where it is permitted. */
interface Verdicts {
  readonly revisions: Float64Array;
  readonly verdicts: Uint8Array;
}

interface FaultyRule {
  readonly list: "allow" | "deny";
  readonly index: number;
  readonly message: string;
  readonly handles: Set<number>;
}

const NOTHING_PENDING = new Int32Array(0);
