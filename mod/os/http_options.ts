/**
 * What an HTTP listener is told, and what it tells.
 *
 * @module
 */
import type { Listener, Refusal } from "./connection.ts";
import type { KeyPairPem } from "./key_pair.ts";
import type { TlsPeer } from "./tls_peer.ts";

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
