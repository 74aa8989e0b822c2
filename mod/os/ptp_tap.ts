/**
 * Hears PTP on one interface by a packet ring, over Ethernet and UDP, tagged or not: a few thousand messages a second.
 *
 * Datagrams are read from the wire, so that neither their ports have to be bound nor a socket of this host be in the way.
 *
 * @module
 */
import { ipText } from "../core/mod.ts";
import type { PtpTransport } from "../ptp/mod.ts";
import { PacketRing, StampSource } from "./packet_ring.ts";
import { IPV4, IPV6, PTP_ETHER_TYPE, PTP_PORTS, ptpProgram, UDP } from "./ptp_filter.ts";

/** What to hear. */
export interface PtpTapOptions {
  /** Name of the interface. */
  readonly interface: string;
  /** How the messages travel that are heard. */
  readonly transports: readonly PtpTransport[];
  /** Ask for the adapter's own time stamps. */
  readonly adapterStamps: boolean;
  /** Frames that are handed over within a tenth of a second, at most; the others are counted. Default 2000. */
  readonly framesPerLook?: number;
}

/** A message that was heard, lent for the call. */
export interface TappedFrame {
  /** How it came. */
  readonly transport: PtpTransport;
  /** What follows the EtherType or the UDP header; up to {@linkcode MAX_TAPPED_BYTES} octets. */
  readonly payload: Uint8Array;
  /** Address of its sender: `aa:bb:cc:dd:ee:ff`, or that of IP. */
  readonly sender: string;
  /** Control information of its outer VLAN tag: PCP, DEI and VID; -1 without one. */
  readonly tci: number;
  /** When it came: whole seconds since 1970, by the clock that stamped it. */
  readonly seconds: number;
  /** Nanoseconds within the second. */
  readonly nanos: number;
  /** Whether the adapter stamped it, in the time scale of its own clock. */
  readonly byAdapter: boolean;
}

/** Takes what a tap hears. */
export interface TapListener {
  /** A message came. */
  frame(frame: TappedFrame): void;
  /** Nothing more comes, for this reason; the tap is closed. */
  ended(reason: string): void;
}

/** Octets of the payload of an untagged Ethernet frame; longer ones are counted as dropped. */
export const MAX_TAPPED_BYTES = 1500;

/** The ring is looked at so often; stamps are the kernel's, so that it does not matter when. */
const LOOK_MS = 100;
/** Looks between questions whether the interface is still there. */
const STATE_LOOKS = 10;
const BLOCK_BYTES = 65_536;
const BLOCKS = 8;
const MAX_FRAMES = 2000;
/** Tag of IEC 62439-3: six octets, where a VLAN tag has four. */
const HSR = 0x892f;

/** MAC addresses of the groups that PTP is sent to, by transport: all but peer delay, and peer delay. */
const GROUPS: Readonly<Record<PtpTransport, readonly Uint8Array[]>> = {
  ethernet: [
    new Uint8Array([0x01, 0x1b, 0x19, 0, 0, 0]),
    new Uint8Array([0x01, 0x80, 0xc2, 0, 0, 0x0e]),
  ],
  udp4: [ // 224.0.1.129, 224.0.0.107
    new Uint8Array([0x01, 0x00, 0x5e, 0, 0x01, 0x81]),
    new Uint8Array([0x01, 0x00, 0x5e, 0, 0, 0x6b]),
  ],
  udp6: [ // ff0x::181 of every scope, ff02::6b
    new Uint8Array([0x33, 0x33, 0, 0, 0x01, 0x81]),
    new Uint8Array([0x33, 0x33, 0, 0, 0, 0x6b]),
  ],
};

/** A ring that a timer looks at. */
export class PtpTap {
  /** Messages that were thrown away: too many at once, too long, or in fragments. */
  dropped = 0;
  readonly #options: PtpTapOptions;
  readonly #listener: TapListener;
  readonly #ring: PacketRing;
  readonly #timer: ReturnType<typeof setInterval>;
  #kernelDrops = 0;
  #looks = 0;
  #open = true;

