/**
 * Accepting sockets within bounds: what TLS and plain TCP listeners share.
 *
 * @module
 */
import { createServer, type Socket } from "node:net";
import { normalizeAddress } from "../identity/mod.ts";
import type { Listener, Refusal } from "./connection.ts";
import { RateGate } from "./rate_gate.ts";

/** Seconds of silence after which the kernel asks whether the peer is still there. */
const KEEP_ALIVE_MS = 15_000;

/** Bounds and receivers of an acceptor. */
export interface AcceptOptions {
  /** Address to bind to. */
  readonly hostname: string;
  /** Port to bind to; 0 for any. */
  readonly port: number;
  /** Most identified connections at a time. */
  readonly maxConnections: number;
  /** Most identified connections of one address; default all of them. */
  readonly maxPerAddress?: number;
  /** Most connections accepted per second. */
  readonly maxPerSecond: number;
  /** Most connections that are not identified yet; a quarter of it for one address. */
  readonly maxPending: number;
  /** Takes a socket, which counts as pending until `identified` is called. */
  readonly onSocket: (admitted: Admitted) => void;
  /** Told of each socket that was turned away here. */
  readonly onRefused: (refusal: Refusal) => void;
}

/** A socket that was let in. */
export interface Admitted {
  /** The raw socket. */
  readonly socket: Socket;
  /** IP address of the peer. */
  readonly address: string;
  /** Moves it from the pending to the identified ones; false if there is no room: it is destroyed then. */
  identified(): boolean;
}

/** Opens a listening socket; rejects when it cannot bind. */
export async function openAcceptor(options: AcceptOptions): Promise<Listener> {
  const gate = new RateGate(options.maxPerSecond, performance.now());
  const sockets = new Set<Socket>();
  const identified = new Map<string, number>();
  const pending = new Map<Socket, string>();
  const perAddress = Math.max(1, Math.ceil(options.maxPending / 4));

  const whyNot = (address: string): Pick<Refusal, "reason" | "message"> | undefined => {
    if (!gate.admit(address, performance.now())) {
      return {
        reason: "tooManyHandshakes",
        message:
          `Refused ${address}: it or all together exceed ${options.maxPerSecond} connections per second`,
      };
    }
    let own = 0;
    for (const other of pending.values()) if (other === address) own++;
    if (pending.size >= options.maxPending || own >= perAddress) {
      return {
        reason: "tooManyHandshakes",
        message:
          `Refused ${address}: ${pending.size} connections, ${own} of them its own, are not identified yet`,
      };
    }
    if (sockets.size - pending.size >= options.maxConnections) return full(address, options);
    return undefined;
  };

  const server = createServer({ noDelay: true }, (socket) => {
    const address = normalizeAddress(socket.remoteAddress ?? "");
    const refusal = whyNot(address);
    socket.on("error", () => {}); // told by "close", and by the connection that takes the socket over
    if (refusal) {
      socket.destroy();
      options.onRefused({ ...refusal, address });
      return;
    }
    sockets.add(socket);
    pending.set(socket, address);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on("close", () => {
      sockets.delete(socket);
      pending.delete(socket);
    });
    options.onSocket({
      socket,
      address,
      identified() {
        const own = identified.get(address) ?? 0;
        const isFull = sockets.size - pending.size >= options.maxConnections;
        if (isFull || own >= (options.maxPerAddress ?? Infinity)) {
          const refusal = isFull ? full(address, options) : ownFull(address, own);
          // It is on its way out, and holds no place until it is gone.
          pending.delete(socket);
          sockets.delete(socket);
          socket.destroy();
          options.onRefused({ ...refusal, address });
          return false;
        }
        pending.delete(socket);
        identified.set(address, own + 1);
        socket.once("close", () => {
          const left = (identified.get(address) ?? 1) - 1;
          if (left > 0) identified.set(address, left);
          else identified.delete(address);
        });
        return true;
      },
    });
  });

  await new Promise<void>((resolve, reject) => {
    const refused = (error: Error) => reject(unusable(error, options));
    server.once("error", refused);
    server.listen(options.port, options.hostname, () => {
      server.off("error", refused);
      resolve();
    });
  });
  // A failing accept, for example without file descriptors, is told and must not end the process.
  server.on("error", (error: Error) => {
    options.onRefused({
      reason: "acceptFailed",
      message: `Cannot accept a connection: ${error.message}`,
      address: "",
    });
  });
  const bound = server.address();
  let closing: Promise<void> | undefined;
  return {
    hostname: bound && typeof bound === "object" ? bound.address : options.hostname,
    port: bound && typeof bound === "object" ? bound.port : options.port,
    get connections() {
      return sockets.size;
    },
    close() {
      closing ??= new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
      return closing;
    },
  };
}

/** Why an address cannot be listened on, by the platform's code. */
const UNUSABLE: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is in use by another program",
  EADDRNOTAVAIL: "this machine has no such address",
  EACCES: "this user may not, since ports below 1024 need CAP_NET_BIND_SERVICE",
};

/** The error of a listener that cannot be opened, with the address and the reason in words; its code stays. */
function unusable(
  error: Error & { readonly code?: string },
  { hostname, port }: AcceptOptions,
): Error {
  const address = `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  error.message = `Cannot listen on ${address}: ${UNUSABLE[error.code ?? ""] ?? error.message}`;
  return error;
}

function full(address: string, options: AcceptOptions): Pick<Refusal, "reason" | "message"> {
  return {
    reason: "tooManyConnections",
    message: `Refused ${address}: ${options.maxConnections} connections are open`,
  };
}

function ownFull(address: string, own: number): Pick<Refusal, "reason" | "message"> {
  return {
    reason: "tooManyConnections",
    message: `Refused ${address}: ${own} connections of its own are open`,
  };
}
