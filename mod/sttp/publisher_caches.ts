/**
 * The publisher's side of the two signal index caches and their hand-over (specs/sttp.md 6.3 and 6.4).
 *
 * @module
 */
import type { Signal } from "../core/mod.ts";

/** What a subscriber is to see: the signals in the order of their indexes. */
export interface Selection {
  /** Signals that it gets. */
  readonly signals: readonly Signal[];
  /** GUIDs of signals that it asked for by name and may not see. */
  readonly unauthorized: readonly string[];
}

/** A selection with the numbers that its signals get. */
export interface IndexedSelection {
  /** What the subscriber is to see. */
  readonly selection: Selection;
  /** Signal index by handle, -1 where the signal is not in the cache. */
  readonly indexes: Int32Array;
}

/** A selection with what its cache is sent as. */
export interface PreparedSelection extends IndexedSelection {
  /** The cache as it is sent, without its index. */
  readonly content: Uint8Array;
}

/** A cache that was sent to a subscriber. */
export interface PublishedCache extends IndexedSelection {
  /** Cache index, 0 even or 1 odd; always 0 for protocol version 1. */
  readonly cacheIndex: 0 | 1;
}

/**
 * Hands over from one cache to the next: data follow the old one until the new one is confirmed.
 *
 * Each subscription has its own. A confirmation that is still on its way for a cache of the
 * subscription before is taken for the first one of this; that is safe, since on TCP the subscriber
 * has that cache before any data for it.
 */
export class CacheHandover {
  /** The cache that data packets refer to; undefined before the first confirmation. */
  current: PublishedCache | undefined;
  /** The cache that was sent and is not confirmed. */
  next: PublishedCache | undefined;
  /**
   * True while no cache may be sent, because datagrams of the slot's earlier cache may be on their way.
   */
  held = false;
  #pending: PreparedSelection | undefined;
  #lastIndex: 0 | 1;
  readonly #send: SendCache;

  /** Sends caches through `send`; the first gets the other index than `lastIndex`. */
  constructor(send: SendCache, lastIndex: 0 | 1) {
    this.#send = send;
    this.#lastIndex = lastIndex;
  }

  /** Index of the newest cache that was sent. */
  get lastIndex(): 0 | 1 {
    return this.#lastIndex;
  }

  /** The newest selection, sent or waiting to be sent. */
  get newest(): IndexedSelection | undefined {
    return this.#pending ?? this.next ?? this.current;
  }

  /** Wants a new cache; `immediate` is protocol version 1. True if it is in use at once. */
  propose(prepared: PreparedSelection, immediate: boolean): boolean {
    if (immediate) {
      const cache = published(prepared, 0);
      this.#send(cache, prepared.content);
      this.current = cache;
      return true;
    }
    if (this.next || this.held) this.#pending = prepared;
    else this.#sendNext(prepared);
    return false;
  }

  /** The subscriber has confirmed; true if a cache became the current one. */
  confirm(): boolean {
    const next = this.next;
    if (!next) return false;
    this.current = next;
    this.next = undefined;
    this.#sendPending();
    return true;
  }

  /** Caches may be sent again. */
  release(): void {
    this.held = false;
    if (!this.next) this.#sendPending();
  }

  #sendPending(): void {
    const pending = this.#pending;
    if (!pending || this.held) return;
    this.#pending = undefined;
    this.#sendNext(pending);
  }

  #sendNext(prepared: PreparedSelection): void {
    this.#lastIndex = this.#lastIndex === 0 ? 1 : 0;
    const cache = published(prepared, this.#lastIndex);
    this.next = cache;
    this.#send(cache, prepared.content);
  }
}

/** Sends a cache, whose content is given as {@linkcode PreparedSelection} has it. */
export type SendCache = (cache: PublishedCache, content: Uint8Array) => void;

/** True if both selections make the same cache. */
export function sameSelection(a: Selection, b: Selection): boolean {
  return a.signals.length === b.signals.length &&
    a.unauthorized.length === b.unauthorized.length &&
    a.signals.every((s, i) => sameRecord(s, b.signals[i]!)) &&
    a.unauthorized.every((id, i) => id === b.unauthorized[i]);
}

function sameRecord(a: Signal, b: Signal): boolean {
  return a === b ||
    a.handle === b.handle && a.id === b.id && a.source === b.source && a.number === b.number;
}

/** The cache of a selection, which does not keep what it was sent as. */
function published(
  { selection, indexes }: PreparedSelection,
  cacheIndex: 0 | 1,
): PublishedCache {
  return { cacheIndex, selection, indexes };
}
