/**
 * A socket that only sends datagrams, to one peer, and never waits for room.
 *
 * @module
 */

/** How to open a sender. */
export interface UdpSenderOptions {
  /** Local address to send from. */
  readonly localAddress: string;
  /** Address of the peer. */
  readonly hostname: string;
  /** Port of the peer. */
  readonly port: number;
  /** Most bytes that may wait for the kernel; default 1 MiB. */
  readonly queueBytes?: number;
}

/** An open sender. */
export interface UdpSender {
  /** Port that it sends from. */
  readonly port: number;
  /** Datagrams that were taken for sending. */
  readonly sent: number;
  /** Datagrams that were not taken, because too many bytes waited. */
  readonly dropped: number;
  /** Datagrams that the network has refused after they were taken. */
  readonly failed: number;
  /** Bytes that wait for the kernel. */
  readonly waitingBytes: number;
  /**
   * Sends a datagram, whose bytes must not be changed afterwards; false if it was dropped at once.
   */
  send(bytes: Uint8Array): boolean;
  /** Closes the socket; safe to call twice. */
  close(): void;
}

const QUEUE_BYTES = 1024 * 1024;

/** Opens a sender on any free port; throws when the local address cannot be used. */
export function openUdpSender(options: UdpSenderOptions): UdpSender {
  return new OpenSender(options);
}

class OpenSender implements UdpSender {
  readonly port: number;
  sent = 0;
  dropped = 0;
  failed = 0;
  waitingBytes = 0;
  readonly #conn: Deno.DatagramConn;
  readonly #to: Deno.NetAddr;
  readonly #queueBytes: number;
  #queue: Uint8Array[] = [];
  #draining = false;
  #closed = false;

  constructor(options: UdpSenderOptions) {
    const { localAddress, hostname, port } = options;
    this.#conn = Deno.listenDatagram({ transport: "udp", hostname: localAddress, port: 0 });
    // A datagram socket on transport "udp" has a network address.
    this.port = (this.#conn.addr as Deno.NetAddr).port;
    this.#to = { transport: "udp", hostname, port };
    this.#queueBytes = options.queueBytes ?? QUEUE_BYTES;
  }

  send(bytes: Uint8Array): boolean {
    const size = bytes.length;
    if (this.#closed || this.waitingBytes + size > this.#queueBytes) {
      this.dropped++;
      return false;
    }
    this.waitingBytes += size;
    this.sent++;
    this.#queue.push(bytes);
    if (!this.#draining) this.#drain();
    return true;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#conn.close();
  }

  /** One datagram at a time: the platform does not keep the order of sends that overlap. */
  async #drain(): Promise<void> {
    this.#draining = true;
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      for (const bytes of batch) {
        try {
          if (!this.#closed) await this.#conn.send(bytes, this.#to);
        } catch {
          if (!this.#closed) this.failed++;
        }
        this.waitingBytes -= bytes.length;
      }
    }
    this.#draining = false;
  }
}
