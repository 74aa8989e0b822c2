/**
 * The TLS listener itself, as the port for subscribers and the proof at start both use it.
 *
 * @module
 */
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import type { Verdict } from "../identity/mod.ts";
import { type Admitted, openAcceptor } from "./accept.ts";
import {
  ACCEPTED_READ_BYTES_PER_SECOND,
  type Connection,
  type ConnectionLimits,
  type Listener,
  type Refusal,
  type RefusalWord,
} from "./connection.ts";
import { checkKeyPair } from "./key_pair.ts";
import { SocketConnection } from "./socket_connection.ts";
import { judgePeer, type TlsPeer, tlsPeer } from "./tls_peer.ts";

/** How to open a TLS listener. */
export interface TlsListenOptions extends ConnectionLimits {
  /** Address to bind to. */
  readonly hostname: string;
  /** Port to bind to; 0 for any. */
  readonly port: number;
  /** Private key, PEM. */
  readonly keyPem: string;
  /** Certificate and chain, PEM. */
  readonly certPem: string;
  /** Lowest version; default `TLSv1.2`. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  /** Longest handshake; default 5000. */
  readonly handshakeTimeoutMs?: number;
  /** Most identified peers at a time; default 64. */
  readonly maxConnections?: number;
  /** Most handshakes begun per second; one address gets half of it; default 50. */
  readonly maxHandshakesPerSecond?: number;
  /** Most handshakes at a time, a quarter of it for one address; default 32. */
  readonly maxHandshakes?: number;
  /** Decides who the peer is, without side effects; called once per handshake, also for a resumed session. */
  readonly judge: (peer: TlsPeer) => Verdict;
  /** Takes an identified peer. Set `connection.onData` and its like before returning. */
  readonly onPeer: (connection: Connection, name: string, peer: TlsPeer) => void;
  /** Told of each peer that was turned away. */
  readonly onRefused: (refusal: Refusal) => void;
}

/** An open TLS listener. */
export interface TlsListener extends Listener {
  /** Uses another key and certificate for new handshakes; open connections stay. Throws on bad PEM. */
  reload(keyPem: string, certPem: string): void;
}

/** Opens a TLS listener that takes only identified peers, without the proof of `listenTls`. */
export async function openTlsListener(options: TlsListenOptions): Promise<TlsListener> {
  const limits = { maxReadBytesPerSecond: ACCEPTED_READ_BYTES_PER_SECOND, ...options };
  const handshakeTimeoutMs = options.handshakeTimeoutMs ?? 5000;
  const contextOf = (keyPem: string, certPem: string): SecureContext => {
    checkKeyPair(keyPem, certPem);
    return createSecureContext({
      key: keyPem,
      cert: certPem,
      minVersion: options.minVersion ?? "TLSv1.2",
    });
  };
  let secureContext = contextOf(options.keyPem, options.certPem);

  const shakeHands = ({ socket: raw, address, identified }: Admitted) => {
    let settled = false;
    const refuse = (reason: RefusalWord, message: string, fingerprint = "") => {
      clearTimeout(timer);
      raw.destroy();
      socket.destroy();
      if (settled) return;
      settled = true;
      options.onRefused({ reason, message, address, ...(fingerprint ? { fingerprint } : {}) });
    };
    const socket = new TLSSocket(raw, {
      isServer: true,
      requestCert: true,
      rejectUnauthorized: false, // the judge decides: pinned certificates are self-signed
      secureContext,
    });
    const timer = setTimeout(
      () =>
        refuse(
          "handshakeTimeout",
          `Refused ${address}: no TLS handshake in ${handshakeTimeoutMs} ms`,
        ),
      handshakeTimeoutMs,
    );
    const failed = (why: string) => {
      if (!settled) refuse("handshakeFailed", `Refused ${address}: TLS handshake failed: ${why}`);
    };
    socket.on("error", (error: Error) => failed(error.message));
    raw.on("close", () => failed("the peer went away"));
    socket.once("secure", () => {
      if (settled) return;
      const peer = tlsPeer(socket, address);
      const verdict = judgePeer(peer, options.judge);
      if (verdict.refused !== undefined) {
        refuse(verdict.refused, verdict.message, peer.fingerprint);
        return;
      }
      settled = true;
      clearTimeout(timer);
      if (!identified()) {
        socket.destroy();
        return;
      }
      options.onPeer(
        new SocketConnection(socket, true, limits, address),
        verdict.name,
        peer,
      );
    });
  };

  const acceptor = await openAcceptor({
    hostname: options.hostname,
    port: options.port,
    maxConnections: options.maxConnections ?? 64,
    maxPerSecond: options.maxHandshakesPerSecond ?? 50,
    maxPending: options.maxHandshakes ?? 32,
    onSocket: shakeHands,
    onRefused: options.onRefused,
  });
  return {
    hostname: acceptor.hostname,
    port: acceptor.port,
    get connections() {
      return acceptor.connections;
    },
    reload(keyPem, certPem) {
      secureContext = contextOf(keyPem, certPem);
    },
    close: () => acceptor.close(),
  };
}
