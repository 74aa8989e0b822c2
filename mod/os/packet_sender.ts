/**
 * Sends whole Ethernet frames on one interface, many with one system call.
 *
 * @module
 */
import { addressOf, Errno, lastErrno } from "./packet_libc.ts";
import { PacketSocket, SOL_PACKET } from "./packet_socket.ts";

/** How to open a sender. */
export interface PacketSenderOptions {
  /** Name of the interface. */
  readonly interface: string;
  /** Frames that one system call takes at most; default 256. */
  readonly batch?: number;
  /** Longest frame in octets, FCS not counted; default 1522. */
  readonly maxFrameBytes?: number;
}

const PACKET_QDISC_BYPASS = 20;
const MSG_DONTWAIT = 0x40;
const SEND_BUFFER_BYTES = 4 * 1024 * 1024;
const IOVEC = 16, MSGHDR = 64; // struct iovec; struct mmsghdr of 64-bit Linux
const MIN_FRAME = 14;

/**
 * A packet socket that only sends. It never waits: frames that the kernel does not take are counted.
 *
 * Write frames into {@linkcode PacketSender.bytes} from {@linkcode PacketSender.at} on and commit them by
 * {@linkcode PacketSender.commit}, or hand whole ones to {@linkcode PacketSender.add}. They go out when the
 * batch is full or by {@linkcode PacketSender.flush}.
 *
 * ```ts ignore
 * const sender = new PacketSender({ interface: "eth1" });
 * sender.commit(encodeFrame(sample, sender.bytes, sender.at));
 * sender.flush();
 * sender.close();
 * ```
 */
export class PacketSender {
  /** Name of the interface. */
  readonly interface: string;
  /** Address of the interface: what a frame usually has as its source. */
  readonly hardwareAddress: Uint8Array;
  /** Longest frame in octets. */
  readonly maxFrameBytes: number;
  /** Room for a batch of frames; only the octets from `at` to `at + maxFrameBytes` may be written. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Frames that the kernel took. */
  sent = 0;
  /** Frames that the kernel did not take: no room, interface down, frame longer than the MTU. */
  refused = 0;
  readonly #socket: PacketSocket;
  readonly #batch: number;
  readonly #vectors: Uint8Array<ArrayBuffer>;
  readonly #headers: Uint8Array<ArrayBuffer>;
  readonly #lengths: Uint32Array;
  #count = 0;
  #at = 0;

  /**
   * Opens a sender. Throws Deno.errors.NotCapable without `--allow-ffi`, PermissionDenied without CAP_NET_RAW,
   * NotFound where there is no such interface.
   */
  constructor(options: PacketSenderOptions) {
    const { batch = 256, maxFrameBytes = 1522 } = options;
    this.#batch = batch;
    this.maxFrameBytes = maxFrameBytes;
    this.bytes = new Uint8Array(batch * maxFrameBytes);
    this.#vectors = new Uint8Array(batch * IOVEC);
    this.#headers = new Uint8Array(batch * MSGHDR);
    this.#lengths = new Uint32Array(this.#vectors.buffer);
    const vectors = new BigUint64Array(this.#vectors.buffer);
    const headers = new BigUint64Array(this.#headers.buffer);
    const data = addressOf(this.bytes), vector = addressOf(this.#vectors);
    for (let i = 0; i < batch; i++) {
      vectors[2 * i] = data + BigInt(i * maxFrameBytes);
      headers[8 * i + 2] = vector + BigInt(i * IOVEC); // msg_iov
      headers[8 * i + 3] = 1n; // msg_iovlen
    }
    this.#socket = new PacketSocket(options.interface);
    this.interface = options.interface;
    this.hardwareAddress = this.#socket.hardwareAddress() ?? new Uint8Array(6);
    try {
      this.#socket.setSendBuffer(SEND_BUFFER_BYTES);
      // Frames go to the adapter at once; where the kernel has no such option they go by the queue.
      const on = new Uint8Array(Int32Array.of(1).buffer);
      this.#socket.libc.setsockopt(this.#socket.fd, SOL_PACKET, PACKET_QDISC_BYPASS, on, 4);
      this.#socket.bind(0);
    } catch (error) {
      this.#socket.close();
      throw error;
    }
  }

  /** Offset in `bytes` of the next frame. */
  get at(): number {
    return this.#at;
  }

  /** Takes the frame of `length` octets that was written at `at`. Throws a RangeError for an impossible length. */
  commit(length: number): void {
    if (!(length >= MIN_FRAME && length <= this.maxFrameBytes)) {
      throw new RangeError(
        `Cannot send a frame: expected ${MIN_FRAME} to ${this.maxFrameBytes} octets, found ${length}`,
      );
    }
    this.#lengths[4 * this.#count + 2] = length; // iov_len, low half
    this.#at += this.maxFrameBytes;
    if (++this.#count === this.#batch) this.flush();
  }

  /** Copies one frame into the batch. Throws a RangeError for an impossible length. */
  add(frame: Uint8Array): void {
    if (frame.length <= this.maxFrameBytes) this.bytes.set(frame, this.#at);
    this.commit(frame.length);
  }

  /** Sends what waits and returns how many frames the kernel took. */
  flush(): number {
    const count = this.#count;
    if (count === 0) return 0;
    this.#count = 0;
    this.#at = 0;
    const { libc, fd } = this.#socket;
    let done = 0, sent = 0;
    while (done < count) {
      const rest = done === 0 ? this.#headers : this.#headers.subarray(done * MSGHDR);
      const taken = libc.sendmmsg(fd, rest, count - done, MSG_DONTWAIT);
      if (taken > 0) {
        done += taken;
        sent += taken;
        continue;
      }
      const errno = lastErrno(libc);
      if (errno === Errno.EINTR) continue;
      // A full queue or an interface that is down refuses the others too; anything else is this frame's fault.
      const refused = REFUSES_ALL.has(errno) ? count - done : 1;
      this.refused += refused;
      done += refused;
    }
    this.sent += sent;
    return sent;
  }

  /** Closes the socket; frames that wait are not sent. Safe to call twice. */
  close(): void {
    this.#count = 0;
    this.#at = 0;
    this.#socket.close();
  }
}

const EBADF = 9, ENXIO = 6;
const REFUSES_ALL: ReadonlySet<number> = new Set([
  Errno.EAGAIN,
  Errno.ENOBUFS,
  Errno.ENETDOWN,
  Errno.ENODEV,
  ENXIO,
  EBADF,
]);
