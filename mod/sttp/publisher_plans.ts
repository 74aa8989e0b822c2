/**
 * Plans: which values of a layout go to a subscriber under which signal index, worked out once per layout.
 *
 * A plan is where rights are enforced: it holds no value that is not permitted at this moment,
 * whatever cache the subscriber has confirmed. It is made anew when cache or rights change.
 *
 * @module
 */
import type { Layout } from "../core/mod.ts";
import type { IndexedSelection, PublishedCache } from "./publisher_caches.ts";

/** What becomes of each frame of one layout. */
export interface Plan {
  /** Positions of the values that are sent, in the order of the layout. */
  readonly positions: Int32Array;
  /** Signal index of each of them. */
  readonly indexes: Int32Array;
  /** Values that the subscription is about: sent, and the two numbers below. */
  readonly offered: number;
  /** Values that are withheld because the subscriber has no right to them now. */
  readonly withheld: number;
  /** Values that are permitted and not yet in the cache that is in use. */
  readonly uncached: number;
}

/** Layouts that are remembered; more than a gateway has at a time, so old ones go now and then. */
const MAX_LAYOUTS = 4096;

/** The plans of one session. */
export class Plans {
  #interest = new Uint8Array(0);
  #indexes: Int32Array = new Int32Array(0);
  #permitted: Uint8Array = new Uint8Array(0);
  #plans = new Map<number, Plan>();
  #counts = new Map<number, number>();

  /** How many values of a layout the subscription is about. */
  offered(layout: Layout): number {
    let count = this.#counts.get(layout.id);
    if (count === undefined) {
      count = countInterest(layout, this.#interest);
      if (this.#counts.size >= MAX_LAYOUTS) this.#counts.clear();
      this.#counts.set(layout.id, count);
    }
    return count;
  }

  /** The plan of a layout under the cache and the rights of this moment. */
  planFor(layout: Layout): Plan {
    let plan = this.#plans.get(layout.id);
    if (plan === undefined) {
      plan = this.#make(layout);
      if (this.#plans.size >= MAX_LAYOUTS) this.#plans.clear();
      this.#plans.set(layout.id, plan);
    }
    return plan;
  }

  /** True if the subscription is about the signal. */
  interestedIn(handle: number): boolean {
    return this.#interest[handle] === 1;
  }

  /** True if the subscriber may have the signal now. */
  permits(handle: number): boolean {
    return this.#permitted[handle] === 1;
  }

  /** The signal index in the cache in use, or -1. */
  indexOf(handle: number): number {
    return this.#indexes[handle] ?? -1;
  }

  /** Sets what is permitted: 1 by handle. */
  setPermitted(permitted: Uint8Array): void {
    this.#permitted = permitted;
    this.#plans.clear();
  }

  /**
   * Sets the cache in use and the selections that the subscription is about.
   *
   * `changed` is called once with a function that tells, by layout, how many values joined the
   * subscription and how many left it, so that what is queued can be booked.
   */
  setCache(
    cache: PublishedCache | undefined,
    selections: readonly (IndexedSelection | undefined)[],
    changed: (joinedAndLeft: (layout: Layout) => readonly [number, number]) => void,
  ): void {
    this.#indexes = cache?.indexes ?? new Int32Array(0);
    this.#plans.clear();
    const before = this.#interest;
    this.#interest = union(selections);
    this.#counts.clear();
    const after = this.#interest;
    const known = new Map<number, readonly [number, number]>();
    changed((layout) => {
      let pair = known.get(layout.id);
      if (!pair) known.set(layout.id, pair = difference(layout, before, after));
      return pair;
    });
  }

  #make(layout: Layout): Plan {
    const { handles } = layout;
    const positions = new Int32Array(handles.length);
    const indexes = new Int32Array(handles.length);
    let sent = 0, withheld = 0, uncached = 0;
    for (let i = 0; i < handles.length; i++) {
      const handle = handles[i]!;
      if (this.#interest[handle] !== 1) continue;
      const index = this.indexOf(handle);
      if (this.#permitted[handle] !== 1) withheld++;
      else if (index < 0) uncached++;
      else {
        positions[sent] = i;
        indexes[sent++] = index;
      }
    }
    return {
      positions: positions.slice(0, sent),
      indexes: indexes.slice(0, sent),
      offered: sent + withheld + uncached,
      withheld,
      uncached,
    };
  }
}

function union(selections: readonly (IndexedSelection | undefined)[]): Uint8Array<ArrayBuffer> {
  const set = new Uint8Array(Math.max(0, ...selections.map((s) => s?.indexes.length ?? 0)));
  for (const selection of new Set(selections)) {
    if (!selection) continue;
    const { indexes } = selection;
    for (let handle = 0; handle < indexes.length; handle++) {
      if (indexes[handle]! >= 0) set[handle] = 1;
    }
  }
  return set;
}

function countInterest(layout: Layout, interest: Uint8Array): number {
  let count = 0;
  for (const handle of layout.handles) if (interest[handle] === 1) count++;
  return count;
}

function difference(
  layout: Layout,
  before: Uint8Array,
  after: Uint8Array,
): readonly [number, number] {
  let joined = 0, left = 0;
  for (const handle of layout.handles) {
    const was = before[handle] === 1, is = after[handle] === 1;
    if (is && !was) joined++;
    if (was && !is) left++;
  }
  return [joined, left];
}
