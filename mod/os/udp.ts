/**
 * UDP sockets with what receivers need: room in the kernel, multicast groups, a source filter, arrival stamps.
 *
 * @module
 */
import type { Clock } from "../core/mod.ts";
import { UdpDescriptor } from "./udp_descriptor.ts";

/** A multicast group to join. */
export interface MulticastOptions {
  /** Address of the group, IPv4 or IPv6. */
  readonly group: string;
  /** Interface by name or by its IPv4 address, for IPv6 by name or index; default: the kernel chooses. */
  readonly interface?: string;
  /** The only sender that is wanted: joins source-specifically where the platform can. */
  readonly source?: string;
}

/** How to open a UDP socket. */
export interface UdpOptions {
  /** Address to bind to; default all, for multicast the group. */
  readonly hostname?: string;
  /** Port to bind to; 0 or left out for any. */
  readonly port?: number;
  /** Group to join. */
  readonly multicast?: MulticastOptions;
  /** Addresses whose datagrams are taken; left out or empty takes all. `multicast.source` is added to them. */
  readonly sources?: readonly string[];
  /** Room in the kernel for datagrams that wait, in bytes; needs FFI. Default 4 MiB. */
  readonly receiveBufferBytes?: number;
  /** Says when datagrams arrived where the kernel cannot. */
  readonly clock: Clock;
  /**
   * Takes a datagram, lent for the call. `arrivalMicros` is the kernel's stamp where FFI is permitted, otherwise
   * the clock at reading. What it throws is handed to `onError` and closes the socket.
   */
  readonly onDatagram: (bytes: Uint8Array, arrivalMicros: number, from: Deno.NetAddr) => void;
  /** Called once when the socket fails; it is closed then. */
  readonly onError: (error: unknown) => void;
}

/** An open UDP socket. */
export interface UdpSocket {
  /** Address that it is bound to. */
  readonly hostname: string;
  /** Port that it is bound to. */
  readonly port: number;
  /** Datagrams that came, filtered ones included. */
  readonly received: number;
  /** Datagrams from other addresses than the wanted ones; they were thrown away. */
  readonly filtered: number;
  /** What the platform could not do, in sentences for status; empty when all is as asked. */
  readonly notes: readonly string[];
  /** Room in the kernel in bytes; undefined without FFI. */
  readonly receiveBufferBytes: number | undefined;
  /** Datagrams that the kernel dropped for want of room since the socket was opened; undefined without FFI. */
  kernelDrops(): number | undefined;
  /** Sends a datagram; false if the network refuses it, which the next datagram may not be. */
  send(bytes: Uint8Array, hostname: string, port: number): Promise<boolean>;
  /** Closes the socket; safe to call twice. Nothing is delivered afterwards. */
  close(): void;
}

const MAX_DATAGRAM = 65_536;
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
const MAX_ERRORS_IN_A_ROW = 100;

/** Sockets that were closed and whose last call for a datagram has not come back: until then they hold their port. */
const closing = new Set<Promise<void>>();

