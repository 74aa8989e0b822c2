/**
 * A bound on how often something may begin, for all addresses together and for each.
 *
 * @module
 */

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Addresses that are remembered; beyond it those whose buckets are full again are forgotten. */
const MAX_ADDRESSES = 1024;

/** Admits `perSecond` beginnings per second with a burst of one second's worth; one address gets half of it. */
export class RateGate {
  readonly #perSecond: number;
  readonly #all: Bucket;
  readonly #byAddress = new Map<string, Bucket>();

  /** Makes a gate that is full at `nowMs` (monotonic milliseconds). */
  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#all = { tokens: Math.max(1, perSecond), atMs: nowMs };
  }

  /** True if `address` may begin now; what is refused costs the others nothing. */
  admit(address: string, nowMs: number): boolean {
    const share = this.#perSecond / 2;
    let own = this.#byAddress.get(address);
    if (!own) {
      if (this.#byAddress.size >= MAX_ADDRESSES) this.#forget(nowMs);
      own = { tokens: Math.max(1, share), atMs: nowMs };
      this.#byAddress.set(address, own);
    }
    refill(own, share, nowMs);
    if (own.tokens < 1) return false;
    refill(this.#all, this.#perSecond, nowMs);
    if (this.#all.tokens < 1) return false;
    own.tokens--;
    this.#all.tokens--;
    return true;
  }

  #forget(nowMs: number): void {
    const share = this.#perSecond / 2;
    for (const [address, bucket] of this.#byAddress) {
      refill(bucket, share, nowMs);
      if (bucket.tokens >= Math.max(1, share)) this.#byAddress.delete(address);
    }
    // Many addresses at once, as in a flood: the bound for all holds without the bounds for each.
    if (this.#byAddress.size >= MAX_ADDRESSES) this.#byAddress.clear();
  }
}

function refill(bucket: Bucket, perSecond: number, nowMs: number): void {
  const grown = bucket.tokens + (nowMs - bucket.atMs) * perSecond / 1000;
  bucket.tokens = Math.min(Math.max(1, perSecond), grown);
  bucket.atMs = nowMs;
}
