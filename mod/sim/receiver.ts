/**
 * Receivers of a simulated stream, each with its own send state and bounded queue.
 *
 * @module
 */
import { FrameType, type QueuedFrame, SendQueue } from "../c37118/mod.ts";

/** Somebody who gets frames. */
export interface Receiver {
  /** Hands a frame over; returns how many data frames had to be dropped for it. */
  send(frame: Uint8Array): number;
  /** Resolves when what was handed over is sent, or after a second: its peer may not read. */
  flushed(): Promise<void>;
  /** Ends it, with what waits; safe to call twice. */
  close(): void;
}

const WRITE_PIECE = 16_384;
const FLUSH_MS = 1000;

/** A TCP connection: a queue of frames in front of a socket that may be slow. */
export class TcpReceiver implements Receiver {
  readonly #conn: Deno.TcpConn;
  readonly #stalledMs: number;
  readonly #nowMs: () => number;
  readonly #queue: SendQueue;
  #dropped = 0;
  #writing = false;
  #pumping: Promise<void> = Promise.resolve();
  #progressMs: number;
  #closed = false;

  /** Serves `conn`; a receiver that takes nothing for `stalledMs` is disconnected. */
  constructor(conn: Deno.TcpConn, maxBytes: number, stalledMs: number, nowMs: () => number) {
    this.#conn = conn;
    this.#queue = new SendQueue(maxBytes, () => this.#dropped++);
    this.#stalledMs = stalledMs;
    this.#nowMs = nowMs;
    this.#progressMs = nowMs();
  }

  /** Queues a frame, dropping the oldest data frames when the queue is full. */
  send(frame: Uint8Array): number {
    if (this.#closed) return 0;
    const before = this.#dropped;
    if (this.#writing && this.#nowMs() - this.#progressMs > this.#stalledMs) {
      this.close();
      return 0;
    }
    this.#queue.push({ bytes: frame, isData: typeOf(frame) === FrameType.Data });
    if (!this.#writing) this.#pumping = this.#pump();
    return this.#dropped - before;
  }

  /** Waits for the queue to be empty. */
  async flushed(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = new Promise<void>((resolve) => timer = setTimeout(resolve, FLUSH_MS));
    await Promise.race([this.#pumping, limit]);
    clearTimeout(timer);
  }

  /** Closes the connection. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue.clear();
    this.#conn.close();
  }

  async #pump(): Promise<void> {
    this.#writing = true;
    this.#progressMs = this.#nowMs();
    try {
      while (this.#queue.length > 0 && !this.#closed) {
        let bytes = this.#next();
        while (bytes.length > 0) {
          bytes = bytes.subarray(await this.#conn.write(bytes));
          this.#progressMs = this.#nowMs();
        }
      }
    } catch {
      this.close(); // the peer is gone, its reader ends the rest
    } finally {
      this.#writing = false;
    }
  }

  /** The next frame, or as many as were waiting up to one piece. */
  #next(): Uint8Array {
    const frames: QueuedFrame[] = [];
    let size = 0;
    do {
      const frame = this.#queue.shift()!; // the caller has looked
      frames.push(frame);
      size += frame.bytes.length;
    } while (this.#queue.length > 0 && size < WRITE_PIECE);
    if (frames.length === 1) return frames[0]!.bytes;
    const joined = new Uint8Array(size);
    let at = 0;
    for (const { bytes } of frames) {
      joined.set(bytes, at);
      at += bytes.length;
    }
    return joined;
  }
}

const MAX_UDP_PENDING = 256;

/** A UDP destination behind a socket that others share. */
export class UdpReceiver implements Receiver {
  readonly #socket: Deno.DatagramConn;
  readonly #address: Deno.NetAddr;
  #pending = 0;
  #closed = false;

  /** Sends to `hostname` and `port` through `socket`, which is not closed with the receiver. */
  constructor(socket: Deno.DatagramConn, hostname: string, port: number) {
    this.#socket = socket;
    this.#address = { transport: "udp", hostname, port };
  }

  /** Sends one datagram. */
  send(frame: Uint8Array): number {
    if (this.#closed) return 0;
    if (this.#pending >= MAX_UDP_PENDING) return typeOf(frame) === FrameType.Data ? 1 : 0;
    this.#pending++;
    this.#socket.send(frame, this.#address).then(
      () => this.#pending--,
      () => this.#pending--, // nobody listens there, or the socket was closed: UDP promises nothing
    );
    return 0;
  }

  /** Nothing to wait for: the socket took it, or it is lost as datagrams may be. */
  flushed(): Promise<void> {
    return Promise.resolve();
  }

  /** Sends nothing from now on. */
  close(): void {
    this.#closed = true;
  }
}

function typeOf(frame: Uint8Array): number {
  return (frame[1]! >> 4) & 7;
}
