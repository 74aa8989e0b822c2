/**
 * What goes wrong on the way from a simulated PMU: loss, corruption, delay, order.
 *
 * @module
 */
import type { Impairments } from "./options.ts";

/** A data frame on its way out. */
export interface OutgoingFrame {
  /** The frame, shared by all receivers. */
  readonly bytes: Uint8Array;
  /** Second of the slot. */
  readonly second: number;
  /** Index of the slot. */
  readonly index: number;
  /** SOC as sent. */
  readonly soc: number;
  /** Fraction count as sent. */
  readonly fracSec: number;
  /** Time quality byte as sent. */
  readonly timeQuality: number;
}

/** What became of a frame. */
export type Fate = "sent" | "corrupt" | "lost" | "duplicate";

/** Passes frames on as the impairments say; random by a seed of its own. */
export class ImpairedPath {
  readonly #send: (frame: OutgoingFrame, bytes: Uint8Array, fate: Fate) => void;
  readonly #nowMs: () => number;
  readonly #i: Impairments;
  readonly #burst: OutgoingFrame[] = [];
  readonly #delayed: { frame: OutgoingFrame; dueMs: number }[] = [];
  #held: OutgoingFrame | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #random: number;
  /** Frames that were sent after their successor. */
  reordered = 0;

  /** Sends through `send`, which is called in the order in which frames leave. */
  constructor(
    impairments: Impairments,
    seed: number,
    nowMs: () => number,
    send: (frame: OutgoingFrame, bytes: Uint8Array, fate: Fate) => void,
  ) {
    this.#i = impairments;
    this.#random = seed | 1;
    this.#nowMs = nowMs;
    this.#send = send;
  }

  /** Takes a frame at its slot. */
  push(frame: OutgoingFrame): void {
    const size = this.#i.burst ?? 1;
    if (size <= 1) return this.#delay(frame);
    this.#burst.push(frame);
    if (this.#burst.length >= size) {
      for (const each of this.#burst.splice(0)) this.#delay(each);
    }
  }

  /** Throws away what is held back. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#held = undefined;
    this.#burst.length = 0;
    this.#delayed.length = 0;
  }

  #delay(frame: OutgoingFrame): void {
    const latency = this.#i.latencyMs ?? 0, jitter = this.#i.jitterMs ?? 0;
    if (latency <= 0 && jitter <= 0) return this.#order(frame);
    const due = this.#nowMs() + latency + jitter * this.#uniform();
    // Order is kept: a frame never leaves before one that was made earlier.
    const last = this.#delayed.at(-1)?.dueMs ?? 0;
    this.#delayed.push({ frame, dueMs: Math.max(due, last) });
    this.#arm();
  }

  #arm(): void {
    const next = this.#delayed[0];
    if (this.#timer !== undefined || !next) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const now = this.#nowMs();
      while (this.#delayed.length > 0 && this.#delayed[0]!.dueMs <= now) {
        this.#order(this.#delayed.shift()!.frame);
      }
      this.#arm();
    }, Math.max(0, Math.ceil(next.dueMs - this.#nowMs())));
  }

  #order(frame: OutgoingFrame): void {
    if (this.#held) {
      const held = this.#held;
      this.#held = undefined;
      this.#damage(frame);
      this.#damage(held);
      this.reordered++;
      return;
    }
    if (this.#hit(this.#i.reorder)) {
      this.#held = frame;
      return;
    }
    this.#damage(frame);
  }

  #damage(frame: OutgoingFrame): void {
    if (this.#hit(this.#i.loss)) {
      this.#send(frame, frame.bytes, "lost");
      return;
    }
    if (this.#hit(this.#i.corrupt)) {
      const damaged = frame.bytes.slice();
      const bit = Math.floor(this.#uniform() * damaged.length * 8);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      this.#send(frame, damaged, "corrupt");
      return;
    }
    this.#send(frame, frame.bytes, "sent");
    if (this.#hit(this.#i.duplicate)) this.#send(frame, frame.bytes, "duplicate");
  }

  #hit(share: number | undefined): boolean {
    return share !== undefined && share > 0 && this.#uniform() < share;
  }

  /** Xorshift: a fixed sequence for a seed. */
  #uniform(): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    return (x >>> 0) / 4294967296;
  }
}
