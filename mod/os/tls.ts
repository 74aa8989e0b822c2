/**
 * TLS listeners that ask for client certificates, and TLS connections that show one.
 *
 * @module
 */
import { connect } from "node:tls";
import { ipBytes } from "../core/mod.ts";
import { normalizeAddress, type Verdict } from "../identity/mod.ts";
import { ConnectError, type Connection, type ConnectionLimits } from "./connection.ts";
import { dial } from "./dial.ts";
import { checkKeyPair } from "./key_pair.ts";
import { SocketConnection } from "./socket_connection.ts";
import { openTlsListener, type TlsListener, type TlsListenOptions } from "./tls_listener.ts";
import { judgePeer, type TlsPeer, tlsPeer } from "./tls_peer.ts";
import { proveClientCertificateRequired } from "./tls_proof.ts";

/** How to dial a TLS peer. */
export interface TlsConnectOptions extends ConnectionLimits {
  /** Host name or address to dial. */
  readonly hostname: string;
  /** Port to dial. */
  readonly port: number;
  /** Private key, PEM. */
  readonly keyPem: string;
  /** Certificate and chain, PEM. */
  readonly certPem: string;
  /** Lowest version; default `TLSv1.2`. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  /** Decides who the peer is. */
  readonly judge: (peer: TlsPeer) => Verdict;
  /** Longest time until the peer is identified; default 10000. */
  readonly timeoutMs?: number;
  /** Gives up early. */
  readonly signal?: AbortSignal;
}

/** An identified peer that was dialled. */
export interface DialledPeer {
  /** The connection; set its `onData` at once. */
  readonly connection: Connection;
  /** Name that the judge gave. */
  readonly name: string;
  /** What is known of the peer. */
  readonly peer: TlsPeer;
}

/**
 * Opens a TLS listener that takes only identified peers.
 *
 * Before the port is opened, the same code is opened on loopback and must turn away a client without a
 * certificate and one with an unknown certificate, in each TLS version; otherwise this rejects with a
 * `ProtocolError` (`unprovenTls`). Rejects with a `ConfigError` for a key that does not fit the certificate.
 */
export async function listenTls(options: TlsListenOptions): Promise<TlsListener> {
  await proveClientCertificateRequired(options);
  return await openTlsListener(options);
}

/**
 * Dials a TLS peer, both sides showing certificates; rejects with a `ConnectError`.
 *
 * A TLS 1.3 server that turns this side away does so after the promise has resolved: it then closes the connection.
 */
export function connectTls(options: TlsConnectOptions): Promise<DialledPeer> {
  const place = `${options.hostname}:${options.port}`;
  checkKeyPair(options.keyPem, options.certPem);
  return dial(options, (raw, done, fail) => {
    const address = normalizeAddress(raw.remoteAddress ?? options.hostname);
    const socket = connect({
      socket: raw,
      key: options.keyPem,
      cert: options.certPem,
      minVersion: options.minVersion ?? "TLSv1.2",
      rejectUnauthorized: false, // the judge decides: pinned certificates are self-signed
      ...(ipBytes(options.hostname) ? {} : { servername: options.hostname }),
    });
    socket.on("error", (error) => {
      fail(new ConnectError("handshakeFailed", `Cannot secure ${place}: ${error.message}`));
    });
    socket.once("secureConnect", () => {
      const peer = tlsPeer(socket, address);
      const verdict = judgePeer(peer, options.judge);
      if (verdict.refused !== undefined) {
        fail(new ConnectError(verdict.refused, `Refused ${place}: ${verdict.message}`));
        return;
      }
      const connection = new SocketConnection(socket, true, options, address);
      done({ connection, name: verdict.name, peer });
    });
  });
}
