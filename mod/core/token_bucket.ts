/**
 * A token bucket: how often something may be done.
 *
 * @module
 */

/** Lets `burst` things happen at once and `perSecond` in the long run. */
export class TokenBucket {
  readonly #burst: number;
  readonly #perSecond: number;
  #tokens: number;
  #atMs: number;

  /** Starts full. */
  constructor(burst: number, perSecond: number, nowMs: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#tokens = burst;
    this.#atMs = nowMs;
  }

  /** Takes one token, or `cost` of them; false if there are not as many. */
  take(nowMs: number, cost = 1): boolean {
    const earned = Math.max(0, nowMs - this.#atMs) / 1000 * this.#perSecond;
    this.#tokens = Math.min(this.#burst, this.#tokens + earned);
    this.#atMs = nowMs;
    if (this.#tokens < cost) return false;
    this.#tokens -= cost;
    return true;
  }
}
