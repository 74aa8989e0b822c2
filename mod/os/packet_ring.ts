/**
 * Receives Ethernet frames in a ring that the kernel and this thread share (AF_PACKET, TPACKET_V3).
 *
 * @module
 */
import { addressOf } from "./packet_libc.ts";
import { type PacketFilter, packetProgram } from "./packet_filter.ts";
import { type InterfaceState, PacketSocket, SOL_PACKET } from "./packet_socket.ts";

/** How to open a ring. */
export interface PacketRingOptions {
  /** Name of the interface. */
  readonly interface: string;
  /** Which frames the kernel lets through; or the BPF program that says so. */
  readonly filter: PacketFilter | Uint8Array<ArrayBuffer>;
  /** Group addresses to join, six octets each; "all" for every group, "promiscuous" for every frame. */
  readonly join: readonly Uint8Array[] | "all" | "promiscuous";
  /** Octets of one block, a power of two from 4096; a full one is handed over at once. Default 65,536. */
  readonly blockBytes?: number;
  /** Number of blocks; default 256, which makes 16 MiB. */
  readonly blocks?: number;
  /** After how many milliseconds a block is handed over that is not full; default 1. */
  readonly retireMs?: number;
  /** Ask for the adapter's own time stamps; the kernel's stand in where it has none. Default false. */
  readonly adapterStamps?: boolean;
}

/** Who stamped a frame. */
export const StampSource = {
  /** Nobody said: the kernel fell back silently. */
  Unqualified: 0,
  /** The kernel, by CLOCK_REALTIME. */
  Kernel: 1,
  /** The adapter, in the time scale of its own clock. */
  Adapter: 2,
} as const;

/** What the kernel counted since the ring was opened. */
export interface PacketStatistics {
  /** Frames that passed the filter, the dropped ones included. */
  readonly packets: number;
  /** Frames that found no room in the ring. */
  readonly drops: number;
  /** How often no free block was left. */
  readonly freezes: number;
}

const PACKET_ADD_MEMBERSHIP = 1, PACKET_RX_RING = 5, PACKET_STATISTICS = 6, PACKET_VERSION = 10;
const PACKET_TIMESTAMP = 17, PACKET_IGNORE_OUTGOING = 23;
const SOL_SOCKET = 1, SO_ATTACH_FILTER = 26, SO_TIMESTAMPING = 37;
const SOF_TIMESTAMPING_RX_SOFTWARE = 8, SOF_TIMESTAMPING_SOFTWARE = 16;
const TPACKET_V3 = 2, SOF_TIMESTAMPING_RAW_HARDWARE = 64, ETH_P_ALL = 3;
const MR_MULTICAST = 0, MR_PROMISC = 1, MR_ALLMULTI = 2;
const PROT_READ_WRITE = 3, MAP_SHARED = 1;
const SOCK_FPROG = 16;
const MIN_BLOCK = 4096, FRAME_SIZE = 2048;
const PKT_OUTGOING = 4;

// Offsets in a block and in a frame's header, linux/if_packet.h.
const BLOCK_STATUS = 8, BLOCK_PACKETS = 12, BLOCK_FIRST = 16;
const STATUS_USER = 1, STATUS_KERNEL = 0;
const VLAN_VALID = 0x10, VLAN_TPID_VALID = 0x40, TS_SOFTWARE = 0x2000_0000;

/**
 * A ring of one interface. Its thread waits by `PacketPoll`, and then:
 *
 * ```ts ignore
 * while (ring.openBlock()) {
 *   while (ring.nextPacket()) take(ring.view, ring.offset, ring.length, ring.seconds, ring.nanos);
 *   ring.closeBlock();
 * }
 * ```
 *
 * Nothing is allocated on the way. A frame is valid until its block is closed.
 */
export class PacketRing {
  /** Name of the interface. */
  readonly interface: string;
  /** The whole ring. */
  readonly view: DataView<ArrayBuffer>;
  /** The whole ring, as octets. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the frame that was opened last begins in `view`: at its destination address. */
  offset = 0;
  /** Its octets that are in the ring; the tag that the kernel took out not counted. */
  length = 0;
  /** Its octets on the wire, counted alike; more than `length` where it was cut. */
  wireLength = 0;
  /** When it came: whole seconds since 1970. */
  seconds = 0;
  /** Nanoseconds within the second. */
  nanos = 0;
  /** Who says so: one of {@linkcode StampSource}. */
  stampSource = 0;
  /** Control information of the tag that the kernel took out: PCP, DEI and VID; -1 without one. */
  tci: number = -1;
  /** EtherType of that tag. */
  tpid = 0;
  readonly #socket: PacketSocket;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #blockBytes: number;
  readonly #blocks: number;
  #map: Deno.PointerValue = null;
  readonly #counts = new Uint32Array(3);
  readonly #countBytes = new Uint8Array(this.#counts.buffer);
  #packets = 0;
  #drops = 0;
  #freezes = 0;
  #block = 0; // index of the block that is next in turn
  #at = 0; // header of the next frame
  #left = 0;

