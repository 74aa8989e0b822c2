/**
 * Metadata for subscribers: trimmed to their rights, made once per set of rights and kept.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { type Clock, DecodeError, type SignalRegistry } from "../../core/mod.ts";
import { inTurns } from "../../os/mod.ts";
import type { MetadataRequest } from "../../sttp/mod.ts";
import { MetadataCache } from "./metadata_cache.ts";
import { digestPermitted } from "./metadata_digest.ts";
import type { MetadataMaker } from "./metadata_maker.ts";
import type { Subscriber, SubscriberAccess } from "./subscriber.ts";

/** Times that a document is made again because rights have changed meanwhile. */
const MAX_ATTEMPTS = 3;
/** How long a document with a filter is given out again: a filter may ask what time it is. */
const FILTERED_LIFE_MS = 10_000;

/** What metadata need. */
export interface SttpMetadataContext {
  /** Signals and devices. */
  readonly registry: SignalRegistry;
  /** Rights. */
  readonly access: SubscriberAccess;
  /** Makes documents. */
  readonly maker: MetadataMaker;
  /** The time. */
  readonly clock: Clock;
}

/** Answers requests for metadata, and tells when an answer would come out different. */
export class SttpMetadata {
  readonly #context: SttpMetadataContext;
  readonly #cache: MetadataCache;
  readonly #rightsNames = new WeakMap<Uint8Array, string>();

  /** Has no documents yet. */
  constructor(context: SttpMetadataContext) {
    this.#context = context;
    this.#cache = new MetadataCache(context.clock);
  }

  /** The document that answers a request; rejects with an error whose message is for the subscriber. */
  async document(subscriber: Subscriber, request: MetadataRequest): Promise<Uint8Array> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const permitted = await inTurns(subscriber.permittedSteps());
      const document = await this.#make(subscriber, permitted, request);
      // What was revoked while it was made is not to be told.
      if (subscriber.rights.permitted() === permitted) return document;
      if (
        this.#nameRights(await inTurns(subscriber.permittedSteps())) === this.#nameRights(permitted)
      ) {
        return document;
      }
    }
    throw new DecodeError("busy", "Metadata are changing: ask again in a few seconds.");
  }

  /** Subscribers with the same rights that ask the same share a document, also while it is made. */
  #make(
    { work }: Subscriber,
    permitted: Uint8Array,
    request: MetadataRequest,
  ): Promise<Uint8Array> {
    const { access, maker } = this.#context;
    const { filter, encoding, gzip, external, internal } = request;
    const isFiltered = filter !== "";
    if (isFiltered) work.check();
    const variant = JSON.stringify([
      this.#nameRights(permitted),
      encoding,
      gzip,
      external,
      internal,
      filter,
    ]);
    return this.#cache.get(
      { version: access.version, variant, lifeMs: isFiltered ? FILTERED_LIFE_MS : undefined },
      () => maker.make(permitted, request, (filterMs) => isFiltered && work.charge(filterMs)),
    );
  }

  /** A name for a set of rights; the array is replaced, never changed, so that it is worked out once. */
  #nameRights(permitted: Uint8Array): string {
    let name = this.#rightsNames.get(permitted);
    if (name === undefined) {
      name = createHash("sha256").update(permitted).digest("base64");
      this.#rightsNames.set(permitted, name);
    }
    return name;
  }

  /** A number that changes when the metadata that a subscriber can see changes. */
  digest(subscriber: Subscriber): number {
    return digestPermitted(this.#context.registry, subscriber.rights.permitted());
  }
}
