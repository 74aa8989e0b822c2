/**
 * {@linkcode Connection} over a socket of `node:net` or `node:tls`.
 *
 * @module
 */
import type { Socket } from "node:net";
import { messageOf } from "../core/mod.ts";
import { normalizeAddress } from "../identity/mod.ts";
import type { CloseReason, Connection, ConnectionLimits } from "./connection.ts";

/** Bytes kept while nobody reads, unless told otherwise. */
const MAX_UNREAD_BYTES = 256 * 1024;
/** Smallest burst of the read budget. */
const MIN_BURST_BYTES = 1024 * 1024;
const LINGER_MS = 2000;

/** Takes over a connected socket; for a TLS socket after the handshake. */
export class SocketConnection implements Connection {
  readonly secure: boolean;
  readonly localAddress: string;
  readonly remoteAddress: string;
  readonly remotePort: number;
  bytesRead = 0;
  bytesWritten = 0;
  onDrain: (() => void) | undefined;
  readonly #socket: Socket;
  readonly #maxUnread: number;
  readonly #readRate: number;
  readonly #readBurst: number;
  #readBudget: number;
  #readBudgetAtMs = performance.now();
  #onData: ((bytes: Uint8Array) => void) | undefined;
  #unread: Uint8Array[] = [];
  #unreadBytes = 0;
  #paused = false;
  #delivering = false;
  #open = true;
  #ended: { reason: CloseReason; message: string } | undefined;
  #onClose: ((reason: CloseReason, message: string) => void) | undefined;
  #isGone = false;
  #lingerTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: Socket, secure: boolean, limits: ConnectionLimits, address?: string) {
    this.#socket = socket;
    this.secure = secure;
    this.localAddress = normalizeAddress(socket.localAddress ?? "");
    this.remoteAddress = address ?? normalizeAddress(socket.remoteAddress ?? "");
    this.remotePort = socket.remotePort ?? 0;
    this.#maxUnread = limits.maxUnreadBytes ?? MAX_UNREAD_BYTES;
    this.#readRate = limits.maxReadBytesPerSecond ?? Infinity;
    this.#readBurst = Math.max(2 * this.#readRate, MIN_BURST_BYTES);
    this.#readBudget = this.#readBurst;
    socket.on("data", (bytes: Uint8Array) => this.#receive(bytes));
    socket.on("drain", () => {
      if (this.#open) this.onDrain?.();
    });
    socket.on("end", () => this.#end("closedByPeer", "The peer closed the connection"));
    socket.on("error", (error: Error) => this.#end("networkError", error.message));
    socket.on("close", () => this.#closed());
    if (socket.destroyed) queueMicrotask(() => this.#closed());
  }

  get onData(): ((bytes: Uint8Array) => void) | undefined {
    return this.#onData;
  }

  set onData(take: ((bytes: Uint8Array) => void) | undefined) {
    this.#onData = take;
    if (this.#unread.length > 0) queueMicrotask(() => this.#deliverUnread());
  }

  get onClose(): ((reason: CloseReason, message: string) => void) | undefined {
    return this.#onClose;
  }

  set onClose(tell: ((reason: CloseReason, message: string) => void) | undefined) {
    this.#onClose = tell;
    // A connection may end while its owner still waits for something else.
    if (tell && this.#isGone) queueMicrotask(() => this.#closed());
  }

  get writableLength(): number {
    return this.#socket.writableLength;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  write(bytes: Uint8Array): boolean {
    // The stream keeps what the kernel does not take at once, and the caller's buffer is lent.
    return this.#open && this.give(bytes.slice());
  }

  give(bytes: Uint8Array): boolean {
    if (!this.#open) return false;
    this.bytesWritten += bytes.length;
    return this.#socket.write(bytes);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#deliverUnread();
  }

  close(lingerMs: number = LINGER_MS): void {
    if (!this.#open) return;
    this.#end("closedHere", "Closed on this side");
    this.#socket.end();
    this.#lingerTimer = setTimeout(() => this.#socket.destroy(), lingerMs);
  }

  destroy(): void {
    this.#kill("destroyed", "Destroyed on this side");
  }

  #receive(bytes: Uint8Array): void {
    if (!this.#open) return;
    this.bytesRead += bytes.length;
    if (!this.#mayRead(bytes.length)) {
      this.#kill(
        "readRateLimit",
        `Received more than ${this.#readRate} bytes per second from ${this.remoteAddress}`,
      );
      return;
    }
    if (this.#onData && !this.#paused && this.#unread.length === 0 && !this.#delivering) {
      this.#deliver(bytes);
      return;
    }
    this.#unread.push(bytes);
    this.#unreadBytes += bytes.length;
    if (this.#unreadBytes > this.#maxUnread) {
      this.#kill(
        "unreadLimit",
        `Received ${this.#unreadBytes} bytes from ${this.remoteAddress} that nobody reads; the limit is ${this.#maxUnread}`,
      );
      return;
    }
    this.#deliverUnread();
  }

  #mayRead(size: number): boolean {
    if (this.#readRate === Infinity) return true;
    const now = performance.now();
    const refill = (now - this.#readBudgetAtMs) * this.#readRate / 1000;
    this.#readBudget = Math.min(this.#readBurst, this.#readBudget + refill) - size;
    this.#readBudgetAtMs = now;
    return this.#readBudget >= 0;
  }

  #deliverUnread(): void {
    if (this.#delivering) return;
    while (this.#open && this.#onData && !this.#paused) {
      const next = this.#unread.shift();
      if (!next) return;
      this.#unreadBytes -= next.length;
      this.#deliver(next);
    }
  }

  #deliver(bytes: Uint8Array): void {
    this.#delivering = true;
    try {
      this.#onData?.(bytes);
    } catch (error) {
      this.#kill("handlerFailed", messageOf(error));
    } finally {
      this.#delivering = false;
    }
  }

  #end(reason: CloseReason, message: string): void {
    this.#ended ??= { reason, message };
    this.#open = false;
    this.#unread = [];
    this.#unreadBytes = 0;
  }

  #kill(reason: CloseReason, message: string): void {
    this.#end(reason, message);
    this.#socket.destroy();
  }

  #closed(): void {
    clearTimeout(this.#lingerTimer);
    this.#end("closedByPeer", "The connection went away");
    this.#isGone = true;
    const tell = this.#onClose;
    this.#onData = this.onDrain = this.#onClose = undefined;
    if (tell && this.#ended) tell(this.#ended.reason, this.#ended.message);
  }
}
