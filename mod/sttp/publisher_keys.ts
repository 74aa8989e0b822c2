/**
 * Rotation of the cipher keys of a publisher's session (specs/sttp.md 10.3).
 *
 * No client confirms keys, and one that decrypts with the wrong key reads garbage. So a new set goes
 * into the slot that is not in use, is used a second after it has left, and the slot before it is
 * left alone for another second, for datagrams that are still on their way.
 *
 * @module
 */
import type { CipherKey, CipherKeys } from "./cipher_keys.ts";

/** Time between sending a key set and using it, and between the end of its use and its replacement. */
export const KEY_SETTLE_MS = 1000;

/** What a rotation needs. */
export interface KeyRotationOptions {
  /** Gives a fresh random key set at each call. */
  readonly source: () => CipherKey;
  /** Period of the rotation by time, in milliseconds. */
  readonly periodMs: number;
  /** Sends a key set to the subscriber. */
  readonly send: (keys: CipherKeys) => void;
  /** True when the network has taken all that was sent. */
  readonly flushed: () => boolean;
}

/** The keys of one connection. */
export class KeyRotation {
  /** Key sets that were renewed, the first two not counted. */
  rotations = 0;
  readonly #options: KeyRotationOptions;
  #keys: CipherKeys;
  #begun = false;
  #settled = false;
  #switching = false;
  #atMs = Infinity; // when the keys that were sent last may be used
  #freeMs = Infinity; // when the slot that is not in use may be renewed
  #dueMs = Infinity;
  #wanted = false;
  #commandMs = -Infinity;
  #answer: (() => void) | undefined;

  /** Makes two key sets; nothing is sent yet. */
  constructor(options: KeyRotationOptions) {
    this.#options = options;
    this.#keys = { activeIndex: 0, even: options.source(), odd: options.source() };
  }

  /** The keys, and which set is in use. */
  get keys(): CipherKeys {
    return this.#keys;
  }

  /** True when the subscriber has had time to take the first keys: nothing may be sent before. */
  get settled(): boolean {
    return this.#settled;
  }

  /** A signal index cache was sent: sends keys too, new ones where that is safe. */
  cacheSent(nowMs: number): void {
    if (!this.#begun) {
      this.#begun = true;
      this.#atMs = nowMs + KEY_SETTLE_MS;
      this.#dueMs = nowMs + this.#options.periodMs;
      this.#options.send(this.#keys);
      return;
    }
    this.#wanted = true;
    if (!this.#renewIfFree(nowMs)) this.#options.send(this.#keys);
  }

  /**
   * The subscriber wants new keys; `answer` is called when they were sent. False if it asks more
   * than once per second, or while an earlier request waits.
   */
  request(nowMs: number, answer: () => void): boolean {
    if (this.#answer || nowMs - this.#commandMs < KEY_SETTLE_MS) return false;
    this.#commandMs = nowMs;
    this.#answer = answer;
    this.#wanted = true;
    this.#renewIfFree(nowMs);
    return true;
  }

  /** Uses new keys when they have settled, and renews the others when it is time. */
  tick(nowMs: number): void {
    if (!this.#begun) return;
    if (this.#atMs !== Infinity && !this.#options.flushed()) this.#atMs = nowMs + KEY_SETTLE_MS;
    if (nowMs >= this.#atMs) {
      this.#atMs = Infinity;
      this.#settled = true;
      this.#freeMs = nowMs + (this.#switching ? KEY_SETTLE_MS : 0);
      if (this.#switching) {
        this.#switching = false;
        this.#keys = { ...this.#keys, activeIndex: this.#keys.activeIndex === 0 ? 1 : 0 };
      }
    }
    if (nowMs >= this.#dueMs) this.#wanted = true;
    this.#renewIfFree(nowMs);
  }

  #renewIfFree(nowMs: number): boolean {
    if (!this.#wanted || nowMs < this.#freeMs) return false;
    const { source, periodMs, send } = this.#options;
    this.#wanted = false;
    this.#freeMs = Infinity;
    this.#dueMs = nowMs + periodMs;
    this.#atMs = nowMs + KEY_SETTLE_MS;
    this.#switching = true;
    this.rotations++;
    const fresh = source();
    this.#keys = this.#keys.activeIndex === 0
      ? { ...this.#keys, odd: fresh }
      : { ...this.#keys, even: fresh };
    send(this.#keys);
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.();
    return true;
  }
}
