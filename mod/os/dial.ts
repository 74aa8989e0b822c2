/**
 * Dialling within a time: what TLS and plain TCP connections share.
 *
 * @module
 */
import { connect, type Socket } from "node:net";
import { ConnectError } from "./connection.ts";

const TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 15_000;

/** Where and how long to dial. */
export interface DialOptions {
  /** Host name or address to dial. */
  readonly hostname: string;
  /** Port to dial. */
  readonly port: number;
  /** Local address to dial from. */
  readonly localAddress?: string;
  /** Longest time until done; default 10000. */
  readonly timeoutMs?: number;
  /** Gives up early. */
  readonly signal?: AbortSignal;
}

/**
 * Connects a socket and lets `finish` make of it what is wanted, all within one time limit.
 *
 * `finish` calls `done` or `fail`, at once or later. After a failure the socket is destroyed and the
 * promise rejects with a {@linkcode ConnectError}.
 */
export function dial<T>(
  options: DialOptions,
  finish: (socket: Socket, done: (result: T) => void, fail: (error: ConnectError) => void) => void,
): Promise<T> {
  const place = `${options.hostname}:${options.port}`;
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  return new Promise<T>((resolve, reject) => {
    const aborted = () => new ConnectError("aborted", `Stopped connecting to ${place}`);
    if (options.signal?.aborted) {
      reject(aborted());
      return;
    }
    let settled = false;
    const socket = connect({
      host: options.hostname,
      port: options.port,
      ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
    });
    const settle = () => {
      if (settled) return false;
      settled = true;
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", onAbort);
      return true;
    };
    const fail = (error: ConnectError) => {
      if (!settle()) return;
      socket.destroy();
      reject(error);
    };
    const done = (result: T) => {
      if (settle()) resolve(result);
    };
    const onAbort = () => fail(aborted());
    const timer = setTimeout(
      () =>
        fail(
          new ConnectError("timeout", `Cannot connect to ${place}: no answer in ${timeoutMs} ms`),
        ),
      timeoutMs,
    );
    options.signal?.addEventListener("abort", onAbort);
    socket.on(
      "error",
      (error) => fail(new ConnectError("network", `Cannot connect to ${place}: ${error.message}`)),
    );
    socket.on(
      "close",
      () => fail(new ConnectError("network", `Cannot connect to ${place}: the peer closed it`)),
    );
    socket.on("connect", () => {
      socket.setNoDelay(true);
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      finish(socket, done, fail);
    });
  });
}
