/**
 * A packet socket (AF_PACKET) on one interface: options, memberships, statistics, the interface's state.
 *
 * @module
 */
import { Errno, lastErrno, type PacketLibc, packetLibc, systemError } from "./packet_libc.ts";

const AF_PACKET = 17, SOCK_RAW = 3, SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1, SO_ERROR = 4, SO_SNDBUF = 7, SO_SNDBUFFORCE = 32;
const SIOCGIFFLAGS = 0x8913n, SIOCGIFHWADDR = 0x8927n, SIOCGIFINDEX = 0x8933n;
const IFREQ_SIZE = 40, IFNAMSIZ = 16;
const IFF_UP = 0x1, IFF_RUNNING = 0x40;

/** What is known of an interface: there and able to carry frames, there, or gone (or another one by that name). */
export type InterfaceState = "up" | "down" | "gone";

/** Level of the options of packet sockets. */
export const SOL_PACKET = 263;

/** An open packet socket. It takes no frames before {@linkcode PacketSocket.bind}. */
export class PacketSocket {
  /** Name of the interface. */
  readonly interface: string;
  /** Index of the interface when the socket was opened. */
  readonly index: number;
  /** The C library. */
  readonly libc: PacketLibc;
  /** The descriptor; -1 when closed. */
  fd: number;
  readonly #request = new Uint8Array(IFREQ_SIZE);
  readonly #requestView = new DataView(this.#request.buffer);
  readonly #word = new Int32Array(1);
  readonly #wordBytes = new Uint8Array(this.#word.buffer);
  readonly #length = new Uint32Array(1);
  readonly #lengthBytes = new Uint8Array(this.#length.buffer);

  /**
   * Opens a socket for the interface called `name`.
   *
   * Throws Deno.errors.NotCapable without `--allow-ffi`, PermissionDenied without CAP_NET_RAW, NotFound where
   * there is no such interface.
   */
  constructor(name: string) {
    const libc = packetLibc();
    this.libc = libc;
    this.interface = name;
    // Protocol 0: nothing arrives before the filter is in place and the socket is bound.
    this.fd = libc.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (this.fd < 0) throw this.error("open a packet socket");
    if (new TextEncoder().encode(name).length >= IFNAMSIZ || !this.#ask(SIOCGIFINDEX)) {
      this.close();
      throw new Deno.errors.NotFound(
        `Cannot open a packet socket: expected the name of an interface, found "${name}"`,
      );
    }
    this.index = this.#requestView.getInt32(IFNAMSIZ, true);
  }

  /** An error for what just failed on this socket, in the kernel's words. */
  error(what: string): Error {
    return systemError(
      this.libc,
      `Cannot ${what} on ${this.interface}`,
      lastErrno(this.libc),
    );
  }

  /** Sets an option; throws in the kernel's words where it refuses. `what` ends the sentence "Cannot". */
  setOption(level: number, option: number, value: Uint8Array<ArrayBuffer>, what: string): void {
    if (this.libc.setsockopt(this.fd, level, option, value, value.length) !== 0) {
      throw this.error(what);
    }
  }

  /** Reads an option into `value`; false where the kernel refuses. */
  getOption(level: number, option: number, value: Uint8Array<ArrayBuffer>): boolean {
    this.#length[0] = value.length;
    return this.libc.getsockopt(this.fd, level, option, value, this.#lengthBytes) === 0;
  }

  /** Binds to the interface and begins to take frames of `protocol` (an EtherType, 3 for all, 0 for none). */
  bind(protocol: number): void {
    const address = new DataView(new ArrayBuffer(20)); // struct sockaddr_ll
    address.setUint16(0, AF_PACKET, true);
    address.setUint16(2, protocol, false);
    address.setInt32(4, this.index, true);
    if (this.libc.bind(this.fd, new Uint8Array(address.buffer), 20) !== 0) throw this.error("bind");
  }

  /** Asks for `bytes` of room for frames that wait to be sent; the kernel gives what it likes. */
  setSendBuffer(bytes: number): void {
    this.#word[0] = bytes;
    if (this.libc.setsockopt(this.fd, SOL_SOCKET, SO_SNDBUFFORCE, this.#wordBytes, 4) !== 0) {
      this.libc.setsockopt(this.fd, SOL_SOCKET, SO_SNDBUF, this.#wordBytes, 4);
    }
  }

  /** Whether the interface carries frames now. */
  state(): InterfaceState {
    if (!this.#ask(SIOCGIFINDEX) || this.#requestView.getInt32(IFNAMSIZ, true) !== this.index) {
      return "gone";
    }
    if (!this.#ask(SIOCGIFFLAGS)) return "gone";
    const flags = this.#requestView.getUint16(IFNAMSIZ, true);
    const wanted = IFF_UP | IFF_RUNNING;
    return (flags & wanted) === wanted ? "up" : "down";
  }

  /** Address of the interface, six octets; undefined where it has none. */
  hardwareAddress(): Uint8Array | undefined {
    return this.#ask(SIOCGIFHWADDR) ? this.#request.slice(IFNAMSIZ + 2, IFNAMSIZ + 8) : undefined;
  }

  /** The error that waits on the socket, and takes it away: 0 or a number of {@linkcode Errno}. */
  takeError(): number {
    return this.getOption(SOL_SOCKET, SO_ERROR, this.#wordBytes) ? this.#word[0]! : Errno.EINVAL;
  }

  /** Closes the socket; safe to call twice. */
  close(): void {
    if (this.fd >= 0) this.libc.close(this.fd);
    this.fd = -1;
  }

  #ask(request: bigint): boolean {
    this.#request.fill(0);
    new TextEncoder().encodeInto(this.interface, this.#request.subarray(0, IFNAMSIZ - 1));
    return this.libc.ioctl(this.fd, request, this.#request) === 0;
  }
}
