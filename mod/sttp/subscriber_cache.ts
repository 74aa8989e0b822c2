/**
 * A signal index cache as a subscriber uses it: which signal an index of a packet stands for.
 *
 * @module
 */
import type { CacheRecord, SignalIndexCache } from "./signal_index_cache.ts";

/** Indexes below this are found through an array, others through a map. */
const DENSE_INDEXES = 1 << 18;

/** One received cache. Never changes: a change of signals makes a new one. */
export class SubscriberCache {
  /** Slot: 0 even, 1 odd. */
  readonly cacheIndex: 0 | 1;
  /** GUID of the subscriber, chosen by the publisher. */
  readonly subscriberId: string;
  /** The signals. */
  readonly records: readonly CacheRecord[];
  /** GUIDs of signals that were asked for and are not permitted. */
  readonly unauthorized: readonly string[];
  readonly #dense: Int32Array;
  readonly #sparse = new Map<number, number>();

  /** Takes a decoded cache. */
  constructor(cacheIndex: 0 | 1, cache: SignalIndexCache) {
    this.cacheIndex = cacheIndex;
    this.subscriberId = cache.subscriberId;
    this.records = cache.records;
    this.unauthorized = cache.unauthorized;
    let highest = -1;
    for (const { signalIndex } of cache.records) {
      if (signalIndex < DENSE_INDEXES && signalIndex > highest) highest = signalIndex;
    }
    this.#dense = new Int32Array(highest + 1).fill(-1);
    cache.records.forEach(({ signalIndex }, position) => {
      if (signalIndex < DENSE_INDEXES) this.#dense[signalIndex] = position;
      else this.#sparse.set(signalIndex, position);
    });
  }

  /** Position in `records` of a signal index of a packet; -1 if it is not in this cache. */
  positionOf(signalIndex: number): number {
    if (signalIndex >= 0 && signalIndex < this.#dense.length) return this.#dense[signalIndex]!;
    return this.#sparse.get(signalIndex) ?? -1;
  }

  /** GUID of a signal index of a packet, or undefined if it is not in this cache. */
  signalIdOf(signalIndex: number): string | undefined {
    return this.records[this.positionOf(signalIndex)]?.signalId;
  }
}
