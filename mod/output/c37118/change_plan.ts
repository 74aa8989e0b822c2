/**
 * When a stream changes its configuration: settled at first, announced later, counted always.
 *
 * @module
 */
import { sameShape, type StreamShape, withCount } from "./shape.ts";

/** How changes are made. */
export interface ChangeOptions {
  /** How long the first configuration has to stay the same before it is told, in milliseconds. */
  readonly settleMs: number;
  /** How long a change is announced, in milliseconds. */
  readonly noticeMs: number;
  /** True if the notice comes before the change (edition 2011), false if after it (2005). */
  readonly noticeFirst: boolean;
}

/** What is kept over a restart, so that CFGCNT means something to those who have read it before. */
export interface KnownCount {
  /** CFGCNT of the configuration that was told last. */
  readonly cfgCnt: number;
  /** True if it said the same as this shape. */
  readonly isSame: (shape: StreamShape) => boolean;
}

/**
 * The configuration of a stream and the one that follows it.
 *
 * A change waits until nobody could miss it: while nobody was told of a configuration it has to settle;
 * afterwards STAT bit 10 announces it for a while, in which the former one holds. A change that is
 * taken back meanwhile is none.
 */
export class ChangePlan {
  /** The configuration that holds, with its CFGCNT; undefined while there is none. */
  current: StreamShape | undefined;
  /** Changes of the configuration since the start. */
  changes = 0;
  /** CFGCNT of the configuration that holds. */
  cfgCnt = 0;
  #known: KnownCount | undefined;
  #options: ChangeOptions;
  #told = false;
  #next: StreamShape | undefined;
  #isWaiting = false;
  #dueMs = Infinity;
  #noticeUntilMs = -Infinity;

  /** Begins without a configuration. */
  constructor(options: ChangeOptions) {
    this.#options = options;
  }

  /** What was told before a restart; for a plan that has made no change yet. */
  remember(known: KnownCount): void {
    if (this.changes > 0) return;
    this.#known = known;
    this.cfgCnt = known.cfgCnt;
  }

  /** Takes other times into use, for changes from now on. */
  set options(options: ChangeOptions) {
    this.#options = options;
  }

  /** Somebody has the configuration that holds, and is to hear of a change. */
  told(): void {
    if (this.current) this.#told = true;
  }

  /** True while STAT bit 10 is to be set. */
  announces(nowMs: number): boolean {
    if (nowMs < this.#noticeUntilMs) return true;
    return this.#isWaiting && this.#told && this.#options.noticeFirst;
  }

  /** Milliseconds until the change that waits; undefined if none does. */
  remainingMs(nowMs: number): number | undefined {
    return this.#isWaiting ? Math.max(0, this.#dueMs - nowMs) : undefined;
  }

  /** The stream should have this shape from now on; undefined for none. */
  propose(shape: StreamShape | undefined, nowMs: number): void {
    if (sameShape(shape, this.current)) {
      this.#isWaiting = false;
      this.#next = undefined;
      return;
    }
    const isNews = !this.#isWaiting || !sameShape(shape, this.#next);
    if (!isNews) return;
    // What changes again while it is announced does not put the change off.
    if (!this.#isWaiting || !this.#told) this.#dueMs = nowMs + this.#waitMs();
    this.#next = shape;
    this.#isWaiting = true;
  }

  /** Makes a change that is due; true if the configuration is another one now. */
  advance(nowMs: number): boolean {
    if (!this.#isWaiting || nowMs < this.#dueMs) return false;
    const next = this.#next;
    this.#isWaiting = false;
    this.#next = undefined;
    if (next) {
      const isFirst = this.#known === undefined && this.current === undefined && this.changes === 0;
      const isSame = this.current === undefined && this.#known?.isSame(next) === true;
      if (!isFirst && !isSame) this.cfgCnt = (this.cfgCnt + 1) & 0xffff;
      this.#known = undefined;
      this.changes++;
    }
    this.current = next && withCount(next, this.cfgCnt);
    if (this.#told && !this.#options.noticeFirst) {
      this.#noticeUntilMs = nowMs + this.#options.noticeMs;
    }
    if (!next) this.#told = false;
    return true;
  }

  #waitMs(): number {
    if (!this.#told) return this.#options.settleMs;
    return this.#options.noticeFirst ? this.#options.noticeMs : 0;
  }
}
