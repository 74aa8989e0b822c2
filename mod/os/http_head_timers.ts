/**
 * Ends connections whose next head of a request does not come in time.
 *
 * @module
 */
import type { Socket } from "node:net";
import { FAREWELL_MS } from "./http_answer.ts";

/** Ends connections whose next head of a request does not come in time; the platform's server does not. */
export class HeadTimers {
  readonly #timers = new WeakMap<Socket, ReturnType<typeof setTimeout>>();
  /** Requests that are being answered: a client may send the next ones before it has the first answer. */
  readonly #running = new WeakMap<Socket, number>();

  /** Takes a connection, whose first head is waited for. */
  begin(socket: Socket, ms: number): void {
    socket.once("close", () => clearTimeout(this.#timers.get(socket)));
    this.#expect(socket, ms);
  }

  /** A head has come; gives how many requests of the connection are being answered now. */
  came(socket: Socket): number {
    clearTimeout(this.#timers.get(socket));
    const running = (this.#running.get(socket) ?? 0) + 1;
    this.#running.set(socket, running);
    return running;
  }

  /** Its request was answered: the next head is waited for, unless it is there. */
  answered(socket: Socket, ms: number): void {
    const running = this.#running.get(socket)! - 1; // it came
    this.#running.set(socket, running);
    if (running === 0) this.#expect(socket, ms);
  }

  #expect(socket: Socket, ms: number): void {
    if (socket.destroyed) return;
    const timer = setTimeout(() => {
      socket.end("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
      setTimeout(() => socket.destroy(), FAREWELL_MS);
    }, ms);
    this.#timers.set(socket, timer);
  }
}
