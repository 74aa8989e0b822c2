/**
 * Frames as a capture file, so that a dissector can be asked about them.
 *
 * @module
 */

/** One UDP datagram of a capture. */
export interface CapturedDatagram {
  /** Source port. */
  readonly port: number;
  /** Destination port; 4713, where dissectors expect C37.118, unless it is said. */
  readonly to?: number;
  /** Payload. */
  readonly bytes: Uint8Array;
}

/** A classic pcap file (little-endian, link type Ethernet) with one packet per datagram, 1 ms apart. */
export function pcapOf(datagrams: readonly CapturedDatagram[]): Uint8Array {
  return ethernetPcap(datagrams.map((datagram) => ethernetPacket(datagram)));
}

/** A classic pcap file (little-endian, link type Ethernet) of whole Ethernet frames, 1 ms apart. */
export function ethernetPcap(packets: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [globalHeader()];
  packets.forEach((packet, i) => {
    const header = new DataView(new ArrayBuffer(16));
    header.setUint32(0, 1_700_000_000 + Math.floor(i / 1000), true);
    header.setUint32(4, (i % 1000) * 1000, true);
    header.setUint32(8, packet.length, true);
    header.setUint32(12, packet.length, true);
    parts.push(new Uint8Array(header.buffer), packet);
  });
  const file = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

function globalHeader(): Uint8Array {
  const view = new DataView(new ArrayBuffer(24));
  view.setUint32(0, 0xa1b2c3d4, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, 262_144, true);
  view.setUint32(20, 1, true);
  return new Uint8Array(view.buffer);
}

function ethernetPacket({ port, to, bytes: payload }: CapturedDatagram): Uint8Array {
  const packet = new Uint8Array(42 + payload.length);
  const view = new DataView(packet.buffer);
  packet.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0], 0);
  view.setUint16(14, 0x4500);
  view.setUint16(16, 28 + payload.length);
  packet[22] = 64;
  packet[23] = 17;
  packet.set([10, 0, 0, 1, 10, 0, 0, 2], 26);
  let sum = 0;
  for (let i = 14; i < 34; i += 2) sum += view.getUint16(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(24, ~sum & 0xffff);
  view.setUint16(34, port);
  view.setUint16(36, to ?? 4713);
  view.setUint16(38, 8 + payload.length);
  packet.set(payload, 42);
  return packet;
}
