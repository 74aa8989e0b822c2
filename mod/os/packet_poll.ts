/**
 * Waits for frames on rings of packet sockets.
 *
 * @module
 */
import { Errno, lastErrno, packetLibc, systemError } from "./packet_libc.ts";
import type { PacketRing } from "./packet_ring.ts";

/** Waits for the first of several rings to have a block. */
export class PacketPoll {
  readonly #libc = packetLibc();
  readonly #entries: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #count: bigint;

  /** Watches `rings`, which must be open. */
  constructor(rings: readonly PacketRing[]) {
    this.#entries = new Uint8Array(8 * Math.max(1, rings.length)); // struct pollfd
    this.#view = new DataView(this.#entries.buffer);
    this.#count = BigInt(rings.length);
    rings.forEach((ring, i) => {
      this.#view.setInt32(8 * i, ring.fd, true);
      this.#view.setInt16(8 * i + 4, POLLIN, true);
    });
  }

  /**
   * Blocks this thread until a ring has a block or an error, at most `timeoutMs`; false at the timeout.
   *
   * The first ring with an error can be found by {@linkcode PacketPoll.hasError}.
   */
  wait(timeoutMs: number): boolean {
    const ready = this.#libc.poll(this.#entries, this.#count, timeoutMs);
    if (ready < 0) {
      const errno = lastErrno(this.#libc);
      if (errno !== Errno.EINTR) throw systemError(this.#libc, "Cannot wait for frames", errno);
    }
    return ready > 0;
  }

  /** True if the last wait found an error on ring `index`: its interface went down or away. */
  hasError(index: number): boolean {
    return (this.#view.getInt16(8 * index + 6, true) & (POLLERR | POLLHUP | POLLNVAL)) !== 0;
  }
}

const POLLIN = 1, POLLERR = 8, POLLHUP = 16, POLLNVAL = 32;
