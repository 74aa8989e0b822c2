/**
 * How often a client may ask, on however many connections: a burst, then a rate.
 *
 * @module
 */
import { TokenBucket } from "../core/mod.ts";
import { networkOf } from "./lockout.ts";
import { ProblemError } from "./problem.ts";

/** Seconds' worth of requests that may come at once. */
const BURST_SECONDS = 4;
/** Clients that are remembered; beyond it the one that was silent longest is forgotten. */
const MAX_CLIENTS = 1024;
/** What a file of the dashboard costs: a page is of many, which lie in memory as they are sent. */
const FILE_COST = 0.1;

/**
 * Counts requests by user and address, IPv6 by its /64.
 *
 * Users count apart from each other and from those whom nobody knows: whoever has no token cannot use up what an
 * operator behind the same address may ask. A user is a name only once it is proven, so that names cannot be made up.
 */
export class RequestRate {
  readonly #perSecond: () => number;
  readonly #clients = new Map<string, TokenBucket>();
  #rate = 0;
  #refused = 0;

  /** Allows what `perSecond` says at that moment. */
  constructor(perSecond: () => number) {
    this.#perSecond = perSecond;
  }

  /** Requests that were refused since the start. */
  get refused(): number {
    return this.#refused;
  }

  /** Clients that are remembered. */
  get clients(): number {
    return this.#clients.size;
  }

  /** Counts a request for a path. Throws {@linkcode ProblemError} (429) for one too many. */
  admit(address: string, user: string | undefined, path: string, nowMs: number): void {
    const rate = this.#perSecond();
    if (rate !== this.#rate) this.#clients.clear();
    this.#rate = rate;
    const client = `${networkOf(address)} ${user ?? ""}`;
    const bucket = this.#clients.get(client) ??
      new TokenBucket(BURST_SECONDS * rate, rate, nowMs);
    this.#clients.delete(client);
    this.#clients.set(client, bucket);
    if (this.#clients.size > MAX_CLIENTS) {
      this.#clients.delete(this.#clients.keys().next().value!); // it is not empty
    }
    const isFile = path === "/" || path.startsWith("/assets/");
    if (bucket.take(nowMs, isFile ? FILE_COST : 1)) return;
    this.#refused++;
    throw new ProblemError(
      429,
      "tooManyRequests",
      `Expected at most ${rate} requests per second ([admin] maxRequestsPerSecond)`,
      {},
      { "Retry-After": "1" },
    );
  }
}
