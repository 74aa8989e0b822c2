/**
 * One face for a TLS and a plain TCP connection, with the bounds that the platform does not give.
 *
 * @module
 */
import type { RefusalReason } from "../identity/mod.ts";

/** Why a connection ended, as a stable word for counters. */
export type CloseReason =
  | "closedHere"
  | "closedByPeer"
  | "networkError"
  | "unreadLimit"
  | "readRateLimit"
  | "handlerFailed"
  | "destroyed";

/**
 * A connection to a peer, TLS or plain.
 *
 * The three `on...` fields are set by whoever takes the connection. Bytes that arrive before `onData`
 * is set, or between `pause` and `resume`, are kept up to a limit; beyond it the connection is destroyed,
 * because a TLS socket on this platform cannot be made to push back.
 */
export interface Connection {
  /** True over TLS. */
  readonly secure: boolean;
  /** IP address of this side, written like `remoteAddress`. */
  readonly localAddress: string;
  /** IP address of the peer; IPv4 as dotted quad even where the socket is IPv6. */
  readonly remoteAddress: string;
  /** Port of the peer. */
  readonly remotePort: number;
  /** Bytes that were received from the peer, without TLS overhead. */
  readonly bytesRead: number;
  /** Bytes that were given to `write`, without TLS overhead. */
  readonly bytesWritten: number;
  /** Bytes that were given to `write` and that the kernel has not taken yet. */
  readonly writableLength: number;
  /** False from the moment when `close` or `destroy` was called or the peer went away. */
  readonly isOpen: boolean;
  /** Takes received bytes, which are lent for the call. An exception from it destroys the connection. */
  onData: ((bytes: Uint8Array) => void) | undefined;
  /** Called when everything written has been taken by the kernel after `write` returned false. */
  onDrain: (() => void) | undefined;
  /**
   * Called once, at the end, whoever ended it; `message` is a sentence for people. Bytes that were kept
   * and not yet read are gone then. Who sets it after the end is told soon after.
   */
  onClose: ((reason: CloseReason, message: string) => void) | undefined;
  /**
   * Sends `bytes`, which are lent for the call, in order. Returns false when more than 64 KB are waiting: nothing is
   * lost, but the caller should look at `writableLength` and hold back. After the end it does nothing and returns false.
   */
  write(bytes: Uint8Array): boolean;
  /**
   * Sends `bytes` as `write` does, without a copy of them: they are given away and must never change, so that several
   * connections may be given the same.
   */
  give(bytes: Uint8Array): boolean;
  /** Stops calling `onData`; what arrives is kept up to the limit of unread bytes. */
  pause(): void;
  /** Calls `onData` again, first with what was kept. */
  resume(): void;
  /** Sends what is waiting, then ends the connection; after `lingerMs` (default 2000) it is destroyed. */
  close(lingerMs?: number): void;
  /** Ends the connection at once and throws away what is waiting. */
  destroy(): void;
}

/** What an accepted peer may send per second unless told otherwise: commands, no streams. */
export const ACCEPTED_READ_BYTES_PER_SECOND: number = 2 * 1024 * 1024;

/** Bounds of a connection. */
export interface ConnectionLimits {
  /** Most bytes that are kept while nobody reads; default 256 KiB. */
  readonly maxUnreadBytes?: number;
  /**
   * Most bytes per second that the peer may send in the long run, with a burst of two seconds' worth (at least 1 MiB);
   * more destroys the connection. Default: `ACCEPTED_READ_BYTES_PER_SECOND` for accepted connections, unlimited for dialled ones.
   */
  readonly maxReadBytesPerSecond?: number;
}

/** An open listener. */
export interface Listener {
  /** Address that it is bound to. */
  readonly hostname: string;
  /** Port that it is bound to. */
  readonly port: number;
  /** Connections that are open or shaking hands. */
  readonly connections: number;
  /** Stops accepting and destroys every connection; safe to call twice. */
  close(): Promise<void>;
}

/** A connection that was not taken, for a counter and one line in the log. */
export interface Refusal {
  /** A stable word for counters: a `RefusalReason` of identity, or what the listener itself found. */
  readonly reason: RefusalWord;
  /** A sentence for people. */
  readonly message: string;
  /** IP address of the peer; empty where accepting failed before it was known. */
  readonly address: string;
  /** SHA-256 of the peer's certificate, lower-case hex, where it showed one. */
  readonly fingerprint?: string;
}

/** Why a listener or a dialler turned a peer away. */
export type RefusalWord =
  | RefusalReason
  | "acceptFailed"
  | "tooManyConnections"
  | "tooManyHandshakes"
  | "tooManyRequests"
  | "handshakeTimeout"
  | "handshakeFailed";

/** Thrown when a peer cannot be reached or is not who it should be. */
export class ConnectError extends Error {
  /** The class, for logs and JSON. */
  override readonly name = "ConnectError";
  /** `timeout`, `network`, `aborted`, `handshakeFailed`, or the reason of a refusal. */
  readonly kind: "timeout" | "network" | "aborted" | "handshakeFailed" | RefusalReason;

  /** Makes an error of `kind`, with a sentence for people. */
  constructor(kind: ConnectError["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}