  /**
   * Opens a ring; frames come from then on.
   *
   * Throws Deno.errors.NotCapable without `--allow-ffi`, PermissionDenied without CAP_NET_RAW, NotFound where
   * there is no such interface, RangeError for impossible sizes.
   */
  constructor(options: PacketRingOptions) {
    const { blockBytes = 65_536, blocks = 256, retireMs = 1 } = options;
    if (blockBytes < MIN_BLOCK || (blockBytes & (blockBytes - 1)) !== 0 || !(blocks >= 2)) {
      throw new RangeError(
        `Cannot make a packet ring: expected two or more blocks of a power of two from ${MIN_BLOCK} octets, ` +
          `found ${blocks} of ${blockBytes}`,
      );
    }
    this.interface = options.interface;
    this.#blockBytes = blockBytes;
    this.#blocks = blocks;
    const socket = new PacketSocket(options.interface);
    this.#socket = socket;
    try {
      socket.setOption(SOL_PACKET, PACKET_VERSION, words(TPACKET_V3), "use TPACKET_V3");
      attach(socket, options.filter);
      // Kernels before 4.20 do not know this; outgoing frames are left out below in any case.
      socket.libc.setsockopt(socket.fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, words(1), 4);
      // Without this the kernel stamps later and does not say that it was the one who did.
      const software = words(SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE);
      socket.libc.setsockopt(socket.fd, SOL_SOCKET, SO_TIMESTAMPING, software, 4);
      if (options.adapterStamps) {
        socket.setOption(
          SOL_PACKET,
          PACKET_TIMESTAMP,
          words(SOF_TIMESTAMPING_RAW_HARDWARE),
          "ask for adapter time stamps",
        );
      }
      const frames = Math.max(1, Math.floor(blockBytes / FRAME_SIZE)) * blocks;
      socket.setOption(
        SOL_PACKET,
        PACKET_RX_RING,
        words(blockBytes, blocks, FRAME_SIZE, frames, retireMs, 0, 0),
        `make a ring of ${blocks} blocks of ${blockBytes} octets`,
      );
      const size = blockBytes * blocks;
      this.#map = map(socket, size);
      const memory = Deno.UnsafePointerView.getArrayBuffer(this.#map, size);
      this.view = new DataView(memory);
      this.bytes = new Uint8Array(memory);
      this.#words = new Int32Array(memory);
      socket.bind(ETH_P_ALL);
      join(socket, options.join);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The descriptor, to wait for. */
  get fd(): number {
    return this.#socket.fd;
  }

  /** Opens the next block in turn; false while the kernel still has it. */
  openBlock(): boolean {
    const base = this.#block * this.#blockBytes;
    // An atomic load orders what follows behind it: the frames were written before the status.
    if ((Atomics.load(this.#words, (base + BLOCK_STATUS) >> 2) & STATUS_USER) === 0) return false;
    this.#left = this.view.getUint32(base + BLOCK_PACKETS, true);
    this.#at = base + this.view.getUint32(base + BLOCK_FIRST, true);
    return true;
  }

  /** Opens the next frame of the block; false when there is none left. */
  nextPacket(): boolean {
    const { view } = this;
    while (this.#left > 0) {
      this.#left--;
      const at = this.#at;
      this.#at = at + view.getUint32(at, true);
      if (view.getUint8(at + 58) === PKT_OUTGOING) continue; // sll_pkttype
      this.seconds = view.getUint32(at + 4, true);
      this.nanos = view.getUint32(at + 8, true);
      this.length = view.getUint32(at + 12, true);
      this.wireLength = view.getUint32(at + 16, true);
      const status = view.getInt32(at + 20, true);
      this.offset = at + view.getUint16(at + 24, true);
      if ((status & VLAN_VALID) !== 0) {
        this.tci = view.getUint32(at + 32, true) & 0xffff;
        this.tpid = (status & VLAN_TPID_VALID) !== 0 ? view.getUint16(at + 36, true) : 0x8100;
      } else {
        this.tci = -1;
        this.tpid = 0;
      }
      this.stampSource = status < 0 // TP_STATUS_TS_RAW_HARDWARE is the sign bit
        ? StampSource.Adapter
        : (status & TS_SOFTWARE) !== 0
        ? StampSource.Kernel
        : StampSource.Unqualified;
      return true;
    }
    return false;
  }

  /** Gives the block back to the kernel and goes on to the next one. */
  closeBlock(): void {
    const base = this.#block * this.#blockBytes;
    Atomics.store(this.#words, (base + BLOCK_STATUS) >> 2, STATUS_KERNEL);
    if (++this.#block === this.#blocks) this.#block = 0;
  }

  /** Reads the kernel's counters, about once a second; they are 32 bits there and zero after each reading. */
  statistics(): PacketStatistics {
    if (this.#socket.getOption(SOL_PACKET, PACKET_STATISTICS, this.#countBytes)) {
      this.#packets += this.#counts[0]!;
      this.#drops += this.#counts[1]!;
      this.#freezes += this.#counts[2]!;
    }
    return { packets: this.#packets, drops: this.#drops, freezes: this.#freezes };
  }

  /** Lets other frames through from now on. Frames that the old filter let into the ring stay there. */
  setFilter(filter: PacketFilter): void {
    attach(this.#socket, filter);
  }

  /** Whether the interface carries frames now; a ring on one that is gone has to be opened anew. */
  state(): InterfaceState {
    this.#socket.takeError(); // "network is down" would make each poll return at once
    return this.#socket.state();
  }

  /** Unmaps the ring and closes the socket; safe to call twice. `view` must not be touched afterwards. */
  close(): void {
    const { libc } = this.#socket;
    // The kernel keeps socket, ring and memberships for as long as it is mapped.
    if (this.#map !== null) libc.munmap(this.#map, BigInt(this.#blockBytes * this.#blocks));
    this.#map = null;
    this.#socket.close();
  }
}

function words(...values: number[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Int32Array.from(values).buffer);
}

function attach(socket: PacketSocket, filter: PacketRingOptions["filter"]): void {
  const program = filter instanceof Uint8Array ? filter : packetProgram(filter);
  // struct sock_fprog with the program behind it, in one array so that both live as long as the call.
  const header = new DataView(new ArrayBuffer(SOCK_FPROG + program.length));
  const bytes = new Uint8Array(header.buffer);
  bytes.set(program, SOCK_FPROG);
  header.setUint16(0, program.length / 8, true);
  header.setBigUint64(8, addressOf(bytes) + BigInt(SOCK_FPROG), true);
  const { libc, fd } = socket;
  if (libc.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, bytes, SOCK_FPROG) !== 0) {
    throw socket.error(`attach a filter of ${program.length / 8} instructions`);
  }
}

function map(socket: PacketSocket, size: number): Deno.PointerObject {
  const at = socket.libc.mmap(null, BigInt(size), PROT_READ_WRITE, MAP_SHARED, socket.fd, 0n);
  if (at === null || Deno.UnsafePointer.value(at) === 0xffff_ffff_ffff_ffffn) { // MAP_FAILED
    throw socket.error(`map a ring of ${size} octets`);
  }
  return at;
}

function join(socket: PacketSocket, wanted: PacketRingOptions["join"]): void {
  const add = (type: number, address: Uint8Array) => {
    const request = new DataView(new ArrayBuffer(16)); // struct packet_mreq
    request.setInt32(0, socket.index, true);
    request.setUint16(4, type, true);
    request.setUint16(6, address.length, true);
    const bytes = new Uint8Array(request.buffer);
    bytes.set(address, 8);
    socket.setOption(SOL_PACKET, PACKET_ADD_MEMBERSHIP, bytes, "join a group");
  };
  if (wanted === "all") add(MR_ALLMULTI, new Uint8Array(0));
  else if (wanted === "promiscuous") add(MR_PROMISC, new Uint8Array(0));
  else {
    const seen = new Set<string>();
    for (const address of wanted) {
      // The lowest bit of the first octet makes a group; other addresses need no joining.
      if ((address[0]! & 1) === 0 || seen.has(address.join())) continue;
      seen.add(address.join());
      add(MR_MULTICAST, address);
    }
  }
}
