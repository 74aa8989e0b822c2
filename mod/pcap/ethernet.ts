/**
 * Ethernet frames that carry no IP: PTP, Sampled Values, GOOSE and the like.
 *
 * @module
 */
import type { CapturedPacket, EthernetFrame, VlanTag } from "./types.ts";

const ETHERNET = 1;
/** VLAN tags that a frame may carry, at most. */
const MAX_TAGS = 4;

/** The frame of a packet of link type Ethernet; undefined for other links and for what is cut within its header. */
export function readEthernet(packet: CapturedPacket): EthernetFrame | undefined {
  const { bytes } = packet;
  if (packet.linkType !== ETHERNET || bytes.length < 14) return undefined;
  const vlans: VlanTag[] = [];
  let at = 12;
  let etherType = u16(bytes, at);
  while (etherType === 0x8100 || etherType === 0x88a8 || etherType === 0x9100) {
    if (vlans.length === MAX_TAGS || at + 6 > bytes.length) return undefined;
    const tag = u16(bytes, at + 2);
    vlans.push({ priority: tag >>> 13, dropEligible: (tag & 0x1000) !== 0, id: tag & 0xfff });
    at += 4;
    etherType = u16(bytes, at);
  }
  return {
    protocol: "ethernet",
    packet: packet.number,
    timeMicros: packet.timeMicros,
    destination: addressText(bytes, 0),
    source: addressText(bytes, 6),
    vlans,
    etherType,
    payload: bytes.subarray(at + 2),
    bytes,
  };
}

function addressText(bytes: Uint8Array, at: number): string {
  const parts: string[] = [];
  for (let i = 0; i < 6; i++) parts.push((bytes[at + i]! + 0x100).toString(16).slice(1));
  return parts.join(":");
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
