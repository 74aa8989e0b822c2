/**
 * Plain TCP listeners and connections.
 *
 * @module
 */
import type { Verdict } from "../identity/mod.ts";
import { openAcceptor } from "./accept.ts";
import {
  ACCEPTED_READ_BYTES_PER_SECOND,
  type Connection,
  type ConnectionLimits,
  type Listener,
  type Refusal,
} from "./connection.ts";
import { dial } from "./dial.ts";
import { SocketConnection } from "./socket_connection.ts";

/** How to open a plain TCP listener. */
export interface TcpListenOptions extends ConnectionLimits {
  /** Address to bind to. */
  readonly hostname: string;
  /** Port to bind to; 0 for any. */
  readonly port: number;
  /** Most connections at a time; default 64. */
  readonly maxConnections?: number;
  /** Most connections accepted per second; one address gets half of it; default 200. */
  readonly maxAcceptsPerSecond?: number;
  /** Decides who the peer is by its address; without it every peer is taken, under its address as name. */
  readonly judge?: (peer: { readonly address: string }) => Verdict;
  /** Takes a peer. Set `connection.onData` and its like before returning. */
  readonly onPeer: (connection: Connection, name: string) => void;
  /** Told of each peer that was turned away. */
  readonly onRefused?: (refusal: Refusal) => void;
}

/** How to dial a plain TCP peer. */
export interface TcpConnectOptions extends ConnectionLimits {
  /** Host name or address to dial. */
  readonly hostname: string;
  /** Port to dial. */
  readonly port: number;
  /** Local address to dial from. */
  readonly localAddress?: string;
  /** Longest time until connected; default 10000. */
  readonly timeoutMs?: number;
  /** Gives up early. */
  readonly signal?: AbortSignal;
}

/** Opens a plain TCP listener; rejects when it cannot bind. */
export function listenTcp(options: TcpListenOptions): Promise<Listener> {
  const limits = { maxReadBytesPerSecond: ACCEPTED_READ_BYTES_PER_SECOND, ...options };
  const onRefused = options.onRefused ?? (() => {});
  const maxConnections = options.maxConnections ?? 64;
  return openAcceptor({
    hostname: options.hostname,
    port: options.port,
    maxConnections,
    maxPerSecond: options.maxAcceptsPerSecond ?? 200,
    maxPending: 4, // a plain peer is judged at once, so that none is ever pending longer than a call
    onRefused,
    onSocket({ socket, address, identified }) {
      const verdict = options.judge?.({ address }) ?? { name: address };
      if (verdict.refused !== undefined) {
        socket.destroy();
        onRefused({ reason: verdict.refused, message: verdict.message, address });
        return;
      }
      if (!identified()) {
        socket.destroy();
        return;
      }
      options.onPeer(new SocketConnection(socket, false, limits, address), verdict.name);
    },
  });
}

/** Dials a plain TCP peer; rejects with a `ConnectError`. */
export function connectTcp(options: TcpConnectOptions): Promise<Connection> {
  return dial(
    options,
    (socket, done) => done(new SocketConnection(socket, false, options)),
  );
}
