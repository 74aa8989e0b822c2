/**
 * UDP datagrams and TCP streams of a capture.
 *
 * @module
 */
import { readEthernet } from "./ethernet.ts";
import { readCapture } from "./file.ts";
import { type IpPayload, IpReader, isIp } from "./network.ts";
import type { CapturedPacket, Endpoint, EthernetFrame, TcpStretch, UdpDatagram } from "./types.ts";

/** Bytes that one direction keeps beyond a hole before it gives the hole up. */
const MAX_AHEAD_BYTES = 1 << 20;
/** Segments that one direction keeps beyond a hole. */
const MAX_AHEAD_SEGMENTS = 1024;
/** Directions of connections that are remembered. */
const MAX_DIRECTIONS = 4096;

/**
 * The UDP datagrams and the TCP streams of a capture file, in the order in which packets complete them.
 *
 * Packets that are neither, or malformed, are passed over. Throws a `DecodeError` for a corrupt file.
 */
export function* readTransport(bytes: Uint8Array): Generator<UdpDatagram | TcpStretch> {
  for (const piece of readPieces(bytes)) if (piece.protocol !== "ethernet") yield piece;
}

/**
 * As {@linkcode readTransport}, and between them the Ethernet frames that carry no IP.
 *
 * Throws a `DecodeError` for a corrupt file.
 */
export function* readPieces(
  bytes: Uint8Array,
): Generator<UdpDatagram | TcpStretch | EthernetFrame> {
  const reader = new IpReader();
  const tcp = new TcpReassembler();
  let last: CapturedPacket | undefined;
  for (const packet of readCapture(bytes)) {
    last = packet;
    const ip = reader.read(packet);
    if (!ip) {
      const frame = readEthernet(packet);
      if (frame && !isIp(frame.etherType)) yield frame;
      continue;
    }
    if (ip.protocol === 17) {
      const datagram = readUdp(packet, ip);
      if (datagram) yield datagram;
    } else if (ip.protocol === 6) {
      yield* tcp.add(packet, ip);
    }
  }
  if (last) yield* tcp.finish(last);
}

function readUdp(packet: CapturedPacket, ip: IpPayload): UdpDatagram | undefined {
  const b = ip.bytes;
  if (b.length < 8) return undefined;
  const length = u16(b, 4);
  if (length < 8 || length > b.length) return undefined;
  return {
    protocol: "udp",
    packet: packet.number,
    timeMicros: packet.timeMicros,
    from: { address: ip.source, port: u16(b, 0) },
    to: { address: ip.destination, port: u16(b, 2) },
    payload: b.subarray(8, length),
  };
}

interface Direction {
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** Next sequence number, modulo 2^32. */
  next: number;
  /** Segments beyond a hole, sorted by distance. */
  ahead: { sequence: number; bytes: Uint8Array }[];
  aheadBytes: number;
  /** The next stretch begins a stream or follows a hole. */
  gap: boolean;
}

/** Puts TCP segments in order; what was given out first stands when segments overlap. */
export class TcpReassembler {
  readonly #directions = new Map<string, Direction>();

  /** Takes a segment; gives out what has come into order. */
  *add(packet: CapturedPacket, ip: IpPayload): Generator<TcpStretch> {
    const b = ip.bytes;
    if (b.length < 20) return;
    const header = (b[12]! >>> 4) * 4;
    if (header < 20 || header > b.length) return;
    const flags = b[13]!;
    const syn = (flags & 2) !== 0, reset = (flags & 4) !== 0;
    const from = { address: ip.source, port: u16(b, 0) };
    const to = { address: ip.destination, port: u16(b, 2) };
    const key = `${from.address} ${from.port} ${to.address} ${to.port}`;
    const sequence = (u16(b, 4) * 65536 + u16(b, 6) + (syn ? 1 : 0)) >>> 0;
    const payload = b.subarray(header);
    let direction = this.#directions.get(key);
    if (direction && syn && direction.next !== sequence) {
      // A new connection between the same ends.
      yield* giveUp(direction, packet);
      direction = undefined;
    }
    if (!direction) {
      direction = { from, to, next: sequence, ahead: [], aheadBytes: 0, gap: true };
      this.#directions.set(key, direction);
      if (this.#directions.size > MAX_DIRECTIONS) {
        const oldest = this.#directions.keys().next();
        if (!oldest.done) this.#directions.delete(oldest.value);
      }
    }
    if (payload.length > 0) yield* accept(direction, packet, sequence, payload);
    if (reset) this.#directions.delete(key);
  }

  /** Gives out what waits beyond holes, at the end of the capture. */
  *finish(last: CapturedPacket): Generator<TcpStretch> {
    for (const direction of this.#directions.values()) yield* giveUp(direction, last);
    this.#directions.clear();
  }
}

function* accept(
  direction: Direction,
  packet: CapturedPacket,
  sequence: number,
  payload: Uint8Array,
): Generator<TcpStretch> {
  const distance = (sequence - direction.next) | 0;
  if (distance > 0) {
    direction.ahead.push({ sequence, bytes: payload });
    direction.aheadBytes += payload.length;
    if (
      direction.aheadBytes > MAX_AHEAD_BYTES || direction.ahead.length > MAX_AHEAD_SEGMENTS
    ) yield* giveUp(direction, packet);
    return;
  }
  yield* emit(direction, packet, payload, -distance);
  yield* advance(direction, packet);
}

/** Gives out those waiting segments that have come into order. */
function* advance(direction: Direction, packet: CapturedPacket): Generator<TcpStretch> {
  if (direction.ahead.length === 0) return;
  sortAhead(direction);
  let taken = 0;
  for (const { sequence, bytes } of direction.ahead) {
    const distance = (sequence - direction.next) | 0;
    if (distance > 0) break;
    taken++;
    direction.aheadBytes -= bytes.length;
    yield* emit(direction, packet, bytes, -distance);
  }
  direction.ahead.splice(0, taken);
}

/** Jumps over holes until nothing waits. */
function* giveUp(direction: Direction, packet: CapturedPacket): Generator<TcpStretch> {
  while (direction.ahead.length > 0) {
    sortAhead(direction);
    direction.next = direction.ahead[0]!.sequence;
    direction.gap = true;
    yield* advance(direction, packet);
  }
}

function sortAhead(direction: Direction): void {
  const next = direction.next;
  direction.ahead.sort((a, b) => ((a.sequence - next) | 0) - ((b.sequence - next) | 0));
}

function* emit(
  direction: Direction,
  packet: CapturedPacket,
  bytes: Uint8Array,
  known: number,
): Generator<TcpStretch> {
  if (known >= bytes.length) return;
  const payload = bytes.subarray(known);
  direction.next = (direction.next + payload.length) >>> 0;
  const gap = direction.gap;
  direction.gap = false;
  yield {
    protocol: "tcp",
    packet: packet.number,
    timeMicros: packet.timeMicros,
    from: direction.from,
    to: direction.to,
    payload,
    gap,
  };
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
