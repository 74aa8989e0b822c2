/**
 * Ways to a device: TCP connections that are dialled or accepted, and datagrams that go out of a UDP socket.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import { messageOf } from "../../core/mod.ts";

/** An open way to a device. */
export interface Link {
  /** Address and port of the peer, for people. */
  readonly peer: string;
  /** Resolves once, with the reason, when the way is closed, by whomever. */
  readonly closed: Promise<string>;
  /** Sends bytes in order. What cannot be sent ends a TCP connection. */
  send(bytes: Uint8Array<ArrayBuffer>): void;
  /** Resolves when everything has been handed to the kernel, at the latest after a moment. */
  flushed(): Promise<void>;
  /** Closes the way; safe to call twice. */
  close(reason: string): void;
}

/** Makes one link after the other. */
export interface LinkMaker {
  /** Waits for the next link; rejects when it cannot be made or `signal` aborts. */
  open(signal: AbortSignal, onBytes: (bytes: Uint8Array) => void): Promise<Link>;
  /** True if the next link may be asked for at once, since the device makes it. */
  readonly waitsForPeer: boolean;
  /** True if commands can be sent. */
  readonly canCommand: boolean;
  /** Connections that were turned away. */
  readonly refused: number;
  /** Frees what is held; open links are closed. */
  close(): void;
}

const READ_BYTES = 65_536;
const FLUSH_MS = 500;
/** How long a listener waits after it could not accept a connection, for want of descriptors for example. */
const ACCEPT_AGAIN_MS = 1000;

/** Dials `hostname:port` over TCP. */
export function dialler(hostname: string, port: number, timeoutMs: number): LinkMaker {
  const buffer = new Uint8Array(READ_BYTES);
  return {
    waitsForPeer: false,
    canCommand: true,
    refused: 0,
    async open(signal, onBytes) {
      const conn = await connect(hostname, port, timeoutMs, signal);
      return tcpLink(conn, buffer, onBytes);
    },
    close() {},
  };
}

/**
 * Listens for a device that dials. One connection at a time: a second one is turned away while `isBusy`,
 * otherwise it takes the place of the first, which is taken to be dead.
 *
 * A connection that cannot be accepted makes `open` reject once, and listening goes on a second later.
 */
export function doorkeeper(
  hostname: string,
  port: number,
  source: string | undefined,
  isBusy: () => boolean,
  listener: Pick<Deno.TcpListener, "accept" | "addr" | "close"> = Deno.listen({ hostname, port }),
): LinkMaker & { readonly port: number } {
  const buffer = new Uint8Array(READ_BYTES);
  let current: Link | undefined;
  let next: Deno.TcpConn | undefined;
  let wake: (() => void) | undefined;
  let refused = 0;
  let failure: unknown;
  const closing = new AbortController();
  const arrive = (conn: Deno.TcpConn) => {
    const isStranger = source !== undefined && conn.remoteAddr.hostname !== source;
    if (isStranger || (current !== undefined && isBusy())) {
      refused++;
      conn.close();
      return;
    }
    current?.close("replaced by a new connection of the device");
    next?.close();
    next = conn;
    wake?.();
  };
  const accept = async () => {
    while (!closing.signal.aborted) {
      try {
        arrive(await listener.accept());
        failure = undefined;
      } catch (error) {
        if (closing.signal.aborted) return;
        failure = error;
        wake?.();
        await delay(ACCEPT_AGAIN_MS, undefined, { signal: closing.signal }).catch(() => {});
      }
    }
  };
  void accept();
  return {
    waitsForPeer: true,
    canCommand: true,
    port: listener.addr.port,
    get refused() {
      return refused;
    },
    async open(signal, onBytes) {
      while (next === undefined) {
        signal.throwIfAborted();
        closing.signal.throwIfAborted();
        if (failure !== undefined) {
          const error = failure;
          failure = undefined;
          throw error;
        }
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = () => resolve();
        signal.addEventListener("abort", wake, { once: true });
        await promise;
        signal.removeEventListener("abort", wake);
      }
      const link = tcpLink(next, buffer, onBytes);
      next = undefined;
      current = link;
      link.closed.then(() => {
        if (current === link) current = undefined;
      });
      return link;
    },
    close() {
      current?.close("closed here");
      next?.close();
      next = undefined;
      if (closing.signal.aborted) return;
      closing.abort();
      wake?.();
      listener.close();
    },
  };
}

async function connect(
  hostname: string,
  port: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Deno.TcpConn> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const abort = () => controller.abort(new Error("stopped"));
  signal.addEventListener("abort", abort, { once: true });
  const timer = setTimeout(
    () => controller.abort(new Error(`no connection after ${timeoutMs} ms`)),
    timeoutMs,
  );
  try {
    const conn = await Deno.connect({ hostname, port, signal: controller.signal });
    conn.setNoDelay(true);
    conn.setKeepAlive(true);
    return conn;
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

function tcpLink(
  conn: Deno.TcpConn,
  buffer: Uint8Array<ArrayBuffer>,
  onBytes: (bytes: Uint8Array) => void,
): Link {
  const { hostname, port } = conn.remoteAddr;
  const { promise: closed, resolve } = Promise.withResolvers<string>();
  let isOpen = true;
  let writing: Promise<void> = Promise.resolve();
  const close = (reason: string) => {
    if (!isOpen) return;
    isOpen = false;
    conn.close();
    resolve(reason);
  };
  const read = async () => {
    while (isOpen) {
      const count = await conn.read(buffer);
      if (!isOpen) return;
      if (count === null) return close("closed by the device");
      onBytes(buffer.subarray(0, count));
    }
  };
  const write = async (bytes: Uint8Array<ArrayBuffer>) => {
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
  };
  const fail = (error: unknown) => close(messageOf(error));
  read().catch(fail);
  return {
    peer: `${hostname}:${port}`,
    closed,
    send: (bytes) => {
      writing = writing.then(() => isOpen ? write(bytes) : undefined).catch(fail);
    },
    flushed: () => momentOf(writing),
    close,
  };
}

/** A link that is no connection: commands go out by `send`, if at all, and what comes back comes to the UDP socket. */
export function datagramLink(
  peer: string,
  send: ((bytes: Uint8Array<ArrayBuffer>) => Promise<boolean>) | undefined,
): LinkMaker {
  let current: Link | undefined;
  return {
    waitsForPeer: false,
    canCommand: send !== undefined,
    refused: 0,
    open(signal) {
      signal.throwIfAborted();
      const { promise: closed, resolve } = Promise.withResolvers<string>();
      let sending: Promise<unknown> = Promise.resolve();
      current = {
        peer,
        closed,
        send: (bytes) => {
          sending = sending.then(() => send?.(bytes));
        },
        flushed: () => momentOf(sending),
        close: resolve,
      };
      return Promise.resolve(current);
    },
    close: () => current?.close("closed here"),
  };
}

async function momentOf(work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise((go) => timer = setTimeout(go, FLUSH_MS));
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
