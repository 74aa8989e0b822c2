/**
 * From captured packets to transport segments: Ethernet, Linux cooked, raw IP, IPv4 and IPv6.
 *
 * @module
 */
import { ipText } from "../core/mod.ts";
import type { CapturedPacket } from "./types.ts";

/** What an IP packet carries, after fragments have been put together. */
export interface IpPayload {
  /** Sender as text. */
  readonly source: string;
  /** Receiver as text. */
  readonly destination: string;
  /** Protocol number: 6 TCP, 17 UDP. */
  readonly protocol: number;
  /** Content. */
  readonly bytes: Uint8Array;
}

/** Bytes of IP fragments that wait for others, at most. */
const MAX_FRAGMENT_BYTES = 4 << 20;
/** Fragmented packets that wait, at most. */
const MAX_FRAGMENTED = 256;
/** Pieces that one fragmented packet may have, at most. */
const MAX_PIECES = 1024;

interface Partial {
  readonly pieces: { readonly offset: number; readonly bytes: Uint8Array }[];
  total: number;
  bytes: number;
}

/** Finds the IP payload of packets; keeps fragments, bounded, oldest thrown away first. */
export class IpReader {
  /** Fragmented packets that were thrown away incomplete. */
  dropped = 0;
  readonly #partials = new Map<string, Partial>();
  #bytes = 0;

  /** The payload of a packet, or undefined: not IP, malformed, cut short, or an incomplete fragment. */
  read(packet: CapturedPacket): IpPayload | undefined {
    const at = networkOffset(packet);
    if (at < 0 || at >= packet.bytes.length) return undefined;
    const version = packet.bytes[at]! >>> 4;
    if (version === 4) return this.#read4(packet.bytes, at);
    return version === 6 ? this.#read6(packet.bytes, at) : undefined;
  }

  #read4(bytes: Uint8Array, at: number): IpPayload | undefined {
    const header = (bytes[at]! & 15) * 4;
    if (header < 20 || at + header > bytes.length) return undefined;
    // Length 0 stands for segmentation left to the network card.
    const length = u16(bytes, at + 2) || bytes.length - at;
    const end = at + length;
    if (length < header || end > bytes.length) return undefined;
    const source = ipText(bytes, at + 12, 4), destination = ipText(bytes, at + 16, 4);
    const protocol = bytes[at + 9]!;
    const flags = u16(bytes, at + 6);
    const payload = bytes.subarray(at + header, end);
    if ((flags & 0x3fff) === 0) return { source, destination, protocol, bytes: payload };
    const key = `${source} ${destination} ${protocol} ${u16(bytes, at + 4)}`;
    const whole = this.#collect(key, (flags & 0x1fff) * 8, (flags & 0x2000) !== 0, payload);
    return whole && { source, destination, protocol, bytes: whole };
  }

  #read6(bytes: Uint8Array, at: number): IpPayload | undefined {
    if (at + 40 > bytes.length) return undefined;
    const end = at + 40 + u16(bytes, at + 4);
    if (end > bytes.length) return undefined;
    const source = ipText(bytes, at + 8, 16), destination = ipText(bytes, at + 24, 16);
    let next = bytes[at + 6]!;
    let offset = at + 40;
    // Hop-by-hop, routing, fragment and destination options may stand before the payload.
    while (next === 0 || next === 43 || next === 44 || next === 60) {
      if (offset + 8 > end) return undefined;
      const following = bytes[offset]!;
      if (next === 44) {
        const field = u16(bytes, offset + 2);
        const payload = bytes.subarray(offset + 8, end);
        if ((field & 0xfff9) === 0) {
          return { source, destination, protocol: following, bytes: payload };
        }
        const id = u16(bytes, offset + 4) * 65536 + u16(bytes, offset + 6);
        const key = `${source} ${destination} ${id}`;
        const whole = this.#collect(key, field & 0xfff8, (field & 1) !== 0, payload);
        return whole && { source, destination, protocol: following, bytes: whole };
      }
      offset += 8 + bytes[offset + 1]! * 8;
      next = following;
    }
    if (offset > end) return undefined;
    return { source, destination, protocol: next, bytes: bytes.subarray(offset, end) };
  }

  #collect(key: string, offset: number, more: boolean, bytes: Uint8Array): Uint8Array | undefined {
    if (offset + bytes.length > 65535) return undefined;
    let partial = this.#partials.get(key);
    if (!partial) {
      partial = { pieces: [], total: -1, bytes: 0 };
      this.#partials.set(key, partial);
    }
    partial.pieces.push({ offset, bytes });
    partial.bytes += bytes.length;
    this.#bytes += bytes.length;
    if (!more) partial.total = offset + bytes.length;
    const whole = partial.total >= 0 ? join(partial) : undefined;
    if (whole || partial.pieces.length > MAX_PIECES) this.#forget(key, whole === undefined);
    while (this.#bytes > MAX_FRAGMENT_BYTES || this.#partials.size > MAX_FRAGMENTED) {
      const oldest = this.#partials.keys().next();
      if (oldest.done) break;
      this.#forget(oldest.value, true);
    }
    return whole;
  }

  #forget(key: string, dropped: boolean): void {
    const partial = this.#partials.get(key);
    if (!partial) return;
    this.#partials.delete(key);
    this.#bytes -= partial.bytes;
    if (dropped) this.dropped++;
  }
}

function join(partial: Partial): Uint8Array | undefined {
  const sorted = [...partial.pieces].sort((a, b) => a.offset - b.offset);
  let reached = 0;
  for (const piece of sorted) {
    if (piece.offset > reached) return undefined;
    reached = Math.max(reached, piece.offset + piece.bytes.length);
  }
  if (reached < partial.total) return undefined;
  const whole = new Uint8Array(reached);
  // Latest first, so that what came first stands in the end.
  for (const piece of [...partial.pieces].reverse()) whole.set(piece.bytes, piece.offset);
  return whole.subarray(0, partial.total);
}

const ETHERNET = 1;
const LINUX_COOKED = 113;
const LINUX_COOKED_2 = 276;
const NULL_LOOPBACK = 0;
const LOOPBACK = 108;
const RAW_IP: readonly number[] = [12, 14, 101, 228, 229];

/** Offset of the IP header, or -1 when there is none. */
function networkOffset({ bytes, linkType }: CapturedPacket): number {
  if (linkType === ETHERNET) return bytes.length < 14 ? -1 : etherType(bytes, 12);
  if (linkType === LINUX_COOKED) return bytes.length < 16 ? -1 : etherType(bytes, 14);
  if (linkType === LINUX_COOKED_2) {
    if (bytes.length < 20) return -1;
    return isIp(u16(bytes, 0)) ? 20 : -1;
  }
  if (linkType === NULL_LOOPBACK || linkType === LOOPBACK) return 4;
  return RAW_IP.includes(linkType) ? 0 : -1;
}

/** Steps over VLAN tags from the type field at `at`. */
function etherType(bytes: Uint8Array, at: number): number {
  for (; at + 2 <= bytes.length; at += 4) {
    const type = u16(bytes, at);
    if (isIp(type)) return at + 2;
    if (type !== 0x8100 && type !== 0x88a8 && type !== 0x9100) return -1;
  }
  return -1;
}

/** Whether an EtherType is that of IPv4 or IPv6. */
export function isIp(type: number): boolean {
  return type === 0x0800 || type === 0x86dd;
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
