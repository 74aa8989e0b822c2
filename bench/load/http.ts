/**
 * Requests of the benchmarks to a gateway that is under load.
 *
 * @module
 */

/** Keeps no connection: each request has one of its own. */
const single = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });

/**
 * As `fetch`, over a connection of its own. A connection that is kept may end just as it is used (RFC 9112, 9.3.1): a
 * machine that stands still for as long as a server keeps one is enough.
 */
export function fetchOnce(url: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { ...init, client: single });
}

/** As `fetch`, and once more over a connection of its own where a kept one has ended meanwhile, as browsers do. */
export function fetchKept(url: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url, init).catch(() => fetchOnce(url, init));
}
