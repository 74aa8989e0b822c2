/**
 * HTTP and HTTPS with client certificates, within bounds: requests come as `Request` and go as `Response`.
 *
 * The platform's own server cannot ask for client certificates; `node:http` on our own TLS sockets can.
 *
 * @module
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
// @ts-types="npm:@types/ws@8.18.1"
import { type WebSocket, WebSocketServer } from "ws";
import { normalizeAddress } from "../identity/mod.ts";
import { type Admitted, openAcceptor } from "./accept.ts";
import type { Listener, Refusal } from "./connection.ts";
import { checkKeyPair, type KeyPairPem } from "./key_pair.ts";
import { type TlsPeer, tlsPeer } from "./tls_peer.ts";

/** Who sends a request. */
export interface HttpPeer {
  /** IP address; IPv4 as dotted quad. */
  readonly address: string;
  /** What it has shown over TLS; undefined without TLS. */
  readonly tls: TlsPeer | undefined;
}

/** One side of a WebSocket that was accepted. */
export interface TextSocket {
  /** Sends one text message. */
  send(text: string): void;
  /** Bytes that wait to be sent. */
  readonly waitingBytes: number;
  /** Ends it with a code (RFC 6455, 7.4) and a reason. */
  close(code: number, reason: string): void;
  /** Called with each text message. */
  onMessage: (text: string) => void;
  /** Called once when it is over. */
  onClose: () => void;
}

/** How to serve HTTP. */
export interface HttpListenOptions {
  /** Address to bind to. */
  readonly hostname: string;
  /** Port to bind to; 0 for any. */
  readonly port: number;
  /** Key and certificate; plain HTTP without. Client certificates are asked for and not demanded. */
  readonly tls?: KeyPairPem | undefined;
  /** Most connections at a time; default 64. One address gets three quarters of it: an office behind one is several. */
  readonly maxConnections?: number;
  /** Most connections begun per second; one address gets half of it; default 200. */
  readonly maxPerSecond?: number;
  /** Longest TLS handshake; default 5000. */
  readonly handshakeTimeoutMs?: number;
  /** Longest time for the head of a request; default 10,000. */
  readonly headTimeoutMs?: number;
  /** Longest time for the body of a request; default 30,000. */
  readonly bodyTimeoutMs?: number;
  /** Longest time in which a client takes nothing of an answer; default 30,000. */
  readonly writeTimeoutMs?: number;
  /** How long a connection is kept for another request, as clients are told; default 15,000. */
  readonly keepAliveMs?: number;
  /** Answers a request. What it throws is answered with 500 and logged by `onError`. */
  readonly handle: (request: Request, peer: HttpPeer) => Response | Promise<Response>;
  /** Answers a request for a WebSocket: a refusal, or what takes it and the protocol that was chosen. */
  readonly webSocket?: (
    request: Request,
    peer: HttpPeer,
  ) => Promise<
    Response | { readonly protocol: string; readonly take: (socket: TextSocket) => void }
  >;
  /** Told of each connection that was turned away. */
  readonly onRefused: (refusal: Refusal) => void;
  /** Told of what an answer threw. */
  readonly onError: (error: unknown) => void;
}

/** A running HTTP server. */
export interface HttpListener extends Listener {
  /** Uses another key and certificate for new connections. Throws on bad PEM. */
  reload(pair: KeyPairPem): void;
}

const MAX_HEAD_BYTES = 16 * 1024;
/** Largest message that a WebSocket takes. */
const MAX_MESSAGE_BYTES = 64 * 1024;

/** Serves HTTP; rejects when the address cannot be bound or the key does not fit. */
export async function listenHttp(options: HttpListenOptions): Promise<HttpListener> {
  const headTimeoutMs = options.headTimeoutMs ?? 10_000;
  const keepAliveMs = options.keepAliveMs ?? 15_000;
  const peers = new WeakMap<object, HttpPeer>();
  const peerOf = (q: IncomingMessage): HttpPeer =>
    peers.get(q.socket) ??
      { address: normalizeAddress(q.socket.remoteAddress ?? ""), tls: undefined };
  const heads = new HeadTimers();
  const maxConnections = options.maxConnections ?? 64;
  // Those that wait for another request hold no more than half of the places: an operator must get in.
  const isCrowded = () => acceptor.connections > maxConnections / 2;
  const server = createServer({ maxHeaderSize: MAX_HEAD_BYTES }, async (q, res) => {
    heads.came(q.socket);
    await answer(q, res, peerOf(q), options, isCrowded);
    // The server ends what stays idle; this ends what began another head and does not finish it.
    heads.answered(q.socket, keepAliveMs + headTimeoutMs);
  });
  server.keepAliveTimeout = keepAliveMs;
  // A server that does not listen itself tells clients that it keeps a connection and ends it all the same
  // (denoland/deno#35609); a client that sends its next request just then would see a reset.
  Object.defineProperty(server, "listening", { value: true });
  const begin = (socket: Socket) => {
    heads.begin(socket, headTimeoutMs);
    server.emit("connection", socket);
  };
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  server.on("upgrade", (q: IncomingMessage, raw: Duplex, head: Uint8Array) => {
    heads.came(q.socket);
    void upgrade(q, raw, head, peerOf(q), sockets, options);
  });
  server.on("clientError", (_: Error, raw: Duplex) => raw.destroy());

  let context = options.tls && contextOf(options.tls);
  const shakeHands = (admitted: Admitted) => {
    const { socket: raw, address } = admitted;
    const socket = new TLSSocket(raw, {
      isServer: true,
      requestCert: true,
      rejectUnauthorized: false, // who may do what is decided per request
      secureContext: context!, // there is one where this is called
    });
    const timer = setTimeout(() => {
      raw.destroy();
      refuse(`no TLS handshake in ${options.handshakeTimeoutMs ?? 5000} ms`);
    }, options.handshakeTimeoutMs ?? 5000);
    let over = false;
    const refuse = (why: string) => {
      clearTimeout(timer);
      if (over) return;
      over = true;
      options.onRefused({
        reason: "handshakeFailed",
        message: `Refused ${address}: TLS handshake failed: ${why}`,
        address,
      });
    };
    socket.on("error", (error: Error) => refuse(error.message));
    raw.on("close", () => refuse("the peer went away"));
    socket.once("secure", () => {
      clearTimeout(timer);
      over = true;
      if (!admitted.identified()) return void socket.destroy();
      peers.set(socket, { address, tls: tlsPeer(socket, address) });
      begin(socket);
    });
  };
  const acceptor = await openAcceptor({
    hostname: options.hostname,
    port: options.port,
    maxConnections,
    maxPerAddress: Math.ceil(maxConnections * 0.75),
    maxPerSecond: options.maxPerSecond ?? 200,
    maxPending: 32,
    onSocket: options.tls ? shakeHands : (admitted) => {
      if (!admitted.identified()) return void admitted.socket.destroy();
      begin(admitted.socket);
    },
    onRefused: options.onRefused,
  });
  return {
    hostname: acceptor.hostname,
    port: acceptor.port,
    get connections() {
      return acceptor.connections;
    },
    reload(pair) {
      context = contextOf(pair);
    },
    async close() {
      for (const client of sockets.clients) client.terminate();
      await acceptor.close();
    },
  };
}

