/**
 * HTTP and HTTPS with client certificates, within bounds: requests come as `Request` and go as `Response`.
 *
 * The platform's own server cannot ask for client certificates; `node:http` on our own TLS sockets can.
 *
 * @module
 */
import { createServer, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import { normalizeAddress } from "../identity/mod.ts";
import { type Admitted, openAcceptor } from "./accept.ts";
import { answer, isBehindLast } from "./http_answer.ts";
import { HeadTimers } from "./http_head_timers.ts";
import type { HttpListener, HttpListenOptions, HttpPeer } from "./http_options.ts";
import { upgrade, webSocketServer } from "./http_web_socket.ts";
import { checkKeyPair, type KeyPairPem } from "./key_pair.ts";
import { tlsPeer } from "./tls_peer.ts";

const MAX_HEAD_BYTES = 16 * 1024;
/** Requests of one connection that are answered at a time: few clients send any before they have the answer to the last. */
const MAX_AT_A_TIME = 16;

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
    if (isBehindLast(q)) return;
    const peer = peerOf(q);
    if (heads.came(q.socket) > MAX_AT_A_TIME) {
      const { address } = peer;
      options.onRefused({
        reason: "tooManyRequests",
        message:
          `Refused ${address}: more than ${MAX_AT_A_TIME} requests at a time on a connection`,
        address,
      });
      return void q.socket.destroy();
    }
    await answer(q, res, peer, options, isCrowded);
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
  const sockets = webSocketServer();
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

function contextOf({ keyPem, certPem }: KeyPairPem): SecureContext {
  checkKeyPair(keyPem, certPem);
  return createSecureContext({ key: keyPem, cert: certPem, minVersion: "TLSv1.2" });
}
