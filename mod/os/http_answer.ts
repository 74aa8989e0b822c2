/**
 * One request of the platform's HTTP server as `Request`, and its answer from a `Response`, within bounds of time.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpListenOptions, HttpPeer } from "./http_options.ts";

/** Connections that end behind an answer that was begun. */
const ending = new WeakSet<object>();

/** True for what came behind the last request of its connection, and is none any more (RFC 9112, 9.6). */
export function isBehindLast(q: IncomingMessage): boolean {
  return q.socket.destroyed || ending.has(q.socket);
}

/** Answers a request; with `isCrowded` the connection ends behind the answer. */
export async function answer(
  q: IncomingMessage,
  res: ServerResponse,
  peer: HttpPeer,
  options: HttpListenOptions,
  isCrowded: () => boolean,
): Promise<void> {
  const gone = new AbortController();
  res.on("close", () => gone.abort());
  res.on("error", () => gone.abort());
  try {
    const request = requestOf(q, peer, gone.signal, options.bodyTimeoutMs ?? 30_000);
    const response = request
      ? await options.handle(request, peer)
      : new Response(null, { status: 400 });
    const headers: Record<string, string> = Object.fromEntries(response.headers);
    // What was not read of a request cannot be told from the next one; and who asks too much has to come anew, which is
    // bounded too: refusals alone would keep a thread busy.
    if (isUnread(q) || isCrowded() || response.status === TOO_MANY_REQUESTS) {
      headers["connection"] = "close";
      ending.add(q.socket);
    }
    res.writeHead(response.status, headers);
    if (response.body) {
      await send(response.body, res, gone.signal, options.writeTimeoutMs ?? 30_000);
    }
    res.end();
  } catch (error) {
    if (!gone.signal.aborted) options.onError(error);
    // What has begun must not look as if it were whole.
    if (res.headersSent) res.destroy();
    else res.writeHead(500, { connection: "close" }).end();
  }
  if (isUnread(q)) setTimeout(() => q.socket.destroy(), FAREWELL_MS);
}

const TOO_MANY_REQUESTS = 429;
/** Time for an answer to reach a client whose connection ends with it, in milliseconds. */
export const FAREWELL_MS = 500;

function hasBody({ headers, method }: IncomingMessage): boolean {
  if (method === "GET" || method === "HEAD") return false;
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

function isUnread(q: IncomingMessage): boolean {
  return hasBody(q) && !q.complete;
}

/** The request; undefined if its target or head is none that a `Request` can hold. */
export function requestOf(
  q: IncomingMessage,
  peer: HttpPeer,
  signal: AbortSignal,
  bodyTimeoutMs: number,
): Request | undefined {
  const method = q.method ?? "GET";
  try {
    const headers = new Headers();
    for (let i = 0; i + 1 < q.rawHeaders.length; i += 2) {
      headers.append(q.rawHeaders[i]!, q.rawHeaders[i + 1]!);
    }
    // Two names in Host are joined by a comma, and no request (RFC 9112, 3.2).
    if (!q.url?.startsWith("/") || headers.get("host")?.includes(",")) return undefined;
    const scheme = peer.tls ? "https" : "http";
    return new Request(`${scheme}://${q.headers.host ?? ""}${q.url}`, {
      method,
      headers,
      signal,
      ...(hasBody(q) && { body: bodyOf(q, bodyTimeoutMs) }),
    });
  } catch {
    return undefined;
  }
}

/** The body, read as it is asked for; an error if it takes too long or is cut off. */
function bodyOf(q: IncomingMessage, timeoutMs: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return new ReadableStream({
    start(controller) {
      q.pause();
      let over = false;
      const end = (act: () => void) => {
        clearTimeout(timer);
        if (over) return;
        over = true;
        act();
      };
      const fail = (why: string) => end(() => controller.error(new Error(why)));
      q.on("data", (chunk: Uint8Array) => {
        if (over) return;
        controller.enqueue(new Uint8Array(chunk));
        if ((controller.desiredSize ?? 0) <= 0) q.pause();
      });
      q.on("end", () => end(() => controller.close()));
      q.on("error", (error: Error) => fail(error.message));
      q.on("close", () => fail("the body was cut off"));
      timer = setTimeout(() => {
        fail(`the body did not come within ${timeoutMs} ms`);
        q.destroy();
      }, timeoutMs);
    },
    pull: () => void q.resume(),
    cancel: () => clearTimeout(timer),
  }, { highWaterMark: 0 });
}

async function send(
  body: ReadableStream<Uint8Array>,
  res: ServerResponse,
  gone: AbortSignal,
  timeoutMs: number,
): Promise<void> {
  const reader = body.getReader();
  const stop = () => void reader.cancel().catch(() => {});
  gone.addEventListener("abort", stop);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      for (let at = 0; at < value.length; at += PIECE_BYTES) {
        if (gone.aborted) return;
        if (!res.write(value.subarray(at, at + PIECE_BYTES))) await drained(res, timeoutMs);
      }
    }
  } finally {
    gone.removeEventListener("abort", stop);
    stop();
  }
}

/** Most bytes that are handed over at a time: who takes them in the time for it is slow, and no more than that. */
const PIECE_BYTES = 64 * 1024;

/** Resolves when there is room again; the answer is cut off if there is none in time. */
function drained(res: ServerResponse, timeoutMs: number): Promise<void> {
  return new Promise((go) => {
    const timer = setTimeout(() => res.destroy(), timeoutMs);
    const on = () => {
      clearTimeout(timer);
      res.off("drain", on).off("close", on);
      go();
    };
    res.on("drain", on).on("close", on);
  });
}
