/**
 * Notifications of one subscriber: kept until it confirms them, over all its connections (specs/sttp.md 11.2).
 *
 * @module
 */
import type { Notification } from "./notify.ts";

/** Bounds of a {@linkcode NotificationStore}. */
export interface NotificationLimits {
  /** Most notifications that are kept; default 256. */
  readonly count?: number;
  /** Most bytes of text that are kept, two for each UTF-16 unit; default 131,072. */
  readonly bytes?: number;
}

const MAX_COUNT = 256;
const MAX_BYTES = 131_072;

/** What a subscriber has not confirmed, oldest first; the oldest give way when there is too much. */
export class NotificationStore {
  /** Notifications that were added. */
  added = 0;
  /** Notifications that were confirmed. */
  confirmed = 0;
  /** Notifications that gave way before they were confirmed, or were too long to be taken. */
  dropped = 0;
  readonly #maxCount: number;
  readonly #maxBytes: number;
  readonly #kept = new Map<number, { readonly number: number; readonly text: string }>();
  #bytes = 0;

  /** Starts empty. */
  constructor(limits: NotificationLimits = {}) {
    this.#maxCount = limits.count ?? MAX_COUNT;
    this.#maxBytes = limits.bytes ?? MAX_BYTES;
  }

  /** Notifications that wait for confirmation. */
  get size(): number {
    return this.#kept.size;
  }

  /** Bytes of their texts. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a message; false if it is longer than all that may be kept. */
  add(text: string): boolean {
    const number = ++this.added;
    if (bytesOf(text) > this.#maxBytes) {
      this.dropped++;
      return false;
    }
    this.#kept.set(hashOf(number), { number, text });
    this.#bytes += bytesOf(text);
    while (this.#kept.size > this.#maxCount || this.#bytes > this.#maxBytes) {
      this.dropped++;
      this.#remove(this.#kept.keys().next().value!); // more than one is kept here
    }
    return true;
  }

  /** The subscriber has confirmed a hash; others than those that wait are ignored. */
  confirm(hash: number): void {
    if (this.#remove(hash)) this.confirmed++;
  }

  /** Visits all that wait and were added after number `after`; returns the number of the newest. */
  sendAfter(after: number, send: (notification: Notification) => void): number {
    for (const [hash, { number, text }] of this.#kept) {
      if (number > after) send({ hash, text });
    }
    return this.added;
  }

  #remove(hash: number): boolean {
    const known = this.#kept.get(hash);
    if (!known) return false;
    this.#bytes -= bytesOf(known.text);
    return this.#kept.delete(hash);
  }
}

/**
 * A number of 28 bits, seven in each byte: Python clients decode the hash as UTF-8 text (11.2).
 *
 * It comes again after 268 million notifications, when nobody remembers the first.
 */
function hashOf(number: number): number {
  const seven = (shift: number) => (number >>> shift) & 0x7f;
  return (seven(21) << 24) | (seven(14) << 16) | (seven(7) << 8) | seven(0);
}

function bytesOf(text: string): number {
  return 2 * text.length;
}