/** Ends connections whose next head of a request does not come in time; the platform's server does not. */
class HeadTimers {
  readonly #timers = new WeakMap<Socket, ReturnType<typeof setTimeout>>();
  /** Requests that are being answered: a client may send the next ones before it has the first answer. */
  readonly #running = new WeakMap<Socket, number>();

  /** Takes a connection, whose first head is waited for. */
  begin(socket: Socket, ms: number): void {
    socket.once("close", () => clearTimeout(this.#timers.get(socket)));
    this.#expect(socket, ms);
  }

  /** A head has come. */
  came(socket: Socket): void {
    clearTimeout(this.#timers.get(socket));
    this.#running.set(socket, (this.#running.get(socket) ?? 0) + 1);
  }

  /** Its request was answered: the next head is waited for, unless it is there. */
  answered(socket: Socket, ms: number): void {
    const running = this.#running.get(socket)! - 1; // it came
    this.#running.set(socket, running);
    if (running === 0) this.#expect(socket, ms);
  }

  #expect(socket: Socket, ms: number): void {
    if (socket.destroyed) return;
    const timer = setTimeout(() => {
      socket.end("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
      setTimeout(() => socket.destroy(), FAREWELL_MS);
    }, ms);
    this.#timers.set(socket, timer);
  }
}

function contextOf({ keyPem, certPem }: KeyPairPem): SecureContext {
  checkKeyPair(keyPem, certPem);
  return createSecureContext({ key: keyPem, cert: certPem, minVersion: "TLSv1.2" });
}

async function answer(
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
    // What was not read of a request cannot be told from the next one.
    if (isUnread(q) || isCrowded()) headers["connection"] = "close";
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

/** Time for an answer to reach a client whose body was not read. */
const FAREWELL_MS = 500;

function hasBody({ headers, method }: IncomingMessage): boolean {
  if (method === "GET" || method === "HEAD") return false;
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

function isUnread(q: IncomingMessage): boolean {
  return hasBody(q) && !q.complete;
}

/** The request; undefined if its target or head is none that a `Request` can hold. */
function requestOf(
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

async function upgrade(
  q: IncomingMessage,
  raw: Duplex,
  head: Uint8Array,
  peer: HttpPeer,
  sockets: WebSocketServer,
  options: HttpListenOptions,
): Promise<void> {
  raw.on("error", () => {}); // told by "close"
  try {
    const request = requestOf(q, peer, new AbortController().signal, 1000);
    const verdict = request && options.webSocket
      ? await options.webSocket(request, peer)
      : new Response(null, { status: 400 });
    if (verdict instanceof Response) {
      const body = await verdict.text();
      const lines = [...verdict.headers].map(([name, value]) => `${name}: ${value}\r\n`).join("");
      raw.end(
        `HTTP/1.1 ${verdict.status} Refused\r\n${lines}Content-Length: ${
          new TextEncoder().encode(body).length
        }\r\nConnection: close\r\n\r\n${body}`,
      );
      // Who does not close its side would keep the connection.
      setTimeout(() => raw.destroy(), FAREWELL_MS);
      return;
    }
    if (verdict.protocol === "") delete q.headers["sec-websocket-protocol"];
    else q.headers["sec-websocket-protocol"] = verdict.protocol;
    // The declared types are Node's Buffer and Socket, which these are.
    sockets.handleUpgrade(
      q,
      raw as Socket,
      head as never,
      (socket) => verdict.take(textSocket(socket)),
    );
  } catch (error) {
    options.onError(error);
    raw.destroy();
  }
}

function textSocket(socket: WebSocket): TextSocket {
  const face: TextSocket = {
    send: (text) => {
      if (socket.readyState === socket.OPEN) socket.send(text);
    },
    get waitingBytes() {
      return socket.bufferedAmount;
    },
    close: (code, reason) => socket.close(code, reason),
    onMessage: () => {},
    onClose: () => {},
  };
  socket.on("message", (data: unknown, isBinary: boolean) => {
    if (isBinary) socket.close(1003, "text is expected");
    else face.onMessage(String(data));
  });
  socket.on("error", () => socket.terminate());
  socket.on("close", () => face.onClose());
  return face;
}