/** Opens a UDP socket and joins its group; rejects when it cannot bind or join. */
export async function openUdp(options: UdpOptions): Promise<UdpSocket> {
  // A part that starts anew takes the port that it has just given back.
  while (closing.size > 0) await Promise.all(closing);
  const socket = new OpenUdp(options);
  try {
    await socket.join();
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.run();
  return socket;
}

class OpenUdp implements UdpSocket {
  received = 0;
  filtered = 0;
  readonly notes: string[] = [];
  readonly hostname: string;
  readonly port: number;
  readonly receiveBufferBytes: number | undefined;
  readonly #options: UdpOptions;
  readonly #conn: Deno.DatagramConn;
  readonly #descriptor: UdpDescriptor | undefined;
  readonly #sources: ReadonlySet<string>;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: UdpOptions) {
    this.#options = options;
    const { multicast } = options;
    const hostname = options.hostname ?? multicast?.group ?? "0.0.0.0";
    const port = options.port ?? 0;
    // Several receivers may share the port of a group; a unicast port belongs to one.
    const open = () =>
      Deno.listenDatagram({
        transport: "udp",
        hostname,
        port,
        reuseAddress: multicast !== undefined,
      });
    const { conn, descriptor, why } = UdpDescriptor.open(open, hostname, port);
    this.#conn = conn;
    this.#descriptor = descriptor;
    // A datagram socket on transport "udp" has a network address.
    const address = conn.addr as Deno.NetAddr;
    this.hostname = address.hostname;
    this.port = address.port;
    const sources = new Set((options.sources ?? []).map(plainAddress));
    if (multicast?.source) sources.add(plainAddress(multicast.source));
    this.#sources = sources;
    const wanted = options.receiveBufferBytes ?? RECEIVE_BUFFER_BYTES;
    if (descriptor) {
      this.receiveBufferBytes = descriptor.setReceiveBuffer(wanted);
      if (this.receiveBufferBytes < wanted) {
        this.notes.push(
          `the kernel gives ${this.receiveBufferBytes} bytes of receive buffer instead of ${wanted}; raise net.core.rmem_max`,
        );
      }
    } else {
      this.receiveBufferBytes = undefined;
      this.notes.push(`receive buffer and arrival stamps are the platform's defaults: ${why}`);
    }
  }

  async join(): Promise<void> {
    const { multicast } = this.#options;
    if (!multicast) return;
    if (multicast.group.includes(":")) {
      await this.#conn.joinMulticastV6(multicast.group, interfaceIndex(multicast.interface));
      if (multicast.source) {
        this.notes.push(
          "joined for any source and filtered here: source-specific joins are IPv4 only",
        );
      }
      return;
    }
    const local = interfaceAddress(multicast.interface);
    if (multicast.source) {
      const problem = this.#descriptor
        ? this.#descriptor.joinSource(multicast.group, local, multicast.source)
        : "FFI is not permitted";
      if (problem === undefined) return;
      this.notes.push(`joined for any source and filtered here: ${problem}`);
    }
    await this.#conn.joinMulticastV4(multicast.group, local);
  }

  run(): void {
    this.#running = this.#receive().catch((error) => {
      if (this.#closed) return;
      this.close();
      this.#options.onError(error);
    });
  }

  kernelDrops(): number | undefined {
    return this.#closed ? undefined : this.#descriptor?.drops();
  }

  async send(bytes: Uint8Array, hostname: string, port: number): Promise<boolean> {
    if (this.#closed) return false;
    try {
      return await this.#conn.send(bytes, { transport: "udp", hostname, port }) === bytes.length;
    } catch {
      return false; // unreachable for now, or closed meanwhile: UDP promises nothing
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#conn.close();
    const running = this.#running;
    closing.add(running);
    running.finally(() => closing.delete(running));
  }

  async #receive(): Promise<void> {
    const { clock, onDatagram } = this.#options;
    const scratch = new Uint8Array(MAX_DATAGRAM);
    let errors = 0;
    while (!this.#closed) {
      let datagram: Uint8Array, from: Deno.Addr;
      try {
        [datagram, from] = await this.#conn.receive(scratch);
        errors = 0;
      } catch (error) {
        // "Port unreachable" for something that was sent comes back here and does no harm.
        if (this.#closed) return;
        if (!(error instanceof Deno.errors.ConnectionRefused) || ++errors > MAX_ERRORS_IN_A_ROW) {
          throw error;
        }
        continue;
      }
      if (this.#closed) return;
      this.received++;
      const peer = from as Deno.NetAddr; // transport "udp", as above
      if (this.#sources.size > 0 && !this.#sources.has(plainAddress(peer.hostname))) {
        this.filtered++;
        continue;
      }
      const now = clock.nowMicros();
      onDatagram(datagram, this.#descriptor?.arrivalMicros(now) ?? now, peer);
    }
  }
}

/** An address as the kernel names peers: no zone, no brackets, IPv4 without its IPv6 mapping. */
function plainAddress(address: string): string {
  if (/^[\d.]+$/.test(address)) return address;
  return address.replace(/^\[|\]$|%.*$/g, "").replace(/^::ffff:(?=\d+\.)/i, "").toLowerCase();
}

/** The IPv4 address of an interface by its name; an address stays as it is. Throws where there is none. */
export function interfaceAddress(wanted: string | undefined): string {
  if (wanted === undefined) return "0.0.0.0";
  if (/^\d+(\.\d+){3}$/.test(wanted)) return wanted;
  const found = interfaces(wanted, "its IPv4 address").find((i) => i.family === "IPv4");
  if (found) return found.address;
  throw new Error(
    `Cannot join a group: expected an interface with an IPv4 address, found "${wanted}"`,
  );
}

/**
 * The index of an interface by its name; 0, the kernel's choice, for undefined. Throws where there is none.
 *
 * It is the scope of its link-local address: /sys, which has it too, is open to programs with all rights alone.
 */
export function interfaceIndex(wanted: string | undefined): number {
  if (wanted === undefined) return 0;
  if (/^\d+$/.test(wanted)) return Number(wanted);
  const found = interfaces(wanted, "its index").find((i) => (i.scopeid ?? 0) > 0);
  if (found?.scopeid) return found.scopeid;
  throw new Error(
    `Cannot join a group: expected an interface with a link-local IPv6 address, found "${wanted}"`,
  );
}

/** The addresses of an interface. Throws, with what to write instead of its name, where they must not be asked for. */
function interfaces(name: string, instead: string): Deno.NetworkInterfaceInfo[] {
  if (Deno.permissions.querySync({ name: "sys", kind: "networkInterfaces" }).state !== "granted") {
    throw new Error(
      `Cannot look up interface "${name}" without --allow-sys=networkInterfaces: name ${instead} instead`,
    );
  }
  return Deno.networkInterfaces().filter((i) => i.name === name);
}
