/**
 * Unix datagram sockets: one request, one answer, with the timeouts that the platform does not give.
 *
 * @module
 */
import { messageOf } from "../core/mod.ts";

/** Why a daemon's socket cannot be reached. */
export type UnixReason = "missing" | "refused" | "denied" | "timeout" | "closed" | "failed";

/** Thrown when a datagram cannot be sent or no answer comes; `reason` says which. */
export class UnixSocketError extends Error {
  /** The class, for logs. */
  override readonly name = "UnixSocketError";
  /** What is in the way. */
  readonly reason: UnixReason;

  /** Makes an error with its sentence. */
  constructor(reason: UnixReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Longest path of a Unix socket, in octets. */
export const MAX_SOCKET_PATH = 107;
const BUFFER = 4096;

/**
 * A bound Unix datagram socket that speaks to one daemon.
 *
 * The platform cannot send while a `receive` is pending, and a pending `receive` ends by closing only: so a
 * timeout costs the socket, and who goes on opens another. Close removes the file.
 */
export class UnixDatagram {
  /** Its own path; the daemon answers there. */
  readonly path: string;
  /** Path of the daemon. */
  readonly peer: string;
  /** Datagrams from others than the daemon, thrown away. */
  foreign = 0;
  readonly #socket: Deno.DatagramConn;
  readonly #buffer = new Uint8Array(BUFFER);
  #closed = false;

  private constructor(socket: Deno.DatagramConn, path: string, peer: string) {
    this.#socket = socket;
    this.path = path;
    this.peer = peer;
  }

  /**
   * Binds `path`, removing what an earlier process left there, to speak to the daemon at `peer`.
   *
   * Throws {@linkcode UnixSocketError} when the path is too long or cannot be bound.
   */
  static open(path: string, peer: string): UnixDatagram {
    for (const name of [path, peer]) {
      const octets = new TextEncoder().encode(name).length;
      if (octets > MAX_SOCKET_PATH) {
        throw new UnixSocketError(
          "failed",
          `Cannot open a socket: expected a path of at most ${MAX_SOCKET_PATH} octets, found ${octets} in ${name}`,
        );
      }
    }
    remove(path);
    try {
      const socket = Deno.listenDatagram({ transport: "unixpacket", path });
      return new UnixDatagram(socket, path, peer);
    } catch (error) {
      throw socketError(error, `bind ${path}`);
    }
  }

  /** Sends one datagram to the daemon; must not be called while `receive` is pending. */
  async send(bytes: Uint8Array): Promise<void> {
    try {
      await this.#socket.send(bytes, { transport: "unixpacket", path: this.peer });
    } catch (error) {
      throw socketError(error, `send to ${this.peer}`);
    }
  }

  /**
   * The next datagram of the daemon, lent until the next call; after `timeoutMs` the socket is closed and the call
   * rejects with reason `timeout`. Without a timeout it waits until `close`.
   */
  async receive(timeoutMs?: number): Promise<Uint8Array> {
    let late = false;
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => {
      late = true;
      this.close();
    }, timeoutMs);
    try {
      for (;;) {
        const [bytes, from] = await this.#socket.receive(this.#buffer);
        if (late) throw new Error("It came as the time was over, and the socket is closed");
        if ("path" in from && from.path === this.peer) return bytes;
        this.foreign++;
      }
    } catch (error) {
      if (late) {
        throw new UnixSocketError("timeout", `No answer from ${this.peer} in ${timeoutMs} ms`);
      }
      if (this.#closed) throw new UnixSocketError("closed", `The socket ${this.path} was closed`);
      throw socketError(error, `receive on ${this.path}`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes the socket and removes its file; safe to call twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#socket.close();
    } catch {
      // It was closed by the platform.
    }
    remove(this.path);
  }
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Nothing there, or what is there is not ours: binding will tell.
  }
}

function socketError(error: unknown, what: string): UnixSocketError {
  const reason: UnixReason = error instanceof Deno.errors.NotFound
    ? "missing"
    : error instanceof Deno.errors.ConnectionRefused
    ? "refused"
    : error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable
    ? "denied"
    : "failed";
  return new UnixSocketError(reason, `Cannot ${what}: ${messageOf(error)}`);
}
