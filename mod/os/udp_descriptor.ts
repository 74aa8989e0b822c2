/**
 * The descriptor behind a UDP socket of the platform, found and set up through FFI.
 *
 * @module
 */
import { ipBytes } from "../core/mod.ts";
import { int32Bytes, type Libc, openLibc } from "./libc.ts";

const MAX_DESCRIPTOR = 4096;
const SOL_IP = 0, SOL_SOCKET = 1;
const IP_ADD_SOURCE_MEMBERSHIP = 39;
const SO_TYPE = 3, SO_RCVBUF = 8, SO_RCVBUFFORCE = 33, SO_MEMINFO = 55;
const SOCK_DGRAM = 2;
const MEMINFO_WORDS = 9, MEMINFO_DROPS = 8;
const SIOCGSTAMPNS = 0x8907n;
const MAX_STAMP_DISTANCE_MICROS = 1e6;

/** Socket options that the platform does not offer, on one socket. */
export class UdpDescriptor {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #stamp = new Uint32Array(4); // struct timespec of two 64-bit words, low halves first
  readonly #stampBytes = new Uint8Array(this.#stamp.buffer);

  private constructor(libc: Libc, fd: number) {
    this.#libc = libc;
    this.#fd = fd;
    libc.control(fd, SIOCGSTAMPNS, this.#stampBytes); // the first call turns stamping on
  }

  /**
   * Opens a socket by `open` and finds its descriptor; without one, `why` says what is in the way.
   *
   * The platform does not tell descriptors, so those bound to the address before and after are compared.
   */
  static open(
    open: () => Deno.DatagramConn,
    hostname: string,
    port: number,
  ): { conn: Deno.DatagramConn; descriptor: UdpDescriptor | undefined; why: string } {
    const result = openLibc();
    if (!result.libc) return { conn: open(), descriptor: undefined, why: result.why };
    const { libc } = result;
    const before = new Set(port === 0 ? [] : bound(libc, port));
    const conn = open();
    const address = conn.addr as Deno.NetAddr; // sockets on transport "udp" have network addresses
    const found = bound(libc, address.port).filter((fd) => !before.has(fd));
    if (found.length === 1) {
      return { conn, descriptor: new UdpDescriptor(libc, found[0]!), why: "" };
    }
    const why = `found ${found.length} descriptors for ${hostname}:${address.port}, expected one`;
    return { conn, descriptor: undefined, why };
  }

  /** Asks for `bytes` of receive buffer and returns what the kernel gives. */
  setReceiveBuffer(bytes: number): number {
    // The kernel doubles what is asked for, for its own book-keeping, and tells the doubled number.
    if (!this.#libc.setOption(this.#fd, SOL_SOCKET, SO_RCVBUFFORCE, int32Bytes(bytes))) {
      this.#libc.setOption(this.#fd, SOL_SOCKET, SO_RCVBUF, int32Bytes(bytes));
    }
    const value = new Int32Array(1);
    this.#libc.getOption(this.#fd, SOL_SOCKET, SO_RCVBUF, new Uint8Array(value.buffer));
    return value[0]! / 2;
  }

  /**
   * Joins an IPv4 group for one source on the interface with address `local`; returns what is in the way,
   * or undefined. Success is checked in `/proc/net/mcfilter` where that may be read.
   */
  joinSource(group: string, local: string, source: string): string | undefined {
    const addresses = [group, local, source].map(ipBytes);
    const value = new Uint8Array(12); // struct ip_mreq_source on Linux: group, interface, source
    for (let i = 0; i < 3; i++) {
      const bytes = addresses[i];
      if (bytes?.length !== 4) {
        return `expected IPv4 addresses, found ${group}, ${local}, ${source}`;
      }
      value.set(bytes, 4 * i);
    }
    if (!this.#libc.setOption(this.#fd, SOL_IP, IP_ADD_SOURCE_MEMBERSHIP, value)) {
      return "the kernel refuses the source-specific join";
    }
    let table: string;
    try {
      const path = "/proc/net/mcfilter";
      if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return undefined;
      table = Deno.readTextFileSync(path);
    } catch {
      return undefined; // the kernel said yes; there is only no second witness
    }
    const row = `${hex(value.subarray(0, 4))} ${hex(value.subarray(8, 12))}`;
    return table.includes(row) ? undefined : "the kernel does not list the source-specific join";
  }

  /** Datagrams dropped for want of room; undefined if the kernel does not tell. */
  drops(): number | undefined {
    const words = new Uint32Array(MEMINFO_WORDS);
    const known = this.#libc.getOption(
      this.#fd,
      SOL_SOCKET,
      SO_MEMINFO,
      new Uint8Array(words.buffer),
    );
    return known ? words[MEMINFO_DROPS] : undefined;
  }

  /**
   * When the datagram that was read last reached the kernel, in microseconds since 1970; `nowMicros` if it has no
   * stamp or one that is a second or more from now, as with a virtual clock or one that was set meanwhile.
   */
  arrivalMicros(nowMicros: number): number {
    if (!this.#libc.control(this.#fd, SIOCGSTAMPNS, this.#stampBytes)) return nowMicros;
    const stamp = (this.#stamp[1]! * 4_294_967_296 + this.#stamp[0]!) * 1e6 +
      this.#stamp[2]! / 1000;
    return Math.abs(nowMicros - stamp) < MAX_STAMP_DISTANCE_MICROS ? stamp : nowMicros;
  }
}

/** Descriptors of datagram sockets that are bound to `port`. */
function bound(libc: Libc, port: number): number[] {
  const found: number[] = [];
  const type = new Int32Array(1);
  const typeBytes = new Uint8Array(type.buffer);
  for (let fd = 0; fd < MAX_DESCRIPTOR; fd++) {
    const name = libc.socketName(fd);
    // sin_family is in host order, sin_port (IPv4 and IPv6 alike) in network order.
    if (!name || (name[0] !== 2 && name[0] !== 10) || name[2]! * 256 + name[3]! !== port) continue;
    if (!libc.getOption(fd, SOL_SOCKET, SO_TYPE, typeBytes) || type[0] !== SOCK_DGRAM) continue;
    found.push(fd);
  }
  return found;
}

function hex(bytes: Uint8Array): string {
  return `0x${[...bytes].map((b) => b.toString(16).padStart(2, "0")).join("")}`;
}
