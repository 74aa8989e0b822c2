/**
 * How a subscriber's session reads a signal index cache: in steps, since one of 100,000 signals takes 50 ms.
 *
 * Data of the cache before go on meanwhile. What needs the new one waits for nothing: it has the rest read at once.
 *
 * @module
 */
import type { Steps } from "../core/mod.ts";
import { effectiveCompression } from "./operational_modes.ts";
import { decodeCachePayloadSteps } from "./signal_index_cache.ts";
import { SubscriberCache } from "./subscriber_cache.ts";
import type { SubscriberSessionState } from "./subscriber_session_state.ts";

/** Steps that are done in the call that brings a cache: enough for a few thousand signals. */
const IMMEDIATE_STEPS = 4;
/** Signals of a cache that are kept unless told otherwise. */
const MAX_SIGNALS = 500_000;

/** Reads one cache at a time. */
export class CacheReader {
  readonly #session: SubscriberSessionState;
  readonly #taken: (cache: SubscriberCache) => void;
  #steps: Steps<SubscriberCache> | undefined;
  #cacheIndex: 0 | 1 = 0;

  /** Calls `taken` with each cache that was read. */
  constructor(session: SubscriberSessionState, taken: (cache: SubscriberCache) => void) {
    this.#session = session;
    this.#taken = taken;
  }

  /** True while a cache is read. */
  get isReading(): boolean {
    return this.#steps !== undefined;
  }

  /** Begins to read a payload, which is lent; a cache that is still read comes first. Throws DecodeError. */
  begin(payload: Uint8Array): void {
    this.finish();
    const { modes, options } = this.#session;
    this.#cacheIndex = modes.version >= 2 && payload[0] !== 0 ? 1 : 0;
    this.#steps = this.#readSteps(payload, {
      version: modes.version,
      gzip: effectiveCompression(modes).signalIndexCache,
      encoding: modes.encoding,
      maxSignals: options.maxSignals ?? MAX_SIGNALS,
    });
    for (let n = 0; n < IMMEDIATE_STEPS && this.#steps; n++) this.step();
  }

  /** Reads for about a millisecond; true if there is more to read. Throws DecodeError. */
  step(): boolean {
    const steps = this.#steps;
    if (!steps) return false;
    this.#steps = undefined; // should the cache be unreadable
    const { done, value } = steps.next();
    if (done) {
      this.#taken(value);
      return false;
    }
    this.#steps = steps;
    return true;
  }

  /** Reads what is left at once. Throws DecodeError. */
  finish(): void {
    while (this.step());
  }

  /** Reads what is left at once if data of a slot are about to be decoded with it. Throws DecodeError. */
  finishFor(cacheIndex: 0 | 1): void {
    if (this.#cacheIndex === cacheIndex || this.#session.options.useNewestCache) this.finish();
  }

  /** Forgets what is read. */
  drop(): void {
    this.#steps = undefined;
  }

  *#readSteps(
    payload: Uint8Array,
    format: Parameters<typeof decodeCachePayloadSteps>[1],
  ): Steps<SubscriberCache> {
    const { cacheIndex, cache: decoded } = yield* decodeCachePayloadSteps(payload, format);
    yield;
    const cache = new SubscriberCache(cacheIndex, decoded);
    const { events } = this.#session;
    if (events.prepareCache) yield* events.prepareCache(cache);
    return cache;
  }
}