  /**
   * Opens a tap; frames come from then on.
   *
   * Throws Deno.errors.NotCapable without `--allow-ffi`, PermissionDenied without CAP_NET_RAW, NotFound where there
   * is no such interface.
   */
  constructor(options: PtpTapOptions, listener: TapListener) {
    this.#options = options;
    this.#listener = listener;
    this.#ring = new PacketRing({
      interface: options.interface,
      filter: ptpProgram(options.transports),
      join: options.transports.flatMap((transport) => GROUPS[transport]),
      blockBytes: BLOCK_BYTES,
      blocks: BLOCKS,
      retireMs: LOOK_MS / 2,
      adapterStamps: options.adapterStamps,
    });
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** Frames that the kernel dropped for want of room. */
  get kernelDrops(): number {
    if (this.#open) this.#kernelDrops = this.#ring.statistics().drops;
    return this.#kernelDrops;
  }

  /** Ends; safe to call twice. */
  close(): void {
    if (!this.#open) return;
    this.#kernelDrops = this.#ring.statistics().drops;
    this.#open = false;
    clearInterval(this.#timer);
    this.#ring.close();
  }

  #look(): void {
    const ring = this.#ring, { framesPerLook = MAX_FRAMES } = this.#options;
    let frames = 0;
    while (this.#open && ring.openBlock()) {
      while (this.#open && ring.nextPacket()) {
        if (++frames > framesPerLook) this.dropped++;
        else this.#frame(ring);
      }
      if (this.#open) ring.closeBlock();
    }
    if (this.#open && ++this.#looks % STATE_LOOKS === 0 && ring.state() === "gone") {
      this.close();
      this.#listener.ended(`${this.#options.interface} is gone`);
    }
  }

  /** Finds the message behind the addresses and what tags the kernel left in. */
  #frame(ring: PacketRing): void {
    const { bytes, view, offset, length } = ring;
    let at = offset + 12, tci = ring.tci, type = 0;
    const end = offset + length;
    for (; at + 4 < end; at += type === HSR ? 6 : 4) {
      type = view.getUint16(at);
      if (type === PTP_ETHER_TYPE || type === IPV4 || type === IPV6) break;
      if (type !== HSR && tci < 0) tci = view.getUint16(at + 2);
    }
    if (at + 4 >= end) return;
    const whole = bytes.subarray(at + 2, end);
    const message = type === PTP_ETHER_TYPE
      ? { transport: "ethernet" as const, payload: whole, sender: macText(bytes, offset + 6) }
      : type === IPV4
      ? readUdp4(whole)
      : readUdp6(whole);
    if (!message || message.payload.length > MAX_TAPPED_BYTES || ring.wireLength > length) {
      this.dropped++;
      return;
    }
    this.#listener.frame({
      ...message,
      tci,
      seconds: ring.seconds,
      nanos: ring.nanos,
      byAdapter: ring.stampSource === StampSource.Adapter,
    });
  }
}

type Message = Pick<TappedFrame, "transport" | "payload" | "sender">;

/** The message of an IPv4 packet; undefined for what is malformed, cut short or in fragments. */
export function readUdp4(packet: Uint8Array): Message | undefined {
  if (packet.length < 20 || packet[0]! >>> 4 !== 4 || packet[9] !== UDP) return undefined;
  const header = (packet[0]! & 15) * 4, length = u16(packet, 2);
  if (header < 20 || length > packet.length || (u16(packet, 6) & 0x3fff) !== 0) return undefined;
  const payload = readUdp(packet.subarray(0, length), header);
  return payload && { transport: "udp4", payload, sender: ipText(packet, 12, 4) };
}

/** The same of an IPv6 packet, without extension headers. */
export function readUdp6(packet: Uint8Array): Message | undefined {
  if (packet.length < 40 || packet[0]! >>> 4 !== 6 || packet[6] !== UDP) return undefined;
  const length = 40 + u16(packet, 4);
  if (length > packet.length) return undefined;
  const payload = readUdp(packet.subarray(0, length), 40);
  return payload && { transport: "udp6", payload, sender: ipText(packet, 8, 16) };
}

function readUdp(packet: Uint8Array, at: number): Uint8Array | undefined {
  if (at + 8 > packet.length || !PTP_PORTS.includes(u16(packet, at + 2))) return undefined;
  const length = u16(packet, at + 4);
  if (length < 8 || at + length > packet.length) return undefined;
  return packet.subarray(at + 8, at + length);
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

function macText(bytes: Uint8Array, at: number): string {
  let text = "";
  for (let i = 0; i < 6; i++) {
    text += `${i > 0 ? ":" : ""}${(bytes[at + i]! + 0x100).toString(16).slice(1)}`;
  }
  return text;
}
