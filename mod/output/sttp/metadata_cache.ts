/**
 * Metadata documents, made once and kept as long as the rights stay as they are.
 *
 * @module
 */
import type { Clock } from "../../core/mod.ts";

/** What a document depends on. */
export interface MetadataKey {
  /** Version of rights and signals. */
  readonly version: number;
  /** All else that it depends on: rights, filter, form. */
  readonly variant: string;
  /** How long it may be given out, in milliseconds; as long as the version holds if left out. */
  readonly lifeMs?: number | undefined;
}

const MAX_DOCUMENTS = 64;
const MAX_BYTES = 32 * 1024 * 1024;

interface Entry {
  readonly document: Promise<Uint8Array>;
  /** Until when it is given out; while it is made it always is. */
  untilMs: number;
  /** Size, 0 while it is made. */
  bytes: number;
}

/** Keeps documents by key; those of an older version go at once, else those that were made first. */
export class MetadataCache {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  #version = NaN;
  #bytes = 0;

  /** Keeps nothing yet. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Bytes of the documents that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The document of `key`, which `make` makes if it is not there; what that rejects with is not kept. */
  get(key: MetadataKey, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    if (key.version !== this.#version) this.#clear();
    this.#version = key.version;
    const known = this.#entries.get(key.variant);
    if (known && this.#clock.monotonicMs() < known.untilMs) return known.document;
    this.#remove(key.variant);
    const entry: Entry = { document: make(), untilMs: Infinity, bytes: 0 };
    this.#entries.set(key.variant, entry);
    this.#shrink();
    const isKept = () => this.#entries.get(key.variant) === entry;
    entry.document.then((document) => {
      entry.untilMs = this.#clock.monotonicMs() + (key.lifeMs ?? Infinity);
      if (!isKept()) return;
      entry.bytes = document.length;
      this.#bytes += document.length;
      this.#shrink();
    }, () => {
      if (isKept()) this.#remove(key.variant);
    });
    return entry.document;
  }

  #shrink(): void {
    for (const variant of this.#entries.keys()) {
      if (this.#entries.size <= MAX_DOCUMENTS && this.#bytes <= MAX_BYTES) return;
      this.#remove(variant);
    }
  }

  #remove(variant: string): void {
    this.#bytes -= this.#entries.get(variant)?.bytes ?? 0;
    this.#entries.delete(variant);
  }

  #clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }
}
