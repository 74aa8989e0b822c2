/**
 * Rotation of the two base times of compact measurements (specs/sttp.md 8.3).
 *
 * @module
 */
import { type BaseTimeOffsets, noBaseTimes } from "./base_times.ts";

const TICKS_PER_MS = 10_000n;
const MASK_32 = 0xffffffffn;

/** Changes the base times once per period: a minute at millisecond resolution, else seven. */
export class BaseTimeRotation {
  /** The base times in use; changed in place. */
  readonly offsets: BaseTimeOffsets = noBaseTimes();
  readonly #periodMs: number;
  #dueMs: number;
  #begun = false;

  /** Rotates first one period after `nowMs`; until then there are no base times. */
  constructor(milliseconds: boolean, nowMs: number) {
    this.#periodMs = milliseconds ? 60_000 : 420_000;
    this.#dueMs = nowMs + this.#periodMs;
  }

  /** True if a rotation is due. */
  due(nowMs: number): boolean {
    return nowMs >= this.#dueMs;
  }

  /** Rotates on the real time given as ticks. */
  rotate(hi: number, lo: number, nowMs: number): void {
    this.#dueMs = nowMs + this.#periodMs;
    const now = (BigInt(hi) << 32n) | BigInt(lo);
    const ahead = now + BigInt(this.#periodMs) * TICKS_PER_MS;
    if (!this.#begun) {
      this.#begun = true;
      this.#set(0, now);
      this.#set(1, ahead);
      this.offsets.timeIndex = 0;
      return;
    }
    const old = this.offsets.timeIndex;
    this.offsets.timeIndex = old === 0 ? 1 : 0;
    this.#set(old, ahead);
  }

  #set(index: 0 | 1, ticks: bigint): void {
    this.offsets.hi[index] = Number(ticks >> 32n);
    this.offsets.lo[index] = Number(ticks & MASK_32);
  }
}
